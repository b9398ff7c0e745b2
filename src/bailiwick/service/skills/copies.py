"""Where the client may find a skill of a name, and what stands there now. Reads only.

The client's own order of places isn't relied on: a name means every place of that name that it looks at, and each must be
approved. What was measured (2.1.330): managed, account and project directories, the working directory's ancestors,
nested projects, plugins, and commands, which are skills of one file.
"""

import json
import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path

from bailiwick.analysis.skill.digest import UnsoundTreeError, tree_digest
from bailiwick.information.approvals import Load, SkillCopy
from bailiwick.model.regex import regex
from bailiwick.model.skill import SkillTree, TreeKind
from bailiwick.model.value import value
from bailiwick.service.skill_files import SkillPlace, read_skill

MANAGED = Path("/etc/claude-code/.claude")
"""Skills that the machine's administrator put there."""

MAX_DIRECTORIES = 100_000
"""Directories of a project that are looked through for nested skills."""

MAX_SECONDS = 4.0
"""Time for that; the client waits ten seconds for an answer."""

MAX_CACHED = 2000
"""Trees whose digest is remembered."""

MAX_HEAD = 64 * 1024
"""Bytes of a SKILL.md in which its front matter is looked for."""

_SKIPPED = frozenset((".git", "node_modules", ".venv", "__pycache__", ".cache", "target"))
_NAMED = regex(r"^name:[ \t]*[\"']?([^\"'\r\n#]+?)[\"']?[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_FORKS = regex(r"^context:[ \t]*([\"']?)fork\1[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_ROOT = regex(r"^(.*?/(?:\.claude|plugins/.+?|\.claude-plugin)/skills/[^/]+)(?:/|$)")
_COMMAND = regex(r"^.*/(?:\.claude|plugins/.+?)/commands/.*[^/]\.md$")


@value(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a session's client looks: project and working directory, and its configuration directories."""

    project: str
    cwd: str
    configurations: tuple[str, ...]


@value(frozen=False, slots=True)
class Copies:
    """Looks skills up, and remembers digests by the stat identity of everything in a tree."""

    _known: dict[str, tuple[object, SkillCopy]] = field(default_factory=dict)

    def named(self, name: str, where: Where) -> Load:
        """Every place of a skill called ``name``. Never raises."""
        plain = name.rpartition(":")[2]
        try:
            places = dict.fromkeys(_places(plain, where, qualified=":" in name))
        except _TooLargeError as error:
            return Load(name=name, problem=str(error))
        except (OSError, ValueError) as error:
            return Load(name=name, problem=f"{type(error).__name__}: {error}")
        return Load(name=name, copies=tuple(self.at(place, plain) for place in places))

    def standing(self, where: Where) -> tuple[SkillCopy, ...]:
        """Every skill and command in the directories that the client lists when a session starts. Never raises."""
        found: dict[tuple[str, str], SkillCopy] = {}
        for directory in dict.fromkeys(listed(where)):
            for child in _children(directory / "skills"):
                for name in filter(None, (child.name, _own_name(child))):
                    found[name, str(child)] = self.at(str(child), name)
            for command in _commands(directory):
                found[command.stem, str(command)] = self.at(str(command), command.stem)
        return tuple(found.values())

    def of_file(self, path: str, roots: Sequence[str]) -> SkillCopy | None:
        """The skill that the file at ``path`` belongs to, if it is one's; ``roots`` are known besides."""
        root = root_of(path, roots)
        return None if root is None else self.at(root, _name_of(root))

    def at(self, root: str, name: str) -> SkillCopy:
        """What stands at ``root``, under the name it is called by. Never raises."""
        stamp = _stamp(root)
        known = self._known.get(root)
        if known is not None and stamp is not None and known[0] == stamp and known[1].name == name:
            return known[1]
        copy = _copy(root, name)
        while len(self._known) >= MAX_CACHED:
            self._known.pop(next(iter(self._known)), None)
        # What changed while it was read is read again the next time.
        self._known[root] = (stamp if stamp == _stamp(root) else None, copy)
        return copy


def root_of(path: str, roots: Sequence[str]) -> str | None:
    """The root of the skill that ``path`` lies in, by its spelling; None where it is no skill's."""
    for root in roots:
        if path == root or path.startswith(f"{root}/"):
            return root
    if (found := _ROOT.match(path)) is not None:
        return found[1]
    if _COMMAND.match(path):
        return path
    directory, _, file = path.rpartition("/")
    return directory or None if file.lower() == "skill.md" else None


def _name_of(root: str) -> str:
    name = root.rpartition("/")[2]
    return name.removesuffix(".md") if name.endswith(".md") else name


def _copy(root: str, name: str) -> SkillCopy:
    try:
        tree = read_tree(Path(root))
        return SkillCopy(name=name, root=root, digest=tree_digest(tree), forks=_forks(tree))
    except UnsoundTreeError as error:
        return SkillCopy(name=name, root=root, problem=str(error)[:1000])
    except (OSError, ValueError) as error:
        return SkillCopy(name=name, root=root, problem=f"can't be read: {error}"[:1000])


def read_tree(root: Path) -> SkillTree:
    """The tree of a skill's directory, or of a command's one file."""
    return read_skill(SkillPlace(path=root, kind=TreeKind.SKILL if root.is_dir() else TreeKind.PACKAGE))


def _forks(tree: SkillTree) -> bool:
    for entry in tree.entries:
        if entry.data is not None and (entry.path.lower() == "skill.md" or len(tree.entries) == 1):
            return bool(_FORKS.search(front_matter(entry.data)))
    return False


def front_matter(data: bytes) -> str:
    """The text between the two lines of dashes that a skill begins with; empty where there is none."""
    text = data[:MAX_HEAD].decode("utf-8", "replace").removeprefix("\ufeff")
    opening, _, rest = text.partition("\n")
    return rest.partition("\n---")[0] if opening.rstrip() == "---" else ""


def _stamp(root: str) -> tuple[tuple[object, ...], ...] | None:
    """What a change of anything in the tree changes; None where it can't be told."""
    found: list[tuple[object, ...]] = []
    try:
        pending = [root]
        seen = os.stat(root)  # noqa: PTH116 - a hot path
        found.append((root, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_mode))
        if not os.path.isdir(root):  # noqa: PTH112
            return tuple(found)
        while pending:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    seen = entry.stat(follow_symlinks=False)
                    found.append(
                        (
                            entry.path,
                            seen.st_ino,
                            seen.st_size,
                            seen.st_mtime_ns,
                            seen.st_ctime_ns,
                            seen.st_mode,
                        )
                    )
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
    except OSError:
        return None
    return tuple(sorted(found))


class _TooLargeError(Exception):
    """There is more to look through than can be."""


def _places(name: str, where: Where, *, qualified: bool) -> Iterator[str]:
    if not name or "/" in name or name in {".", ".."}:
        return
    for directory in dict.fromkeys(_client_directories(where)):
        yield from _in_directory(directory, name)
    for configuration in where.configurations:
        for plugin in installed(Path(configuration) / "plugins"):
            if qualified:
                yield from _in_directory(plugin, name)


def _in_directory(directory: Path, name: str) -> Iterator[str]:
    """Skills and commands called ``name`` in one of the client's directories: by their place, or by their own word."""
    skills = directory / "skills"
    for child in _children(skills):
        if child.name == name or _own_name(child) == name:
            yield str(child)
    yield from (str(one) for one in _commands(directory) if one.stem.lower() == name.lower())


def _commands(directory: Path) -> Iterator[Path]:
    for found, _, files in os.walk(directory / "commands"):
        yield from (Path(found) / file for file in sorted(files) if file.lower().endswith(".md"))


def _children(directory: Path) -> list[Path]:
    try:
        return sorted(one for one in directory.iterdir() if one.is_dir())
    except OSError:
        return []


def _own_name(skill: Path) -> str:
    for child in ("SKILL.md", "skill.md"):
        try:
            found = _NAMED.search(front_matter(head_of(skill / child, MAX_HEAD)))
        except OSError:
            continue
        return found[1].strip() if found else ""
    return ""


def head_of(path: Path, size: int) -> bytes:
    """The first ``size`` bytes of a plain file; nothing of anything else, such as a pipe that nobody writes to. Raises ``OSError``."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - opened without waiting
        return file.read(size) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _client_directories(where: Where) -> Iterator[Path]:
    yield from listed(where)
    yield from _nested(where.project)


def listed(where: Where) -> Iterator[Path]:
    """The client's directories of which it knows when a session starts."""
    yield MANAGED
    yield from map(Path, where.configurations)
    for start in dict.fromkeys((where.cwd, where.project)):
        here = Path(start)
        for directory in (here, *here.parents):
            yield directory / ".claude"


def _nested(project: str) -> Iterator[Path]:
    """``.claude`` directories below the project. Raises ``_TooLargeError``."""
    deadline = time.monotonic() + MAX_SECONDS
    if project in {"/", ""}:
        return
    for visited, (found, directories, _) in enumerate(os.walk(project), 1):
        if visited > MAX_DIRECTORIES or (visited % 512 == 0 and time.monotonic() > deadline):
            raise _TooLargeError(f"{project} is too large to look through for skills")
        if ".claude" in directories:
            yield Path(found) / ".claude"
        directories[:] = [one for one in directories if one not in _SKIPPED and one != ".claude"]


def installed(directory: Path) -> Iterator[Path]:
    """Where installed plugins stand, as the client's own list says; all that is there where it can't be read."""
    try:
        listed = json.loads((directory / "installed_plugins.json").read_bytes())
        found = set(_install_paths(listed))
    except (OSError, ValueError, RecursionError):
        found = set()
    if found:
        yield from (Path(one) for one in sorted(found))
        return
    for manifest in sorted(directory.glob("**/.claude-plugin")):
        yield manifest.parent


def _install_paths(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, item in value.items():
                if key == "installPath" and isinstance(item, str):
                    yield item
                else:
                    yield from _install_paths(item)
        case list():
            for item in value:
                yield from _install_paths(item)
        case _:
            pass
