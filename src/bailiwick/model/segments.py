"""Exact set theory over unions of path globs, segment by segment.

Hundreds of globs over paths have too many combinations to go through character by character: every name of every
directory on the way is told apart from every other. Most such differences are forgotten at the next slash. So:

1. Globs are read as parts: a segment's pattern, or any number of segments. What differs in one part only is one
   pattern with a union there.
2. The names of one segment are told apart once: one name for each combination of segment patterns that occurs.
3. Paths are then built of these names, and few sets of positions remain between them.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from bailiwick.model.automaton import (
    ONE_SEGMENT,
    SLASH,
    Automaton,
    Budget,
    Chain,
    Item,
    One,
    Pair,
    Pattern,
    Run,
    TooComplexError,
)
from bailiwick.model.glob import Glob

Part: TypeAlias = frozenset[Chain] | None
"""What one segment may be; None is any number of segments."""

_SLASH: Final = One(((SLASH, SLASH),))
_DEEP: Final = Run(deep=True)
_ANY: Final[Part] = None


def _parts(chain: Chain) -> tuple[Part, ...]:
    """A path glob's chain, read as ``model.glob`` lays it out."""
    parts: list[Part] = []
    segment: list[Item] = []
    absolute = chain[:1] == (_SLASH,)
    items = list(chain[absolute:])
    if not absolute and items[:1] not in ([Pair()], [_DEEP]):
        raise TooComplexError
    while items:
        if not segment and items[:3] == [Pair(), _DEEP, _SLASH]:
            parts.append(_ANY)
            del items[:3]
        elif items == [Pair(), _SLASH, _DEEP] or (not segment and items == [_DEEP]):
            parts += [frozenset({tuple(segment)}), _ANY] if segment else [_ANY]
            return tuple(parts)
        elif items[0] == _SLASH:
            parts.append(frozenset({tuple(segment)}))
            segment = []
            del items[0]
        elif items[0] in (Pair(), _DEEP):
            raise TooComplexError
        else:
            segment.append(items.pop(0))
    return (*parts, frozenset({tuple(segment)})) if segment or parts else ()


def _joined(chains: Sequence[Chain]) -> Iterator[tuple[Part, ...]]:
    """The patterns of one union, those that differ in their last segment alone made one."""
    ends: defaultdict[tuple[object, ...], set[Chain]] = defaultdict(set)
    for parts in dict.fromkeys(map(_parts, chains)):
        named = [number for number, part in enumerate(parts) if part is not None]
        if not named:
            yield parts
            continue
        last = named[-1]
        ends[parts[:last], parts[last + 1 :]] |= parts[last] or set()
    for (before, after), end in ends.items():
        yield (*before, frozenset(end), *after)  # type: ignore[misc]


def _may_be_empty(chain: Chain) -> bool:
    return all(isinstance(item, Run) for item in chain)


class Unions:
    """Unions of path globs side by side: one bit for each position between the parts of their patterns."""

    def __init__(self, unions: Sequence[Sequence[Glob]], *, budget: Budget) -> None:
        """Raises TooComplexError when ``budget`` is used up, or where ``**`` stands inside a segment."""
        self._budget = budget
        slots: dict[frozenset[Chain], int] = {}
        takes: defaultdict[int, int] = defaultdict(int)
        self._extents: list[int] = []
        self._endings: list[int] = []
        self._sure: list[int] = []
        self._deep = begin = bit = 0
        for globs in unions:
            first, endings, sure = bit, 0, 0
            for parts in _joined([chain for glob in globs for chain in glob.chains]):
                begin |= 1 << bit
                for part in parts:
                    if part is None:
                        self._deep |= 1 << bit
                    else:
                        takes[slots.setdefault(part, len(slots))] |= 1 << bit
                    bit += 1
                endings |= 1 << bit
                if parts[-1:] == (_ANY,):
                    sure |= 1 << (bit - 1)
                bit += 1
            self._extents.append((1 << bit) - (1 << first))
            self._endings.append(endings)
            self._sure.append(sure)
        self._start = self._reduced(self._closed(begin))
        empty = sum(takes[number] for part, number in slots.items() if any(map(_may_be_empty, part)))
        self._root = self._start | self._stepped(self._start, empty)
        self._names = self._told_apart(slots, takes)

    def _told_apart(self, slots: dict[frozenset[Chain], int], takes: dict[int, int]) -> list[tuple[str, int]]:
        """One name for each combination of segment patterns, with the positions that go on with it."""
        names: dict[int, str] = {}
        segments = Automaton([Pattern(tuple(chains)) for chains in slots], apart=".")
        for name, matching in segments.explore(ONE_SEGMENT, budget=self._budget):
            names.setdefault(sum(takes[number] for number in matching), name)
        return [(name, moves) for moves, name in names.items()]

    def _stepped(self, mask: int, moves: int) -> int:
        return self._reduced(self._closed((mask & moves) << 1 | mask & self._deep))

    def _closed(self, mask: int) -> int:
        while (grown := mask | (mask & self._deep) << 1) != mask:
            mask = grown
        return mask

    def _reduced(self, mask: int) -> int:
        """A pattern that matches whatever follows does for all of its union."""
        for extent, sure in zip(self._extents, self._sure, strict=True):
            if mask & sure:
                one = sure & -sure
                mask = mask & ~extent | one | one << 1
        return mask

    def combinations(
        self, *, within: Sequence[int] = (), without: Sequence[int] = ()
    ) -> Iterator[tuple[str, tuple[int, ...]]]:
        """A path for each combination of unions that some path is in, with the numbers of all that it is in.

        Only paths in all of ``within`` and in none of ``without``, absolute and lexically normal; the fewest segments
        first. Raises TooComplexError when the budget is used up.
        """
        needed = [self._extents[number] for number in within]
        refused = sum(self._endings[number] for number in without)
        hopeless = sum(self._sure[number] for number in without)
        told: set[tuple[int, ...]] = set()
        queue, seen = deque([(self._start, "")]), {self._start}
        while queue:
            mask, path = queue.popleft()
            ended = mask if path else self._root
            matching = tuple(n for n, endings in enumerate(self._endings) if ended & endings)
            if not ended & refused and matching not in told and all(n in matching for n in within):
                told.add(matching)
                yield path or "/", matching
            moved: set[int] = set()
            for name, moves in self._names:
                self._budget.spend()
                move = mask & moves
                if move in moved:
                    continue
                moved.add(move)
                reached = self._stepped(mask, moves)
                if reached in seen or reached & hopeless or not all(reached & one for one in needed):
                    continue
                seen.add(reached)
                queue.append((reached, f"{path}/{name}"))
