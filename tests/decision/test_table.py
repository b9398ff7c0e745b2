"""The PDP by example: policies in the language, accesses, and what they get."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from bailiwick.decision.decide import decide
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    Finding,
    HostTarget,
    NameTarget,
    Opaque,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.decision import Clamp, Notify, Origin, Redact, Rewrite, Sandbox
from bailiwick.model.event import Event, ModelSwitch, Notice, SessionStart, ToolCall
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.load import load_policy_set
from bailiwick.policy.types import Duty, Layer, Policy, Scope

CASES = yaml.safe_load((Path(__file__).parent / "table.yaml").read_text(encoding="utf-8"))
NOW = 1_795_392_000  # 2026-11-23


def _policy(case: dict[str, Any]) -> Policy:
    files = {
        "organisation.yaml": yaml.safe_dump(
            {"organisation": "o", "mode": "enforce", **case.get("organisation", {})}
        ),
        "profiles/p.yaml": yaml.safe_dump({"profile": "p", "description": "d", **case["profile"]}),
    }
    if "exceptions" in case:
        said = [
            {**one, **{key: str(one[key]) for key in ("approved_on", "expires")}}
            for one in case["exceptions"]
        ]
        text = yaml.safe_dump({"exceptions": said}).replace("'20", "20").replace("'\n", "\n")
        files["exceptions/e.yaml"] = text
    return load_policy_set(files).policies["p"]


def _facts(row: dict[str, Any]) -> Facts:  # noqa: C901 (one arm per notation)
    for kind in (AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE, AccessKind.EXECUTE):
        if kind.value in row:
            existing = tuple(row["exists"]) if "exists" in row else None
            target = PathTarget(
                path=row[kind.value],
                pattern=row.get("pattern", False),
                real=row.get("real"),
                expanded=existing,
            )
            return Facts(accesses=(Access(kind=kind, target=target),))
    names = {"tool": AccessKind.CALL_TOOL, "skill": AccessKind.LOAD_SKILL, "agent": AccessKind.SPAWN_AGENT}
    for word, kind in names.items():
        if word in row:
            return Facts(accesses=(Access(kind=kind, target=NameTarget(name=row[word])),))
    change = AccessKind.CHANGE_CONFIG
    match row:
        case {"run": line}:
            return Facts(accesses=(Access(kind=AccessKind.EXECUTE, target=_program(line, row)),))
        case {"connect": host}:
            return Facts(
                accesses=(
                    Access(
                        kind=AccessKind.CONNECT,
                        target=HostTarget(host=host, port=row.get("port"), sends=row.get("sends", False)),
                    ),
                )
            )
        case {"variable": name}:
            return Facts(accesses=(Access(kind=change, target=VariableTarget(name=name)),))
        case {"config": name}:
            path = [Access(kind=change, target=PathTarget(path=row["file"]))] if "file" in row else []
            return Facts(accesses=(Access(kind=change, target=NameTarget(name=name)), *path))
        case {"opaque": reason}:
            return Facts(opaque=(Opaque(reason=reason),))
        case {"finding": rule}:
            return Facts(findings=(Finding(rule=rule, message="m"),))
        case _:
            return Facts()


def _program(line: str, row: dict[str, Any]) -> ProgramTarget:
    """``?`` is an unknown word, ``...`` unknown words to come."""
    argv = shlex.split(line)
    open_ended = argv[-1] == "..."
    words = tuple(None if word == "?" else word for word in (argv[:-1] if open_ended else argv))
    return ProgramTarget(
        name=argv[0],
        path=row.get("path"),
        words=tuple(word for word in words[1:] if word is None or not word.startswith("-")),
        argv=words,
        open_ended=open_ended,
        project_code=row.get("project_code", False),
        as_user=row.get("as_user"),
    )


def _request(row: dict[str, Any], *, unattended: bool = False) -> Request:
    what: ModelSwitch | ToolCall | Notice = Notice()
    if "model" in row:
        what = ModelSwitch(from_model="a", to_model=row["model"], before=True)
    elif "agent_mode" in row:
        what = ToolCall(tool="Agent", input={"prompt": "x", "mode": row["agent_mode"]})
    return Request(
        principal=Principal(user="me", uid=1000, groups=frozenset({"staff"}), home="/home/me"),
        event=Event(
            name="e", session="s", cwd="/p", what=what, permission_mode=row.get("permission_mode", "")
        ),
        session=Session(key="k", profile="p", project="/p", unattended=unattended),
        now=NOW,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"].replace(" ", "-"))
def test_table(case: dict[str, Any]) -> None:
    policy = _policy(case)
    for row in case["rows"]:
        decision = decide(policy, _request(row, unattended=case.get("unattended", False)), _facts(row))
        got = (decision.verdict.label, decision.enforced.label)
        assert got == (row["is"], row.get("enforced", row["is"])), (row, decision.reasons)
        if "by" in row:
            strongest = [reason.rule for reason in decision.reasons if reason.verdict is decision.verdict]
            assert row["by"] in strongest, (row, strongest)
        if "exception" in row:
            assert row["exception"] in {reason.exception for reason in decision.reasons}, row
        assert bool(decision.errors) == ("error" in row), (row, decision.errors)
        assert decision.revision == policy.revision


def test_a_session_that_starts_with_a_model_not_allowed_is_objected_to() -> None:
    policy = _policy({"profile": {"models": {"allow": ["good"]}}})
    request = _request({})
    for model, verdict in (("good", Verdict.ABSTAIN), ("bad", Verdict.DENY), (None, Verdict.ABSTAIN)):
        event = Event(
            name="SessionStart", session="s", cwd="/p", what=SessionStart(source="startup", model=model)
        )
        asked = Request(principal=request.principal, event=event, session=request.session)
        assert decide(policy, asked, Facts()).verdict is verdict


def test_silence_is_a_question_and_a_narrow_layer_cannot_break_it() -> None:
    facts = Facts(accesses=(Access(kind=AccessKind.CALL_TOOL, target=NameTarget(name="X")),))
    allowing = _policy({"profile": {"tools": {"other": "allow"}}}).layers[-1]
    for scope, verdict in ((Scope.PROFILE, Verdict.ALLOW), (Scope.SESSION, Verdict.ASK)):
        layer = Layer(scope=scope, name="x", rules=allowing.rules, defaults=allowing.defaults)
        policy = Policy(profile="p", description="", layers=(layer,))
        assert decide(policy, _request({}), facts).verdict is verdict
    empty = decide(Policy(profile="p", description="", layers=()), _request({}), facts)
    assert (empty.verdict, empty.reasons[0].rule) == (Verdict.ASK, "builtin.silence")


HERE = Origin(file="p.yaml", line=1)


def _duties(*given: tuple[Scope, Any, tuple[str, ...]], mode: Mode = Mode.ENFORCE) -> Policy:
    layers = tuple(
        Layer(scope=scope, name="x", duties=(Duty(id="d", origin=HERE, obligation=duty, tools=tools),))
        for scope, duty, tools in given
    )
    return Policy(profile="p", description="", layers=layers, mode=mode)


@pytest.mark.parametrize(
    ("given", "clamped"),
    [({"timeout": 0}, 20), ({"timeout": -1}, 20), ({}, 20), ({"timeout": 21}, 20), ({"timeout": 20}, None), ({"timeout": 1.5}, None), ({"timeout": "5"}, 20),
     ({"timeout": True}, 20), ({"timeout": float("nan")}, 20), ({"timeout": None}, 20)],
)  # fmt: skip
def test_the_smallest_clamp_counts_where_it_is_needed(given: dict[str, Any], clamped: int | None) -> None:
    policy = _duties(
        (Scope.ORGANISATION, Clamp(field="timeout", maximum=30), ("*",)),
        (Scope.PROFILE, Clamp(field="timeout", maximum=20), ("Bash",)),
        (Scope.PROFILE, Clamp(field="timeout", maximum=1), ("Read", "mcp__*")),
    )
    expected = () if clamped is None else (Clamp(field="timeout", maximum=clamped),)
    assert _obligations(policy, ToolCall(tool="Bash", input=given)) == expected


def _obligations(policy: Policy, what: Any) -> tuple[Any, ...]:
    request = _request({})
    event = Event(name="e", session="s", cwd="/p", what=what)
    return decide(
        policy, Request(principal=request.principal, event=event, session=request.session), Facts()
    ).obligations


def test_obligations_of_several_layers_join() -> None:
    given = (
        (Scope.ORGANISATION, Rewrite(field="run_in_background", value=False), ("Bash",)),
        (Scope.PROFILE, Rewrite(field="run_in_background", value=True), ("Bash",)),
        (Scope.ORGANISATION, Redact(rules=("secret/*",)), ("*",)),
        (Scope.PROFILE, Redact(rules=("pii/*",)), ("*",)),
        (Scope.PROFILE, Sandbox(), ("Bash",)),
        (Scope.TEAM, Sandbox(), ("Bash",)),
        (Scope.PROFILE, Notify(channel="soc"), ("*",)),
    )
    call = ToolCall(tool="Bash", input={"run_in_background": True})
    joined = _obligations(_duties(*given), call)
    assert joined == (
        Rewrite(field="run_in_background", value=False),
        Redact(rules=("pii/*", "secret/*")),
        Sandbox(),
        Notify(channel="soc"),
    )
    assert _obligations(_duties(*given), Notice()) == ()
    assert _obligations(_duties(*given, mode=Mode.MONITOR), call) == (Notify(channel="soc"),)
