"""Sets of character chains run side by side: matching many patterns in one pass, and exact set theory over them.

A *chain* is a flat pattern: items that each take one character of a set, or a run. All chains of an automaton
live in one integer, one bit per position, so a step of all of them is a few integer operations (Baeza-Yates and
Gonnet's shift-and, with runs and optional pairs added). Characters that no chain tells apart share a class,
which makes the alphabet small and every answer exact over all of Unicode.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bailiwick.model.value import value

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""A set of characters: inclusive ranges of code points, sorted, not touching."""

LAST = 0x10FFFF
SLASH = ord("/")
MAX_STEPS = 200_000
"""Transitions tried by one exact question. Chosen ten times above what the largest real policy needed."""

MAX_MEMORY = 10_000
"""Remembered transitions of one automaton; beyond that it forgets and starts again."""

Universe: TypeAlias = Mapping[str, Mapping[str, str]]
"""The texts that count, as a machine: state, character ("" is any other than slash and dot), next state."""

NORMAL_PATH: Universe = {
    "start": {"/": "root"},
    "root": {".": "dot", "": "name"},
    "slash": {".": "dot", "": "name"},
    "dot": {".": "dots", "": "name"},
    "dots": {".": "name", "": "name"},
    "name": {"/": "slash", ".": "name", "": "name"},
}
"""Absolute, lexically normal paths."""

ANY_NAME: Universe = {
    "start": {"/": "name", ".": "name", "": "name"},
    "name": {"/": "name", ".": "name", "": "name"},
}
"""Every text but the empty one."""

ONE_SEGMENT: Universe = {
    "start": {".": "dot", "": "name"},
    "dot": {".": "dots", "": "name"},
    "dots": {".": "name", "": "name"},
    "name": {".": "name", "": "name"},
}
"""The names that one segment of such a path may have."""

_COMPLETE = frozenset({"root", "name"})
_PREFERRED = tuple(
    (character, ord(character))
    for character in "xyzabcdefghijklmnopqrstuvwXYZABCDEFGHIJKLMNOPQRSTUVW0123456789-_.~ "
)


@value(frozen=True, slots=True)
class One:
    """Exactly one character of ``ranges``."""

    ranges: Ranges


@value(frozen=True, slots=True)
class Run:
    """Any number of characters, slashes among them when ``deep``."""

    deep: bool


@value(frozen=True, slots=True)
class Pair:
    """Marks that the next two items may be left out together."""


Item: TypeAlias = One | Run | Pair
Chain: TypeAlias = tuple[Item, ...]


class TooComplexError(Exception):
    """An exact question used up its budget; its answer is not known."""


@value(frozen=False, slots=True)
class Budget:
    """Work that may still be spent on questions: transitions tried and positions laid out."""

    left: int = MAX_STEPS

    def spend(self, work: int = 1) -> None:
        """Take ``work`` off. Raises TooComplexError when there is not that much left."""
        self.left -= work
        if self.left < 0:
            raise TooComplexError


@dataclass(slots=True, eq=False)
class _State:
    """A set of positions, what it accepts, and the steps from it taken so far."""

    mask: int
    accepts: tuple[int, ...]
    steps: dict[str, "_State"] = field(default_factory=dict)


class Pattern:
    """A choice of chains, each character of which is a position; laid out once, however many automata it becomes part of."""

    __slots__ = (
        "absorbing",
        "begin",
        "closing",
        "deep",
        "ends",
        "last",
        "shallow",
        "size",
        "skip_one",
        "skip_three",
        "takes",
    )

    def __init__(self, chains: Sequence[Chain]) -> None:
        self.begin = self.absorbing = self.size = 0
        self.skip_one = self.skip_three = self.deep = self.shallow = 0
        self.last = self.closing = 0
        self.takes: dict[Ranges, int] = {}
        self.ends: list[int] = []
        for chain in chains:
            self.begin |= 1 << self.size
            end = self._lay(chain, self.size)
            self.ends.append(end)
            if chain and chain[-1] == Run(deep=True):
                self.absorbing |= 1 << (end - 1)
            self._mark_end(chain, end)
            self.size = end + 1

    def _lay(self, chain: Chain, bit: int) -> int:
        """Place a chain from ``bit`` on; returns its accepting bit."""
        for item in chain:
            here = 1 << bit
            match item:
                case One(ranges=ranges):
                    self.takes[ranges] = self.takes.get(ranges, 0) | here
                case Pair():
                    # A position of its own: from inside the run the pair can no longer be left out.
                    self.skip_one |= here
                    self.skip_three |= here
                case Run(deep=deep):
                    self.skip_one |= here
                    if deep:
                        self.deep |= here
                    else:
                        self.shallow |= here
            bit += 1
        return bit

    def _mark_end(self, chain: Chain, end: int) -> None:
        """Note which positions, up to the accepting one at ``end``, are past all that can take a slash."""
        self.last |= 1 << end
        for back, item in enumerate(reversed(chain), 1):
            match item:
                case Pair() | Run(deep=True):
                    return
                case One(ranges=ranges):
                    for low, high in ranges:
                        if low <= SLASH <= high:
                            return
                case Run() if back == 1:
                    self.closing |= 1 << (end - 1)
                case _:
                    pass
            self.last |= 1 << (end - back)


class Automaton:
    """Several patterns run at once. ``matching`` is linear in the text."""

    def __init__(self, patterns: Iterable[Pattern], *, apart: str = "", memory: int = MAX_MEMORY) -> None:
        """``apart`` lists characters that must have a class of their own; ``memory`` bounds remembered transitions."""
        self._memory = memory
        self.extents: list[int] = []
        self.endings: list[int] = []
        self.absorbing: list[int] = []
        self._skip_one = self._skip_three = self._deep = self._shallow = 0
        self._last = self._closing = 0
        self._takes: dict[Ranges, int] = {}
        self._owners: dict[int, int] = {}
        begin = at = 0
        for owner, pattern in enumerate(patterns):
            begin |= pattern.begin << at
            self._skip_one |= pattern.skip_one << at
            self._skip_three |= pattern.skip_three << at
            self._deep |= pattern.deep << at
            self._shallow |= pattern.shallow << at
            self._last |= pattern.last << at
            self._closing |= pattern.closing << at
            for ranges, mask in pattern.takes.items():
                self._takes[ranges] = self._takes.get(ranges, 0) | mask << at
            endings = 0
            for end in pattern.ends:
                self._owners[at + end] = owner
                endings |= 1 << (at + end)
            self.endings.append(endings)
            self.absorbing.append(pattern.absorbing << at)
            self.extents.append(((1 << pattern.size) - 1) << at)
            at += pattern.size
        self._accepting = sum(self.endings)
        self._starts, self._classes, self._moves = self._alphabet(apart)
        self.symbols = self._representatives()
        self.start = self._closed(begin)
        self._sparing: dict[int, tuple[int, int]] | None = None
        self._states: dict[int, _State] = {}
        self._forget()

    def _spare(self) -> dict[int, tuple[int, int]]:
        """Positions that make others of their pattern needless: those, and what then stands for all of them.

        A choice that matches whatever follows does for all choices of its pattern, and one that matches whatever
        follows up to the next slash does for those that end there too.
        """
        if self._sparing is not None:
            return self._sparing
        found: dict[int, tuple[int, int]] = {}
        for extent, absorbing in zip(self.extents, self.absorbing, strict=True):
            for sure, spared in ((extent & self._closing, extent & self._last), (absorbing, extent)):
                one, left = sure & -sure, sure
                while left:
                    low = left & -left
                    found[low] = spared, one | one << 1
                    left ^= low
        self._sparing = found
        return found

    def _alphabet(self, apart: str) -> tuple[list[int], list[int], list[int]]:
        """Split the code points wherever some item begins or stops to take them; equal parts share a class."""
        own = [(ord(character), ord(character)) for character in {*apart, "/"}]
        cuts = {0, *(cut for low, high in own for cut in (low, high + 1))}
        for ranges in self._takes:
            cuts.update(cut for low, high in ranges for cut in (low, high + 1) if cut <= LAST)
        starts = sorted(cuts)
        taken = dict.fromkeys(starts, 0)
        for ranges, mask in self._takes.items():
            for low, high in ranges:
                for start in starts[bisect_right(starts, low) - 1 : bisect_right(starts, high)]:
                    taken[start] |= mask
        classes: dict[tuple[int, int], int] = {}
        singled = {low for low, _ in own}
        numbers = [
            classes.setdefault((taken[start], start if start in singled else -1), len(classes))
            for start in starts
        ]
        return starts, numbers, [mask for mask, _ in classes]

    def _representatives(self) -> tuple[str, ...]:
        """One readable character for each class."""
        found: dict[int, str] = {}
        starts, classes = self._starts, self._classes
        for character, point in _PREFERRED:
            found.setdefault(classes[bisect_right(starts, point) - 1], character)
        for start, number in zip(self._starts, self._classes, strict=True):
            found.setdefault(number, chr(start))
        return tuple(found[number] for number in range(len(self._moves)))

    def _class(self, character: str) -> int:
        return self._classes[bisect_right(self._starts, ord(character)) - 1]

    def _closed(self, mask: int) -> int:
        while True:
            grown = mask | (mask & self._skip_one) << 1 | (mask & self._skip_three) << 3
            if grown == mask:
                return mask
            mask = grown

    def step(self, mask: int, symbol: int) -> int:
        """The positions reached from ``mask`` by a character of class ``symbol``."""
        runs = self._deep if self.symbols[symbol] == "/" else self._deep | self._shallow
        return self._closed((mask & self._moves[symbol]) << 1 | mask & runs)

    def _forget(self) -> None:
        for state in self._states.values():
            state.steps.clear()  # states refer to each other in circles, which only the collector would free
        self._states = {}
        self._remembered = 0
        self._start = self._state(self.start)

    def _state(self, mask: int) -> _State:
        known = self._states.get(mask)
        if known is None:
            ended, owners = mask & self._accepting, set()
            while ended:
                low = ended & -ended
                owners.add(self._owners[low.bit_length() - 1])
                ended ^= low
            known = self._states[mask] = _State(mask, tuple(sorted(owners)))
        return known

    def _learn(self, state: _State, character: str) -> _State:
        if self._remembered >= self._memory:
            self._forget()
        self._remembered += 1
        reached = state.steps[character] = self._state(self.step(state.mask, self._class(character)))
        return reached

    def matching(self, text: str) -> tuple[int, ...]:
        """The numbers of the patterns that match the whole of ``text``, ascending."""
        return self._run(self._start, text).accepts

    def matching_each(self, paths: Iterable[str]) -> Iterator[tuple[int, ...]]:
        """``matching`` of each; what paths below one directory have in common is gone through once."""
        directories: dict[str, _State] = {}
        for path in paths:
            directory, slash, name = path.rpartition("/")
            state = directories.get(directory)
            if state is None:
                state = directories[directory] = self._run(self._start, directory)
            yield self._run(state, slash + name).accepts

    def _run(self, state: _State, text: str) -> _State:
        for character in text:
            try:
                state = state.steps[character]
            except KeyError:
                state = self._learn(state, character)
        return state

    def explore(  # noqa: C901, PLR0912 - the innermost loop of every proof, where a call costs as much as a step
        self,
        universe: Universe,
        *,
        within: Sequence[int] = (),
        without: Sequence[int] = (),
        budget: Budget,
    ) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Texts of ``universe`` in every pattern of ``within`` and none of ``without``, with all patterns that match.

        Shortest first; every combination of matching patterns that occurs at all is among them, so a search that
        ends has seen everything. Raises TooComplexError when ``budget`` is used up.
        """
        extents = [self.extents[number] for number in within]
        refused = sum(self.endings[number] for number in without)
        hopeless = sum(self.absorbing[number] for number in without)
        guide = extents[0] if extents else -1
        slash = self._class("/")
        moves, deep, runs = self._moves, self._deep, self._deep | self._shallow
        kinds = [symbol if symbol in {"/", "."} else "" for symbol in self.symbols]
        entries = {place: [steps.get(kind) for kind in kinds] for place, steps in universe.items()}
        spare = self._spare()
        surely = sum(spare)
        queue = deque([(self.start, "start", "")])
        seen = {(self.start, "start")}
        while queue:
            mask, place, text = queue.popleft()
            if place in _COMPLETE and not mask & refused:
                matching = self._state(mask).accepts
                if all(number in matching for number in within):
                    yield text, matching
            guided = mask & guide
            shallow, through = guided & runs, guided & deep
            entering = entries[place]
            for symbol, move in enumerate(moves):
                # Only what some position of the first pattern goes on by; all where none has to match.
                if extents and not (guided & move or (through if symbol == slash else shallow)):
                    continue
                budget.left -= 1
                if budget.left < 0:
                    raise TooComplexError
                entered = entering[symbol]
                if entered is None:
                    continue
                reached = self._closed((mask & move) << 1 | mask & (deep if symbol == slash else runs))
                if reached & hopeless:
                    continue
                for extent in extents:
                    if not reached & extent:
                        break
                else:
                    sure = reached & surely
                    while sure:
                        spared, kept = spare[sure & -sure]
                        reached, sure = reached & ~spared | kept, sure & ~spared
                    if (reached, entered) not in seen:
                        seen.add((reached, entered))
                        queue.append((reached, entered, text + self.symbols[symbol]))
