"""What a changed policy would have done to calls that were really made, per user, tool and rule."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bailiwick.administration.entitlement import NotEntitledError, profile_for
from bailiwick.administration.example import ARGUMENTS
from bailiwick.administration.place import HOME, PROJECT
from bailiwick.administration.recorded import Recorded, Unread
from bailiwick.decision.judge import judge
from bailiwick.information.approvals import SkillView
from bailiwick.model.decision import Decision
from bailiwick.model.event import Event
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import Policy, PolicySet

SkillsOf: TypeAlias = Callable[[PolicySet, Policy, Recorded], SkillView | None]

MAX_EXAMPLE = 120
"""Characters of a call shown as example."""

MAX_PLACES = 5
"""Lines named for one reason why calls could not be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``count`` calls of ``user`` with ``tool`` would change from ``before`` to ``after``, decided by ``rule``."""

    user: str
    tool: str
    rule: str
    origin: str
    before: Verdict
    after: Verdict
    count: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """The outcome of a replay: what would change, most frequent first, and how much was looked at.

    ``assumed`` counts, by profile, the calls that name none and were judged under the one their users' roles give.
    """

    rows: tuple[Row, ...]
    judged: int
    changed: int
    totals: Mapping[tuple[Verdict, Verdict], int]
    unread: Mapping[str, "Places"]
    assumed: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Places:
    """How many calls could not be judged for one reason, and the lines of the first of them."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """One more, in ``line``."""
        self.count += 1
        if len(self.lines) < MAX_PLACES:
            self.lines.append(line)


@dataclass(frozen=True, slots=True)
class _Links:
    """The file system as recorded: known links, nothing else."""

    links: Mapping[str, str]

    def real(self, path: str) -> str:
        return self.links.get(path, path)

    def expand(self, _pattern: str) -> tuple[str, ...]:
        return ()


def simulate(  # noqa: PLR0913 - the calls, and what each is judged by
    calls: Iterable[Recorded | Unread],
    after: PolicySet,
    *,
    before: PolicySet | None = None,
    profile: str | None = None,
    skills: SkillsOf | None = None,
    now: int = 0,
) -> Simulation:
    """Replay ``calls`` under ``after`` and compare with ``before``, or with what was recorded when there is none.

    A call is judged under ``profile``, else the profile it was recorded with, else the one its user's roles give.
    What a pattern would have found on the machine is not known, and taken to be nothing. ``skills`` says what is known of the
    skills that were active, by the policy set and the profile. ``now`` (seconds since 1970, UTC) is when exceptions are looked at.
    """
    counts: Counter[tuple[str, str, str, str, Verdict, Verdict]] = Counter()
    examples: dict[tuple[str, str, str, str, Verdict, Verdict], str] = {}
    totals: Counter[tuple[Verdict, Verdict]] = Counter()
    unread: defaultdict[str, Places] = defaultdict(Places)
    assumed: Counter[str] = Counter()
    judged = 0
    for call in calls:
        if isinstance(call, Unread):
            unread[call.reason].add(call.line)
            continue
        policy = _policy(after, call, profile)
        if policy is None:
            unread["no profile fits the call; name one"].add(call.line)
            continue
        new = _decide(policy, call, now, skills and skills(after, policy, call))
        old_policy = None if before is None else _policy(before, call, profile)
        was = None
        if before is not None and old_policy is not None:
            was = _decide(old_policy, call, now, skills and skills(before, old_policy, call))
        old = call.verdict if was is None else was.verdict
        if old is None:
            unread["what came of the call is not recorded; compare with a policy"].add(call.line)
            continue
        judged += 1
        if not (profile or call.profile):
            assumed[policy.profile] += 1
        totals[old, new.verdict] += 1
        if old is new.verdict:
            continue
        rule, origin = _rule(new, old, was)
        key = (call.user, call.call.tool, rule, origin, old, new.verdict)
        counts[key] += 1
        examples.setdefault(key, _shown(call))
    rows = tuple(
        Row(
            user=user,
            tool=tool,
            rule=rule,
            origin=origin,
            before=old,
            after=new,
            count=count,
            example=examples[key],
        )
        for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        for user, tool, rule, origin, old, new in [key]
    )
    return Simulation(
        rows=rows,
        judged=judged,
        changed=sum(counts.values()),
        totals=dict(totals),
        unread=dict(unread),
        assumed=dict(assumed),
    )


def _policy(policies: PolicySet, call: Recorded, profile: str | None) -> Policy | None:
    name = profile or call.profile
    if not name:
        try:
            name = profile_for(policies, Principal(user=call.user, uid=-1))
        except NotEntitledError:
            return None
    return policies.policies.get(name)


def _decide(policy: Policy, call: Recorded, now: int, known: SkillView | None) -> Decision:
    project = call.project or call.cwd or PROJECT
    request = Request(
        principal=Principal(user=call.user, uid=-1, home=f"/home/{call.user}" if call.user else HOME),
        event=Event(name="PreToolUse", session="", cwd=call.cwd or project, what=call.call),
        session=Session(key="", profile=policy.profile, project=project, unattended=call.unattended),
        now=now,
    )
    return judge(policy, request, _Links(dict(call.links)), known)[1]


def _rule(new: Decision, old: Verdict, was: Decision | None) -> tuple[str, str]:
    """The rule to name for a change: the one that now objects, else the one that objected and no longer does."""
    decision = was if was is not None and new.verdict < old else new
    for reason in decision.reasons:
        if reason.verdict is decision.verdict:
            return reason.rule, str(reason.origin)
    return "", ""


def _shown(call: Recorded) -> str:
    given = call.call.input
    naming = (key for key, value in ARGUMENTS.get(call.call.tool, {}).items() if value is None)
    texts = (given[key] for key in (*naming, *given) if isinstance(given.get(key), str))
    argument = " ".join(next(texts, "").split())
    shown = f"{call.call.tool}({argument})"
    return shown if len(shown) <= MAX_EXAMPLE else shown[: MAX_EXAMPLE - 2] + "…)"


def as_text(simulation: Simulation, source: str = "line") -> str:
    """For people: a summary, then one paragraph per kind of change; ``source`` is the file whose lines are named."""
    lines = [f"{simulation.judged} calls judged, {simulation.changed} would change"]
    for name, count in sorted(simulation.assumed.items()):
        lines.append(
            f"{count} of them name no profile: judged under {name}, which their users get (--profile names another)"
        )
    for row in simulation.rows:
        lines += [
            "",
            f"{row.count} x {row.before.label} -> {row.after.label}: {row.tool}"
            + (f" of {row.user}" if row.user else ""),
            f"  by {row.rule} ({row.origin})" if row.rule else "  by no rule",
            f"  e.g. {row.example}",
        ]
    if simulation.unread:
        lines += ["", "not judged:"]
        for reason, found in sorted(simulation.unread.items()):
            lines.append(f"  {found.count} x {reason}")
            more = f" and {found.count - len(found.lines)} more" if found.count > len(found.lines) else ""
            lines.append(f"      {', '.join(f'{source}:{line}' for line in found.lines)}{more}")
    return "\n".join([*lines, ""])


def as_json(simulation: Simulation) -> Mapping[str, Any]:
    """The same as plain JSON values."""
    return {
        "judged": simulation.judged,
        "changed": simulation.changed,
        "totals": [
            {"before": old.label, "after": new.label, "count": count}
            for (old, new), count in sorted(simulation.totals.items())
        ],
        "assumed_profiles": dict(sorted(simulation.assumed.items())),
        "changes": [
            {
                "user": row.user,
                "tool": row.tool,
                "rule": row.rule,
                "origin": row.origin,
                "before": row.before.label,
                "after": row.after.label,
                "count": row.count,
                "example": row.example,
            }
            for row in simulation.rows
        ],
        "unread": {reason: found.count for reason, found in sorted(simulation.unread.items())},
        "unread_lines": {reason: found.lines for reason, found in sorted(simulation.unread.items())},
    }
