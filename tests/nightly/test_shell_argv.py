"""The long run of the argument-vector oracle: a new seed each day, tens of thousands of strings."""

import datetime as dt
import os
from pathlib import Path

import argv_oracle
import pytest

SEED = int(os.environ.get("FUZZ_SEED", dt.datetime.now(tz=dt.UTC).date().toordinal()))
COUNT = int(os.environ.get("FUZZ_COUNT", "50000"))
BATCH = 500


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not argv_oracle.available(), reason="bubblewrap doesn't work on this machine")
def test_no_argument_vector_is_missed(tmp_path: Path) -> None:
    wrong: list[tuple[str, list[list[str]]]] = []
    judged = 0
    for number in range(COUNT // BATCH):
        commands = argv_oracle.generate(SEED * 1000 + number, BATCH)
        observed = argv_oracle.observe(commands, tmp_path / str(number))
        for index, (command, vectors) in enumerate(zip(commands, observed, strict=True)):
            missed = argv_oracle.missed(index, command, vectors)
            judged += missed is not None and bool(vectors)
            if missed:
                wrong.append((command, missed))
    assert wrong == [], f"seed {SEED}"
    assert judged > COUNT // 50
