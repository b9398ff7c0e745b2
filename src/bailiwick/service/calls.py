"""Calls between decision and outcome: what was decided, when, and who was asked; so the outcome can say who approved.

Of a "no" the client tells nothing where it ends the turn: a call that was asked about and is not over when its turn is,
was refused. So what persons have before them is kept in the store too, as digests and the id of the call, and known
again when the service is started while they think.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from typing import Any

import orjson

from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Approver, Record
from bailiwick.audit.recording import refusal_of
from bailiwick.audit.redaction import Redactor, strings_of
from bailiwick.model.event import Event, ToolBatch, ToolCall
from bailiwick.model.value import value
from bailiwick.model.verdict import Verdict
from bailiwick.service.state_directory import StoreError

MAX_CALLS = 10_000
"""Calls remembered, the latest, across all sessions; a batch is reported at once, an answer of a person takes minutes."""

MAX_QUESTIONS = 200
"""Open questions remembered, the latest; each holds a record, and a person has few before them."""

MAX_ID = 256
"""Characters of a call's id by which it is known when a person is asked; the client's have 30 to 40."""

MAX_MASKED = 1_000
"""Masked outputs of which it is not known yet whether the model gets them so, the latest; each is known within its message."""


QUESTION = "question "
"""What the rows of open questions begin with; the digest of conversation and call follows."""

Recorded = Callable[[str], Sequence[Mapping[str, Any]]]
"""The fields of the records of the call of an id."""


@value(frozen=True, slots=True, kw_only=True)
class Left:
    """A call whose output the model would get unmasked: what is in it, or nothing where the client doesn't show it."""

    call: ToolCall
    rules: tuple[str, ...]


@value(frozen=False, slots=True)
class Call:
    """A call that was put to this service: what was carried out, and at which monotonic nanosecond."""

    enforced: Verdict
    at_ns: int


@value(frozen=True, slots=True)
class Question:
    """What a person has before them: of which conversation, agent and prompt, and what goes on record should they say no."""

    session: bytes
    agent: bytes
    prompt: bytes
    refusal: Record

    def row(self) -> bytes:
        """What is stored of it."""
        digests = {"session": self.session.hex(), "agent": self.agent.hex(), "prompt": self.prompt.hex()}
        return orjson.dumps({**digests, "call": self.refusal.call_id})


@value(frozen=False, slots=True)
class Calls:
    """What is remembered of calls. One per service; but for open questions it is lost when that ends, and then outcomes say less.

    ``unsaved`` are rows for the store that go with the next commit.
    """

    unsaved: dict[str, bytes | None] = field(default_factory=dict)

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
        name = _digest(event.session, call_id)
        question = Question(_digest(event.session), _digest(event.agent), _digest(event.prompt_id), refusal)
        self._questions[name] = question
        self.unsaved[_row_name(name)] = question.row()
        if len(self._questions) > MAX_QUESTIONS:
            self._answered(next(iter(self._questions)))

    def restore(self, rows: Mapping[str, bytes], recorded: Recorded, sessions: Collection[str]) -> None:
        """Know the questions again that were open when the service ended, of those of these sessions that are still on record."""
        for name, row in rows.items():
            question = _kept(row, recorded)
            if question is None or question.refusal.session not in sessions:
                self.unsaved[name] = None
                continue
            digest = bytes.fromhex(name.removeprefix(QUESTION))
            self._questions[digest] = question
            # Whatever policy said, a person was asked.
            self._calls[digest] = Call(Verdict.ASK, question.refusal.monotonic_us * 1_000)

    def saved(self, rows: Mapping[str, bytes | None]) -> None:
        """These rows are in the store; what has changed since then is not."""
        for name, row in rows.items():
            if self.unsaved.get(name, b"") is row:
                del self.unsaved[name]

    def forget(self, session: str) -> None:
        """A session is over, and nobody answers its questions any more."""
        for name, question in list(self._questions.items()):
            if question.refusal.session == session:
                self._answered(name)

    def _answered(self, name: bytes) -> Question | None:
        question = self._questions.pop(name, None)
        if question is not None:
            self.unsaved[_row_name(name)] = None
        return question

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
        question = self._answered(_digest(client_session, call_id))
        return () if question is None else (question.refusal,)

    def turn_over(self, client_session: str, agent: str | None, *, prompt: str = "") -> tuple[Record, ...]:
        """The turn of an agent is over, or with None the conversation: what goes on record of the questions it left open.

        With ``prompt`` only its turns on other prompts are: while it works on one a person may well submit the next.
        """
        session, turn, going_on = (_digest(name or "") for name in (client_session, agent, prompt))
        left = [
            key
            for key, question in self._questions.items()
            if question.session == session
            and (agent is None or question.agent == turn)
            and not (prompt and question.prompt == going_on)
        ]
        return tuple(question.refusal for key in left if (question := self._answered(key)))

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


def _row_name(name: bytes) -> str:
    return QUESTION + name.hex()


def _kept(row: bytes, recorded: Recorded) -> Question | None:
    """The question of a row, by what is on record of its call; None where that is gone."""
    try:
        told = orjson.loads(row)
        session, agent, prompt = (bytes.fromhex(told[name]) for name in ("session", "agent", "prompt"))
        calls = (one for one in recorded(str(told["call"])) if one.get("kind") == Kind.TOOL_CALL)
        call = next((one for one in calls if _digest(str(one.get("client_session", ""))) == session), None)
        return None if call is None else Question(session, agent, prompt, refusal_of(call))
    except (ValueError, TypeError, KeyError, StoreError):
        return None  # another version wrote it, or the log is damaged there, which `verify` tells


def _asking(client_session: str, tool: str, arguments: Mapping[str, Any]) -> bytes:
    return _digest(client_session, tool, orjson.dumps(arguments))


def _digest(*names: str | bytes) -> bytes:
    """Names that the client chooses have no bound; what is kept of them has."""
    parts = (name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass") for name in names)
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
