"""The store: records, state and checkpoints; one service at a time; files that were changed meanwhile."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bailiwick.audit.note import Checkpoint, open_note
from bailiwick.service.ledger import FOLD_IDLE, KEEP_EVERY, ROOM, SPARE, Ledger
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import AT_REST, StoreError, read_verifier
from bailiwick.service.store import Receipt, Store
from logs import RECORD, intact, numbered, program, stored


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def test_records_are_numbered_linked_and_read_back(store: Store, path: Path) -> None:
    receipts = [store.append_blocking(numbered(i)) for i in range(5)]
    assert [receipt.sequence for receipt in receipts] == [0, 1, 2, 3, 4]
    assert store.size == 5
    assert stored(path) == ["c0", "c1", "c2", "c3", "c4"]
    with LogReader(path) as reader:
        assert [entry.sealed.head for entry in reader.entries()] == [receipt.head for receipt in receipts]
        assert [entry.record["seq"] for entry in reader.entries(1, end=3)] == [1, 2]
        assert [entry.record["seq"] for entry in reader.last(2)] == [3, 4]
        assert reader.verify(expected_head=receipts[2].head).intact


def test_a_log_goes_on_where_it_stopped(path: Path) -> None:
    for round_ in range(3):
        with Store.open(path) as store:
            assert store.append_blocking(numbered(round_)).sequence == round_
            key = store.redaction_key
    with Store.open(path) as store:
        assert store.redaction_key == key
    assert intact(path)


def test_session_state_is_committed_with_its_record(store: Store, path: Path) -> None:
    async def work() -> None:
        await store.append(numbered(0), state={"s-1": b"one", "s-2": b"two", "x": b"3"})
        await store.append(numbered(1), state={"s-2": None})
        await store.put_state({"x": b"\x00\xff"})

    asyncio.run(work())
    assert store.states("s-") == {"s-1": b"one"}
    assert store.get_state("x") == b"\x00\xff"
    assert store.get_state("s-2") is None
    store.close()
    with Store.open(path) as again:
        assert again.states() == {"s-1": b"one", "x": b"\x00\xff"}
        assert again.size == 2


def test_several_records_stand_together(store: Store, path: Path) -> None:
    async def work() -> tuple[Receipt, ...]:
        pairs = [store.append_all((numbered(2 * i), numbered(2 * i + 1))) for i in range(40)]
        return tuple(receipt for pair in await asyncio.gather(*pairs) for receipt in pair)

    receipts = asyncio.run(work())
    assert all(receipts[i + 1].sequence == receipts[i].sequence + 1 for i in range(0, 80, 2))
    assert len(set(stored(path))) == 80


def test_ten_writers_at_once_lose_nothing(store: Store, path: Path) -> None:
    async def writer(name: int) -> list[tuple[int, str]]:
        done = []
        for i in range(100):
            receipt = await store.append(
                replace(RECORD, call_id=f"{name}-{i}"), state={f"w-{name}": str(i).encode()}
            )
            done.append((receipt.sequence, f"{name}-{i}"))
        return done

    async def work() -> list[tuple[int, str]]:
        return sorted(done for part in await asyncio.gather(*map(writer, range(10))) for done in part)

    acknowledged = asyncio.run(work())
    assert [sequence for sequence, _ in acknowledged] == list(range(1_000))
    assert stored(path) == [call for _, call in acknowledged]
    assert store.states() == {f"w-{name}": b"99" for name in range(10)}
    assert intact(path)


def test_those_of_one_turn_share_a_commit_in_their_own_thread(
    path: Path, watched: "type[Watched]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bailiwick.service.store.QUICK_SECONDS", 60.0)
    monkeypatch.setattr("bailiwick.service.store.SIGN_AFTER", 600.0)

    async def gathered(store: Store) -> list[Receipt]:
        return await asyncio.gather(*(store.append(numbered(n), state={f"s{n}": b"1"}) for n in range(40)))

    with Store.open(path) as store:
        for turn in range(5):
            watched.threads.clear()
            receipts = asyncio.run(gathered(store))
            assert sorted(receipt.sequence for receipt in receipts) == list(range(turn * 40, turn * 40 + 40))
            assert watched.threads == [threading.current_thread().name] * (1 if turn else 2)
        assert len(store.states("s")) == 40
    assert intact(path)


def test_who_is_gone_before_the_turn_ends_has_its_record_stored(store: Store, path: Path) -> None:
    async def leave() -> None:
        waiting = [asyncio.create_task(store.append(numbered(n))) for n in range(3)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()

    asyncio.run(leave())
    assert asyncio.run(store.append(numbered(3))).sequence == 3
    assert sorted(stored(path)) == ["c0", "c1", "c2", "c3"]


def test_loops_in_many_threads_lose_nothing(store: Store, path: Path) -> None:
    async def client(loop: int, number: int) -> list[int]:
        return [
            (await store.append(replace(RECORD, call_id=f"{loop}-{number}-{i}"))).sequence for i in range(10)
        ]

    async def work(loop: int) -> list[int]:
        return [one for part in await asyncio.gather(*(client(loop, n) for n in range(8))) for one in part]

    with ThreadPoolExecutor(4) as pool:
        receipts = [one for part in pool.map(lambda loop: asyncio.run(work(loop)), range(4)) for one in part]
    assert sorted(receipts) == list(range(320))
    assert len(set(stored(path))) == 320
    assert intact(path)


VERSION_5 = "ALTER TABLE state DROP COLUMN tag; PRAGMA user_version = 5;"
VERSION_4 = "ALTER TABLE state DROP COLUMN tag; ALTER TABLE log DROP COLUMN tag; PRAGMA user_version = 4;"
VERSION_3 = """
            ALTER TABLE state DROP COLUMN tag;
            ALTER TABLE log DROP COLUMN tag;
            CREATE INDEX log_call ON log (call_id) WHERE call_id <> x'';
            CREATE INDEX log_stopped ON log (seq) WHERE enforced IN ('ask', 'deny');
            CREATE TABLE tree (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, size INTEGER NOT NULL,
              head BLOB NOT NULL, nodes BLOB NOT NULL) STRICT;
            PRAGMA user_version = 3;
"""


@pytest.mark.parametrize("older", [VERSION_3, VERSION_4, VERSION_5])
def test_a_log_of_a_version_before_goes_on(path: Path, older: str) -> None:
    with Store.open(path) as store:
        for i in range(10):
            store.append_blocking(numbered(i), state={"s-1": b"%d" % i})
    with sqlite3.connect(path / "log.db") as connection:
        connection.executescript(older)
    connection.close()
    (path / AT_REST).unlink()
    assert intact(path)
    for number in (10, 11):
        with Store.open(path) as store:
            assert store.get_state("s-1") == b"9"
            assert store.append_blocking(numbered(number)).sequence == number
    assert stored(path) == [f"c{number}" for number in range(12)]
    assert intact(path)


class Watched(Ledger):
    """A ledger that notes in which thread it commits, and can be slow."""

    threads: ClassVar[list[str]] = []
    seconds: ClassVar[float] = 0.0

    def write(self, *given: Any, **named: Any) -> None:
        self.threads.append(threading.current_thread().name)
        time.sleep(self.seconds)
        super().write(*given, **named)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    monkeypatch.setattr("bailiwick.service.store.Ledger", Watched)
    monkeypatch.setattr(Watched, "threads", [])
    return Watched


def test_a_quick_disk_s_commits_are_made_by_who_asks_and_a_slow_one_s_are_shared(
    path: Path, watched: type[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = threading.current_thread().name

    async def gathered(store: Store) -> list[Receipt]:
        return await asyncio.gather(*(store.append(numbered(n)) for n in range(40)))

    with Store.open(path) as store:
        asyncio.run(store.append(numbered(0)))
        assert watched.threads == [here]
        monkeypatch.setattr(watched, "seconds", 0.05)
        asyncio.run(store.append(numbered(1)))
        watched.threads.clear()
        receipts = asyncio.run(gathered(store))
        assert {receipt.sequence for receipt in receipts} == set(range(2, 42))
        assert set(watched.threads) == {"store"}
        assert len(watched.threads) <= 3, "those that wait share a commit"
        monkeypatch.setattr(watched, "seconds", 0.0)
        deadline = time.monotonic() + 60
        while watched.threads[-1] != here:
            assert time.monotonic() < deadline
            asyncio.run(store.append(numbered(2)))


def test_what_is_appended_while_others_wait_comes_after_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session state is not taken back to what it was by a commit that was asked for earlier."""

    async def both() -> tuple[Receipt, Receipt]:
        with monkeypatch.context() as asleep:
            asleep.setattr(store, "_wake", threading.Semaphore(0))
            earlier = asyncio.create_task(store.append(numbered(0), state={"s": b"earlier"}))
            # The disk is slow for a moment, so the earlier one waits for the store's thread.
            asleep.setattr(store, "_usual_seconds", 1.0)
            await asyncio.sleep(0)
        assert store.size == 0
        later = asyncio.create_task(store.append(numbered(1), state={"s": b"later"}))
        return await earlier, await later

    earlier, later = asyncio.run(both())
    assert (earlier.sequence, later.sequence) == (0, 1)
    assert store.get_state("s") == b"later"


def test_room_is_made_once_and_nothing_is_left_of_it(store: Store, path: Path) -> None:
    wal = path / "log.db-wal"
    store.append_blocking(numbered(0))
    for _ in range(3):
        store.prepare()
        assert ROOM < wal.stat().st_size < 3 * ROOM
    size = wal.stat().st_size
    for number in range(1, 40):
        store.append_blocking(numbered(number))
    assert wal.stat().st_size == size, "commits write over what is there"
    with sqlite3.connect(path / "log.db") as connection:
        assert not connection.execute("SELECT name FROM sqlite_master WHERE name = 'room'").fetchall()
    connection.close()
    assert len(stored(path)) == 40
    assert intact(path)


def test_the_write_ahead_log_is_folded_in_beside_the_read_that_stays_open(
    store: Store, path: Path, tmp_path: Path
) -> None:
    for number in range(FOLD_IDLE):
        store.append_blocking(numbered(number))
    with store._writing:  # the thread has folded by now, or does it next
        store._ledger.fold(idle=True)
    shutil.copy(path / "log.db", tmp_path / "alone.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "alone.db")) as alone:
        (count,) = alone.execute("SELECT count(*) FROM log").fetchone()
    assert count > FOLD_IDLE // 2
    assert intact(path)


def test_what_somebody_else_writes_to_the_file_stops_no_decision(store: Store, path: Path) -> None:
    async def work() -> None:
        for number in range(4):
            await store.append(numbered(number), state={"s": b"1"} if number == 1 else None)
            with contextlib.closing(sqlite3.connect(path / "log.db")) as other:
                other.execute(f"PRAGMA application_id = {number + 1}")

    asyncio.run(work())
    store.append_blocking(numbered(4))
    assert len(stored(path)) == 5
    assert intact(path)


def test_a_disk_that_is_nearly_full_is_not_filled(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=SPARE * ROOM - 1))
    store.append_blocking(numbered(0))
    before = (path / "log.db-wal").stat().st_size
    store.prepare()
    assert (path / "log.db-wal").stat().st_size == before


def test_ten_threads_at_once_lose_nothing(store: Store, path: Path) -> None:
    with ThreadPoolExecutor(10) as pool:
        receipts = list(pool.map(lambda i: store.append_blocking(numbered(i)), range(300)))
    calls = stored(path)
    assert all(calls[receipt.sequence] == f"c{i}" for i, receipt in enumerate(receipts))
    assert sorted(receipt.sequence for receipt in receipts) == list(range(300))
    assert intact(path)


def test_clock_steps_do_not_disturb_the_order(path: Path) -> None:
    times = [5_000, 1_000, 9_000, -5, 0]
    clock = iter([0, *times])
    with Store.open(path, clock=lambda: next(clock)) as store:
        for number, time_ms in enumerate(times):
            assert (
                store.append_blocking(replace(RECORD, time_ms=time_ms, monotonic_us=number)).sequence
                == number
            )
    assert intact(path)
    with LogReader(path) as reader:
        assert [entry.record["monotonic_us"] for entry in reader.entries()] == [0, 1, 2, 3, 4]


def test_checkpoints_are_kept_at_intervals_and_the_last_one_always(path: Path) -> None:
    async def fill(store: Store) -> None:
        for _ in range(5):
            await asyncio.gather(*(store.append(numbered(i)) for i in range(KEEP_EVERY // 2)))

    with Store.open(path) as store:
        asyncio.run(fill(store))
    with LogReader(path) as reader:  # closed, since the signature of a last few follows them
        key = read_verifier(path)
        sizes = [Checkpoint.parse(open_note(note, key)).size for note in reader.checkpoints()]
    assert sizes[-1] == 2_500
    assert 2 <= len(sizes) <= 4
    assert intact(path)


def test_a_closed_store_says_so(path: Path) -> None:
    store = Store.open(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.append_blocking(RECORD)


def test_a_record_that_does_not_fit_fails_alone(store: Store) -> None:
    async def work() -> list[Receipt | BaseException]:
        big = replace(RECORD, text="x" * 70_000)
        return await asyncio.gather(
            store.append(RECORD), store.append(big), store.append(RECORD), return_exceptions=True
        )

    first, second, third = asyncio.run(work())
    assert isinstance(second, StoreError)
    assert "over the bound" in str(second)
    assert isinstance(first, Receipt)
    assert isinstance(third, Receipt)
    assert store.size == 2


# --- one service at a time, and private files


def test_a_second_service_is_told_who_holds_the_directory(store: Store, path: Path) -> None:
    done = subprocess.run(program("Store.open(path)", path), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{path}: in use by another service (process {os.getpid()}). To mend: stop it" in done.stderr
    assert store.append_blocking(RECORD).sequence == 0


@pytest.mark.parametrize(
    ("name", "mode", "message"),
    [
        (".", 0o750, "mode 0750 lets others in. To mend: chmod 0700"),
        ("log.db", 0o644, "mode 0644 lets others in. To mend: chmod 0600"),
        ("log.key", 0o640, "mode 0640"),
        ("redaction.key", 0o604, "mode 0604"),
    ],
)
def test_wide_modes_are_refused(path: Path, name: str, mode: int, message: str) -> None:
    Store.open(path).close()
    (path / name).chmod(mode)
    with pytest.raises(StoreError, match=message):
        Store.open(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", [".", "log.db", "log.key"])
def test_another_owner_is_refused(path: Path, name: str) -> None:
    Store.open(path).close()
    os.chown(path / name, 12_345, -1)
    with pytest.raises(
        StoreError, match=r"owned by uid 12345, not by uid 0 as which the service runs. To mend: chown 0"
    ):
        Store.open(path)


def test_new_files_are_private_whatever_the_umask(path: Path) -> None:
    old = os.umask(0)
    try:
        with Store.open(path) as store:
            store.append_blocking(RECORD)
            modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.iterdir()}
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}
    assert {
        "log.db",
        "log.db-wal",
        "log.key",
        "log.pub",
        "redaction.key",
        "seal.key",
        "keys.db",
        "lock",
    } <= set(modes)


def test_links_are_refused(path: Path, tmp_path: Path) -> None:
    Store.open(path).close()
    (tmp_path / "elsewhere").symlink_to(path)
    with pytest.raises(StoreError, match="not a directory"):
        Store.open(tmp_path / "elsewhere")
    (path / "log.db").rename(tmp_path / "log.db")
    (path / "log.db").symlink_to(tmp_path / "log.db")
    with pytest.raises(StoreError, match="not a regular file"):
        Store.open(path)


# --- what was done to the files meanwhile


def test_a_removed_log_is_not_replaced_by_an_empty_one(path: Path) -> None:
    with Store.open(path) as store:
        store.append_blocking(RECORD)
    for name in ("log.db", "log.db-wal", "log.db-shm"):
        (path / name).unlink(missing_ok=True)
    with pytest.raises(StoreError, match=r"missing, but log\.pub shows that there was a log"):
        Store.open(path)
    (path / "log.db").touch(mode=0o600)
    with pytest.raises(StoreError, match="emptied outside Bailiwick"):
        Store.open(path)


def test_a_log_without_its_key_is_refused(path: Path) -> None:
    with Store.open(path) as store:
        store.append_blocking(RECORD)
    key = (path / "log.key").read_bytes()
    (path / "log.key").write_bytes(b"x" * 32)
    with pytest.raises(StoreError, match=r"isn't the key of log\.pub"):
        Store.open(path)
    (path / "log.key").write_bytes(b"short")
    with pytest.raises(StoreError, match="5 bytes instead of 32"):
        Store.open(path)
    (path / "log.key").write_bytes(key)
    (path / "log.pub").unlink()
    with pytest.raises(StoreError, match=r"log\.pub: missing, but log\.db holds entries"):
        Store.open(path)


def test_an_interrupted_beginning_is_begun_again(path: Path) -> None:
    """Killed between creating the database and publishing the key: nothing was acknowledged, nothing is lost."""
    Store.open(path).close()
    (path / "log.pub").unlink()
    with Store.open(path) as store:
        assert store.append_blocking(RECORD).sequence == 0
    assert intact(path)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM log WHERE seq = 9", "9 entries, but 10 were signed for"),
        ("UPDATE log SET head = x'00' WHERE seq = 9", "removed or changed outside"),
        ("DELETE FROM checkpoint", "None were signed for"),
        ("UPDATE log SET leaf = x'00' WHERE seq = 7", "has 289 bytes"),
        ("UPDATE log SET leaf = zeroblob(32) WHERE seq = 7", "removed or changed outside"),
        ("UPDATE checkpoint SET note = replace(note, 'time 1', 'time 2')", "the last checkpoint"),
        ("PRAGMA user_version = 99", "newer version"),
        ("PRAGMA user_version = 2", "before the first release"),
        ("PRAGMA user_version = 0", "emptied outside"),
    ],
)
def test_a_log_changed_behind_the_service_is_refused(path: Path, statement: str, message: str) -> None:
    with Store.open(path) as store:
        for i in range(10):
            store.append_blocking(numbered(i))
    with sqlite3.connect(path / "log.db") as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(StoreError, match=message):
        Store.open(path)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE log SET body = (SELECT body FROM log WHERE seq = 3) WHERE seq = 4",
            "entry 4|bytes were changed",
        ),
        ("UPDATE log SET user = x'0123456789abcdef' WHERE seq = 4", "search columns changed: user"),
        ("UPDATE log SET enforced = 'allow' WHERE seq = 4", "search columns changed: enforced"),
        ("UPDATE log SET private = zeroblob(length(private)) WHERE seq = 4", "the private part was changed"),
        (
            "UPDATE log SET private = x'' WHERE seq = 4",
            "the private part is gone, though its key was not destroyed",
        ),
        (
            "UPDATE log SET private = (SELECT private FROM log WHERE seq = 3) WHERE seq = 4",
            "the private part was changed",
        ),
        ("DELETE FROM log WHERE seq = 4", "entry 4 is missing; entry 5 follows"),
        ("DELETE FROM log WHERE seq >= 4", "entries 4 to 9 were signed for and are gone"),
        ("UPDATE log SET seq = seq + 100 WHERE seq = 4", "entry 4 is missing"),
        (
            "INSERT INTO log SELECT 10, time_ms, kind, tool, enforced, user, session, client_session, call_id, leaf, head, body, private, tag FROM log WHERE seq = 4",
            "aren't this log's entry",
        ),
        ("UPDATE checkpoint SET note = replace(note, 'time', 'emit')", "checkpoint"),
    ],
)
def test_verify_finds_what_was_done_to_the_file(path: Path, statement: str, message: str) -> None:
    with Store.open(path) as store:
        for i in range(10):
            store.append_blocking(numbered(i))
    with sqlite3.connect(path / "log.db") as connection:
        connection.execute(statement)
    connection.close()
    with LogReader(path) as reader:
        outcome = reader.verify()
    assert not outcome.intact
    assert any(part in fault.message for fault in outcome.faults for part in message.split("|"))
