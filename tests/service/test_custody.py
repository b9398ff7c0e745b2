"""Retention, holds, erasure, witnesses: over a real log, with every step an entry of it and every proof still good."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.audit.chain import BESIDE
from bailiwick.audit.record import Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.audit.retention import DAY_MS, Hold, Key, Retention, RetentionError, clear
from bailiwick.audit.sealing import month_of
from bailiwick.audit.tlog_proof import TlogProof
from bailiwick.service.custody import PENDING, Custodian, CustodyError, Who
from bailiwick.service.log_reader import LogReader
from bailiwick.service.proofs import prove
from bailiwick.service.state_directory import StoreError, read_verifiers
from bailiwick.service.store import Store
from logs import RECORD

NOW_MS = 1_796_000_000_000
ADMIN = Who(user="admin", uid=0)
MARK = "the-text-that-must-go"


def custodian(store: Store, now_ms: int = NOW_MS) -> Custodian:
    return Custodian(
        store=store,
        redactor=Redactor(store.redaction_key),
        stamp=lambda: Stamp(wall_ms=now_ms, monotonic_ns=1, host="h", salt="5b" * 16),
    )


def ask(keeper: Custodian, action: str, **given_: Any) -> dict[str, Any]:
    return asyncio.run(keeper.perform(ADMIN, action, given_))


def fill(store: Store, days: range, users: tuple[str, ...] = ("alice", "bob")) -> None:
    """A tile of records for each day, that many days ago."""
    for day in days:
        records = tuple(
            replace(
                RECORD,
                time_ms=NOW_MS - day * DAY_MS,
                user=users[number % len(users)],
                session=f"s-{users[number % len(users)]}",
                call_id=f"{day}-{number}",
                text=MARK if users[number % len(users)] == "alice" else "x",
            )
            for number in range(256)
        )
        asyncio.run(store.append_all(records))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def kinds(path: Path, *wanted: str) -> list[dict[str, Any]]:
    with LogReader(path) as reader:
        return [entry.record for entry in reader.entries() if entry.record["kind"] in wanted]


def verified(path: Path) -> None:
    with LogReader(path) as reader:
        assert reader.verify().faults == ()


def test_what_is_past_its_retention_goes_and_every_proof_stays(store: Store, path: Path) -> None:
    fill(store, range(500, 370, -60))
    with LogReader(path) as reader:
        kept = {sequence: prove(reader, sequence, private=True) for sequence in (0, 300, 700)}
        head = reader.verify().state.head
    keeper = custodian(store)
    told = ask(keeper, "retention", dry_run=True)
    assert (told["entries"], told["done"]) == (512, False)
    told = ask(keeper, "retention")
    assert (told["first"], told["below"], told["done"]) == (0, 512, True)
    with LogReader(path) as reader:
        assert reader.first() == 512
        assert reader.verify(expected_head=head).faults == ()
    for proof in kept.values():
        assert TlogProof.parse(proof.text()).verify(read_verifiers(path)).size == 768
    (record,) = kinds(path, "purged")
    assert (record["upto"], record["user"]) == (512, "admin")
    assert ask(keeper, "retention")["entries"] == 0
    store.close()
    with Store.open(path) as again:
        assert again.size == 770
    verified(path)
    for file in path.glob("log.db*"):
        assert b'"2026-07' not in file.read_bytes()


def test_a_hold_pins_entries_and_keys_until_it_is_released(store: Store, path: Path) -> None:
    fill(store, range(500, 440, -20))
    keeper = custodian(store)
    told = ask(
        keeper, "hold-add", name="case-7", user="bob", reason="litigation", since_ms=NOW_MS - 490 * DAY_MS
    )
    assert told["hold"]["name"] == "case-7"
    told = ask(keeper, "retention")
    assert (told["below"], told["holds"]) == (256, ["case-7"])
    assert ask(keeper, "retention")["entries"] == 0
    with pytest.raises(CustodyError, match="there is a hold case-7"):
        ask(keeper, "hold-add", name="case-7", reason="again")
    with pytest.raises(CustodyError, match="there is no hold other"):
        ask(keeper, "hold-release", name="other", reason="r")
    ask(keeper, "hold-release", name="case-7", reason="settled")
    assert ask(keeper, "retention")["entries"] == 512
    assert [one["kind"] for one in kinds(path, "hold-placed", "hold-released")] == [
        "hold-placed",
        "hold-released",
    ]
    verified(path)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM key WHERE subject = 'alice'", "2 more are gone without a record"),
        ("UPDATE key SET wrapped = NULL, destroyed_ms = 1 WHERE month = '2026-09'", "1 more are gone without a record"),
        ("DELETE FROM key", "the data keys can't be opened"),
    ],
)  # fmt: skip
def test_a_key_that_was_destroyed_behind_the_log_is_found(path: Path, statement: str, message: str) -> None:
    with Store.open(path) as store:
        fill(store, range(70, 0, -30))
        store.append_blocking(replace(RECORD, time_ms=NOW_MS, user="alice"))
    with contextlib.closing(sqlite3.connect(path / "keys.db")) as connection, connection:
        connection.execute(statement)
    with LogReader(path) as reader:
        (fault,) = reader.verify().faults
        assert message in fault.message
        assert fault.sequence == (BESIDE if "opened" in message else 0)


def test_a_copy_without_keys_is_whole_as_far_as_it_goes(path: Path) -> None:
    with Store.open(path) as store:
        fill(store, range(1))
    for name in ("keys.db", "seal.key", "log.key"):
        (path / name).unlink()
    with LogReader(path) as reader:
        assert reader.verify().intact
        assert not reader.has_keys


def test_a_person_is_erased_and_everything_still_verifies(store: Store, path: Path, tmp_path: Path) -> None:
    fill(store, range(70, 0, -30))
    with LogReader(path) as reader:
        before = prove(reader, 0, private=True)
        head = reader.verify().state.head
    backup = shutil.copytree(path, tmp_path / "backup", ignore=shutil.ignore_patterns("seal.key*"))
    keeper = custodian(store)
    told = ask(keeper, "erase", user="alice", reason="asked for it", ticket="DSR-1")
    assert told == {"destroyed": 3, "held": [], "holds": []}
    with LogReader(path) as reader:
        assert reader.verify(expected_head=head).faults == ()
        entries = [entry for entry in reader.entries() if entry.record["kind"] == "tool-call"]
        assert {entry.record.get("user") for entry in entries} == {None, "bob"}
        gone = next(entry for entry in entries if entry.record.get("sealed"))
        assert (gone.record["tool"], gone.private) == ("Bash", None)
        after = prove(reader, 0, private=True)
        assert after.private is None
        after.verify(read_verifiers(path))
    # What was disclosed before stays proven; what was not is gone, from the backup as well.
    before.verify(read_verifiers(path))
    shutil.copy(path / "seal.key", backup / "seal.key")
    with LogReader(backup) as reader:
        assert all(entry.record.get("sealed") for entry in reader.entries())
    (record,) = kinds(path, "key-destroyed")
    assert len(record["keys"]) == 3
    assert "alice" not in str(record)
    store.close()
    for file in path.iterdir():
        assert MARK.encode() not in file.read_bytes()
    with pytest.raises(CustodyError, match="no data of alice"), Store.open(path) as again:
        ask(custodian(again), "erase", user="alice", reason="again")


def test_what_is_held_of_a_person_is_not_erased(store: Store, path: Path) -> None:
    fill(store, range(70, 0, -30))
    keeper = custodian(store)
    since = NOW_MS - 5 * DAY_MS
    ask(keeper, "hold-add", name="case-8", user="alice", reason="r", since_ms=since)
    ask(keeper, "hold-add", name="other", user="bob", reason="r")
    told = ask(keeper, "erase", user="alice", reason="r")
    assert told["destroyed"] == 2
    assert told["holds"] == ["case-8"]
    with LogReader(path) as reader:
        texts = [entry.record.get("text") for entry in reader.entries()]
    assert texts.count(MARK) == 128
    verified(path)


def test_an_erasure_that_a_crash_cut_short_is_made_good(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, range(2, 1, -1))

    def crash(*_: object, **__: object) -> int:
        raise StoreError("crash")

    with monkeypatch.context() as patch:
        patch.setattr(store, "destroy_keys", crash)
        with contextlib.suppress(StoreError):
            ask(custodian(store), "erase", user="alice", reason="r")
    assert store.get_state(PENDING)
    store.close()
    with Store.open(path) as again:
        asyncio.run(custodian(again).resume())
        assert again.get_state(PENDING) is None
        assert not [key for key in again.data_keys() if key.subject == "alice"]


@pytest.mark.parametrize(
    ("action", "given_", "message"),
    [
        ("hold-add", {"name": "a b", "reason": "r"}, "a hold's name"),
        ("hold-add", {"name": "x"}, "reason is missing"),
        ("hold-add", {"name": "x", "reason": "r", "since_ms": "x"}, "since_ms must be a number"),
        ("hold-add", {"name": 7, "reason": "r"}, "name must be text"),
        ("erase", {"user": "alice"}, "reason is missing"),
        ("nothing", {}, "no action 'nothing'"),
        ("witness", {}, "no witness is known"),
        ("witness-add", {"url": "http://127.0.0.1:1", "keys": "nonsense"}, "the witness's keys"),
        ("witness-remove", {"url": "http://127.0.0.1:1"}, "no witness at"),
    ],
)
def test_what_makes_no_sense_is_refused(
    store: Store, action: str, given_: dict[str, Any], message: str
) -> None:
    with pytest.raises(CustodyError, match=message):
        ask(custodian(store), action, **given_)
    assert store.size == 0


def test_a_retention_below_the_floor_is_none() -> None:
    with pytest.raises(RetentionError, match="90 days at least"):
        Retention(days=89)


def test_a_new_period_is_recorded_once(store: Store, path: Path) -> None:
    for days in (400, 400, 100):
        asyncio.run(custodian(store).settle(Retention(days=days)))
    assert [one["text"] for one in kinds(path, "retention-changed")] == [
        "records are kept 400 days",
        "records are kept 100 days",
    ]
    assert custodian(store).retention().days == 100


USERS = st.sampled_from(["", "alice", "bob"])
TIMES = st.integers(0, 12)
HOLDS = st.builds(
    Hold,
    name=st.just("h"),
    reason=st.just("r"),
    placed_by=st.just("a"),
    placed_ms=st.just(0),
    user=USERS,
    session=st.sampled_from(["", "s-alice", "s-bob"]),
    since_ms=st.none() | TIMES,
    until_ms=st.none() | TIMES,
)
RECORDS = st.lists(
    st.tuples(TIMES, st.sampled_from(["alice", "bob"])).map(
        lambda drawn: {"time_ms": drawn[0], "user": drawn[1], "session": f"s-{drawn[1]}"}
    ),
    max_size=20,
)


@given(st.lists(HOLDS, max_size=3), RECORDS, TIMES, st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_nothing_that_is_held_may_ever_go(
    holds: list[Hold], records: list[dict[str, Any]], before: int, width: int
) -> None:
    """The law: whatever holds, records and periods there are, no entry goes and no key that a hold pins."""
    numbered = [{**record, "seq": number} for number, record in enumerate(records)]
    keys = {
        (record["user"], record["time_ms"] // width): Key(
            id=f"{record['user']}/{record['time_ms'] // width}",
            subject=record["user"],
            first_ms=record["time_ms"] // width * width,
            after_ms=(record["time_ms"] // width + 1) * width,
        )
        for record in numbered
    }
    free = clear(holds, entries=numbered, before_ms=before, keys=keys.values())
    for record in numbered:
        pinned = any(hold.pins(record) for hold in holds)
        key = keys[record["user"], record["time_ms"] // width]
        assert not (pinned and record["seq"] < free.below)
        assert not (pinned and key.id in free.keys)
        assert record["time_ms"] < before or record["seq"] >= free.below
    if not holds:
        assert free.keys == {key.id for key in keys.values()}


def test_months_are_those_of_the_calendar() -> None:
    assert month_of(NOW_MS) == "2026-11"
