"""The path of one hook event, from bytes to answer. Read this file first.

parse_event -> gather -> build_request -> analyze -> detect -> decide -> append -> render

Each step is a function of what the step before gave. Only ``gather`` looks at the service's state and only
``append`` writes; the others are pure. ``judge`` is the three in the middle. Most events are answered without waiting
for anything but the disk; what may take longer does so in a thread.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from bailiwick.analysis.shell.either import dialect_of
from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Approver, Record
from bailiwick.audit.recording import record_of, restamped, service_record
from bailiwick.audit.redaction import Redactor, strings_of
from bailiwick.decision.judge import judge
from bailiwick.decision.subjects import subjects_of
from bailiwick.enforcement.claude_code import (
    MalformedEventError,
    parse_event,
    render,
    render_batch,
    render_failure,
)
from bailiwick.information.sessions import NOTHING, Reading, SessionState, advance, wait
from bailiwick.information.shell_setup import ShellSetup
from bailiwick.model.access import Facts
from bailiwick.model.decision import Decision, Redact
from bailiwick.model.event import (
    AgentStop,
    Event,
    Notice,
    PermissionAsked,
    SessionEnd,
    ToolBatch,
    ToolCall,
    ToolResult,
)
from bailiwick.model.request import Principal, Request, Session
from bailiwick.model.value import value
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import Policy, Unmasked
from bailiwick.service.desk import Desk, NoPolicyError, NotEntitledError
from bailiwick.service.files import folds_case
from bailiwick.service.sandbox.hook import can_contain, drifted, runner_for, tried
from bailiwick.service.shell_setups import setup_of
from bailiwick.service.skills.view import reading_of
from bailiwick.service.store import StoreError
from bailiwick.service.trace import report
from bailiwick.service.unmasked import kept_out, stopped

LOG = logging.getLogger(__name__)

SMALL = 8 * 1024
"""Bytes of an event that may be judged in the event loop: no other session waits noticeably for it."""


@value(frozen=True, slots=True, kw_only=True)
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
    context: Context | None = None
    decision: Decision | None = None
    started = time.perf_counter_ns()
    try:
        event = parse_event(body)
        await desk.look_up(state.uid)
        state = await desk.going_on(state, event)
        context = gather(desk, state)
        if (stop := await kept_out(desk, state.key, event)) is not None:
            return stop
        request = build_request(context, event)
        facts, decision, reading = await judged(desk, context, request, size=len(body))
        decision = await tried(desk, state, request, facts, decision)
        took = (time.perf_counter_ns() - started) // 1000
        await append(desk, request, facts, decision, decided_us=took, reading=reading)
        if reading.unseen:
            unseen = f"the client puts a call down to the skill {reading.unseen}, of which no event told"
            about = {"skill": reading.unseen, "agent": event.agent}
            await drifted(desk, state.key, unseen, about, Kind.SKILL_DISAGREEMENT)
        if isinstance(event.what, ToolBatch):
            if (stop := await stopped(desk, context.policy, state.key, event, event.what)) is not None:
                return stop
            return await answer_batch(desk, context, event, event.what, size=len(body))
        return await told(desk, context, event, decision, size=len(body))
    except (MalformedEventError, NoPolicyError, NotEntitledError) as error:
        return await refuse(desk, desk.masking.text(str(error)), event=event, state=state)
    except StoreError as error:
        report(LOG, "an answer could not be recorded", error)
        in_force = desk.policies.in_force
        marks = in_force is not None and in_force.audit.allow_and_mark
        given = decision if marks else None
        allowed = given is not None and given.enforced < Verdict.ASK
        desk.gap.note(str(error), int(desk.clock() * 1_000), allowed=allowed)
        if event is not None and context is not None and given is not None:
            return await told(desk, context, event, given, size=len(body))
        why = f"the audit record could not be written ({error}); nothing runs without one"
        return refusal(event, why)
    except Exception as error:  # noqa: BLE001 - no error may become anything but a denial
        report(LOG, "an answer failed", error)
        return await refuse(desk, f"internal error ({type(error).__name__})", event=event, state=state)


async def told(desk: Desk, context: Context, event: Event, decision: Decision, *, size: int) -> bytes:
    """The decision as the client is told it; megabytes of output are masked in a thread, so that no other session waits."""
    runner = runner_for(desk, context.state, decision)

    def rendered() -> tuple[bytes, Redactor | None]:
        redactor = _redactor(desk, context.policy, event, decision)
        answer = render(
            event,
            decision,
            contact=context.policy.contact,
            session_hint=context.state.key,
            mask=None if redactor is None else redactor.text,
            conceal=_conceal(desk, event, redactor),
            runner=runner,
        )
        return answer, redactor

    answer, redactor = rendered() if size <= SMALL else await asyncio.to_thread(rendered)
    looked_for = event.name == "PostToolUse" or context.policy.unmasked is Unmasked.STOP_FAILING
    if redactor and looked_for and isinstance(event.what, ToolResult):
        desk.calls.masked(event.session, event.what.call_id, redactor)
    return answer


def _redactor(desk: Desk, policy: Policy, event: Event, decision: Decision) -> Redactor | None:
    """What masks a tool's output, where that is due: what is found anywhere in it is masked everywhere in it."""
    withheld = decision.enforced >= Verdict.ASK
    due = withheld or any(isinstance(obligation, Redact) for obligation in decision.obligations)
    if not isinstance(event.what, ToolResult) or not due:
        return None
    return desk.redactor.looking_for(subjects_of(policy)).knowing(strings_of(event.what.response))


def _conceal(desk: Desk, event: Event, redactor: Redactor | None = None) -> Callable[[str], str]:
    """What masks a text about an event: of its secrets, those too that only their surroundings there give away.

    ``redactor`` knows those of a tool's output, which may be long.
    """
    known = () if redactor is None else redactor.known
    raw = event.raw if redactor is None else {**event.raw, "tool_response": None}
    knowing = cache(lambda: replace(desk.masking, known=known).knowing(strings_of(raw)))
    return lambda text: knowing().text(text)


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
    calls = isinstance(event.what, ToolCall | PermissionAsked)
    setup = setup_of(state.home, state.shell, state.opened) if calls else ShellSetup()
    return Request(
        principal=context.principal,
        event=event,
        session=Session(
            key=state.key,
            profile=state.profile,
            project=state.project,
            unattended=state.unattended,
            client_version=state.client_version,
            skills=state.active_skills(event.agent, event.session),
            trigger=state.trigger(event.agent),
            contains=can_contain(),
            environment=(("HOME", state.home),),
            shell=dialect_of(state.shell),
            aliases=setup.aliases,
            functions=setup.functions,
            folds_case=folds_case(state.project, state.home),
        ),
        now=context.now,
    )


async def judged(
    desk: Desk, context: Context, request: Request, *, size: int
) -> tuple[Facts, Decision, Reading]:
    """``judge``: on the spot where that can't take long, else in a thread, so that it delays no other session.

    With it comes what the call brings into the conversation once it is let through.
    """
    policy, state = context.policy, context.state
    if size <= SMALL:
        nearby, known = desk.nearby(), desk.skills_for(policy, state, request, near=True)
        facts, decision = judge(policy, request, nearby, known)
        if not nearby.missed and not (known and known.missed):
            return facts, decision, reading_of(policy, request, facts, known)
    known = desk.skills_for(policy, state, request, near=False)
    facts, decision = await asyncio.to_thread(judge, policy, request, desk.files, known)
    return facts, decision, reading_of(policy, request, facts, known)


async def answer_batch(desk: Desk, context: Context, event: Event, batch: ToolBatch, *, size: int) -> bytes:
    """Judge, record and explain the calls of a batch that never were put to us: the client refused them itself."""
    refused = []
    for call in batch.calls:
        if not await desk.was_put(context.state, event, call):
            request = build_request(context, replace(event, what=call))
            facts, decision, _ = await judged(desk, context, request, size=size)
            await append(desk, request, facts, decision, decided_us=0, ran=False)
            refused.append((call, decision))
        elif refusal := desk.calls.closed(event.session, call.call_id):
            await desk.save(*(restamped(one, desk.stamp()) for one in refusal))
    return render_batch(
        event,
        refused,
        contact=context.policy.contact,
        session_hint=context.state.key,
        conceal=_conceal(desk, event),
    )


async def append(  # noqa: PLR0913 - what was asked, found and decided, and how
    desk: Desk,
    request: Request,
    facts: Facts,
    decision: Decision,
    *,
    decided_us: int,
    ran: bool = True,
    reading: Reading = NOTHING,
) -> None:
    """Commit the record and the session's next state together. Raises ``StoreError`` when that is not done.

    ``ran`` says that what was reported takes place unless the decision stops it. Nothing is awaited between
    reading the session's state and handing its successor to the store, so concurrent calls lose no step.
    """
    records = recorded(desk, request, facts, decision, decided_us=decided_us)
    before = desk.registry.by_key(request.session.key)
    after = before
    if before and ran and decision.enforced < Verdict.ASK:
        after = advance(before, request.event, reading)
    elif before and ran and decision.enforced is Verdict.ASK:
        after = wait(before, request.event, reading)
    if after is None or after is before:
        await desk.save(*records)
        return
    desk.registry.put(after)
    try:
        await desk.save(*records, state=after)
    except StoreError:
        if before is not None and desk.registry.by_key(after.key) is after:
            desk.registry.put(before)
        raise


def recorded(
    desk: Desk, request: Request, facts: Facts, decision: Decision, *, decided_us: int
) -> tuple[Record, ...]:
    """The record of an event; before it those of what persons answered, as far as the event tells that."""
    event, enforced = request.event, decision.enforced
    approved_by, elapsed_ms = "", None
    answers = _left_open(desk, event)
    match event.what:
        case ToolCall() as call:
            desk.calls.judged(event.session, call, enforced, time.monotonic_ns())
            approved_by = Approver.HOOK if enforced is Verdict.ALLOW else ""
            if enforced is Verdict.ASK:
                _asked_about(desk, request, call)
        case PermissionAsked(tool=tool, input=arguments):
            call_id = desk.calls.asked(event.session, tool, arguments, enforced)
            if call_id and enforced not in {Verdict.ALLOW, Verdict.DENY}:
                _asked_about(desk, request, ToolCall(tool=tool, input=arguments, call_id=call_id))
        case ToolResult(tool=tool, input=arguments, call_id=call_id):
            ended, approved_by = desk.calls.ended(event.session, call_id, tool, arguments)
            elapsed_ms = None if ended is None else (time.monotonic_ns() - ended.at_ns) // 1_000_000
            if approved_by == Approver.PERSON_ONCE:
                answers = (answered(desk, request, approved_by),)
        case _:
            pass
    record = record_of(
        request,
        facts,
        decision,
        desk.stamp(),
        desk.masking,
        decided_us=decided_us,
        approved_by=approved_by,
        elapsed_ms=elapsed_ms,
        payload=desk.keeps_payloads,
    )
    return (*(restamped(one, desk.stamp()) for one in answers), record)


def _left_open(desk: Desk, event: Event) -> tuple[Record, ...]:
    """What goes on record of the questions that the event shows to be over without the call having run: a person said no."""
    match event.what:
        case ToolCall() if event.prompt_id:  # the batches on earlier prompts are over
            return desk.calls.turn_over(event.session, event.agent, prompt=event.prompt_id)
        case SessionEnd():
            return desk.calls.turn_over(event.session, None)
        case AgentStop():
            return desk.calls.turn_over(event.session, event.agent)
        case Notice() if event.name == "Stop":
            return desk.calls.turn_over(event.session, event.agent)
        case _:
            return ()


def _asked_about(desk: Desk, request: Request, call: ToolCall) -> None:
    """A person has the call before them: have at hand what goes on record should they say no, which no event tells.

    In a session that nobody attends a host program answers, or the client says no by itself.
    """
    if not request.session.unattended and not desk.calls.is_open(request.event.session, call.call_id):
        about = replace(request, event=replace(request.event, what=call))
        refusal = answered(desk, about, Approver.PERSON_REFUSED)
        desk.calls.open(request.event, call.call_id, refusal)


def answered(desk: Desk, request: Request, approved_by: str) -> Record:
    """The record of what a person answered when asked whether the call of this request may run."""
    event = request.event
    if isinstance(event.what, ToolResult):
        call = ToolCall(tool=event.what.tool, input=event.what.input, call_id=event.what.call_id)
        request = replace(request, event=replace(event, what=call, raw={}))
    else:
        request = replace(request, event=replace(event, raw={}))
    return record_of(
        request,
        Facts(),
        None,
        desk.stamp(),
        desk.masking,
        approved_by=approved_by,
        kind=Kind.PERMISSION_ANSWERED,
    )


async def refuse(
    desk: Desk,
    why: str,
    *,
    event: Event | None = None,
    state: SessionState | None = None,
    uid: int | None = None,
) -> bytes:
    """Deny an event that could not be judged, and record that. ``uid`` is the caller where that isn't the session's account."""
    try:
        record = service_record(
            Kind.REFUSED_INPUT,
            desk.stamp(),
            desk.masking,
            message=why,
            user=state.user if state and uid in {None, state.uid} else "",
            uid=state.uid if state and uid is None else uid,
            session=state.key if state else "",
            details=event.raw if event else None,
        )
        await desk.save(record)
    except Exception as error:  # noqa: BLE001 - it is a denial with and without its record
        report(LOG, "a refusal could not be recorded", error)
        desk.gap.note(str(error), int(desk.clock() * 1_000), allowed=False)
    return refusal(event, why)


def refusal(event: Event | None, why: str) -> bytes:
    """A denial of ``event``; if that can't be written either, one that the client takes for any event."""
    try:
        return render_failure(event, why)
    except Exception as error:  # noqa: BLE001 - the last line
        report(LOG, "a refusal could not be written", error)
        return render_failure(None, why)
