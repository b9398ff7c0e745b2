"""The scenarios: what the model asks for under which policy, and what came of it on disk, for the model and in the log.

One file per subject under ``scenarios/``; the keys are explained in ``scenarios/README.md``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Listener, Outcome, Room

from bailiwick.service.scripted_model import Script, Use

TABLES = Path(__file__).parent / "scenarios"
KEYS = {
    "it",
    "profile",
    "narrow",
    "flags",
    "prompt",
    "room",
    "before",
    "calls",
    "agent",
    "after",
    "reached",
    "requests",
}
VERDICTS = {"ran", "failed", "denied", "refused", "stopped", "unheard"}


def _scenarios() -> list[Any]:
    found = []
    for table in sorted(TABLES.glob("*.yaml")):
        for scenario in yaml.safe_load(table.read_text()):
            assert set(scenario) <= KEYS, (
                f"{table.name}: {scenario.get('it')}: unknown {set(scenario) - KEYS}"
            )
            found.append(pytest.param(scenario, id=f"{table.stem}: {scenario['it']}"))
    return found


@pytest.mark.parametrize("scenario", _scenarios())
def test_scenario(room: Room, scenario: Mapping[str, Any]) -> None:
    with Listener() as listener:
        scenario = _filled(scenario, {"LISTENER": f"127.0.0.1:{listener.port}"})
        before = _prepare(room, scenario)
        agent = scenario.get("agent", [])
        outcome = room.governed(
            [_use(call) for call in scenario["calls"]],
            *scenario.get("flags", []),
            profile=scenario.get("profile", "dev"),
            narrow=scenario.get("narrow", []),
            prompt=scenario.get("prompt", "go"),
            agents=[
                Script(name="agent", turns=[_use(c) for c in agent], when=lambda r: "AGENT-TASK" in r.opening)
            ],
        )
    assert outcome.code == 0, outcome
    if "flags" not in scenario:
        assert "Ignoring" not in outcome.stderr, (
            outcome
        )  # what the client says of arguments that count for nothing
    for turn, call in enumerate(scenario["calls"]):
        _judge(room, outcome, call, "main", turn)
    for turn, call in enumerate(agent):
        _judge(room, outcome, call, "agent", turn)
    for path, expected in scenario.get("after", {}).items():
        wanted = before.get(path) if expected == "unchanged" else expected
        assert room.read(path) == wanted, f"{path}\n{outcome}"
    assert bool(listener.requests) == scenario.get("reached", False), outcome
    assert "requests" not in scenario or len(outcome.model.conversation) == scenario["requests"], outcome
    assert room.faults() == ()


def _prepare(room: Room, scenario: Mapping[str, Any]) -> Mapping[str, str | None]:
    """Put the scenario's files there; what the judged files held before."""
    for path, content in scenario.get("room", {}).items():
        if isinstance(content, dict) and "link" in content:
            target = room.host(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(content["link"])
        elif isinstance(content, dict) and "json" in content:
            room.write(path, content["json"])
        else:
            room.write(path, content)
    if "before" in scenario:
        room.run(["sh", "-c", scenario["before"]]).check_returncode()
    return {path: room.read(path) for path in scenario.get("after", {})}


def _use(call: Mapping[str, Any]) -> Use:
    tool = next(iter(call))
    given = call[tool]
    return Use(tool=tool, input={"command": given} if isinstance(given, str) else given or {})


def _judge(room: Room, outcome: Outcome, call: Mapping[str, Any], script: str, turn: int) -> None:
    """One call: what the model was told, and what the log says of it.

    ``ran`` and ``failed``: policy allowed it, and it succeeded or not by itself. ``denied``: the service said no.
    ``refused``: the client's own rules said no first. ``stopped``: one of the two. ``unheard``: the client has no such
    tool here, or the input made no sense to it.
    """
    result = outcome.result(turn, script=script)
    record = room.judged().get(f"toolu_{script}_{turn}_0")
    enforced = None if record is None else record["enforced"]
    kind = call["gets"]
    assert kind in VERDICTS
    where = f"{script} turn {turn}: {call}\n{outcome}\nrecord: {record}"
    assert result.is_error == (kind != "ran"), where
    by_service = "Denied by policy" in result.text and enforced in {"deny", "ask"}
    by_client = "Denied by policy" not in result.text and enforced in {None, "allow", "abstain"}
    if kind in {"ran", "failed"}:
        assert enforced in {"allow", "abstain"}, where
    if kind == "denied":
        assert by_service, where
    if kind in {"refused", "unheard"}:
        assert by_client, where
    if kind == "stopped":
        native = ("denied", "blocked", "permission", "is disabled for this session")
        assert by_service or any(word in result.text for word in native), where
    if "rule" in call:
        assert record is not None, where
        assert any(reason["rule"].startswith(call["rule"]) for reason in record["reasons"]), where
    if "would" in call:
        assert record is not None, where
        assert record["verdict"] == call["would"], where
    if "timeout" in call:
        ran = [
            r
            for r in room.records()
            if r.get("event") == "PostToolUse" and r["call_id"] == f"toolu_{script}_{turn}_0"
        ]
        assert json.loads(ran[0]["input"])["timeout"] == call["timeout"], (where, ran)
    if "says" in call:
        assert call["says"] in result.text, where
    if "silent" in call:
        assert call["silent"] not in result.text, where


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    """``value`` with ``<NAME>`` replaced in every string."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"<{name}>", text)
        return value
    if isinstance(value, dict):
        return {_filled(k, names): _filled(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, names) for v in value]
    return value
