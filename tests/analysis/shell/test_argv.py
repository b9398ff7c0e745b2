"""Whatever argument vector bash starts, the reader must have predicted, where it claims to understand.

A small run; the long one is nightly. Needs bubblewrap, which the installer names as a requirement.
"""

from pathlib import Path

import argv_oracle
import pytest


@pytest.mark.skipif(not argv_oracle.available(), reason="bubblewrap doesn't work on this machine")
def test_no_argument_vector_is_missed(tmp_path: Path) -> None:
    commands = argv_oracle.generate(seed=11, count=400)
    observed = argv_oracle.observe(commands, tmp_path)
    judged = [argv_oracle.missed(n, c, v) for n, (c, v) in enumerate(zip(commands, observed, strict=True))]
    assert sum(1 for m, v in zip(judged, observed, strict=True) if m is not None and v) > 10, (
        "too few were judged"
    )
    assert [c for c, m in zip(commands, judged, strict=True) if m] == []
