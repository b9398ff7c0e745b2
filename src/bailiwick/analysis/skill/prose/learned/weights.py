"""What was learned: a whole number for each feature, kept in one file of data that is checked before it is used.

``weights.bin`` is compressed (RFC 1950): a line of JSON that says how to read it, the weights of whether a passage is an order, and those of
which of several orders it is. ``scripts/voice`` makes it; docs/adr/0024 says from what, and what it reaches.
"""

import json
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import isqrt
from typing import Final

from bailiwick.analysis.skill.prose.learned.words import BITS

TABLE: Final = "weights.bin"
DIGEST: Final = "c3b3f05777bd15f9d49e61e80ab9902885c429c60ab43bff7134aa6c8b790661"
"""SHA-256 of the file."""

VERSION: Final = 1
MAX_BYTES: Final = 4 * 2**20
"""Bytes that the file may come to, unpacked."""

POINTS: Final = 1_000
"""Points to one unit of the learned margin (the natural logarithm of the odds)."""


class WeightsError(ValueError):
    """The file of weights isn't the one that belongs here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights in whole numbers, ``scale`` to one unit. ``floor`` is the least number of features a passage counts as.

    A passage of at least ``review``, ``high``, ``sure`` points is worth a look, of high severity, and sure.
    """

    order: Sequence[int]
    sorts: Sequence[Sequence[int]]
    names: tuple[str, ...]
    scale: int
    floor: int
    bias: int
    review: int
    high: int
    sure: int

    def points(self, features: frozenset[int]) -> int:
        """How much speaks for an order, in points; whole numbers only, so it is the same on every machine."""
        order = self.order
        total = sum([order[one] for one in features])
        length = isqrt(max(len(features), self.floor) * POINTS * POINTS)
        return total * POINTS * POINTS // (self.scale * length) + self.bias

    def sort(self, words: Iterable[int]) -> str:
        """Which order a passage of these words most likely is."""
        mask = len(self.sorts[0]) - 1
        small = {one & mask for one in words}
        sums = [sum([row[one] for one in small]) for row in self.sorts]
        return self.names[sums.index(max(sums))]


@cache
def weights() -> Weights:
    """The weights, read and checked. Raises WeightsError."""
    return parse(files(__package__).joinpath(TABLE).read_bytes(), DIGEST)


def parse(data: bytes, digest: str) -> Weights:
    """The weights that a file holds. Raises WeightsError."""
    if sha256(data).hexdigest() != digest:
        raise WeightsError(f"{TABLE}: not the file that this version was measured with; install it again")
    reader = zlib.decompressobj()
    head, _, body = reader.decompress(data, MAX_BYTES).partition(b"\n")
    said = json.loads(head)
    if said.pop("version") != VERSION or said.pop("bits") != BITS:
        raise WeightsError(f"{TABLE}: of another version; install it again")
    rows = array("b", body)
    first, width = 1 << BITS, 1 << said.pop("sort_bits")
    names = tuple(said.pop("names"))
    if len(rows) != first + width * len(names):
        raise WeightsError(f"{TABLE}: {len(rows)} weights, where {first + width * len(names)} are named")
    sorts = tuple(rows[first + at * width : first + (at + 1) * width] for at in range(len(names)))
    return Weights(order=rows[:first], sorts=sorts, names=names, **said)
