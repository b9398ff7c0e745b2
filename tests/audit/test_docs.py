"""Undocumented is a failing test: the reference of the record names every field, and the pages are up to date."""

import subprocess
import sys
from pathlib import Path

from bailiwick.audit.record import FIELD_MEANINGS, FIELD_NAMES

ROOT = Path(__file__).parents[2]


def test_every_field_has_a_meaning() -> None:
    assert set(FIELD_MEANINGS) == {*FIELD_NAMES, "epoch", "seq", "rules", "private", "key", "sealed"}


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/generate_docs", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
