"""Bytes of a hook call to an ``Event``, or ``MalformedEventError``; nothing else is raised."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from bailiwick.model.event import (
    AgentStart,
    AgentStop,
    ConfigChange,
    Event,
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
from bailiwick.model.regex import regex

MAX_BODY: Final = 16 * 1024 * 1024
"""Bytes of the largest hook call that is read; the largest tool input the product promises to judge is 10 MB."""

MAX_DEPTH: Final = 100
"""Levels of nesting that are read. Canonical JSON writers downstream stop at 254; no tool comes near this."""

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE: Final = regex(r"[\ud800-\udfff]")
_INT64: Final = range(-(2**63), 2**63)


class MalformedEventError(ValueError):
    """A hook call that is not what the client sends. The message says where, and repeats none of its content."""


def parse_event(body: bytes) -> Event:
    """The event that ``body`` reports. Unknown events become a ``Notice``, unknown fields stay in ``raw``.

    Absent ``session_id`` and ``cwd`` read as empty; whoever needs them refuses that. Lone surrogates become
    U+FFFD, which is what the client itself hands to the operating system; integers beyond 64 bits become
    floats, which is what they are in the client.

    Raises:
        MalformedEventError: over ``MAX_BODY``, not UTF-8, not JSON (NaN, repeated names included), nested deeper
            than ``MAX_DEPTH``, not an object, or a known field of the wrong type.
    """
    raw = _decode(body)
    fields = _Fields(raw)
    name = fields.text("hook_event_name", required=True)
    cwd = fields.text("cwd")
    if cwd and not cwd.startswith("/"):
        raise MalformedEventError("cwd is not an absolute path")
    return Event(
        name=name,
        session=fields.text("session_id"),
        cwd=cwd,
        what=_READERS.get(name, _notice)(fields),
        prompt_id=fields.text("prompt_id"),
        permission_mode=fields.text("permission_mode"),
        agent=fields.text("agent_id"),
        agent_type=fields.text("agent_type"),
        transcript=fields.text("transcript_path"),
        raw=raw,
    )


def _decode(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY:
        raise MalformedEventError(f"larger than {MAX_BODY} bytes")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant)
    except MalformedEventError:
        raise
    except UnicodeDecodeError as error:
        raise MalformedEventError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedEventError(
            f"not JSON at line {error.lineno} column {error.colno}: {error.msg}"
        ) from None
    except RecursionError:
        raise MalformedEventError(f"nested deeper than {MAX_DEPTH}") from None
    except ValueError:  # an integer of more digits than Python converts
        raise MalformedEventError("a number is out of range") from None
    if not isinstance(value, dict):
        raise MalformedEventError("not a JSON object")
    return _mended(value) if _needs_mending(value) or _SURROGATE.search(body) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedEventError("a name occurs twice in one object")
    return value


def _constant(_: str) -> NoReturn:
    raise MalformedEventError("NaN and Infinity are not JSON")


def _needs_mending(value: Any) -> bool:
    """Check depth and numbers without recursion; true when an integer is too large for 64 bits."""
    large = False
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, float):
                if not math.isfinite(item):
                    raise MalformedEventError("a number is out of range")
            elif isinstance(item, int) and item not in _INT64:
                large = True
        if not below:
            return large
        level = below
    raise MalformedEventError(f"nested deeper than {MAX_DEPTH}")


def _mended(value: Any) -> Any:
    match value:
        case str():
            return _LONE.sub("\ufffd", value)
        case dict():
            mended = {_LONE.sub("\ufffd", name): _mended(item) for name, item in value.items()}
            if len(mended) != len(value):
                raise MalformedEventError("a name occurs twice in one object")
            return mended
        case list():
            return [_mended(item) for item in value]
        case int() if value not in _INT64:
            try:
                return float(value)
            except OverflowError:
                raise MalformedEventError("a number is out of range") from None
        case _:
            return value


class _Fields:
    """Typed look-ups in one decoded message."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    def text(self, name: str, *, required: bool = False) -> str:
        value = self._raw.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str):
            raise MalformedEventError(f"{name} is not a string")
        if required and not value:
            raise MalformedEventError(f"{name} is empty")
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self._raw.get(name)
        if not isinstance(value, dict):
            raise MalformedEventError(f"{name} is not an object")
        return value

    def milliseconds(self, name: str) -> int | None:
        value = self._raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MalformedEventError(f"{name} is not a number")
        return int(value)

    def anything(self, name: str) -> Any:
        return self._raw.get(name)


def _tool_call(fields: _Fields) -> ToolCall:
    server = fields.anything("mcp_server")
    name = server.get("name") if isinstance(server, dict) else None
    return ToolCall(
        tool=fields.text("tool_name", required=True),
        input=fields.mapping("tool_input"),
        call_id=fields.text("tool_use_id"),
        server=name if isinstance(name, str) else None,
    )


def _tool_batch(fields: _Fields) -> ToolBatch:
    listed = fields.anything("tool_calls") or []
    if not isinstance(listed, list):
        raise MalformedEventError("tool_calls is not a list")
    # It reports what is over: a call whose input the client found to be no object is not worth a refusal.
    calls = [call for call in listed if isinstance(call, dict) and isinstance(call.get("tool_input"), dict)]
    told = {
        str(call.get("tool_use_id", "")): call["tool_response"] for call in calls if "tool_response" in call
    }
    return ToolBatch(calls=tuple(_tool_call(_Fields(call)) for call in calls), told=told)


def _tool_result(fields: _Fields) -> ToolResult:
    response = fields.anything("tool_response")
    return ToolResult(
        tool=fields.text("tool_name", required=True),
        input=fields.mapping("tool_input"),
        response=response,
        call_id=fields.text("tool_use_id"),
        # The client reports a failed tool here too, its response then being this text (study §3.1).
        failed=isinstance(response, str) and response.startswith("Error"),
        milliseconds=fields.milliseconds("duration_ms"),
    )


def _tool_failure(fields: _Fields) -> ToolResult:
    return ToolResult(
        tool=fields.text("tool_name", required=True),
        input=fields.mapping("tool_input"),
        response=fields.text("error"),
        call_id=fields.text("tool_use_id"),
        failed=True,
        milliseconds=fields.milliseconds("duration_ms"),
    )


def _permission(fields: _Fields) -> PermissionAsked:
    return PermissionAsked(tool=fields.text("tool_name", required=True), input=fields.mapping("tool_input"))


def _prompt(fields: _Fields) -> Prompt:
    if fields.anything("prompt") is None:
        raise MalformedEventError("prompt is not a string")
    return Prompt(text=fields.text("prompt"))


def _expansion(fields: _Fields) -> PromptExpansion:
    return PromptExpansion(
        kind=fields.text("expansion_type"),
        command=fields.text("command_name", required=True),
        arguments=fields.text("command_args"),
        source=fields.text("command_source"),
        text=fields.text("prompt"),
    )


def _session_start(fields: _Fields) -> SessionStart:
    return SessionStart(source=fields.text("source"), model=fields.text("model") or None)


def _session_end(fields: _Fields) -> SessionEnd:
    return SessionEnd(reason=fields.text("reason"))


def _config_change(fields: _Fields) -> ConfigChange:
    return ConfigChange(source=fields.text("source", required=True), path=fields.text("file_path") or None)


def _model_switch(fields: _Fields, *, before: bool) -> ModelSwitch:
    return ModelSwitch(
        from_model=fields.text("from_model"), to_model=fields.text("to_model", required=True), before=before
    )


def _notice(_: _Fields) -> Notice:
    return Notice()


_READERS: Final[Mapping[str, Callable[[_Fields], Happening]]] = {
    "PreToolUse": _tool_call,
    "PostToolUse": _tool_result,
    "PostToolUseFailure": _tool_failure,
    "PostToolBatch": _tool_batch,
    "PermissionRequest": _permission,
    "UserPromptSubmit": _prompt,
    "UserPromptExpansion": _expansion,
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "SubagentStart": lambda _: AgentStart(),
    "SubagentStop": lambda _: AgentStop(),
    "ConfigChange": _config_change,
    "PreModelSwitch": lambda fields: _model_switch(fields, before=True),
    "PostModelSwitch": lambda fields: _model_switch(fields, before=False),
}
