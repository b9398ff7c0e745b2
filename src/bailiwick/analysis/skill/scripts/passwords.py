"""Scripts that ask for a person's password in a window of their own, and use it or send it."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_WINDOW = Wide(
    r"\bdisplay dialog\b[^\n]{0,400}\bhidden answer\b|\b(?:zenity|yad)\b[^\n]{0,200}--(?:password|hide-text)|\bkdialog\b[^\n]{0,100}--password"
    r"|\bPromptForCredential\(|\bGet-Credential\b|\bsimpledialog\.askstring\([^\n]{0,200}\bshow\s*=|\bset_visibility\(\s*False\s*\)",
    re.IGNORECASE,
)
_USED = re.compile(
    r"\bsudo\s+(?:-\w+\s+)*-\w*S\b|\bGetNetworkCredential\b|\b(?:curl|wget)\b[^\n]{0,300}(?:-d\b|--data|-F\b|--form)|\brequests\.(?:post|put)\(|\burlopen\(|\bfetch\(|\bInvoke-(?:RestMethod|WebRequest)\b"
)


def passwords(text: str, path: str, role: Role, into: Inventory) -> None:
    """A window that hides what is typed, beside ``sudo -S`` or something that sends."""
    window = _WINDOW.search(text)
    if window and _USED.search(text):
        into.notice(
            Mark.PHISH,
            f"asks for a password in a window of its own: {' '.join(window[0].split())[:60]!r}",
            place(path, text, window.start()),
            role,
        )
