"""Scripts that widen the client's settings, or write orders into what is read in every session."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.classes import unchecked
from bailiwick.analysis.skill.prose.words import HARMFUL_ORDER
from bailiwick.analysis.skill.scripts.places import place, row_of
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_SETTINGS = Wide(
    r"\.claude[/\\\"',\s)]+[^\n]{0,30}settings(?:\.local)?\.json|\bsettings(?:\.local)?\.json\b[^\n]{0,80}\.claude|\.claude\.json|[\"']\.claude[\"'][^\n]{0,20}[\"']settings"
)
_WRITES = Wide(
    r"write_text|appendFile|outputFile|file_put_contents|Add-Content|Set-Content|Out-File|File\.write|\.write\(|writeFile|json\.dump\(|\bjq\b[^\n]{0,300}(?:>|sponge)|(?<![=-])>>?\s*[\"']?(?:\$\{?\w+|[^\s\"'=]{0,80}(?:settings|\.md))|\btee\b|\bsed\s+-i|\bmv\b|\bcp\b"
)
WIDENING = re.compile(
    r"\bbypassPermissions\b|\bdontAsk\b|\bdefaultMode\b[^\n]{0,30}acceptEdits|\bskipDangerousModePermissionPrompt\b|\benableAllProjectMcpServers\b|\bdisableAllHooks\b|\bANTHROPIC_(?:BASE_URL|AUTH_TOKEN)\b|\bapiKeyHelper\b|\bNODE_TLS_REJECT_UNAUTHORIZED\b|\bautoApprove\b|\bdangerouslyDisableSandbox\b"
    r"|\ballow\b[\s\S]{0,160}?[\"'](?:Bash(?:\(\*?\)|\(\*:?\*?\)|\(:\*\))?|\*|Bash\((?:curl|wget|sudo|rm|ba?sh|python3?|node|eval|npx|ssh|git push)\b[^\"'\n]*|WebFetch(?:\(\*\))?|mcp__\*)[\"']"
    r"|\bhooks\b[\s\S]{0,300}?(?:PreToolUse|PostToolUse|SessionStart|UserPromptSubmit|Stop)[\s\S]{0,300}?\bcommand\b"
    r"|\bdeny\b[\"'\]\s]*(?:=|:)\s*\[\s*\]|\bdel\(\s*\.permissions|\.pop\(\s*[\"'](?:deny|ask|hooks)[\"']"
)
_ASKED = re.compile(
    r"\bif\b|\bin\b|===?|!=|\bs([/|#,])[\"']?\w*(?:bypassPermissions|dontAsk)[\"']?\1|\breplace(?:All)?\(\s*[\"'/]\w*(?:bypassPermissions|dontAsk)|\bprint\b|\bconsole\.|\bwarn|\.includes\(|\.get\(|findings|startswith|\bgrep\b|\bassert|\bre\.\w+\("
)
"""Lines that look at a setting, or put another in its place, and don't write it."""
_MEMORY = Wide(
    r"\.claude[/\\\"',\s)]{1,6}(?:agents|skills|commands|rules|output-styles)\b|\b(?:CLAUDE(?:\.local)?|AGENTS|MEMORY|GEMINI|SOUL)\.md\b"
)


def _commented(text: str, match: re.Match[str]) -> bool:
    """Whether every line of it is a comment: what a person may put into the settings, shown."""
    rows = text[text.rfind("\n", 0, match.start()) + 1 : match.end()].split("\n")
    return all(re.match(r"[ \t]*(?:#|//)", row) for row in rows)


def settings(text: str, path: str, role: Role, into: Inventory) -> None:
    """A script that writes settings of the client that allow more, or orders into what is read in every session."""
    file = _SETTINGS.search(text)
    wide = (
        next(
            (
                one
                for one in WIDENING.finditer(text)
                if not _ASKED.search(row_of(text, one)) and not _commented(text, one)
            ),
            None,
        )
        if file
        else None
    )
    if file and wide and _WRITES.search(text):
        into.notice(
            Mark.SETTING,
            f"changes the client's settings from a script: {' '.join(wide[0].split())[:60]!r}",
            place(path, text, wide.start()),
            role,
            target="widened",
        )
    for match in _MEMORY.finditer(text):
        near = text[max(match.start() - 900, 0) : match.end() + 900]
        order = HARMFUL_ORDER.search(near) or unchecked(near)
        if order and _WRITES.search(near):
            into.notice(
                Mark.MEMORY,
                f"writes an order into {match[0]}: {' '.join(order[0].split())[:80]!r}",
                place(path, text, match.start()),
                role,
                target="harm",
            )
            break
