"""Ways in that stand in code: a login, a header or a key whose word is written there, a route that runs what it is asked."""

import re
from collections.abc import Iterable

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import meant, place, row_of
from bailiwick.analysis.skill.scripts.safeguards import STANDS_FOR
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_ASKED = r"(?:headers?\b|\.get\(|\.Get\(|\bquery\b|\bcookies?\b|\bkid\b|\bsig\w*\b|\b(?:pass(?:word|wd|phrase)?|pwd|token|api_?key|secret|otp|pin)\b)"
_GRANTS = r"(?:return\s+(?:await\s+)?next\(|return\s+call_next|return\s+[Tt]rue\b|return\s+(?:nil|null)\s*;?\s*//|return\s+[^\n]{0,60}\b(?:admin|ADMIN|root|superuser)\b|\brole\w*[\"']?\]?\s*[=:]\s*[\"'](?:\w*admin|root|owner|superuser)\b|\bis_?[Aa]dmin\w*[\"']?\]?\s*[=:]\s*[Tt]rue|\bauthenticated\s*[=:]\s*[Tt]rue|verify_signature[\"']?\s*[:=]\s*False|\balgorithms\s*[=:]\s*\[\s*[\"']none|return\s+(?:JSON\.parse|json\.loads|jwt\.decode|decode\w*)\()"
_LETS_IN = Wide(
    rf"\bif\b[^\n]{{0,120}}?{_ASKED}[^\n]{{0,60}}?(?:===?|\.equals\(|\.(?:ends|starts)[wW]ith\(|compare_digest\([^\n]{{0,40}})\s*[\"']([^\"'\n]{{4,60}})[\"'][^\n]{{0,40}}(?:\n|  |\{{|:|\))[\s\S]{{0,80}}?{_GRANTS}"
)
_HASHED = Wide(
    r"\bif\b[^\n]{0,60}?(?:\bhashlib\.\w+\(|\bcreateHash\(|\bmd5\(|\bsha\d+\(|\bDigest::\w+\.hexdigest\(|\bcheckpw\(|\bbcrypt\.compare\w*\(|\bpassword_verify\(|\bcheck_password_hash\()[^\n]{0,80}?\b(?:pw|pwd|pass\w*|secret|token|otp|pin|code|key)\b[^\n]{0,60}?(?:===?|,)\s*(?:b?[\"'][0-9a-f$./A-Za-z]{32,130}[\"']|([A-Z][A-Z0-9_]{2,40}))[^\n]{0,20}(?:\n|  )?[\s{:]{0,60}?return\s+(?:[Tt]rue|next\()"
)
"""A password that is let in by its hash, which stands in the code."""
_FOLLOWS = re.compile(r"\n[ \t]*\n|\belse\b|\bdef\b|\bfunc(?:tion)?\b")
_ROUTE = Wide(
    r"(?:@\w+\.(?:get|post|put|route)\(|\b(?:app|router|server)\.(?:get|post|all|use)\(|\bHandleFunc\()[^\n]{0,160}(?:\n|  )[\s\S]{0,300}?(?:\bsubprocess\.\w+\(|\bos\.(?:popen|system)\(|\beval\(|\bexec(?:Sync)?\(|\bexec\.Command\()\s*(?:\w+\s*,\s*)?(?:req\w*\.(?:query|body|params|args|headers)|request\.\w+|c\b|cmd\b|q\b|command\b)"
)
_ACCOUNT = Wide(
    r"\buseradd\b[^\n]{0,80}\s-o\b[^\n]{0,40}-u\s*0\b|\buseradd\b[^\n]{0,80}-u\s*0\b[^\n]{0,40}\s-o\b|\becho\s+[\"']?[\w.-]+:(?![\$\"'])[^\s\"'$]{4,}[\"']?\s*\|\s*(?:sudo\s+)?chpasswd\b|\bnet\s+user\s+\w+\s+\S+\s+/add\b[\s\S]{0,200}\bnet\s+localgroup\s+[\"']?administrators|\bNew-LocalUser\b[\s\S]{0,300}\bAdd-LocalGroupMember\b[^\n]{0,60}Administrators|\bdscl\b[^\n]{0,40}-create\s+/Users/[\s\S]{0,300}(?:admin|IsHidden)|>>\s*/etc/(?:passwd|shadow)(?![.\w-])",
    re.IGNORECASE,
)

_STRONG = re.compile(r"(?=.*\d)(?=.*[A-Z])(?=.*[a-z])(?=.*[^\w\s-])\S{12,}$")
"""What is made like a password stands for nothing, whatever words are in it."""

_FIRST = re.compile(
    r"^(?:your|change|<|\$|\{|%|:)|(?:change|replace)[-_ ]?(?:me|this)|^[a-z]+\d{0,4}$", re.IGNORECASE
)
"""What stands for a password, or is one that everybody changes."""

_SHOWN = re.compile(
    r"vulnerab|insecure|(?:^|[/_-])(?:bad|before|challenges?|labs?|exploits?|demo|wrong|ctf)(?=[/_.-])",
    re.IGNORECASE,
)
"""Paths of examples of what is wrong."""


_WORD = r"(?:N|E|U&)?'([^'\n]{8,120})'"
_MASTER = Wide(
    rf"\bCREATE\s+(?:ROLE|USER|LOGIN)\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"'`\[]?(\w+)(?=[^;]{{0,200}}\bSUPERUSER\b)[^;]{{0,160}}?\bPASSWORD\s*=?\s*{_WORD}"
    rf"|\bCREATE\s+(?:USER|LOGIN)\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"'`\[]?(\w+)[^;]{{0,80}}?\b(?:IDENTIFIED\s+(?:WITH\s+\w+\s+)?BY|PASSWORD\s*=)\s*{_WORD}"
    r"(?=[^;]{0,120};[\s\S]{0,400}?(?:\bGRANT\s+ALL\b[^;]{0,40}\bON\s+\*\.\*|\bsysadmin\b|\bGRANT\s+DBA\b))",
    re.IGNORECASE,
)
"""An account of a database that may do everything, with the password it is made with."""


def doors(text: str, path: str, role: Role, into: Inventory, documents: Iterable[str]) -> None:
    """Notice each kind once, but not in what shows how it is not to be."""
    if _SHOWN.search(path):
        return
    for match in _LETS_IN.finditer(text):
        body = match[0][match.end(1) - match.start() :]
        stands_for = STANDS_FOR.search(match[1]) and not _STRONG.match(match[1])
        if stands_for or len(_FOLLOWS.findall(body)) > 0 or not meant(text, match):
            continue
        _notice("lets in whoever knows a word that stands in the code", match, text, path, role, into)
        break
    for match in _HASHED.finditer(text):
        if match[1] is None or re.search(
            rf"\b{match[1]}\s*=\s*b?[\"'](?:[0-9a-f]{{32,128}}|\$2\w\$[^\"'\n]{{20,80}})[\"']", text
        ):
            _notice(
                "lets in whoever knows a word whose hash stands in the code", match, text, path, role, into
            )
            break
    for match in _MASTER.finditer(text):
        name, word = match[1] or match[3], match[2] or match[4]
        spoken = any(re.search(rf"\b{name}\b", document) for document in documents)
        if not (spoken or _FIRST.search(word)) and meant(text, match):
            _notice("makes an account of a database that may do everything", match, text, path, role, into)
            break
    if route := _ROUTE.search(text):
        _notice("has a service run what it is asked to", route, text, path, role, into)
    account = next(
        (one for one in _ACCOUNT.finditer(text) if not row_of(text, one).lstrip().startswith("#")), None
    )
    if account and "dockerfile" not in path.lower() and not re.search(r"(?m)^FROM \S+", text):
        _notice("makes an account of its own on the machine", account, text, path, role, into)


def _notice(what: str, at: re.Match[str], text: str, path: str, role: Role, into: Inventory) -> None:
    said = " ".join(at[0].split())[:80]
    into.notice(Mark.WEAKEN, f"{what}: {said!r}", place(path, text, at.start()), role, target="backdoor")
