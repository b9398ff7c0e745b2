"""Exceptions in force: approved, expiring permissions that lift named rules for named people."""

from collections.abc import Sequence
from typing import TypeAlias

from bailiwick.decision.bound import Bound, Hit, fill_in
from bailiwick.decision.match import Certainty, command_matches
from bailiwick.decision.patterns import EXISTING
from bailiwick.model.access import (
    Access,
    Finding,
    HostTarget,
    NameTarget,
    Opaque,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.glob import contained, name_glob, path_glob
from bailiwick.model.request import Principal
from bailiwick.policy.types import (
    AnyCondition,
    CommandCondition,
    Condition,
    FindingCondition,
    HostCondition,
    NameCondition,
    PathCondition,
    Policy,
    PolicyException,
    Scope,
    VariableCondition,
)

Lifting: TypeAlias = Sequence[PolicyException]
"""The exceptions in force for one request, by id."""


def active_exceptions(policy: Policy, principal: Principal, now: int) -> Lifting:
    """The exceptions that hold for ``principal`` at ``now`` (seconds since 1970, UTC)."""
    return sorted(
        (
            exception
            for exception in policy.exceptions
            if exception.approved_on <= now < exception.expires
            and (
                principal.user in exception.users
                or "*" in exception.users
                or not principal.groups.isdisjoint(exception.groups)
            )
        ),
        key=lambda exception: exception.id,
    )


def lifted_by(
    lifting: Lifting, bound: Bound, hit: Hit, about: Access | Opaque | Finding | None
) -> str | None:
    """The id of the exception that lifts ``hit`` for ``about``, if any.

    Built-in rules can't be lifted, nor can what skills are held to: that has approvals of its own.
    """
    if bound.policy.layers[hit.layer].scope in {Scope.BUILTIN, Scope.SKILL}:
        return None
    for exception in lifting:
        if any(name_glob(rule).matches(hit.rule.id) for rule in exception.lifts) and (
            not exception.covers or any(covers(condition, about, bound) for condition in exception.covers)
        ):
            return exception.id
    return None


def covers(condition: Condition, about: Access | Opaque | Finding | None, bound: Bound) -> bool:  # noqa: C901 (one arm per pair of kinds)
    """Whether all of ``about`` surely is what ``condition`` describes."""
    match condition, about:
        case AnyCondition(), _:
            return True
        case PathCondition(kinds=kinds, glob=text), Access(kind=kind, target=PathTarget() as path):
            glob = path_glob(fill_in(text, project=bound.project, home=bound.home))
            if kind not in kinds:
                return False
            if not path.pattern:
                return glob.matches(path.path) and (path.real is None or glob.matches(path.real))
            if path.expanded and kind in EXISTING:
                return all(glob.matches(one) for one in path.expanded)
            return contained(path_glob(path.path.rstrip("/") or "/"), [glob])
        case CommandCondition() as command, Access(target=ProgramTarget() as program):
            return command_matches(command, program, project=bound.project, home=bound.home) is Certainty.YES
        case HostCondition(host=wanted, port=wanted_port) as when, Access(target=HostTarget() as peer):
            fits = name_glob(wanted).matches(peer.host) and wanted_port in {None, peer.port}
            return fits and not (when.fetch and peer.sends)
        case NameCondition(name=wanted), Access(target=NameTarget(name=name)):
            return name_glob(wanted).matches(name)
        case VariableCondition(name=wanted), Access(target=VariableTarget(name=name)):
            return name_glob(wanted).matches(name)
        case FindingCondition(rule=wanted), Finding(rule=rule):
            return name_glob(wanted).matches(rule)
        case _:
            return False
