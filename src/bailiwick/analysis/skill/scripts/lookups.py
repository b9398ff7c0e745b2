"""Names looked up in a shell script that carry what it encoded before: whoever owns the zone reads it."""

import re

from bailiwick.analysis.skill.facts import Inventory, Label, Origin, Sink
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.scripts.tongues import ASSIGNS_IN_SHELL, IN_SHELL
from bailiwick.model.skill import Role

MAX_NAMES = 200
"""Assignments of one script that are followed."""

_ENCODES = r"\b(?:xxd\s+-\w*p|base(?:32|64)\b(?!\s+-\w*[dD])|od\s+-|hexdump\b|basenc\b)"
_CARRIES = re.compile(rf"\$\([^\n]{{0,400}}(?:\$\w|\$\{{|<|\bcat\b|\bid\b)[^\n]{{0,400}}{_ENCODES}")
_LOOKUP = re.compile(
    IN_SHELL + r"(?:dig|kdig|host|nslookup|drill|getent\s+a?hosts(?:v4|v6)?|ping6?)\s([^\n;|&]{1,400})",
    re.MULTILINE,
)
_ZONE = re.compile(r"\.((?:[\w-]+\.)+[a-z]{2,})\b")
_NAMED_ZONE = re.compile(r"\.\$\{?(\w+)")


def lookups(text: str, path: str, role: Role, into: Inventory) -> None:
    """Follow what is encoded into the names that a script looks up, through its variables."""
    encoded: set[str] = set()
    plain: dict[str, str] = {}
    for match in list(ASSIGNS_IN_SHELL.finditer(text))[:MAX_NAMES]:
        name, value = match[1], match[2]
        if _CARRIES.search(value) or encoded & set(re.findall(r"\$\{?(\w+)", value)):
            encoded.add(name)
        elif zone := re.fullmatch(r"[\"']?\.?((?:[\w-]+\.)+[a-z]{2,})[\"']?\s*", value):
            plain[name] = zone[1]
    for match in _LOOKUP.finditer(text):
        asked = match[1]
        carried = encoded & set(re.findall(r"\$\{?(\w+)", asked))
        named = _NAMED_ZONE.findall(asked)
        zone = _ZONE.search(asked)
        if not (carried or _CARRIES.search(asked)) or not (zone or named):
            continue
        where = place(path, text, match.start(1))
        told = next((plain[name] for name in reversed(named) if name in plain), zone[1] if zone else "*")
        what = f"${min(carried)}" if carried else "what it encodes"
        into.chain(Label(Origin.PROJECT, what, where), Sink.DNS, told, where, role)
