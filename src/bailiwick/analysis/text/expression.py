"""What a parsed regular expression says of its matches: the words that they need, all that they spell out, how they begin.

It is taken from the expression itself, so that it can't be forgotten when that changes.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from re import _constants as codes  # type: ignore[attr-defined] # the parsed form of an expression has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias

Needs: TypeAlias = tuple[tuple[frozenset[str], ...], ...]
"""Alternatives; of each, sets of pieces of which a match has one each."""

Spelled: TypeAlias = str | tuple["Spelled", ...] | frozenset["Spelled"]
"""What a match spells out: a piece, all of several, or one of several."""

MAX_NEEDS = 3
"""Sets of one alternative that are asked for: the rarest."""

MAX_ALTERNATIVES = 40
"""Alternatives that are kept apart; an expression that has more is asked for one set only."""

SHORTEST = 2
"""Characters of the shortest piece: a letter is in every text."""

BEGINNING = 5
"""Characters of a beginning that are told."""

ANY = "\0"
"""Stands for whatever letter."""

MAX_BEGINNINGS, MAX_SET = 200, 6
"""Beginnings that are told apart, and letters of a set in one of them."""

WORD = re.compile(r"\w+")
_DOTLESS = (("\u0130", "i"), ("\u0131", "i"))
"""Letters that an expression takes for an i where case doesn't matter, and folding does not."""


def folded(text: str) -> str:
    """A text in which what an expression takes for the same letter is the same."""
    if not text.isascii():
        for letter, plain in _DOTLESS:
            text = text.replace(letter, plain)
    return text.casefold()


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
        if (piece := max(WORD.findall(folded(run)), key=len, default="")) and len(piece) >= SHORTEST:
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


def spelled(pattern: str, flags: int = 0) -> Spelled:
    """Everything that a match of an expression spells out, folded; ``()`` when that is nothing worth asking for."""
    return _spelled(parser.parse(pattern, flags))


def _spelled(items: Iterable[tuple[Any, Any]]) -> Spelled:
    parts: list[Spelled] = []
    run = ""
    for code, value in (*_flat(items), (None, None)):
        if code is codes.LITERAL:
            run += chr(value)
        elif code is not codes.AT:  # a place takes no room: what stands before and behind it is one piece
            if len(run) >= SHORTEST or (run and not run.isalnum() and not run.isspace()):
                parts.append(folded(run))
            run = ""
            if code is codes.BRANCH:
                branches = frozenset(map(_spelled, value[1]))
                parts += [branches] if () not in branches else []
            elif code in _REPEATS and value[0] > 0:
                parts.append(_spelled(value[2]))
            elif code is codes.ATOMIC_GROUP:
                parts.append(_spelled(value))
    parts = [part for part in dict.fromkeys(parts) if part != ()]
    parts.sort(key=lambda part: -len(part) if isinstance(part, str) else len(part))
    return parts[0] if len(parts) == 1 else tuple(parts)


_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def _flat(items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """The parts of a sequence, those of groups in it among them."""
    for code, value in items:
        if code is codes.SUBPATTERN:
            yield from _flat(value[3])
        else:
            yield code, value


def beginnings(pattern: str, flags: int = 0) -> frozenset[tuple[int, str]]:
    """Pieces, folded, of which every match has one so many letters behind its beginning; none where one would be too short to help."""
    found = set()
    for one in _begun([*parser.parse(pattern, flags)], BEGINNING):
        letters = folded(one.lstrip(ANY).partition(ANY)[0])
        if len(letters) < SHORTEST and (not letters or letters.isalnum() or letters.isspace()):
            return frozenset()
        found.add((len(one) - len(one.lstrip(ANY)), letters))
    return frozenset(
        (at, one) for at, one in found if not any((at, one[:size]) in found for size in range(1, len(one)))
    )


def _begun(items: Sequence[tuple[Any, Any]], room: int) -> set[str]:
    """How a match of a sequence may begin, in so many letters, ``ANY`` for whatever letter; an empty piece: in any way."""
    if not items or room <= 0:
        return {""}
    (code, value), rest = items[0], items[1:]
    if code in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
        return _begun(rest, room)
    if code is codes.SUBPATTERN:
        found = _begun([*value[3], *rest], room)
    elif code is codes.BRANCH:
        found = set().union(*(_begun([*branch, *rest], room) for branch in value[1]))
    elif code in _REPEATS:
        least, most, repeated = value
        found = _begun([*repeated, *(rest if most == 1 else ())], room)
        found |= set() if least else _begun(rest, room)
    elif letters := _letters(code, value):
        found = {letter + one for one in _begun(rest, room - 1) for letter in letters}
    else:
        found = {""}
    return found if "" not in found and len(found) <= MAX_BEGINNINGS else {""}


def _letters(code: Any, value: Any) -> str:
    """The letters of which one stands at a place; nothing where it isn't one letter."""
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.IN and len(value) <= MAX_SET and all(sort is codes.LITERAL for sort, _ in value):
        return "".join(chr(letter) for _, letter in value)
    return ANY if code in (codes.IN, codes.ANY, codes.NOT_LITERAL) else ""
