"""What must be done along with an answer: the obligations of a tool call."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bailiwick.model.decision import Clamp, Contain, Notify, Obligation, Redact, Rewrite, Sandbox
from bailiwick.model.event import ToolCall
from bailiwick.model.glob import name_glob
from bailiwick.model.verdict import Mode
from bailiwick.policy.types import Policy


def obligations(policy: Policy, call: ToolCall) -> tuple[Obligation, ...]:
    """The duties of every layer that apply to ``call`` and change something, wider layers first.

    Of several clamps of one field the smallest counts, of several rewrites the widest layer's. A policy that only
    monitors or warns changes no call; it still notifies.
    """
    clamps: dict[str, int] = {}
    rewrites: dict[str, Rewrite] = {}
    masked: dict[str, None] = {}
    others: dict[Obligation, None] = {}
    for layer in policy.layers:
        for duty in layer.duties:
            if not _applies(duty.tools, call.tool):
                continue
            match duty.obligation:
                case Notify() as notify:
                    others.setdefault(notify)
                case _ if policy.mode is not Mode.ENFORCE:
                    pass
                case Clamp(field=field, maximum=maximum):
                    clamps[field] = min(maximum, clamps.get(field, maximum))
                case Rewrite(field=field) as rewrite:
                    rewrites.setdefault(field, rewrite)
                case Redact(rules=rules):
                    masked.update(dict.fromkeys(rules))
                case (Sandbox() | Contain()) as place:
                    others.setdefault(place)
    return (
        *(
            Clamp(field=field, maximum=clamps[field])
            for field in sorted(clamps)
            if _exceeds(call.input, field, clamps[field])
        ),
        *(
            rewrites[field]
            for field in sorted(rewrites)
            if call.input.get(field, _ABSENT) != rewrites[field].value
        ),
        *((Redact(rules=tuple(sorted(masked))),) if masked else ()),
        *others,
    )


def redacting(policy: Policy, tool: str) -> Redact | None:
    """What is masked in the output of ``tool``, by every layer's word; None when nothing is."""
    rules: dict[str, None] = {}
    for layer in policy.layers:
        for duty in layer.duties:
            if isinstance(duty.obligation, Redact) and _applies(duty.tools, tool):
                rules.update(dict.fromkeys(duty.obligation.rules))
    return Redact(rules=tuple(sorted(rules))) if rules else None


@lru_cache(maxsize=1024)
def _applies(tools: tuple[str, ...], tool: str) -> bool:
    return any(name_glob(glob).matches(tool) for glob in tools)


_ABSENT = object()


def _exceeds(given: Mapping[str, Any], field: str, maximum: int) -> bool:
    value = given.get(field)
    # Zero and below mean "no limit of mine" to the client, which then takes its own, longer one.
    return isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= maximum
