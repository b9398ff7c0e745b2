"""Texts in base64 in a script that are code which fetches more and runs it, however they come to their interpreter."""

import base64
import binascii
import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 200
"""Texts in base64 of one script that are decoded."""

MAX_TEXT = 20_000
"""Characters of one such text."""

_BASE64 = Wide(rf"[\"'`]([A-Za-z0-9+/]{{40,{MAX_TEXT}}}={{0,2}})[\"'`]")
_RUNS = re.compile(
    r"\b(?:iex|Invoke-Expression)\b[\s\S]{0,300}(?:Download(?:String|File)|Net\.WebClient|Invoke-(?:WebRequest|RestMethod)|\birm\b|\biwr\b)"
    r"|(?:Download(?:String|File)|Invoke-(?:WebRequest|RestMethod)|\birm\b|\biwr\b)[\s\S]{0,300}\|\s*(?:iex|Invoke-Expression)\b"
    r"|\b(?:curl|wget)\b[^\n]{0,300}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\b(?:exec|eval)\s*\(?[\s\S]{0,200}(?:urlopen|requests\.get|curl\b|wget\b|fetch\()"
    r"|(?:urlopen|requests\.get|fetch)\([\s\S]{0,300}\b(?:exec|eval|Function)\s*\(|/dev/tcp/",
    re.IGNORECASE,
)


def encoded_code(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice the first."""
    for match in into.first(_BASE64.finditer(text), MAX_FOUND, path):
        runs = _RUNS.search(_decoded(match[1]))
        if runs:
            into.notice(
                Mark.OBFUSCATED,
                f"holds code in base64 that fetches more and runs it: {' '.join(runs[0].split())[:60]!r}",
                place(path, text, match.start()),
                role,
            )
            return


def _decoded(run: str) -> str:
    """The text behind base64, in UTF-8 or UTF-16; empty if it is neither."""
    try:
        data = base64.b64decode(run + "=" * (-len(run) % 4))
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-8")
    except (ValueError, binascii.Error):
        return ""
