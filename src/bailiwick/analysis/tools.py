"""What each tool of the client would access: the step ``analyze`` of an event's path.

One small reader per tool, told by name in ``READERS``. A tool that is not listed is opaque. Every call is
also a ``call-tool`` access of its own, so that policy can speak of the tool itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from bailiwick.analysis.paths import absolute, escaped, tree
from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
    HostTarget,
    NameTarget,
    Opaque,
    PathTarget,
    Target,
)
from bailiwick.model.event import (
    AgentStart,
    AgentStop,
    ConfigChange,
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
from bailiwick.model.request import FileView, Request

MAX_MENTIONS = 64
"""``@path`` mentions read from one prompt; more are one opaque part. Chosen well above any real prompt."""

MAX_MCP_STRINGS = 256
"""Strings of one MCP call looked at for paths; more are one opaque part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A tool's input and the directories its relative paths start from."""

    tool: str
    input: Mapping[str, Any]
    shell: ShellContext

    def text(self, key: str) -> str:
        value = self.input.get(key)
        return value if isinstance(value, str) else ""

    def path(self, key: str) -> str | None:
        value = self.text(key)
        return absolute(value, cwd=self.shell.cwd, home=self.shell.home) if value else None


_Fact: TypeAlias = Access | Opaque
_Reader: TypeAlias = Callable[[_Call], Iterable[_Fact] | Facts]


def analyze(request: Request, files: FileView) -> Facts:
    """Everything the reported event would access, with paths resolved as far as ``files`` can see. Total."""
    return _resolve(_facts(request), files)


def _facts(request: Request) -> Facts:
    event = request.event
    shell = ShellContext(
        cwd=event.cwd or request.session.project,
        home=request.principal.home,
        project=request.session.project,
        environment=dict(request.session.environment),
    )
    match event.what:
        case ToolCall(tool=tool, input=arguments) | PermissionAsked(tool=tool, input=arguments):
            return _tool(_Call(tool=tool, input=arguments, shell=shell))
        case Prompt(text=text):
            return _facts_of(_mentions(text, shell))
        case PromptExpansion(command=command):
            return _facts_of([_access(AccessKind.LOAD_SKILL, NameTarget(name=command))])
        case ConfigChange(source=source, path=path):
            return _facts_of(_config(source, path))
        case (
            ModelSwitch()
            | SessionStart()
            | SessionEnd()
            | AgentStart()
            | AgentStop()
            | ToolResult()
            | ToolBatch()
            | Notice()
        ):
            return Facts()


def _tool(call: _Call) -> Facts:
    use = _access(AccessKind.CALL_TOOL, NameTarget(name=call.tool))
    reader = _mcp if call.tool.startswith("mcp__") else READERS.get(call.tool, _unknown)
    said = reader(call)
    facts = said if isinstance(said, Facts) else _facts_of(said)
    # The tool's own access goes last: flows refer to accesses by index.
    return replace(facts, accesses=(*facts.accesses, use))


def _facts_of(said: Iterable[_Fact]) -> Facts:
    listed = tuple(said)
    return Facts(
        accesses=tuple(fact for fact in listed if isinstance(fact, Access)),
        opaque=tuple(fact for fact in listed if isinstance(fact, Opaque)),
    )


def _access(kind: AccessKind, target: Target) -> Access:
    return Access(kind=kind, target=target)


def _file(kind: AccessKind, *keys: str) -> _Reader:
    """A reader for tools that name one file; without the name the call is opaque."""

    def read(call: _Call) -> Iterator[_Fact]:
        for key in keys:
            if path := call.path(key):
                yield _access(kind, PathTarget(path=path))
                return
        yield Opaque(reason=f"{call.tool} names no file")

    return read


def _search(call: _Call) -> Iterator[_Fact]:
    """Grep: the content of a file or of a tree, narrowed by the ``glob`` argument."""
    base = call.path("path") or call.shell.cwd
    if pattern := call.text("glob"):
        yield _access(AccessKind.READ, _below(base, pattern))
    else:
        yield _access(AccessKind.READ, tree(base))


def _glob(call: _Call) -> Iterator[_Fact]:
    base = call.path("path") or call.shell.cwd
    yield _access(AccessKind.READ, _below(base, call.text("pattern") or "**"))


def _below(base: str, pattern: str) -> PathTarget:
    if pattern.startswith("/"):
        return PathTarget(path=pattern, pattern=True)
    anywhere = pattern if "/" in pattern else f"**/{pattern}"
    return PathTarget(path=f"{escaped(base.rstrip('/'))}/{anywhere}", pattern=True)


def _list(call: _Call) -> Iterator[_Fact]:
    yield _access(AccessKind.READ, PathTarget(path=call.path("path") or call.shell.cwd))


def _bash(call: _Call) -> Facts:
    facts = analyze_shell(call.text("command"), call.shell)
    if call.input.get("dangerouslyDisableSandbox"):
        outside = _access(AccessKind.CHANGE_CONFIG, NameTarget(name="sandbox.disable"))
        facts = replace(facts, accesses=(*facts.accesses, outside))
    return facts


def _fetch(call: _Call) -> Iterator[_Fact]:
    try:
        parts = urlsplit(call.text("url"))
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        yield Opaque(reason="the address is not a URL")
        return
    yield _access(
        AccessKind.CONNECT, HostTarget(host=host.rstrip("."), port=port or _PORTS.get(parts.scheme))
    )


_PORTS = {"https": 443, "http": 80}


def _skill(call: _Call) -> Iterator[_Fact]:
    name = call.text("skill") or call.text("command")
    name = name.split()[0].removeprefix("/") if name.split() else ""
    if name:
        yield _access(AccessKind.LOAD_SKILL, NameTarget(name=name))
    else:
        yield Opaque(reason="the call names no skill")


def _agent(call: _Call) -> Iterator[_Fact]:
    yield _access(AccessKind.SPAWN_AGENT, NameTarget(name=call.text("subagent_type") or "general-purpose"))


def _setting(call: _Call) -> Iterator[_Fact]:
    yield _access(AccessKind.CHANGE_CONFIG, NameTarget(name=call.text("setting") or "setting"))


def _sent_files(call: _Call) -> Iterator[_Fact]:
    listed = call.input.get("files")
    for name in listed if isinstance(listed, list) else ():
        if isinstance(name, str):
            path = absolute(name, cwd=call.shell.cwd, home=call.shell.home)
            yield _access(AccessKind.READ, PathTarget(path=path))
        else:
            yield Opaque(reason="a sent file is not named by path")


def _mcp_resource(call: _Call) -> Iterator[_Fact]:
    server = call.text("server") or "*"
    yield _access(AccessKind.CALL_TOOL, NameTarget(name=f"mcp__{server}__resources"))


def _nothing(_call: _Call) -> Iterator[_Fact]:
    return iter(())


def _unknown(call: _Call) -> Iterator[_Fact]:
    yield Opaque(reason=f"{call.tool} is not a tool this version knows")


def _code(what: str) -> _Reader:
    def read(_call: _Call) -> Iterator[_Fact]:
        yield Opaque(reason=what)

    return read


READERS: Mapping[str, _Reader] = {
    "Agent": _agent,
    "Artifact": _code("an artifact is published outside this machine"),
    "AskUserQuestion": _nothing,
    "Bash": _bash,
    "BashOutput": _nothing,
    "Config": _setting,
    "CronCreate": _nothing,
    "CronDelete": _nothing,
    "CronList": _nothing,
    "DeferredToolPlaceholder": _nothing,
    "Edit": _file(AccessKind.WRITE, "file_path"),
    "EnterPlanMode": _nothing,
    "EnterWorktree": _nothing,
    "ExitPlanMode": _nothing,
    "ExitWorktree": _nothing,
    "Glob": _glob,
    "Grep": _search,
    "KillShell": _nothing,
    "LS": _list,
    "LSP": _file(AccessKind.READ, "filePath", "file_path"),
    "ListAgents": _nothing,
    "ListMcpResourcesTool": _mcp_resource,
    "Monitor": _bash,
    "MultiEdit": _file(AccessKind.WRITE, "file_path"),
    "NotebookEdit": _file(AccessKind.WRITE, "notebook_path"),
    "NotebookRead": _file(AccessKind.READ, "notebook_path"),
    "PowerShell": _code("PowerShell is not read yet"),
    "Read": _file(AccessKind.READ, "file_path"),
    "ReadMcpResourceDirTool": _mcp_resource,
    "ReadMcpResourceTool": _mcp_resource,
    "ReportFindings": _nothing,
    "ScheduleWakeup": _nothing,
    "SendMessage": _nothing,
    "SendUserFile": _sent_files,
    "SendUserMessage": _nothing,
    "Skill": _skill,
    "SlashCommand": _skill,
    "StructuredOutput": _nothing,
    "Task": _agent,
    "TaskCreate": _nothing,
    "TaskGet": _nothing,
    "TaskList": _nothing,
    "TaskOutput": _nothing,
    "TaskStop": _nothing,
    "TaskUpdate": _nothing,
    "TodoRead": _nothing,
    "TodoWrite": _nothing,
    "ToolSearch": _nothing,
    "WebFetch": _fetch,
    "WebSearch": _nothing,
    "Workflow": _code("a workflow script is code that starts agents"),
    "Write": _file(AccessKind.WRITE, "file_path"),
}
"""Tools of client 2.1.330 and earlier names of the same tools."""


_READING = re.compile(r"(?:^|_)(?:read|get|list|search|view|stat|find|show|fetch|query|describe)(?:_|$)")
_PATH_KEY = re.compile(
    r"(?i)(?:^|_)(?:path|paths|file|files|filename|dir|directory|folder|source|destination|uri)$"
)


def _mcp(call: _Call) -> Iterator[_Fact]:
    """An MCP call: what the server does is its own affair, but a path argument says which file it is about.

    The tool's name is the only hint at the direction, so anything but a plainly reading name is a write too.
    """
    action = call.tool.split("__", 2)[-1]
    for seen, (key, value) in enumerate(_strings(call.input)):
        if seen >= MAX_MCP_STRINGS:
            yield Opaque(reason="the call has too many arguments to look at")
            return
        local = value.removeprefix("file://") if value.startswith("file://") else value
        if not (local.startswith(("/", "~/")) or (_PATH_KEY.search(key) and "://" not in local)):
            continue
        if not local or "\n" in local:
            continue
        path = absolute(local, cwd=call.shell.cwd, home=call.shell.home)
        yield _access(AccessKind.READ, PathTarget(path=path))
        if not _READING.search(action):
            yield _access(AccessKind.WRITE, PathTarget(path=path))


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string in ``value`` with the nearest key above it; iterative, so depth costs no stack."""
    stack: list[tuple[str, Any]] = [(key, value)]
    while stack:
        name, item = stack.pop()
        if isinstance(item, str):
            yield name, item
        elif isinstance(item, Mapping):
            stack.extend((str(inner), item[inner]) for inner in reversed(item))
        elif isinstance(item, list):
            stack.extend((name, inner) for inner in reversed(item))


_MENTION = re.compile(r"(?:^|(?<=\s))@(?:\"([^\"\n]+)\"|([^\s\"]+))")


def _mentions(text: str, shell: ShellContext) -> Iterator[_Fact]:
    """``@path`` in a prompt puts the file into the conversation without any tool call."""
    for seen, found in enumerate(_MENTION.finditer(text)):
        if seen >= MAX_MENTIONS:
            yield Opaque(reason="the prompt mentions too many files to look at")
            return
        name = found[1] or re.sub(r"#L\d+(?:-L?\d+)?$", "", found[2]).rstrip(".,;:!?)")
        if name:
            path = absolute(name, cwd=shell.cwd, home=shell.home)
            yield _access(AccessKind.READ, PathTarget(path=path))


def _config(source: str, path: str | None) -> Iterator[_Fact]:
    yield _access(AccessKind.CHANGE_CONFIG, NameTarget(name=source))
    if path and path.startswith("/"):
        yield _access(AccessKind.CHANGE_CONFIG, PathTarget(path=absolute(path, cwd="/", home="/")))


def _resolve(facts: Facts, files: FileView) -> Facts:
    """Fill in where paths lead and what patterns match now."""
    return replace(facts, accesses=tuple(_resolved(access, files) for access in facts.accesses))


def _resolved(access: Access, files: FileView) -> Access:
    match access.target:
        case PathTarget(path=path, pattern=False) as target:
            real = files.real(path)
            return access if real == path else replace(access, target=replace(target, real=real))
        case PathTarget(path=path, pattern=True) as target:
            return replace(access, target=replace(target, expanded=files.expand(path)))
        case _:
            return access


__all__ = ["READERS", "analyze"]
