"""Regular expressions that are tried only where a text has a piece that every match of them needs.

Most sentences have none of the words that a form is made of. The pieces are taken from the parsed expression, so that they can't
be forgotten when it changes; looking for them costs a tenth of trying the expression.
"""

import re
from collections.abc import Iterable, Iterator
from re import _constants as codes  # type: ignore[attr-defined] # the parsed form of an expression has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MAX_PIECES = 60
"""Pieces that are looked for; an expression that needs more is always tried."""


class Form:
    """An expression with the pieces of which each of its matches has one; none of them: it is always tried."""

    __slots__ = ("_pattern", "pieces")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._pattern = re.compile(pattern, flags)
        self.pieces = pieces(pattern, flags)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match anywhere in a text."""
        return self._pattern.search(text) if self._may(text) else None

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the start of a text."""
        return self._pattern.match(text) if self._may(text) else None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The match of a whole text."""
        return self._pattern.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Every match."""
        return self._pattern.finditer(text) if self._may(text) else iter(())

    def findall(self, text: str) -> list[Any]:
        """What every match holds."""
        return self._pattern.findall(text) if self._may(text) else []

    def sub(self, by: str, text: str) -> str:
        """The text with every match replaced."""
        return self._pattern.sub(by, text) if self._may(text) else text

    def _may(self, text: str) -> bool:
        if not self.pieces:
            return True
        low = text.casefold()
        for piece in self.pieces:  # noqa: SIM110 - a generator takes twice the time, and this is the hot path
            if piece in low:
                return True
        return False


def pieces(pattern: str, flags: int = 0) -> tuple[str, ...]:
    """The folded pieces of which every match has one, the rarest such set; empty when there is none that is worth it."""
    found = _best(parser.parse(pattern, flags))
    if found is None or len(found) > MAX_PIECES:
        return ()
    kept = [one for one in found if not any(other != one and other in one for other in found)]
    return tuple(sorted(kept, key=lambda one: (len(one), one)))


def _best(items: Iterable[tuple[Any, Any]]) -> frozenset[str] | None:
    """Of a sequence, the set of pieces that is rarest: one of it is in every match."""
    sets: list[frozenset[str]] = []
    run = ""
    for code, value in items:
        if code is codes.LITERAL:
            run += chr(value).casefold()
            continue
        if run:
            sets.append(frozenset((run,)))
            run = ""
        inner: frozenset[str] | None = None
        if code is codes.BRANCH:
            inner = _every(value[1])
        elif code is codes.SUBPATTERN:
            inner = _best(value[3])
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT) and value[0] > 0:
            inner = _best(value[2])
        elif code is codes.ATOMIC_GROUP:
            inner = _best(value)
        if inner is not None:
            sets.append(inner)
    if run:
        sets.append(frozenset((run,)))
    return min(sets, key=_common, default=None)


def _every(branches: Iterable[Any]) -> frozenset[str] | None:
    """Of alternatives, what each has: nothing when one of them needs no piece."""
    found: set[str] = set()
    for branch in branches:
        one = _best(branch)
        if one is None:
            return None
        found |= one
    return frozenset(found)


def _common(found: frozenset[str]) -> float:
    """How common a set of pieces is: the shorter, the more."""
    return sum(8.0 ** -min(len(one), 6) for one in found)
