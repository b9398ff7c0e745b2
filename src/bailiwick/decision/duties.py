"""What must be done along with an answer: the obligations of a tool call."""

from collections.abc import Mapping
from typing import Any

from bailiwick.model.decision import Clamp, Contain, Notify, Obligation, Redact, Rewrite, Sandbox
from bailiwick.model.event import ToolCall
from bailiwick.model.glob import name_glob
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode
from bailiwick.policy.types import Policy


@value(frozen=True, slots=True, kw_only=True)
class Duties:
    """What the layers of a policy together ask for along with calls of one tool, whatever their input.

    ``mask`` is what is masked in the tool's output, also by a policy that only monitors.
    """

    clamps: tuple[Clamp, ...]
    rewrites: tuple[Rewrite, ...]
    mask: Redact | None
    always: tuple[Obligation, ...]


def obligations(due: Duties, call: ToolCall) -> tuple[Obligation, ...]:
    """Those of the duties that change something in ``call``."""
    return (
        *[clamp for clamp in due.clamps if _exceeds(call.input, clamp.field, clamp.maximum)],
        *[rewrite for rewrite in due.rewrites if call.input.get(rewrite.field, _ABSENT) != rewrite.value],
        *due.always,
    )


def duties(policy: Policy, tool: str) -> Duties:
    """The duties of every layer that apply to ``tool``, wider layers first.

    Of several clamps of one field the smallest counts, of several rewrites the widest layer's. A policy that only
    monitors or warns changes no call; it still notifies.
    """
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
    return Duties(
        clamps=tuple(Clamp(field=field, maximum=clamps[field]) for field in sorted(clamps)),
        rewrites=tuple(rewrites[field] for field in sorted(rewrites)),
        mask=mask,
        always=(*masking, *others),
    )


_ABSENT = object()


def _exceeds(given: Mapping[str, Any], field: str, maximum: int) -> bool:
    value = given.get(field)
    # Zero and below mean "no limit of mine" to the client, which then takes its own, longer one.
    return isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= maximum
