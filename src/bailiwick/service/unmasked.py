"""The check, in every session, that masked output reaches the model masked.

A client may pass over a replaced output: one of another version, a shape that it doesn't take, another hook. Behind every
message's calls, and before the model is asked again, the client tells what the model will get of each call.

1. What was masked in a call's output is remembered until then, in memory only.
2. Where any of it stands in what the model will get, or where the client doesn't say what that is, an alarm is recorded.
3. The turn ends there, and the conversation takes nothing more: the client would send the same output with every
   later request. A policy may have it recorded only (``unmasked_output: record``), or have the output of failing commands,
   which no client replaces, end the turn as well (``stop_failing``).

A service that was started in between knows nothing of the calls before, and checks them not.
"""

import logging
from collections.abc import Mapping
from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Record
from bailiwick.audit.recording import service_record
from bailiwick.enforcement.claude_code import render_stop
from bailiwick.model.event import Event, Prompt, PromptExpansion, ToolBatch, ToolCall
from bailiwick.policy.types import Policy, Unmasked
from bailiwick.service.calls import Left
from bailiwick.service.desk import Desk
from bailiwick.service.store import StoreError
from bailiwick.service.trace import report

LOG = logging.getLogger(__name__)

_SPOILT = (
    "This conversation holds output that policy masks and the client did not, so nothing more of it is sent to the model.\n"
    "Instead: begin a new conversation (/clear), and have the client updated: `bailiwick doctor` says which version is needed."
)


async def kept_out(desk: Desk, session: str, event: Event) -> bytes | None:
    """The answer to what would go on with a conversation that takes nothing more (3); None for any other.

    Raises StoreError when that can't be recorded.
    """
    goes_on = isinstance(event.what, Prompt | PromptExpansion | ToolCall)
    if not goes_on or not desk.calls.spoilt(event.session):
        return None
    said = "The conversation holds output that stayed unmasked, so it takes nothing more."
    await desk.save(_record(desk, Kind.REFUSED_INPUT, session, said, {"event": event.name}))
    return render_stop(event, _SPOILT)


async def stopped(desk: Desk, policy: Policy, session: str, event: Event, batch: ToolBatch) -> bytes | None:
    """The answer that ends the turn where a masked output was not taken over (2, 3); None where all is well."""
    found = desk.calls.unmasked(event.session, batch)
    if not found:
        return None
    stops = policy.unmasked is not Unmasked.RECORD
    if stops:
        desk.calls.spoil(event.session)
    for one in found:
        said = _said(one) + (" The turn was ended." if stops else "")
        details = {
            "call": one.call.call_id,
            "rules": list(one.rules),
            "agent": event.agent,
            "stopped": stops,
        }
        try:
            await desk.save(_record(desk, Kind.ALARM, session, said, details))
        except StoreError as error:
            report(LOG, "an output that stayed unmasked could not be recorded", error)
    if not stops:
        return None
    said = "\n".join(desk.masking.text(_said(one)) for one in found)
    return render_stop(event, f"{said}\nThe turn ends before the model gets it.\n{_SPOILT}")


def _said(one: Left) -> str:
    what = (
        f"still holds {', '.join(one.rules)}, which was masked"
        if one.rules
        else "is not shown, so it is not known whether what was masked in it is"
    )
    return f"The output of {one.call.tool} that the client has for the model {what}."


def _record(desk: Desk, kind: Kind, session: str, said: str, details: Mapping[str, Any]) -> Record:
    state = desk.registry.by_key(session)
    return service_record(
        kind,
        desk.stamp(),
        desk.masking,
        message=said,
        user=state.user if state else "",
        uid=state.uid if state else None,
        session=session,
        details=details,
    )
