"""Calls between decision and outcome: what was decided, when, and who was asked; so the outcome can say who approved."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from bailiwick.audit.record import Approver
from bailiwick.model.verdict import Verdict

MAX_CALLS = 10_000
"""Calls remembered, the latest, across all sessions; a batch is reported at once, an answer of a person takes minutes."""


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


def _put(kept: dict[bytes, Any], name: bytes, value: Any) -> None:
    kept[name] = value
    if len(kept) > MAX_CALLS:
        del kept[next(iter(kept))]


def _digest(*names: str | bytes) -> bytes:
    """Names that the client chooses have no bound; what is kept of them has."""
    parts = (name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass") for name in names)
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).digest()
