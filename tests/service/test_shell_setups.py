"""The snapshots of a person's shell on disk: which are a session's, and that nothing about them raises."""

import os
from pathlib import Path

import pytest

from bailiwick.information.shell_setup import ShellSetup
from bailiwick.service import shell_setups
from bailiwick.service.shell_setups import PLACE, setup_of

OPENED = 1_795_997_000


def snapshot(home: Path, alias: str, *, at: int = OPENED, kind: str = "bash") -> Path:
    place = home / PLACE
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"snapshot-{kind}-{at}000-{alias.partition('=')[0]}{len(list(place.iterdir()))}.sh"
    file.write_text(f"# Snapshot file\n# Aliases\nalias -- {alias}\n", encoding="utf-8")
    return file


def aliases(home: Path, shell: str = "/bin/bash") -> dict[str, str]:
    return dict(setup_of(str(home), shell, OPENED).aliases)


def test_a_session_has_the_aliases_of_its_snapshot(tmp_path: Path) -> None:
    snapshot(tmp_path, "g='git'")
    assert aliases(tmp_path) == {"g": "git"}


def test_another_shells_and_older_snapshots_do_not_count(tmp_path: Path) -> None:
    snapshot(tmp_path, "z='ls'", kind="zsh")
    snapshot(tmp_path, "old='ls'", at=OPENED - shell_setups.EARLY_SECONDS - 1)
    snapshot(tmp_path, "early='ls'", at=OPENED - shell_setups.EARLY_SECONDS + 1)
    assert aliases(tmp_path) == {"early": "ls"}
    assert aliases(tmp_path, "/usr/bin/zsh") == {"z": "ls"}


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    file = snapshot(tmp_path, "g='git'")
    assert aliases(tmp_path) == {"g": "git"}
    file.write_text("# Aliases\nalias -- g='git push'\n", encoding="utf-8")
    assert aliases(tmp_path) == {"g": "git push"}


def test_where_clients_differ_the_name_may_run_anything(tmp_path: Path) -> None:
    snapshot(tmp_path, "g='git'")
    snapshot(tmp_path, "g='gh'", at=OPENED + 5)
    setup = setup_of(str(tmp_path), "/bin/bash", OPENED)
    assert setup == ShellSetup(functions=frozenset({"g"}))


@pytest.mark.parametrize("odd", ["nothing", "a directory", "a link", "too large", "no text", "a fifo"])
def test_whatever_lies_there_nothing_raises(tmp_path: Path, odd: str) -> None:
    if odd != "nothing":
        file = snapshot(tmp_path, "g='git'")
        file.unlink()
        match odd:
            case "a directory":
                file.mkdir()
            case "a link":
                file.symlink_to("/dev/zero")
            case "too large":
                file.write_bytes(b"#" * (shell_setups.MAX_SIZE + 1))
            case "no text":
                file.write_bytes(b"# Aliases\nalias \xff\xfe='\x00'\n")
            case _:
                os.mkfifo(file)
    assert aliases(tmp_path) == {}
