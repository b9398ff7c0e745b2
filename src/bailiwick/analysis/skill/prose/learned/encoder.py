"""A small transformer that reads a passage as a whole: what speaks for an order, and for which one.

Vaswani et al. 2017, as in BERT (Devlin et al. 2019); begun from MiniLM (Wang et al. 2020), taught by ``scripts/voice/teach.py``.
Its weights are whole numbers of eight bits, with a scale for each row. Sums are of single precision: points may differ by one or two of a
thousand between machines. docs/adr/0027 says from what it learned, what it reaches and what it costs.
"""

import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import accumulate, pairwise
from typing import Any, Final

from bailiwick.analysis.skill.prose.learned.pieces import PIECES, pieces
from bailiwick.analysis.skill.prose.learned.weights import POINTS, WeightsError

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # passages are small, and skills are scanned side by side

import numpy as np
from numpy.typing import NDArray

MODEL: Final = "encoder.npz"
DIGEST: Final = "c1651c08cbb4f62297f4dc0bb87a647290d5696bcd245d3a6a8cd4d134c45497"
"""SHA-256 of the file."""

VERSION: Final = 1
AT_ONCE: Final = 192
"""Pieces that are read together: what is held of them stays near the processor, and is written over layer by layer."""

Floats = NDArray[np.float32]


class Room:
    """What the layers of one reading write their sums into: to ask for new room each time takes longer than the sums."""

    __slots__ = ("bent", "heard", "mixed", "squares", "wide")

    def __init__(self, pieces: int, width: int, wide: int) -> None:
        self.mixed = np.empty((pieces, 3 * width), np.float32)
        self.heard = np.empty((pieces, width), np.float32)
        self.squares = np.empty((pieces, width), np.float32)
        self.wide, self.bent = np.empty((2, pieces, wide), np.float32)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the transformer: attention to all pieces by several heads, then two dense steps for each piece."""

    asked: tuple[Floats, Floats]
    """What each piece asks for, offers and tells, side by side: matrix and offset."""
    told: tuple[Floats, Floats]
    wide: tuple[Floats, Floats]
    narrow: tuple[Floats, Floats]
    norms: tuple[tuple[Floats, Floats], tuple[Floats, Floats]]

    def read(self, pieces: Floats, ends: Sequence[int], heads: int, room: Room) -> None:
        """Turn the pieces of some passages, which stand one behind the other, into what they are after this layer."""
        count, width = pieces.shape
        mixed = _dense(pieces, self.asked, room.mixed[:count]).reshape(count, 3, heads, width // heads)
        heard = room.heard[:count]
        for start, end in pairwise((0, *ends)):
            asks, offers, tells = mixed[start:end].transpose(1, 2, 0, 3)
            fit = asks @ offers.swapaxes(-1, -2)
            fit *= np.float32((width // heads) ** -0.5)
            fit -= fit.max(-1, keepdims=True)
            np.exp(fit, out=fit)
            fit /= fit.sum(-1, keepdims=True)
            heard[start:end] = (fit @ tells).swapaxes(0, 1).reshape(end - start, width)
        squares = room.squares[:count]
        pieces += _dense(heard, self.told, squares)
        _norm(pieces, self.norms[0], squares)
        wide = _dense(pieces, self.wide, room.wide[:count])
        pieces += _dense(_gelu(wide, room.bent[:count]), self.narrow, heard)
        _norm(pieces, self.norms[1], squares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """The whole model, unpacked."""

    known: dict[str, int]
    words: NDArray[np.int8]
    scale: Floats
    places: Floats
    norm: tuple[Floats, Floats]
    layers: tuple[Layer, ...]
    heads: int
    head: tuple[Floats, Floats]
    rules: tuple[str, ...]

    def read(self, texts: Sequence[str]) -> list[tuple[int, str]]:
        """For each passage its points for an order, and the rule whose harm it most likely asks for."""
        rows = [pieces(text, self.known) for text in texts]
        room = Room(max(AT_ONCE, PIECES), self.places.shape[1], len(self.layers[0].wide[1]))
        found: list[tuple[int, str]] = []
        chosen: list[list[int]] = []
        for row in rows:
            if chosen and sum(map(len, chosen)) + len(row) > AT_ONCE:
                found += self._together(chosen, room)
                chosen = []
            chosen.append(row)
        return found + self._together(chosen, room) if chosen else found

    def _together(self, rows: Sequence[Sequence[int]], room: Room) -> list[tuple[int, str]]:
        ends = list(accumulate(map(len, rows)))
        numbers = np.concatenate(rows)
        said = self.words[numbers] * self.scale[numbers][:, None]
        said += np.concatenate([self.places[: len(row)] for row in rows])
        _norm(said, self.norm, room.squares[: len(said)])
        for layer in self.layers:
            layer.read(said, ends, self.heads, room)
        means = np.stack([said[start:end].mean(0) for start, end in pairwise((0, *ends))])
        margins = means @ self.head[0] + self.head[1]
        return [(round(float(row[0]) * POINTS), self.rules[int(row[1:].argmax())]) for row in margins]


def _dense(values: Floats, step: tuple[Floats, Floats], out: Floats) -> Floats:
    np.matmul(values, step[0], out=out)
    out += step[1]
    return out


def _norm(values: Floats, by: tuple[Floats, Floats], squares: Floats) -> None:
    values -= values.mean(-1, keepdims=True)
    np.multiply(values, values, out=squares)
    values /= np.sqrt(squares.mean(-1, keepdims=True) + np.float32(1e-12))
    values *= by[0]
    values += by[1]


def _gelu(values: Floats, out: Floats) -> Floats:
    """Hendrycks and Gimpel 2016, by tanh; twice as much, which the next step's matrix makes good."""
    inner = np.float32((2 / np.pi) ** 0.5)
    np.multiply(values, values, out=out)
    out *= inner * np.float32(0.044715)
    out += inner
    out *= values
    np.tanh(out, out=out)
    out += 1
    out *= values
    return out


@cache
def encoder() -> Encoder:
    """The model, read and checked. Raises WeightsError."""
    return parse(files(__package__).joinpath(MODEL).read_bytes(), DIGEST)


def parse(data: bytes, digest: str) -> Encoder:
    """The model that a file holds. Raises WeightsError."""
    if sha256(data).hexdigest() != digest:
        raise WeightsError(f"{MODEL}: not the file that this version was measured with; install it again")
    table: dict[str, NDArray[Any]] = dict(np.load(io.BytesIO(data), allow_pickle=False))
    head = json.loads(table["head"].tobytes())
    if head["version"] != VERSION:
        raise WeightsError(f"{MODEL}: of another version; install it again")

    def pair(name: str) -> tuple[Floats, Floats]:
        return table[f"{name}.gain"], table[f"{name}.offset"]

    def dense(name: str, scale: float = 1) -> tuple[Floats, Floats]:
        rows = table[f"{name}.rows"] * (table[f"{name}.scale"][:, None] * np.float32(scale))
        return rows.T.copy(), table[f"{name}.offset"]

    known = table["pieces"].tobytes().decode().split("\n")
    return Encoder(
        known={piece: at for at, piece in enumerate(known)},
        words=table["words.rows"],
        scale=table["words.scale"],
        places=table["places"],
        norm=pair("norm"),
        layers=tuple(
            Layer(
                asked=dense(f"{at}.asked"),
                told=dense(f"{at}.told"),
                wide=dense(f"{at}.wide"),
                narrow=dense(f"{at}.narrow", 0.5),
                norms=(pair(f"{at}.first"), pair(f"{at}.second")),
            )
            for at in range(head["layers"])
        ),
        heads=head["heads"],
        head=(table["head.matrix"], table["head.offset"]),
        rules=tuple(head["rules"]),
    )
