"""The kernel as the judge, for as long as one likes: a new seed each day unless ``FUZZ_SEED`` says which."""

import datetime as dt
import os
import random
from pathlib import Path

import pytest
import strace_commands
from strace_oracle import FILES, ROOT, available, covered, missed, observed, run

__all__ = ["FILES", "ROOT", "covered", "observed", "run"]

SEED = int(os.environ.get("FUZZ_SEED", dt.datetime.now(tz=dt.UTC).date().toordinal()))
COUNT = int(os.environ.get("FUZZ_COUNT", "3000"))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not available(), reason="needs bubblewrap and strace")
@pytest.mark.parametrize("seed", [SEED])
def test_no_access_is_missed(seed: int, tmp_path: Path) -> None:
    source = random.Random(seed)  # noqa: S311 - reproducible, not secret
    commands = [strace_commands.command(source) for _ in range(COUNT)]
    judged = {text: missed(text, tmp_path) for text in commands}
    assert {text: wrong for text, wrong in judged.items() if wrong} == {}, f"seed {seed}"
    assert sum(1 for wrong in judged.values() if wrong is not None) > COUNT // 2, f"seed {seed}"
