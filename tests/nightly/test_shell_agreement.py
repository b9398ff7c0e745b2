"""The long run of the parser against other readers: a new seed each day unless ``FUZZ_SEED`` says which.

A string that it finds becomes a row of ``test_agreement.py`` or of ``tests/analysis/shell/unsound.yaml``.
"""

import datetime as dt
import os
import shutil
import subprocess
from itertools import islice

import argv_oracle
import pytest
import shell_corpus
import test_agreement as agreement

from bailiwick.analysis.shell.parser import parse

SEED = int(os.environ.get("FUZZ_SEED", dt.datetime.now(tz=dt.UTC).date().toordinal()))
COUNT = int(os.environ.get("FUZZ_COUNT", "10000"))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("dialect", ["bash", "zsh", "sh"])
def test_what_is_accepted_is_valid(dialect: str) -> None:
    if shutil.which(argv_oracle.program(dialect)) is None:
        pytest.skip(f"NOT CHECKED AGAINST {dialect.upper()}: {argv_oracle.program(dialect)} is missing")
    texts = islice(argv_oracle.accepted(agreement.strings(SEED, dialect), dialect), COUNT)
    assert [text for text in texts if not agreement.valid(text, dialect)] == [], f"seed {SEED}"


def _taken(texts: list[str]) -> list[str]:
    """Those that shfmt reads; ``! !`` and ``time !``, which every bash runs, it refuses."""
    given = "\n".join(texts).encode()
    done = subprocess.run(
        [agreement.SHFMT, "-ln", "bash", "--to-json"], input=given, capture_output=True, check=False
    )
    if done.returncode == 0 or len(texts) == 1:
        return texts if done.returncode == 0 else []
    middle = len(texts) // 2
    return _taken(texts[:middle]) + _taken(texts[middle:])


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_shfmt_sees_the_same_commands() -> None:
    texts = [
        text
        for text in argv_oracle.accepted(shell_corpus.generate(seed=SEED, count=COUNT), "bash")
        if "\\`" not in text  # whose words stand nowhere as they are read
    ]
    taken = _taken(texts)
    different = [
        text
        for text, theirs in zip(taken, agreement.skeletons_of_shfmt(taken), strict=True)
        if shell_corpus.skeleton(parse(text), text) != theirs
    ]
    assert different == [], f"seed {SEED}"
    assert len(taken) > 0.95 * len(texts) > 0.45 * COUNT
