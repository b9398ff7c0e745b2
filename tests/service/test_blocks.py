"""Entries become blocks: every byte comes back, nothing is read twice or not at all meanwhile, and no change goes unseen."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.audit.block import Block, BlockError, Packed, pack
from bailiwick.audit.canonical import canonical
from bailiwick.audit.kinds import Kind
from bailiwick.audit.query import Query
from bailiwick.audit.record import Record
from bailiwick.audit.retention import Key, clear
from bailiwick.audit.sealing import DataKey, SealError, commitment
from bailiwick.audit.tiles import WIDTH
from bailiwick.service.ledger import Ledger
from bailiwick.service.log_reader import LogReader
from bailiwick.service.settling import Settlement
from bailiwick.service.state_directory import AT_REST, StoreError
from bailiwick.service.store import Store
from logs import RECORD, intact

KEYS = [DataKey.of(f"{number:016x}", bytes([number]) * 32) for number in range(5)]
NAMES = st.text(max_size=20) | st.sampled_from(['"key":"', 'a"salt":"b', "\n", "\\", "\u2028", '"private":"'])


@dataclass(frozen=True, kw_only=True)
class Member:
    """An entry that is to stand in a block, its private part and the key of that."""

    body: bytes
    private: bytes
    key: DataKey


def packed_of(members: Sequence[Member], number: int = 3) -> Packed:
    return pack(
        number, [one.body for one in members], [one.private for one in members], [one.key for one in members]
    )


def member(number: int, key: DataKey, text: str) -> Member:
    private = canonical({"salt": f"{number:032x}", "input": text, "call_id": text, "user": "u"})
    public = {"epoch": "e", "key": key.id, "private": commitment(private).hex(), "seq": number, "tool": text}
    return Member(body=canonical(public), private=private, key=key)


MEMBERS = st.lists(st.tuples(st.sampled_from(KEYS), NAMES), min_size=8, max_size=8).map(
    lambda drawn: [member(number, key, text) for number, (key, text) in enumerate(drawn)]
)


def contents(packed: Packed, number: int = 3) -> list[tuple[bytes, bytes]]:
    block = Block(number, packed.entries, packed.private)
    found: dict[int, bytes] = {}
    for owner, members in enumerate(block.members()):
        key = next(key for key in KEYS if key.id == block.keys[owner].hex())
        found |= dict(zip(members, block.privates(owner, members, key), strict=True))
    bodies = block.bodies()
    assert bodies == [block.body(place) for place in range(block.count)]
    return [(body, found[place]) for place, body in enumerate(bodies)]


@given(MEMBERS)
def test_every_byte_comes_back(members: list[Member]) -> None:
    assert contents(packed_of(members)) == [(one.body, one.private) for one in members]


@given(MEMBERS, st.data())
@settings(max_examples=300, deadline=None)
def test_no_byte_of_a_block_changes_unseen(members: list[Member], data: st.DataObject) -> None:
    packed = packed_of(members)
    which = data.draw(st.sampled_from(("entries", "private")))
    whole: bytes = getattr(packed, which)
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    cut = data.draw(st.booleans())
    changed = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
    try:
        found = contents(replace(packed, **{which: changed}))
    except (SealError, StopIteration):
        return
    # Bytes of an entry are held against its leaf hash; here it is enough that they aren't the same.
    assert which == "entries"
    if found == contents(packed):
        assert at > len(whole) - len(changed)  # the last bits of a packed text say nothing


def test_a_private_part_of_another_block_does_not_open() -> None:
    members = [member(number, KEYS[0], "x") for number in range(8)]
    with pytest.raises(SealError):
        contents(packed_of(members), number=4)


@pytest.mark.parametrize("body", [b"{}", b'{"key":"00","private":"00"}', b'{"key":"0123456789ABCDEF"}'])
def test_what_is_no_entry_of_ours_is_left_alone(body: bytes) -> None:
    with pytest.raises(BlockError):
        packed_of([Member(body=body, private=b"{}", key=KEYS[0])] * 8)


def test_a_block_of_the_form_before_reads_the_same() -> None:
    kept = json.loads((Path(__file__).parent / "older_block.json").read_text())
    packed = Packed(bytes.fromhex(kept["entries"]), bytes.fromhex(kept["private"]))
    texts = ['a"salt":"b', "\\", '"key":"', "x", "\u2028", "y", '"private":"', "z"]
    members = [member(number, KEYS[number * number % 3], text) for number, text in enumerate(texts)]
    assert contents(packed) == [(one.body, one.private) for one in members]
    block = Block(3, packed.entries, packed.private)
    keys = {key.id: key for key in KEYS}
    every = block.every_private([keys[name.hex()] for name in block.keys])
    assert every is not None
    assert dict(zip(*every, strict=True)) == {place: one.private for place, one in enumerate(members)}
    spoiled = Block(3, packed.entries, packed.private[:-1] + bytes([packed.private[-1] ^ 1]))
    assert spoiled.every_private([keys[name.hex()] for name in block.keys]) is None


def record(number: int) -> Record:
    who = "alice" if number % 3 else "bob"
    kind = Kind.HEARTBEAT if number == 700 else Kind.TOOL_CALL
    enforced = "deny" if number % 50 == 0 else "allow"
    return replace(
        RECORD,
        kind=kind,
        salt=f"{number:032x}",
        user=who,
        session=f"s-{who}",
        call_id=f"c{number // 2}",
        time_ms=1_000 + number,
        enforced=enforced,
    )


def alone(path: Path) -> int:
    with sqlite3.connect(path / "log.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM log").fetchone()
    connection.close()
    return int(count)


def append(store: Store, numbers: Sequence[int], each: int) -> None:
    for low in range(0, len(numbers), each):
        asyncio.run(store.append_all(tuple(map(record, numbers[low : low + each]))))


def settled(path: Path, most: int) -> None:
    until = time.monotonic() + 60
    while alone(path) > most:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("each", [1, 100, 300, 1_000])
def test_a_log_reads_the_same_however_it_is_kept(tmp_path: Path, each: int) -> None:
    count = 1_000
    path = tmp_path / "state"
    with Store.open(path) as store:
        append(store, range(count), each)
        if each < WIDTH:
            settled(path, 2 * WIDTH)
    assert alone(path) < 2 * WIDTH
    with LogReader(path) as reader:
        records = [entry.record for entry in reader.entries()]
        assert [one["seq"] for one in records] == list(range(count))
        assert [one["call_id"] for one in records] == [f"c{number // 2}" for number in range(count)]
        assert [one.record["seq"] for one in reader.entries(250, end=260)] == list(range(250, 260))
        assert [one.record["seq"] for one in reader.last(990)] == list(range(10, count))
        assert [one.record["seq"] for one in reader.call("c5")] == [10, 11]
        assert [one.record["seq"] for one in reader.call("c499")] == [998, 999]
        assert not reader.call("c9999")
        assert reader.span(1_100, 1_901) == (100, 900)
        assert (reader.first(), reader.size()) == (0, count)
        assert [one.record["seq"] for one in reader.search(Query(kind="heartbeat"))] == [700]
        mine = [one.record["seq"] for one in reader.search(Query(user="bob"), stopped=True)]
        assert mine == sorted((n for n in range(0, count, 50) if n % 3 == 0), reverse=True)
        late = Query(since_ms=1_250, until_ms=1_260)
        assert [one.record["seq"] for one in reader.search(late, limit=3)] == [259, 258, 257]
        heads = [entry.sealed.head for entry in reader.entries()]
        assert reader.verify(expected_head=heads[300]).faults == ()
        assert not reader.verify(expected_head=bytes(32)).intact
        assert reader.verify().state.head == heads[-1]
    with Store.open(path) as again:
        assert asyncio.run(again.append(record(count))).sequence == count
    assert intact(path)


def test_who_reads_while_entries_settle_sees_each_once(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with Store.open(path) as store, LogReader(path) as reader:
        append(store, range(600), 1)
        while alone(path) > 2 * WIDTH:
            assert [one.sealed.sequence for one in reader.entries()] == list(range(600))
        halfway = reader.entries()
        first = [next(halfway).sealed.sequence for _ in range(10)]
        append(store, range(600, 1_200), 1)
        settled(path, 2 * WIDTH)
        assert first + [one.sealed.sequence for one in halfway] == list(range(600))
        assert [one.sealed.sequence for one in reader.entries()] == list(range(1_200))


def test_an_erasure_reaches_into_blocks_and_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with Store.open(path) as store:
        append(store, range(600), 300)
        with LogReader(path) as reader:
            kept = {entry.sealed.sequence: entry.sealed.body for entry in reader.entries()}
        mine = [
            Key(id=entry.id, subject=entry.subject, first_ms=0, after_ms=1)
            for entry in store.data_keys()
            if entry.subject == "alice"
        ]
        said = replace(RECORD, user="root", kind=Kind.KEY_DESTROYED, keys=tuple(one.id for one in mine))
        store.append_blocking(said)
        assert store.destroy_keys(clear((), keys=mine), at_ms=1) == 1
        append(store, range(600, 900), 300)
    with LogReader(path) as reader:
        entries = list(reader.entries())
        assert {entry.sealed.sequence: entry.sealed.body for entry in entries[:600]} == kept
        assert [bool(entry.record.get("sealed")) for entry in entries[:600]] == [
            n % 3 > 0 for n in range(600)
        ]
        assert [one.record["seq"] for one in reader.call("c0")] == [0]
        assert reader.verify().faults == ()


def test_a_log_that_is_all_blocks_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with Store.open(path) as store:
        append(store, range(WIDTH), WIDTH)
    assert alone(path) == 0
    with Store.open(path) as store:
        assert store.size == WIDTH
    kept = (path / "log.pub").read_bytes()
    (path / "log.pub").unlink()
    with pytest.raises(StoreError, match=r"missing, but log\.db holds entries"):
        Store.open(path)
    (path / "log.pub").write_bytes(kept)
    assert intact(path)


@pytest.mark.parametrize("step", ["block", "settle"])
def test_what_goes_wrong_while_settling_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "state"

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    owner = {"block": Settlement, "settle": Ledger}[step]
    with Store.open(path) as store:
        monkeypatch.setattr(owner, step, fail)
        append(store, range(700), 50)
        assert alone(path) == 700
        monkeypatch.undo()
        append(store, range(700, 710), 1)
    with Store.open(path) as store:
        append(store, range(710, 720), 1)
        settled(path, 2 * WIDTH)
    with LogReader(path) as reader:
        assert [one.record["call_id"] for one in reader.entries()] == [f"c{n // 2}" for n in range(720)]
        assert reader.verify().faults == ()


SPOILED = {
    "UPDATE block SET kinds = 'prompt' WHERE n = 1": "search columns changed",
    "UPDATE block SET first_ms = first_ms - 1 WHERE n = 1": "search columns changed",
    "UPDATE block SET last_ms = last_ms + 1 WHERE n = 1": "search columns changed",
    "UPDATE block SET calls = zeroblob(1024) WHERE n = 1": "search columns changed: call_id",
    "UPDATE block SET head = zeroblob(32) WHERE n = 1": "the chain head doesn't follow",
    "UPDATE block SET leaves = zeroblob(8192) WHERE n = 1": "the bytes were changed",
    "UPDATE block SET leaves = zeroblob(32) WHERE n = 1": "a block was changed",
    "UPDATE block SET entries = zeroblob(100) WHERE n = 1": "a block was changed",
    "UPDATE block SET entries = (SELECT entries FROM block WHERE n = 2) WHERE n = 1": "was changed",
    "UPDATE block SET private = (SELECT private FROM block WHERE n = 2) WHERE n = 1": "was changed",
    "UPDATE block SET private = zeroblob(length(private)) WHERE n = 1": "was changed",
    "UPDATE block SET private = zeroblob(8) WHERE n = 1": "the private part is gone",
    "UPDATE block SET n = 9 WHERE n = 1": "entry 256 is missing",
    "DELETE FROM block WHERE n = 1": "entry 256 is missing; entry 512 follows",
    "DELETE FROM block WHERE n = 2": "entries 512 to 767 were signed for and are gone",
    "UPDATE block SET n = 7 WHERE n = 1; UPDATE block SET n = 1 WHERE n = 2; UPDATE block SET n = 2 WHERE n = 7": "a tile of level 1 was changed",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blocks") / "state"
    with Store.open(path) as store:
        append(store, range(3 * WIDTH), 3 * WIDTH)
    (path / AT_REST).unlink()  # what is done to it here is done to a log that is in use
    return path


@pytest.mark.parametrize("statement", SPOILED)
def test_verify_finds_what_was_done_to_a_block(filled: Path, statement: str) -> None:
    with sqlite3.connect(filled / "log.db") as connection:
        kept = connection.execute("SELECT * FROM block").fetchall()
        connection.executescript(statement)
    try:
        with LogReader(filled) as reader:
            faults = reader.verify().faults
        assert any(SPOILED[statement] in fault.message for fault in faults), faults
    finally:
        connection.execute("DELETE FROM block")
        connection.executemany("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", kept)
        connection.commit()
        connection.close()
    assert intact(filled)
