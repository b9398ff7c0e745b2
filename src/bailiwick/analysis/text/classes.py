"""Classes of a customer's own: words, an expression, or a list of values known by their keyed hashes only.

They are data of a policy, looked for in every reading of a text that secrets are looked for in. Pure, and bounded: a
class takes time in proportion to the text, whatever that says.
"""

import hmac
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from itertools import pairwise
from typing import Final, TypeAlias

from bailiwick.model.access import Tier

MAX_GAP: Final = 3
"""Characters, neither letters nor digits, between two words that belong together: ``Project - Nightjar``."""

MAX_PARTS: Final = 8
"""Words that one entry or value may have."""

DIGEST: Final = 32
"""Hexadecimal digits of a hash that are kept: 128 bits, so that no other value is met by chance."""

_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedList:
    """Values of which only keyed hashes are known. Lengths are in characters of the normal form, ends included."""

    salt: str
    shortest: int
    longest: int
    parts: int
    hashes: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataClass:
    """One class, whose findings are called ``class/<name>``: exactly one of ``words``, ``pattern``, ``lists`` is given."""

    name: str
    title: str
    tier: Tier = Tier.BLOCK
    words: tuple[str, ...] = ()
    pattern: str = ""
    lists: tuple[HashedList, ...] = ()

    @property
    def rule(self) -> str:
        """The id of its findings."""
        return f"class/{self.name}"

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it is in ``text``: half-open offsets in characters, in order of their beginnings."""
        if self.pattern:
            yield from (match.span() for match in compiled(self.pattern).finditer(text))
        if self.words:
            yield from _phrases_in(text, _index(self.words))
        for one in self.lists:
            yield from _listed_in(text, one)


Subject: TypeAlias = str | DataClass
"""What is looked for: ``secret``, ``personal``, a class of the customer's own; ``examples`` for what stands for a secret."""


def normal(value: str) -> str:
    """A value as it is hashed: compatibility forms and case folded (Unicode NFKC), letters and digits only."""
    return "".join(_PART.findall(unicodedata.normalize("NFKC", value).casefold()))


def parts_of(value: str) -> tuple[str, ...]:
    """The words of a value."""
    return tuple(part.casefold() for part in _PART.findall(value))


def hashed(salt: str, value: str) -> str:
    """The keyed hash (HMAC-SHA-256, cut to 128 bits) of a value in normal form."""
    return hmac.digest(salt.encode(), value.encode("utf-8", "replace"), sha256).hex()[:DIGEST]


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The expression; digits and words are those of ASCII."""
    return re.compile(pattern, re.ASCII)


@cache
def _index(words: tuple[str, ...]) -> dict[str, list[tuple[str, ...]]]:
    """The entries by their first word, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for entry in sorted({parts_of(word) for word in words}, key=lambda one: (-len(one), one)):
        found.setdefault(entry[0], []).append(entry)
    return found


def _phrases_in(text: str, index: dict[str, list[tuple[str, ...]]]) -> Iterator[tuple[int, int]]:
    found = list(_PART.finditer(text))
    folded = [match.group().casefold() for match in found]
    for number, first in enumerate(folded):
        for entry in index.get(first, ()):
            size = len(entry)
            if tuple(folded[number : number + size]) == entry and _close(found[number : number + size]):
                yield found[number].start(), found[number + size - 1].end()
                break


def _listed_in(text: str, known: HashedList) -> Iterator[tuple[int, int]]:
    found = list(_PART.finditer(text))
    folded = [part.lower() if part.isascii() else normal(part) for part in (match.group() for match in found)]
    for number, match in enumerate(found):
        value = ""
        for size in range(1, min(known.parts, len(found) - number) + 1):
            last = number + size - 1
            value += folded[last]
            if len(value) > known.longest or (size > 1 and not _close(found[last - 1 : last + 1])):
                break
            if len(value) >= known.shortest and hashed(known.salt, value) in known.hashes:
                yield match.start(), found[last].end()


def _close(found: list[re.Match[str]]) -> bool:
    return all(after.start() - before.end() <= MAX_GAP for before, after in pairwise(found))
