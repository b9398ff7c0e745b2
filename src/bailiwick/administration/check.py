"""What is wrong with a policy that loads: rules that never decide, broken invariants, stale exceptions, orphans."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bailiwick.administration.invariants import violations
from bailiwick.administration.overlap import example_of, outweighed
from bailiwick.administration.place import shown
from bailiwick.model.decision import Origin, Redact
from bailiwick.model.glob import name_glob
from bailiwick.policy.errors import nearest
from bailiwick.policy.types import FindingCondition, Policy, PolicySet, Rule, Scope
from bailiwick.rules.catalogue import CATALOGUE

SOON = 14 * 86_400
"""Seconds before its expiry from which an exception is reported: two weeks, time for an approval to be renewed."""


_IDS = frozenset(rule.id for rule in CATALOGUE)

MAX_NAMED = 3
"""Rules named in one finding."""


class Kind(StrEnum):
    """What is wrong."""

    INVARIANT = "violated-invariant"
    MATCHES_NOTHING = "matches-nothing"
    UNREACHABLE = "unreachable-rule"
    SHADOWED = "shadowed-rule"
    EXPIRED = "expired-exception"
    EXPIRING = "expiring-exception"
    UNUSED_PROFILE = "unused-profile"
    UNKNOWN_PROFILE = "unknown-profile"
    NO_APPROVER = "no-skill-approver"
    BROKEN_LOCK = "broken-skill-lock"
    ENDING_LOCK = "ending-skill-lock"


ERRORS = frozenset({Kind.INVARIANT, Kind.UNKNOWN_PROFILE, Kind.BROKEN_LOCK})
"""Kinds that break a promise; the others waste a reader's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinding:
    """Something to mend at ``origin``; ``example`` is an access, a rule or a date that shows it, where there is one."""

    kind: Kind
    origin: Origin
    message: str
    example: str = ""
    mend: str = ""


def check(policies: PolicySet, *, now: int) -> tuple[CheckFinding, ...]:
    """Everything found, errors first, then by place. ``now`` is whole seconds since 1970, UTC."""
    found = [
        *_invariants(policies),
        *_rules(policies),
        *_findings(policies),
        *_exceptions(policies, now),
        *_profiles(policies),
        *_approvers(policies),
    ]
    found.sort(
        key=lambda one: (
            one.kind not in ERRORS,
            one.origin.file,
            one.origin.line,
            one.origin.column,
            one.message,
        )
    )
    return tuple(dict.fromkeys(found))


def _approvers(policies: PolicySet) -> Iterator[CheckFinding]:
    """Skills that need an approval which nobody can give."""
    if policies.approvers:
        return
    for origin in {one.origin for policy in policies.policies.values() for one in policy.skills.requirements}:
        yield CheckFinding(
            kind=Kind.NO_APPROVER,
            origin=origin,
            message="skills need an approval here, but nobody may give one, so none loads",
            mend="name somebody under `skill_approvers` in organisation.yaml: `bailiwick skill key` prints the line",
        )


def _invariants(policies: PolicySet) -> Iterator[CheckFinding]:
    for violation in violations(policies):
        yield CheckFinding(
            kind=Kind.INVARIANT,
            origin=violation.invariant.origin,
            message=violation.message,
            example="" if violation.example is None else shown(violation.example),
            mend=violation.mend,
        )


def _rules(policies: PolicySet) -> Iterator[CheckFinding]:
    """Rules that decide nothing in any profile that has them; one profile's denial of a base's rule is no mistake."""
    idle: defaultdict[Origin, list[CheckFinding | None]] = defaultdict(list)
    for policy in policies.policies.values():
        for rule, finding in _judged(policy):
            idle[rule.origin].append(finding)
    for findings in idle.values():
        if findings[0] is not None and all(findings):
            yield findings[0]


def _judged(policy: Policy) -> Iterator[tuple[Rule, CheckFinding | None]]:
    for number, layer in enumerate(policy.layers):
        if layer.scope is Scope.BUILTIN:
            continue
        for rule in layer.rules:
            example = example_of(rule)
            if example is None:
                yield (
                    rule,
                    CheckFinding(
                        kind=Kind.MATCHES_NOTHING,
                        origin=rule.origin,
                        message=f"{rule.id} matches nothing that exists",
                        mend="paths are absolute and have no `.`, `..` or final slash; remove the entry or mend its pattern",
                    ),
                )
                continue
            by = outweighed(policy, number, rule)
            yield rule, None if by is None else _idle(rule, by, example)


def _idle(rule: Rule, by: Sequence[Rule], example: str) -> CheckFinding:
    named = [f"{other.id} ({other.origin})" for other in by[:MAX_NAMED]]
    others = ", ".join(named) + (" and others" if len(by) > MAX_NAMED else "")
    stronger = all(other.verdict > rule.verdict for other in by)
    word = "decides" if len(by) == 1 else "together decide"
    return CheckFinding(
        kind=Kind.UNREACHABLE if stronger else Kind.SHADOWED,
        origin=rule.origin,
        message=f"{rule.id} never decides: {others} {word} the same"
        + (" more strictly" if stronger else " already"),
        example=example,
        mend="remove it, or narrow the other" if stronger else "remove it",
    )


def _findings(policies: PolicySet) -> Iterator[CheckFinding]:
    """Globs of catalogue ids that no finding has: a denial so written stops nothing, a mask hides nothing."""
    for policy in policies.policies.values():
        known = _IDS | {one.rule for one in policy.data_classes}
        families = {f"{one.split('/')[0]}/*" for one in known}
        for layer in policy.layers:
            named = [
                *(
                    (one.id, one.origin, one.when.rule)
                    for one in layer.rules
                    if isinstance(one.when, FindingCondition)
                ),
                *(
                    (one.id, one.origin, glob)
                    for one in layer.duties
                    if isinstance(one.obligation, Redact)
                    for glob in one.obligation.rules
                ),
            ]
            for name, origin, written in named:
                glob = name_glob(written)
                if not any(glob.matches(one) for one in known):
                    yield CheckFinding(
                        kind=Kind.MATCHES_NOTHING,
                        origin=origin,
                        message=f"{name} matches nothing: no finding is called `{written}`",
                        mend=nearest(written, families if written.endswith("/*") else known)
                        or "`bailiwick dlp list` and docs/rules name them all",
                    )


def _exceptions(policies: PolicySet, now: int) -> Iterator[CheckFinding]:
    for exception in {
        one.id: one for policy in policies.policies.values() for one in policy.exceptions
    }.values():
        left = exception.expires - now
        if left <= 0:
            yield CheckFinding(
                kind=Kind.EXPIRED,
                origin=exception.origin,
                message=f"exception {exception.id} ({exception.ticket}) has expired and does nothing",
                mend="remove it, or have it approved again",
            )
        elif left <= SOON:
            days = -(-left // 86_400)
            yield CheckFinding(
                kind=Kind.EXPIRING,
                origin=exception.origin,
                message=f"exception {exception.id} ({exception.ticket}) ends in {days} day{'' if days == 1 else 's'}",
                mend=f"ask {exception.approved_by} whether it is still needed",
            )


def _profiles(policies: PolicySet) -> Iterator[CheckFinding]:
    granted = {name for role in policies.roles for name in role.profiles} | {policies.default_profile}
    for role in policies.roles:
        for name in role.profiles:
            if name not in policies.policies:
                yield CheckFinding(
                    kind=Kind.UNKNOWN_PROFILE,
                    origin=role.origin,
                    message=f"role {role.id} names profile {name}, which does not exist",
                    mend=f"one of: {', '.join(policies.policies)}",
                )
    for name, policy in policies.policies.items():
        if name not in granted and not _extended(policies, name):
            rules = [rule for layer in policy.layers if layer.scope is Scope.PROFILE for rule in layer.rules]
            origin = Origin(file=rules[0].origin.file if rules else f"profiles/{name}.yaml", line=1)
            yield CheckFinding(
                kind=Kind.UNUSED_PROFILE,
                origin=origin,
                message=f"nobody gets profile {name}: no role lists it and it is not the default",
                mend="list it under a role, or remove it",
            )


def _extended(policies: PolicySet, name: str) -> bool:
    """Whether another profile inherits from this one: its rules keep their ids there."""
    return any(
        rule.id.startswith(f"{name}.")
        for other, policy in policies.policies.items()
        if other != name
        for layer in policy.layers
        if layer.scope is Scope.PROFILE
        for rule in (*layer.rules, *layer.defaults.values())
    )


def as_text(findings: Sequence[CheckFinding]) -> str:
    """For people: place, what, an example, the mend."""
    lines = []
    for one in findings:
        lines.append(f"{one.origin}: {'error' if one.kind in ERRORS else 'warning'}: {one.message}")
        if one.example:
            lines.append(f"  example: {one.example}")
        if one.mend:
            lines.append(f"  mend: {one.mend}")
    return "\n".join([*lines, ""]) if lines else ""


def as_json(findings: Sequence[CheckFinding]) -> list[Mapping[str, Any]]:
    """The same as plain JSON values."""
    return [
        {
            "kind": one.kind.value,
            "error": one.kind in ERRORS,
            "file": one.origin.file,
            "line": one.origin.line,
            "column": one.origin.column,
            "message": one.message,
            "example": one.example,
            "mend": one.mend,
        }
        for one in findings
    ]
