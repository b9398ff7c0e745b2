"""Links and pictures that a script prints, with data in their address: whoever shows them sends it."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_NAMES = 40
"""Names that hold something encoded, in one script."""

_ENCODES = Wide(
    r"(?<![\w.])(\w{1,60})[ \t]{0,9}=(?![=>])[^\n]{0,200}?(?:\bb(?:ase)?64encode\b|\burlsafe_b64encode\b|\bb(?:32|85|16)encode\b|\bhexlify\(|\.hex\(\)|\bbtoa\(|\.toString\(\s*[\"'](?:base64(?:url)?|hex)[\"']\s*\)|\bBase64\.\w*encode|\bbase64_encode\(|\bpack\(\s*[\"'][mH])",
    re.MULTILINE,
)
_LINK = re.compile(
    r"(?:\]\(|<img\b[^>\n]{0,60}src=\\?[\"']|<a\b[^>\n]{0,60}href=\\?[\"'])https?://([\w.-]{1,200}\.\w{1,40})([^\s)\"']{1,400})"
)
_HELD = re.compile(r"[{$#+%]\s?\{?\s?(\w+)")
"""A name that is put into a text."""
_DRAWS = re.compile(
    r"(?:^|\.)(?:mermaid\.(?:ink|live)|kroki\.io|plantuml\.com|quickchart\.io|codecogs\.com|excalidraw\.com|jsonhero\.io|jwt\.io)$"
)
"""Hosts that draw what stands in the address."""


def links(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice a picture or a link in Markdown or HTML whose address holds something that the script encodes."""
    shown = list(into.first(_LINK.finditer(text), MAX_NAMES, path))
    if not shown:
        return
    encoded = {match[1] for match in into.first(_ENCODES.finditer(text), 10 * MAX_NAMES, path)}
    for match in shown:
        held = [name for name in _HELD.findall(match[2]) if name in encoded]
        if held and not (is_local(match[1]) or is_placeholder(match[1]) or _DRAWS.search(match[1])):
            into.notice(
                Mark.LINK_TEMPLATE,
                f"prints a link to {match[1]} with data in its address ({held[0]}, encoded)",
                place(path, text, match.start()),
                role,
                target=match[1].lower(),
            )
            return
