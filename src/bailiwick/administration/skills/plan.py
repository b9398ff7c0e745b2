"""What a new approval would change, compared with the one it takes the place of. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bailiwick.administration.skill_difference import runs, scope_of
from bailiwick.administration.skills.lock import Entry
from bailiwick.information.approvals import Grant
from bailiwick.model.glob import GlobError, TooComplexError, contained, name_glob, path_glob
from bailiwick.model.skill import CapabilityKind, EntryType, Manifest, SkillTree

PATHS = frozenset(
    {
        CapabilityKind.FS_READ,
        CapabilityKind.FS_WRITE,
        CapabilityKind.MEMORY_WRITE,
        CapabilityKind.CONFIG_WRITE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The difference: what is granted anew and what no longer, and the files that are not what they were.

    ``widens`` lists the grants that no earlier one covers. A first approval widens by all of its grants.
    """

    widens: tuple[Grant, ...]
    narrows: tuple[Grant, ...]
    files: tuple[tuple[str, str], ...]
    first: bool

    @property
    def asks(self) -> bool:
        """Whether somebody has to agree again."""
        return self.first or bool(self.widens)


def planned(grants: Sequence[Grant], files: Iterable[tuple[str, str]], before: Entry | None) -> Plan:
    """What an approval of ``grants`` for a tree with ``files`` changes."""
    if before is None:
        return Plan(widens=tuple(grants), narrows=(), files=(), first=True)
    old, now, then = before.approval.grants, dict(files), dict(before.audit.files)
    return Plan(
        widens=tuple(grant for grant in grants if not any(covers(one, grant) for one in old)),
        narrows=tuple(grant for grant in old if not any(covers(one, grant) for one in grants)),
        files=tuple(_changes(then, now)),
        first=False,
    )


def _changes(then: dict[str, str], now: dict[str, str]) -> Iterable[tuple[str, str]]:
    for path in sorted({*then, *now}):
        if path not in then:
            yield "added", path
        elif path not in now:
            yield "removed", path
        elif then[path] != now[path]:
            yield "changed", path


def covers(wide: Grant, narrow: Grant) -> bool:
    """Whether ``wide`` surely allows all that ``narrow`` does."""
    if wide.kind is not narrow.kind:
        return False
    if wide.target in {"*", narrow.target}:
        return True
    if narrow.target == "*":
        return False
    if wide.kind is CapabilityKind.EXEC:
        return narrow.target.split()[: len(wide.target.split())] == wide.target.split()
    try:
        if wide.kind in PATHS:
            return contained(path_glob(_absolute(narrow.target)), [path_glob(_absolute(wide.target))])
        return not set(narrow.target) & set("*?[{") and name_glob(wide.target).matches(narrow.target)
    except (GlobError, TooComplexError):
        return False


def _absolute(target: str) -> str:
    """A glob whose beginning, known only at run time, stands as a directory of its own that no path has."""
    for word, place in (("${skill}", "/\ue000skill"), ("${project}", "/\ue000project"), ("~", "/\ue000home")):
        if target == word or target.startswith(f"{word}/"):
            return place + target.removeprefix(word)
    return target


def files_of(tree: SkillTree) -> tuple[tuple[str, str], ...]:
    """Each path of a tree with what stands there, in a word that changes with it."""
    found = []
    for entry in tree.entries:
        match entry.type:
            case EntryType.FILE:
                found.append((entry.path, f"{'x' if entry.mode & 0o100 else '-'}{entry.sha256}"))
            case EntryType.LINK:
                found.append((entry.path, f"l{entry.target}"))
            case _:
                found.append((entry.path, entry.type.value))
    return tuple(found)


def declared_only(grants: Sequence[Grant], manifest: Manifest) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    """``grants`` without those that the front matter leaves out, where it declares tools at all; and those left out.

    Most skills declare nothing, which says nothing. One that declares ``Bash(git:*)`` and runs curl said otherwise.
    """
    if not manifest.scoped:
        return tuple(grants), ()
    declared = {item.target for item in manifest.declared if item.kind is CapabilityKind.TOOL}
    bash = [scope_of(target) for target in declared if target.partition("(")[0] == "Bash"]
    kept = [grant for grant in grants if _declared(grant, declared, bash)]
    return tuple(kept), tuple(grant for grant in grants if grant not in kept)


def _declared(grant: Grant, declared: set[str], bash: Sequence[tuple[str, ...]]) -> bool:
    match grant.kind:
        case CapabilityKind.EXEC | CapabilityKind.INSTALL if not bash:
            return False
        case CapabilityKind.EXEC:
            return any(runs(scope, grant.target) for scope in bash)
        case CapabilityKind.TOOL:
            return any(one.partition("(")[0] == grant.target.partition("(")[0] for one in declared)
        case CapabilityKind.MCP:
            return any(one.startswith("mcp__") for one in declared)
        case _:
            return True
