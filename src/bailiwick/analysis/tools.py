"""What each tool of the client would access: the step ``analyze`` of an event's path.

One small reader per tool, told by name in ``READERS``. A tool that is not listed is opaque. Every call is
also a ``call-tool`` access of its own, so that policy can speak of the tool itself.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from bailiwick.analysis.address import web_address
from bailiwick.analysis.mentions import mentions
from bailiwick.analysis.paths import (
    RIPGREP_TYPES,
    absolute,
    escaped,
    fixed_part,
    in_process,
    is_signpost,
    left_out,
    spellings,
    tree,
    under,
)
from bailiwick.analysis.shell import ShellContext, analyze_shell
from bailiwick.model.access import (
    Access,
    AccessKind,
    Facts,
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
from bailiwick.model.glob import Glob, GlobSet
from bailiwick.model.regex import regex
from bailiwick.model.request import FileView, Request

MAX_MENTIONS = 64
"""``@path`` mentions read from one prompt; more are one opaque part. Chosen well above any real prompt."""

MAX_MCP_STRINGS = 256
"""Strings of one MCP call looked at for paths; more are one opaque part."""

MAX_EXPANDED = 16
"""Patterns of one event that are looked up in the file system; the others count as not looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A tool's input and the directories its relative paths start from."""

    tool: str
    input: Mapping[str, Any]
    shell: ShellContext

    def text(self, key: str) -> str:
        value = self.input.get(key)
        return value if isinstance(value, str) else ""

    def paths(self, key: str) -> tuple[str, ...]:
        """What the argument may name, most likely first; empty when it is absent."""
        return self.named(self.text(key)) if self.text(key) else ()

    def bases(self) -> tuple[str, ...]:
        """Where a search starts."""
        return self.paths("path") or (self.shell.cwd,)

    def named(self, name: str) -> tuple[str, ...]:
        return spellings(name, cwd=self.shell.cwd, home=self.shell.home)


_Fact: TypeAlias = Access | Opaque
_Reader: TypeAlias = Callable[[_Call], Iterable[_Fact] | Facts]


def analyze(request: Request, files: FileView) -> Facts:
    """Everything the reported event would access, with paths resolved as far as ``files`` can see. Total."""
    return _resolve(_signposts(_facts(request, files)), files)


def _facts(request: Request, files: FileView) -> Facts:
    event = request.event
    shell = ShellContext(
        cwd=event.cwd or request.session.project,
        home=request.principal.home,
        project=request.session.project,
        environment=dict(request.session.environment),
        dialect=request.session.shell,
        files=files,
        aliases=dict(request.session.aliases),
        functions=request.session.functions,
        user=request.principal.user,
    )
    match event.what:
        case ToolCall(tool=tool, input=arguments) | PermissionAsked(tool=tool, input=arguments):
            return _tool(_Call(tool=tool, input=arguments, shell=shell))
        case Prompt(text=text):
            return _facts_of(_mentions(text, shell))
        case PromptExpansion(command=command, arguments=arguments, text=text):
            load = _access(AccessKind.LOAD_SKILL, NameTarget(name=command))
            return _facts_of([load, *_mentions(f"{text}\n{arguments}", shell)])
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
            if paths := call.paths(key):
                yield from (_access(kind, PathTarget(path=path)) for path in paths)
                return
        yield Opaque(reason=f"{call.tool} names no file")

    return read


def _search(call: _Call) -> Iterator[_Fact]:
    """Grep: the content of a file or of a tree, narrowed by the ``glob`` argument, else by ``type``.

    The client splits that at white space and commas, and of several globs that match the last one holds. A glob with
    a slash (taken from the client's working directory, not from ``path``) or an exclusion narrows nothing here, but for
    names at any depth (``**/*.ts``), and one exclusion of such names at the end (``!{**/.env,**/*.pem}``): ripgrep
    leaves those out below the directory it was given.
    """
    words = call.text("glob").split()
    without = left_out(words[-1]) if words else ()
    globs = [
        _at_any_depth(part)
        for word in (words[:-1] if without else words)
        for part in ([word] if {"{", "}"} <= set(word) else word.split(","))
        if part
    ]
    globs = globs or [f"*.{ending}" for ending in RIPGREP_TYPES.get(call.text("type"), ())]
    narrowed = bool(globs) and not any("/" in glob or glob.startswith("!") for glob in globs)
    for base in call.bases():
        if narrowed:
            if call.text("path"):  # a file named outright is searched all the same
                yield _access(AccessKind.READ, PathTarget(path=base))
            excluded = tree(base, without=without).excluded
            below = (_below(base, glob) for glob in globs)
            yield from (_access(AccessKind.READ, replace(one, excluded=excluded)) for one in below)
        else:
            yield _access(AccessKind.READ, tree(base, without=without))


def _at_any_depth(glob: str) -> str:
    name = glob.removeprefix("**/")
    return glob if "/" in name else name


def _glob(call: _Call) -> Iterator[_Fact]:
    """Glob: the names that a pattern matches, from ``path`` on, or absolute."""
    for base in call.bases():
        target = _below(base, call.text("pattern") or "*")
        literal, rest = fixed_part(target.path)
        if ".." in rest.split("/"):
            yield Opaque(reason="the pattern climbs out of directories that it does not name")
        else:
            path = under(posixpath.normpath(literal), rest)
            yield _access(AccessKind.READ, replace(target, path=path, names=True))


def _below(base: str, pattern: str) -> PathTarget:
    if pattern.startswith("/"):
        return PathTarget(path=pattern, pattern=True)
    anywhere = pattern if "/" in pattern else f"**/{pattern}"
    return PathTarget(path=f"{escaped(base.rstrip('/'))}/{anywhere}", pattern=True)


def _list(call: _Call) -> Iterator[_Fact]:
    yield from (_access(AccessKind.READ, PathTarget(path=base)) for base in call.bases())


def _bash(call: _Call) -> Facts:
    if not isinstance(call.input.get("command"), str):
        return _facts_of([Opaque(reason="the call has no command text")])
    facts = analyze_shell(call.text("command"), call.shell)
    if call.input.get("dangerouslyDisableSandbox"):
        outside = _access(AccessKind.CHANGE_CONFIG, NameTarget(name="sandbox.disable"))
        facts = replace(facts, accesses=(*facts.accesses, outside))
    return facts


def _fetch(call: _Call) -> Iterator[_Fact]:
    target = web_address(call.text("url"))
    if target is None:
        if local := _file_of(call.text("url")):
            yield _access(AccessKind.READ, PathTarget(path=absolute(local, cwd="/", home="/")))
        yield Opaque(reason="the host of the address can't be told")
    else:
        yield _access(AccessKind.CONNECT, target)


def _skill(call: _Call) -> Iterator[_Fact]:
    name = call.text("skill") or call.text("command")
    name = name.split()[0].removeprefix("/") if name.split() else ""
    if name:
        yield _access(AccessKind.LOAD_SKILL, NameTarget(name=name))
    else:
        yield Opaque(reason="the call names no skill")


def _agent(call: _Call) -> Iterator[_Fact]:
    if isinstance(call.input.get("subagent_type") or "", str):
        name = call.text("subagent_type") or "general-purpose"
        yield _access(AccessKind.SPAWN_AGENT, NameTarget(name=name))
        if call.input.get("isolation") not in (None, "", "worktree"):
            yield Opaque(reason="the agent works where nothing of it is seen here")
    else:
        yield Opaque(reason="the type of the agent is no name")


def _setting(call: _Call) -> Iterator[_Fact]:
    yield _access(AccessKind.CHANGE_CONFIG, NameTarget(name=call.text("setting") or "setting"))


def _sent_files(call: _Call) -> Iterator[_Fact]:
    listed = call.input.get("files")
    for name in listed if isinstance(listed, list) else ():
        if isinstance(name, str):
            yield from (_access(AccessKind.READ, PathTarget(path=path)) for path in call.named(name))
        else:
            yield Opaque(reason="a sent file is not named by path")


def _mcp_resource(call: _Call) -> Iterator[_Fact]:
    server = call.text("server") or "*"
    yield _access(AccessKind.CALL_TOOL, NameTarget(name=f"mcp__{server}__resources"))
    if local := _file_of(call.text("uri")):
        yield _access(AccessKind.READ, PathTarget(path=absolute(local, cwd="/", home="/")))


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


_READING = regex(r"(?:^|_)(?:read|get|list|search|view|stat|find|show|fetch|query|describe)(?:_|$)")
_PATH_KEY = regex(
    r"(?:^|_|-|(?<=[a-z])(?=[A-Z]))"
    r"(?i:paths?|files?|filename|dir|directory|directories|folder|source|destination|src|dst|uri|cwd|root)$"
)


_LINES = regex(r"\s")


def _mcp(call: _Call) -> Iterator[_Fact]:
    """An MCP call: what the server does is its own affair, but a path argument says which file it is about.

    The tool's name is the only hint at the direction, so anything but a plainly reading name is a write too.
    """
    action = call.tool.split("__", 2)[-1]
    for seen, (key, value) in enumerate(_strings(call.input)):
        if seen >= MAX_MCP_STRINGS:
            yield Opaque(reason="the call has too many arguments to look at")
            return
        if (target := web_address(value)) is not None and not _LINES.search(value):
            yield _access(AccessKind.CONNECT, target)
        local = _file_of(value) or value.strip()
        is_path = bool(_PATH_KEY.search(key)) and "://" not in local
        if not local or not (local.startswith(("/", "~/")) or is_path):
            continue
        if "\n" in local:
            if is_path:
                yield Opaque(reason="a path argument has several lines")
            continue
        for path in call.named(local):
            yield _access(AccessKind.READ, PathTarget(path=path))
            if not _READING.search(action):
                yield _access(AccessKind.WRITE, PathTarget(path=path))


def _file_of(uri: str) -> str | None:
    """The path of a ``file:`` address."""
    if not uri.strip().lower().startswith("file:"):
        return None
    try:
        return unquote(urlsplit(uri.strip()).path) or None
    except ValueError:
        return None


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


def _mentions(text: str, shell: ShellContext) -> Iterator[_Fact]:
    """``@path`` in a prompt puts the file into the conversation without any tool call."""
    found = mentions(text)
    for names in islice(found, MAX_MENTIONS):
        for name in names:
            path = absolute(name, cwd=shell.cwd, home=shell.home)
            yield _access(AccessKind.READ, PathTarget(path=path))
    if next(found, None) is not None:
        yield Opaque(reason="the prompt mentions too many files to look at")


def _config(source: str, path: str | None) -> Iterator[_Fact]:
    yield _access(AccessKind.CHANGE_CONFIG, NameTarget(name=source))
    if path and path.startswith("/"):
        yield _access(AccessKind.CHANGE_CONFIG, PathTarget(path=absolute(path, cwd="/", home="/")))


def _resolve(facts: Facts, files: FileView) -> Facts:
    """Fill in where paths lead and what patterns match now.

    A pattern below a linked directory is a second access, to where the link leads; such accesses go last,
    since flows refer to accesses by index.
    """
    reals: dict[str, str] = {}
    expanded: dict[str, tuple[str, ...] | None] = {}

    def real(path: str) -> str:
        if path not in reals:
            reals[path] = files.real(path)
        return reals[path]

    def looked_up(target: PathTarget) -> PathTarget:
        if target.path not in expanded:
            expanded[target.path] = files.expand(target.path) if len(expanded) < MAX_EXPANDED else None
        found = expanded[target.path]
        if found and target.excluded:
            excluded = GlobSet([Glob(text) for text in target.excluded])
            found = tuple(path for path in found if not excluded.matching(path))
        return replace(target, expanded=found)

    seen: list[Access] = []
    led: list[Access] = []
    for access in facts.accesses:
        match access.target:
            case PathTarget(path=path, pattern=False) as target:
                leads = real(path)
                seen.append(access if leads == path else replace(access, target=replace(target, real=leads)))
            case PathTarget(path=path, pattern=True) as target:
                seen.append(replace(access, target=looked_up(target)))
                literal, rest = fixed_part(path)
                if (leads := real(literal)) != literal:
                    moved = (under(leads, fixed_part(glob)[1]) for glob in target.excluded)
                    there = replace(target, path=under(leads, rest), excluded=tuple(moved))
                    led.append(replace(access, target=looked_up(there)))
            case _:
                seen.append(access)
    return replace(facts, accesses=(*seen, *led))


def _signposts(facts: Facts) -> Facts:
    """Paths that lead where only others know, or will later, are opaque. What is opaque already need not say more."""
    for access in () if facts.opaque else facts.accesses:
        match access:
            case Access(target=PathTarget(path=path)) if in_process(path):
                reason = "path into a process, which leads to where that one is"
            case Access(kind=AccessKind.WRITE, target=PathTarget(path=path, pattern=False)) if is_signpost(
                path
            ):
                reason = "a file that tells git where its repository lies, or what to run next"
            case _:
                continue
        return replace(facts, opaque=(Opaque(reason=reason),))
    return facts


__all__ = ["READERS", "analyze"]
