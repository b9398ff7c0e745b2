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
_SPELLS = re.compile(rf"\$\(\s*{_ENCODES}[^\n|)]{{0,200}}(?:<|\$\w|\$\{{|\s[\w./~-]+\.\w+)")
_READ = re.compile(
    rf"{_ENCODES}[^\n]{{0,300}}\|\s*(?:while\s+(?:IFS=\S*\s+)?read\s+(?:-\w+\s+(?:\d+\s+)?){{0,3}}(\w+)|xargs\s+(?:-\S+\s+(?:\d+\s+)?){{0,3}}-I\s*(\S+))"
)
"""What is encoded, line by line under a name."""
_EACH = re.compile(r"\bfor\s+(\w+)\s+in\s+([^\n;]{1,400})")
_LOOKUP = re.compile(
    IN_SHELL + r"(?:dig|kdig|host|nslookup|drill|getent\s+a?hosts(?:v4|v6)?|ping6?)\s([^\n;|&]{1,400})",
    re.MULTILINE,
)
_ZONE = re.compile(r"\.((?:[\w-]+\.)+[a-z]{2,})\b")
_NAMED_ZONE = re.compile(r"\.\$\{?(\w+)")


def lookups(text: str, path: str, role: Role, into: Inventory) -> None:
    """Follow what is encoded into the names that a script looks up, through its variables."""
    encoded = {match[1] or match[2] for match in _READ.finditer(text)}
    plain: dict[str, str] = {}
    given = [*ASSIGNS_IN_SHELL.finditer(text), *_EACH.finditer(text)]
    for match in into.first(sorted(given, key=re.Match.start), MAX_NAMES, path):
        name, value = match[1], match[2]
        if _CARRIES.search(value) or _SPELLS.search(value) or encoded & set(re.findall(r"\$\{?(\w+)", value)):
            encoded.add(name)
        elif zone := re.fullmatch(r"[\"']?\.?((?:[\w-]+\.)+[a-z]{2,})[\"']?\s*", value):
            plain[name] = zone[1]
    for match in _LOOKUP.finditer(text):
        asked = match[1]
        carried = encoded & (
            set(re.findall(r"\$\{?(\w+)", asked)) | set(re.findall(r"[{}@%]+|\b[A-Z_]+\b", asked))
        )
        named = _NAMED_ZONE.findall(asked)
        zone = _ZONE.search(asked)
        if not (carried or _CARRIES.search(asked) or _SPELLS.search(asked)) or not (zone or named):
            continue
        where = place(path, text, match.start(1))
        told = next((plain[name] for name in reversed(named) if name in plain), zone[1] if zone else "*")
        what = f"${min(carried)}" if carried else "what it encodes"
        into.chain(Label(Origin.PROJECT, what, where), Sink.DNS, told, where, role)
