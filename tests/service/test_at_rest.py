"""Digests over databases that nobody writes (service.at_rest): bytes that SQLite leaves unused don't change unseen either."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.cli.main import main
from bailiwick.service.index.check import index_faults
from bailiwick.service.index.embedded import FILE
from bailiwick.service.index.upkeep import up_to_date
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import AT_REST
from bailiwick.service.store import Store
from logs import numbered, program

FREE = b"\x00" * 64


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("at-rest") / "state"
    with Store.open(path) as store:
        store.prepare()
        for number in range(40):
            store.append_blocking(numbered(number))
    with LogReader(path) as reader:
        up_to_date(reader).close()
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "state")


def faults(path: Path) -> list[str]:
    with LogReader(path) as reader:
        return [fault.message for fault in reader.verify().faults] + index_faults(reader)


def flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("name", ["log.db", "keys.db", FILE])
def test_a_byte_that_nothing_reads_does_not_change_unseen(path: Path, name: str) -> None:
    assert faults(path) == []
    file = path / name
    flip(file, file.read_bytes().index(FREE) + 32)
    (fault,) = faults(path)
    assert name in fault
    assert "bytes that nothing reads were changed since it was closed" in fault
    assert main(["log", "verify", "--state", str(path)]) == 1


@given(st.sampled_from(["log.db", "keys.db", FILE]), st.integers(0, 2**32), st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_no_byte_of_a_closed_file_changes_unseen(made: Path, name: str, place: int, bit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copytree(made, Path(folder) / "state")
        data = bytearray((path / name).read_bytes())
        data[place % len(data)] ^= 1 << bit
        (path / name).write_bytes(data)
        assert main(["log", "verify", "--state", str(path)]) in {1, 3}


def test_the_mends_mend(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("log.db", FILE):
        flip(path / name, (path / name).read_bytes().index(FREE) + 32)
    assert main(["log", "index", "rebuild", "--state", str(path)]) == 0
    assert (
        main(["log", "counts", "--state", str(path)]) == 0
    )  # that is put on record, so the log is opened and closed
    assert main(["log", "verify", "--state", str(path)]) == 0, capsys.readouterr()


@pytest.mark.parametrize("name", [AT_REST, "index.digests"])
def test_a_digest_that_is_changed_is_found_and_one_that_is_gone_says_nothing(path: Path, name: str) -> None:
    whole = (path / name).read_bytes()
    for at in range(0, len(whole), 7):
        flip(path / name, at)
        assert len(faults(path)) == 1, (name, at)
        (path / name).write_bytes(whole)
    (path / name).unlink()
    assert faults(path) == []


def test_who_is_killed_leaves_no_digest_that_is_out_of_date(path: Path) -> None:
    text = """
        store = Store.open(path)
        store.append_blocking(RECORD)
        os.kill(os.getpid(), 9)
    """
    assert subprocess.run(program(text, path), check=False).returncode == -signal.SIGKILL
    assert not (path / AT_REST).exists()
    assert faults(path) == []
    with Store.open(path) as store:
        store.append_blocking(numbered(99))
        assert faults(path) == []
        with LogReader(path) as reader:  # while a service runs searches bring the index up to date
            up_to_date(reader).close()
        assert faults(path) == []
    assert (path / AT_REST).exists()
    assert faults(path) == []


def test_an_index_that_two_bring_up_to_date_is_never_accused(path: Path) -> None:
    with Store.open(path) as store:
        for number in range(5):
            store.append_blocking(numbered(number))
            with LogReader(path) as reader, up_to_date(reader):
                store.append_blocking(numbered(number))
                up_to_date(reader).close()
                assert faults(path) == []
            assert faults(path) == []


def test_a_log_put_back_alone_is_found_by_its_index(path: Path, made: Path) -> None:
    with Store.open(path) as store:
        store.append_blocking(numbered(77))
    with LogReader(path) as reader:
        up_to_date(reader).close()
    shutil.copy(made / "log.db", path / "log.db")
    (path / AT_REST).unlink()
    assert any("the log was put back to an older one" in fault for fault in faults(path))
