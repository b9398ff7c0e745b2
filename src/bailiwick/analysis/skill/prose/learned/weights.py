"""The first glance at a passage: a whole number for each feature, kept in one file of data that is checked before it is used.

``weights.bin`` is compressed (RFC 1950): a line of JSON that says how to read it, then the weights of whether a passage is an order.
``scripts/voice`` makes it; docs/adr/0024 says from what. What passes is read by the encoder.
"""

import json
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import isqrt
from typing import Final

from bailiwick.analysis.skill.prose.learned.words import BITS

TABLE: Final = "weights.bin"
DIGEST: Final = "05cc7be26ff97db751d2a8fbe460cffa008356375425288aedf15b2ef7066492"
"""SHA-256 of the file."""

VERSION: Final = 2
MAX_BYTES: Final = 4 * 2**20
"""Bytes that the file may come to, unpacked."""

POINTS: Final = 1_000
"""Points to one unit of the learned margin (the natural logarithm of the odds)."""


class WeightsError(ValueError):
    """The file of weights isn't the one that belongs here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights in whole numbers, ``scale`` to one unit. ``floor`` is the least number of features a passage counts as.

    A passage of fewer than ``glance`` points is no order, and isn't read on.
    """

    order: Sequence[int]
    scale: int
    floor: int
    bias: int
    glance: int

    def points(self, features: frozenset[int]) -> int:
        """How much speaks for an order, in points; whole numbers only, so it is the same on every machine."""
        order = self.order
        total = sum([order[one] for one in features])
        length = isqrt(max(len(features), self.floor) * POINTS * POINTS)
        return total * POINTS * POINTS // (self.scale * length) + self.bias


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
    order = array("b", body)
    if len(order) != 1 << BITS:
        raise WeightsError(f"{TABLE}: {len(order)} weights, where {1 << BITS} are named")
    return Weights(order=order, **said)
