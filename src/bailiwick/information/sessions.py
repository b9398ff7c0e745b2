"""What is known of a running session, and how each event moves it on. Pure: the service stores what comes out.

The client's hook payload names neither the user nor the skill behind a call, so both are tracked here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bailiwick.model.event import (
    AgentStart,
    AgentStop,
    Event,
    Prompt,
    PromptExpansion,
    SessionEnd,
    SessionStart,
    ToolCall,
    ToolResult,
)

MAX_CLIENT_SESSIONS = 64
"""Ids of the client that one session remembers, the latest; each ``/clear`` and resume makes one."""

MAX_AGENTS = 256
"""Sub-agents of one prompt whose skills are followed; further ones count with the main thread's."""

MAX_NAME = 256
"""Characters of an id or skill name that are kept; the client's are far shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFlags:
    """What the person who started the session narrowed on the command line."""

    allowed_tools: tuple[str, ...] | None = None
    read_only_files: tuple[str, ...] = ()
    max_bash_timeout: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """One governed session.

    ``key`` names it everywhere. ``uid`` is the account that opened it, established by the kernel;
    ``client_pid`` and ``client_started`` (clock ticks since boot) name the client's process where that is
    known; ``base_url`` is the model endpoint it was started with, ``no_proxy`` the hosts it reaches without a proxy,
    ``shell`` the path of the shell that runs its commands, empty where that isn't known. ``client_sessions`` are the client's own ids seen with
    that secret (``--resume`` and ``/clear`` make new ones). ``skills`` maps an agent id (empty: the main
    thread) to the skills active for it since the prompt now being worked on; ``typed`` is the slash command that a
    person typed as that prompt.
    """

    key: str
    uid: int
    user: str
    profile: str
    project: str
    home: str
    opened: int
    client_version: str = ""
    base_url: str | None = None
    no_proxy: str = ""
    shell: str = ""
    client_pid: int = 0
    client_started: int = 0
    unattended: bool = False
    flags: SessionFlags = SessionFlags()
    client_sessions: tuple[str, ...] = ()
    prompt_id: str = ""
    skills: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    typed: str = ""
    ended: bool = False

    def active_skills(self, agent: str) -> tuple[str, ...]:
        """The skills in whose course ``agent`` (empty: the main thread) now acts."""
        return self.skills.get(agent[:MAX_NAME], self.skills.get("", ()))

    def trigger(self, agent: str) -> str:
        """The innermost skill in whose course ``agent`` acts, with a slash before it where a person typed it."""
        active = self.active_skills(agent)
        if not active:
            return ""
        return f"/{active[-1]}" if active[-1] == self.typed else active[-1]


def advance(state: SessionState, event: Event) -> SessionState:
    """The session after ``event`` has been let through; the same object when nothing changed.

    Call it for a skill activation only once the activation was allowed.
    """
    session, prompt, agent = (text[:MAX_NAME] for text in (event.session, event.prompt_id, event.agent))
    if session and session not in state.client_sessions:
        state = replace(state, client_sessions=(*state.client_sessions, session)[-MAX_CLIENT_SESSIONS:])
    if prompt and prompt != state.prompt_id:
        state = replace(state, prompt_id=prompt, skills={}, typed="")
    match event.what:
        # The result too: a call that a person had to approve was not let through when it was made.
        case (
            ToolCall(tool="Skill" | "SlashCommand", input=arguments)
            | ToolResult(tool="Skill" | "SlashCommand", input=arguments, failed=False)
        ):
            name = str(arguments.get("skill") or arguments.get("command") or "").split()
            return _activated(state, agent, name[0].removeprefix("/")) if name else state
        case PromptExpansion(command=command):
            return _activated(replace(state, typed=command.removeprefix("/")[:MAX_NAME]), "", command)
        case AgentStart() if len(state.skills) <= MAX_AGENTS:
            return replace(state, skills={**state.skills, agent: state.active_skills("")})
        case AgentStop() if agent in state.skills:
            return replace(state, skills={k: v for k, v in state.skills.items() if k != agent})
        case SessionStart():
            return replace(state, ended=False) if state.ended else state
        case SessionEnd(reason=reason):
            return state if reason in {"clear", "resume"} else replace(state, ended=True)
        case Prompt():
            return state
        case _:
            return state


def _activated(state: SessionState, agent: str, skill: str) -> SessionState:
    active, skill = state.active_skills(agent), skill[:MAX_NAME]
    if not skill or skill in active or len(state.skills) > MAX_AGENTS or len(active) >= MAX_AGENTS:
        return state
    return replace(state, skills={**state.skills, agent: (*active, skill)})


def to_json(state: SessionState) -> dict[str, Any]:
    """``state`` as plain JSON values."""
    return asdict(state)


def from_json(value: Mapping[str, Any]) -> SessionState:
    """The state that :func:`to_json` wrote. Raises ``TypeError`` or ``KeyError`` on anything else."""
    flags = value["flags"]
    allowed = flags["allowed_tools"]
    return SessionState(
        **{
            **value,
            "flags": SessionFlags(
                allowed_tools=None if allowed is None else tuple(allowed),
                read_only_files=tuple(flags["read_only_files"]),
                max_bash_timeout=flags["max_bash_timeout"],
            ),
            "client_sessions": tuple(value["client_sessions"]),
            "skills": {agent: tuple(names) for agent, names in value["skills"].items()},
        }
    )
