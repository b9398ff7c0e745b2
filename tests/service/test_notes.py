"""Notes from other processes reach the log through the running service, from the accounts that may read it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bailiwick.audit.kinds import Kind
from bailiwick.audit.notes import Note, note_from
from bailiwick.cli.main import main
from bailiwick.service.local import RefusedError, call
from bailiwick.service.log_reader import LogReader
from bailiwick.service.noting import note
from bailiwick.service.places import Places
from governed import Running, records, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("notes")) as started:
        yield started


def test_a_reading_is_recorded_by_the_service(service: Running) -> None:
    assert main(["log", "search", "ssh", "--state", str(service.places.state)]) == 0
    assert [one["text"] for one in records(service.places.state, kind=Kind.LOG_READ)] == [
        "log search words=ssh"
    ]


def test_a_detection_is_recorded_whole_and_redacted(service: Running) -> None:
    key = "AKIA" + "Q3EGRYPZK7NHWQXL"
    finding = Note(
        kind=Kind.DETECTION,
        text=f"saw {key}",
        user="alice",
        rule="r-1",
        level="high",
        techniques=("T1552.001",),
        evidence=("e-1", "e-2"),
    )
    note(service.places, [finding] * 120)
    found = records(service.places.state, kind=Kind.DETECTION)
    assert len(found) == 120
    assert (found[0]["user"], found[0]["rule"], found[0]["evidence"]) == ("alice", "r-1", ["e-1", "e-2"])
    assert key not in str(found)
    with LogReader(service.places.state) as reader:
        assert reader.verify().intact


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "tool-call", "text": "forged"},
        {"kind": "detection", "verdict": "allow"},
        {"kind": "detection", "evidence": "e"},
        {},
        "x",
    ],
)
def test_a_note_says_nothing_about_what_a_client_did(service: Running, asked: object) -> None:
    with pytest.raises(RefusedError):
        call(service.places, "POST", "/v1/notes", {"notes": [asked]})


def test_notes_read_back() -> None:
    one = Note(kind=Kind.UNRECORDED_CALL, text="t", call_id="c", evidence=("e",))
    assert note_from(one.to_json()) == one


def test_without_a_service_the_log_itself_is_written(tmp_path: Path, service: Running) -> None:
    places = Places(state=tmp_path / "state", policy=service.policy)
    note(places, [Note(kind=Kind.DETECTION, text="alone", rule="r")])
    assert [one["text"] for one in records(places.state)] == ["alone"]
