"""The session state machine: skills come and go with prompts and agents; nothing in it grows without bound."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.information.sessions import (
    MAX_AGENTS,
    MAX_CLIENT_SESSIONS,
    MAX_NAME,
    SessionFlags,
    SessionState,
    advance,
    from_json,
    to_json,
)
from bailiwick.model.event import (
    AgentStart,
    AgentStop,
    Event,
    Happening,
    Notice,
    Prompt,
    PromptExpansion,
    SessionEnd,
    SessionStart,
    ToolCall,
    ToolResult,
)

FRESH = SessionState(key="s-1", uid=1, user="a", profile="p", project="/w", home="/h", opened=0)


def skill(name: str, tool: str = "Skill") -> ToolCall:
    return ToolCall(tool=tool, input={"skill": name})


def ran(name: str, *, failed: bool = False) -> ToolResult:
    return ToolResult(tool="Skill", input={"skill": name}, response="", failed=failed)


def after(
    *steps: Happening | tuple[Happening, Mapping[str, str]], state: SessionState = FRESH
) -> SessionState:
    """The state after the steps, each with its envelope; by default the main thread of prompt ``p1``."""
    for step in steps:
        what, envelope = step if isinstance(step, tuple) else (step, {})
        fields: dict[str, Any] = {"session": "c1", "prompt_id": "p1", **envelope}
        state = advance(state, Event(name="x", cwd="/w", what=what, **fields))
    return state


def test_a_skill_is_active_from_its_call_until_the_next_prompt() -> None:
    state = after(skill("pdf"), skill("xlsx"), skill("pdf"))
    assert state.active_skills("") == ("pdf", "xlsx")
    assert after((Notice(), {"prompt_id": ""}), state=state).active_skills("") == ("pdf", "xlsx")
    assert after((Prompt(text="next"), {"prompt_id": "p2"}), state=state).active_skills("") == ()


@pytest.mark.parametrize(
    ("what", "active"),
    [
        (skill("pdf"), ("pdf",)),
        (skill("/pdf now"), ("pdf",)),
        (ToolCall(tool="SlashCommand", input={"command": "/deploy prod"}), ("deploy",)),
        (PromptExpansion(kind="slash_command", command="deploy"), ("deploy",)),
        (ran("pdf"), ("pdf",)),
        (ran("pdf", failed=True), ()),
        (ToolCall(tool="Skill", input={}), ()),
        (ToolCall(tool="Skill", input={"skill": 7}), ("7",)),
        (ToolCall(tool="Skill", input={"skill": "  "}), ()),
        (ToolCall(tool="Read", input={"skill": "pdf"}), ()),
        (Prompt(text="/pdf"), ()),
    ],
)
def test_what_activates(what: Happening, active: tuple[str, ...]) -> None:
    assert after(what).active_skills("") == active


def test_a_sub_agent_inherits_and_keeps_its_own() -> None:
    agent = {"agent": "a1"}
    state = after(skill("pdf"), (AgentStart(), agent), (skill("xlsx"), agent), skill("docx"))
    assert state.active_skills("a1") == ("pdf", "xlsx")
    assert state.active_skills("") == ("pdf", "docx")
    ended = after((AgentStop(), agent), state=state)
    assert set(ended.skills) == {""}


def test_an_agent_whose_start_was_missed_counts_with_the_main_thread() -> None:
    assert after(skill("pdf")).active_skills("unseen") == ("pdf",)
    assert after(skill("pdf"), (skill("x"), {"agent": "unseen"})).active_skills("unseen") == ("pdf", "x")


def test_clear_and_resume_stay_the_same_session_and_an_end_is_undone_by_a_start() -> None:
    state = after(
        (SessionEnd(reason="clear"), {}), (SessionStart(source="clear"), {"session": "c2"}), (Notice(), {})
    )
    assert state.client_sessions == ("c1", "c2")
    assert not state.ended
    ended = after(SessionEnd(reason="exit"), state=state)
    assert ended.ended
    assert not after(SessionStart(source="resume"), state=ended).ended


def test_the_same_object_when_nothing_changes() -> None:
    state = after(Notice())
    for what in (
        Notice(),
        Prompt(text="x"),
        SessionStart(source="x"),
        AgentStop(),
        SessionEnd(reason="clear"),
    ):
        assert after(what, state=state) is state
    assert after(skill("pdf"), state=after(skill("pdf"))) == after(skill("pdf"))


def test_nothing_grows_without_bound() -> None:
    long = "x" * 100_000
    state = FRESH
    for number in range(2 * MAX_AGENTS):
        envelope = {"session": f"{number}{long}", "agent": f"{number}{long}"}
        state = after(
            (AgentStart(), envelope), (skill(f"{number}{long}"), envelope), skill(f"m{number}"), state=state
        )
    state = after((Notice(), {"prompt_id": long}), state=state)
    assert len(state.client_sessions) == MAX_CLIENT_SESSIONS
    assert len(state.prompt_id) == MAX_NAME
    assert len(state.skills) <= MAX_AGENTS + 1
    assert len(json.dumps(to_json(state))) < 4_000_000


STEPS = st.sampled_from(
    [skill("a"), skill("b"), ran("c"), AgentStart(), AgentStop(), Prompt(text="x"), SessionEnd(reason="exit")]
)
ENVELOPES = st.fixed_dictionaries(
    {"agent": st.sampled_from(["", "a1", "a2"]), "prompt_id": st.sampled_from(["", "p1", "p2"])}
)


@given(st.lists(st.tuples(STEPS, ENVELOPES), max_size=12))
def test_what_is_stored_is_what_is_read(steps: list[tuple[Happening, Mapping[str, str]]]) -> None:
    state = after(*steps)
    assert from_json(json.loads(json.dumps(to_json(state)))) == state


@pytest.mark.parametrize(
    "flags",
    [
        SessionFlags(),
        SessionFlags(allowed_tools=()),
        SessionFlags(allowed_tools=("Read",), max_bash_timeout=3),
    ],
)
def test_flags_are_stored(flags: SessionFlags) -> None:
    state = SessionState(**{name: getattr(FRESH, name) for name in to_json(FRESH)} | {"flags": flags})
    assert from_json(json.loads(json.dumps(to_json(state)))).flags == flags


@pytest.mark.parametrize("value", [{}, {**to_json(FRESH), "unknown": 1}, {**to_json(FRESH), "flags": None}])
def test_anything_else_is_an_error(value: dict[str, Any]) -> None:
    with pytest.raises((TypeError, KeyError)):
        from_json(value)
