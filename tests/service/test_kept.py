"""What stands beside the log's entries (service.kept): whoever changes it is found, and nothing is destroyed meanwhile."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailiwick.audit.kinds import Kind
from bailiwick.cli.main import main
from bailiwick.service.custody import CustodyError
from bailiwick.service.keys import _WRAPPED, _unwrapped
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import AT_REST
from bailiwick.service.store import Store, StoreError
from logs import RECORD, WHO, custodian, numbered, perform


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with a hold in force, one that was released, a shipping mark, and a session."""
    path = tmp_path_factory.mktemp("kept") / "state"
    with Store.open(path) as store:
        for number in range(20):
            store.append_blocking(numbered(number), state={"s-1": b'{"profile": "%d"}' % number})
    perform(path, "hold-add", name="case-1", reason="r", user="alice")
    perform(path, "hold-add", name="case-2", reason="r", session="s")
    perform(path, "hold-release", name="case-1", reason="settled")
    perform(path, "shipped", url="https://c", upto=3)
    with Store.open(path) as store:
        for number in range(20, 800):  # so that some of it stands in blocks
            store.append_blocking(numbered(number))
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "state")


def faults(path: Path) -> list[str]:
    with LogReader(path) as reader:
        return [fault.message for fault in reader.verify().faults]


def change(path: Path, script: str, *, database: str = "log.db") -> None:
    with sqlite3.connect(path / database) as connection:
        connection.executescript(script)
    connection.close()


CHANGES = {
    "DELETE FROM state WHERE key = 'hold/case-2'": "hold case-2 is gone",
    "UPDATE state SET value = x'7b7d' WHERE key = 'hold/case-2'": "row 'hold/case-2' of its table state",
    "INSERT INTO state SELECT 'hold/case-1', value, tag FROM state WHERE key = 'hold/case-2'": "hold case-1 is in no entry",
    "UPDATE state SET key = 'hold/other' WHERE key = 'hold/case-2'": "hold case-2 is gone",
    "DELETE FROM state WHERE key = 'shipped/https://c'": "isn't what its entries left",
    "UPDATE state SET value = x'7b7d' WHERE key = 's-1'": "row 's-1' of its table state",
    "INSERT INTO state VALUES ('s-2', x'7b7d', x'')": "row 's-2' of its table state",
    "DELETE FROM state": "hold case-2 is gone",
}


@pytest.mark.parametrize(("script", "message"), CHANGES.items(), ids=CHANGES)
def test_whoever_changes_what_is_kept_is_found(path: Path, script: str, message: str) -> None:
    assert faults(path) == []
    change(path, script)
    found = faults(path)
    assert any(message in fault for fault in found), found
    assert main(["log", "verify", "--no-index", "--state", str(path)]) == 1


@pytest.mark.parametrize("script", [one for one in CHANGES if "hold/" in one])
def test_nothing_is_destroyed_until_holds_are_put_back(
    path: Path, script: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(path, script)
    for action, given in (("erase", {"user": "alice", "reason": "r"}), ("retention", {})):
        with pytest.raises(
            (CustodyError, StoreError), match=r"outside Bailiwick|isn't what its entries left"
        ):
            perform(path, action, **given)
    with pytest.raises(CustodyError, match="reason"):
        perform(path, "hold-restore")
    assert main(["log", "hold", "list", "--state", str(path)]) == 1
    assert main(["log", "hold", "restore", "--reason", "found by verify", "--state", str(path)]) == 0
    assert "case-2" in capsys.readouterr().out
    assert faults(path) == []
    assert perform(path, "erase", user="alice", reason="r")["holds"] == ["case-2"]
    with pytest.raises(CustodyError, match="nothing is to be put back"):
        perform(path, "hold-restore", reason="again")
    with LogReader(path) as reader:
        assert any(
            "put back as the log tells it" in entry.record.get("text", "") for entry in reader.entries()
        )


def test_rows_put_back_to_what_they_were_are_found(path: Path) -> None:
    """With the tags that they had then, which are good ones."""
    with sqlite3.connect(path / "log.db") as connection:
        rows = connection.execute("SELECT * FROM state").fetchall()
    connection.close()
    perform(path, "hold-add", name="case-3", reason="r")
    assert faults(path) == []
    with sqlite3.connect(path / "log.db") as connection:
        connection.execute("DELETE FROM state")
        connection.executemany("INSERT INTO state VALUES (?, ?, ?)", rows)
    connection.close()
    assert any("hold case-3 is gone" in fault for fault in faults(path))


def test_a_change_while_the_service_runs_stays_to_be_seen(path: Path) -> None:
    """What is recorded after it doesn't vouch for it."""

    async def run(act: Callable[[Store], Awaitable[object]]) -> None:
        with Store.open(path) as store:
            assert store.kept_fault() == ""
            change(path, "DELETE FROM state WHERE key = 'hold/case-2'")
            assert "'hold/case-2'" in store.kept_fault()
            await act(store)

    def place(store: Store) -> Awaitable[object]:
        return custodian(store).perform(WHO, "hold-add", {"name": "case-3", "reason": "r"})

    asyncio.run(run(place))
    assert any("hold case-2 is gone" in fault for fault in faults(path))
    perform(path, "hold-add", name="case-4", reason="r")
    assert any("hold case-2 is gone" in fault for fault in faults(path))


def test_what_is_kept_changes_with_an_entry_only(path: Path) -> None:
    with Store.open(path) as store:
        with pytest.raises(ValueError, match="without an entry"):
            asyncio.run(store.put_state({"hold/x": b"{}"}))
        with pytest.raises(ValueError, match="without an entry"):
            store.append_blocking(RECORD, state={"hold/x": None})


def test_a_key_that_is_there_again_after_its_destruction_is_found(path: Path, tmp_path: Path) -> None:
    perform(path, "hold-release", name="case-2", reason="settled")
    for name in ("keys.db", "seal.key"):
        shutil.copy(path / name, tmp_path / name)
    perform(path, "erase", user="alice", reason="r")
    assert faults(path) == []
    for name in ("keys.db", "seal.key"):
        shutil.copy(tmp_path / name, path / name)
    assert any("was destroyed on record, and is there again" in fault for fault in faults(path))


@pytest.mark.parametrize(
    ("database", "script", "message"),
    [
        ("keys.db", "UPDATE key SET subject = 'bob' WHERE subject = 'alice'", "or whose it is"),
        ("keys.db", "UPDATE key SET month = '2001-01' WHERE month <> ''", "or whose it is"),
        ("keys.db", "UPDATE key SET wrapped = x'00' WHERE subject = 'alice'", "or whose it is"),
        (
            "keys.db",
            "UPDATE key SET destroyed_ms = 1 WHERE subject = 'alice'",
            "is called destroyed, and is there",
        ),
        ("keys.db", "UPDATE wrapping SET mark = x'00'", "seal.key isn't the one"),
        ("keys.db", "DELETE FROM wrapping", "seal.key isn't the one"),
        ("log.db", "INSERT INTO checkpoint SELECT size + 1, note FROM checkpoint", "stands in the place of"),
    ],
)
def test_keys_and_checkpoints_stand_where_they_belong(
    path: Path, database: str, script: str, message: str
) -> None:
    """A key that is taken for somebody else's isn't pinned by the hold that means it."""
    change(path, script, database=database)
    assert any(message in fault for fault in faults(path)), faults(path)


def test_keys_of_a_version_before_are_bound_to_whom_they_belong(path: Path) -> None:
    secret = (path / "seal.key").read_bytes()
    with contextlib.closing(sqlite3.connect(path / "keys.db")) as connection, connection:
        for name, subject, month, wrapped in connection.execute(f"{_WRAPPED} WHERE wrapped <> ''").fetchall():
            raw = _unwrapped(secret, (name, subject, month, wrapped), 1)
            assert raw is not None
            nonce = bytes(12)
            older = nonce + AESGCM(secret).encrypt(nonce, raw, name.encode())
            connection.execute("UPDATE key SET wrapped = ? WHERE id = ?", (older, name))
        connection.execute("PRAGMA user_version = 0")
    (path / AT_REST).unlink()
    assert faults(path) == []
    with Store.open(path):
        pass
    assert faults(path) == []
    with contextlib.closing(sqlite3.connect(path / "keys.db")) as connection, connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        connection.execute("UPDATE key SET subject = 'bob' WHERE subject = 'alice'")
    assert any("or whose it is" in fault for fault in faults(path))


def test_what_a_destroyed_key_sealed_and_is_there_again_is_found(path: Path) -> None:
    perform(path, "hold-release", name="case-2", reason="settled")
    with sqlite3.connect(path / "log.db") as connection:
        blocks = connection.execute("SELECT private, n FROM block").fetchall()
        rows = connection.execute("SELECT private, seq FROM log").fetchall()
    connection.close()
    perform(path, "erase", user="alice", reason="r")
    assert faults(path) == []
    reads = "SELECT private, n FROM block LIMIT 1", "SELECT private, seq FROM log LIMIT 1"
    writes = "UPDATE block SET private = ? WHERE n = ?", "UPDATE log SET private = ? WHERE seq = ?"
    for read, write, kept in zip(reads, writes, (blocks, rows), strict=True):
        with contextlib.closing(sqlite3.connect(path / "log.db", isolation_level=None)) as connection:
            before = connection.execute(read).fetchone()
            connection.execute(write, kept[0])
            assert any("which was destroyed" in fault for fault in faults(path))
            connection.execute(write, before)


ORIGIN = "bailiwick/h/1"


@pytest.mark.parametrize(
    ("upto", "message"),
    [(3, ""), (2, "2 entries are said to be here"), (9, "the last here is its 2"), (0, "")],
)
def test_a_collector_goes_on_from_where_its_entries_end(path: Path, upto: int, message: str) -> None:
    """Who has the key, or an older row with its tag, may put the cursor elsewhere."""
    cursors = {
        f"cursor/{name}": b'{"size": %d, "nodes": ""}' % size for name, size in ((ORIGIN, upto), ("other", 0))
    }
    with Store.open(path) as store:
        for number in range(3):
            store.append_blocking(replace(RECORD, origin=ORIGIN, origin_seq=number))
        store.append_blocking(RECORD, state=cursors)
    found = faults(path)
    assert any(message in fault for fault in found) if message else found == []


def test_a_collector_that_erased_somebody_is_not_accused(path: Path) -> None:
    """Whose the entries are that can't be read any more isn't known."""
    with Store.open(path) as store:
        for number, user in enumerate(("", "dora", "dora")):
            store.append_blocking(replace(RECORD, user=user, origin=ORIGIN, origin_seq=number))
        store.append_blocking(RECORD, state={f"cursor/{ORIGIN}": b'{"size": 3, "nodes": ""}'})
    perform(path, "hold-release", name="case-2", reason="settled")
    perform(path, "erase", user="dora", reason="r")
    with LogReader(path) as reader:
        assert sum(
            "origin_seq" in entry.record and "origin" not in entry.record for entry in reader.entries()
        )
    assert faults(path) == []


def test_a_machine_whose_cursor_is_gone_is_told_of(path: Path) -> None:
    with Store.open(path) as store:
        for origin in (ORIGIN, "other"):
            rows = {f"cursor/{origin}": b'{"size": 1, "nodes": ""}'}
            store.append_blocking(replace(RECORD, origin=origin, origin_seq=0), state=rows)
            told = replace(RECORD, kind=Kind.ADMIN_ACTION)
            store.append_blocking(told, state={f"host/{origin}": b""})
    assert faults(path) == []
    change(path, "DELETE FROM state WHERE key = 'cursor/other'")
    assert any("other: entries of it are here, and nothing says how many" in fault for fault in faults(path))


def test_a_session_that_was_changed_is_not_known_again(path: Path) -> None:
    change(path, "UPDATE state SET value = x'7b7d' WHERE key = 's-1'")
    with Store.open(path) as store:
        assert store.unchanged_states("s-") == {}
        assert store.changed_states() == ["s-1"]
        with pytest.raises(StoreError, match="'s-1' of its state was changed"):
            store.states("s-")
