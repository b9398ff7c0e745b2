"""The real client's session, all the way to the SOC: received by a real rsyslog over TLS and RELP, alerted on, found, complete."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from harness import BAILIWICK, HOME, PROJECT, Room, bash

from bailiwick.service.scripted_model import Script, Use
from bailiwick.service.second.sightings import InCourse, Telemetry

sys.path.append(str(Path(__file__).parents[1] / "service" / "sinks"))

from posts import certificates
from receivers import Daemon, free_port, rsyslog

CALLS = 4


def session(room: Room) -> None:
    """A session that reads a key, then sends something, and is stopped once."""
    room.write(HOME / ".aws/credentials", "[default]\naws_access_key_id = none\n")
    outcome = room.governed(
        [
            bash("echo the-quick-brown-fox > made.txt"),
            Use(tool="Read", input={"file_path": str(HOME / ".aws/credentials")}),
            bash("echo 10.0.0.1 api >> /etc/hosts"),
            bash("nc -z -w1 127.0.0.2 9 || true; curl -s http://127.0.0.2:9/ || true"),
        ],
        *("--permission-mode", "acceptEdits"),
        profile="open",
    )
    assert [outcome.ran(turn) for turn in (0, 1, 2)] == [True, True, False], outcome


def sinks(room: Room, made: Path, tls: Daemon, relp: Daemon) -> str:
    lines = ["sinks:"]
    for name, kind, daemon in (("tls", "syslog", tls), ("relp", "relp", relp)):
        lines += [
            f"  - name: {name}",
            f"    to: {kind}",
            f"    address: localhost:{daemon.port}",
            "    view: ocsf",
            "    server_name: server",
            *(
                f"    {key}: {PROJECT}/{file}"
                for key, file in (("ca", "ca.pem"), ("certificate", "client.pem"), ("key", "client.key"))
            ),
        ]
    for name in ("ca.pem", "client.pem", "client.key"):
        room.write(PROJECT / name, (made / name).read_bytes(), 0o600)
    room.write(PROJECT / "sinks.yaml", "\n".join([*lines, ""]))
    return str(PROJECT / "sinks.yaml")


def events(daemon: Daemon, enough: int) -> list[dict[str, object]]:
    lines = daemon.wait_for(lambda lines: len(lines) >= enough)
    return [json.loads(line[line.index("{") :]) for line in lines]


def test_a_session_reaches_the_soc(room: Room, tmp_path: Path) -> None:
    pytest.importorskip("sigma", reason="the extra `detection` isn't installed")
    made = certificates(tmp_path)
    with rsyslog(tmp_path, made, protocol="tls") as tls, rsyslog(tmp_path, made, protocol="relp") as relp:
        config = sinks(room, tmp_path, tls, relp)
        session(room)
        detected = room.bailiwick("detect", "run", "--once")
        assert detected.returncode == 1, detected.stderr
        assert "Credential file read" in detected.stdout
        assert "Credentials read, then something sent" in detected.stdout
        sent = room.bailiwick("sink", "run", "--once", "--config", config)
        assert sent.returncode == 0, sent.stderr
        records = room.records()
        for daemon in (tls, relp):
            received = events(daemon, len(records))
            places = [
                event["metadata"]["sequence"]
                for event in received
                if event["metadata"]["event_code"] != "delivery-count"
            ]  # type: ignore[index]
            assert sorted(set(places)) == list(range(len(records)))
            classes = {event["metadata"]["event_code"]: event["class_uid"] for event in received}  # type: ignore[index]
            assert classes["detection"] == 2004
            denied = [event for event in received if event.get("disposition") == "Blocked"]
            assert {event["class_uid"] for event in denied} == {1007}
            assert any("/etc/hosts" in str(event["message"]) for event in denied)
    found = room.bailiwick("log", "search", "quick brown fox", "--json")
    assert [json.loads(line)["tool"] for line in found.stdout.splitlines()][:1] == ["Bash"]
    key = next(record["session"] for record in records if record["kind"] == "tool-call")
    timeline = room.bailiwick("log", "timeline", key)
    assert "the-quick-brown-fox" in timeline.stdout
    assert "detection" in timeline.stdout
    counted = room.bailiwick("log", "counts", "--by", "tool,verdict", "--json")
    assert sum(json.loads(line)["calls"] for line in counted.stdout.splitlines()) == CALLS
    assert room.bailiwick("log", "verify").returncode == 0
    assert room.faults() == ()


def agree_on_skills(room: Room) -> None:
    """Telemetry puts calls down to the skills that the log names, on the main thread and in a sub-agent; then to one that it doesn't."""
    room.write(PROJECT / ".claude/skills/alpha/SKILL.md", "---\nname: alpha\ndescription: x\n---\nTEXT\n")
    inside = Script(
        name="agent", turns=[bash("echo in")], when=lambda received: "AGENT-TASK" in received.opening
    )
    started = {"description": "x", "prompt": "AGENT-TASK", "subagent_type": "general-purpose"}
    skill = Use(tool="Skill", input={"skill": "alpha"})
    outcome = room.governed(
        [skill, bash("echo 1"), Use(tool="Agent", input=started | {"run_in_background": False})],
        profile="open",
        agents=[inside],
    )
    assert outcome.ran(0, script="agent"), outcome

    def told() -> dict[str, tuple[str, ...] | None]:
        with Telemetry(room.state) as telemetry:
            return {one.call_id: one.skills for one in telemetry.sightings()}

    room.wait_for(lambda: told().get("toolu_agent_0_0") == ("alpha",), seconds=20)
    done = room.bailiwick("log", "completeness", "--grace", "0")
    assert "0 skills of which they disagree" in done.stderr, done.stdout
    (inner,) = (record for record in room.records() if record.get("event") == "SubagentStart")
    forged = InCourse(
        session=inner["client_session"],
        agent=inner["agent"],
        time_ms=inner["time_ms"] + 1,
        sequence=10**6,
        skill="stranger",
    )
    with Telemetry(room.state) as telemetry:
        telemetry.add([replace(forged, time_ms=one.time_ms) for one in telemetry.sightings() if one.agent])
    done = room.bailiwick("log", "completeness", "--grace", "0", "--record")
    assert "telemetry names the skill stranger; the log alpha" in done.stdout, done.stdout
    (noted,) = (record for record in room.records() if record["kind"] == "skill-disagreement")
    assert noted["call_id"] == "toolu_agent_0_0"


def test_every_call_is_seen_by_hooks_telemetry_and_transcript(room: Room) -> None:
    room.start_service()
    port = free_port()
    room.start([*BAILIWICK, "log", "receive", "--listen", f"127.0.0.1:{port}"])
    room.wait_for((room.state / "telemetry.json").exists)
    session(room)
    complete = ("log", "completeness", "--transcripts", str(HOME / ".claude/projects"), "--grace", "0")
    deadline = time.monotonic() + 20
    while (done := room.bailiwick(*complete)).returncode != 0 and time.monotonic() < deadline:
        time.sleep(0.5)  # what telemetry tells last is under way
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{CALLS} calls of 1 sessions seen by all; 0 that no hook saw" in done.stderr, done.stderr
    seen = room.bailiwick("log", "completeness", "--grace", "0")
    assert f"{CALLS} calls of 1 sessions" in seen.stderr, seen.stderr
    assert "0 skills of which they disagree" in seen.stderr, seen.stderr
    agree_on_skills(room)
    # A call that stands in the transcript alone is one that no hook saw.
    forged = {
        "type": "assistant",
        "sessionId": "c",
        "timestamp": "2026-01-01T00:00:00Z",
        "message": {"content": [{"type": "tool_use", "id": "toolu_x", "name": "Bash"}]},
    }
    room.write(HOME / ".claude/projects/-x/c.jsonl", json.dumps(forged))
    told = room.bailiwick(*complete, "--record")
    assert told.returncode == 1
    assert "NOT GOVERNED" in told.stdout
    assert [record["call_id"] for record in room.records() if record["kind"] == "unrecorded-call"] == [
        "toolu_x"
    ]
