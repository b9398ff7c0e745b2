"""`bailiwick service`: starting it says at once when it has no policy, or another than the one asked for."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bailiwick.cli.main import main


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    main(["service", "stop", "--state", str(tmp_path / "state")])


def start(state: Path, policy: Path) -> subprocess.CompletedProcess[str]:
    verb = [
        sys.executable,
        "-m",
        "bailiwick.cli.main",
        "service",
        "start",
        "--state",
        state,
        "--policy",
        policy,
    ]
    return subprocess.run(verb, capture_output=True, text=True, check=False)


def test_a_service_without_policy_is_not_a_success(state: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    main(["init", str(policy)])
    (policy / "profiles" / "bad.yaml").write_text("profile: [")
    started = start(state, policy)
    assert started.returncode == 2
    assert f"policy {policy}: none is in force, so all is denied: profiles/bad.yaml:" in started.stderr


def test_a_running_service_is_not_mistaken_for_one_with_another_policy(state: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        main(["init", str(tmp_path / name)])
    assert [start(state, tmp_path / "one").returncode for _ in range(2)] == [0, 0]
    other = start(state, tmp_path / "two")
    assert other.returncode == 3
    assert f"decides by {tmp_path / 'one'}, not by {tmp_path / 'two'}" in other.stderr


def test_stopping_what_does_not_run_says_so(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state.mkdir()
    assert main(["service", "stop", "--state", str(state)]) == 0
    assert "was not running" in capsys.readouterr().out
