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
from typing import Any, Final

from bailiwick.analysis.skill.prose.learned.pieces import pieces
from bailiwick.analysis.skill.prose.learned.weights import POINTS, WeightsError

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # passages are small, and skills are scanned side by side

import numpy as np
from numpy.typing import NDArray

MODEL: Final = "encoder.npz"
DIGEST: Final = "c1651c08cbb4f62297f4dc0bb87a647290d5696bcd245d3a6a8cd4d134c45497"
"""SHA-256 of the file."""

VERSION: Final = 1
AT_ONCE: Final = 16
"""Passages that are read together."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the transformer: attention to all pieces by several heads, then two dense steps for each piece."""

    asked: tuple[Floats, Floats]
    """What each piece asks for, offers and tells, side by side: matrix and offset."""
    told: tuple[Floats, Floats]
    wide: tuple[Floats, Floats]
    narrow: tuple[Floats, Floats]
    norms: tuple[tuple[Floats, Floats], tuple[Floats, Floats]]

    def read(self, pieces: Floats, hidden: Floats, heads: int) -> Floats:
        """The pieces of each passage after this layer; ``hidden`` is very negative where a passage has no piece."""
        passages, length, width = pieces.shape
        mixed = _dense(pieces, self.asked).reshape(passages, length, 3, heads, width // heads)
        asks, offers, tells = mixed.transpose(2, 0, 3, 1, 4)
        fit = asks @ offers.swapaxes(-1, -2) * np.float32((width // heads) ** -0.5) + hidden
        fit = np.exp(fit - fit.max(-1, keepdims=True))
        fit /= fit.sum(-1, keepdims=True)
        heard = (fit @ tells).swapaxes(1, 2).reshape(passages, length, width)
        pieces = _norm(pieces + _dense(heard, self.told), self.norms[0])
        return _norm(pieces + _dense(_gelu(_dense(pieces, self.wide)), self.narrow), self.norms[1])


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
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        found = [(0, "")] * len(rows)
        for start in range(0, len(order), AT_ONCE):
            chosen = order[start : start + AT_ONCE]
            for at, told in zip(chosen, self._together([rows[at] for at in chosen]), strict=True):
                found[at] = told
        return found

    def _together(self, rows: Sequence[Sequence[int]]) -> list[tuple[int, str]]:
        length = max(map(len, rows))
        numbers = np.array([[*row, *[0] * (length - len(row))] for row in rows])
        there = np.array([[1] * len(row) + [0] * (length - len(row)) for row in rows], np.float32)
        said = self.words[numbers] * self.scale[numbers][..., None] + self.places[:length]
        said = _norm(said, self.norm)
        hidden = (there[:, None, None, :] - 1) * np.float32(1e4)
        for layer in self.layers:
            said = layer.read(said, hidden, self.heads)
        means = (said * there[..., None]).sum(1) / there.sum(1, keepdims=True)
        margins = _dense(means, self.head)
        return [(round(float(row[0]) * POINTS), self.rules[int(row[1:].argmax())]) for row in margins]


def _dense(values: Floats, step: tuple[Floats, Floats]) -> Floats:
    matrix, offset = step
    return np.asarray(values.reshape(-1, len(matrix)) @ matrix + offset).reshape(*values.shape[:-1], -1)


def _norm(values: Floats, by: tuple[Floats, Floats]) -> Floats:
    values = values - values.mean(-1, keepdims=True)
    spread = np.sqrt((values * values).mean(-1, keepdims=True) + np.float32(1e-12))
    return np.asarray(values / spread * by[0] + by[1])


def _gelu(values: Floats) -> Floats:
    """Hendrycks and Gimpel 2016, by tanh."""
    inner = np.float32((2 / np.pi) ** 0.5) * values * (1 + np.float32(0.044715) * values * values)
    return np.asarray(np.float32(0.5) * values * (1 + np.tanh(inner)))


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

    def dense(name: str) -> tuple[Floats, Floats]:
        return (table[f"{name}.rows"] * table[f"{name}.scale"][:, None]).T.copy(), table[f"{name}.offset"]

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
                narrow=dense(f"{at}.narrow"),
                norms=(pair(f"{at}.first"), pair(f"{at}.second")),
            )
            for at in range(head["layers"])
        ),
        heads=head["heads"],
        head=(table["head.matrix"], table["head.offset"]),
        rules=tuple(head["rules"]),
    )
