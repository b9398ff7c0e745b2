"""Entries that are committed and not signed for yet: a tag vouches for them, and a signature follows."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bailiwick.audit.canonical import canonical
from bailiwick.audit.chain import link
from bailiwick.audit.kinds import Kind
from bailiwick.audit.merkle import ProofError, leaf_hash
from bailiwick.audit.note import Checkpoint, Note
from bailiwick.audit.retention import clear
from bailiwick.audit.sealing import pack_entry, unpack_entry
from bailiwick.audit.tiles import WIDTH
from bailiwick.service.ledger import MOST_UNSIGNED, SIGNED_AT_ONCE, Ledger
from bailiwick.service.log_reader import LogReader
from bailiwick.service.proofs import prove
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from logs import RECORD, intact, numbered, stored


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of a service that ended, as kill -9 or a power cut leave it, before it signed for entries 4 to 6."""
    path, left = tmp_path / "running", tmp_path / "left"
    with Store.open(path) as store:
        for number in range(4):
            store.append_blocking(numbered(number))
    monkeypatch.setattr("bailiwick.service.store.SIGN_AFTER", 600.0)
    with Store.open(path) as store:
        for number in range(4, 7):
            store.append_blocking(numbered(number))
        shutil.copytree(path, left)
    monkeypatch.undo()
    monkeypatch.setattr("bailiwick.service.log_reader.SIGNED_WITHIN", 0.0)
    assert signed(left) == 4
    return left


def signed(path: Path) -> int:
    with LogReader(path) as reader:
        return Checkpoint.parse(Note.parse(reader.checkpoints()[-1]).text).size


def tags(path: Path) -> list[int]:
    with sqlite3.connect(path / "log.db") as connection:
        found = [seq for (seq,) in connection.execute("SELECT seq FROM log WHERE tag <> x'' ORDER BY seq")]
    connection.close()
    return found


def changed(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path / "log.db") as connection:
        connection.execute(statement, values)
    connection.close()


def waited(done: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not done() and time.monotonic() < until:
        time.sleep(0.01)
    return done()


def test_a_signature_takes_the_place_of_the_tag_once_nobody_comes(path: Path) -> None:
    with Store.open(path) as store:
        for number in range(3):
            store.append_blocking(numbered(number))
        assert waited(lambda: signed(path) == 3)
        assert tags(path) == []
        with LogReader(path) as reader:
            store.append_blocking(numbered(3))
            proof = prove(reader, 3, private=False)  # waits for the signature
        assert Checkpoint.parse(Note.parse(proof.checkpoint).text).size == 4
    assert intact(path)


def test_no_more_wait_for_it_than_are_sure_to_stand_in_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bailiwick.service.store.SIGN_AFTER", 600.0)
    with Store.open(path) as store:
        for number in range(MOST_UNSIGNED + 1):
            store.append_blocking(numbered(number))
        assert signed(path) == MOST_UNSIGNED + 1
        assert tags(path) == []
        asyncio.run(store.append_all(tuple(map(numbered, range(SIGNED_AT_ONCE - 1)))))
        assert len(tags(path)) == 1
        asyncio.run(store.append_all(tuple(map(numbered, range(SIGNED_AT_ONCE)))))
        assert signed(path) == store.size
        assert tags(path) == []
        assert intact(path)


def test_a_log_that_was_cut_off_before_is_intact_goes_on_and_is_signed(cut_off: Path) -> None:
    assert intact(cut_off)
    with LogReader(cut_off) as reader:
        assert prove(reader, 3, private=False).index == 3
        with pytest.raises(ProofError, match="entry 4 isn't signed for yet"):
            prove(reader, 4, private=False)
    with Store.open(cut_off) as store:
        assert waited(lambda: signed(cut_off) == 7)
        assert store.append_blocking(numbered(7)).sequence == 7
    assert stored(cut_off) == [f"c{number}" for number in range(8)]
    assert intact(cut_off)


def test_a_countersigned_checkpoint_is_over_everything(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bailiwick.service.store.SIGN_AFTER", 600.0)
    with Store.open(path) as store:
        for number in range(3):
            store.append_blocking(numbered(number))
        assert Checkpoint.parse(Note.parse(store.countersign()).text).size == 3
        assert tags(path) == []


def test_what_is_purged_was_signed_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(path) as store:
        asyncio.run(store.append_all(tuple(map(numbered, range(WIDTH - 5)))))
        monkeypatch.setattr("bailiwick.service.store.SIGN_AFTER", 600.0)
        for number in range(10):
            store.append_blocking(numbered(number))
        assert signed(path) == WIDTH - 5
        record = replace(RECORD, kind=Kind.PURGED, upto=WIDTH)
        store.append_blocking(record)
        gone = clear((), entries=[{"seq": place, "time_ms": 0} for place in range(WIDTH)], before_ms=1)
        assert store.purge(gone) == WIDTH
        shutil.copytree(path, path.with_name("left"))
    for one in (path, path.with_name("left")):
        assert intact(one)
        Store.open(one).close()


def test_without_the_log_key_nothing_vouches_for_them(cut_off: Path) -> None:
    (cut_off / "log.key").unlink()
    with LogReader(cut_off) as reader:
        (fault,) = reader.verify().faults
    assert fault.sequence == 4
    assert "entries 4 to 6 are not signed for yet, and log.key" in fault.message


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET tag = CAST(x'00' || substr(tag, 2) AS BLOB) WHERE seq = 6",
        "UPDATE log SET tag = x'' WHERE seq = 6",
        "UPDATE log SET tag = (SELECT tag FROM log WHERE seq = 5) WHERE seq = 6",
        "UPDATE log SET tag = x'' WHERE seq >= 4",
        "UPDATE log SET leaf = zeroblob(32) WHERE seq = 5",
        "UPDATE log SET head = zeroblob(32) WHERE seq = 6",
        "DELETE FROM log WHERE seq = 5",
        "UPDATE checkpoint SET note = replace(note, 'time 1', 'time 2')",
        "DELETE FROM checkpoint",
    ],
)
def test_what_was_done_to_them_is_found_and_refused(cut_off: Path, statement: str) -> None:
    changed(cut_off, statement)
    assert not intact(cut_off)
    with pytest.raises(StoreError, match=r"were signed for|last checkpoint|bytes"):
        Store.open(cut_off)


def test_who_has_not_the_key_can_put_nothing_in_their_place(cut_off: Path) -> None:
    """The last entry written anew with its leaf hash and its head: only the tag, which takes the log's key, is wrong."""
    with sqlite3.connect(cut_off / "log.db") as connection:
        (body, before) = connection.execute(
            "SELECT body, (SELECT head FROM log WHERE seq = 5) FROM log WHERE seq = 6"
        ).fetchone()
        forged = canonical({**orjson.loads(unpack_entry(body)), "monotonic_us": 2})
        leaf = leaf_hash(forged)
        connection.execute(
            "UPDATE log SET body = ?, leaf = ?, head = ? WHERE seq = 6",
            (pack_entry(forged), leaf, link(before, leaf)),
        )
    connection.close()
    with LogReader(cut_off) as reader:
        (fault,) = reader.verify().faults
    assert "entries 4 to 6 are not signed for: they were added or changed outside" in fault.message
    with pytest.raises(StoreError, match="7 entries, but 4 were signed for"):
        Store.open(cut_off)


def test_a_tag_is_worth_nothing_beside_another_checkpoint(cut_off: Path, tmp_path: Path) -> None:
    """Tags seen earlier, put back beside the signature that made them void, bring no earlier log back."""
    with sqlite3.connect(cut_off / "log.db") as connection:
        (tag,) = connection.execute("SELECT tag FROM log WHERE seq = 5").fetchone()
    connection.close()
    other = tmp_path / "other"
    shutil.copytree(cut_off, other)
    with Store.open(cut_off) as store:
        store.countersign()
    changed(cut_off, "UPDATE log SET tag = ? WHERE seq = 5", tag)
    with LogReader(cut_off) as reader:
        assert [fault.sequence for fault in reader.verify().faults] == [5]
    with Store.open(other) as store:
        for number in range(7, 9):
            store.append_blocking(numbered(number))
    changed(other, "DELETE FROM log WHERE seq >= 6")
    changed(other, "UPDATE log SET tag = ? WHERE seq = 5", tag)
    assert not intact(other)


def test_a_signature_that_cannot_be_written_stops_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[int] = []

    def fails(ledger: Ledger) -> None:
        failed.append(ledger.chain.size)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Ledger, "sign", fails)
    with Store.open(path) as store:
        store.append_blocking(numbered(0))
        assert waited(lambda: bool(failed))
        assert store.append_blocking(numbered(1)).sequence == 1
        monkeypatch.undo()
        assert store.append_blocking(numbered(2)).sequence == 2
        assert waited(lambda: signed(path) == 3)
    assert intact(path)
