"""What is known of a running session, and how each event moves it on. Pure: the service stores what comes out.

The client's hook payload names neither the user nor the skill behind a call, so both are tracked here.
"""

from collections.abc import Mapping
from dataclasses import asdict, field, replace
from typing import Any

from bailiwick.information.attribution import (
    MAX_NAME,
    PROVISIONAL,
    Attribution,
    How,
    Loaded,
    Places,
    SkillUse,
    Spawn,
    attribution_from_json,
    names,
    places_from_json,
)
from bailiwick.information.labels import Label, compacted, labelled, labels_from_json
from bailiwick.model.event import (
    AgentStart,
    AgentStop,
    Event,
    Notice,
    PromptExpansion,
    SessionEnd,
    SessionStart,
    ToolCall,
    ToolResult,
)
from bailiwick.model.value import value

MAX_CLIENT_SESSIONS = 64
"""Ids of the client that one session remembers, the latest; each ``/clear`` and resume makes one."""

MAX_ASKED = 32
"""Calls that a person is being asked about whose reading is remembered."""


@value(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a call brings into the conversation once it has run: skills whose files it reads, and labels.

    ``loads`` is what is known of the skills that it loads, by name, ``preloads`` are those that a sub-agent starts with.
    ``unseen`` is a skill to which the client puts the call down and of which no event told.
    """

    loads: Mapping[str, Loaded] = field(default_factory=dict)
    preloads: Mapping[str, Places] = field(default_factory=dict)
    skills: Mapping[str, Places] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    unseen: str = ""


@value(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call that a person is being asked about, and what it will have read. ``skills`` are names and places."""

    call: str
    skills: tuple[tuple[str, Places], ...] = ()
    labels: tuple[Label, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class SessionFlags:
    """What the person who started the session narrowed on the command line."""

    allowed_tools: tuple[str, ...] | None = None
    read_only_files: tuple[str, ...] = ()
    max_bash_timeout: int | None = None


@value(frozen=True, slots=True, kw_only=True)
class SessionState:
    """One governed session.

    ``key`` names it everywhere. ``uid`` is the account that opened it, established by the kernel;
    ``client_pid`` and ``client_started`` (clock ticks since boot) name the client's process where that is
    known; ``base_url`` is the model endpoint it was started with, ``no_proxy`` the hosts it reaches without a proxy,
    ``shell`` the path of the shell that runs its commands, empty where that isn't known. ``client_sessions`` are the client's own ids seen with
    that secret (``--resume`` and ``/clear`` make new ones), the one now going on last. ``prompt_id`` is the main thread's.
    ``skills`` says which skills its agents act under, ``labels`` what its conversations have read, ``asked`` what the
    calls will have read that a person is being asked about.
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
    skills: Attribution = field(default_factory=Attribution)
    labels: tuple[Label, ...] = ()
    asked: tuple[Asked, ...] = ()
    ended: bool = False

    @property
    def conversation(self) -> str:
        """The client's id of the conversation now going on."""
        return self.client_sessions[-1] if self.client_sessions else ""

    def skill_uses(self, agent: str, conversation: str = "") -> tuple[SkillUse, ...]:
        """What ``agent`` (empty: the main thread) has before it of skills, whenever it was loaded."""
        return self.skills.of(agent, conversation or self.conversation)

    def active_skills(self, agent: str, conversation: str = "") -> tuple[str, ...]:
        """The skills in whose course ``agent`` now acts, the latest last."""
        return names(use for use in self.skill_uses(agent, conversation) if not use.lingers)

    def trigger(self, agent: str) -> str:
        """The innermost skill in whose course ``agent`` acts, with a slash before it where a person typed it."""
        active = self.active_skills(agent)
        if not active:
            return ""
        typed = {use.name for use in self.skills.uses if use.how is How.TYPED and not use.lingers}
        return f"/{active[-1]}" if active[-1] in typed else active[-1]


NOTHING = Reading()

TOLD = ("client_sessions", "prompt_id", "skills", "labels", "asked")
"""Fields of a session that hold what the client said; the others were established by the service."""


def advance(state: SessionState, event: Event, reading: Reading = NOTHING) -> SessionState:
    """The session after ``event`` has been let through; the same object when nothing changed.

    Call it for a skill activation only once the activation was allowed.
    """
    session, prompt, agent = (text[:MAX_NAME] for text in (event.session, event.prompt_id, event.agent))
    if session and session != state.conversation:
        others = tuple(one for one in state.client_sessions if one != session)
        state = replace(state, client_sessions=(*others, session)[-MAX_CLIENT_SESSIONS:])
    # A sub-agent in the background goes on under the prompt that started it.
    if prompt and not agent and prompt != state.prompt_id:
        state = replace(state, prompt_id=prompt, skills=state.skills.next_turn())
    labels = labelled(state.labels, reading.labels)
    read = dict(reading.skills)
    match event.what:
        case SessionStart():
            return replace(state, ended=False) if state.ended else state
        case SessionEnd(reason=reason):
            return state if reason in {"clear", "resume"} else replace(state, ended=True)
        case ToolResult(call_id=call, failed=failed) if any(one.call == call for one in state.asked):
            asked = next(one for one in state.asked if one.call == call)
            state = replace(state, asked=tuple(one for one in state.asked if one.call != call))
            if not failed:
                read |= asked.skills
                labels = labelled(labels, asked.labels)
        case Notice() if event.name == "PostCompact":
            labels = compacted(labels, session)
        case _:
            pass
    skills = _attributed(state, event, agent, reading, read)
    if skills is state.skills and labels is state.labels:
        return state
    return replace(state, skills=skills, labels=labels)


def wait(state: SessionState, event: Event, reading: Reading) -> SessionState:
    """The session while a person is asked about a call: what it reads counts once it has run.

    What it starts may start before the client says that the person agreed, so that counts from now on.
    """
    call = event.what
    if not isinstance(call, ToolCall):
        return state
    agent = event.agent[:MAX_NAME]
    for name, loaded in reading.loads.items():
        if loaded.forks:
            spawn = Spawn(call=call.call_id, agent=agent, skill=name, places=loaded.places)
            state = replace(state, skills=state.skills.begin(spawn))
    if call.tool in {"Agent", "Task"}:
        state = replace(state, skills=state.skills.begin(Spawn(call=call.call_id, agent=agent)))
    skills = dict(reading.skills) | {name: loaded.places for name, loaded in reading.loads.items()}
    if not (skills or reading.labels):
        return state
    asked = Asked(call=call.call_id, skills=tuple(skills.items()), labels=reading.labels)
    return replace(state, asked=(*state.asked, asked)[-MAX_ASKED:])


def _attributed(  # noqa: C901, PLR0912 - one arm for each event
    state: SessionState,
    event: Event,
    agent: str,
    reading: Reading,
    read: dict[str, Places],
) -> Attribution:
    """What the event changes about the skills; the same object when it changes nothing."""
    skills, session, loads = state.skills, state.conversation, reading.loads
    match event.what:
        case ToolCall(tool="Skill" | "SlashCommand", call_id=call) as what:
            name = skill_named(what.input)
            known = loads.get(name, Loaded())
            if known.forks:
                return skills.begin(Spawn(call=call, agent=agent, skill=name, places=known.places))
            return skills.load(
                SkillUse(
                    name=name, agent=agent, session=session, how=How.CALLED, call=call, places=known.places
                )
            )
        # The result too: a call that a person had to approve was not let through when it was made.
        case ToolResult(tool="Skill" | "SlashCommand", failed=False, call_id=call) as what:
            if isinstance(what.response, Mapping) and what.response.get("status") == "forked":
                return skills.unload(call, agent).end(call)
            name = skill_named(what.input)
            places = read.pop(name, ())
            use = SkillUse(name=name, agent=agent, session=session, how=How.CALLED, call=call, places=places)
            return skills.end(call).load(use)
        case PromptExpansion(command=command):
            known = loads.get(command, Loaded())
            use = SkillUse(name=command, agent="", session=session, how=How.TYPED, places=known.places)
            if known.forks:
                skills = skills.begin(Spawn(call="", agent="", skill=command, places=known.places))
                use = replace(use, call=PROVISIONAL)
            return skills.load(use)
        case ToolCall(tool="Agent" | "Task", call_id=call):
            skills = skills.begin(Spawn(call=call, agent=agent))
        case ToolResult(call_id=call):
            skills = skills.end(call)
        case AgentStart():
            skills = skills.start(agent, session)
            for name, places in reading.preloads.items():
                own = SkillUse(name=name, agent=agent, session=session, how=How.PRELOADED, places=places)
                skills = skills.load(own)
            return skills
        case AgentStop():
            return skills.stop(agent)
        case Notice() if event.name == "PostCompact":
            return skills.compact(agent, session)
        case _:
            pass
    if reading.unseen:
        use = SkillUse(name=reading.unseen, agent=agent, session=session, how=How.TRANSCRIPT)
        skills = skills.load(use)
    for name, places in read.items():
        skills = skills.load(SkillUse(name=name, agent=agent, session=session, how=How.READ, places=places))
    return skills


def skill_named(arguments: Mapping[str, Any]) -> str:
    """The skill that a call of the Skill tool names; empty where it names none."""
    words = str(arguments.get("skill") or arguments.get("command") or "").split()
    return words[0].removeprefix("/") if words else ""


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
            "skills": attribution_from_json(value["skills"]),
            "labels": labels_from_json(value["labels"]),
            "asked": tuple(
                Asked(
                    call=one["call"],
                    skills=tuple((str(name), places_from_json(places)) for name, places in one["skills"]),
                    labels=labels_from_json(one["labels"]),
                )
                for one in value["asked"]
            ),
        }
    )
