"""From an event, its facts and its decision to the record of it. Pure: clocks and salt come with the stamp."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from bailiwick.audit.bounds import bounded, json_text, safe_integer, size_of
from bailiwick.audit.describe import item_of_access, item_of_finding, item_of_obligation, item_of_reason
from bailiwick.audit.finish import EXTRA, INPUT, MARGIN, MESSAGE, Draft, finish
from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Approver, Item, Record, Stamp
from bailiwick.audit.redaction import Redactor
from bailiwick.model.access import Facts, Finding
from bailiwick.model.decision import Decision
from bailiwick.model.event import (
    AgentStart,
    AgentStop,
    ConfigChange,
    Happening,
    ModelSwitch,
    Notice,
    PermissionAsked,
    Prompt,
    PromptExpansion,
    SessionEnd,
    SessionStart,
    ToolBatch,
    ToolCall,
    ToolResult,
)
from bailiwick.model.request import Request

MOST = 400
"""Accesses, reasons and findings looked at; of those, what fits its bound is listed."""

_COMMON = frozenset(
    (
        "hook_event_name",
        "session_id",
        "transcript_path",
        "cwd",
        "prompt_id",
        "permission_mode",
        "agent_id",
        "agent_type",
    )
)
_TOOL = frozenset(("tool_name", "tool_input", "tool_use_id"))
_CONSUMED: Mapping[type[Happening], frozenset[str]] = {
    ToolCall: _TOOL,
    ToolResult: _TOOL | {"tool_response", "duration_ms"},
    ToolBatch: frozenset(("tool_calls",)),
    PermissionAsked: _TOOL,
    Prompt: frozenset(("prompt",)),
    PromptExpansion: frozenset(
        ("prompt", "expansion_type", "command_name", "command_args", "command_source")
    ),
}
"""Fields of the client's message that have a field of their own in the record; all others are kept as ``extra``."""


def record_of(  # noqa: PLR0913 - who, what, decision, when, how
    request: Request,
    facts: Facts,
    decision: Decision | None,
    stamp: Stamp,
    redactor: Redactor,
    *,
    decided_us: int | None = None,
    approved_by: str = "",
    elapsed_ms: int | None = None,
    kind: Kind | None = None,
    payload: bool = False,
) -> Record:
    """The record of one event of a client, with ``payload`` also what went into the tool, came out of it or was prompted.

    ``decision`` is None where nothing was to be decided; ``kind`` is given where it isn't the happening's. Total: any event gives a record; it is redacted and
    bounded by ``finish``, which every string of it passes.
    """
    event, session, principal = request.event, request.session, request.principal
    what = event.what
    tool, server, call_id = _tool(what)
    arguments = _input(what)
    duration, outcome, response_bytes = _outcome(what)
    text = _text(what)
    consumed = _COMMON | _CONSUMED.get(type(what), frozenset())
    kept = bounded(arguments, INPUT + MARGIN)
    fields = {
        "kind": kind or kind_of(what),
        **_stamped(stamp),
        "user": principal.user,
        "uid": principal.uid,
        "identity": principal.identity or local_identity(principal.user, stamp.host),
        "session": session.key,
        "client_session": event.session,
        "profile": session.profile,
        "project": session.project,
        "cwd": event.cwd,
        "permission_mode": event.permission_mode,
        "prompt_id": event.prompt_id,
        "agent": event.agent,
        "agent_type": event.agent_type,
        "skills": session.skills[-8:],
        "trigger": session.trigger,
        "activates": activated_by(what),
        "event": event.name,
        "tool": tool,
        "server": server,
        "call_id": call_id,
        "input_bytes": size_of(arguments) if arguments else None,
        "text": text,
        "text_bytes": size_of(text) if text else None,
        "accesses": tuple(map(item_of_access, facts.accesses[:MOST])),
        "accesses_omitted": max(len(facts.accesses) - MOST, 0) or None,
        "opaque": tuple(part.reason for part in facts.opaque[:MOST]),
        "findings": tuple(_fingerprinted(finding, redactor) for finding in facts.findings[:MOST]),
        "client_version": session.client_version,
        "decided_us": decided_us,
        "duration_ms": duration,
        "elapsed_ms": elapsed_ms,
        "outcome": outcome,
        "response_bytes": response_bytes,
        "error": _error(what),
        "approved_by": approved_by,
        **_decided(decision),
    }
    extra = {k: v for k, v in event.raw.items() if k not in consumed}
    return finish(
        Draft(
            fields=fields,
            input=kept,
            input_cut=kept != arguments,
            extra=bounded(extra, EXTRA + MARGIN),
            payload=_payload(what) if payload else None,
        ),
        redactor,
    )


def _fingerprinted(finding: Finding, redactor: Redactor) -> Item:
    """A finding with the keyed fingerprint of its secret: the same in every record, and in every mask, of this log."""
    fingerprint = {"fingerprint": redactor.fingerprint(finding.secret)} if finding.secret else {}
    return {**item_of_finding(finding), **fingerprint}


def _payload(what: Happening) -> Any:
    match what:
        case ToolCall(input=value):
            return {"input": value}
        case ToolResult(response=value):
            return {"response": value}
        case Prompt(text=text):
            return {"prompt": text}
        case _:
            return None


def service_record(  # noqa: PLR0913 - keywords, each a field of the record
    kind: Kind,
    stamp: Stamp,
    redactor: Redactor,
    *,
    message: str,
    user: str = "",
    uid: int | None = None,
    session: str = "",
    profile: str = "",
    project: str = "",
    client_version: str = "",
    policy: str = "",
    error: str = "",
    upto: int | None = None,
    keys: tuple[str, ...] = (),
    details: Mapping[str, Any] | None = None,
) -> Record:
    """The record of something the service itself did or noticed. ``details`` is any JSON object, kept redacted."""
    fields = {
        "kind": kind,
        **_stamped(stamp),
        "user": user,
        "uid": uid,
        "identity": local_identity(user, stamp.host),
        "session": session,
        "profile": profile,
        "project": project,
        "client_version": client_version,
        "policy": policy,
        "text": message,
        "error": error,
        "upto": upto,
        "keys": keys,
    }
    return finish(Draft(fields=fields, extra=bounded(dict(details or {}), EXTRA + MARGIN)), redactor)


def local_identity(user: str, host: str) -> str:
    """Who an account is where no directory is bound to it: the account at this machine, unless its name says a domain itself."""
    return user if not user or "@" in user or "\\" in user else f"{user}@{host}"


def fallback_record(
    stamp: Stamp, redactor: Redactor, kept: Mapping[str, Any], *, user: str, uid: int
) -> Record:
    """The record of what the relay stopped by itself, of the line that it kept. Nothing in that is taken on trust."""
    tool, event, call = (str(kept.get(name) or "") for name in ("tool", "event", "call"))
    size = kept.get("bytes")
    fields = {
        "kind": Kind.FALLBACK,
        **_stamped(stamp),
        "user": user,
        "uid": uid,
        "identity": local_identity(user, stamp.host),
        "event": event,
        "tool": tool,
        "call_id": call,
        "input_bytes": safe_integer(size) if isinstance(size, int) and not isinstance(size, bool) else None,
        "enforced": "deny",
        "text": f"stopped by the relay: {kept.get('why') or 'it did not say why'}",
    }
    extra = {name: value for name, value in kept.items() if name in {"id", "time_ms", "hash"}}
    return finish(Draft(fields=fields, extra=bounded(extra, EXTRA)), redactor)


_OF_CALL = (
    "host", "user", "uid", "identity", "session", "client_session", "profile", "project", "cwd", "permission_mode", "prompt_id", "agent",
    "agent_type", "trigger", "activates", "event", "tool", "server", "call_id", "input", "input_bytes", "input_cut", "client_version",
)  # fmt: skip


def refusal_of(call: Mapping[str, Any]) -> Record:
    """The record of a person's "no" to a call, from the fields of the record that the call was decided with.

    Its clocks and salt are that one's, until it is ``restamped``.
    """
    return Record(
        kind=Kind.PERMISSION_ANSWERED,
        time_ms=call["time_ms"],
        monotonic_us=call["monotonic_us"],
        salt=call["salt"],
        skills=tuple(call.get("skills", ())),
        approved_by=Approver.PERSON_REFUSED,
        **{name: call[name] for name in _OF_CALL if name in call},
    )


def restamped(record: Record, stamp: Stamp) -> Record:
    """A record that was made ahead of what it tells, as of now."""
    return replace(record, **_stamped(stamp))


def _stamped(stamp: Stamp) -> dict[str, Any]:
    return {
        "time_ms": stamp.wall_ms,
        "monotonic_us": stamp.monotonic_ns // 1_000,
        "host": stamp.host,
        "salt": stamp.salt,
    }


_KINDS: Mapping[type[Happening], Kind] = {
    ToolCall: Kind.TOOL_CALL,
    ToolResult: Kind.TOOL_OUTCOME,
    PermissionAsked: Kind.PERMISSION_ASKED,
    Prompt: Kind.PROMPT,
    PromptExpansion: Kind.PROMPT_EXPANSION,
    SessionStart: Kind.SESSION_START,
    SessionEnd: Kind.SESSION_END,
    AgentStart: Kind.AGENT_START,
    AgentStop: Kind.AGENT_STOP,
    ConfigChange: Kind.CONFIG_CHANGE,
    ModelSwitch: Kind.MODEL_SWITCH,
    ToolBatch: Kind.TOOL_BATCH,
    Notice: Kind.NOTICE,
}


def kind_of(what: Happening) -> Kind:
    """The kind of record that a happening gets."""
    return _KINDS[type(what)]


def _decided(decision: Decision | None) -> dict[str, Any]:
    if decision is None:
        return {}
    return {
        "verdict": decision.verdict.label,
        "enforced": decision.enforced.label,
        "reasons": tuple(map(item_of_reason, decision.reasons[:MOST])),
        "obligations": tuple(map(item_of_obligation, decision.obligations[:MOST])),
        "errors": tuple(islice(decision.errors, MOST)),
        "policy": decision.revision,
    }


def _tool(what: Happening) -> tuple[str, str, str]:
    match what:
        case ToolCall(tool=tool, server=server, call_id=call_id):
            return tool, server or "", call_id
        case ToolResult(tool=tool, call_id=call_id):
            return tool, "", call_id
        case PermissionAsked(tool=tool):
            return tool, "", ""
        case _:
            return "", "", ""


def activated_by(what: Happening) -> str:
    """The skill or slash command that a happening activates, as far as it names one."""
    match what:
        case ToolCall(tool="Skill" | "SlashCommand", input=arguments):
            words = str(arguments.get("skill") or arguments.get("command") or "").split()
            return words[0].removeprefix("/") if words else ""
        case PromptExpansion(command=command):
            return command.removeprefix("/")
        case _:
            return ""


def _input(what: Happening) -> Mapping[str, Any]:
    match what:
        case ToolCall(input=value) | ToolResult(input=value) | PermissionAsked(input=value):
            return value
        case PromptExpansion(kind=kind, command=command, arguments=arguments, source=source):
            return {"kind": kind, "command": command, "arguments": arguments, "source": source}
        case _:
            return {}


def _text(what: Happening) -> str:
    match what:
        case Prompt(text=text) | PromptExpansion(text=text):
            return text
        case ToolBatch(calls=calls):
            return " ".join(call.call_id for call in calls)
        case SessionStart(source=source):
            return source
        case SessionEnd(reason=reason):
            return reason
        case ConfigChange(source=source, path=path):
            return f"{source} {path or ''}".rstrip()
        case ModelSwitch(from_model=old, to_model=new):
            return f"{old} -> {new}"
        case _:
            return ""


def _error(what: Happening) -> str:
    if isinstance(what, ToolResult) and what.failed:
        shown = (
            what.response
            if isinstance(what.response, str)
            else json_text(bounded(what.response, MESSAGE + MARGIN))
        )
        return shown[: MESSAGE + MARGIN]
    return ""


def _outcome(what: Happening) -> tuple[int | None, str, int | None]:
    if not isinstance(what, ToolResult):
        return None, "", None
    return (
        None if what.milliseconds is None else safe_integer(what.milliseconds),
        "failed" if what.failed else "ok",
        size_of(what.response),
    )
