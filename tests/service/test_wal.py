"""SQLite's write-ahead log of a service that was killed: a byte of it that changes would end it unseen (service.wal)."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from bailiwick.service.wal import counted, wal_fault
from logs import intact, program, stored

KILLED = """
    import time
    store = Store.open(path)
    for number in range(30):
        store.append_blocking(replace(RECORD, call_id=f"c{number}"))
    time.sleep(0.4)
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wal") / "state"
    assert subprocess.run(program(KILLED, path), check=False).returncode == -signal.SIGKILL
    return path


def found(killed: Path, wal: bytes, *, shared: bool = True) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copytree(killed, Path(folder) / "state")
        (path / "log.db-wal").write_bytes(wal)
        if not shared:
            (path / "log.db-shm").unlink()
        try:
            with LogReader(path) as reader:
                return not reader.verify().intact
        except StoreError:
            return True


def test_whoever_was_killed_is_not_accused(killed: Path, tmp_path: Path) -> None:
    whole = (killed / "log.db-wal").read_bytes()
    assert not found(killed, whole)
    assert not found(killed, whole, shared=False)
    path = shutil.copytree(killed, tmp_path / "state")
    with Store.open(path):
        assert len(stored(path)) == 30
        assert intact(path)
    assert intact(path)


@given(st.integers(0, 2**32), st.integers(0, 7))
@settings(max_examples=25, deadline=None)
def test_no_byte_of_it_changes_unseen(killed: Path, place: int, bit: int) -> None:
    changed = bytearray((killed / "log.db-wal").read_bytes())
    changed[place % len(changed)] ^= 1 << bit
    assert found(killed, bytes(changed))


@pytest.mark.parametrize("at", range(32))
def test_no_byte_of_its_beginning_changes_unseen(killed: Path, at: int) -> None:
    changed = bytearray((killed / "log.db-wal").read_bytes())
    changed[at] ^= 0x10
    assert found(killed, bytes(changed))


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_none_of_its_frames_is_cut_off_unseen(killed: Path, frames: int) -> None:
    assert found(killed, (killed / "log.db-wal").read_bytes()[: -4_120 * frames])


def test_a_changed_frame_shows_by_the_next_too(killed: Path) -> None:
    """Where the index in shared memory isn't there any more."""
    changed = bytearray((killed / "log.db-wal").read_bytes())
    changed[32 + 4_120 * 5 + 100] ^= 1
    assert found(killed, bytes(changed), shared=False)


@given(st.binary(max_size=40_000))
@settings(max_examples=50, deadline=None)
def test_whatever_stands_there_is_read(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "log.db"
        for name in ("log.db-wal", "log.db-shm"):
            (Path(folder) / name).write_bytes(data)
        wal_fault(database, counted(database))
