"""The audit record: one flat, versioned value per thing that happened, redacted before it exists.

Fields are strings, integers, lists of strings and lists of flat objects; no floats, so that canonical bytes are
the same everywhere (RFC 8785). Every free text is redacted first and bounded second: a secret that the bound
would cut in two is masked before it is cut. A record stays below ``RECORD_LIMIT`` so that it fits an entry of a
C2SP tile log, and carries a random ``salt``, so that its leaf hash gives nothing away once its bytes are erased.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields
from enum import StrEnum
from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.sealing import PUBLIC
from bailiwick.model.value import value

VERSION = 2
RECORD_LIMIT = 65_535
"""Bytes of a sealed record at most: the length field of a tile-log entry (C2SP tlog-tiles) has 16 bits."""

Item = Mapping[str, str | int]


class Approver(StrEnum):
    """Who let a call run, or kept it from running."""

    RULE = "rule"
    HOOK = "hook"
    PERSON_ONCE = "person-once"
    PERSON_PERMANENTLY = "person-permanently"
    PERSON_REFUSED = "person-refused"


@value(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What only the service knows: clocks, host and randomness.

    ``wall_ms`` milliseconds since 1970, UTC; ``monotonic_ns`` nanoseconds since some start, never going back
    while the machine runs; ``salt`` at least 128 random bits in hexadecimal.
    """

    wall_ms: int
    monotonic_ns: int
    host: str
    salt: str


@value(frozen=True, slots=True, kw_only=True)
class Record:
    """One record; ``FIELD_MEANINGS`` says what each field means.

    Empty strings, empty lists and None are left out of its bytes. ``whole`` is no field of it: the payload that is kept
    beside it, of which ``payload`` is the SHA-256.
    """

    kind: Kind
    time_ms: int
    monotonic_us: int
    host: str
    salt: str
    v: int = VERSION
    user: str = ""
    uid: int | None = None
    identity: str = ""
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
    trigger: str = ""
    activates: str = ""
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
    approved_by: str = ""
    obligations: tuple[Item, ...] = ()
    errors: tuple[str, ...] = ()
    policy: str = ""
    client_version: str = ""
    decided_us: int | None = None
    duration_ms: int | None = None
    elapsed_ms: int | None = None
    outcome: str = ""
    response_bytes: int | None = None
    error: str = ""
    rule: str = ""
    level: str = ""
    techniques: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    upto: int | None = None
    keys: tuple[str, ...] = ()
    kept: str = ""
    origin: str = ""
    origin_seq: int | None = None
    payload: str = ""
    payload_bytes: int | None = None
    payload_left: int | None = None
    extra: str = ""
    whole: bytes = field(default=b"", repr=False)

    def fields(self) -> dict[str, Any]:
        """The record as the mapping that is sealed: what is empty is left out."""
        public, private = self.apart()
        return public | private

    def apart(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """``fields``, those that are public (``sealing.PUBLIC``) and those that are not."""
        return _public(self), _private(self)


def _reader(names: Iterable[str]) -> Callable[[Record], dict[str, Any]]:
    """What gives those of a record's fields that aren't empty; a number of 0 isn't.

    Written out field by field and compiled: the interpreter then knows where in a record each stands, and reads nothing else.
    """
    types = {one.name: one.type for one in fields(Record)}
    lines = ["def told_by(record):", "  told = {}"]
    for name in sorted(names):
        test = " is not None" if types[name] in (int, int | None) else ""
        lines.append(f"  if (value := record.{name}){test}: told[{name!r}] = value")
    made: dict[str, Callable[[Record], dict[str, Any]]] = {}
    exec("\n".join([*lines, "  return told"]), made)  # noqa: S102 - of names that stand above
    return made["told_by"]


FIELD_NAMES: tuple[str, ...] = tuple(one.name for one in fields(Record) if one.name != "whole")
_public, _private = (
    _reader(name for name in FIELD_NAMES if (name in PUBLIC) is public) for public in (True, False)
)

FIELD_MEANINGS: Mapping[str, str] = {
    "v": "version of this form",
    "epoch": "name of the log since it was created",
    "seq": "place in the log, from 0, without gaps; this is the order",
    "kind": "kind of record, see above",
    "time_ms": "wall clock, milliseconds since 1970, UTC; may step",
    "monotonic_us": "monotonic clock, microseconds; never goes back while the machine runs",
    "salt": "128 random bits, so that the leaf hash says nothing once the bytes are erased",
    "host": "the machine",
    "user": "operating-system account, established by the kernel",
    "uid": "its number",
    "identity": "the person behind the account as the directory names them; where none is bound to it the account at its machine",
    "session": "Bailiwick's key of the session",
    "client_session": "the client's own id of the session",
    "profile": "the session's profile",
    "project": "the session's project root",
    "cwd": "working directory as the client reports it",
    "permission_mode": "the client's permission mode",
    "prompt_id": "the client's id of the prompt being worked on",
    "agent": "id of the sub-agent; empty on the main thread",
    "agent_type": "its type",
    "skills": "skills active for the calling agent",
    "trigger": "the skill or typed slash command in whose course the call was made, the innermost; a typed one begins with /",
    "activates": "the skill or slash command that this event activates",
    "event": "the client's name of the event",
    "tool": "the tool",
    "server": "the MCP server, for its tools",
    "call_id": "the client's id of the tool call; decision and outcome share it",
    "input": "tool input as JSON text, redacted, cut at 8 KiB",
    "input_bytes": "its size as the client sent it",
    "input_cut": "1 where `input` isn't whole",
    "text": "prompt or message, redacted, cut at 4 KiB",
    "text_bytes": "its size as the client sent it",
    "accesses": "what the event would access: kind and path, program, host, name or variable",
    "accesses_omitted": "how many more there were",
    "opaque": "parts whose accesses aren't known, and why",
    "findings": "what rules noticed: rule, confidence, tier, message, field; never the secret",
    "verdict": "what policy says: abstain, allow, ask, deny",
    "enforced": "what was carried out; differs in monitor and warn mode",
    "reasons": "the rules that spoke, strongest first: rule, origin (file:line), verdict, message, instead, about, mode, exception",
    "approved_by": "who let the call run: rule (the client's own), hook (Bailiwick), person-once, person-permanently; person-refused if one didn't",
    "obligations": "what goes with the answer: clamp, rewrite, redact, notify, sandbox",
    "errors": "what went wrong while deciding",
    "policy": "revision of the policy that decided",
    "client_version": "the client's version",
    "decided_us": "time the decision took, microseconds",
    "duration_ms": "time the tool took as the client reports it, milliseconds",
    "elapsed_ms": "from decision to outcome by the service's clock, milliseconds; includes what a person took to answer",
    "outcome": "ok or failed",
    "response_bytes": "size of what the tool returned",
    "error": "its error, redacted, cut at 1 KiB",
    "rule": "the detection rule that matched, by its id",
    "level": "how bad a detection is: informational, low, medium, high, critical",
    "techniques": "MITRE ATT&CK and ATLAS techniques that a detection is about",
    "evidence": "the records that a detection rests on, as `epoch-seq`",
    "upto": "the first entry that it is not about: purged, shipped or witnessed are those before",
    "origin": "in a collector's log: the log that the record comes from",
    "origin_seq": "and its place there",
    "keys": "names of the data keys that were destroyed",
    "kept": "mark of what is kept beside the log (holds, retention, witnesses, machines, policies) after this entry",
    "payload": "SHA-256 of the payload that is kept beside the record, where policy says so",
    "payload_bytes": "its size",
    "payload_left": "in a collector's log: 1 where the payload was not shipped and is, if anywhere, at the log of `origin`",
    "extra": "whatever else the client reported, as JSON text, redacted, cut at 4 KiB",
    "rules": "the rules that spoke or found something, by id",
    "private": "commitment to the private part: SHA-256 of 0x03 and its canonical bytes",
    "key": "name of the data key that seals the private part",
    "sealed": "1 where the private part can't be read: its key was destroyed or isn't at hand",
}
"""What each field means: every field of ``Record``, and what sealing adds; the reference page is made of it."""
