"""The three-way difference of a skill: what it declares, what its documentation says, what it does; and a narrower declaration."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bailiwick.analysis.skill.prose.steps import BY as PROSE
from bailiwick.analysis.skill.sensitive import belongs, is_local, is_placeholder
from bailiwick.decision.ceiling import INTERPRETERS
from bailiwick.model.skill import Capability, CapabilityKind, Manifest, Role, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One capability, seen from three sides. ``places`` are where it is used."""

    kind: CapabilityKind
    target: str
    detail: str
    roles: tuple[Role, ...]
    declared: bool
    documented: bool
    places: tuple[Source, ...]


_TOOL_OF = {
    CapabilityKind.EXEC: ("Bash",),
    CapabilityKind.INSTALL: ("Bash",),
    CapabilityKind.FS_READ: ("Read", "Grep", "Glob", "Bash"),
    CapabilityKind.FS_WRITE: ("Write", "Edit", "MultiEdit", "NotebookEdit", "Bash"),
    CapabilityKind.MEMORY_WRITE: ("Write", "Edit"),
    CapabilityKind.CONFIG_WRITE: ("Write", "Edit"),
    CapabilityKind.NET: ("WebFetch", "WebSearch", "Bash"),
    CapabilityKind.SPAWN: ("Task", "Agent", "Bash"),
    CapabilityKind.MCP: ("mcp__",),
    CapabilityKind.ENV: ("Bash",),
    CapabilityKind.TOOL: (),
}


def rows(manifest: Manifest) -> Iterator[Row]:
    """Every capability that is used, each target once, in the order of kinds."""
    found: dict[tuple[CapabilityKind, str, str], list[Capability]] = {}
    for item in manifest.used:
        if item.kind is not CapabilityKind.TOOL:
            found.setdefault(
                (item.kind, item.target, item.detail if item.kind is CapabilityKind.NET else ""), []
            ).append(item)
    order = list(CapabilityKind)
    for (kind, target, detail), items in sorted(
        found.items(), key=lambda pair: (order.index(pair[0][0]), pair[0][1])
    ):
        yield Row(
            kind=kind,
            target=target,
            detail=detail,
            roles=tuple(dict.fromkeys(item.role for item in items)),
            declared=_declared(manifest, kind, target),
            documented=_documented(manifest, kind, target),
            places=tuple(dict.fromkeys(item.source for item in items)),
        )


def _declared(manifest: Manifest, kind: CapabilityKind, target: str) -> bool:
    """Whether a grant of the front matter covers it. An interpreter's grant covers whatever its script does."""
    for grant in manifest.declared:
        tool, _, pattern = grant.target.partition("(")
        if tool == "*" or not tool.startswith(_TOOL_OF[kind] or ("?",)):
            continue
        if tool != "Bash" or not pattern:
            return True
        if kind is not CapabilityKind.EXEC:
            continue
        scope = scope_of(grant.target)
        if runs(scope, target) or scope[: len(target.split())] == tuple(target.split()):
            return True
    return any(grant.target == "*" for grant in manifest.declared)


_STARTERS = frozenset(
    ("uv", "uvx", "poetry", "pipx", "npx", "bunx", "npm", "pnpm", "yarn", "env", "make", "just")
)
"""Programs that start what they are told to, the scripts of a skill among it."""


def scope_of(grant: str) -> tuple[str, ...]:
    """The words that ``Bash(git push:*)`` begins with; none for a bare ``Bash``."""
    return tuple(re.sub(r":?\*+$", "", grant.partition("(")[2].removesuffix(")")).split())


def runs(scope: tuple[str, ...], target: str) -> bool:
    """Whether commands that begin with ``scope`` are, or start, ``target``: a program, or a file of the skill."""
    words = tuple(target.split())
    if not scope or words[: len(scope)] == scope:
        return True
    if not target.startswith("${skill}/"):
        return False
    script = words[0].rpartition("/")[2]
    by = (*INTERPRETERS.get(script.rpartition(".")[2], ()), *_STARTERS)
    return scope[-1].rpartition("/")[2] == script or (scope[0] in by and "/" not in scope[-1])


def _documented(manifest: Manifest, kind: CapabilityKind, target: str) -> bool:
    """Whether the name or the description speaks of it."""
    said = f"{manifest.name} {manifest.description}"
    match kind:
        case CapabilityKind.NET:
            return is_local(target) or is_placeholder(target) or belongs(said, target)
        case CapabilityKind.EXEC | CapabilityKind.SPAWN | CapabilityKind.MCP:
            word = re.split(r"[ /.]", target.removeprefix("${skill}/"))[0]
            return target.startswith("${skill}/") or (len(word) > 2 and word.lower() in said.lower())  # noqa: PLR2004 - what fits and what is enough
        case CapabilityKind.FS_READ | CapabilityKind.FS_WRITE:
            return target.startswith(("${project}", "${skill}", "/tmp", "/dev/"))  # noqa: S108 - a name, not a file of ours
        case CapabilityKind.INSTALL | CapabilityKind.ENV:
            word = target.partition(":")[2] or target.split("_", maxsplit=1)[0]
            return word.lower() in said.lower()
        case CapabilityKind.MEMORY_WRITE:
            return "memory" in manifest.purposes
        case CapabilityKind.CONFIG_WRITE:
            return "configuration" in manifest.purposes
        case CapabilityKind.TOOL:
            return True


def narrower(manifest: Manifest) -> tuple[str, ...]:
    """The narrowest ``allowed-tools`` under which the skill can do what it says: scoped commands instead of all of them.

    In the client's spelling: it fills in ``${CLAUDE_SKILL_DIR}``, and what a rule begins with has to be what the
    command begins with.
    """
    told = [
        item
        for item in manifest.active
        if item.by not in ("hook", "mcp", "lifecycle", "dependencies", "settings", "marketplace")
    ]
    commands = {item.target for item in told if item.kind is CapabilityKind.EXEC}
    tools = {
        grant.target: None
        for grant in manifest.declared
        if grant.target.partition("(")[0] not in {"Bash", "*"}
    }
    scopes = [scope_of(grant.target) for grant in manifest.declared if grant.target.startswith("Bash")]
    installed = set()
    for item in told:
        if item.kind is CapabilityKind.INSTALL and item.role is not Role.EXECUTABLE:
            ecosystem, _, name = item.target.partition(":")
            command = f"{ecosystem} install"
            if command in commands:
                installed.add(command)
                tools[f"Bash({command} {name}:*)"] = None
    for item in told:
        match item.kind:
            case CapabilityKind.EXEC if item.role is not Role.EXECUTABLE and item.target not in {
                "*",
                *installed,
            }:
                tools[f"Bash({_spelled(item.target, scopes)}:*)"] = None
            case CapabilityKind.MCP:
                tools[f"mcp__{item.target.replace('.', '__')}"] = None
            case CapabilityKind.FS_WRITE if item.by == PROSE:
                tools["Write"] = None
            case _:
                pass
    return tuple(sorted(tools))


def _spelled(target: str, scopes: Sequence[tuple[str, ...]]) -> str:
    """A program, or a script of the skill behind what runs it: the interpreter that is declared, or the usual one."""
    if not target.startswith("${skill}/"):
        return target
    path = "${CLAUDE_SKILL_DIR}" + target.removeprefix("${skill}")
    by = INTERPRETERS.get(target.rpartition(".")[2], ())
    declared = [scope[0] for scope in scopes if scope and scope[0] in by]
    usual = [name for name in by if name in {"python3", "bash", "node"}] or [*by]
    return " ".join((*[*declared, *usual][:1], path))


def pre_approves(wide: str, narrow: str) -> bool:
    """Whether one entry of ``allowed-tools`` surely covers another."""
    tool, _, pattern = wide.partition("(")
    if wide in {"*", narrow}:
        return True
    if tool != narrow.partition("(")[0]:
        return False
    scope = scope_of(wide)
    return not pattern or (tool == "Bash" and scope_of(narrow)[: len(scope)] == scope)
