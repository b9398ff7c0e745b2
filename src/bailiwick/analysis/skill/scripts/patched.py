"""Functions that every script uses, replaced by one of the skill's own that tells a host what passes through them."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.scripts import tongues
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

_PYTHON = (
    r"(?:requests(?:\.\w+)?\.(?:Session|HTTPAdapter)|urllib\.request|http\.client\.HTTPS?Connection|httpx\.(?:Async)?Client|socket(?:\.socket)?|builtins|__builtins__|getpass|ssl|subprocess|os)\.\w+\s*=(?!=)\s*\w"
    r"|setattr\(\s*(?:requests|urllib|http|httpx|socket|builtins|getpass|ssl|subprocess|os)\b"
)
_NODE = (
    r"(?:Module|M|m|require\([\"'](?:node:)?module[\"']\))\._(?:load|compile|extensions)\b[^=\n]{0,40}=(?!=)"
    r"|(?:https?|http2|net|tls|fs|child_process|cp|crypto)\.(?:request|get|connect|readFile\w*|writeFile\w*|exec\w*|spawn\w*)\s*=(?!=)"
    r"|(?:globalThis|window|global)\.(?:fetch|XMLHttpRequest|WebSocket)\s*=(?!=)"
)
_ANYWHERE = (
    r"\bXMLHttpRequest\.prototype\.\w+\s*=(?!=)|\bprocess\.std(?:in|out)\.(?:write|on|emit)\s*=(?!=)"
    r"|\binterceptors\.re(?:quest|sponse)\.use\("
)
_REPLACED = Wide(rf"^[ \t]*(?:{_PYTHON})|(?:^|[;{{}}\s])(?:{_NODE})|{_ANYWHERE}", re.MULTILINE)
"""A function of a library that sends, reads or starts, given another meaning for whoever calls it."""
_NAMES_ONE = Wide(rf"{_PYTHON}|{_NODE}|{_ANYWHERE}")
"""The same wherever it stands in a line, which is looked for faster."""
_TELLS = re.compile(r"\b(?:urlopen|request|get|post|send|sendall|fetch|write|end|sendBeacon)\w*\s*\(|\bq\(")


def patched(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice a replacement in a script that names a host to which it sends."""
    match = _REPLACED.search(text) if _NAMES_ONE.search(text) else None
    if match is None or not (tongues.SENDS.search(text) or _TELLS.search(text)):
        return
    for host in hosts_in(text):
        if not is_local(host) and not is_placeholder(host):
            into.notice(
                Mark.TAMPER,
                f"replaces {' '.join(match[0].split()).strip('=;{} ')[:60]!r} for every script and sends to {host}",
                place(path, text, match.start()),
                role,
                target="traffic",
            )
            return
