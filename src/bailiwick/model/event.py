"""What the coding client reports: one envelope and a closed union of what happened.

Only ``enforcement.claude_code`` knows how a client spells these on the wire.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, TypeAlias

from bailiwick.model.value import value


@value(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool is about to run. ``input`` is the tool's own argument object, unchecked."""

    tool: str
    input: Mapping[str, Any]
    call_id: str = ""
    server: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """A tool has run. ``failed`` says that it reported an error; ``milliseconds`` is None when not reported."""

    tool: str
    input: Mapping[str, Any]
    response: Any
    call_id: str = ""
    failed: bool = False
    milliseconds: int | None = None


@value(frozen=True, slots=True, kw_only=True)
class ToolBatch:
    """The tool calls of one message have all been dealt with, those included that the client refused by itself.

    ``told`` is what the model is about to be told of each, by the call's id.
    """

    calls: tuple[ToolCall, ...]
    told: Mapping[str, Any] = field(default_factory=dict)


@value(frozen=True, slots=True, kw_only=True)
class PermissionAsked:
    """The client is about to ask a person (or a host program) whether a tool may run."""

    tool: str
    input: Mapping[str, Any]


@value(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A person or a host program submitted a prompt."""

    text: str


@value(frozen=True, slots=True, kw_only=True)
class PromptExpansion:
    """A typed slash command or MCP prompt is about to be expanded. ``source`` is where it is defined."""

    kind: str
    command: str
    arguments: str = ""
    source: str = ""
    text: str = ""


@value(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """A session began or went on (``startup``, ``resume``, ``clear``, ``compact``, ``fork``)."""

    source: str
    model: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """A session ended."""

    reason: str


@value(frozen=True, slots=True, kw_only=True)
class AgentStart:
    """A sub-agent began; its id and type are in the envelope."""


@value(frozen=True, slots=True, kw_only=True)
class AgentStop:
    """A sub-agent ended; its id and type are in the envelope."""


@value(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """A settings or skill file changed under a running session and the client is about to apply it."""

    source: str
    path: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class ModelSwitch:
    """The model is about to change (``before``) or has changed."""

    from_model: str
    to_model: str
    before: bool


@value(frozen=True, slots=True, kw_only=True)
class Notice:
    """Any other event, known by name or not; nothing to decide, recorded whole."""


Happening: TypeAlias = (
    ToolCall
    | ToolResult
    | ToolBatch
    | PermissionAsked
    | Prompt
    | PromptExpansion
    | SessionStart
    | SessionEnd
    | AgentStart
    | AgentStop
    | ConfigChange
    | ModelSwitch
    | Notice
)


@value(frozen=True, slots=True, kw_only=True)
class Event:
    """One report of the client. ``raw`` is the whole decoded message, unknown fields included.

    ``session`` is the client's own session id. ``cwd`` is the working directory the client reports; it is not
    yet believed. ``agent`` is empty on the main thread.
    """

    name: str
    session: str
    cwd: str
    what: Happening
    prompt_id: str = ""
    permission_mode: str = ""
    agent: str = ""
    agent_type: str = ""
    transcript: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)
