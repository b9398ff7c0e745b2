"""A record as an OCSF event (schema.ocsf.io, 1.8.0), of the most specific class there is for it.

Shell commands are Process Activity (launched when decided, terminated when the outcome is reported), file tools File
System Activity, alerts Detection Finding, all else API Activity. Profiles: security_control, and ai_operation and host where
the class has them. What OCSF has no place for is in ``unmapped``, our names kept.
"""

from collections.abc import Mapping
from posixpath import basename
from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.views.logged import PRODUCT, VENDOR, VERSION, Logged
from bailiwick.audit.wording import items_of, number_of, text_of, words_of

SCHEMA = "1.8.0"

Event = dict[str, Any]

_CALLS = frozenset((Kind.TOOL_CALL, Kind.TOOL_OUTCOME, Kind.PERMISSION_ASKED))
_UNMAPPED = (
    "identity", "trigger", "activates", "approved_by", "elapsed_ms", "client_session", "profile", "project", "permission_mode", "prompt_id", "agent_type", "skills", "event", "accesses", "opaque",
    "findings", "obligations", "errors", "decided_us", "response_bytes", "input_bytes", "evidence", "payload", "payload_bytes", "payload_left", "extra",
    "monotonic_us", "cwd", "server", "input_cut", "text_bytes", "accesses_omitted", "outcome", "error", "rule", "level", "techniques", "upto", "keys", "kept", "origin",
    "origin_seq",
)  # fmt: skip
_ALLOWED, _DENIED, _OBSERVED = (1, "Allowed"), (2, "Denied"), (3, "Observed")
_PASSED, _BLOCKED, _DETECTED, _CHALLENGED = (
    (1, "Allowed"),
    (2, "Blocked"),
    (15, "Detected"),
    (23, "Challenge"),
)


def ocsf(logged: Logged) -> Event:
    """The event. Total: whatever the record holds, the event is valid OCSF."""
    if logged.kind == Kind.DETECTION:
        return _finding(logged)
    if logged.kind in _CALLS and logged.is_shell:
        return _process(logged)
    if logged.kind in _CALLS and (logged.reads_file or logged.writes_file) and logged.path:
        return _file(logged)
    return _api(logged)


def _process(logged: Logged) -> Event:
    ended = logged.kind == Kind.TOOL_OUTCOME
    program = next((p for item in items_of(logged.record, "accesses") if (p := text_of(item, "program"))), "")
    process = {
        "name": basename(program) or "shell",
        "cmd_line": logged.command,
        "uid": text_of(logged.record, "call_id") or logged.event_id,
    }
    return {
        **_common(logged, 1007, "Process Activity", (2, "Terminate") if ended else (1, "Launch")),
        **_system(logged),
        **_ai(logged),
        "process": process,
    }


def _file(logged: Logged) -> Event:
    if logged.reads_file:
        activity = (2, "Read")
    elif logged.tool == "Write":
        activity = (1, "Create")
    else:
        activity = (3, "Update")
    file = {
        "name": basename(logged.path) or logged.path,
        "path": logged.path,
        "type_id": 0 if logged.reads_file else 1,
    }
    return {**_common(logged, 1001, "File System Activity", activity), **_system(logged), "file": file}


def _api(logged: Logged) -> Event:
    record = logged.record
    calling = logged.kind in _CALLS
    activity = (99, "Invoke") if calling else (99, logged.kind)
    service = text_of(record, "server") or logged.tool or "Claude Code"
    api = {
        "operation": "tools/call" if calling else logged.kind,
        "service": {"name": service, **({"uid": logged.tool} if logged.tool else {})},
        "request": {"uid": text_of(record, "call_id") or logged.event_id},
    }
    if error := text_of(record, "error"):
        api["response"] = {"error_message": error}
    system = _system(logged)
    return {
        **_common(logged, 6003, "API Activity", activity),
        **system,
        **_ai(logged),
        "api": api,
        "src_endpoint": {"name": system["device"]["name"]},
    }


def _finding(logged: Logged) -> Event:
    record = logged.record
    attacks = [
        {"technique": {"uid": uid}, "version": "ATLAS" if uid.startswith("AML.") else "ATT&CK"}
        for uid in words_of(record, "techniques")
    ]
    finding = {
        "uid": logged.event_id,
        "title": text_of(record, "text") or text_of(record, "rule") or "alert",
        "analytic": {"name": text_of(record, "rule") or "rule", "type_id": 1, "type": "Rule"},
        **({"attacks": attacks} if attacks else {}),
    }
    event = {**_common(logged, 2004, "Detection Finding", (1, "Create")), **_system(logged)}
    return {**event, "finding_info": finding, "is_alert": True}


def _common(logged: Logged, class_uid: int, class_name: str, activity: tuple[int, str]) -> Event:
    record = logged.record
    has_ai = class_uid in {1007, 6003}
    category, category_name = {1: (1, "System Activity"), 2: (2, "Findings"), 6: (6, "Application Activity")}[
        class_uid // 1000
    ]
    event: Event = {
        "class_uid": class_uid,
        "class_name": class_name,
        "category_uid": category,
        "category_name": category_name,
        "activity_id": activity[0],
        "activity_name": activity[1],
        "type_uid": class_uid * 100 + activity[0],
        "severity_id": int(logged.severity),
        "severity": logged.severity.name.capitalize(),
        "time": logged.time_ms,
        "message": logged.title,
        "metadata": _metadata(logged, has_ai=has_ai),
        "unmapped": _unmapped(logged),
        **_control(logged),
        **_status(logged),
    }
    if (duration := number_of(record, "duration_ms")) is not None:
        event["duration"] = duration
    return event


def _metadata(logged: Logged, *, has_ai: bool) -> Event:
    record = logged.record
    metadata: Event = {
        "version": SCHEMA,
        "product": {"name": PRODUCT, "vendor_name": VENDOR, "version": VERSION},
        "profiles": ["security_control", "host", *(["ai_operation"] if has_ai else [])],
        "uid": logged.event_id,
        "sequence": logged.index,
        "event_code": logged.kind,
        "log_name": text_of(record, "epoch"),
        "is_truncated": number_of(record, "input_cut") == 1,
    }
    if call := text_of(record, "call_id"):
        metadata["correlation_uid"] = call
    return metadata


def _system(logged: Logged) -> Event:
    record = logged.record
    user = text_of(record, "user")
    uid = number_of(record, "uid")
    actor: Event = {"app_name": "Claude Code"}
    if user or uid is not None:
        actor["user"] = {
            **({"name": user} if user else {}),
            **({} if uid is None else {"uid": str(uid)}),
            **({"full_name": identity} if (identity := text_of(record, "identity")) else {}),
            "type_id": 1,
        }
    if session := text_of(record, "session"):
        actor["session"] = {"uid": session}
    name = text_of(record, "host") or "unknown"
    return {"actor": actor, "device": {"name": name, "type_id": 0}}


def _ai(logged: Logged) -> Event:
    record = logged.record
    agent, version = text_of(record, "agent"), text_of(record, "client_version")
    role = (4, "Agent") if agent else ((1, "User") if logged.kind == Kind.PROMPT else (3, "Tool"))
    context: Event = {
        "application": {"name": "Claude Code", **({"version": version} if version else {})},
        "ai_role_id": role[0],
        "ai_role": role[1],
    }
    if uid := text_of(record, "client_session"):
        context["uid"] = uid
    if agent:
        context["name"] = text_of(record, "agent_type") or agent
    return {"message_context": context}


def _control(logged: Logged) -> Event:
    if logged.is_monitored:
        action, disposition = _OBSERVED, _DETECTED
    elif logged.verdict == "deny":
        action, disposition = _DENIED, _BLOCKED
    elif logged.verdict == "ask":
        action, disposition = _OBSERVED, _CHALLENGED
    elif logged.verdict == "allow":
        action, disposition = _ALLOWED, _PASSED
    else:
        return {}
    control: Event = {
        "action_id": action[0],
        "action": action[1],
        "disposition_id": disposition[0],
        "disposition": disposition[1],
    }
    if policy := text_of(logged.record, "policy"):
        control["policy"] = {"name": text_of(logged.record, "profile") or "policy", "uid": policy}
    if rule := text_of(logged.reason, "rule"):
        origin, message = text_of(logged.reason, "origin"), text_of(logged.reason, "message")
        control["firewall_rule"] = {"name": rule, "uid": origin or rule, "desc": message}
    return control


def _status(logged: Logged) -> Event:
    outcome = text_of(logged.record, "outcome")
    if outcome == "failed" or logged.verdict == "deny":
        detail = text_of(logged.record, "error") or text_of(logged.reason, "message")
        return {
            "status_id": 2,
            "status": "Failure",
            **({"status_detail": detail} if detail else {}),
        }
    return {"status_id": 1, "status": "Success"} if outcome == "ok" else {}


def _unmapped(logged: Logged) -> Mapping[str, Any]:
    kept = {name: logged.record[name] for name in _UNMAPPED if name in logged.record}
    reasons = items_of(logged.record, "reasons")
    return {**kept, **({"reasons": reasons} if reasons else {}), "leaf_hash": logged.leaf.hex()}
