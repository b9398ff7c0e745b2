"""Code written so that nobody reads it: names in escapes, built-ins by a computed name, objects that run when they are loaded."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_FOUND = 20
"""Spellings of one script that are looked at."""

_ESCAPED = Wide(r"(?:\\(?:x[2-7][0-9a-fA-F]|u00[2-7][0-9a-fA-F]|u\{[2-7][0-9a-fA-F]\}|1[0-7]{2})){5,400}")
_TELLING = re.compile(
    r"child_process|require|exec|eval|system|spawn|process|import|function|constructor|socket|connect|https?:|request|environ|passw|token|\.ssh|curl|wget|/bin/|powershell|base64|atob",
    re.IGNORECASE,
)
_COMPUTED = Wide(
    r"(?:globals|vars|locals)\(\)\s*\[\s*[\"']__builtins__[\"']|__builtins__\s*(?:\.__dict__)?\s*\[\s*(?:[\"'][^\"'\n]{1,20}[\"']\s*\+|\w+\s*\+|[\"']{2}\.join)|getattr\(\s*__builtins__\s*,\s*(?:[\"'][^\"'\n]{1,12}[\"']\s*\+|\w+\s*\+)"
    r"|\b(?:require|import)\(\s*\w{1,12}\s*\[\s*\w{1,12}\s*\]\s*\)\s*\[|\b(?:globalThis|window|global)\[\s*\w{1,12}[\[(+]"
)
_REDUCES = Wide(
    r"def\s+__(?:reduce(?:_ex)?|setstate|getinitargs)__\b[^\n]*\n(?:[^\n]*\n){0,6}?[^\n]*\b(?:os\.(?:system|popen)|subprocess\.\w+|(?<!\.)exec|(?<!\.)eval|__import__|pty\.spawn|posix\.system)\b"
)


def disguised(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice each of them, once for a script."""
    for match in into.first(_ESCAPED.finditer(text), MAX_FOUND, path):
        said = _unescaped(match[0])
        if said and _TELLING.search(said):
            into.notice(
                Mark.OBFUSCATED,
                f"spells {said[:40]!r} in escapes, so that nobody reads it in the file",
                place(path, text, match.start()),
                role,
                target="escapes",
            )
            break
    if computed := _COMPUTED.search(text):
        into.notice(
            Mark.OBFUSCATED,
            "calls what it names only when it runs",
            place(path, text, computed.start()),
            role,
            target="computed",
        )
    if reduces := _REDUCES.search(text):
        into.notice(
            Mark.PICKLE,
            "makes an object that runs a command when it is loaded",
            place(path, text, reduces.start()),
            role,
        )


def _unescaped(text: str) -> str:
    codes = re.findall(r"\\(?:x([0-9a-fA-F]{2})|u00([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{2})\}|([0-7]{3}))", text)
    return "".join(chr(int(a or b or c, 16) if a or b or c else int(d, 8)) for a, b, c, d in codes)
