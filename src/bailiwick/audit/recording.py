"""From an event, its facts and its decision to the record of it. Pure: clocks and salt come with the stamp."""

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from bailiwick.audit.bounds import bounded, clip, clip_items, json_text, safe_integer, size_of
from bailiwick.audit.kinds import Kind
from bailiwick.audit.record import Item, Record, Stamp
from bailiwick.audit.redaction import Redactor, strings_of
from bailiwick.model.access import (
    Access,
    Facts,
    HostTarget,
    NameTarget,
    Opaque,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.decision import Clamp, Decision, Notify, Obligation, Reason, Redact, Rewrite, Sandbox
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
    ToolCall,
    ToolResult,
)
from bailiwick.model.request import Request

WORD, PATH, MESSAGE, TEXT, INPUT, EXTRA = 256, 4_096, 1_024, 4_096, 8_192, 4_096
"""Bytes, inside a JSON string, of: a name, a path, a message, a prompt, a tool input, what else was reported."""

ACCESSES, REASONS, FINDINGS, OBLIGATIONS, LINES = 16_384, 8_192, 4_096, 1_024, 2_048
"""Bytes of JSON of the lists; together with the texts a record stays below ``record.RECORD_LIMIT``."""

MARGIN = 16_384
"""Characters beyond a bound that are still read before the cut, so that a secret across the cut is seen whole."""

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
) -> Record:
    """The record of one event of a client.

    1. What the event, the facts and the decision say is read, bounded.
    2. Every secret found in any of it is masked in all of it.
    3. Each text is cut to its bound.

    ``decision`` is None where nothing was to be decided. Total: any event gives a record.
    """
    event, session, principal = request.event, request.session, request.principal
    what = event.what
    raw_input = bounded(_input(what), INPUT + MARGIN)
    raw_text = _text(what)
    consumed = _COMMON | _CONSUMED.get(type(what), frozenset())
    raw_extra = bounded({k: v for k, v in event.raw.items() if k not in consumed}, EXTRA + MARGIN)
    raw_error = _error(what)
    accesses = [_access(access) for access in facts.accesses[:1_000]]
    reasons = [_reason(reason) for reason in decision.reasons[:200]] if decision else []
    redactor = redactor.knowing(
        (
            "\n".join(strings_of(raw_input)),
            raw_text[: TEXT + MARGIN],
            "\n".join(strings_of(raw_extra)),
            raw_error,
            "\n".join(str(value) for item in accesses for value in item.values()),
        )
    )

    def word(text: str, limit: int = WORD) -> str:
        return clip(redactor.text(text[: limit + MARGIN]), limit)

    def items(raw: Iterable[Item], limit: int) -> tuple[Item, ...]:
        return clip_items(
            ({k: word(v, PATH) if isinstance(v, str) else v for k, v in item.items()} for item in raw), limit
        )

    kept = items(accesses, ACCESSES)
    input_text = json_text(redactor.value(raw_input)) if raw_input else ""
    tool, server, call_id = _tool(what)
    duration, outcome, response_bytes = _outcome(what)
    return Record(
        kind=kind_of(what),
        time_ms=stamp.wall_ms,
        monotonic_us=stamp.monotonic_ns // 1_000,
        host=word(stamp.host),
        salt=stamp.salt,
        user=word(principal.user),
        uid=principal.uid,
        session=word(session.key),
        client_session=word(event.session),
        profile=word(session.profile),
        project=word(session.project, 1_024),
        cwd=word(event.cwd, 1_024),
        permission_mode=word(event.permission_mode),
        prompt_id=word(event.prompt_id),
        agent=word(event.agent),
        agent_type=word(event.agent_type),
        skills=tuple(word(skill) for skill in session.skills[:8]),
        event=word(event.name),
        tool=word(tool),
        server=word(server),
        call_id=word(call_id),
        input=clip(input_text, INPUT),
        input_bytes=size_of(_input(what)) if raw_input else None,
        input_cut=1 if raw_input and _is_cut(what, raw_input, input_text) else None,
        text=word(raw_text, TEXT),
        text_bytes=len(raw_text.encode("utf-8", "replace")) if raw_text else None,
        accesses=kept,
        accesses_omitted=len(facts.accesses) - len(kept) or None,
        opaque=_lines((word(part.reason) for part in facts.opaque), LINES),
        findings=items(
            (
                {"rule": f.rule, "confidence": f.confidence.value, "message": f.message, "field": f.field}
                for f in facts.findings[:100]
            ),
            FINDINGS,
        ),
        verdict=decision.verdict.label if decision else "",
        enforced=decision.enforced.label if decision else "",
        reasons=items(reasons, REASONS),
        obligations=items((_obligation(o) for o in decision.obligations) if decision else (), OBLIGATIONS),
        errors=_lines((word(error, MESSAGE) for error in decision.errors) if decision else (), LINES),
        policy=word(decision.revision) if decision else "",
        client_version=word(session.client_version),
        decided_us=decided_us,
        duration_ms=duration,
        outcome=outcome,
        response_bytes=response_bytes,
        error=word(raw_error, MESSAGE),
        extra=clip(json_text(redactor.value(raw_extra)), EXTRA) if raw_extra else "",
    )


def service_record(  # noqa: PLR0913 - keywords, each a field of the record
    kind: Kind,
    stamp: Stamp,
    redactor: Redactor,
    *,
    message: str,
    user: str = "",
    uid: int | None = None,
    session: str = "",
    policy: str = "",
    error: str = "",
    details: Mapping[str, Any] | None = None,
) -> Record:
    """The record of something the service itself did or noticed. ``details`` is any JSON value, kept redacted."""
    kept = bounded(dict(details or {}), EXTRA + MARGIN)
    redactor = redactor.knowing((message[:MARGIN], error[:MARGIN], "\n".join(strings_of(kept))))

    def word(text: str, limit: int = WORD) -> str:
        return clip(redactor.text(text[: limit + MARGIN]), limit)

    return Record(
        kind=kind,
        time_ms=stamp.wall_ms,
        monotonic_us=stamp.monotonic_ns // 1_000,
        host=word(stamp.host),
        salt=stamp.salt,
        user=word(user),
        uid=uid,
        session=word(session),
        policy=word(policy),
        text=word(message, TEXT),
        error=word(error, MESSAGE),
        extra=clip(json_text(redactor.value(kept)), EXTRA) if kept else "",
    )


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
    Notice: Kind.NOTICE,
}


def kind_of(what: Happening) -> Kind:
    """The kind of record that a happening gets."""
    return _KINDS[type(what)]


def describe(access: Access) -> str:
    """An access in a line: ``write /etc/hosts``, ``execute git push``, ``connect example.com:443``."""
    return " ".join(str(value) for value in _access(access).values())


def _access(access: Access) -> Item:
    kind = access.kind.value
    match access.target:
        case PathTarget(path=path, real=real):
            return {"kind": kind, "path": path, **({"real": real} if real and real != path else {})}
        case ProgramTarget() as program:
            shown = " ".join("?" if word is None else word for word in program.argv[1:40])
            return {
                "kind": kind,
                "program": program.path or program.name,
                **({"arguments": shown + (" ..." if program.open_ended else "")} if shown else {}),
                **({"as": program.as_user} if program.as_user else {}),
            }
        case HostTarget(host=host, port=port):
            return {"kind": kind, "host": host, **({"port": port} if port is not None else {})}
        case NameTarget(name=name):
            return {"kind": kind, "name": name}
        case VariableTarget(name=name, value=value):
            return {"kind": kind, "variable": name, **({"value": value} if value is not None else {})}
        case _:
            assert_never(access.target)


def _reason(reason: Reason) -> Item:
    about = reason.about
    if isinstance(about, Access):
        subject = describe(about)
    elif isinstance(about, Opaque):
        subject = f"opaque: {about.reason}"
    else:
        subject = about.rule if about else ""
    item: dict[str, str | int] = {
        "rule": reason.rule,
        "origin": str(reason.origin),
        "verdict": reason.verdict.label,
        "message": reason.message,
        "instead": reason.instead,
        "mode": reason.mode.value,
        "about": subject,
        "exception": reason.exception or "",
    }
    return {name: value for name, value in item.items() if value != ""}


def _obligation(obligation: Obligation) -> Item:
    match obligation:
        case Clamp(field=field, maximum=maximum):
            return {"kind": "clamp", "field": field, "maximum": safe_integer(maximum)}
        case Rewrite(field=field, value=value):
            return {"kind": "rewrite", "field": field, "value": str(value)}
        case Redact(rules=rules):
            return {"kind": "redact", "rules": " ".join(rules)}
        case Notify(channel=channel):
            return {"kind": "notify", "channel": channel}
        case Sandbox():
            return {"kind": "sandbox"}
        case _:
            assert_never(obligation)


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


def _lines(lines: Iterable[str], limit: int) -> tuple[str, ...]:
    return tuple(str(item["line"]) for item in clip_items(({"line": line} for line in lines), limit))


def _is_cut(what: Happening, kept: Any, text: str) -> bool:
    return bool(kept != _input(what)) or clip(text, INPUT) != text
