"""What persons have before them while the service is killed and started again: their "no" is on record all the same."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from bailiwick.audit.record import Record
from bailiwick.audit.recording import refusal_of
from bailiwick.service.answer import answer
from bailiwick.service.calls import MAX_QUESTIONS, QUESTION
from governed import POLICY, desk_at, event, opened, records, running, tool, verdict

ASKED = tool("Skill", "one", skill="asked")
RAN = event(
    "PostToolUse", tool_name="Skill", tool_input={"skill": "asked"}, tool_response="", tool_use_id="one"
)
LATER = tool("Read", "three", file_path="/tmp/x").replace(b"p-1", b"p-2")
BATCH = event(
    "PostToolBatch",
    tool_calls=[
        {"tool_name": "Skill", "tool_input": {"skill": "asked"}, "tool_use_id": "one"},
        {"tool_name": "Read", "tool_input": {"file_path": "/tmp/x"}, "tool_use_id": "two"},
    ],
)


@pytest.mark.parametrize(
    ("then", "approved_by"),
    [
        (event("Stop"), "person-refused"),
        (event("SessionEnd", reason="prompt_input_exit"), "person-refused"),
        (LATER, "person-refused"),
        (BATCH, "person-refused"),
        (RAN, "person-once"),
        (tool("Read", "two", file_path="/tmp/x"), None),
        (event("Stop", session_id="another"), None),
    ],
    ids=["stop", "end", "later", "batch", "ran", "meanwhile", "another"],
)
def test_a_question_outlives_the_service(tmp_path: Path, then: bytes, approved_by: str | None) -> None:
    with desk_at(tmp_path) as desk:
        state = replace(opened(desk), opened=1)
        asyncio.run(answer(desk, state, tool("Read", "two", file_path="/tmp/x")))
        assert verdict(asyncio.run(answer(desk, state, ASKED))) == "ask"
    with desk_at(tmp_path) as desk:
        desk.resume([state])
        for _ in range(2):
            asyncio.run(answer(desk, state, then))
    answers = records(tmp_path / "state", kind="permission-answered")
    told = [(one["call_id"], one["input"], one["session"], one["approved_by"]) for one in answers]
    said = [("one", '{"skill":"asked"}', state.key, approved_by)] * bool(approved_by)
    assert told[: 1 if then is RAN else None] == said
    outcomes = records(tmp_path / "state", kind="tool-outcome")
    assert all(one["elapsed_ms"] >= 0 for one in outcomes)
    if then is BATCH:  # both were put to the service that was there before
        assert [one["call_id"] for one in records(tmp_path / "state", kind="tool-call")] == ["two", "one"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_the_service_knows_its_questions_again(tmp_path: Path, how: signal.Signals) -> None:
    with running(tmp_path) as service:
        client = service.open()
        assert verdict(client.hook(ASKED)) == "ask"
        service.kill(how)
        service.start()
        client.hook(LATER)
        answers = records(service.places.state, kind="permission-answered")
    assert [(one["call_id"], one["approved_by"]) for one in answers] == [("one", "person-refused")]


def test_a_no_to_the_client_s_own_question_outlives_the_service(tmp_path: Path) -> None:
    policy = {name: text + "mode: monitor\n" * ("profiles/" in name) for name, text in POLICY.items()}
    asks = event("PermissionRequest", tool_name="Write", tool_input={"file_path": "/etc/hosts"})
    with desk_at(tmp_path, policy) as desk:
        state = opened(desk)
        assert (
            verdict(asyncio.run(answer(desk, state, tool("Write", "w", file_path="/etc/hosts")))) == "abstain"
        )
        asyncio.run(answer(desk, state, asks))
    with desk_at(tmp_path, policy) as desk:
        desk.resume([state])
        asyncio.run(answer(desk, state, event("Stop")))
    answers = records(tmp_path / "state", kind="permission-answered")
    assert [(one["call_id"], one["approved_by"]) for one in answers] == [("w", "person-refused")]


def test_the_rows_are_those_of_the_questions_that_are_open(tmp_path: Path) -> None:
    with desk_at(tmp_path) as desk:
        state = opened(desk)

        def put(body: bytes) -> None:
            asyncio.run(answer(desk, state, body))

        def rows() -> int:
            return len(desk.store.states(QUESTION))

        for number in range(MAX_QUESTIONS + 10):
            put(tool("Skill", f"c-{number}", skill="asked"))
        assert rows() == MAX_QUESTIONS
        assert b"asked" not in b"".join(desk.store.states(QUESTION).values())
        put(event("Stop", session_id="another"))
        assert rows() == MAX_QUESTIONS
        put(event("Stop"))
        assert rows() == 0
        put(ASKED)
        put(RAN)
        assert rows() == 0
        put(ASKED.replace(b"one", b"eno"))
        assert rows() == 1
        desk.forget(state)  # its client is gone, and nobody said no
        other = opened(desk)
        asyncio.run(answer(desk, other, tool("Read", file_path="/tmp/x")))
        assert rows() == 0
        assert not desk.calls.unsaved


@pytest.mark.parametrize("row", [b"", b"{}", b"[]", b'{"session":"zz"}', b'{"session":1}'])
def test_a_row_that_cannot_be_read_is_dropped(tmp_path: Path, row: bytes) -> None:
    with desk_at(tmp_path) as desk:
        desk.calls.restore({QUESTION + "00": row}, desk.on_record, {"s-1"})
        assert desk.calls.unsaved == {QUESTION + "00": None}


def test_a_no_of_the_log_is_the_one_that_was_ready(tmp_path: Path) -> None:
    """What is made of the call's record says what was made beside it, but for its clocks and salt."""
    with desk_at(tmp_path) as desk:
        state = opened(desk)
        asyncio.run(answer(desk, state, event(
            tool_name="Skill", tool_input={"skill": "asked", "args": "x" * 20_000}, tool_use_id="one",
            agent_id="a", agent_type="t", permission_mode="plan", something={"else": 1},
        )))  # fmt: skip
        [ready] = [question.refusal for question in desk.calls._questions.values()]
        [call] = desk.on_record("one")
        found = refusal_of(call)

    def timeless(record: Record) -> Record:
        return replace(record, time_ms=0, monotonic_us=0, salt="")

    assert timeless(found) == timeless(ready)
