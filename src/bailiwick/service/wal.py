"""Whether commits were taken out of SQLite's write-ahead log: a byte that changes there ends it, and what follows was never written.

Each frame has a checksum over itself and all before it (https://sqlite.org/fileformat2.html, "The Write-Ahead Log"), and SQLite reads as
far as these hold. So two things show that there was more:

1. The index in shared memory (https://sqlite.org/walformat.html), which outlives a killed process, counts more frames than hold.
2. A frame holds that follows one which doesn't: frames are written one after the other.
"""

from collections.abc import Iterator
from operator import mul
from pathlib import Path
from struct import Struct

from bailiwick.model.value import value

MOST = 256 * 1024 * 1024
"""Bytes of a write-ahead log that are looked at, at most."""

_HEADER, _FRAME = Struct(">8I"), Struct(">6I")
_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF
_INDEX = 48
"""Bytes of the index's header; of its numbers, in the machine's order, the fifth counts frames, the ninth and tenth are the salts."""

Sums = tuple[int, int]


@value(frozen=True, slots=True)
class Counted:
    """What the index in shared memory says: how many frames there are, and of which write-ahead log."""

    frames: int
    salts: bytes


def counted(database: Path) -> Counted | None:
    """What the index of a database says; None where there is none. To be asked before SQLite makes it anew."""
    try:
        with database.with_name(f"{database.name}-shm").open("rb") as file:
            head = file.read(_INDEX)
    except OSError:
        return None
    if len(head) < _INDEX or not any(head):
        return None
    return Counted(int.from_bytes(head[16:20], "little"), head[32:40])


def wal_fault(database: Path, before: Counted | None) -> str:
    """What is missing of a database's write-ahead log, in words; empty where nothing is known to be. Raises OSError."""
    path = database.with_name(f"{database.name}-wal")
    try:
        with path.open("rb") as file:
            data = file.read(MOST)
    except FileNotFoundError:
        data = b""
    frames = before.frames if before is not None else 0
    if not _begins(data):
        return (
            f"{path.name}: it is gone, or its beginning was changed: {frames} frames were committed"
            if frames
            else ""
        )
    holds = list(_holding(data))
    whole = next((number for number, hold in enumerate(holds) if not hold), len(holds))
    if before is not None and before.salts == data[16:24] and whole < frames:
        return f"{path.name}: {frames - whole} of {frames} frames that were committed were changed or cut off"
    if True in holds[whole:]:
        return f"{path.name}: frame {whole + 1} was changed, and what follows it is not read for that"
    return ""


def _begins(data: bytes) -> bool:
    """Whether a write-ahead log begins as one does."""
    if len(data) < _HEADER.size:
        return False
    told = _HEADER.unpack_from(data)
    sums = _summed(Struct(f"{_order(told[0])}6I").unpack_from(data), _weights(6), (0, 0))
    return told[0] & ~1 == _MAGIC and sums == told[6:8]


def _order(magic: int) -> str:
    return ">" if magic & 1 else "<"


def _holding(data: bytes) -> Iterator[bool]:
    """Of each frame of this write-ahead log whether its checksum holds, given what the one before it says of itself."""
    magic, _, size, _, *rest = _HEADER.unpack_from(data)
    salts, sums = tuple(rest[:2]), (rest[2], rest[3])
    words, weights = Struct(f"{_order(magic)}{(size + 8) // 4}I"), _weights((size + 8) // 4)
    for place in range(_HEADER.size, len(data) - _FRAME.size - size + 1, _FRAME.size + size):
        _, _, one, other, *kept = _FRAME.unpack_from(data, place)
        if (one, other) != salts:
            return  # it stood here before this log was begun anew
        frame = data[place : place + 8] + data[place + _FRAME.size : place + _FRAME.size + size]
        yield _summed(words.unpack(frame), weights, sums) == tuple(kept)
        sums = kept[0], kept[1]


def _weights(count: int) -> tuple[list[int], list[int], Sums, Sums]:
    """How much each of ``count`` words, and the two sums before them, weigh in the last sum but one and in the last: Fibonacci numbers."""
    numbers = [0, 1]
    while len(numbers) < count + 3:
        numbers.append((numbers[-1] + numbers[-2]) & _MASK)
    last, but_one = numbers[count:0:-1], numbers[count - 1 :: -1]
    return but_one, last, (numbers[count - 1], numbers[count]), (numbers[count], numbers[count + 1])


def _summed(words: tuple[int, ...], weights: tuple[list[int], list[int], Sums, Sums], before: Sums) -> Sums:
    """SQLite's checksum of words after other words: each sum is the word and the two sums before it."""
    but_one, last, first_weights, second_weights = weights
    first = sum(map(mul, words, but_one)) + before[0] * first_weights[0] + before[1] * first_weights[1]
    second = sum(map(mul, words, last)) + before[0] * second_weights[0] + before[1] * second_weights[1]
    return first & _MASK, second & _MASK
