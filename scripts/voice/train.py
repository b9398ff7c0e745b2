"""Learn the weights of the first glance (docs/adr/0024).

    python scripts/voice/train.py NEGATIVES.jsonl [--without WRITER] [--out weights.bin]

Needs requirements.txt beside it, in an environment of its own. The same negatives, corpus and pages give the same file.
"""

import argparse
import json
import zlib
from hashlib import sha256
from pathlib import Path

import numpy as np
from examples import ROOT, negatives, pages, spread, written
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from bailiwick.analysis.skill.prose.learned.reader import runs
from bailiwick.analysis.skill.prose.learned.weights import POINTS, TABLE, VERSION
from bailiwick.analysis.skill.prose.learned.words import BITS, features
from bailiwick.analysis.skill.speech import Sentence

FLOOR = 60
WRITTEN = 2
"""How much an honest neighbour that was written for this counts for."""

SCALE = 12
GLANCE = -5_500
"""Points that one passage in forty of a public skill has; how many bad ones: docs/adr/0027."""


def passages(listed: list[Sentence]) -> list[frozenset[int]]:
    """The features of each passage."""
    known = [features(one.text) for one in listed]
    return [frozenset().union(*[known[at] for at in run]) for run in runs(listed)]


def matrix(rows: list[frozenset[int]]) -> csr_matrix:
    """One row for each passage, of length one, short ones as if they were of FLOOR features."""
    starts = np.cumsum([0, *[len(row) for row in rows]])
    columns = np.fromiter((one for row in rows for one in sorted(row)), np.int32, starts[-1])
    values = np.concatenate([np.full(len(row), max(len(row), FLOOR) ** -0.5, np.float32) for row in rows])
    return csr_matrix((values, columns, starts), shape=(len(rows), 1 << BITS))


def train(path: Path, out: Path, without: str) -> None:
    """Learn from everything but what one writer wrote, and write the weights."""
    public = [passage for listed in negatives(path) for passage in spread(passages(listed))]
    bad, good = [], [*public, *[passage for listed in pages() for passage in passages(listed)]]
    others = len(good)
    for is_bad, _, listed in written(without):
        (bad if is_bad else good).extend(passages(listed))
    x = vstack([matrix(bad), matrix(good)])
    y = np.r_[np.ones(len(bad)), np.zeros(len(good))]
    weight = np.r_[np.ones(len(bad)), np.ones(others), np.full(len(good) - others, WRITTEN)]
    learned = LogisticRegression(C=30, solver="liblinear", max_iter=200, tol=1e-3, random_state=0).fit(
        x, y, weight
    )
    order = np.clip(np.round(learned.coef_[0] * SCALE), -127, 127).astype(np.int8)
    head = {"version": VERSION, "bits": BITS, "scale": SCALE, "floor": FLOOR, "glance": GLANCE}
    head |= {"bias": round(float(learned.intercept_[0]) * POINTS)}
    data = zlib.compress(json.dumps(head).encode() + b"\n" + order.tobytes(), 9)
    out.write_bytes(data)
    print(f"{len(bad)} bad, {len(good)} good, {len(data)} bytes, sha256 {sha256(data).hexdigest()}")


def main() -> None:
    """Take the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("negatives", type=Path)
    parser.add_argument("--without", default="")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "src/bailiwick/analysis/skill/prose/learned" / TABLE
    )
    said_so = parser.parse_args()
    train(said_so.negatives, said_so.out, said_so.without)


if __name__ == "__main__":
    main()
