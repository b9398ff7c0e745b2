"""The session state machine: skills come and go with prompts and agents; nothing in it grows without bound."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.information.attribution import MAX_AGENTS, MAX_NAME, MAX_SPAWNS, MAX_USES, How, Loaded, names
from bailiwick.information.sessions import (
    MAX_CLIENT_SESSIONS,
    Reading,
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


def ran(name: str, *, failed: bool = False, response: object = "", call: str = "") -> ToolResult:
    return ToolResult(tool="Skill", input={"skill": name}, response=response, failed=failed, call_id=call)


AGENT = ToolCall(tool="Agent", input={"subagent_type": "general-purpose"}, call_id="spawn")
A1 = {"agent": "a1"}


def after(
    *steps: Happening | tuple[Happening, Mapping[str, str]],
    state: SessionState = FRESH,
    forks: Sequence[str] = (),
    read: Sequence[str] = (),
) -> SessionState:
    """The state after the steps, each with its envelope; by default the main thread of prompt ``p1``."""
    for step in steps:
        what, envelope = step if isinstance(step, tuple) else (step, {})
        fields: dict[str, Any] = {"name": "x", "session": "c1", "prompt_id": "p1", **envelope}
        reading = Reading(
            loads={name: Loaded(forks=True, places=(("/r", "d"),)) for name in forks},
            skills=dict.fromkeys(read, (("/r", "d"),)),
        )
        state = advance(state, Event(cwd="/w", what=what, **fields), reading)
    return state


def all_skills(state: SessionState, agent: str = "") -> tuple[str, ...]:
    """What the agent has before it, whenever it was loaded."""
    return names(state.skill_uses(agent))


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
    assert ended.active_skills("") == ("pdf", "docx")
    assert {use.agent for use in ended.skills.uses} == {""}


def test_an_agent_whose_start_was_missed_counts_with_the_main_thread() -> None:
    assert after(skill("pdf")).active_skills("unseen") == ("pdf",)
    assert after(skill("pdf"), (skill("x"), {"agent": "unseen"})).active_skills("unseen") == ("pdf", "x")


def test_a_skill_lingers_after_its_turn_and_is_called_again_by_a_call() -> None:
    state = after(skill("pdf"), (Prompt(text="next"), {"prompt_id": "p2"}))
    assert (state.active_skills(""), all_skills(state)) == ((), ("pdf",))
    state = after((skill("xlsx"), {"prompt_id": "p2"}), (skill("pdf"), {"prompt_id": "p2"}), state=state)
    assert state.active_skills("") == ("xlsx", "pdf")


def test_a_background_agent_goes_on_under_its_own_prompt_and_changes_no_turn() -> None:
    state = after(skill("pdf"), AGENT, (AgentStart(), A1), (Prompt(text="n"), {"prompt_id": "p2"}))
    state = after((skill("xlsx"), {"prompt_id": "p2"}), (Notice(), A1), state=state)
    assert state.prompt_id == "p2"
    assert (state.active_skills("a1"), state.active_skills("")) == (("pdf",), ("xlsx",))


def test_a_skill_known_to_fork_is_called_in_its_sub_agent_only() -> None:
    forked = ran("f", response={"status": "forked", "agentId": "a1"}, call="c")
    call = ToolCall(tool="Skill", input={"skill": "f"}, call_id="c")
    state = after(call, (AgentStart(), A1), forks=["f"])
    assert (state.active_skills("a1"), state.active_skills("")) == (("f",), ())
    state = after((AgentStop(), A1), forked, AGENT, (AgentStart(), {"agent": "a2"}), state=state)
    assert state.active_skills("a2") == ()


def test_a_skill_not_known_to_fork_leaves_when_the_client_says_that_it_forked() -> None:
    forked = ran("f", response={"status": "forked"}, call="c")
    state = after(skill("pdf"), ToolCall(tool="Skill", input={"skill": "f"}, call_id="c"), (AgentStart(), A1))
    assert state.active_skills("a1") == ("pdf", "f")
    assert after((AgentStop(), A1), forked, state=state).active_skills("") == ("pdf",)


def test_a_typed_skill_that_forks_starts_one_sub_agent() -> None:
    typed = PromptExpansion(kind="slash_command", command="f")
    state = after(typed, Prompt(text="/f"), (AgentStart(), A1), (AgentStart(), {"agent": "a2"}), forks=["f"])
    assert (state.active_skills("a1"), state.active_skills("a2"), all_skills(state)) == (("f",), (), ())
    assert after(typed, Prompt(text="/f"), forks=["f"]).active_skills("") == (
        "f",
    )  # it should fork, and did not


def test_an_agent_has_the_skills_of_the_agent_that_started_it() -> None:
    state = after((AgentStart(), A1), (skill("pdf"), A1), (AGENT, A1), (AgentStart(), {"agent": "a2"}))
    assert (state.active_skills("a2"), state.active_skills("")) == (("pdf",), ())


def test_a_sub_agent_that_runs_has_nothing_of_what_the_main_thread_loads_later() -> None:
    state = after(AGENT, (AgentStart(), A1), skill("pdf"))
    assert (state.active_skills("a1"), state.active_skills("")) == ((), ("pdf",))
    assert after((AgentStop(), A1), state=state).skills.started == ()


def test_reading_a_skills_files_has_the_effect_of_calling_it() -> None:
    state = after(ToolCall(tool="Read", input={}), read=["pdf"])
    assert [(use.name, use.how) for use in state.skill_uses("")] == [("pdf", How.READ)]


def test_another_conversation_has_none_of_it_and_a_resumed_one_has_it_again() -> None:
    state = after(skill("pdf"), (Prompt(text="n"), {"session": "c2", "prompt_id": "p2"}))
    assert all_skills(state) == ()
    assert all_skills(after((Prompt(text="n"), {"prompt_id": "p3"}), state=state)) == ("pdf",)


def test_compaction_is_noted_and_a_new_call_is_not_compacted() -> None:
    state = after(skill("pdf"), (Notice(), {"name": "PostCompact"}))
    assert [use.compacted for use in state.skill_uses("")] == [True]
    assert [use.compacted for use in after(skill("pdf"), state=state).skill_uses("")] == [False]


def test_clear_and_resume_stay_the_same_session_and_an_end_is_undone_by_a_start() -> None:
    state = after((SessionEnd(reason="clear"), {}), (SessionStart(source="clear"), {"session": "c2"}))
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
    for number in range(MAX_USES):
        envelope = {"session": f"{number}{long}", "agent": f"{number}{long}"}
        steps = (skill(f"m{number}"), AGENT, (AgentStart(), envelope), (skill(f"{number}{long}"), envelope))
        state = after(*steps, state=state)
    state = after((Notice(), {"prompt_id": long}), state=state)
    assert len(state.client_sessions) == MAX_CLIENT_SESSIONS
    assert len(state.prompt_id) == MAX_NAME
    assert len(state.skills.uses) == MAX_USES
    assert state.skills.full
    assert len(state.skills.spawns) <= MAX_SPAWNS
    assert len(state.skills.started) <= MAX_AGENTS
    assert len(json.dumps(to_json(state))) < 4_000_000


STEPS = st.sampled_from(
    [
        *(skill("a"), skill("b"), ran("c"), ran("a", response={"status": "forked"}), AGENT, AgentStart()),
        *(AgentStop(), Prompt(text="x"), SessionEnd(reason="exit")),
    ]
)
ENVELOPES = st.fixed_dictionaries(
    {
        "agent": st.sampled_from(["", "a1", "a2"]),
        "prompt_id": st.sampled_from(["", "p1", "p2"]),
        "session": st.sampled_from(["c1", "c2"]),
        "name": st.sampled_from(["x", "PostCompact"]),
    }
)


@settings(deadline=None)
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


def test_a_sub_agent_starts_with_the_skills_of_its_definition_and_nobody_else_has_them() -> None:
    """The client tells of none of these: no call, no expansion, no read."""
    began = after(skill("pdf"), AGENT)
    start = Event(cwd="/w", what=AgentStart(), name="x", session="c1", prompt_id="p1", agent="a1")
    state = advance(began, start, Reading(preloads={"pre": (("/r", "d"),)}))
    assert (state.active_skills("a1"), state.active_skills("")) == (("pdf", "pre"), ("pdf",))
    assert state.skill_uses("a1")[-1].how is How.PRELOADED
    assert state.skill_uses("a1")[-1].places == (("/r", "d"),)
    assert from_json(json.loads(json.dumps(to_json(state)))) == state
