r"""Globs over paths and names, with their exact meaning as regular languages.

The path dialect: ``*`` is any run without a slash, ``?`` one character but a slash, ``**`` any run at all,
``[a-z]`` and ``[!a-z]`` one character of a set (never a slash), ``{a,b}`` a choice, ``\`` takes the next
character as it is. As a whole segment ``**`` may also stand for nothing: ``/a/**`` is ``/a`` and everything
below, ``/a/**/b`` has ``/a/b``, and ``**/x`` is ``x`` at any depth. Paths are absolute and lexically normal, so
a relative glob other than ``**/...`` matches none.

The name dialect (tools, hosts, words of commands) gives slashes no meaning: ``*`` is any run, ``?`` any character.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from posixpath import commonprefix

from bailiwick.model.automaton import (
    ANY_NAME,
    LAST,
    NORMAL_PATH,
    SLASH,
    Automaton,
    Budget,
    Chain,
    Item,
    One,
    Pair,
    Pattern,
    Ranges,
    Run,
    TooComplexError,
)

MAX_LENGTH = 4096
"""Characters of one glob (PATH_MAX of Linux, ``limits.h``)."""

MAX_ALTERNATIVES = 256
"""Combinations that the braces of one glob may stand for. Chosen above any list a person keeps up by hand."""

MAX_DEPTH = 8
"""Braces within braces."""

MAX_SINGLE_MEMORY = 500
"""Transitions that the automaton of one glob remembers; many such automata are kept."""

MAX_REMEMBERED = 600
"""Characters of the globs of a question whose answer is remembered; an agent can ask about endless long ones."""

MAX_ANSWERS = 4096
"""Answers remembered."""


class GlobError(ValueError):
    """A text is not a glob; ``position`` counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class Dialect(Enum):
    """Whether slashes separate segments."""

    __hash__ = object.__hash__  # part of every look-up of a glob; Enum's own is not in C

    PATH = "path"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled glob; equal when text, dialect and reading are. Raises GlobError.

    ``folded`` takes each letter in either case, as a file system does that doesn't tell them apart.
    """

    text: str
    dialect: Dialect = Dialect.PATH
    folded: bool = False
    chains: tuple[Chain, ...] = field(init=False, repr=False, compare=False)
    pattern: Pattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chains", _chains(self.text, self.dialect, folded=self.folded))
        object.__setattr__(self, "pattern", Pattern(self.chains))

    def matches(self, text: str) -> bool:
        """Whether ``text`` as a whole is of this glob; linear in the text."""
        return bool(_single(self).matching(text))


def word_matches(glob: str, word: str) -> bool:
    """Whether ``word`` is of the word glob ``glob``."""
    return word == glob or (is_pattern(glob) and word_glob(glob).matches(word))


@lru_cache(maxsize=4096)
def is_pattern(glob: str) -> bool:
    """Whether ``glob`` may stand for anything but itself."""
    return _MAGIC.search(glob) is not None


def name_glob(text: str) -> Glob:
    """A glob over names. Raises GlobError."""
    return _name_glob(text)


@lru_cache(maxsize=4096)
def _name_glob(text: str) -> Glob:
    return Glob(text, Dialect.NAME)


@lru_cache(maxsize=4096)
def word_glob(text: str) -> Glob:
    """A glob over words of commands; a text that is no glob stands for itself, as ``[`` does."""
    try:
        return name_glob(text)
    except GlobError:
        return name_glob(escape(text))


@lru_cache(maxsize=4096)
def path_glob(text: str, *, folded: bool = False) -> Glob:
    """A glob over paths, compiled once. Raises GlobError."""
    return Glob(text, folded=folded)


class GlobSet:
    """Many globs matched in one pass, in time that does not depend on how many they are."""

    def __init__(self, globs: Sequence[Glob]) -> None:
        self.globs = tuple(globs)
        self._automaton = Automaton([glob.pattern for glob in globs], apart="./")

    def matching(self, text: str) -> tuple[int, ...]:
        """The indexes of the globs that match ``text``, ascending."""
        return self._automaton.matching(text)

    def matching_each(self, paths: Iterable[str]) -> Iterator[tuple[int, ...]]:
        """``matching`` of each, faster where they share directories."""
        return self._automaton.matching_each(paths)

    def explore(
        self, *, within: Sequence[int] = (), without: Sequence[int] = (), budget: Budget | None = None
    ) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Texts in every glob of ``within`` and none of ``without``, each with the indexes of all that match it.

        Shortest first, and complete: every combination of globs that some text has is shown by one. Paths are
        absolute and lexically normal, names any text but the empty one. All globs are of one dialect (paths when
        there are none), else ValueError. Raises TooComplexError when ``budget`` is used up.
        """
        dialects = {glob.dialect for glob in self.globs}
        if len(dialects) > 1:
            raise ValueError("globs of two dialects have no common universe")
        universe = ANY_NAME if Dialect.NAME in dialects else NORMAL_PATH
        return self._automaton.explore(universe, within=within, without=without, budget=budget or Budget())


def escape(text: str) -> str:
    """The glob that matches just ``text``."""
    return _MAGIC.sub(r"\\\g<0>", text) if _MAGIC.search(text) else text


def literal(glob: str) -> str | None:
    """The one text that ``glob`` matches, or None when it is a pattern or no glob at all."""
    bare = _ESCAPED.sub("", glob)
    return None if _MAGIC.search(bare) else _ESCAPED.sub(r"\1", glob)


_MAGIC = re.compile(r"[\\*?\[\]{},]")
_CHOICE = re.compile(r"(?<![{,])\{([^{}]*)\}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def choices(glob: str) -> Iterator[str]:
    """``glob`` without braces, one text for each choice; as it is where braces nest or are escaped."""
    parts = _CHOICE.split(glob) if "\\" not in glob else [glob]
    for chosen in itertools.product(
        *(part.split(",") if number % 2 else (part,) for number, part in enumerate(parts))
    ):
        yield "".join(chosen)


def witness(
    include: Sequence[Glob], exclude: Sequence[Glob] = (), *, budget: Budget | None = None
) -> str | None:
    """A shortest text in all of ``include`` and none of ``exclude``; None proves that there is no such text.

    Raises TooComplexError when the question uses up ``budget``; see ``GlobSet.explore`` for what counts as a text.
    """
    asked = (tuple(include), tuple(exclude))
    budget = budget or Budget()
    known = _answers.get(asked)
    if known is None:
        left = budget.left
        known = _search(*asked, budget), left - budget.left
        if sum(len(glob.text) for glob in (*include, *exclude)) <= MAX_REMEMBERED:
            while len(_answers) >= MAX_ANSWERS:
                _answers.pop(next(iter(_answers)), None)
            _answers[asked] = known
    else:
        budget.spend(known[1])  # as much as finding it took, so that what was asked before changes no answer
    return known[0]


_answers: dict[tuple[tuple[Glob, ...], tuple[Glob, ...]], tuple[str | None, int]] = {}
"""Questions answered, each with the work it took: the profiles of a policy share most of their rules."""


def _search(include: tuple[Glob, ...], exclude: tuple[Glob, ...], budget: Budget) -> str | None:
    budget.spend(sum(len(chain) for glob in (*include, *exclude) for chain in glob.chains))
    split = len(include)
    found = GlobSet((*include, *exclude)).explore(
        within=range(split), without=range(split, split + len(exclude)), budget=budget
    )
    return next((text for text, _ in found), None)


def intersects(one: Glob, other: Glob, *, budget: Budget | None = None) -> bool:
    """Whether some text is of both; True when the question is too complex, which is the safe side of a denial."""
    if not _compatible(_prefix(one), _prefix(other)):
        return False
    try:
        if _is_tree(one) and _is_anywhere(other):
            # Whatever ``other`` finds anywhere, it finds below any path of ``one``.
            return _occurs(one, budget) and _occurs(other, None)
        return may_meet(one, other) and witness((one, other), budget=budget) is not None
    except TooComplexError:
        return True


def contained(inner: Glob, outer: Sequence[Glob], *, budget: Budget | None = None) -> bool:
    """Whether every text of ``inner`` is of some ``outer``; False when too complex, the safe side of a permission."""
    near = [glob for glob in outer if _compatible(_prefix(inner), _prefix(glob))]
    return any(contained_jointly(inner, [glob], budget=budget) for glob in near) or (
        len(near) > 1 and contained_jointly(inner, near, budget=budget)
    )


def contained_jointly(inner: Glob, outer: Sequence[Glob], *, budget: Budget | None = None) -> bool:
    """``contained``, without the short way of asking each ``outer`` by itself first."""
    near = [glob for glob in outer if _compatible(_prefix(inner), _prefix(glob))]
    some = _plain_path(inner)
    if some is not None and not any(glob.matches(some) for glob in near):
        return False
    try:
        return bool(near) and witness((inner,), near, budget=budget) is None
    except TooComplexError:
        return False


def _is_tree(glob: Glob) -> bool:
    """Whether a path of ``glob`` stays one when segments are added: it ends with ``/**``."""
    return all(chain[-3:] == (Pair(), _SLASH, _DEEP) for chain in glob.chains)


def _is_anywhere(glob: Glob) -> bool:
    """Whether a path of ``glob`` stays one when segments are put before: it begins with ``**/``."""
    return glob.dialect is Dialect.PATH and all(
        chain[chain[:1] == (_SLASH,) :][:3] == (Pair(), _DEEP, _SLASH) for chain in glob.chains
    )


def _occurs(glob: Glob, budget: Budget | None) -> bool:
    """Whether some path is of ``glob``: mostly one that shows at once. Raises TooComplexError."""
    return _plain_path(glob) is not None or witness((glob,), budget=budget) is not None


@lru_cache(maxsize=4096)
def _plain_path(glob: Glob) -> str | None:
    """A path of ``glob`` that shows at once, if one does."""
    if glob.dialect is not Dialect.PATH:
        return None
    texts = (text for chain in glob.chains for text in _plain_texts(chain) if _is_normal(text))
    return next(texts, None)


def _is_normal(path: str) -> bool:
    """Whether it is a path of ``NORMAL_PATH``."""
    return path == "/" or (path.startswith("/") and not {"", ".", ".."} & {*path[1:].split("/")})


def _plain_texts(chain: Chain) -> Iterator[str]:
    """Texts of ``chain``: without its pairs and with them, its runs left empty."""
    for paired in (False, True):
        text, left_out = "", 0
        for item in chain:
            match item:
                case Pair():
                    left_out = 0 if paired else 2
                case _ if left_out:
                    left_out -= 1
                case One(ranges=((low, _), *_)):
                    text += chr(low)
                case One():
                    return  # a set without characters
                case Run():
                    pass
        yield text


def _compatible(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


@lru_cache(maxsize=4096)
def _prefix(glob: Glob) -> str:
    """The characters that every text of ``glob`` begins with, as far as its first wildcard shows."""
    return commonprefix([_sure(chain) for chain in glob.chains])


def may_begin(glob: Glob, text: str) -> bool:
    """False proves that no text of ``glob`` is of the glob ``text``, which for that need not be compiled."""
    return _compatible(_prefix(glob), _MAGIC.split(text, maxsplit=1)[0])


def may_meet(one: Glob, other: Glob) -> bool:
    """False proves that no text is of both, which shows at once where no choice of each begins and ends alike."""
    return any(
        _compatible(begins, begin)
        and _compatible(ends, end)
        and (name is None or last is None or _names_meet(name, last))
        for begins, ends, name in _ends(one)
        for begin, end, last in _ends(other)
    )


@lru_cache(maxsize=4096)
def _ends(glob: Glob) -> frozenset[tuple[str, str, Chain | None]]:
    """The characters that each choice surely begins with, those it ends with, read backwards, and its last segment."""
    return frozenset(
        (_sure(chain), _sure(chain[::-1]), _last(chain) if glob.dialect is Dialect.PATH else None)
        for chain in glob.chains
    )


def _last(chain: Chain) -> Chain | None:
    """What the last segment of a path is made of; None where that can be any number of segments."""
    name: list[Item] = []
    for item in reversed(chain):
        if item is _SLASH:
            return tuple(reversed(name))
        if isinstance(item, Pair) or item is _DEEP:
            return None
        name.append(item)
    return None


def _names_meet(one: Chain, other: Chain) -> bool:
    """Whether two segments may be the same name, as far as the characters before and behind their runs show."""
    if not any(isinstance(item, Run) for item in (*one, *other)) and len(one) != len(other):
        return False
    return _begin_alike(one, other) and _begin_alike(one[::-1], other[::-1])


def _begin_alike(one: Chain, other: Chain) -> bool:
    for first, second in zip(one, other, strict=False):
        if not isinstance(first, One) or not isinstance(second, One):
            return True
        if not any(
            low <= last and begin <= high for low, high in first.ranges for begin, last in second.ranges
        ):
            return False
    return True


def _sure(chain: Chain) -> str:
    sure = []
    for item in chain:
        match item:
            case One(ranges=((low, high),)) if low == high:
                sure.append(chr(low))
            case _:
                break
    return "".join(sure)


@lru_cache(maxsize=1024)
def _single(glob: Glob) -> Automaton:
    return Automaton([glob.pattern], memory=MAX_SINGLE_MEMORY)


_PAIR = Pair()
_DEEP = Run(deep=True)
_SLASH = One(((SLASH, SLASH),))


def _chains(text: str, dialect: Dialect, *, folded: bool) -> tuple[Chain, ...]:
    if not text and dialect is Dialect.PATH:
        raise GlobError("an empty glob matches nothing", 0)
    if len(text) > MAX_LENGTH:
        raise GlobError(f"a glob has at most {MAX_LENGTH} characters", MAX_LENGTH)
    reader = _Reader(text, dialect, folded=folded)
    choices = reader.sequence(0)
    if dialect is Dialect.NAME:
        return tuple(dict.fromkeys(choices))
    return tuple(dict.fromkeys(_segments(choice) for choice in choices))


def _segments(items: Chain) -> Chain:
    """Give ``**`` as a whole segment its meaning: it may stand for no segment at all."""
    marks = "".join("D" if item is _DEEP else "/" if item is _SLASH else "x" for item in items)
    if "D" not in marks:
        return items
    joined: list[Item] = []
    kept = ""
    for item, mark in zip(items, marks, strict=True):
        joined.append(item)
        kept += mark
        while kept == "D/D" or kept.endswith("/D/D"):
            del joined[-2:]
            kept = kept[:-2]
        while kept.endswith("DD"):
            joined.pop()
            kept = kept[:-1]
    chain: list[Item] = []
    position = 0
    while position < len(joined):
        if kept.startswith("D/", position) and kept[position - 1 : position] in {"", "/"}:
            chain += [_PAIR, _DEEP, _SLASH]
            position += 2
        elif position and kept[position:] == "/D":
            chain += [_PAIR, _SLASH, _DEEP]
            position += 2
        else:
            chain.append(joined[position])
            position += 1
    return tuple(chain)


class _Reader:
    """Reads a glob once from left to right; braces are multiplied out."""

    def __init__(self, text: str, dialect: Dialect, *, folded: bool) -> None:
        self._text = text
        self._folded = folded
        self._at = 0
        hole = ((SLASH, SLASH),) if dialect is Dialect.PATH else ()
        self._outside = hole
        self._any = One(_complement(hole))
        self._star = Run(deep=dialect is Dialect.NAME)

    def sequence(self, depth: int) -> list[Chain]:
        """Every combination of what stands here, up to the end or, inside braces, to ``,`` or ``}``."""
        parts: list[list[Chain]] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if depth and character in ",}":
                break
            if character == "{":
                parts.append(self._braces(depth + 1))
            else:
                parts.append([(self._item(character),)])
        combinations = 1
        for part in parts:
            combinations *= len(part)
            if combinations > MAX_ALTERNATIVES:
                raise GlobError(
                    f"braces stand for more than {MAX_ALTERNATIVES} combinations", self._text.find("{")
                )
        return [tuple(itertools.chain.from_iterable(choice)) for choice in itertools.product(*parts)]

    def _braces(self, depth: int) -> list[Chain]:
        opened = self._at
        if depth > MAX_DEPTH:
            raise GlobError(f"braces nest more than {MAX_DEPTH} deep", opened)
        choices: list[Chain] = []
        while True:
            self._at += 1
            choices += self.sequence(depth)
            if self._at >= len(self._text):
                raise GlobError("'{' is never closed; write '\\{' for the character itself", opened)
            if self._text[self._at] == "}":
                self._at += 1
                return choices

    def _item(self, character: str) -> Item:
        self._at += 1
        match character:
            case "*":
                if self._text.startswith("*", self._at):
                    self._at += 1
                    return _DEEP
                return self._star
            case "?":
                return self._any
            case "[":
                return self._set(self._at - 1)
            case "\\":
                if self._at >= len(self._text):
                    raise GlobError("'\\' at the end escapes nothing", self._at - 1)
                self._at += 1
                return _one(self._text[self._at - 1], folded=self._folded)
            case _:
                return _one(character, folded=self._folded)

    def _set(self, opened: int) -> Item:
        negated = self._text[self._at : self._at + 1] in {"!", "^"}
        self._at += negated
        members: list[tuple[int, int]] = []
        first = True
        while first or not self._text.startswith("]", self._at):
            first = False
            low = self._member(opened)
            high = low
            if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                high = self._member(opened)
                if high < low:
                    raise GlobError("a range in '[...]' runs backwards", opened)
            members.append((low, high))
        if self._folded:
            members += _other_case(members)
        self._at += 1
        ranges = _merged(members)
        if negated:
            return One(_complement(_merged([*ranges, *self._outside])))
        return One(_complement(_merged([*_complement(ranges), *self._outside])))

    def _member(self, opened: int) -> int:
        if self._text.startswith("[:", self._at):
            raise GlobError("named classes such as '[:digit:]' are not known; write '0-9'", self._at)
        self._at += self._text.startswith("\\", self._at)
        if self._at >= len(self._text):
            raise GlobError("'[' is never closed; write '\\[' for the character itself", opened)
        self._at += 1
        return ord(self._text[self._at - 1])


@lru_cache(maxsize=4096)
def _one(character: str, *, folded: bool = False) -> One:
    if character == "/":
        return _SLASH
    if not folded:
        return One(((ord(character), ord(character)),))
    alike = {character, character.lower(), character.upper(), character.lower().upper()}
    return One(_merged([(ord(one), ord(one)) for one in alike if len(one) == 1]))


def _other_case(members: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The letters of ASCII among ``members`` in the other case."""
    found: list[tuple[int, int]] = []
    for first, last, shift in ((ord("A"), ord("Z"), 32), (ord("a"), ord("z"), -32)):
        for low, high in members:
            if max(low, first) <= min(high, last):
                found.append((max(low, first) + shift, min(high, last) + shift))
    return found


def _merged(ranges: Sequence[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _complement(ranges: Ranges) -> Ranges:
    gaps: list[tuple[int, int]] = []
    begin = 0
    for low, high in ranges:
        if begin < low:
            gaps.append((begin, low - 1))
        begin = high + 1
    if begin <= LAST:
        gaps.append((begin, LAST))
    return tuple(gaps)


__all__ = [
    "Budget",
    "Dialect",
    "Glob",
    "GlobError",
    "GlobSet",
    "TooComplexError",
    "contained",
    "escape",
    "intersects",
    "is_pattern",
    "literal",
    "may_begin",
    "may_meet",
    "name_glob",
    "path_glob",
    "witness",
    "word_glob",
]
