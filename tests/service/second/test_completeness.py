"""The second source: what is received and read, what the comparison finds, and how it gets on record."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.audit.completeness import Sighting, Source, compare
from bailiwick.audit.kinds import Kind
from bailiwick.cli.main import main
from bailiwick.service.log_reader import LogReader
from bailiwick.service.second.announced import telemetry_url
from bailiwick.service.second.receiver import application
from bailiwick.service.second.sightings import Telemetry, in_transcripts, of_telemetry
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from logs import RECORD

SIGHTINGS = st.builds(
    Sighting,
    source=st.sampled_from(Source),
    call_id=st.sampled_from("abcdef"),
    session=st.sampled_from(["s1", "s2"]),
    time_ms=st.integers(0, 9),
)


@given(st.lists(SIGHTINGS, max_size=30), st.randoms())
@settings(max_examples=100)
def test_a_gap_is_a_call_that_a_covering_source_did_not_see(seen: list[Sighting], chance: Any) -> None:
    seen = [replace(one, session="s1" if one.call_id < "d" else "s2") for one in seen]
    found = compare(seen)
    covering = {
        session: {Source.HOOK} | {one.source for one in seen if one.session == session}
        for session in ("s1", "s2")
    }
    for call in {one.call_id for one in seen}:
        saw = {one.source for one in seen if one.call_id == call}
        missing = covering["s1" if call < "d" else "s2"] - saw
        gap = next((gap for gap in found.gaps if gap.call_id == call), None)
        assert (set(gap.missing) if gap else set()) == missing
    assert found.calls + len(found.gaps) == len({one.call_id for one in seen})
    shuffled = list(seen)
    chance.shuffle(shuffled)
    assert {(gap.call_id, gap.missing) for gap in compare(shuffled).gaps} == {
        (gap.call_id, gap.missing) for gap in found.gaps
    }


def told(name: str, call: str, **more: str) -> dict[str, Any]:
    fields = {
        "event.name": name,
        "tool_use_id": call,
        "session.id": "c-1",
        "tool_name": "Bash",
        "event.timestamp": "2026-10-14T17:46:40.000Z",
        **more,
    }
    return {
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in fields.items()],
        "body": {"stringValue": f"claude_code.{name}"},
    }


def export(*records: dict[str, Any]) -> dict[str, Any]:
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]}


def posted(state: Path, bodies: Iterable[tuple[str, bytes]], *, token: str = "", sent: str = "") -> list[int]:
    async def go() -> list[int]:
        with Telemetry(state) as telemetry:
            runner = aiohttp.web.AppRunner(application(telemetry, token=token))
            await runner.setup()
            site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
            statuses = []
            async with aiohttp.ClientSession() as session:
                for kind, body in bodies:
                    headers = {"Content-Type": kind, **({"Authorization": f"Bearer {sent}"} if sent else {})}
                    async with session.post(
                        f"http://127.0.0.1:{port}/v1/logs", data=body, headers=headers
                    ) as answer:
                        statuses.append(answer.status)
            await runner.cleanup()
            return statuses

    return asyncio.run(go())


def kept(state: Path) -> set[str]:
    with Telemetry(state) as telemetry:
        return {one.call_id for one in telemetry.sightings()}


def test_json_and_protobuf_are_received(tmp_path: Path) -> None:
    proto = pytest.importorskip(
        "opentelemetry.proto.collector.logs.v1.logs_service_pb2",
        reason="the extra `telemetry` isn't installed",
    )
    from google.protobuf.json_format import ParseDict  # noqa: PLC0415 - an optional library

    as_json = orjson.dumps(export(told("tool_result", "toolu_1"), told("user_prompt", "toolu_x")))
    request = ParseDict(
        export(told("claude_code.tool_decision", "toolu_2")), proto.ExportLogsServiceRequest()
    )
    bodies = [
        ("application/json", as_json),
        ("application/x-protobuf", request.SerializeToString()),
        ("application/json", b"{"),
        ("application/x-protobuf", b"\xff\xff\xff"),
        ("application/json", b"[1]"),
    ]
    assert posted(tmp_path, bodies) == [200, 200, 400, 400, 200]
    assert kept(tmp_path) == {"toolu_1", "toolu_2"}
    assert (tmp_path / "telemetry.db").stat().st_mode & 0o777 == 0o600


def asked(skill: str, agent: str, second: int, sequence: int) -> dict[str, Any]:
    named = {"skill.name": skill} if skill else {}
    at = f"2026-10-14T17:46:{second:02}.000Z"
    return told(
        "api_request", "", agent_id=agent, **{"event.timestamp": at, "event.sequence": str(sequence)}, **named
    )


def test_a_call_is_put_down_to_the_skill_of_the_request_before_it(tmp_path: Path) -> None:
    at = {"event.timestamp": "2026-10-14T17:46:44.000Z"}
    export_of = export(
        asked("", "", 40, 1),
        asked("alpha", "", 42, 2),
        asked("beta", "", 44, 4),
        asked("gamma", "a-1", 43, 3),
        asked("late", "", 45, 9),
        told("skill_activated", "", **{"skill.name": "alpha"}),
        told("skill_activated", "", **{"skill.name": "custom_skill"}),
        told("tool_decision", "toolu_none", **{"event.timestamp": "2026-10-14T17:46:41.000Z"}),
        told("tool_decision", "toolu_beta", **at),
        told("tool_result", "toolu_agent", agent_id="a-1", **at),
        told("tool_result", "toolu_unknown", agent_id="a-2", **at),
    )
    assert posted(tmp_path, [("application/json", orjson.dumps(export_of))] * 2) == [200, 200]
    with Telemetry(tmp_path) as telemetry:
        found = {one.call_id: (one.agent, one.skills) for one in telemetry.sightings()}
        assert [one.skill for one in telemetry.activations()] == ["alpha"]
    assert found == {
        "toolu_none": ("", ()),
        "toolu_beta": ("", ("beta",)),
        "toolu_agent": ("a-1", ("gamma",)),
        "toolu_unknown": ("a-2", None),
    }


def test_a_skill_that_only_the_client_names_is_told_and_recorded_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = replace(RECORD, kind=Kind.TOOL_CALL, client_session="c-1", tool="Bash", enforced="allow")
    loads = replace(call, tool="Skill", enforced="allow")
    with Store.open(tmp_path) as store:
        for record in (
            replace(loads, call_id="toolu_l", activates="seen"),
            replace(
                loads, kind=Kind.TOOL_OUTCOME, call_id="toolu_l", outcome="ok", time_ms=1_792_000_000_000
            ),
            replace(loads, call_id="toolu_d", activates="denied", enforced="deny"),
            replace(call, call_id="toolu_1", skills=("alpha",)),
            replace(call, call_id="toolu_2", skills=("plug:beta", "more")),
            replace(call, call_id="toolu_3", agent="a-1"),
            replace(call, call_id="toolu_4", skills=tuple("abcdefgh")),
        ):
            store.append_blocking(record)
    with Telemetry(tmp_path) as telemetry:
        telemetry.add(of_telemetry(export(*(asked("beta", agent, 40, 1) for agent in ("", "a-1")))))
        telemetry.add(of_telemetry(export(told("skill_activated", "", **{"skill.name": "denied"}))))
        for number in (1, 2, 4):
            telemetry.add(of_telemetry(export(told("tool_decision", f"toolu_{number}"))))
        telemetry.add(of_telemetry(export(told("tool_decision", "toolu_3", agent_id="a-1"))))
    transcript(
        tmp_path / "projects",
        used("toolu_1", attributionSkill="gamma"),
        *(used(f"toolu_{one}") for one in "234ld"),
    )
    words = ["log", "completeness", "--state", str(tmp_path), "--transcripts", str(tmp_path / "projects")]
    assert main(words) == 1
    said = capsys.readouterr()
    lines = {line.strip() for line in said.out.splitlines() if "skill" in line}
    assert {line for line in lines if line.startswith(("telemetry", "transcript", "hook"))} == {
        "telemetry names the skill beta; the log alpha",
        "transcript names the skill gamma; the log alpha",
        "telemetry names the skill beta; the log none",
        "telemetry says that the skill denied was loaded; hook doesn't",
        "hook says that the skill seen was loaded; telemetry doesn't",
    }
    assert "toolu_3 of sub-agent a-1, session c-1" in said.out
    assert "5 skills of which they disagree" in said.err
    for _ in range(2):
        assert main([*words, "--record", "--json"]) == 1
    with LogReader(tmp_path) as reader:
        noted = [
            entry.record for entry in reader.entries() if entry.record["kind"] == Kind.SKILL_DISAGREEMENT
        ]
    assert sorted((one.get("call_id", ""), one["level"]) for one in noted) == [
        ("", "high"),
        ("toolu_1", "high"),
        ("toolu_1", "high"),
        ("toolu_3", "high"),
    ]
    assert main([*words, "--since", "1h"]) == 0


def test_a_token_is_asked_for_where_one_is_set(tmp_path: Path) -> None:
    body = [("application/json", orjson.dumps(export(told("tool_result", "toolu_1"))))]
    assert posted(tmp_path, body, token="t") == [401]  # noqa: S106 - a test's
    assert posted(tmp_path, body, token="t", sent="t") == [200]  # noqa: S106 - a test's


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceLogs", "scopeLogs", "logRecords", "attributes", "key", "value", "stringValue"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.just("resourceLogs"), JSON))
@settings(max_examples=100)
def test_any_json_is_read(export: dict[str, Any]) -> None:
    list(of_telemetry(export))


def transcript(folder: Path, *lines: object) -> None:
    path = folder / "-w" / "c-1.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines))


def used(call: str, **more: str) -> dict[str, Any]:
    content = [
        {"type": "text", "text": "x"},
        {"type": "tool_use", "id": call, "name": "Bash", "input": {"command": "ls"}},
    ]
    return {
        "type": "assistant",
        "sessionId": "c-1",
        "timestamp": "2026-10-14T17:46:41Z",
        "message": {"content": content},
        **more,
    }


def test_transcripts_are_read_whatever_stands_in_them(tmp_path: Path) -> None:
    noise = (
        b'not json "tool_use"',
        [1, "tool_use"],
        {"message": "tool_use"},
        {"message": {"content": ["tool_use"]}},
        b'\xff\xfe"tool_use"',
    )
    transcript(tmp_path, used("toolu_1"), *noise, used("toolu_2", agentId="a-1"))
    found = list(in_transcripts(tmp_path))
    assert [(one.call_id, one.agent, one.session, one.tool) for one in found] == [
        ("toolu_1", "", "c-1", "Bash"),
        ("toolu_2", "a-1", "c-1", "Bash"),
    ]
    with pytest.raises(StoreError, match="no such folder"):
        list(in_transcripts(tmp_path / "none"))


def test_a_call_of_a_sub_agent_that_no_hook_saw_is_told_and_recorded_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    with Store.open(state) as store:
        for call in ("toolu_1", "toolu_3"):
            asyncio.run(
                store.append(replace(RECORD, call_id=call, client_session="c-1", time_ms=1_792_000_000_000))
            )
        asyncio.run(
            store.append(
                replace(
                    RECORD, kind=Kind.TOOL_BATCH, call_id="", client_session="c-1", text="toolu_4 toolu_1"
                )
            )
        )
    transcript(
        tmp_path / "projects",
        used("toolu_1"),
        used("toolu_2", agentId="a-1"),
        used("toolu_3"),
        used("toolu_4"),
    )
    posted(
        state,
        [("application/json", orjson.dumps(export(*(told("tool_result", f"toolu_{n}") for n in (1, 2, 4)))))],
    )
    words = ["log", "completeness", "--state", str(state), "--transcripts", str(tmp_path / "projects")]
    assert main(words) == 1
    said = capsys.readouterr()
    assert re.search(
        r"NOT GOVERNED  2026-10-14 17:46:4\d  Bash toolu_2 of sub-agent a-1, session c-1\n +seen by telemetry, transcript; not by hook",
        said.out,
    )
    assert re.search(
        r"missing +.* toolu_3, session c-1\n +seen by hook, transcript; not by telemetry", said.out
    )
    assert "2 calls of 1 sessions seen by all; 1 that no hook saw, 1 that another source didn't" in said.err
    for _ in range(2):
        assert main([*words, "--record", "--json"]) == 1
    with LogReader(state) as reader:
        noted = [entry.record for entry in reader.entries() if entry.record["kind"] == Kind.UNRECORDED_CALL]
    assert [(one["call_id"], one["level"]) for one in noted] == [("toolu_2", "high")]
    assert main([*words, "--since", "1h"]) == 0


@pytest.mark.parametrize("where", [("--host", "127.0.0.1", "--port", "0"), ("--listen", "127.0.0.1:0")])
def test_the_receiver_runs_and_says_where(tmp_path: Path, where: tuple[str, ...]) -> None:
    command = [
        sys.executable,
        "-m",
        "bailiwick.cli.main",
        "log",
        "receive",
        "--state",
        str(tmp_path),
        *where,
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": ""})
    deadline = time.monotonic() + 60
    while telemetry_url(tmp_path) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert telemetry_url(tmp_path) is not None
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert telemetry_url(tmp_path) is None
    assert process.stderr is not None
    process.stderr.close()
    assert main(["log", "receive", "--state", str(tmp_path), "--listen", "nowhere"]) == 2


def test_what_a_person_allowed_for_good_is_on_record_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hook sees that it ran; that nobody will be asked again only the client says."""
    answers = {
        "toolu_1": "user_temporary",
        "toolu_2": "user_permanent",
        "toolu_3": "config",
        "toolu_4": "nonsense",
    }
    with Store.open(tmp_path) as store:
        for call_id in answers:
            store.append_blocking(replace(RECORD, call_id=call_id, client_session="c-1", time_ms=1_000))
    with Telemetry(tmp_path) as telemetry:
        for call_id, source in answers.items():
            telemetry.add(of_telemetry(export(told("tool_result", call_id))))
            telemetry.add(of_telemetry(export(told("tool_decision", call_id, source=source))))
        assert {one.call_id: one.approver for one in telemetry.sightings()} == {
            "toolu_1": "person-once",
            "toolu_2": "person-permanently",
            "toolu_3": "rule",
            "toolu_4": "",
        }
    for _ in range(2):
        main(["log", "completeness", "--state", str(tmp_path), "--record"])
    capsys.readouterr()
    with LogReader(tmp_path) as reader:
        noted = [one.record for one in reader.entries() if one.record["kind"] == "permission-answered"]
    assert [(one["call_id"], one["approved_by"]) for one in noted] == [("toolu_2", "person-permanently")]
    assert noted[0]["identity"] == f"{noted[0]['user']}@{noted[0]['host']}"
