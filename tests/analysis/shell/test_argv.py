"""Whatever argument vector a shell starts, the reader must have predicted, where it claims to understand.

A small run for each shell; the long one is nightly. What a run once found stays as a row of ``unsound.yaml``.
"""

from pathlib import Path
from typing import Any

import argv_oracle
import pytest
import shell_soup
import test_agreement as agreement
import yaml

ROWS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "unsound.yaml").read_text(encoding="utf-8")
)
SIZES = {"bash": 450, "zsh": 350, "sh": 200}


@pytest.mark.parametrize("dialect", SIZES)
def test_no_argument_vector_is_missed(dialect: str, tmp_path: Path) -> None:
    if not argv_oracle.available(dialect):
        pytest.skip(
            f"NOT CHECKED AGAINST {dialect.upper()}: {argv_oracle.program(dialect)} or bubblewrap is missing"
        )
    strings = argv_oracle.accepted(agreement.strings(11, dialect), dialect)
    texts = shell_soup.distinct(strings, SIZES[dialect])
    tally = argv_oracle.Tally()
    for run in argv_oracle.observe(texts, dialect, tmp_path):
        tally.add(run)
    tally.sound()


@pytest.mark.parametrize("dialect", SIZES)
def test_data_that_a_shell_evaluates_is_not_missed(dialect: str, tmp_path: Path) -> None:
    if not argv_oracle.available(dialect):
        pytest.skip(f"NOT CHECKED AGAINST {dialect.upper()}: a shell or bubblewrap is missing")
    strings = argv_oracle.accepted(shell_soup.evaluated(11), dialect)
    runs = argv_oracle.observe(shell_soup.distinct(strings, 200), dialect, tmp_path)
    assert {run.text: found for run in runs if (found := argv_oracle.missed(run))} == {}
    assert sum(bool(run.vectors) for run in runs) > len(runs) // 12


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['dialect']}: {row['text'][:40]}")
def test_what_a_run_once_found(row: dict[str, Any]) -> None:
    vectors = tuple(tuple(vector) for vector in row["starts"])
    run = argv_oracle.Run(row["text"], row["dialect"], "/w", vectors)
    assert vectors
    assert row.get("data") or not argv_oracle.unseen(
        run
    )  # text that is evaluated holds no command for the parser
    assert not argv_oracle.missed(run)


def test_the_judges_can_fail() -> None:
    """A vector that the string can't start is missed by both."""
    run = argv_oracle.Run("aa b | bb", "bash", "/w", (("aa", "b"), ("qq",)))
    assert argv_oracle.unseen(run) == argv_oracle.missed(run) == [("qq",)]
