"""The one way from a record to what is sent: one view, one line of UTF-8 without a newline in it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import orjson

from bailiwick.audit.views.ecs import ecs
from bailiwick.audit.views.lines import cef, leef
from bailiwick.audit.views.logged import Logged
from bailiwick.audit.views.ocsf import ocsf
from bailiwick.audit.views.otel import otel


class View(StrEnum):
    """The schemas and formats that a record can be given out in."""

    RECORD = "record"
    OCSF = "ocsf"
    ECS = "ecs"
    CEF = "cef"
    LEEF = "leef"
    OTEL = "otel"


VIEW_MEANINGS: Mapping[View, str] = {
    View.RECORD: "the record as `log export` writes it, with its `leaf_hash`; the one view that can be verified against the log",
    View.OCSF: "Open Cybersecurity Schema Framework 1.8.0: Process Activity, File System Activity, API Activity, Detection Finding",
    View.ECS: "Elastic Common Schema 9 with its gen_ai fields; all else under `bailiwick`",
    View.CEF: "ArcSight Common Event Format",
    View.LEEF: "QRadar Log Event Extended Format 2.0",
    View.OTEL: "OpenTelemetry log record, OTLP's JSON form",
}


def record_view(logged: Logged) -> dict[str, Any]:
    """The record itself and its leaf hash."""
    return {**logged.record, "leaf_hash": logged.leaf.hex()}


OBJECTS: Mapping[View, Callable[[Logged], dict[str, Any]]] = {
    View.RECORD: record_view,
    View.OCSF: ocsf,
    View.ECS: ecs,
    View.OTEL: otel,
}
"""The views that are JSON objects."""

_BREAKS = {
    b"\x7f": rb"\u007f",
    b"\xc2\x85": rb"\u0085",
    b"\xe2\x80\xa8": rb"\u2028",
    b"\xe2\x80\xa9": rb"\u2029",
}
"""What JSON may hold as it stands, but some receivers take for the end of a line."""

_LINES: Mapping[View, Callable[[Logged], str]] = {View.CEF: cef, View.LEEF: leef}


def render(view: View, logged: Logged) -> bytes:
    """The record in a view, as one line of UTF-8."""
    if made := OBJECTS.get(view):
        line = orjson.dumps(made(logged), default=str)
        for raw, escaped in _BREAKS.items():
            line = line.replace(raw, escaped)
        return line
    return _LINES[view](logged).encode("utf-8", "replace")
