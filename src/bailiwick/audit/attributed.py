"""Is a call put down to the skill that caused it? The log's own account is held against what the client reports and writes down.

The log's account is the wider one: the client clears its own at each prompt, and knows nothing of skills in the same message, read
by the model, or started with (docs/skill-approval.md). So a call that the log puts down to more than the client does is no
difference; a skill that only the client names is one, and so is a skill whose loading only one of them saw.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bailiwick.audit.completeness import Sighting, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A source saw that a skill was loaded. ``session`` is the client's id; ``agent`` is empty on the main thread.

    ``reported`` says that the client was bound to report it too: it was called, and its call succeeded.
    """

    source: Source
    skill: str
    session: str
    agent: str = ""
    time_ms: int = 0
    reported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What ``told`` says of a skill and ``other`` doesn't: that a call was made in its course, or, without ``call_id``, that it was loaded.

    ``logged`` are the skills to which the log puts the call down.
    """

    skill: str
    session: str
    time_ms: int
    told: tuple[Source, ...]
    other: Source
    agent: str = ""
    call_id: str = ""
    tool: str = ""
    logged: tuple[str, ...] = ()

    @property
    def is_unlogged(self) -> bool:
        """Whether the log misses it: then the call, or what followed, wasn't held to that skill."""
        return self.other is Source.HOOK


def differences(
    sightings: Iterable[Sighting], activations: Iterable[Activation], *, until_ms: int | None = None
) -> tuple[Difference, ...]:
    """Where sources disagree about skills, oldest first. What was first seen at ``until_ms`` or later is left out."""
    found = [*_of_calls(sightings), *_of_activations(activations)]
    kept = [one for one in found if until_ms is None or one.time_ms < until_ms]
    return tuple(sorted(kept, key=lambda one: (one.time_ms, one.session, one.call_id, one.skill)))


def _of_calls(sightings: Iterable[Sighting]) -> Iterator[Difference]:
    calls: dict[tuple[str, str], dict[Source, Sighting]] = defaultdict(dict)
    for one in sightings:
        if one.skills is not None:
            calls[one.session, one.call_id].setdefault(one.source, one)
    for seen in calls.values():
        logged = seen.pop(Source.HOOK, None)
        if logged is None or logged.skills is None:
            continue
        known = {_plain(skill) for skill in logged.skills}
        named: dict[str, list[Source]] = defaultdict(list)
        for source, one in seen.items():
            for skill in one.skills or ():
                if _plain(skill) not in known:
                    named[skill].append(source)
        for skill, told in named.items():
            yield Difference(
                skill=skill,
                session=logged.session,
                time_ms=logged.time_ms,
                told=tuple(source for source in Source if source in told),
                other=Source.HOOK,
                agent=logged.agent,
                call_id=logged.call_id,
                tool=logged.tool,
                logged=logged.skills,
            )


def _of_activations(activations: Iterable[Activation]) -> Iterator[Difference]:
    seen: dict[Source, dict[tuple[str, str], Activation]] = defaultdict(dict)
    for one in activations:
        known = seen[one.source].setdefault((one.session, _plain(one.skill)), one)
        if one.reported and not known.reported:
            seen[one.source][one.session, _plain(one.skill)] = one
    logged, told = seen[Source.HOOK], seen[Source.TELEMETRY]
    yield from _missing(told, logged, Source.HOOK)
    covered = {session for session, _ in told}
    bound = {key: one for key, one in logged.items() if one.reported and one.session in covered}
    yield from _missing(bound, told, Source.TELEMETRY)


def _missing(
    seen: Mapping[tuple[str, str], Activation], other: Mapping[tuple[str, str], Activation], source: Source
) -> Iterator[Difference]:
    for key, one in seen.items():
        if key not in other:
            yield Difference(
                skill=one.skill,
                session=one.session,
                time_ms=one.time_ms,
                told=(one.source,),
                other=source,
                agent=one.agent,
            )


def _plain(skill: str) -> str:
    """A skill's own name: the plugin or directory before it is not always named."""
    return skill.rpartition(":")[2]
