"""Did the hooks see every tool call? Compared by the call's own id with what the client itself reports and writes down.

A source covers a session once it saw anything of it; what a covering source didn't see of a call that another saw is a gap. The
hooks cover every session: one that they never heard of ran ungoverned.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Where a call was seen."""

    HOOK = "hook"
    TELEMETRY = "telemetry"
    TRANSCRIPT = "transcript"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A source saw a call. ``session`` is the client's id of the session; ``agent`` is empty on the main thread.

    ``approver`` is who let the call run, an ``audit.record.Approver``, where the source says it; ``skills`` are those to which
    it puts the call down, None where it says nothing of skills.
    """

    source: Source
    call_id: str
    session: str
    tool: str = ""
    time_ms: int = 0
    agent: str = ""
    approver: str = ""
    skills: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A call that ``missing`` should have seen and didn't; ``seen`` says who did."""

    call_id: str
    session: str
    tool: str
    time_ms: int
    agent: str
    seen: tuple[Source, ...]
    missing: tuple[Source, ...]

    @property
    def is_ungoverned(self) -> bool:
        """Whether the hooks missed it: then policy didn't decide it."""
        return Source.HOOK in self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What the comparison showed: calls seen by all that should, and gaps, oldest first."""

    calls: int
    sessions: int
    gaps: tuple[Gap, ...]


def compare(sightings: Iterable[Sighting], *, until_ms: int | None = None) -> Completeness:
    """Compare what sources saw. Calls first seen at ``until_ms`` or later are left out: another source may still tell of them."""
    calls: dict[str, dict[Source, Sighting]] = defaultdict(dict)
    covering: dict[str, set[Source]] = defaultdict(lambda: {Source.HOOK})
    for one in sightings:
        calls[one.call_id].setdefault(one.source, one)
        covering[one.session].add(one.source)
    gaps: list[Gap] = []
    complete = 0
    for call_id, seen in calls.items():
        first = min(seen.values(), key=lambda one: one.time_ms)
        if until_ms is not None and first.time_ms >= until_ms:
            continue
        missing = set().union(*(covering[one.session] for one in seen.values())) - set(seen)
        if not missing:
            complete += 1
            continue
        best = next((seen[source] for source in Source if source in seen and seen[source].tool), first)
        gaps.append(
            Gap(
                call_id=call_id,
                session=best.session,
                tool=best.tool,
                time_ms=first.time_ms,
                agent=next((one.agent for one in seen.values() if one.agent), ""),
                seen=tuple(source for source in Source if source in seen),
                missing=tuple(source for source in Source if source in missing),
            )
        )
    ordered = sorted(gaps, key=lambda gap: (gap.time_ms, gap.call_id))
    return Completeness(calls=complete, sessions=len(covering), gaps=tuple(ordered))
