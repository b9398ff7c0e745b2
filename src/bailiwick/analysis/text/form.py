"""Regular expressions that are tried only where a text has the pieces that a match of them needs.

Most sentences have none of the words that a form is made of. The pieces are taken from the parsed expression, so that they can't be
forgotten when it changes. Each piece is a bit: which of them a text has is worked out once for all forms, from its words.

A file has most words. There an expression is tried only where all that it spells out stands somewhere, marks and all, and only at
the places where a match can begin.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from bailiwick.analysis.text.expression import (
    MAX_NEEDS,
    SHORTEST,
    WORD,
    Needs,
    Spelled,
    beginnings,
    folded,
    grouped,
    needs,
    spelled,
)

LARGE = 2_000
"""Characters from which on a text is looked at as a file."""

MANY = 20
"""A beginning that stands oftener than once in so many characters is not looked for: to try everywhere is faster."""


class Form:
    """An expression with what a text must have for it to match; nothing: it is always tried."""

    __slots__ = ("_begins", "_pattern", "_spelled", "may_match", "written")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.written = pattern, flags
        self._pattern = self._compiled()
        self._spelled: Spelled | None = None
        self._begins: frozenset[tuple[int, str]] | None = None
        self.may_match = self._register(needs(pattern, flags))

    def _compiled(self) -> re.Pattern[str]:
        pattern, flags = self.written
        return re.compile(grouped(pattern), flags)

    def _register(self, found: Needs) -> int:
        return _PIECES.register(found)

    def _bits(self, text: str) -> int:
        return may_match(text)

    def _places(self, text: str) -> list[int] | None:
        """Where in a file a match may begin; None: anywhere."""
        if self._spelled is None:
            self._spelled = spelled(*self.written)
        file = _file(text)
        if not file.has(self._spelled):
            return []
        if self._begins is None:
            self._begins = beginnings(*self.written)
        return file.places(self._begins) if self._begins else None

    def search(self, text: str) -> re.Match[str] | None:
        """The first match anywhere in a text."""
        if not self._bits(text) & self.may_match:
            return None
        if len(text) < LARGE or (places := self._places(text)) is None:
            return self._pattern.search(text)
        match = self._pattern.match
        for place in places:
            if found := match(text, place):
                return found
        return None

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the start of a text."""
        return self._pattern.match(text) if self._bits(text) & self.may_match else None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The match of a whole text."""
        return self._pattern.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Every match."""
        if not self._bits(text) & self.may_match:
            return iter(())
        if len(text) < LARGE or (places := self._places(text)) is None:
            return self._pattern.finditer(text)
        return self._at(places, text)

    def _at(self, places: list[int], text: str) -> Iterator[re.Match[str]]:
        end = 0
        for place in places:
            if place >= end and (found := self._pattern.match(text, place)):
                end = found.end()
                yield found

    def findall(self, text: str) -> list[Any]:
        """What every match holds."""
        return self._pattern.findall(text) if self._may(text) else []

    def sub(self, by: str, text: str) -> str:
        """The text with every match replaced."""
        return self._pattern.sub(by, text) if self._may(text) else text

    def _may(self, text: str) -> bool:
        return bool(self._bits(text) & self.may_match) and (len(text) < LARGE or self._places(text) != [])


class Wide(Form):
    """A form that whole files are searched for: which pieces a file has is worked out once for all forms of this kind."""

    __slots__ = ()

    def _compiled(self) -> re.Pattern[str]:
        return re.compile(*self.written)

    def _register(self, found: Needs) -> int:
        return _FILES.register(found)

    def _bits(self, text: str) -> int:
        return -1 if len(text) < LARGE else _FILES.has(text)

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the start of a text, which is tried without asking."""
        return self._pattern.match(text)


class _File:
    """A text in which pieces are looked for: each once, for all forms."""

    __slots__ = ("_folded", "_known", "_same", "_words")

    def __init__(self, text: str) -> None:
        self._folded = folded(text)
        self._same = len(self._folded) == len(text)
        """Whether places in the folded text are those in the text: folding makes some letters two, and none fewer."""
        self._known: dict[str, bool] = {}
        self._words: set[str] | None = None

    def words(self) -> set[str]:
        """Its words, folded."""
        if self._words is None:
            self._words = set(WORD.findall(self._folded))
        return self._words

    def has(self, wanted: Spelled) -> bool:
        """Whether all stands in it that is wanted."""
        if isinstance(wanted, str):
            found = self._known.get(wanted)
            if found is None:
                found = self._known[wanted] = wanted in self._folded
            return found
        if isinstance(wanted, tuple):
            return all(map(self.has, wanted))
        return any(map(self.has, wanted))

    def places(self, pieces: frozenset[tuple[int, str]]) -> list[int] | None:
        """So many letters before where one of some pieces stands, in order; None where that is no help."""
        if not self._same:
            return None
        found: set[int] = set()
        most = len(self._folded) // MANY
        for before, piece in pieces:
            at = self._folded.find(piece) if self.has(piece) else -1
            while at >= 0:
                found.add(max(at - before, 0))
                at = self._folded.find(piece, at + 1)
            if len(found) > most:
                return None
        return sorted(found)


@lru_cache(8)
def _file(text: str) -> _File:
    return _File(text)


class Forms:
    """Several forms of one thing."""

    __slots__ = ("forms", "may_match")

    def __init__(self, *forms: Form) -> None:
        self.forms = forms
        self.may_match = any_of(*forms)

    def first(self, text: str) -> re.Match[str] | None:
        """The match of the first form that a text has."""
        may = may_match(text) & self.may_match
        if may:
            for form in self.forms:
                if may & form.may_match and (match := form.search(text)):
                    return match
        return None


def any_of(*forms: Form | Forms) -> int:
    """The bits of some forms: none of them is in ``may_match`` of a text that none matches."""
    bits = 0
    for one in forms:
        bits |= one.may_match
    return bits


def may_match(text: str) -> int:
    """The bits of all forms that may match a text: the others don't."""
    known = _PIECES.texts.get(text)
    return _PIECES.of_text(text) if known is None else known


class _Pieces:
    """Every piece of every form, and which alternatives words and texts have what for. It remembers; it changes no result."""

    MAX_WORDS, LONGEST_WORD = 60_000, 48
    MAX_TEXTS, LONGEST_TEXT, MAX_LARGE = 20_000, 2_000, 4

    def __init__(self, texts: int = MAX_TEXTS, longest: int = LONGEST_TEXT) -> None:
        self._most, self._longest = texts, longest
        self._next = 1
        self._wanted: dict[str, list[int]] = {}
        """For each piece, the alternatives that ask for it, by the set they ask in."""
        self._spared = [0] * MAX_NEEDS
        """Alternatives that ask for nothing in a set."""
        self._starts: dict[str, tuple[int, ...]] = {}
        """For the first letters of pieces, the lengths of those that begin so."""
        self._words: dict[str, tuple[int, ...]] = {}
        self.texts: dict[str, int] = {}
        self._large: dict[str, int] = {}

    def register(self, needs: Needs) -> int:
        """The bits of the alternatives of one form."""
        bits = 0
        for sets in needs:
            bit, self._next = self._next, self._next << 1
            bits |= bit
            for at in range(MAX_NEEDS):
                for piece in sets[at] if at < len(sets) else ():
                    self._wanted.setdefault(piece, [0] * MAX_NEEDS)[at] |= bit
                    start = piece[:SHORTEST]
                    self._starts[start] = tuple(sorted({*self._starts.get(start, ()), len(piece)}))
                if at >= len(sets):
                    self._spared[at] |= bit
        self._words.clear()
        self.texts.clear()
        self._large.clear()
        return bits

    def of_text(self, text: str) -> int:
        """The bits of the alternatives that a text has something of in each of their sets."""
        first, second, third = self._spared
        if len(text) > self._longest and (kept := self._large.get(text)) is not None:
            return kept
        known = self._words
        for word in _file(text).words() if len(text) >= LARGE else set(WORD.findall(folded(text))):
            one, two, three = known.get(word) or self._of_word(word)
            first |= one
            second |= two
            third |= three
        has = first & second & third
        if len(text) <= self._longest:
            if len(self.texts) >= self._most:
                self.texts.clear()
            self.texts[text] = has
        else:
            if len(self._large) >= self.MAX_LARGE:
                self._large.clear()
            self._large[text] = has
        return has

    def has(self, text: str) -> int:
        """The same, remembered."""
        known = self.texts.get(text)
        return self.of_text(text) if known is None else known

    def _of_word(self, word: str) -> tuple[int, ...]:
        found = [0] * MAX_NEEDS
        for at in range(len(word) - SHORTEST + 1):
            for length in self._starts.get(word[at : at + SHORTEST], ()):
                for number, bits in enumerate(self._wanted.get(word[at : at + length], ())):
                    found[number] |= bits
        if len(word) <= self.LONGEST_WORD:
            if len(self._words) >= self.MAX_WORDS:
                self._words.clear()
            self._words[word] = tuple(found)
        return tuple(found)


_PIECES = _Pieces()
_FILES = _Pieces(texts=12, longest=2_000_000)
"""Those of whole files, of which few are looked at in turn."""
