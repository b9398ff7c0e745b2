"""Secrets and personal data with the real client: what the model was sent, what was run, and what the log holds."""

import json
import string
from random import Random

import pytest
from harness import BAILIWICK, POLICY, Outcome, Room, bash

from bailiwick.service.scripted_model import Use
from planted import MAKERS

pytestmark = pytest.mark.e2e

BODY = "".join(Random(5).choices(string.ascii_letters + string.digits, k=64))  # noqa: S311 - test data
TOKEN, _ = MAKERS["secret/github-token"](BODY)
PASSWORD = "Zq7" + BODY[:17]
CARD = "4539 5787 " + "6362 1486"


def sent(outcome: Outcome) -> str:
    """Everything that the model was sent."""
    return json.dumps([request.body for request in outcome.model.requests])


def test_a_prompt_with_a_production_key_never_leaves(room: Room) -> None:
    outcome = room.governed([bash("echo 1")], profile="data", prompt=f"use {TOKEN} for the deployment")
    assert TOKEN not in sent(outcome)
    assert not outcome.ran(0)
    assert TOKEN not in outcome.stdout + outcome.stderr
    assert {"secret/github-token"} <= {f["rule"] for r in room.records() for f in r.get("findings", ())}


def test_what_a_tool_gives_back_reaches_the_model_masked(room: Room) -> None:
    (room.project / "notes.txt").write_text(f"first line\ntoken {TOKEN}\ncard {CARD}\nlast line\n")
    (room.project / "settings.json").write_text(json.dumps({"db": {"password": PASSWORD, "host": "db"}}))
    outcome = room.governed(
        [
            bash("cat notes.txt"),
            Use(tool="Read", input={"file_path": "/scratch/project/notes.txt"}),
            Use(tool="Read", input={"file_path": "/scratch/project/settings.json"}),
            bash("base64 -w0 notes.txt"),
        ],
        profile="data",
    )
    assert all(outcome.ran(turn) for turn in range(4))
    told = sent(outcome)
    assert TOKEN not in told
    assert CARD not in told
    assert PASSWORD not in told
    assert "[redacted:secret/github-token:" in told
    assert "[redacted:personal/payment-card:" in told
    assert "last line" in told  # nothing else is lost
    raw = b"".join(path.read_bytes() for path in room.state.rglob("*") if path.is_file())
    assert not any(secret.encode() in raw for secret in (TOKEN, PASSWORD, CARD))


def test_the_content_of_an_environment_file_in_a_command_is_refused(room: Room) -> None:
    outcome = room.governed(
        [bash(f"printf 'DB_PASSWORD={PASSWORD}\\nGH_TOKEN={TOKEN}\\n' > copy.env"), bash("echo 2")],
        profile="data",
    )
    assert not outcome.ran(0)
    assert outcome.ran(1)
    assert not (room.project / "copy.env").exists()
    told = outcome.result(0).text
    assert "data.findings.deny.secrets" in told
    assert PASSWORD not in told
    assert TOKEN not in told
    raw = b"".join(path.read_bytes() for path in room.state.rglob("*") if path.is_file())
    assert PASSWORD.encode() not in raw
    assert TOKEN.encode() not in raw
    findings = [finding for record in room.records() for finding in record.get("findings", ())]
    assert {finding["rule"] for finding in findings} >= {"secret/github-token", "secret/generic-assignment"}


MISUNDERSTOOD = """
import sys
import bailiwick.service.resident
from bailiwick.service.run import main

render = sys.modules["bailiwick.enforcement.claude_code.render"]
render.redacted_output = lambda tool, response, mask: {"of": "no shape that the client knows"}
sys.exit(main([]))
"""
"""A service whose replacements the client passes over."""


def test_output_that_the_client_does_not_replace_never_reaches_the_model(room: Room) -> None:
    (room.project / "notes.txt").write_text(f"token {TOKEN}\n")
    room.start([BAILIWICK[0], "-c", MISUNDERSTOOD])
    room.wait_for((room.state / "service.json").exists)
    outcome = room.governed([bash("cat notes.txt"), bash("echo 2")], profile="data")
    assert TOKEN not in sent(outcome)
    assert len(outcome.model.requests) == 1  # the turn ended before the client asked the model again
    (alarm,) = [record for record in room.records() if record["kind"] == "alarm"]
    assert "secret/github-token" in alarm["text"]
    assert TOKEN not in json.dumps(room.records())


def test_the_client_tells_what_the_model_gets_of_each_call(room: Room) -> None:
    (room.project / "notes.txt").write_text(f"token {TOKEN}\n")
    outcome = room.governed(
        [[bash("cat notes.txt"), Use(tool="Read", input={"file_path": "/scratch/project/notes.txt"})]],
        profile="data",
    )
    assert outcome.ran(0, 0)
    assert outcome.ran(0, 1)
    assert not [record for record in room.records() if record["kind"] == "alarm"]


@pytest.mark.parametrize("word", ["stop", "stop_failing"])
def test_output_of_a_failing_command_ends_the_turn_where_policy_says_so(room: Room, word: str) -> None:
    organisation = (POLICY / "organisation.yaml").read_text()
    room.set_policy(changes={"organisation.yaml": f"{organisation}\nunmasked_output: {word}\n"})
    (room.project / "notes.txt").write_text(f"token {TOKEN}\n")
    outcome = room.governed([bash("cat notes.txt; false"), bash("echo 2")], profile="data")
    assert (TOKEN in sent(outcome)) is (word == "stop")
    assert len([record for record in room.records() if record["kind"] == "alarm"]) == (word != "stop")
