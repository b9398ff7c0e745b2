"""The three-way difference of a skill: what it declares, what its documentation says, what it does; and a narrower declaration."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bailiwick.analysis.skill.sensitive import belongs, is_local, is_placeholder
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
        prefix = re.sub(r":?\*+$", "", pattern.removesuffix(")")).strip()
        if (
            not prefix
            or target == prefix
            or target.startswith(f"{prefix} ")
            or prefix.split()[0] == target.split(maxsplit=1)[0] == prefix
            or prefix.startswith(f"{target} ")
        ):
            return True
        if target.startswith("${skill}/") and target.rpartition("/")[2] in pattern:
            return True
    return any(grant.target == "*" for grant in manifest.declared)


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
    """The narrowest ``allowed-tools`` under which the skill can do what it says: scoped commands instead of all of them."""
    tools: dict[str, None] = {}
    for item in manifest.active:
        if item.by in ("hook", "mcp", "lifecycle", "dependencies", "settings", "marketplace"):
            continue
        match item.kind:
            case CapabilityKind.EXEC if item.role is not Role.EXECUTABLE and item.target != "*":
                target = item.target
                tools[
                    f"Bash({target}:*)"
                    if not target.startswith("${skill}")
                    else f"Bash(*{target.removeprefix('${skill}')}:*)"
                ] = None
            case CapabilityKind.INSTALL if item.role is not Role.EXECUTABLE:
                ecosystem, _, name = item.target.partition(":")
                tools[f"Bash({ecosystem} install {name})"] = None
            case CapabilityKind.MCP:
                tools[f"mcp__{item.target.replace('.', '__')}"] = None
            case _:
                pass
    for grant in manifest.declared:
        if not grant.target.startswith("Bash"):
            tools[grant.target] = None
    return tuple(sorted(tools))
