"""Classes of a customer's own: words, an expression, values or documents known by their keyed hashes only.

They are data of a policy, looked for in every reading of a text that secrets are looked for in. Pure, and bounded: a
class takes time in proportion to the text, whatever that says.
"""

import hmac
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import Final, TypeAlias

from bailiwick.analysis.text.bounded import reach_of
from bailiwick.model.access import Tier
from bailiwick.model.regex import regex
from bailiwick.model.value import value

MAX_GAP: Final = 3
"""Characters, neither letters nor digits, between two words that belong together: ``Project - Nightjar``."""

MAX_PARTS: Final = 8
"""Words that one entry or value may have."""

DIGEST: Final = 32
"""Hexadecimal digits of a hash that are kept: 128 bits, so that no other value is met by chance."""

GRAM: Final = 12
"""Words of a document that are hashed together."""

WINDOW: Final = 8
"""Of so many neighbouring hashes of a document at least one is kept."""

PASSAGE: Final = GRAM + 2 * WINDOW - 1
"""Words that a passage must have so that it is found for certain: it holds two hashes that were kept."""

PRINT: Final = 16
"""Hexadecimal digits of a document's hash: 64 bits; two are needed."""

MEMORY: Final = 16_384
"""Hashes that are remembered: the words of a text come again in its other readings, and in the next text."""

REMEMBERED: Final = 256
"""Expressions and dictionaries that are kept compiled."""

TAIL: Final = 4_096
"""Characters at the end of a text in which the beginning of an entry or value is looked for."""

_WRITTEN_SPACE = regex(r"\\[nrt]")
_PART = regex(r"[^\W_]+")


@value(frozen=True, slots=True, kw_only=True)
class HashedList:
    """Values of which only keyed hashes are known. Lengths are in characters of the normal form, ends included."""

    salt: str
    shortest: int
    longest: int
    parts: int
    hashes: frozenset[str] = field(repr=False)


@value(frozen=True, slots=True, kw_only=True)
class Documents:
    """Documents of which only fingerprints are known (``fingerprints``)."""

    salt: str
    hashes: frozenset[str] = field(repr=False)


@value(frozen=True, slots=True, kw_only=True)
class DataClass:
    """One class, whose findings are called ``class/<name>``: one of ``words``, ``pattern``, ``lists``, ``documents`` is given."""

    name: str
    title: str
    tier: Tier = Tier.BLOCK
    words: tuple[str, ...] = ()
    pattern: str = ""
    lists: tuple[HashedList, ...] = ()
    documents: tuple[Documents, ...] = ()

    @property
    def rule(self) -> str:
        """The id of its findings."""
        return f"class/{self.name}"

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it is in ``text``: half-open offsets in characters. The same place may be given twice.

        Ends of lines and tabs that are written as escapes (code inside JSON) part words as they themselves would.
        """
        yield from self._spans(text)
        parted = _WRITTEN_SPACE.sub("  ", text) if "\\" in text else text
        if parted != text:
            yield from self._spans(parted)

    def live_from(self, text: str) -> int:
        """The first offset from which on ``text``, if it goes on, may become one; ``len(text)`` where nothing can."""
        start = len(text)
        if self.pattern:
            start = _unfinished(text, self.pattern)
        found = list(_PART.finditer(text, max(len(text) - TAIL, 0)))
        if not found or not (self.words or self.lists or self.documents):
            return start
        if self.words:
            start = min(start, _begun(text, found, self.words))
        for one in self.lists:
            start = min(start, _last_words(text, found, one.parts))
        for known in self.documents:
            start = min(start, _passage_begun(found, known))
        return start

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        if self.pattern:
            yield from (match.span() for match in compiled(self.pattern).finditer(text))
        if self.words:
            yield from _phrases_in(text, self.words)
        for one in self.lists:
            yield from _listed_in(text, one)
        for known in self.documents:
            yield from _passages_in(text, known)


Subject: TypeAlias = str | DataClass
"""What is looked for: ``secret``, ``personal``, a class of the customer's own; ``examples`` for what stands for a secret."""


def normal(value: str) -> str:
    """A value as it is hashed: compatibility forms and case folded (Unicode NFKC), letters and digits only."""
    return "".join(_PART.findall(unicodedata.normalize("NFKC", value).casefold()))


def parts_of(value: str) -> tuple[str, ...]:
    """The words of a value."""
    return tuple(part.casefold() for part in _PART.findall(value))


@lru_cache(maxsize=MEMORY)
def hashed(salt: str, value: str) -> str:
    """The keyed hash (HMAC-SHA-256, cut to 128 bits) of a value in normal form."""
    return hmac.digest(salt.encode(), value.encode("utf-8", "replace"), sha256).hex()[:DIGEST]


def fingerprints(salt: str, document: str) -> frozenset[str]:
    """The fingerprints of a document by winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003) over its words.

    Of every ``WINDOW`` neighbouring hashes of ``GRAM`` words the least is kept. A document of fewer than ``PASSAGE``
    words can't be told from others and has none.
    """
    hashes = prints_in(salt, document)
    if len(hashes) < PASSAGE - GRAM + 1:
        return frozenset()
    return frozenset(min(hashes[at : at + WINDOW]) for at in range(len(hashes) - WINDOW + 1))


def prints_in(salt: str, text: str) -> list[str]:
    """Every hash of ``GRAM`` neighbouring words of a text, in order."""
    return _hashes(salt, [part.casefold() for part in _PART.findall(text)])


def _hashes(salt: str, folded: list[str]) -> list[str]:
    return [hashed(salt, " ".join(folded[at : at + GRAM]))[:PRINT] for at in range(len(folded) - GRAM + 1)]


@lru_cache(maxsize=REMEMBERED)
def compiled(pattern: str) -> re.Pattern[str]:
    """The expression; digits and words are those of ASCII."""
    return re.compile(pattern, re.ASCII)


@lru_cache(maxsize=REMEMBERED)
def _index(words: tuple[str, ...]) -> tuple[frozenset[tuple[str, ...]], dict[str, tuple[int, ...]]]:
    """The entries, and for the first word of each how many words such entries have, the longest first."""
    entries = frozenset(parts_of(word) for word in words)
    sizes: dict[str, set[int]] = {}
    for entry in entries:
        sizes.setdefault(entry[0], set()).add(len(entry))
    return entries, {first: tuple(sorted(found, reverse=True)) for first, found in sizes.items()}


def _phrases_in(text: str, words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    entries, sizes = _index(words)
    found = list(_PART.finditer(text))
    folded = [match.group().casefold() for match in found]
    for number, first in enumerate(folded):
        for size in sizes.get(first, ()):
            if tuple(folded[number : number + size]) in entries and _close(found[number : number + size]):
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


def _passages_in(text: str, known: Documents) -> Iterator[tuple[int, int]]:
    """Passages with two different fingerprints or more, each within a window of the next."""
    found = list(_PART.finditer(text))
    if len(found) <= GRAM:
        return
    passage: list[tuple[int, str]] = []
    for at, printed in enumerate(_hashes(known.salt, [match.group().casefold() for match in found])):
        if printed not in known.hashes:
            continue
        if passage and at - passage[-1][0] > WINDOW:
            yield from _told(found, passage)
            passage = []
        passage.append((at, printed))
    yield from _told(found, passage)


def _told(found: list[re.Match[str]], passage: list[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    if len({printed for _, printed in passage}) > 1:
        yield found[passage[0][0]].start(), found[passage[-1][0] + GRAM - 1].end()


def _unfinished(text: str, pattern: str) -> int:
    """Where what an expression can match at most may have begun, as far back as it gets over spaces and ends of lines."""
    width, spaces, lines = reach_of(pattern)
    edge = 0
    if not lines:
        edge = text.rfind("\n") + 1
    if not spaces:
        edge = max(edge, *(text.rfind(space) + 1 for space in " \t\r\f\v"))
    return max(len(text) - width + 1, edge)


@lru_cache(maxsize=REMEMBERED)
def _beginnings(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """Every first part of an entry of several words."""
    return frozenset(
        parts[:size] for parts in (parts_of(word) for word in words) for size in range(1, len(parts))
    )


def _begun(text: str, found: list[re.Match[str]], words: tuple[str, ...]) -> int:
    """Where an entry may have begun of which the last word, whole or in part, is not the last."""
    begun = _beginnings(words)
    folded = [match.group().casefold() for match in found[-MAX_PARTS:]]
    found = found[-MAX_PARTS:]
    for number in range(len(found)):
        whole = tuple(folded[number:])
        close = _close(found[number:])
        if close and ((whole in begun and len(text) - found[-1].end() <= MAX_GAP) or whole[:-1] in begun):
            return found[number].start()
    return len(text)


def _last_words(text: str, found: list[re.Match[str]], parts: int) -> int:
    """Where the last words begin that may be the first of a value of ``parts`` words."""
    start = end = len(text)
    for match in reversed(found[-parts:] if parts > 1 else []):
        if end - match.end() > MAX_GAP:
            break
        start = end = match.start()
    return start


def _passage_begun(found: list[re.Match[str]], known: Documents) -> int:
    """Where a passage begins that goes on, or the last words that are too few to tell."""
    start = found[max(len(found) - GRAM, 0)].start()
    late = found[-(GRAM + WINDOW + 1) :]
    for at, printed in enumerate(_hashes(known.salt, [match.group().casefold() for match in late])):
        if printed in known.hashes:
            return min(start, late[at].start())
    return start


def _close(found: list[re.Match[str]]) -> bool:
    return all(after.start() - before.end() <= MAX_GAP for before, after in pairwise(found))
