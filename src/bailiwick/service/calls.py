"""Calls between decision and outcome: what was decided, when, and who was asked; so the outcome can say who approved."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from bailiwick.audit.record import Approver
from bailiwick.audit.redaction import Redactor, strings_of
from bailiwick.model.event import ToolBatch, ToolCall
from bailiwick.model.verdict import Verdict

MAX_CALLS = 10_000
"""Calls remembered, the latest, across all sessions; a batch is reported at once, an answer of a person takes minutes."""


MAX_MASKED = 1_000
"""Masked outputs of which it is not known yet whether the model gets them so, the latest; each is known within its message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A call whose output the model would get unmasked: what is in it, or nothing where the client doesn't show it."""

    call: ToolCall
    rules: tuple[str, ...]


@dataclass(slots=True)
class Call:
    """A call that was put to this service: what was carried out, at which monotonic nanosecond, whether it ended."""

    enforced: Verdict
    at_ns: int
    ended: bool = False


@dataclass(slots=True)
class Calls:
    """What is remembered of calls. One per service; lost when it ends, and then outcomes say less."""

    _calls: dict[bytes, Call] = field(default_factory=dict)
    _asked: dict[bytes, Verdict] = field(default_factory=dict)
    _masked: dict[bytes, Redactor] = field(default_factory=dict, repr=False)
    _spoilt: dict[bytes, None] = field(default_factory=dict)

    def judged(self, client_session: str, call_id: str, enforced: Verdict, at_ns: int) -> None:
        """Remember that a call was put to this service; the oldest are forgotten."""
        _put(self._calls, _digest(client_session, call_id), Call(enforced, at_ns))

    def knows(self, client_session: str, call_id: str) -> bool:
        """Whether a call was put to this service since it started."""
        return _digest(client_session, call_id) in self._calls

    def asked(self, client_session: str, tool: str, arguments: Mapping[str, Any], enforced: Verdict) -> None:
        """Remember that the client was about to ask a person, and what it was told about that."""
        _put(self._asked, _digest(client_session, tool, orjson.dumps(arguments)), enforced)

    def ended(
        self, client_session: str, call_id: str, tool: str, arguments: Mapping[str, Any]
    ) -> tuple[Call | None, str]:
        """A call ran: what is remembered of it, and who let it run (empty when that isn't known)."""
        call = self._calls.get(_digest(client_session, call_id))
        if call is None:
            return None, ""
        call.ended = True
        if call.enforced is Verdict.ASK:
            return call, Approver.PERSON_ONCE
        if call.enforced is Verdict.ALLOW:
            return call, Approver.HOOK
        asked = self._asked.pop(_digest(client_session, tool, orjson.dumps(arguments)), None)
        if asked is None:
            return call, Approver.RULE
        return call, Approver.HOOK if asked is Verdict.ALLOW else Approver.PERSON_ONCE

    def refused(self, client_session: str, call_id: str) -> bool:
        """Whether a call whose batch is over was asked about and did not run: a person said no. True once."""
        call = self._calls.get(_digest(client_session, call_id))
        if call is None or call.ended or call.enforced is not Verdict.ASK:
            return False
        call.ended = True
        return True

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


def _digest(*names: str | bytes) -> bytes:
    """Names that the client chooses have no bound; what is kept of them has."""
    parts = (name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass") for name in names)
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
