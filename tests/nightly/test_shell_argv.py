"""The long run of the argument-vector oracle: a new seed each day, tens of thousands of strings for each shell.

A string that it finds becomes a row of ``tests/analysis/shell/unsound.yaml``.
"""

import datetime as dt
import os
import shutil
from pathlib import Path

import argv_oracle
import pytest
import shell_soup
import test_agreement as agreement

SEED = int(os.environ.get("FUZZ_SEED", dt.datetime.now(tz=dt.UTC).date().toordinal()))
COUNT = int(os.environ.get("FUZZ_COUNT", "30000"))
BATCH = 500


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("dialect", ["bash", "zsh", "sh"])
def test_no_argument_vector_is_missed(
    dialect: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not argv_oracle.available(dialect):
        pytest.skip(
            f"NOT CHECKED AGAINST {dialect.upper()}: {argv_oracle.program(dialect)} or bubblewrap is missing"
        )
    texts = argv_oracle.accepted(agreement.strings(SEED, dialect), dialect)
    tally = argv_oracle.Tally()
    while tally.ran < COUNT:
        scratch = tmp_path / str(tally.ran)
        for run in argv_oracle.observe(shell_soup.distinct(texts, BATCH), dialect, scratch):
            tally.add(run)
        shutil.rmtree(scratch)
    report = (
        f"{dialect} seed {SEED}: {tally.ran} run, {tally.started} started something, {tally.claimed} claimed"
    )
    with capsys.disabled():
        print(report)  # noqa: T201 - the seed, for whoever looks at a night's log
    tally.sound()


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("dialect", ["bash", "zsh", "sh"])
def test_data_that_a_shell_evaluates_is_not_missed(dialect: str, tmp_path: Path) -> None:
    if not argv_oracle.available(dialect):
        pytest.skip(f"NOT CHECKED AGAINST {dialect.upper()}: a shell or bubblewrap is missing")
    strings = argv_oracle.accepted(shell_soup.evaluated(SEED), dialect)
    runs = argv_oracle.observe(shell_soup.distinct(strings, COUNT // 5), dialect, tmp_path)
    assert {run.text: found for run in runs if (found := argv_oracle.missed(run))} == {}, f"seed {SEED}"
