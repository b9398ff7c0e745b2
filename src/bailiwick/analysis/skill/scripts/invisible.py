"""Bits written as blanks or as letters without a shape: a text that carries another which nobody sees."""

import re

from bailiwick.analysis.skill.facts import Inventory, Label, Mark, Origin, Sink
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.skill.scripts.statements import Script, sources, statements_of
from bailiwick.analysis.skill.sensitive import is_credential
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_STATEMENTS = 2_000

_BITS = re.compile(
    r":0?\d?8?b[}\"']|\btoString\(\s*2\s*\)|\bbin\(|\bto_s\(\s*2\s*\)|>>\s*\w+\s*\)?\s*&\s*1\b|\bunpack\(\s*[\"']B"
)
_BLANK = r"(?:[ \t\u00a0\u2002-\u200f\u2028-\u202f\u205f-\u2064\u3164\ufeff]|\\t|\\x20|\\u(?:00a0|200[0-9a-fA-F]|202f|205f|206[0-4]|2800|3164|[fF][eE][fF][fF]))"
_TWO = Wide(
    rf"[\"']{_BLANK}{{1,8}}[\"'][^\n\"']{{0,20}}(?:[\"'/]1[\"'/][^\n\"']{{0,10}})?[\"']{_BLANK}{{1,8}}[\"']"
)
"""Two kinds of blanks, one for each bit."""

AROUND = 300
"""Characters around them in which bits are made."""


_VARIABLE = re.compile(
    r"\bprocess\.env(?:\.|\[[\"'])(\w+)|\benviron(?:\.get\(|\[)\s*[\"'](\w+)|\bgetenv\(\s*[\"'](\w+)|\bENV\[[\"'](\w+)"
)
WHOEVER = "whoever gets the text, in blanks"


def invisible(text: str, path: str, language: str, role: Role, into: Inventory) -> None:
    """A credential or the environment of a script that hides bits in blanks: it leaves with whatever text is given out."""
    match = _TWO.search(text)
    if match is None or not _BITS.search(text, max(match.start() - AROUND, 0), match.end() + AROUND):
        return
    script = Script(path, language, text, "", [], {})
    for one in into.first(statements_of(text, language), MAX_STATEMENTS, path):
        for label in sources(one, script):
            if label.origin in (Origin.CREDENTIALS, Origin.ENVIRONMENT, Origin.VARIABLE):
                into.chain(label, Sink.SEND, WHOEVER, place(path, text, match.start()), role)
                return
    for used in _VARIABLE.finditer(text):
        name = next(group for group in used.groups() if group)
        if is_credential(name):
            label = Label(Origin.VARIABLE, name, place(path, text, used.start()))
            into.chain(label, Sink.SEND, WHOEVER, place(path, text, match.start()), role)
            return
    into.notice(
        Mark.OBFUSCATED,
        "writes something in blanks or letters without a shape, where nobody sees it",
        place(path, text, match.start()),
        role,
        sure=False,
        target="blanks",
    )
