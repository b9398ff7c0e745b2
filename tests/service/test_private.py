"""What root's commands leave beside a log is its owner's, so that the service's account isn't locked out."""

import os
from pathlib import Path

import pytest
from posts import filled

from bailiwick.cli.main import main
from bailiwick.service.private import keep_private

NOBODY = 65_534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_leaves_is_the_owner_s(tmp_path: Path) -> None:
    state = filled(tmp_path / "state", 3)
    for path in (state, *state.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    (tmp_path / "sinks.yaml").write_text(f"sinks:\n  - {{name: a, to: file, path: {tmp_path}/out}}\n")
    words = ["--state", str(state)]
    assert main(["log", "search", *words]) == 0
    assert main(["detect", "incidents", *words]) == 0
    assert main(["sink", "run", "--once", "--config", str(tmp_path / "sinks.yaml"), *words]) == 0
    made = [*state.glob("index*"), *state.glob("incidents*"), state / "sinks", *(state / "sinks").iterdir()]
    assert len(made) >= 5
    assert {path.stat().st_uid for path in made} == {NOBODY}


def test_it_is_for_one_account(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch(0o666)
    keep_private(path)
    assert path.stat().st_mode & 0o777 == 0o600
