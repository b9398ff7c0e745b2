"""Calls between decision and outcome: what was decided, when, and who was asked; so the outcome can say who approved.

Of a "no" the client tells nothing where it ends the turn: a call that was asked about and is not over when its turn is,
was refused.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from bailiwick.audit.record import Approver, Record
from bailiwick.audit.redaction import Redactor, strings_of
from bailiwick.model.event import Event, ToolBatch, ToolCall
from bailiwick.model.verdict import Verdict

MAX_CALLS = 10_000
"""Calls remembered, the latest, across all sessions; a batch is reported at once, an answer of a person takes minutes."""

MAX_QUESTIONS = 200
"""Open questions remembered, the latest; each holds a record, and a person has few before them."""

MAX_ID = 256
"""Characters of a call's or prompt's id by which a question is known; the client's have 30 to 40."""

MAX_MASKED = 1_000
"""Masked outputs of which it is not known yet whether the model gets them so, the latest; each is known within its message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A call whose output the model would get unmasked: what is in it, or nothing where the client doesn't show it."""

    call: ToolCall
    rules: tuple[str, ...]


@dataclass(slots=True)
class Call:
    """A call that was put to this service: what was carried out, and at which monotonic nanosecond."""

    enforced: Verdict
    at_ns: int


@dataclass(frozen=True, slots=True)
class Question:
    """What a person has before them: of which conversation and prompt, and what goes on record should they say no."""

    session: bytes
    agent: str
    prompt: str
    refusal: Record


@dataclass(slots=True)
class Calls:
    """What is remembered of calls. One per service; lost when it ends, and then outcomes say less."""

    _calls: dict[bytes, Call] = field(default_factory=dict)
    _asked: dict[bytes, Verdict] = field(default_factory=dict)
    _ids: dict[bytes, str] = field(default_factory=dict)
    _questions: dict[bytes, Question] = field(default_factory=dict)
    _masked: dict[bytes, Redactor] = field(default_factory=dict, repr=False)
    _spoilt: dict[bytes, None] = field(default_factory=dict)

    def judged(self, client_session: str, call: ToolCall, enforced: Verdict, at_ns: int) -> None:
        """Remember that a call was put to this service; the oldest are forgotten."""
        _put(self._calls, _digest(client_session, call.call_id), Call(enforced, at_ns))
        if enforced not in {Verdict.ALLOW, Verdict.DENY} and len(call.call_id) <= MAX_ID:
            _put(self._ids, _asking(client_session, call.tool, call.input), call.call_id)

    def knows(self, client_session: str, call_id: str) -> bool:
        """Whether a call was put to this service since it started."""
        return _digest(client_session, call_id) in self._calls

    def asked(self, client_session: str, tool: str, arguments: Mapping[str, Any], enforced: Verdict) -> str:
        """Remember that the client was about to ask a person, and what it was told about that; the call's id, if known."""
        asking = _asking(client_session, tool, arguments)
        _put(self._asked, asking, enforced)
        return self._ids.get(asking, "")

    def open(self, event: Event, call_id: str, refusal: Record) -> None:
        """A person is asked about a call: ``refusal`` goes on record should they say no."""
        question = Question(_digest(event.session), event.agent, event.prompt_id[:MAX_ID], refusal)
        _put(self._questions, _digest(event.session, call_id), question, MAX_QUESTIONS)

    def is_open(self, client_session: str, call_id: str) -> bool:
        """Whether a person has that call before them."""
        return _digest(client_session, call_id) in self._questions

    def ended(
        self, client_session: str, call_id: str, tool: str, arguments: Mapping[str, Any]
    ) -> tuple[Call | None, str]:
        """A call ran: what is remembered of it, and who let it run (empty when that isn't known)."""
        self.closed(client_session, call_id)
        call = self._calls.get(_digest(client_session, call_id))
        if call is None:
            return None, ""
        if call.enforced is Verdict.ASK:
            return call, Approver.PERSON_ONCE
        if call.enforced is Verdict.ALLOW:
            return call, Approver.HOOK
        asked = self._asked.pop(_asking(client_session, tool, arguments), None)
        if asked is None:
            return call, Approver.RULE
        return call, Approver.HOOK if asked is Verdict.ALLOW else Approver.PERSON_ONCE

    def closed(self, client_session: str, call_id: str) -> tuple[Record, ...]:
        """A call is over, or its batch is: what goes on record if a person still had it before them. That is told once."""
        question = self._questions.pop(_digest(client_session, call_id), None)
        return () if question is None else (question.refusal,)

    def turn_over(self, client_session: str, agent: str | None, *, prompt: str = "") -> tuple[Record, ...]:
        """The turn of an agent is over, or with None the conversation: what goes on record of the questions it left open.

        With ``prompt`` only its turns on other prompts are: while it works on one a person may well submit the next.
        """
        session = _digest(client_session)
        left = [
            key
            for key, question in self._questions.items()
            if question.session == session
            and agent in {None, question.agent}
            and not (prompt and question.prompt == prompt[:MAX_ID])
        ]
        return tuple(self._questions.pop(key).refusal for key in left)

    def masked(self, client_session: str, call_id: str, redactor: Redactor) -> None:
        """The client was told to show the model this call's output without what ``redactor`` knows."""
        if redactor.known:
            _put(self._masked, _digest(client_session, call_id), redactor, MAX_MASKED)

    def unmasked(self, client_session: str, batch: ToolBatch) -> tuple[Left, ...]:
        """The calls of a batch whose masked output the client didn't take over; each is looked at once."""
        found = []
        for call in batch.calls:
            redactor = self._masked.pop(_digest(client_session, call.call_id), None)
            if redactor is None:
                continue
            shown = call.call_id in batch.told
            rules = redactor.known_in(strings_of(batch.told.get(call.call_id)))
            if rules or not shown:
                found.append(Left(call=call, rules=rules))
        return tuple(found)

    def spoil(self, client_session: str) -> None:
        """A conversation holds what the model must not get: nothing more of it may be sent."""
        _put(self._spoilt, _digest(client_session), None)

    def spoilt(self, client_session: str) -> bool:
        """Whether it does."""
        return _digest(client_session) in self._spoilt


def _put(kept: dict[bytes, Any], name: bytes, value: Any, most: int = MAX_CALLS) -> None:
    kept[name] = value
    if len(kept) > most:
        del kept[next(iter(kept))]


def _asking(client_session: str, tool: str, arguments: Mapping[str, Any]) -> bytes:
    return _digest(client_session, tool, orjson.dumps(arguments))


def _digest(*names: str | bytes) -> bytes:
    """Names that the client chooses have no bound; what is kept of them has."""
    parts = (name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass") for name in names)
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
