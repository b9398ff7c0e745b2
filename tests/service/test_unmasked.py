"""Output that was masked is looked for in what the model will get: where it stands there, the turn ends and an alarm is kept."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bailiwick.policy.types import Unmasked
from bailiwick.service.answer import answer
from bailiwick.service.desk import Desk
from governed import POLICY, desk_at, event, opened, records, tool
from planted import MAKERS

BODY = "q7Zk2Wm9Xc4Vb1Nn8Ty5Ru3Eo6Pi0LaSdFgHjKlQwErTyUiOpZxCvBnM2468Gx13"
TOKEN, _ = MAKERS["secret/github-token"](BODY)
MASKING = POLICY | {
    "profiles/dev.yaml": POLICY["profiles/dev.yaml"]
    + 'obligations: {redact: [{tools: "*", rules: "secret/*"}]}\n'
}
RECORDING = MASKING | {"organisation.yaml": POLICY["organisation.yaml"] + "unmasked_output: record\n"}


@pytest.fixture(params=[MASKING, RECORDING], ids=["stop", "record"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk_at(tmp_path, request.param) as made:
        yield made


def stops(desk: Desk) -> bool:
    policies = desk.policies.in_force
    assert policies is not None
    return policies.policies["dev"].unmasked is Unmasked.STOP


def ran(desk: Desk, output: str, call: str = "one") -> dict[str, Any]:
    state = opened(desk)
    asyncio.run(answer(desk, state, tool("Bash", call, command="cat notes")))
    response = {"stdout": output, "stderr": "", "interrupted": False, "isImage": False}
    told = answer(
        desk,
        state,
        event(
            "PostToolUse",
            tool_name="Bash",
            tool_input={"command": "cat notes"},
            tool_use_id=call,
            tool_response=response,
        ),
    )
    said: dict[str, Any] = json.loads(asyncio.run(told))
    return said


def told(desk: Desk, name: str, **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(
        asyncio.run(answer(desk, next(iter(desk.registry)), event(name, **more)))
    )
    return said


def batch(desk: Desk, response: Any, call: str = "one") -> dict[str, Any]:
    calls = [{"tool_name": "Bash", "tool_input": {"command": "cat notes"}, "tool_use_id": call, **response}]
    return told(desk, "PostToolBatch", tool_calls=calls)


def test_output_that_was_taken_over_masked_goes_on(desk: Desk, tmp_path: Path) -> None:
    said = ran(desk, f"the token {TOKEN} it is")
    masked = said["hookSpecificOutput"]["updatedToolOutput"]["stdout"]
    assert TOKEN not in masked
    assert batch(desk, {"tool_response": masked}) == {}
    assert not records(tmp_path / "state", kind="alarm")
    assert "decision" not in told(desk, "UserPromptSubmit", prompt="go on")


@pytest.mark.parametrize(
    "response",
    [
        {"tool_response": f"the token {TOKEN} it is"},
        {"tool_response": [{"type": "text", "text": f"1\t{TOKEN}"}]},
        {"tool_response": json.dumps({"stdout": TOKEN})},
        {},  # a client that says nothing of what the model gets
    ],
)
def test_output_that_stayed_unmasked_ends_the_turn(
    desk: Desk, tmp_path: Path, response: dict[str, Any]
) -> None:
    ran(desk, f"the token {TOKEN} it is")
    said = batch(desk, response)
    stopped = stops(desk)
    assert (said.get("decision") == "block") is stopped
    (alarm,) = records(tmp_path / "state", kind="alarm")
    assert json.loads(alarm["extra"])["call"] == "one"
    assert json.loads(alarm["extra"])["rules"] == (["secret/github-token"] if response else [])
    assert json.loads(alarm["extra"])["stopped"] is stopped
    assert TOKEN not in json.dumps([said, records(tmp_path / "state")])
    # The output stays in the conversation, so a later prompt would send it all the same.
    assert (told(desk, "UserPromptSubmit", prompt="go on").get("decision") == "block") is stopped
    state = next(iter(desk.registry))
    other = json.loads(
        asyncio.run(answer(desk, state, event("UserPromptSubmit", prompt="x", session_id="other")))
    )
    assert "decision" not in other
    refused = records(tmp_path / "state", kind="refused-input")
    assert [json.loads(one["extra"])["event"] for one in refused] == ["UserPromptSubmit"] * stopped
    assert batch(desk, response) == {}  # each call is looked at once


def test_other_output_is_nobody_s_concern(desk: Desk, tmp_path: Path) -> None:
    ran(desk, "nothing here")
    assert batch(desk, {}) == {}
    assert not records(tmp_path / "state", kind="alarm")


def test_withheld_output_is_looked_for_too(tmp_path: Path) -> None:
    refusing = POLICY["profiles/dev.yaml"].replace(
        "findings: {other: allow}", 'findings: {deny: ["output secret/*"], other: allow}'
    )
    with desk_at(tmp_path, POLICY | {"profiles/dev.yaml": refusing}) as desk:
        assert ran(desk, f"the token {TOKEN} it is")["decision"] == "block"
        assert batch(desk, {"tool_response": f"the token {TOKEN}"})["decision"] == "block"
        assert len(records(tmp_path / "state", kind="alarm")) == 1


def test_masking_megabytes_keeps_no_other_session_waiting(tmp_path: Path) -> None:
    output = "an ordinary line of output\n" * 8_000 + TOKEN

    async def both(desk: Desk) -> tuple[list[str], str]:
        state = opened(desk)
        order: list[str] = []
        response = {"stdout": output, "stderr": "", "interrupted": False, "isImage": False}
        large = event(
            "PostToolUse",
            tool_name="Bash",
            tool_input={"command": "x"},
            tool_use_id="one",
            tool_response=response,
        )

        async def one(name: str, body: bytes) -> bytes:
            said = await answer(desk, state, body)
            order.append(name)
            return said

        first = asyncio.create_task(one("large", large))
        await asyncio.sleep(0)
        await one("small", tool("Bash", "two", command="ls"))
        return order, (await first).decode()

    with desk_at(tmp_path, MASKING) as desk:
        order, said = asyncio.run(both(desk))
    assert order == ["small", "large"]
    assert TOKEN not in said
