"""A record as an OpenTelemetry log record, in OTLP's JSON form (opentelemetry-proto 1.9, logs.proto)."""

from collections.abc import Mapping
from typing import Any

import orjson

from bailiwick.audit.views.logged import PRODUCT, VERSION, Logged, Severity
from bailiwick.audit.wording import text_of

Event = dict[str, Any]

_NUMBERS = {
    Severity.INFORMATIONAL: (9, "INFO"),
    Severity.LOW: (10, "INFO2"),
    Severity.MEDIUM: (13, "WARN"),
    Severity.HIGH: (17, "ERROR"),
    Severity.CRITICAL: (21, "FATAL"),
}
_NAMES = {
    "host": "host.name",
    "user": "user.name",
    "uid": "user.id",
    "tool": "gen_ai.tool.name",
    "call_id": "gen_ai.tool.call.id",
    "client_session": "gen_ai.conversation.id",
    "agent": "gen_ai.agent.id",
    "agent_type": "gen_ai.agent.name",
    "error": "error.message",
}
"""Fields that the semantic conventions have a name for; all others are ``bailiwick.<field>``."""


def otel(logged: Logged) -> Event:
    """The log record. The time of observing is the sender's to say, so it is the event's own here."""
    number, name = _NUMBERS[logged.severity]
    nanoseconds = str(logged.time_ms * 1_000_000)
    attributes = [
        _attribute("bailiwick.event_id", logged.event_id),
        _attribute("bailiwick.log_index", logged.index),
        _attribute("bailiwick.leaf_hash", logged.leaf.hex()),
    ]
    if text_of(logged.record, "tool"):
        attributes.append(_attribute("gen_ai.operation.name", "execute_tool"))
    for field, value in logged.record.items():
        if field not in {"time_ms", "seq", "v"}:
            shown = str(value) if field == "uid" else value
            attributes.append(_attribute(_NAMES.get(field, f"bailiwick.{field}"), shown))
    return {
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": number,
        "severityText": name,
        "eventName": f"bailiwick.{logged.kind}",
        "body": {"stringValue": logged.title},
        "attributes": attributes,
    }


def scope() -> Event:
    """The instrumentation scope that log records are sent under."""
    return {"name": PRODUCT.lower(), "version": VERSION}


def _attribute(key: str, value: Any) -> Event:
    return {"key": key, "value": _value(value)}


def _value(value: Any) -> Event:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}  # 64-bit integers are decimal strings in proto3's JSON
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return {"arrayValue": {"values": [{"stringValue": item} for item in value]}}
    if isinstance(value, Mapping | list | tuple):
        return {"stringValue": orjson.dumps(value).decode()}
    return {"stringValue": str(value)}
