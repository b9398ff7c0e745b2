"""The wire format: golden answers, the client's schema, and totality."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bailiwick.enforcement.claude_code import (
    EVENTS,
    GATING,
    MAX_BODY,
    MAX_DEPTH,
    MalformedEventError,
    parse_event,
    redacted_output,
    render,
    render_batch,
    render_failure,
    updated_input,
    withheld_output,
)
from bailiwick.model.decision import (
    Clamp,
    Decision,
    Notify,
    Obligation,
    Origin,
    Reason,
    Redact,
    Rewrite,
    Sandbox,
)
from bailiwick.model.event import Event, Notice, PermissionAsked, Prompt, ToolBatch, ToolCall, ToolResult
from bailiwick.model.verdict import Mode, Verdict

WIRE = Path(__file__).parent / "wire"
CASES = sorted(WIRE.glob("*/*.in.json"))
SAMPLES: dict[str, dict[str, Any]] = json.loads((WIRE / "events.json").read_text(encoding="utf-8"))
SCHEMA = Draft202012Validator(json.loads((WIRE / "answer.schema.json").read_text(encoding="utf-8")))


def body(event: object) -> bytes:
    return json.dumps(event).encode()


def sample(name: str, **changed: Any) -> Event:
    return parse_event(body(SAMPLES[name]["event"] | changed))


def reason(said: dict[str, str]) -> Reason:
    file, _, line = said["origin"].partition(":")
    return Reason(
        rule=said["rule"],
        origin=Origin(file=file, line=int(line)),
        verdict=Verdict[said["verdict"].upper()],
        message=said["message"],
        instead=said.get("instead", ""),
        mode=Mode(said.get("mode", "enforce")),
        exception=said.get("exception"),
    )


def obligation(said: dict[str, list[Any]]) -> Obligation:
    match next(iter(said.items())):
        case "clamp", [field, maximum]:
            return Clamp(field=field, maximum=maximum)
        case "rewrite", [field, value]:
            return Rewrite(field=field, value=value)
        case "redact", rules:
            return Redact(rules=tuple(rules))
        case "notify", [channel]:
            return Notify(channel=channel)
        case "sandbox", []:
            return Sandbox()
        case other:
            raise AssertionError(other)


def masking(words: dict[str, str]) -> Callable[[str], str]:
    def mask(text: str) -> str:
        for word, instead in words.items():
            text = text.replace(word, instead)
        return text

    return mask


def verdict_of(answer: dict[str, Any]) -> str:
    """What the client makes of an answer (study §3.4)."""
    specific = answer.get("hookSpecificOutput", {})
    if answer.get("decision") == "block":
        return "deny"
    if "decision" in specific:
        return str(specific["decision"]["behavior"])
    return str(specific.get("permissionDecision", "abstain"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.name[:-8]}")
def test_golden(path: Path, golden: Callable[[Path, str], None]) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    said = case["decision"]
    reasons = tuple(reason(one) for one in said["reasons"])
    decision = Decision(
        verdict=max([one.verdict for one in reasons], default=Verdict.ABSTAIN),
        enforced=Verdict[said["enforced"].upper()],
        reasons=reasons,
        obligations=tuple(obligation(one) for one in said["obligations"]),
        errors=tuple(said["errors"]),
    )
    answer = json.loads(
        render(
            parse_event(body(case["event"])),
            decision,
            contact=case.get("contact", ""),
            session_hint=case.get("session_hint", ""),
            mask=masking(case["mask"]) if "mask" in case else None,
        )
    )
    SCHEMA.validate(answer)
    golden(
        path.with_name(path.name.replace(".in.", ".out.")),
        json.dumps(answer, indent=1, ensure_ascii=False) + "\n",
    )
    if case["event"]["hook_event_name"] in GATING and path.parent.name != "allow":
        assert verdict_of(answer) == path.parent.name


def test_samples_are_of_every_event() -> None:
    assert list(SAMPLES) == list(EVENTS)
    assert len(EVENTS) == 33


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_read(name: str) -> None:
    event = sample(name)
    assert type(event.what).__name__ == SAMPLES[name]["what"]
    assert (event.name, event.session, event.cwd) == (name, "adbf0001", "/home/dev/proj")
    assert event.prompt_id == "c86b0001"
    assert event.raw == SAMPLES[name]["event"]


@pytest.mark.parametrize("name", EVENTS)
def test_every_failure_is_an_answer(name: str) -> None:
    for given_event in (name, sample(name)):
        answer = json.loads(render_failure(given_event, "the record could not be written"))
        SCHEMA.validate(answer)
        assert (verdict_of(answer) == "deny") == (name in GATING or name == "PostToolUse")


def test_a_batch_report_is_answered_with_what_the_client_left_unsaid() -> None:
    event = sample("PostToolBatch")
    call = ToolCall(tool="Read", input={})
    why = Reason(
        rule="org.files.hidden.1",
        origin=Origin(file="organisation.yaml", line=9),
        verdict=Verdict.DENY,
        message="Secrets.",
        instead="read .env.example.",
    )
    denied = Decision(verdict=Verdict.DENY, enforced=Verdict.DENY, reasons=(why, why))
    answer = json.loads(
        render_batch(event, [(call, denied), (call, Decision(verdict=Verdict.ALLOW, enforced=Verdict.ALLOW))])
    )
    SCHEMA.validate(answer)
    told = answer["hookSpecificOutput"]["additionalContext"]
    assert told.count("Secrets (org.files.hidden.1, organisation.yaml:9).") == 1
    assert "Instead: read .env.example." in told
    assert json.loads(render_batch(event, [])) == {}


def test_a_batch_report_with_odd_calls_is_read() -> None:
    what = sample(
        "PostToolBatch",
        tool_calls=[7, {"tool_name": "A", "tool_input": "x"}, {"tool_name": "B", "tool_input": {}}],
    ).what
    assert isinstance(what, ToolBatch)
    assert [call.tool for call in what.calls] == ["B"]


def test_failure_of_an_unreadable_event_denies() -> None:
    answer = json.loads(render_failure(None, "not JSON"))
    SCHEMA.validate(answer)
    assert verdict_of(answer) == "deny"


def test_failure_withholds_output_in_its_own_shape() -> None:
    answer = json.loads(render_failure(sample("PostToolUse"), "x"))
    output = answer["hookSpecificOutput"]["updatedToolOutput"]
    assert output["stdout"] == ""
    assert set(output) >= {"stdout", "stderr", "interrupted", "isImage"}


MALFORMED = {
    "empty": b"",
    "not UTF-8": b'{"hook_event_name":"X","a":"\xff"}',
    "UTF-16": '{"hook_event_name":"X"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"hook_event_name":"X"}',
    "array": b"[]",
    "null": b"null",
    "two documents": b'{"hook_event_name":"X"}{}',
    "NaN": b'{"hook_event_name":"X","a":NaN}',
    "Infinity": b'{"hook_event_name":"X","a":-Infinity}',
    "too large a number": b'{"hook_event_name":"X","a":1e999}',
    "too many digits": b'{"hook_event_name":"X","a":' + b"1" * 5000 + b"}",
    "too large an integer": b'{"hook_event_name":"X","a":' + b"1" * 400 + b"}",
    "a name twice": b'{"hook_event_name":"X","a":1,"a":2}',
    "a name twice once mended": rb'{"hook_event_name":"X","a":{"\ud800":1,"\udc00":2}}',
    "a name twice inside": b'{"hook_event_name":"X","a":{"b":1,"b":1}}',
    "deep lists": b'{"hook_event_name":"X","a":' + b"[" * 200 + b"]" * 200 + b"}",
    "very deep lists": b'{"hook_event_name":"X","a":' + b"[" * 1_000_000,
    "very deep objects": b'{"a":' * 500_000,
    "unfinished": b'{"hook_event_name":"PreToolUse","tool_input":{"command":"rm',
    "too large": b'{"hook_event_name":"X","a":"' + b"x" * MAX_BODY + b'"}',
    "no name": b'{"tool_name":"Bash"}',
    "a name of another kind": b'{"hook_event_name":7}',
    "an empty name": b'{"hook_event_name":""}',
    "a session of another kind": b'{"hook_event_name":"X","session_id":7}',
    "a relative directory": b'{"hook_event_name":"X","cwd":"proj"}',
    "an input of another kind": b'{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":"rm"}',
    "no input": b'{"hook_event_name":"PreToolUse","tool_name":"Bash"}',
    "no tool": b'{"hook_event_name":"PreToolUse","tool_input":{}}',
    "a tool of another kind": b'{"hook_event_name":"PreToolUse","tool_name":["Bash"],"tool_input":{}}',
    "no prompt": b'{"hook_event_name":"UserPromptSubmit"}',
    "a prompt of another kind": b'{"hook_event_name":"UserPromptSubmit","prompt":["a"]}',
    "no command": b'{"hook_event_name":"UserPromptExpansion","expansion_type":"slash_command"}',
    "a duration of another kind": b'{"hook_event_name":"PostToolUse","tool_name":"B","tool_input":{},"duration_ms":"1"}',
    "no source": b'{"hook_event_name":"ConfigChange"}',
    "no model": b'{"hook_event_name":"PreModelSwitch"}',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(name: str) -> None:
    with pytest.raises(MalformedEventError) as caught:
        parse_event(MALFORMED[name])
    assert len(str(caught.value)) < 200
    assert "rm" not in str(caught.value).split()


def test_unknown_events_and_fields_are_kept() -> None:
    event = parse_event(b'{"hook_event_name":"FromTheFuture","cwd":"/","new":{"a":[1]}}')
    assert isinstance(event.what, Notice)
    assert event.raw["new"] == {"a": [1]}


def test_text_and_numbers_are_read_as_the_client_means_them() -> None:
    event = parse_event(
        b'{"hook_event_name":"X","a":"x\\ud800y","b":"\\ud83d\\ude00","c":100000000000000000000}'
    )
    assert (event.raw["a"], event.raw["b"], event.raw["c"]) == ("x\ufffdy", "\U0001f600", 1e20)


def test_nesting_up_to_the_bound_is_read() -> None:
    nested = "[" * (MAX_DEPTH - 2) + "1" + "]" * (MAX_DEPTH - 2)
    assert parse_event(f'{{"hook_event_name":"X","a":{nested}}}'.encode()).raw["a"]


def test_a_failed_tool_is_told_apart() -> None:
    assert isinstance(what := sample("PostToolUse", tool_response="Error: Exit code 1").what, ToolResult)
    assert what.failed
    assert isinstance(what := sample("PostToolUseFailure").what, ToolResult)
    assert (what.failed, what.response, what.milliseconds) == (True, "Exit code 1", 12)


def test_the_server_of_a_tool() -> None:
    event = sample("PreToolUse", mcp_server={"name": "db", "source": "user"})
    assert isinstance(event.what, ToolCall)
    assert event.what.server == "db"


texts = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
reasons = st.builds(
    Reason,
    rule=texts,
    origin=st.just(Origin(file="a.yaml", line=1)),
    verdict=st.sampled_from(Verdict),
    message=texts,
    instead=texts,
    mode=st.sampled_from(Mode),
    exception=st.none() | texts,
)
obligations = st.one_of(
    st.builds(
        Clamp,
        field=st.sampled_from(["timeout", "limit", "prompt"]),
        maximum=st.integers(min_value=1, max_value=10**7),
    ),
    st.builds(Rewrite, field=st.sampled_from(["timeout", "command"]), value=texts | st.booleans()),
    st.builds(Redact, rules=st.just(("secret/*",))),
    st.builds(Notify, channel=texts),
    st.just(Sandbox()),
)
decisions = st.builds(
    Decision,
    verdict=st.sampled_from(Verdict),
    enforced=st.sampled_from(Verdict),
    reasons=st.lists(reasons, max_size=5).map(tuple),
    obligations=st.lists(obligations, max_size=4).map(tuple),
    errors=st.lists(texts, max_size=2).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(EVENTS), st.dictionaries(texts, json_values, max_size=3), json_values, decisions)
def test_every_answer_is_valid_and_never_looser(
    name: str, tool_input: dict[str, Any], response: Any, decision: Decision
) -> None:
    said = dict(SAMPLES[name]["event"])
    said |= {
        key: value for key, value in (("tool_input", tool_input), ("tool_response", response)) if key in said
    }
    event = parse_event(body(said))
    answer = json.loads(render(event, decision, contact="c", mask=str.upper))
    SCHEMA.validate(answer)
    shown = verdict_of(answer)
    if decision.enforced is Verdict.DENY and name in GATING:
        assert shown == "deny"
    if decision.enforced is Verdict.ASK and name in GATING:
        assert shown in {"ask", "deny"} or isinstance(event.what, PermissionAsked)
    if decision.enforced is not Verdict.ALLOW:
        assert shown != "allow"
        assert "updatedInput" not in answer.get("hookSpecificOutput", {})
    if (
        isinstance(event.what, ToolResult | Prompt)
        and decision.enforced >= Verdict.ASK
        and name != "PostToolUseFailure"
    ):
        assert shown == "deny"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_reading_is_total(data: bytes) -> None:
    try:
        parse_event(data)
    except MalformedEventError as error:
        assert str(error)  # noqa: PT017 - either outcome is right


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["timeout", "x"]), json_values), st.integers(min_value=1, max_value=10**7)
)
def test_a_clamped_value_is_within_the_bound(tool_input: dict[str, Any], maximum: int) -> None:
    changed = updated_input(tool_input, (Clamp(field="timeout", maximum=maximum),))
    effective = tool_input if changed is None else changed
    assert 1 <= effective["timeout"] <= maximum
    assert not isinstance(effective["timeout"], bool)
    assert {name: value for name, value in effective.items() if name != "timeout"} == {
        name: value for name, value in tool_input.items() if name != "timeout"
    }


def shape(value: Any) -> Any:
    match value:
        case dict():
            return [shape(item) for item in value.values()]
        case list():
            return [shape(item) for item in value]
        case _:
            return isinstance(value, bool) or value is None


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["Bash", "Read", "Grep", "mcp__a__b"]), json_values)
def test_masking_keeps_the_shape_and_leaves_nothing(tool: str, response: Any) -> None:
    masked = redacted_output(tool, response, lambda text: text.replace("a", "-").replace("1", "-"))
    assert shape(masked) == shape(response) or tool.startswith("mcp__")
    left = [text for text in leaves(masked, names=tool.startswith("mcp__")) if isinstance(text, str)]
    assert not any("a" in text or "1" in text for text in left)


def leaves(value: Any, *, names: bool) -> list[Any]:
    match value:
        case dict():
            inside = [leaf for item in value.values() for leaf in leaves(item, names=names)]
            return [*inside, *value] if names else inside
        case list():
            return [leaf for item in value for leaf in leaves(item, names=names)]
        case _:
            return [value]


@pytest.mark.parametrize("tool", ["Bash", "Read", "Grep", "WebFetch", "mcp__a__b"])
def test_nothing_of_withheld_output_is_left(tool: str) -> None:
    responses: list[Any] = [
        {"stdout": "S3CRET", "file": {"content": "S3CRET"}, "list": ["S3CRET"]},
        "S3CRET",
        None,
    ]
    for response in responses:
        assert "S3CRET" not in json.dumps(withheld_output(tool, response))
