"""The path of one hook event, from bytes to answer. Read this file first.

parse_event -> gather -> build_request -> analyze -> detect -> decide -> append -> render

Each step is a function of what the step before gave. Only ``gather`` looks at the service's state and only
``append`` writes; the others are pure.
"""

import logging
import time
from dataclasses import dataclass, replace

from bailiwick.analysis.tools import analyze
from bailiwick.audit.kinds import Kind
from bailiwick.audit.recording import record_of, service_record
from bailiwick.decision.decide import decide
from bailiwick.decision.detect import detect
from bailiwick.enforcement.claude_code import (
    MalformedEventError,
    parse_event,
    render,
    render_batch,
    render_failure,
)
from bailiwick.information.sessions import SessionState, advance
from bailiwick.model.access import Facts
from bailiwick.model.decision import Decision
from bailiwick.model.event import Event, ToolBatch, ToolCall
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import Policy
from bailiwick.service.desk import Desk, NoPolicyError, NotEntitledError
from bailiwick.service.store import StoreError

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the service knows when an event comes in: who, under which policy, in which session, and when."""

    principal: Principal
    policy: Policy
    state: SessionState
    now: int


async def answer(desk: Desk, state: SessionState, body: bytes) -> bytes:
    """What the client is told about one event. Never raises: whatever goes wrong is a denial.

    The answer leaves only after its record is on stable storage (law 7).
    """
    event: Event | None = None
    started = time.perf_counter_ns()
    try:
        event = parse_event(body)
        context = gather(desk, state)
        request = build_request(context, event)
        facts = analyze(request, desk.files)
        facts = detect(request, facts)
        decision = decide(context.policy, request, facts)
        await append(desk, request, facts, decision, decided_us=(time.perf_counter_ns() - started) // 1000)
        if isinstance(event.what, ToolBatch):
            return await answer_batch(desk, context, event, event.what)
        return render(
            event,
            decision,
            contact=context.policy.contact,
            session_hint=state.key,
            mask=desk.redactor.text,
        )
    except (MalformedEventError, NoPolicyError, NotEntitledError) as error:
        return await refuse(desk, str(error), event=event, state=state)
    except StoreError as error:
        LOG.exception("an answer could not be recorded")
        return render_failure(
            event, f"the audit record could not be written ({error}); nothing runs without one"
        )
    except Exception as error:
        LOG.exception("an answer failed")
        return await refuse(desk, f"internal error ({type(error).__name__})", event=event, state=state)


def gather(desk: Desk, state: SessionState) -> Context:
    """Everything the decision needs that is not in the event."""
    desk.still_entitled(state)
    return Context(
        principal=desk.principal(state.uid),
        policy=desk.policy_for(state),
        state=state,
        now=int(desk.clock()),
    )


def build_request(context: Context, event: Event) -> Request:
    """The question put to the PDP."""
    state = context.state
    return Request(
        principal=context.principal,
        event=event,
        session=Session(
            key=state.key,
            profile=state.profile,
            project=state.project,
            unattended=state.unattended,
            client_version=state.client_version,
            skills=state.active_skills(event.agent),
            environment=(("HOME", state.home),),
        ),
        now=context.now,
    )


async def answer_batch(desk: Desk, context: Context, event: Event, batch: ToolBatch) -> bytes:
    """Judge, record and explain the calls of a batch that never were put to us: the client refused them itself."""
    refused = []
    for call in batch.calls:
        if not desk.was_judged(event.session, call.call_id):
            request = build_request(context, replace(event, what=call))
            facts = detect(request, analyze(request, desk.files))
            decision = decide(context.policy, request, facts)
            await append(desk, request, facts, decision, decided_us=0)
            refused.append((call, decision))
    return render_batch(event, refused, contact=context.policy.contact, session_hint=context.state.key)


async def append(desk: Desk, request: Request, facts: Facts, decision: Decision, *, decided_us: int) -> None:
    """Commit the record and the session's next state together. Raises ``StoreError`` when that is not done."""
    if isinstance(request.event.what, ToolCall):
        desk.judged(request.event.session, request.event.what.call_id)
    before = desk.registry.by_key(request.session.key)
    after = advance(before, request.event) if before and decision.enforced < Verdict.ASK else before
    changed = None if after is before else after
    if changed is not None:
        desk.registry.put(changed)
    record = record_of(request, facts, decision, desk.stamp(), desk.redactor, decided_us=decided_us)
    await desk.save(record, changed)


async def refuse(
    desk: Desk, why: str, *, event: Event | None = None, state: SessionState | None = None
) -> bytes:
    """Deny an event that could not be judged, and record that."""
    try:
        record = service_record(
            Kind.REFUSED_INPUT,
            desk.stamp(),
            desk.redactor,
            message=why,
            user=state.user if state else "",
            uid=state.uid if state else None,
            session=state.key if state else "",
            details=event.raw if event else None,
        )
        await desk.save(record)
    except StoreError:
        LOG.exception("a refusal could not be recorded")
    return render_failure(event, why)
