"""Which skills an agent acts under. Pure.

The client's hook payload does not name the skill behind a call, so it is followed from what the payload does name: calls
of the Skill tool, typed skills, sub-agents that start and stop, and reads of a skill's own files. What each of these
does was measured with the client (2.1.330):

1. A skill is *called* in a turn: from its call, or from the prompt that types it, until the next prompt.
2. Its text stays in the conversation. From the next prompt on it *lingers*, until the conversation is another one.
3. A skill that forks never enters the conversation that calls it; it is called in the sub-agent that it starts.
4. A sub-agent starts with the skills of whoever started it and those that its definition names, of which the client tells
   nobody, and keeps them, with its own, until it stops.
5. Reading a skill's files has the same effect as calling it, without the client taking note.
6. Compaction shortens the conversation but the client puts the called skills back, so it ends nothing by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeAlias

from bailiwick.model.value import value

MAX_USES = 512
"""Uses of skills that one session remembers. With more, the oldest that the agent has otherwise are forgotten last."""

MAX_NAME = 256
"""Characters of an id or skill name that are kept; the client's are far shorter."""

PROVISIONAL = "(typed)"
"""In place of the call of a typed skill that should fork: until its sub-agent starts, it counts in the main thread."""

MAX_PLACES = 16
"""Places of one skill that are kept: versions of it that one conversation has read."""

MAX_AGENTS = 256
"""Sub-agents at once that are told apart; further ones count with the main thread."""

MAX_SPAWNS = 64
"""Calls that may start a sub-agent and have not ended, which one session remembers."""


Places: TypeAlias = tuple[tuple[str, str], ...]
"""Roots of a skill and the digest of what stood there."""


class How(StrEnum):
    """How a skill came to be active."""

    CALLED = "called"
    TYPED = "typed"
    READ = "read"
    INHERITED = "inherited"
    PRELOADED = "preloaded"
    TRANSCRIPT = "transcript"


@value(frozen=True, slots=True, kw_only=True)
class SkillUse:
    """A skill whose text one agent (empty: the main thread) of one conversation has before it.

    ``call`` is the tool call that brought it, empty where none did; ``places`` are where it was loaded from and the digests
    found there, as far as anybody looked. ``lingers`` says that it was called in an earlier turn, ``compacted`` that the
    conversation was shortened since.
    """

    name: str
    agent: str
    session: str
    how: How
    call: str = ""
    places: Places = ()
    lingers: bool = False
    compacted: bool = False


@value(frozen=True, slots=True, kw_only=True)
class Spawn:
    """A call under way that may start a sub-agent: whose it is, and the skill that the sub-agent is to follow.

    ``call`` is empty where a person typed the skill.
    """

    call: str
    agent: str
    skill: str = ""
    places: Places = ()


@value(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What is known of a skill about to be loaded: where it stands, and whether it runs in a sub-agent of its own."""

    places: Places = ()
    forks: bool = False


@value(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The skills of one governed session, by agent and conversation. ``started`` are the sub-agents that run now."""

    uses: tuple[SkillUse, ...] = ()
    spawns: tuple[Spawn, ...] = ()
    started: tuple[str, ...] = ()
    full: bool = False
    """More was loaded than is remembered: nobody can say any longer which skills hold."""

    def of(self, agent: str, session: str) -> tuple[SkillUse, ...]:
        """What ``agent`` has before it, oldest first; an agent whose start was missed counts with the main thread."""
        agent = agent[:MAX_NAME]
        here = [use for use in self.uses if use.session == session]
        mine = tuple(use for use in here if use.agent == agent)
        if mine or agent in self.started:
            return mine
        return tuple(use for use in here if not use.agent)

    def load(self, use: SkillUse) -> "Attribution":
        """``use`` has happened; a skill that lingers is called anew, and is then the latest."""
        use = replace(use, name=use.name[:MAX_NAME], call=use.call[:MAX_NAME], agent=use.agent[:MAX_NAME])
        if not use.name:
            return self
        for known in self.uses:
            same = (known.name, known.agent, known.session) == (use.name, use.agent, use.session)
            if (
                same
                and known.lingers <= use.lingers
                and known.compacted <= use.compacted
                and set(use.places) <= set(known.places)
            ):
                return self
            if same:
                use = replace(use, places=tuple(dict.fromkeys((*known.places, *use.places)))[:MAX_PLACES])
        # An agent that was not seen to start has what the main thread has, before what it loads itself.
        inherited = () if any(known.agent == use.agent for known in self.uses) else self._for(use)
        others = tuple(
            known
            for known in (*self.uses, *inherited)
            if (known.name, known.agent, known.session) != (use.name, use.agent, use.session)
        )
        if len(others) >= MAX_USES:
            return replace(self, full=True)
        return replace(self, uses=(*others, use))

    def _for(self, use: SkillUse) -> tuple[SkillUse, ...]:
        return tuple(
            replace(known, agent=use.agent, how=How.INHERITED) for known in self.of(use.agent, use.session)
        )

    def unload(self, call: str, agent: str) -> "Attribution":
        """The call turned out to have brought its skill elsewhere: it forked."""
        left = tuple(use for use in self.uses if not (call and (use.call, use.agent) == (call, agent)))
        return self if len(left) == len(self.uses) else replace(self, uses=left)

    def begin(self, spawn: Spawn) -> "Attribution":
        """A call that may start a sub-agent was let through."""
        spawn = replace(spawn, call=spawn.call[:MAX_NAME], skill=spawn.skill[:MAX_NAME])
        return replace(self, spawns=(*self.spawns, spawn)[-MAX_SPAWNS:])

    def end(self, call: str) -> "Attribution":
        """The call is over: whatever it started has started."""
        left = tuple(spawn for spawn in self.spawns if spawn.call != call[:MAX_NAME])
        return self if len(left) == len(self.spawns) else replace(self, spawns=left)

    def start(self, agent: str, session: str) -> "Attribution":
        """A sub-agent starts (4). Where several calls may have started it, it has the skills of all."""
        callers = self.spawns or (Spawn(call="", agent=""),)
        changed = self
        if agent and agent not in self.started and len(self.started) < MAX_AGENTS:
            changed = replace(self, started=(*self.started, agent[:MAX_NAME]))
        for spawn in callers:
            for use in self.of(spawn.agent, session):
                changed = changed.add(replace(use, agent=agent[:MAX_NAME], how=How.INHERITED, call=""))
            if spawn.skill:
                how = How.CALLED if spawn.call else How.TYPED
                own = SkillUse(
                    name=spawn.skill, agent=agent[:MAX_NAME], session=session, how=how, places=spawn.places
                )
                changed = changed.add(own)
        # A typed skill that forks has no call that ends: it starts one sub-agent, and then has left the main thread.
        return replace(
            changed,
            uses=tuple(use for use in changed.uses if use.call != PROVISIONAL),
            spawns=tuple(spawn for spawn in changed.spawns if spawn.call),
        )

    def add(self, use: SkillUse) -> "Attribution":
        """``use`` besides what the agent has; nothing changes where it has the skill already."""
        key = (use.name, use.agent, use.session)
        if any((known.name, known.agent, known.session) == key for known in self.uses):
            return self
        if len(self.uses) >= MAX_USES:
            return replace(self, full=True)
        return replace(self, uses=(*self.uses, use))

    def stop(self, agent: str) -> "Attribution":
        """A sub-agent has ended, and what it had before it with it."""
        agent = agent[:MAX_NAME]
        left = tuple(use for use in self.uses if not agent or use.agent != agent)
        running = tuple(one for one in self.started if one != agent)
        same = len(left) == len(self.uses) and len(running) == len(self.started)
        return self if same else replace(self, uses=left, started=running)

    def next_turn(self) -> "Attribution":
        """The main thread was given a new prompt: what was called lingers (2), and calls of the old turn are over."""
        if not self.spawns and all(use.lingers for use in self.uses if not use.agent):
            return self
        uses = tuple(use if use.agent else replace(use, lingers=True) for use in self.uses)
        return replace(self, uses=uses, spawns=tuple(one for one in self.spawns if one.agent))

    def compact(self, agent: str, session: str) -> "Attribution":
        """An agent's conversation was shortened (6)."""
        return replace(
            self,
            uses=tuple(
                replace(use, compacted=True) if (use.agent, use.session) == (agent, session) else use
                for use in self.uses
            ),
        )


def names(uses: Iterable[SkillUse]) -> tuple[str, ...]:
    """The names of the skills, each once."""
    return tuple(dict.fromkeys(use.name for use in uses))


def attribution_from_json(value: Mapping[str, Any]) -> Attribution:
    """What ``dataclasses.asdict`` made of one. Raises ``TypeError``, ``KeyError`` or ``ValueError`` on anything else."""
    return Attribution(
        uses=tuple(
            SkillUse(**{**use, "how": How(use["how"]), "places": places_from_json(use["places"])})
            for use in value["uses"]
        ),
        spawns=tuple(
            Spawn(**{**spawn, "places": places_from_json(spawn["places"])}) for spawn in value["spawns"]
        ),
        started=tuple(map(str, value["started"])),
        full=bool(value["full"]),
    )


def places_from_json(value: Iterable[tuple[str, str]]) -> Places:
    """Places as JSON lists. Raises ``ValueError`` or ``TypeError`` on anything else."""
    return tuple((str(root), str(digest)) for root, digest in value)
