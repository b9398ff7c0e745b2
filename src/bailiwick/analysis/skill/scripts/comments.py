"""What comments of scripts say to whoever checks the skill: nobody else reads them, so an order there is meant for one who judges."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.prose.classes import acquitted
from bailiwick.analysis.skill.prose.orders import JUDGE
from bailiwick.analysis.skill.prose.words import short
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.analysis.text.form import Wide
from bailiwick.model.skill import Role

MAX_COMMENTS = 400
MAX_COMMENT = 3_000

_COMMENTS = Wide(
    r"(?:^|\n)(?:[ \t]*(?:#|//|--|;|<!--|\*|REM\b)[^\n]*(?:\n|$)){1,40}|/\*[\s\S]{1,3000}?\*/|\"\"\"[\s\S]{1,3000}?\"\"\"|\'\'\'[\s\S]{1,3000}?\'\'\'|=begin[\s\S]{1,3000}?=end|<#[\s\S]{1,3000}?#>"
)
_MARKS = re.compile(r"(?m)^[ \t]*(?:#+|//+|--|;+|\*|/\*+|REM\b|\"\"\"|\'\'\'|<#)|\*/|\"\"\"|\'\'\'")


def comments(text: str, path: str, role: Role, into: Inventory) -> None:
    """Notice comments that talk a checker into something."""
    for match in into.first(_COMMENTS.finditer(text), MAX_COMMENTS, path):
        plain = " ".join(_MARKS.sub(" ", match[0][:MAX_COMMENT]).split())
        said = JUDGE.search(plain) or acquitted(re.sub(r"[.\n]", " ", plain))
        if said:
            into.notice(
                Mark.JUDGE,
                f"a comment speaks to whoever checks it: {short(said[0])}",
                place(path, text, match.start()),
                role,
            )
            return
