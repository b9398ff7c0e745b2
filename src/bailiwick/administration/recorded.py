"""Tool calls as others wrote them down: audit export, raw hook inputs, or OpenTelemetry logs of the client.

One JSON value per line, or one JSON document. Told apart by their own fields:

1. audit records (``kind``: ``tool-call``), from ``bailiwick log search --json``;
2. hook inputs (``hook_event_name``: ``PreToolUse``), as the client sends them;
3. log events (``event.name``: ``tool_result`` or ``tool_decision``), flat or inside an OTLP/JSON export
   (opentelemetry-proto, logs/v1), with ``tool_input`` or ``tool_parameters``. A call's two events count once.

What can't be judged is counted with its reason, never silently left out. Total.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bailiwick.decision.decide import UNANSWERABLE
from bailiwick.model.event import ToolCall
from bailiwick.model.verdict import Verdict

MAX_LINE = 16 * 1024 * 1024
"""Characters of one line: above the client's largest tool input (10 MB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A tool call that was made: by whom, where, and what came of it if that was written down.

    ``unattended`` says that it was denied because nobody could be asked. ``links`` are paths and where they led at the time,
    ``skills`` those that were active, the latest called last; ``line`` is where it was written down, from 1.
    """

    call: ToolCall
    user: str = ""
    profile: str = ""
    project: str = ""
    cwd: str = ""
    verdict: Verdict | None = None
    unattended: bool = False
    links: tuple[tuple[str, str], ...] = ()
    skills: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A call or line that can't be judged, and why; ``line`` is where it stands, from 1."""

    reason: str
    line: int = 0


def read_recorded(lines: Iterable[str]) -> Iterator[Recorded | Unread]:
    """Every tool call in ``lines``, in order."""
    waiting: dict[tuple[str, str], Recorded | Unread] = {}
    for line, value in _values(lines):
        if isinstance(value, Unread):
            yield replace(value, line=line)
            continue
        for event in _events(value):
            read = _read(event)
            found = None if read is None else replace(read, line=line)
            name = _text(event, "tool_use_id") or _text(event, "call_id")
            if found is None:
                continue
            if event.get("event.name") and name:
                one = (_text(event, "session.id"), name)
                waiting[one] = _merged(waiting.get(one), found)
            else:
                yield found
    yield from waiting.values()


def _values(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """The JSON values and the line each begins in; from the first line that is none on, all are tried as one document."""
    rest: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            yield number, Unread(reason="a line is too long")
            continue
        if not rest:
            value = _value(line)
            if not isinstance(value, Unread):
                yield number, value
                continue
        rest[number] = line
    if rest:
        whole = _value("".join(rest.values()))
        if isinstance(whole, Unread):
            yield from ((number, _value(line)) for number, line in rest.items())
        else:
            yield next(iter(rest)), whole


def _value(text: str) -> list[Any] | Mapping[str, Any] | Unread:
    """The object or list that ``text`` is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Unread(reason="a line is not JSON")
    return value if isinstance(value, list | dict) else Unread(reason="a line holds no object")


def _events(value: Any) -> Iterator[Mapping[str, Any]]:
    """The events in a value: itself, the items of a list, the log records of an OTLP export."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, Mapping):
            if "resourceLogs" in item:
                yield from otlp_events(item)
            else:
                yield item


def otlp_events(export: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The log records of an OTLP export in its JSON form, each as its attributes and those of its resource. Total."""
    for resource in _list(export, "resourceLogs"):
        shared = _attributes(resource.get("resource"))
        for scope in _list(resource, "scopeLogs"):
            for record in _list(scope, "logRecords"):
                body = record.get("body")
                named = {"event.name": body.get("stringValue")} if isinstance(body, Mapping) else {}
                yield {**shared, **named, **_attributes(record)}


def _list(value: Any, key: str) -> list[Mapping[str, Any]]:
    items = value.get(key) if isinstance(value, Mapping) else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _attributes(value: Any) -> dict[str, Any]:
    """The attributes of a resource or record; each value is the one of its typed variants that is set."""
    found: dict[str, Any] = {}
    for attribute in _list(value, "attributes"):
        variants = attribute.get("value")
        if isinstance(variants, Mapping) and variants:
            found[str(attribute.get("key"))] = next(iter(variants.values()))
    return found


def _read(event: Mapping[str, Any]) -> Recorded | Unread | None:
    """The call that an event tells of; None when it tells of something else."""
    if "kind" in event and "time_ms" in event:
        return _audit(event) if event["kind"] == "tool-call" else None
    if "hook_event_name" in event or ("tool_name" in event and "event.name" not in event):
        return _hook(event) if event.get("hook_event_name", "PreToolUse") == "PreToolUse" else None
    name = str(event.get("event.name", "")).rsplit(".", 1)[-1]
    if name in {"tool_result", "tool_decision"}:
        return _telemetry(event, name)
    return None if event else Unread(reason="an empty object")


def _audit(event: Mapping[str, Any]) -> Recorded | Unread:
    tool = _text(event, "tool")
    if event.get("input_cut"):
        return Unread(reason=f"the input of {tool} was not recorded whole")
    given = _object(event.get("input")) if event.get("input") else {}
    if not tool or given is None:
        return Unread(reason="an audit record has no readable input")
    if "[redacted:" in str(given):
        # What was found there is gone: judged again, the call would look harmless.
        return Unread(reason=f"the input of {tool} holds a masked secret")
    links = tuple(
        (str(item["path"]), str(item["real"]))
        for item in _list(event, "accesses")
        if "path" in item and "real" in item
    )
    return Recorded(
        call=ToolCall(tool=tool, input=given, server=_text(event, "server") or None),
        user=_text(event, "user"),
        profile=_text(event, "profile"),
        project=_text(event, "project"),
        cwd=_text(event, "cwd"),
        verdict=_VERDICTS.get(_text(event, "verdict")),
        unattended=any(_text(reason, "message").endswith(UNANSWERABLE) for reason in _list(event, "reasons")),
        links=links,
        skills=tuple(str(name) for name in event.get("skills") or ()),
    )


def _hook(event: Mapping[str, Any]) -> Recorded | Unread:
    tool, given = _text(event, "tool_name"), event.get("tool_input")
    if not tool or not isinstance(given, Mapping):
        return Unread(reason="a hook input names no tool or has no input")
    return Recorded(call=ToolCall(tool=tool, input=given, server=_server(tool)), cwd=_text(event, "cwd"))


def _telemetry(event: Mapping[str, Any], name: str) -> Recorded | Unread:
    tool = _text(event, "tool_name")
    given = _object(event.get("tool_input"))
    parameters = _object(event.get("tool_parameters")) or {}
    if given is None and isinstance(parameters.get("full_command"), str):
        given = {"command": parameters["full_command"]}
    if given is None and tool == "Skill" and isinstance(parameters.get("skill_name"), str):
        given = {"skill": parameters["skill_name"]}
    if tool == "mcp_tool" and parameters.get("mcp_server_name") and parameters.get("mcp_tool_name"):
        tool = f"mcp__{parameters['mcp_server_name']}__{parameters['mcp_tool_name']}"
    decided = {"accept": Verdict.ALLOW, "reject": Verdict.DENY}.get(_text(event, "decision"))
    if name == "tool_result":
        decided = Verdict.ALLOW
    if not tool or given is None:
        return Unread(reason=f"telemetry of {tool or 'a tool'} has no input (OTEL_LOG_TOOL_DETAILS)")
    user = next(
        (_text(event, key) for key in ("enduser.id", "user.email", "user.id") if _text(event, key)), ""
    )
    return Recorded(
        call=ToolCall(tool=tool, input=given, server=_server(tool)),
        user=user,
        cwd=_text(event, "cwd"),
        verdict=decided,
    )


def _merged(first: Recorded | Unread | None, second: Recorded | Unread) -> Recorded | Unread:
    """A call's events together: whichever has the input, with the stricter outcome."""
    match first, second:
        case Recorded(), Recorded():
            outcomes = [one.verdict for one in (first, second) if one.verdict is not None]
            return replace(first, verdict=max(outcomes, default=None))
        case Recorded(), _:
            return first
        case _:
            return second


_VERDICTS = {verdict.label: verdict for verdict in Verdict}


def _text(event: Mapping[str, Any], key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Mapping[str, Any] | None:
    """An object, or the text of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, Mapping) else None


def _server(tool: str) -> str | None:
    return tool.split("__")[1] if tool.startswith("mcp__") else None
