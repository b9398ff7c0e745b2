"""How rules and policies are shown: to a person in lines, to a program as JSON."""

from collections.abc import Iterator
from typing import Any

from bailiwick.audit.describe import item_of_obligation
from bailiwick.model.access import AccessKind
from bailiwick.policy.holding_text import holding_lines
from bailiwick.policy.types import (
    UNKNOWN_HOST,
    AnyCondition,
    CommandCondition,
    Condition,
    FindingCondition,
    HostCondition,
    NameCondition,
    PathCondition,
    Policy,
    Rule,
    VariableCondition,
)

_KINDS = (AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE, AccessKind.EXECUTE)


def condition_text(condition: Condition) -> str:
    """A condition in one line."""
    match condition:
        case PathCondition(kinds=kinds, glob=glob):
            return f"{'+'.join(kind.value for kind in _KINDS if kind in kinds)} {glob}"
        case CommandCondition(words=words, options=options, as_user=as_user):
            account = "" if as_user is None else f" (as {as_user})"
            return " ".join([*words, *sorted(options)]) + account
        case HostCondition(host=host) if host == UNKNOWN_HOST:
            return "a host that can't be known"
        case HostCondition(host=host, port=port, fetch=fetch):
            return (host if port is None else f"{host}:{port}") + (" (to fetch from)" if fetch else "")
        case NameCondition(name=name) | VariableCondition(name=name):
            return name
        case FindingCondition() as finding:
            return finding.text
        case AnyCondition():
            return "everything else"


def policy_lines(policy: Policy) -> Iterator[str]:
    """Every rule of a policy, layer by layer, with its verdict, what it speaks of, its id and its origin."""
    yield f"profile {policy.profile}: {policy.description}"
    yield f"mode {policy.mode.value}, revision {policy.revision}"
    for layer in policy.layers:
        yield ""
        yield f"{layer.scope.value} layer {layer.name}"
        for rule in (*layer.rules, *layer.defaults.values()):
            mode = "" if rule.mode in {None, policy.mode} else f" [{rule.mode}]"
            what = f"{rule.subject.value} {condition_text(rule.when)}"
            yield f"  {rule.verdict.label:<6} {what:<60} {rule.id} ({rule.origin}){mode}"
        for duty in layer.duties:
            said = " ".join(str(value) for value in item_of_obligation(duty.obligation).values())
            yield f"  must   {', '.join(duty.tools)}: {said}  {duty.id} ({duty.origin})"
    for text, place in holding_lines(policy):
        yield f"held: {text}  {place}".rstrip()
    for exception in policy.exceptions:
        yield f"exception {exception.id} lifts {', '.join(exception.lifts)} ({exception.origin})"


def policy_item(policy: Policy) -> dict[str, Any]:
    """A policy for JSON."""
    return {
        "profile": policy.profile,
        "description": policy.description,
        "mode": policy.mode.value,
        "revision": policy.revision,
        "layers": [
            {
                "scope": layer.scope.value,
                "name": layer.name,
                "rules": [_rule_item(rule) for rule in (*layer.rules, *layer.defaults.values())],
                "duties": [
                    {
                        "id": duty.id,
                        "origin": str(duty.origin),
                        "tools": duty.tools,
                        **item_of_obligation(duty.obligation),
                    }
                    for duty in layer.duties
                ],
            }
            for layer in policy.layers
        ],
        "held": [text for text, _ in holding_lines(policy)],
        "exceptions": [exception.id for exception in policy.exceptions],
    }


def _rule_item(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "origin": str(rule.origin),
        "subject": rule.subject.value,
        "verdict": rule.verdict.label,
        "when": condition_text(rule.when),
        "because": rule.because,
        "instead": rule.instead,
        "mode": None if rule.mode is None else rule.mode.value,
    }
