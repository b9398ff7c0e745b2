"""Records: whole, bounded, canonical, and without a secret that a rule can find (law 9)."""

import base64
from dataclasses import replace
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bailiwick.analysis.text.secrets import SECRET_RULES, scan
from bailiwick.audit.chain import genesis, seal
from bailiwick.audit.kinds import KINDS, Kind
from bailiwick.audit.record import RECORD_LIMIT, Stamp
from bailiwick.audit.recording import kind_of, record_of, service_record
from bailiwick.audit.redaction import Redactor
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
from bailiwick.model.decision import Clamp, Decision, Notify, Origin, Reason, Redact, Rewrite, Sandbox
from bailiwick.model.event import (
    AgentStart,
    AgentStop,
    ConfigChange,
    Event,
    Happening,
    ModelSwitch,
    Notice,
    PermissionAsked,
    Prompt,
    PromptExpansion,
    SessionEnd,
    SessionStart,
    ToolBatch,
    ToolCall,
    ToolResult,
)
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from planted import BODIES, DISGUISES, MAKERS, maker_of

REDACTOR = Redactor(b"k" * 32)
STAMP = Stamp(wall_ms=1_760_000_000_123, monotonic_ns=987_654_321, host="build-7", salt="5a" * 16)
BODY = "q7Zk2Wm9Xc4Vb1Nn8Ty5Ru3Eo6Pi0LaSdFgHjKlQwErTyUiOpZxCvBnM2468Gx13"


def request_for(what: Happening, raw: dict[str, Any] | None = None, **event: Any) -> Request:
    return Request(
        principal=Principal(user="alice", uid=1000, home="/home/alice"),
        event=Event(
            **{"name": "PreToolUse", "session": "c-1", "cwd": "/w", "what": what, "raw": raw or {}, **event}
        ),
        session=Session(key="s-1", profile="frontend", project="/w", client_version="2.1.330"),
        now=1_760_000_000,
    )


def sealed(request: Request, facts: Facts | None = None, decision: Decision | None = None) -> bytes:
    record = record_of(request, facts or Facts(), decision, STAMP, REDACTOR)
    return seal(genesis("0011"), record.fields())[1].body


BASH = ToolCall(tool="Bash", input={"command": "git push", "timeout": 5000, "flag": True}, call_id="toolu_1")
DECISION = Decision(
    verdict=Verdict.DENY,
    enforced=Verdict.DENY,
    reasons=(
        Reason(
            rule="org.commands.deny",
            origin=Origin(file="organisation.yaml", line=12),
            verdict=Verdict.DENY,
            message="pushing is for people",
            instead="open a pull request",
            about=Access(kind=AccessKind.EXECUTE, target=ProgramTarget(name="git", argv=("git", "push"))),
        ),
    ),
    obligations=(
        Clamp(field="timeout", maximum=30_000),
        Rewrite(field="run_in_background", value=False),
        Redact(rules=("secret/*",)),
        Notify(channel="soc"),
        Sandbox(),
    ),
    errors=("a rule could not be read",),
    revision="ab" * 32,
)
FACTS = Facts(
    accesses=(
        Access(
            kind=AccessKind.EXECUTE,
            target=ProgramTarget(name="git", argv=("git", None, "push"), open_ended=True, as_user="root"),
        ),
        Access(kind=AccessKind.WRITE, target=PathTarget(path="/w/link", real="/etc/hosts")),
        Access(kind=AccessKind.CONNECT, target=HostTarget(host="example.com", port=443)),
        Access(kind=AccessKind.CALL_TOOL, target=NameTarget(name="Bash")),
        Access(kind=AccessKind.CHANGE_CONFIG, target=VariableTarget(name="PAGER", value="cat")),
    ),
    opaque=(Opaque(reason="a variable isn't known"),),
    findings=(
        Finding(rule="command/privilege", message="git would run as root", field="tool_input.command"),
    ),
)


def test_a_tool_call_is_recorded_whole() -> None:
    raw = {
        "hook_event_name": "PreToolUse",
        "tool_input": {},
        "effort": {"level": "low"},
        "from_the_future": [1, 2.5],
    }
    fields = orjson.loads(
        sealed(request_for(BASH, raw, agent="a-1", agent_type="pa", prompt_id="p-1"), FACTS, DECISION)
    )
    assert fields == {
        "v": 2,
        "seq": 0,
        "epoch": "0011",
        "kind": "tool-call",
        "time_ms": 1_760_000_000_123,
        "monotonic_us": 987_654,
        "salt": "5a" * 16,
        "host": "build-7",
        "user": "alice",
        "identity": "alice@build-7",
        "uid": 1000,
        "session": "s-1",
        "client_session": "c-1",
        "profile": "frontend",
        "project": "/w",
        "cwd": "/w",
        "prompt_id": "p-1",
        "agent": "a-1",
        "agent_type": "pa",
        "client_version": "2.1.330",
        "event": "PreToolUse",
        "tool": "Bash",
        "call_id": "toolu_1",
        "input": '{"command":"git push","flag":true,"timeout":5000}',
        "input_bytes": 49,
        "extra": '{"effort":{"level":"low"},"from_the_future":[1,2.5]}',
        "accesses": [
            {"kind": "execute", "program": "git", "arguments": "? push ...", "as": "root"},
            {"kind": "write", "path": "/w/link", "real": "/etc/hosts"},
            {"kind": "connect", "host": "example.com", "port": 443},
            {"kind": "call-tool", "name": "Bash"},
            {"kind": "change-config", "variable": "PAGER", "value": "cat"},
        ],
        "opaque": ["a variable isn't known"],
        "findings": [
            {
                "rule": "command/privilege",
                "confidence": "high",
                "message": "git would run as root",
                "field": "tool_input.command",
            }
        ],
        "verdict": "deny",
        "enforced": "deny",
        "reasons": [
            {
                "rule": "org.commands.deny",
                "origin": "organisation.yaml:12",
                "verdict": "deny",
                "message": "pushing is for people",
                "instead": "open a pull request",
                "mode": "enforce",
                "about": "execute git push",
            }
        ],
        "obligations": [
            {"kind": "clamp", "field": "timeout", "maximum": 30_000},
            {"kind": "rewrite", "field": "run_in_background", "value": "False"},
            {"kind": "redact", "rules": "secret/*"},
            {"kind": "notify", "channel": "soc"},
            {"kind": "sandbox"},
        ],
        "errors": ["a rule could not be read"],
        "policy": "ab" * 32,
    }


HAPPENINGS: list[Happening] = [
    BASH,
    ToolResult(
        tool="Bash",
        input={"command": "ls"},
        response={"stdout": "x" * 50},
        call_id="toolu_1",
        milliseconds=12,
    ),
    PermissionAsked(tool="Bash", input={"command": "ls"}),
    Prompt(text="fix the test"),
    PromptExpansion(kind="slash_command", command="deploy", arguments="now", source="user", text="deploy it"),
    SessionStart(source="startup", model="m"),
    SessionEnd(reason="logout"),
    AgentStart(),
    AgentStop(),
    ConfigChange(source="user_settings", path="/home/alice/.claude/settings.json"),
    ModelSwitch(from_model="a", to_model="b", before=True),
    ToolBatch(calls=(ToolCall(tool="Bash", input={"command": "ls"}, call_id="toolu_2"),)),
    Notice(),
]


@pytest.mark.parametrize("what", HAPPENINGS, ids=lambda what: type(what).__name__)
def test_every_happening_has_a_kind_and_a_record(what: Happening) -> None:
    fields = orjson.loads(sealed(request_for(what, {"x": 1})))
    assert fields["kind"] == kind_of(what).value
    assert fields["extra"] == '{"x":1}'


def test_the_catalogue_lists_every_kind_once() -> None:
    assert [entry.kind for entry in KINDS] == list(Kind)


def test_an_outcome_says_how_it_went() -> None:
    good = ToolResult(tool="Bash", input={}, response="ok", milliseconds=7)
    bad = replace(good, failed=True, response="Error: exit 2", milliseconds=2**60)
    first = record_of(request_for(good), Facts(), None, STAMP, REDACTOR)
    second = record_of(request_for(bad), Facts(), None, STAMP, REDACTOR)
    assert (first.outcome, first.duration_ms, first.response_bytes, first.error) == ("ok", 7, 2, "")
    assert (second.outcome, second.error, second.duration_ms) == ("failed", "Error: exit 2", 2**53 - 1)


# --- law 9


def plant(place: str, text: str) -> tuple[Request, Facts, Decision]:
    """An event, facts and decision with ``text`` in one place, or everywhere."""

    def here(name: str) -> str:
        return text if place in {name, "everywhere"} else "plain"

    what: Happening = ToolCall(
        tool=here("tool"),
        input={
            "command": here("command"),
            here("input key"): "v",
            "deep": {"list": ["a", {"b": here("deep")}]},
        },
        call_id=here("call id"),
        server=here("server"),
    )
    if place == "prompt":
        what = Prompt(text=text)
    if place == "error":
        what = ToolResult(tool="Bash", input={}, response={"stderr": text}, failed=True)
    if place == "config path":
        what = ConfigChange(source="user_settings", path=text)
    raw = {"new_field": here("extra"), here("extra key"): [1]}
    request = request_for(
        what, raw, cwd=here("cwd"), agent=here("agent"), session=here("client session"), name=here("name")
    )
    about = Access(kind=AccessKind.READ, target=PathTarget(path=here("about")))
    facts = Facts(
        accesses=(
            Access(
                kind=AccessKind.EXECUTE,
                target=ProgramTarget(name=here("program"), argv=("x", here("argument"))),
            ),
            Access(kind=AccessKind.WRITE, target=PathTarget(path=f"/w/{here('path')}", real=here("real"))),
            Access(kind=AccessKind.CONNECT, target=HostTarget(host=here("host"))),
            Access(kind=AccessKind.CHANGE_CONFIG, target=VariableTarget(name="X", value=here("variable"))),
        ),
        opaque=(Opaque(reason=here("opaque")),),
        findings=(Finding(rule="secret/x", message=here("finding")),),
    )
    reason = Reason(
        rule="r",
        origin=Origin(file="f", line=1),
        verdict=Verdict.DENY,
        message=here("reason"),
        instead=here("instead"),
        about=about,
    )
    decision = Decision(
        verdict=Verdict.DENY,
        enforced=Verdict.DENY,
        reasons=(reason,),
        errors=(here("decision error"),),
        obligations=(Rewrite(field="command", value=here("rewrite")),),
    )
    return request, facts, decision


PLACES = [
    "tool",
    "command",
    "input key",
    "deep",
    "call id",
    "server",
    "prompt",
    "error",
    "config path",
    "extra",
    "extra key",
    "cwd",
    "agent",
    "client session",
    "name",
    "about",
    "program",
    "argument",
    "path",
    "real",
    "host",
    "variable",
    "opaque",
    "finding",
    "reason",
    "instead",
    "decision error",
    "rewrite",
    "everywhere",
]


@given(st.sampled_from(PLACES), st.sampled_from(sorted(SECRET_RULES)), BODIES)
@settings(max_examples=300, deadline=None)
def test_no_secret_of_any_rule_reaches_the_bytes(place: str, rule: str, body: str) -> None:
    text, secret = maker_of(rule)(body)
    assume(scan(text))  # law 9 is of what a rule can find
    assert secret.encode() not in sealed(*plant(place, text))


@given(st.sampled_from(PLACES), st.sampled_from(sorted(MAKERS)), st.sampled_from(sorted(DISGUISES)), BODIES)
@settings(max_examples=400, deadline=None)
def test_no_secret_reaches_the_bytes(place: str, rule: str, disguise: str, body: str) -> None:
    text, secret = MAKERS[rule](body)
    assume(scan(text))  # as above: chance also makes words of letters
    disguised = DISGUISES[disguise](text)
    request, facts, decision = plant(place, disguised)
    stored = sealed(request, facts, decision)
    assert secret.encode() not in stored
    assert secret[4:].encode() not in stored
    assert base64.b64encode(secret.encode())[4:-4] not in stored
    assert orjson.dumps(DISGUISES[disguise](secret))[1:-1] not in stored
    assert b"[redacted:" in stored


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_redacted(place: str) -> None:
    text, secret = MAKERS["secret/github-token"](BODY)
    stored = sealed(*plant(place, f"see {text}."))
    assert secret.encode() not in stored
    assert b"[redacted:secret/github-token:" in stored


def test_a_secret_found_by_its_context_is_masked_where_the_context_is_missing() -> None:
    secret = "Zq7" + BODY[:20]
    what = ToolCall(tool="Bash", input={"command": f"export DB_PASSWORD={secret}; psql"})
    facts = Facts(
        accesses=(
            Access(kind=AccessKind.CHANGE_CONFIG, target=VariableTarget(name="DB_PASSWORD", value=secret)),
            Access(
                kind=AccessKind.EXECUTE, target=ProgramTarget(name="psql", argv=("psql", f"--pw={secret}"))
            ),
        )
    )
    assert secret.encode() not in sealed(request_for(what), facts)


def test_a_secret_assembled_by_the_shell_is_masked_in_the_command_too() -> None:
    """Analysis removes the quotes; the record must not keep the quoted spelling."""
    whole, _ = MAKERS["secret/stripe-key"](BODY)
    spelled = whole[:6] + '""' + whole[6:14] + "''" + whole[14:]
    what = ToolCall(tool="Bash", input={"command": f"use {spelled}"})
    facts = Facts(
        accesses=(Access(kind=AccessKind.EXECUTE, target=ProgramTarget(name="use", argv=("use", whole))),)
    )
    stored = sealed(request_for(what), facts)
    assert whole[14:].encode() not in stored


def test_a_secret_across_the_bound_of_a_field_is_masked_before_it_is_cut() -> None:
    text, secret = MAKERS["secret/private-key"](BODY)
    for length in range(8_000, 8_300, 20):
        stored = sealed(request_for(ToolCall(tool="Write", input={"content": "x" * length + " " + text})))
        assert not any(secret[i : i + 24].encode() in stored for i in range(40, len(secret) - 60, 8))


def test_an_agent_cannot_mask_who_it_was() -> None:
    what = ToolCall(tool="Bash", input={"command": "export API_TOKEN=alice1234xQ; SECRET_KEY=/etc/passwd"})
    request = replace(request_for(what), principal=Principal(user="alice1234xQ", uid=1))
    facts = Facts(accesses=(Access(kind=AccessKind.READ, target=PathTarget(path="/w/alice1234xQ")),))
    fields = orjson.loads(sealed(request, facts))
    assert fields["user"] == "alice1234xQ"
    assert fields["accesses"] == [{"kind": "read", "path": "/w/alice1234xQ"}]
    assert "alice1234xQ" not in fields["input"]


def test_equal_secrets_have_equal_marks_and_another_key_gives_other_marks() -> None:
    text, _ = MAKERS["secret/npm-token"](BODY)
    assert REDACTOR.text(f"a {text}")[2:] == REDACTOR.text(f"b {text}")[2:]
    assert Redactor(b"j" * 32).text(text) != REDACTOR.text(text)


@given(st.text(max_size=100), st.sampled_from(sorted(MAKERS)), BODIES)
@settings(max_examples=100, deadline=None)
def test_redacting_twice_changes_nothing(text: str, rule: str, body: str) -> None:
    once = REDACTOR.text(f"{text} {MAKERS[rule](body)[0]} {text}")
    assert REDACTOR.text(once) == once


# --- bounds and totality

HOSTILE = st.recursive(
    st.text()
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), HOSTILE, max_size=5), st.text(st.characters(codec=None)))
@settings(max_examples=200, deadline=None)
def test_any_event_gives_a_canonical_record(raw: dict[str, Any], text: str) -> None:
    stored = sealed(request_for(ToolCall(tool=text, input=raw, call_id=text), raw, name=text))
    assert rfc8785.dumps(orjson.loads(stored)) == stored


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "content",
    [
        "\x00" * 200_000,
        "x" * 10_000_000,
        "\U0001f600" * 100_000,
        '"' * 100_000,
        nested(900),
        ["\x01" * 50] * 20_000,
        {"k" * 9: 10**5000},
    ],
    ids=["control", "10 MB", "emoji", "quotes", "deep", "many", "huge integer"],
)
def test_a_record_fits_an_entry_whatever_is_in_it(content: Any) -> None:
    bad = "\x01" * 5_000
    what = ToolCall(tool=bad, input={"content": content}, call_id=bad, server=bad)
    many = tuple(
        Access(kind=AccessKind.EXECUTE, target=ProgramTarget(name=bad, argv=(bad, bad), as_user=bad))
        for _ in range(600)
    )
    reason = Reason(
        rule=bad,
        origin=Origin(file=bad, line=1),
        verdict=Verdict.DENY,
        message=bad,
        instead=bad,
        about=many[0],
    )
    facts = Facts(
        accesses=many,
        opaque=(Opaque(reason=bad),) * 600,
        findings=(Finding(rule=bad, message=bad, field=bad),) * 600,
    )
    decision = Decision(
        verdict=Verdict.DENY,
        enforced=Verdict.DENY,
        reasons=(reason,) * 300,
        errors=(bad,) * 300,
        obligations=(Notify(channel=bad),) * 300,
        revision=bad,
    )
    request = request_for(
        what,
        {"extra": content},
        name=bad,
        cwd=bad,
        agent=bad,
        agent_type=bad,
        prompt_id=bad,
        permission_mode=bad,
        session=bad,
    )
    session = Session(key=bad, profile=bad, project=bad, skills=(bad,) * 20, client_version=bad)
    stored = sealed(
        replace(request, session=session, principal=Principal(user=bad, uid=2**31)), facts, decision
    )
    assert len(stored) <= RECORD_LIMIT - 200
    fields = orjson.loads(stored)
    assert fields["accesses_omitted"] + len(fields["accesses"]) == 600
    assert fields["input_cut"] == 1


def test_service_records_are_redacted_and_bounded_too() -> None:
    text, secret = MAKERS["secret/slack-token"](BODY)
    record = service_record(
        Kind.REFUSED_INPUT,
        STAMP,
        REDACTOR,
        message=f"refused {text}",
        user="bob",
        error=f"at {text}",
        details={"body": text, "more": "x" * 100_000},
    )
    stored = seal(genesis("0011"), record.fields())[1].body
    assert secret.encode() not in stored
    assert len(stored) < 12_000
    assert record.kind is Kind.REFUSED_INPUT
