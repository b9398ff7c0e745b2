"""Files that a memory file takes in (``@docs/rules.md``): the client reads them as if they stood there."""

import posixpath
import re
from collections.abc import Callable, Iterator

from bailiwick.model.regex import regex

MAX_HOPS = 5
"""Imports of imports that the client follows (its documentation of CLAUDE.md)."""

MAX_FILES = 100
"""Files that are followed."""

MEMORY = regex(r"(?:^|/)(?:CLAUDE(?:\.local)?|AGENTS)\.md$|(?:^|/)\.claude/rules/[^\0]+\.md$", re.IGNORECASE)
_CODE = regex(r"^(?:```|~~~)[\s\S]*?^(?:```|~~~)[^\n]*$|`[^`\n]*`", re.MULTILINE)
_IMPORT = regex(r"(?<![^\s(])@((?:~?/|\.{1,2}/)?[\w.][\w./-]{0,300})")


def imports(text: str) -> Iterator[tuple[str, int]]:
    """What a text imports, as it is spelled, with the line; code is left out, and so are names of people."""
    plain = _CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for match in _IMPORT.finditer(plain):
        target = match[1].rstrip(".")
        if "/" in target or "." in target:
            yield target, plain.count("\n", 0, match.start()) + 1


def is_outside(path: str, target: str) -> bool:
    """Whether an import of the file at ``path`` leads out of the tree; the client's own directory of the account does not count."""
    if target.startswith("~/.claude/") and target.endswith(".md") and ".." not in target:
        return False
    return target.startswith(("/", "~")) or _joined(path, target).startswith("../")


def imported(path: str, read: Callable[[str], str | None]) -> set[str]:
    """The files that the one at ``path`` takes in, and those that these take in; ``read`` gives the text of a path, or None."""
    found: set[str] = set()
    edge = {path}
    for _ in range(MAX_HOPS):
        edge = {
            inner
            for one in edge
            for target, _ in imports(read(one) or "")
            if not is_outside(one, target) and (inner := _joined(one, target)) not in found
        }
        found |= {one for one in edge if len(found) < MAX_FILES and read(one) is not None}
    return found - {path}


def _joined(path: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
