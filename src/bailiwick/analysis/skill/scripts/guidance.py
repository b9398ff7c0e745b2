"""Snippets with a way around a check, beside words that keep it from people."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import line_of
from bailiwick.analysis.text.form import Form
from bailiwick.model.skill import Role, Source

MAX_TEXT = 200_000
"""Characters of one document that are looked at."""

MAX_SNIPPETS = 200

_INSECURE = Form(
    r"\b(?:accept|allow|admit|grant)\w{0,4}\b[^.\n]{0,60}\b(?:token|key|password|passphrase|account|header|code)\b[^.\n]{0,10}[`\"'][^`\"'\n]{4,60}[`\"']|(?:user\w{0,30}|login|name|account|password|token|key|header\w{0,30}(?:\.get\([^)]*\)|\[[^\]]*\])?|secret|code)\b[\w.\[\]\"'() ]{0,30}(?:===?|\.equals\(|\bin\s*[(\[{])\s*[\"'][^\"'\n]{3,}[\"']|compare_digest\([^)\n]{0,300}[\"'][^\"'\n]{4,}[\"']\)|\bverify\s*=\s*False|rejectUnauthorized[\"']?\s*:\s*false|InsecureSkipVerify\s*:\s*true|ssl\._create_unverified_context|algorithms?[\"']?\s*[=:]\s*\[?[\"']none|verify_signature[\"']?\s*:\s*False|CURLOPT_SSL_VERIFYPEER\s*,\s*(?:0|false)|\bis_admin\s*=\s*True|admin\s*[=:]\s*[Tt]rue|\bAllowAny\b|csrf_exempt|shell\s*=\s*True|f[\"']SELECT\b|\bMASTER_\w+\s*=\s*[\"']|(?:SUPPORT|BYPASS|DEBUG|BACKDOOR|MAINT\w*|SERVICE)_(?:KEY|TOKEN|CODE|PASS\w*|USER)\s*=\s*[\"']",
    re.IGNORECASE,
)
_UNSPOKEN = Form(
    r"\b(?:leave|keep) (?:it|this|them|these|that|the \w+(?: \w+)?) (?:out of|off|internal|between|unmentioned|undocumented|quiet|to yourself)\b"
    r"|\b(?:do not|don'?t|never|without|no need to|avoid|not to)\s+(?:\w+\s+){0,3}?(?:mention|comment|document|describ|explain|call(?:ing)? (?:out|attention)|point(?:ing)? (?:it |this |that )?out|highlight|announc|list|discuss|note|flag|ask|tell|draw(?:ing)? attention)\w{0,6}\b[^.\n]{0,40}?\b(?:it|this|that|these|them|header|path|account|key|check|flag|option|bypass|users?|reviewers?|pull requests?|summary|PR|README|reviews?)\b"
    r"|\b(?:silently|quietly|unannounced|without (?:comment|remark|mention))\b|\b(?:is|are|stays?|remains?) (?:not (?:mentioned|documented|listed)|undocumented|unmentioned|left out)\b|\bnot appear in\b",
    re.IGNORECASE,
)
_LESSON = re.compile(
    r"\b(?:bad|wrong|insecure|vulnerab\w+|never (?:leave|write|use|do|hard-?code|add|ship|disable)|avoid (?:this|hard)|anti-?pattern|remove it|finding|attacker|incorrect|reviewers? (?:found|find)|don'?t do this|unsafe|pitfalls?|instead of|test (?:only|fixture)|not for production|tests only|in tests|self-signed|localhost|local (?:server|dev\w*))\b|❌",
    re.IGNORECASE,
)


def guidance(text: str, path: str, role: Role, into: Inventory) -> None:
    """Snippets with a way around the check, beside words that keep it from people."""
    lines = text[:MAX_TEXT].split("\n")
    quiet_at = [at for at, line in enumerate(lines, 1) if _UNSPOKEN.search(line)]
    near = {at for quiet in quiet_at for at in range(quiet - 14, quiet + 17)}
    snippets = (
        (at, match)
        for at in sorted(near & set(range(1, len(lines) + 1)))
        for match in _INSECURE.finditer(lines[at - 1])
    )
    for at, match in into.first(snippets, MAX_SNIPPETS, path):
        around = "\n".join(lines[max(at - 16, 0) : at + 14])
        if (quiet := _UNSPOKEN.search(around)) and not _LESSON.search(around):
            into.notice(
                Mark.WEAKEN,
                f"has a way around the check written and not spoken of: {match[0][:60]!r}, {quiet[0]!r}",
                Source(path=path, line=at),
                role,
                target="backdoor",
            )
            told = Source(path=path, line=max(at - 15, 1) + line_of(around, quiet.start()) - 1)
            into.notice(Mark.CONCEAL, f"says {quiet[0]!r}", told, role, target="backdoor")
            return
