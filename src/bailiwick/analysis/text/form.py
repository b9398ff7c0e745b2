"""Regular expressions that are tried only where a text has the pieces that a match of them needs.

Most sentences have none of the words that a form is made of. The pieces are taken from the parsed expression, so that they can't be
forgotten when it changes. Each piece is a bit: which of them a text has is worked out once for all forms, from its words.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from re import _constants as codes  # type: ignore[attr-defined] # the parsed form of an expression has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias

Needs: TypeAlias = tuple[tuple[frozenset[str], ...], ...]
"""Alternatives; of each, sets of pieces of which a match has one each."""

MAX_NEEDS = 3
"""Sets of one alternative that are asked for: the rarest."""

MAX_ALTERNATIVES = 40
"""Alternatives that are kept apart; an expression that has more is asked for one set only."""

SHORTEST = 2
"""Characters of the shortest piece: a letter is in every text."""


class Form:
    """An expression with what a text must have for it to match; nothing: it is always tried."""

    __slots__ = ("_pattern", "may_match", "written")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.written = pattern, flags
        self._pattern = re.compile(grouped(pattern), flags)
        self.may_match = _PIECES.register(needs(pattern, flags))

    def search(self, text: str) -> re.Match[str] | None:
        """The first match anywhere in a text."""
        return self._pattern.search(text) if may_match(text) & self.may_match else None

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the start of a text."""
        return self._pattern.match(text) if may_match(text) & self.may_match else None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """The match of a whole text."""
        return self._pattern.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Every match."""
        return self._pattern.finditer(text) if may_match(text) & self.may_match else iter(())

    def findall(self, text: str) -> list[Any]:
        """What every match holds."""
        return self._pattern.findall(text) if may_match(text) & self.may_match else []

    def sub(self, by: str, text: str) -> str:
        """The text with every match replaced."""
        return self._pattern.sub(by, text) if may_match(text) & self.may_match else text


class Wide(Form):
    """A form that whole files are searched for: which pieces a file has is worked out once for all forms of this kind."""

    __slots__ = ()

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.written = pattern, flags
        self._pattern = re.compile(pattern, flags)
        self.may_match = _FILES.register(needs(pattern, flags))

    def search(self, text: str) -> re.Match[str] | None:
        """The first match anywhere in a file."""
        return self._pattern.search(text) if _FILES.has(text) & self.may_match else None

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the start of a text, which is tried without asking."""
        return self._pattern.match(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Every match."""
        return self._pattern.finditer(text) if _FILES.has(text) & self.may_match else iter(())

    def findall(self, text: str) -> list[Any]:
        """What every match holds."""
        return self._pattern.findall(text) if _FILES.has(text) & self.may_match else []

    def sub(self, by: str, text: str) -> str:
        """The text with every match replaced."""
        return self._pattern.sub(by, text) if _FILES.has(text) & self.may_match else text


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
        for word in set(_WORD.findall(folded(text))):
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


_WORD = re.compile(r"\w+")
_DOTLESS = {0x130: "i", 0x131: "i"}
"""Letters that an expression takes for an i where case doesn't matter, and folding does not."""
_PIECES = _Pieces()
_FILES = _Pieces(texts=12, longest=2_000_000)
"""Those of whole files, of which few are looked at in turn."""


def folded(text: str) -> str:
    """A text in which what an expression takes for the same letter is the same."""
    return (text if text.isascii() else text.translate(_DOTLESS)).casefold()


def grouped(pattern: str) -> str:
    r"""The same expression with ``\ba|\bb`` as ``\b(?:a|b)``: a branch is skipped at its first letter only where that comes first."""
    whole = _branches(pattern[3:-1]) if pattern.startswith("(?:") and pattern.endswith(")") else ()
    branches = whole or _branches(pattern)
    made: list[str] = []
    for at_word, run in groupby(branches, key=lambda one: one.startswith(r"\b") and one[2:3] not in "?*+{"):
        together = list(run)
        made += [rf"\b(?:{'|'.join(one[2:] for one in together)})"] if at_word else together
    return "|".join(made)


def _branches(pattern: str) -> tuple[str, ...]:
    """The alternatives that an expression is written as; none where its brackets don't match."""
    branches, depth, start = [], 0, 0
    for match in _MARK.finditer(pattern):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
        elif match[0] == "|" and depth == 0:
            branches.append(pattern[start : match.start()])
            start = match.end()
        if depth < 0:
            return ()
    return (*branches, pattern[start:]) if depth == 0 else ()


_MARK = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", re.DOTALL)
"""What decides how an expression is built: an escape, a set, a bracket, a bar."""


def needs(pattern: str, flags: int = 0) -> Needs:
    """What a text must have for an expression to match; ``((),)`` when nothing is worth asking for."""
    alternatives = _alternatives(list(parser.parse(pattern, flags)))
    if len(alternatives) > MAX_ALTERNATIVES or not all(alternatives):
        whole = _sets(parser.parse(pattern, flags))
        return (tuple(sorted(whole, key=_common)[:1]),)
    single = frozenset[str]().union(*(sets[0] for sets in alternatives if len(sets) == 1))
    several = [tuple(sorted(sets, key=_common)[:MAX_NEEDS]) for sets in alternatives if len(sets) > 1]
    return (*(((single,),) if single else ()), *several)


def _alternatives(items: list[tuple[Any, Any]]) -> list[list[frozenset[str]]]:
    """The sets of each alternative: of the branches of the choice whose branches need most, each with what stands around it."""
    choices = [at for at, (code, _) in enumerate(items) if _choice(items[at]) is not None]
    if not choices:
        return [_sets(items)]
    at = max(choices, key=lambda at: sum(len(_sets(branch)) > 1 for branch in _choice(items[at]) or ()))
    around = _sets([*items[:at], (codes.AT, None), *items[at + 1 :]])
    return [[*around, *_sets(branch)] for branch in _choice(items[at]) or ()]


def _choice(item: tuple[Any, Any]) -> list[Any] | None:
    """The branches of a choice, in a group or not."""
    code, value = item
    if code is codes.SUBPATTERN and len(value[3]) == 1:
        return _choice(value[3][0])
    return list(value[1]) if code is codes.BRANCH else None


def _sets(items: Iterable[tuple[Any, Any]]) -> list[frozenset[str]]:
    """Of a sequence, sets of pieces: every match has one of each."""
    sets: list[frozenset[str]] = []
    run = ""
    for code, value in (*items, (codes.AT, None)):
        if code is codes.LITERAL:
            run += chr(value)
            continue
        if (piece := max(_WORD.findall(folded(run)), key=len, default="")) and len(piece) >= SHORTEST:
            sets.append(frozenset((piece,)))
        run = ""
        if code is codes.BRANCH:
            sets += _every(value[1])
        elif code is codes.SUBPATTERN:
            sets += _sets(value[3])
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT) and value[0] > 0:
            sets += _sets(value[2])
        elif code is codes.ATOMIC_GROUP:
            sets += _sets(value)
    return sets


def _every(branches: Iterable[Any]) -> list[frozenset[str]]:
    """Of alternatives, the set that holds one of each: none when one of them needs nothing."""
    found: set[str] = set()
    for branch in branches:
        sets = _sets(branch)
        if not sets:
            return []
        found |= min(sets, key=_common)
    return [frozenset(found)]


def _common(found: Collection[str]) -> float:
    """How common a set of pieces is: the shorter, the more."""
    return sum(8.0 ** -min(len(one), 6) for one in found)
