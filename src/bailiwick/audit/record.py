"""The audit record: one flat, versioned value per thing that happened, redacted before it exists.

Fields are strings, integers, lists of strings and lists of flat objects; no floats, so that canonical bytes are
the same everywhere (RFC 8785). Every free text is redacted first and bounded second: a secret that the bound
would cut in two is masked before it is cut. A record stays below ``RECORD_LIMIT`` so that it fits an entry of a
C2SP tile log, and carries a random ``salt``, so that its leaf hash gives nothing away once its bytes are erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bailiwick.audit.kinds import Kind

VERSION = 1
RECORD_LIMIT = 65_535
"""Bytes of a sealed record at most: the length field of a tile-log entry (C2SP tlog-tiles) has 16 bits."""

Item = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What only the service knows: clocks, host and randomness.

    ``wall_ms`` milliseconds since 1970, UTC; ``monotonic_ns`` nanoseconds since some start, never going back
    while the machine runs; ``salt`` at least 128 random bits in hexadecimal.
    """

    wall_ms: int
    monotonic_ns: int
    host: str
    salt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. Empty strings, empty lists and None are left out of its bytes.

    ``time_ms`` wall clock, milliseconds since 1970 UTC; ``monotonic_us`` monotonic clock, microseconds;
    ``session`` Bailiwick's key of the session, ``client_session`` the client's own id; ``input`` the redacted
    tool input as JSON text, cut where ``input_cut`` is 1, of ``input_bytes`` originally; ``text`` a redacted
    prompt or message; ``extra`` whatever else the client reported, redacted, as JSON text; ``policy`` the
    revision that decided; ``decided_us`` the time the decision took in microseconds; ``accesses_omitted`` how
    many more accesses there were than are listed.
    """

    kind: Kind
    time_ms: int
    monotonic_us: int
    host: str
    salt: str
    v: int = VERSION
    user: str = ""
    uid: int | None = None
    session: str = ""
    client_session: str = ""
    profile: str = ""
    project: str = ""
    cwd: str = ""
    permission_mode: str = ""
    prompt_id: str = ""
    agent: str = ""
    agent_type: str = ""
    skills: tuple[str, ...] = ()
    event: str = ""
    tool: str = ""
    server: str = ""
    call_id: str = ""
    input: str = ""
    input_bytes: int | None = None
    input_cut: int | None = None
    text: str = ""
    text_bytes: int | None = None
    accesses: tuple[Item, ...] = ()
    accesses_omitted: int | None = None
    opaque: tuple[str, ...] = ()
    findings: tuple[Item, ...] = ()
    verdict: str = ""
    enforced: str = ""
    reasons: tuple[Item, ...] = ()
    obligations: tuple[Item, ...] = ()
    errors: tuple[str, ...] = ()
    policy: str = ""
    client_version: str = ""
    decided_us: int | None = None
    duration_ms: int | None = None
    outcome: str = ""
    response_bytes: int | None = None
    error: str = ""
    extra: str = ""

    def fields(self) -> dict[str, Any]:
        """The record as the mapping that is sealed: what is empty is left out."""
        return {name: value for name in FIELD_NAMES if (value := getattr(self, name)) not in (None, "", ())}


FIELD_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Record))
