"""A record as a line of CEF (ArcSight, 0.1/25) or LEEF 2.0 (QRadar): one line, whatever the record holds.

A header takes fixed words only. In a value, what isn't printable is replaced by its escape before the format's
own escapes are made, so that no newline, tab or control character of an agent's reaches the receiver as such; values
are cut, so a line stays below what syslog receivers take (8 kB).
"""

import re
from collections.abc import Iterator
from itertools import islice

from bailiwick.audit.views.logged import PRODUCT, VENDOR, VERSION, Logged
from bailiwick.audit.wording import argument, items_of, number_of, plain, text_of, words_of

LONGEST = 1_000
"""Characters of a value at most, as it stands in the line (CEF allows 1,023 for most of its keys)."""

_HEADER = re.compile(r"[^\w .:/-]", re.ASCII)
_TAB = "\t"


def cef(logged: Logged) -> str:
    """``CEF:0|vendor|product|version|class|name|severity|key=value ...``; severity from 0 to 10."""
    head = "|".join(
        ("CEF:0", VENDOR, PRODUCT, VERSION, _word(logged.kind), _name(logged), str(_level(logged)))
    )
    return f"{head}|{' '.join(f'{key}={_escaped(value)}' for key, value in _cef_values(logged) if value)}"


def leef(logged: Logged) -> str:
    """``LEEF:2.0|vendor|product|version|event|x09|key=value`` with tabs between; severity from 1 to 10."""
    head = "|".join(("LEEF:2.0", VENDOR, PRODUCT, VERSION, _word(logged.kind), "x09"))
    return f"{head}|{_TAB.join(f'{key}={_bounded(value)}' for key, value in _leef_values(logged) if value)}"


def _cef_values(logged: Logged) -> Iterator[tuple[str, str]]:
    record = logged.record
    yield "rt", str(logged.time_ms)
    yield "externalId", logged.event_id
    yield "dvchost", text_of(record, "host")
    yield "suser", text_of(record, "user")
    yield "suid", _digits(logged, "uid")
    yield "act", logged.verdict
    yield "outcome", text_of(record, "outcome")
    yield "reason", text_of(logged.reason, "message")
    yield "request", argument(record, "url")
    if logged.reads_file or logged.writes_file:
        yield "filePath", logged.path
    yield "dhost", ",".join(_hosts(logged))
    labelled = (
        ("tool", logged.tool),
        ("session", text_of(record, "session")),
        ("callId", text_of(record, "call_id")),
        ("rule", text_of(record, "rule") or text_of(logged.reason, "rule")),
        ("policy", text_of(record, "policy")),
        ("leafHash", logged.leaf.hex()),
    )
    for number, (label, value) in enumerate(labelled, start=1):
        if value:
            yield f"cs{number}Label", label
            yield f"cs{number}", value
    yield "cn1Label", "logIndex"
    yield "cn1", str(logged.index)
    yield from (
        (f"{VENDOR}{PRODUCT}{name[0].upper()}{name[1:]}", value) for name, value in _own_values(logged)
    )
    yield "msg", logged.title


def _leef_values(logged: Logged) -> Iterator[tuple[str, str]]:
    record = logged.record
    yield "devTime", str(logged.time_ms)
    yield "cat", logged.kind
    yield "sev", str(max(_level(logged), 1))
    yield "identHostName", text_of(record, "host")
    yield "usrName", text_of(record, "user")
    yield "eventId", logged.event_id
    yield "logIndex", str(logged.index)
    yield "leafHash", logged.leaf.hex()
    yield "tool", logged.tool
    yield "action", logged.verdict
    yield "outcome", text_of(record, "outcome")
    yield "session", text_of(record, "session")
    yield "callId", text_of(record, "call_id")
    yield "rule", text_of(record, "rule") or text_of(logged.reason, "rule")
    yield "reason", text_of(logged.reason, "message")
    yield "policy", text_of(record, "policy")
    yield "resource", logged.path if logged.reads_file or logged.writes_file else ""
    yield "url", argument(record, "url")
    yield "dstHost", ",".join(_hosts(logged))
    yield "command", logged.command
    yield from _own_values(logged)
    yield "msg", logged.title


_OWN = {
    "identity": "identity", "profile": "profile", "trigger": "trigger", "skills": "skills", "approved_by": "approvedBy",
    "client_session": "clientSession", "client_version": "clientVersion", "agent": "agent", "agent_type": "agentType",
    "duration_ms": "durationMs", "elapsed_ms": "elapsedMs", "input_bytes": "inputBytes", "response_bytes": "responseBytes",
    "payload": "payloadSha256", "payload_bytes": "payloadBytes", "techniques": "techniques", "upto": "upto",
    "origin": "origin", "origin_seq": "originIndex",
}  # fmt: skip
"""Fields that neither format has a name for, and ours for them; CEF has vendors put their own names before them."""

SHORT = 128
"""Characters of such a value at most."""


def _own_values(logged: Logged) -> Iterator[tuple[str, str]]:
    for field, name in _OWN.items():
        value = (
            _digits(logged, field)
            or text_of(logged.record, field)
            or ",".join(words_of(logged.record, field))
        )
        yield name, value[:SHORT]


def _hosts(logged: Logged) -> Iterator[str]:
    hosts = (text_of(item, "host") for item in items_of(logged.record, "accesses"))
    return islice(filter(None, hosts), 8)


def _digits(logged: Logged, name: str) -> str:
    number = number_of(logged.record, name)
    return "" if number is None else str(number)


def _level(logged: Logged) -> int:
    """From OCSF's 1 to 5 to the 0 to 10 of both formats."""
    return (0, 1, 3, 5, 8, 10)[logged.severity]


def _word(text: str) -> str:
    return _HEADER.sub("_", text)[:63] or "_"


def _name(logged: Logged) -> str:
    return _word(
        " ".join(word for word in (logged.tool, logged.kind.replace("-", " "), logged.verdict) if word)
    )


def _bounded(value: str) -> str:
    """A value without anything unprintable, at most ``LONGEST`` characters of it."""
    text = plain(value[: LONGEST + 1])  # what is cut away needn't be looked at
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _escaped(value: str) -> str:
    """A value of a CEF extension. It is cut before it is escaped, so that no escape is cut in two."""
    return _bounded(value).replace("\\", "\\\\").replace("=", "\\=")
