"""What must be done along with an answer: the obligations of a tool call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bailiwick.model.decision import Clamp, Contain, Notify, Obligation, Redact, Rewrite, Sandbox
from bailiwick.model.event import ToolCall
from bailiwick.model.glob import name_glob
from bailiwick.model.verdict import Mode
from bailiwick.policy.types import Policy

MAX_KNOWN = 1024
"""Pairs of a policy and a tool whose duties are kept ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """What the layers of ``policy`` together ask for along with a call of one tool, whatever its input."""

    policy: Policy
    clamps: tuple[Clamp, ...]
    rewrites: tuple[Rewrite, ...]
    mask: Redact | None
    always: tuple[Obligation, ...]


_known: dict[tuple[int, str], _Due] = {}


def obligations(policy: Policy, call: ToolCall) -> tuple[Obligation, ...]:
    """The duties of every layer that apply to ``call`` and change something, wider layers first.

    Of several clamps of one field the smallest counts, of several rewrites the widest layer's. A policy that only
    monitors or warns changes no call; it still notifies.
    """
    due = _due(policy, call.tool)
    return (
        *(clamp for clamp in due.clamps if _exceeds(call.input, clamp.field, clamp.maximum)),
        *(rewrite for rewrite in due.rewrites if call.input.get(rewrite.field, _ABSENT) != rewrite.value),
        *due.always,
    )


def redacting(policy: Policy, tool: str) -> Redact | None:
    """What is masked in the output of ``tool``, by every layer's word; None when nothing is."""
    return _due(policy, tool).mask


def _due(policy: Policy, tool: str) -> _Due:
    known = _known.get((id(policy), tool))
    if known is not None and known.policy is policy:
        return known
    while len(_known) >= MAX_KNOWN:
        _known.pop(next(iter(_known)), None)
    due = _known[id(policy), tool] = _gathered(policy, tool)
    return due


def _gathered(policy: Policy, tool: str) -> _Due:
    clamps: dict[str, int] = {}
    rewrites: dict[str, Rewrite] = {}
    masked: dict[str, None] = {}
    others: dict[Obligation, None] = {}
    for layer in policy.layers:
        for duty in layer.duties:
            if not any(name_glob(glob).matches(tool) for glob in duty.tools):
                continue
            match duty.obligation:
                case Notify() as notify:
                    others.setdefault(notify)
                case Redact(rules=rules):
                    masked.update(dict.fromkeys(rules))
                case _ if policy.mode is not Mode.ENFORCE:
                    pass
                case Clamp(field=field, maximum=maximum):
                    clamps[field] = min(maximum, clamps.get(field, maximum))
                case Rewrite(field=field) as rewrite:
                    rewrites.setdefault(field, rewrite)
                case (Sandbox() | Contain()) as place:
                    others.setdefault(place)
    mask = Redact(rules=tuple(sorted(masked))) if masked else None
    masking = (mask,) if mask is not None and policy.mode is Mode.ENFORCE else ()
    return _Due(
        policy=policy,
        clamps=tuple(Clamp(field=field, maximum=clamps[field]) for field in sorted(clamps)),
        rewrites=tuple(rewrites[field] for field in sorted(rewrites)),
        mask=mask,
        always=(*masking, *others),
    )


_ABSENT = object()


def _exceeds(given: Mapping[str, Any], field: str, maximum: int) -> bool:
    value = given.get(field)
    # Zero and below mean "no limit of mine" to the client, which then takes its own, longer one.
    return isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= maximum
