"""The relay as the client's command hook, on the real client: it decides as HTTP hooks do, and fails closed."""

import json
import os
from pathlib import Path

from harness import CHECKOUT, HOME, MANAGED, POLICY, PROJECT, Outcome, Room, bash

from bailiwick.administration.targets.claude_settings import ServiceAddress, Tier, compile_settings
from bailiwick.policy.load import load_policy_set
from bailiwick.service.scripted_model import Turn, Use

RELAY = (str(CHECKOUT / ".venv/bin/python"), "-IS", str(CHECKOUT / "src/bailiwick/enforcement/relay.py"))
SOCKET = str(HOME / ".local/state/bailiwick/service.sock")


def relayed(room: Room, calls: list[Turn], *options: str) -> Outcome:
    """A bare client whose managed hooks are the relay, in the session of an earlier launch."""
    assert room.governed([bash("echo up")]).code == 0
    [hooks] = room.state.glob("sessions/*/plugin/hooks/hooks.json")
    hook = json.loads(hooks.read_text())["hooks"]["PreToolUse"][0]["hooks"][0]
    secret = hook["headers"]["Authorization"].removeprefix("Bearer ")
    texts = {str(path.relative_to(POLICY)): path.read_text() for path in POLICY.rglob("*.yaml")}
    address = ServiceAddress(
        url=hook["url"].removesuffix("/v1/hook"), relay=(*RELAY, "--socket", SOCKET, *options)
    )
    document = compile_settings(load_policy_set(texts).policies["dev"], service=address, tier=Tier.MANAGED)
    room.write(MANAGED / "managed-settings.json", document)
    room.write(PROJECT / ".env", "S3CRET\n")
    return room.session(calls, env={"BAILIWICK_TOKEN": secret})


def test_the_relay_decides_as_the_service_does(room: Room) -> None:
    outcome = relayed(room, [bash("echo hello"), bash("cat .e*"), bash("sleep 1; echo slept", timeout=5000)])
    assert outcome.code == 0, outcome
    assert outcome.result(0).text.startswith("hello"), outcome
    assert "dev.files.hidden.environment-files" in outcome.result(1).text, outcome
    assert "S3CRET" not in outcome.result(1).text
    assert room.judged()["toolu_main_1_0"]["enforced"] == "deny"
    assert room.faults() == ()


def test_without_a_service_the_relay_blocks(room: Room) -> None:
    def kill(_: object) -> Use:
        room.kill_service()
        return bash("touch made")

    name = f"segments/{os.getuid()}.segment"
    outcome = relayed(room, [bash("echo hello"), kill], "--segments", str(Path(SOCKET).parent / "segments"))
    assert outcome.result(0).text.startswith("hello"), outcome
    assert room.read(PROJECT / "made") is None, outcome
    # What it stopped is on record once there is a service again, and nothing of what it said.
    kept = (room.state / name).read_text()
    assert "touch made" not in kept
    room.start_service()
    stopped = [one for one in room.records() if one["kind"] == "fallback"]
    assert len(stopped) == kept.count("\n") > 0
    assert [one["enforced"] for one in stopped if one.get("tool") == "Bash"] == ["deny"]
    assert room.bailiwick("log", "verify").returncode == 0


def test_policy_has_a_governed_session_ask_through_the_relay(room: Room) -> None:
    said = (POLICY / "organisation.yaml").read_text() + "audit: {fallback: relay}\n"
    room.set_policy(changes={"organisation.yaml": said})

    def kill(_: object) -> Use:
        room.kill_service()
        return bash("touch made")

    room.write(PROJECT / ".env", "S3CRET\n")
    outcome = room.governed([bash("echo hello"), bash("cat .e*"), kill])
    assert outcome.result(0).text.startswith("hello"), outcome
    assert "dev.files.hidden.environment-files" in outcome.result(1).text, outcome
    assert room.read(PROJECT / "made") is None, outcome
    room.start_service()
    stopped = [one for one in room.records() if one["kind"] == "fallback"]
    assert [one["enforced"] for one in stopped if one.get("tool") == "Bash"] == ["deny"]
    assert room.faults() == ()


def test_a_relay_that_can_t_start_blocks(room: Room) -> None:
    outcome = relayed(room, [bash("touch made")], "--no-such-option")
    assert len(outcome.model.conversation) == 0, outcome
    assert room.read(PROJECT / "made") is None
