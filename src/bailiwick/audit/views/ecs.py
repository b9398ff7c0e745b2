"""A record as an Elastic Common Schema event (ECS 9, with its gen_ai fields, which Elastic calls beta)."""

from datetime import UTC, datetime
from posixpath import basename
from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.views.logged import PRODUCT, VENDOR, VERSION, Logged
from bailiwick.audit.wording import argument, items_of, number_of, text_of, words_of

SCHEMA = "9.0.0"
DATASET = "bailiwick.audit"

Event = dict[str, Any]

_SESSIONS = {
    Kind.SESSION_START: "start",
    Kind.SESSION_END: "end",
    Kind.AGENT_START: "start",
    Kind.AGENT_STOP: "end",
}
_MAPPED = frozenset(("time_ms", "host", "user", "uid", "kind", "seq", "duration_ms", "v", "call_id", "agent"))
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def ecs(logged: Logged) -> Event:
    """The event, nested as Elasticsearch stores it. Everything else in the record is under ``bailiwick``."""
    record = logged.record
    event: Event = {
        "@timestamp": timestamp(logged.time_ms),
        "ecs": {"version": SCHEMA},
        "message": logged.title,
        "event": _event(logged),
        "host": {"name": text_of(record, "host"), "hostname": text_of(record, "host")},
        "observer": {"vendor": VENDOR, "product": PRODUCT, "version": VERSION, "type": "policy-enforcement"},
        "gen_ai": _gen_ai(logged),
        "related": {"user": [text_of(record, "user")], "hosts": _hosts(logged)},
        "bailiwick": {
            **{name: value for name, value in record.items() if name not in _MAPPED},
            "log_index": logged.index,
            "leaf_hash": logged.leaf.hex(),
        },
    }
    if (user := text_of(record, "user")) or number_of(record, "uid") is not None:
        uid, identity = number_of(record, "uid"), text_of(record, "identity")
        event["user"] = {
            **({"name": user} if user else {}),
            **({} if uid is None else {"id": str(uid)}),
            **({"full_name": identity} if identity else {}),
        }
    if logged.command:
        event["process"] = {"command_line": logged.command, "working_directory": text_of(record, "cwd")}
    if (logged.reads_file or logged.writes_file) and logged.path:
        event["file"] = {"path": logged.path, "name": basename(logged.path)}
    if url := argument(record, "url"):
        event["url"] = {"full": url, "original": url}
    if error := text_of(record, "error"):
        event["error"] = {"message": error}
    if rule := text_of(record, "rule") or text_of(logged.reason, "rule"):
        event["rule"] = {"name": rule, "description": text_of(logged.reason, "message"), "ruleset": PRODUCT}
    if uids := words_of(record, "techniques"):
        event["threat"] = {"framework": "MITRE ATT&CK", "technique": {"id": uids}}
    return event


def timestamp(time_ms: int) -> str:
    """ISO 8601 to the millisecond, UTC."""
    moment = datetime.fromtimestamp(min(time_ms, LATEST) / 1_000, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1_000:03d}Z"


def _event(logged: Logged) -> Event:
    record = logged.record
    event: Event = {
        "id": logged.event_id,
        "kind": "alert" if logged.severity >= 4 or logged.kind == Kind.DETECTION else "event",  # noqa: PLR2004 - high
        "module": "bailiwick",
        "dataset": DATASET,
        "provider": PRODUCT,
        "action": logged.kind,
        "sequence": logged.index,
        "severity": int(logged.severity),
        "category": _categories(logged),
        "type": _types(logged),
        "outcome": _outcome(logged),
    }
    if (duration := number_of(record, "duration_ms")) is not None:
        event["duration"] = duration * 1_000_000
    if reason := text_of(logged.reason, "message"):
        event["reason"] = reason
    return event


def _categories(logged: Logged) -> list[str]:
    if logged.kind in _SESSIONS:
        return ["session"]
    if logged.kind in {Kind.CONFIG_CHANGE, Kind.POLICY_RELOAD, Kind.POLICY_REFUSED, Kind.ADMIN_ACTION}:
        return ["configuration"]
    if logged.is_shell:
        return ["process"]
    if logged.reads_file or logged.writes_file:
        return ["file"]
    if logged.tool in {"WebFetch", "WebSearch"}:
        return ["web", "network"]
    return ["api"] if logged.tool else ["host"]


def _types(logged: Logged) -> list[str]:
    allowed = {"deny": ["denied"], "allow": ["allowed"]}.get(logged.verdict, [])
    if logged.kind in _SESSIONS:
        return [_SESSIONS[Kind(logged.kind)], *allowed]
    if logged.is_shell:
        return ["end" if logged.kind == Kind.TOOL_OUTCOME else "start", *allowed]
    if logged.reads_file or logged.writes_file:
        return ["access" if logged.reads_file else "change", *allowed]
    return ["info", *allowed]


def _outcome(logged: Logged) -> str:
    outcome = text_of(logged.record, "outcome")
    if outcome == "failed" or logged.verdict == "deny":
        return "failure"
    return "success" if outcome == "ok" or logged.verdict == "allow" else "unknown"


def _gen_ai(logged: Logged) -> Event:
    record = logged.record
    fields: Event = {"provider": {"name": "anthropic"}}
    if logged.tool:
        fields["operation"] = {"name": "execute_tool"}
        call = text_of(record, "call_id")
        fields["tool"] = {"name": logged.tool, **({"call": {"id": call}} if call else {})}
    if session := text_of(record, "client_session"):
        fields["conversation"] = {"id": session}
    if agent := text_of(record, "agent"):
        fields["agent"] = {"id": agent, "name": text_of(record, "agent_type") or agent}
    return fields


def _hosts(logged: Logged) -> list[str]:
    names = [text_of(logged.record, "host")]
    names += [text_of(item, "host") for item in items_of(logged.record, "accesses")]
    return sorted({name for name in names if name})
