"""Payloads: off unless policy says so; then whole, masked, sealed like their records, bound to them, and gone with them."""

import asyncio
import sqlite3
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import orjson
import pytest

from bailiwick.audit.finish import PAYLOAD, Draft, finish
from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Record
from bailiwick.audit.redaction import Redactor
from bailiwick.audit.retention import Key, clear
from bailiwick.cli.main import main
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from logs import RECORD, numbered
from planted import ALNUM, MAKERS

REDACTOR = Redactor(b"k" * 32)


def kept(payload: object, *, user: str = "alice") -> Record:
    fields = {
        "kind": Kind.TOOL_OUTCOME,
        "time_ms": 1,
        "monotonic_us": 1,
        "host": "h",
        "salt": "5a" * 16,
        "user": user,
        "call_id": "c1",
    }
    return finish(Draft(fields=fields, payload=payload), REDACTOR)


@pytest.fixture(autouse=True)
def unrecorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bailiwick.cli.log_search.note", lambda *_: None)


@pytest.fixture(params=[0, 600])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Three payloads, of two people; alone, or with so many records after them that they are in a block."""
    path = tmp_path / "state"
    records = (
        kept({"response": "one " * 9_000}),
        kept({"response": "two\x1b[2J"}, user="bob"),
        kept({"response": 3}),
    )
    with Store.open(path) as store:
        asyncio.run(store.append_all((*records, *map(numbered, range(request.param)))))
    return path


def payloads(path: Path) -> list[bytes | None]:
    with LogReader(path) as reader:
        return [reader.payload(entry) for entry in reader.entries(0, end=3)]


def test_they_come_back_whole(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, three = payloads(path)
    assert orjson.loads(one or b"") == {"response": "one " * 9_000}
    assert (two, three) == (b'{"response":"two\\u001b[2J"}', b'{"response":3}')
    for file in path.glob("log.db*"):
        assert b"one one" not in file.read_bytes()
    with LogReader(path) as reader:
        assert reader.verify().faults == ()
        (first,) = reader.entries(0, end=1)
    assert first.record["payload"] == sha256(one or b"").hexdigest()
    assert first.record["payload_bytes"] == len(one or b"")
    assert main(["log", "show", "2", "--payload", "--state", str(path)]) == 0
    assert 'payload  {"response":3}' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM payload WHERE seq = 1", "the payload is gone, though its key was not destroyed"),
        ("UPDATE payload SET sealed = zeroblob(length(sealed)) WHERE seq = 1", "the payload was changed"),
        (
            "UPDATE payload SET sealed = (SELECT sealed FROM payload WHERE seq = 2) WHERE seq = 0",
            "was changed",
        ),
        ("INSERT INTO payload VALUES (9, x'00')", "there is a payload that no record names"),
    ],
)
def test_what_is_done_to_one_is_found(path: Path, statement: str, message: str) -> None:
    with sqlite3.connect(path / "log.db") as connection:
        connection.executescript(statement)
    connection.close()
    with LogReader(path) as reader:
        faults = reader.verify().faults
    assert [message in fault.message for fault in faults] == [True]
    if "UPDATE" in statement:
        with pytest.raises(StoreError, match="payload was changed"):
            payloads(path)


def test_erasing_a_person_takes_theirs_and_no_others(path: Path) -> None:
    with Store.open(path) as store:
        mine = [
            Key(id=one.id, subject=one.subject, first_ms=0, after_ms=1)
            for one in store.data_keys()
            if one.subject == "alice"
        ]
        said = replace(RECORD, user="root", kind=Kind.KEY_DESTROYED, keys=tuple(one.id for one in mine))
        store.append_blocking(said)
        store.destroy_keys(clear((), keys=mine), at_ms=1)
    assert [payload is None for payload in payloads(path)] == [True, False, True]
    with sqlite3.connect(path / "log.db") as connection:
        assert connection.execute("SELECT seq FROM payload").fetchall() == [(1,)]
    connection.close()
    with LogReader(path) as reader:
        assert reader.verify().faults == ()


def test_no_secret_reaches_one_however_deep_or_late() -> None:
    for make in MAKERS.values():
        text, secret = make("".join(Random(7).choices(ALNUM, k=64)))  # noqa: S311 - test data
        for payload in ({"a": [{"b": text}]}, {"out": "x " * 300_000 + text}):
            assert secret.encode() not in kept(payload).whole


def test_one_that_is_too_large_is_cut_and_says_so() -> None:
    record = kept({"response": "y" * 3_000_000})
    assert len(record.whole) <= PAYLOAD
    assert record.payload_bytes == len(record.whole)


def test_a_record_without_one_says_nothing_of_it() -> None:
    assert not RECORD.whole
    assert not {"payload", "payload_bytes", "whole"} & set(replace(RECORD, whole=b"x").fields())
