"""Scripts that throw away what isn't committed, and with it what git keeps to bring it back."""

import re

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.scripts.places import place
from bailiwick.model.skill import Role

_GIT = r"\bgit[\s\"',]+(?:-C[\s\"',]+\S+[\s\"',]+)?"
_WAYS_BACK = (
    re.compile(rf"{_GIT}clean[\s\"',]+(?=[^\n;|&]*-\w*f)(?=[^\n;|&]*-\w*d)[^\n;|&]*-\w*x"),
    re.compile(rf"{_GIT}stash[\s\"',]+(?:clear|drop)\b"),
    re.compile(rf"{_GIT}reflog[\s\"',]+expire\b[^\n;|&]*--expire\S*=(?:now|all|0)\b"),
)
"""What ignored and untracked files, stashes and lost commits are gone with. One alone is cleaning up, or what follows after
a secret was taken out of history."""


def discarded(text: str, path: str, role: Role, into: Inventory) -> None:
    """Two or more of the ways back taken by one script."""
    taken = [found for way in _WAYS_BACK if (found := way.search(text))]
    if len(taken) > 1:
        first = min(taken, key=lambda found: found.start())
        into.notice(
            Mark.DESTROY,
            "throws away what isn't committed, and what git keeps to bring it back",
            place(path, text, first.start()),
            role,
            target="${project}",
        )
