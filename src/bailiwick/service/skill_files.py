"""Skills on disk: where they are below a path, and one tree of values for each. Reads only, follows no link."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from bailiwick.analysis.skill.containers import archive_tree, is_archive
from bailiwick.analysis.skill.imports import MEMORY, imported
from bailiwick.model.skill import Entry, EntryType, Partial, SkillTree, TreeKind
from bailiwick.model.value import value

MAX_FILE = 16 * 2**20
"""Bytes of one file that are kept; a larger one is only hashed, and the tree is partial."""

MAX_HASHED = 512 * 2**20
"""Bytes of one file that are hashed."""

MAX_TOTAL = 64 * 2**20
"""Bytes of one tree that are kept."""

MAX_ENTRIES = 20_000
"""Entries of one tree."""

MAX_DEPTH = 40
"""Directories below each other, also where skills are looked for."""

MAX_VISITED = 400_000
"""Directories that are looked into for skills."""

MAX_IMPORTED = 400_000
"""Bytes of a memory file in which imports are looked for."""

_UNINTERESTING = frozenset((".git", "node_modules", ".venv", "__pycache__"))
"""Directories in which no skill is looked for; inside a skill they are read like any other."""


@value(frozen=True, slots=True, kw_only=True)
class SkillPlace:
    """One thing to read. ``within`` are the paths, relative to ``path``, that belong to it; empty for all of them."""

    path: Path
    kind: TreeKind
    within: tuple[str, ...] = ()


class NoSkillError(Exception):
    """There is nothing to read at a path; the message names it."""


def find_skills(path: Path) -> list[SkillPlace]:
    """Every skill, plugin, marketplace and set of client files at or below ``path``, outermost first.

    A directory in which none is found is read whole, as a package: what is asked to be scanned is scanned.
    Raises NoSkillError when there is nothing at ``path``.
    """
    if not os.path.lexists(path):
        raise NoSkillError(f"{path}: there is no such file or directory")
    if not path.is_dir():
        if path.name.lower() == "skill.md":
            return [SkillPlace(path=path.parent, kind=TreeKind.SKILL)]
        return [SkillPlace(path=path, kind=TreeKind.PACKAGE)]
    found = list(_places(path))
    if found:
        return found
    with os.scandir(path) as entries:
        if next(entries, None) is None:
            raise NoSkillError(f"{path}: the directory is empty")
    return [SkillPlace(path=path, kind=TreeKind.PACKAGE)]


def _places(top: Path) -> Iterator[SkillPlace]:
    visited = 0
    for where, directories, files in os.walk(top):
        here = Path(where)
        visited += 1
        if visited > MAX_VISITED:
            raise NoSkillError(f"{top}: more than {MAX_VISITED} directories; name the parts to look at")
        depth = len(here.relative_to(top).parts)
        directories[:] = sorted(
            name for name in directories if name not in _UNINTERESTING and depth < MAX_DEPTH
        )
        lowered = {name.lower() for name in files}
        if "skill.md" in lowered:
            yield SkillPlace(path=here, kind=TreeKind.SKILL)
            continue
        if here.name == ".claude-plugin":
            continue
        if (here / ".claude-plugin" / "marketplace.json").is_file():
            yield SkillPlace(
                path=here, kind=TreeKind.MARKETPLACE, within=(".claude-plugin/marketplace.json",)
            )
        if (here / ".claude-plugin" / "plugin.json").is_file():
            yield SkillPlace(path=here, kind=TreeKind.PLUGIN, within=_outside_skills(here))
        elif within := _client_files(here, nested=here != top):
            yield SkillPlace(path=here, kind=TreeKind.CONFIGURATION, within=within)


_CLIENT_FILES = (
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude/commands",
    ".claude/agents",
    ".claude/hooks",
    ".claude/rules",
    ".claude/output-styles",
    ".claude/CLAUDE.md",
    ".mcp.json",
    ".lsp.json",
    "CLAUDE.md",
    "CLAUDE.local.md",
    "AGENTS.md",
    "settings.json",
    "settings.local.json",
    "managed-settings.json",
    "managed-settings.d",
    "managed-mcp.json",
    "commands",
    "agents",
    "hooks",
)
"""Files that the client reads beside skills."""

_OF_AN_ACCOUNT = 8
"""The last of them stand in ``~/.claude`` and ``/etc/claude-code``; elsewhere the names mean something else."""


def _client_files(here: Path, *, nested: bool) -> tuple[str, ...]:
    """What the client reads of a directory; ``.claude`` inside a project was told with the project."""
    if nested and here.name == ".claude":
        return ()
    names = _CLIENT_FILES if not nested else _CLIENT_FILES[:-_OF_AN_ACCOUNT]
    within = tuple(name for name in names if os.path.lexists(here / name))
    return within + tuple(sorted(_taken_in(here, within) - set(within)))


def _taken_in(here: Path, within: tuple[str, ...]) -> set[str]:
    """What the memory files among ``within`` import of the same directory."""
    rules = [f".claude/rules/{one.name}" for one in _listed(here / ".claude" / "rules")]
    return {
        path
        for name in (*within, *rules)
        if MEMORY.search(name)
        for path in imported(name, lambda path: _text(here / path))
    }


def _listed(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str | None:
    """The beginning of a file that is one, and no link; None for all else."""
    try:
        with os.fdopen(
            os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb"
        ) as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return file.read(MAX_IMPORTED).decode("utf-8", "replace") if regular else None
    except OSError:
        return None


def _outside_skills(plugin: Path) -> tuple[str, ...]:
    """The top-level names of a plugin without its skills, each of which is read by itself."""
    return tuple(sorted(one.name for one in plugin.iterdir() if one.name not in ("skills", ".git")))


@value(frozen=False, slots=True)
class _Reading:
    """What has been read of one tree so far."""

    entries: list[Entry] = field(default_factory=list)
    partial: list[Partial] = field(default_factory=list)
    kept: int = 0


def read_skill(place: SkillPlace) -> SkillTree:
    """The tree at ``place``. Total but for what can't be opened at all, which is said in ``partial``.

    Links are recorded and not followed; devices, pipes and sockets are recorded and not opened. The content comes
    from the file descriptor that was looked at, so that nothing can be put in its place in between.
    """
    name = place.path.resolve().name or "skill"
    if not place.path.is_dir():
        return _single(place)
    reading = _Reading()
    try:
        top = os.open(place.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        reading.partial.append(Partial(path=".", reason=f"can't be opened: {error.strerror}"))
    else:
        try:
            _directory(reading, top, "", place.within, 0)
        finally:
            os.close(top)
    return SkillTree(
        root=str(place.path),
        name=name,
        kind=place.kind,
        entries=tuple(sorted(reading.entries, key=lambda entry: entry.path)),
        partial=tuple(reading.partial),
    )


def _single(place: SkillPlace) -> SkillTree:
    """A file by itself: an archive is read as the tree it holds."""
    reading = _Reading()
    top = os.open(place.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _entry(reading, top, place.path.name, place.path.name)
    finally:
        os.close(top)
    only = reading.entries[0] if reading.entries else None
    if only is not None and only.data is not None and is_archive(only.path, only.data):
        return archive_tree(str(place.path), only.path, only.data)
    return SkillTree(
        root=str(place.path),
        name=place.path.stem,
        kind=place.kind,
        entries=tuple(reading.entries),
        partial=tuple(reading.partial),
    )


def _directory(reading: _Reading, here: int, prefix: str, within: tuple[str, ...], depth: int) -> None:
    if depth > MAX_DEPTH:
        reading.partial.append(
            Partial(path=prefix.rstrip("/"), reason=f"more than {MAX_DEPTH} directories deep")
        )
        return
    try:
        names = sorted(os.listdir(here))
    except OSError as error:
        reading.partial.append(
            Partial(path=prefix.rstrip("/") or ".", reason=f"can't be listed: {error.strerror}")
        )
        return
    for name in names:
        path = prefix + name
        if within and not any(_related(path, wanted) for wanted in within):
            continue
        if len(reading.entries) >= MAX_ENTRIES:
            if not reading.partial or reading.partial[-1].reason != f"more than {MAX_ENTRIES} entries":
                reading.partial.append(Partial(path=path, reason=f"more than {MAX_ENTRIES} entries"))
            return
        inner = _entry(reading, here, name, path)
        if inner is not None:
            try:
                _directory(reading, inner, f"{path}/", within, depth + 1)
            finally:
                os.close(inner)


def _related(path: str, wanted: str) -> bool:
    return path == wanted or path.startswith(f"{wanted}/") or wanted.startswith(f"{path}/")


def _entry(reading: _Reading, parent: int, name: str, path: str) -> int | None:
    """Record one entry; a descriptor of it when it is a directory."""
    try:
        seen = os.stat(name, dir_fd=parent, follow_symlinks=False)
        mode = stat.S_IMODE(seen.st_mode)
        if stat.S_ISLNK(seen.st_mode):
            target = os.readlink(name, dir_fd=parent)
            reading.entries.append(Entry(path=path, type=EntryType.LINK, mode=mode, target=target))
            return None
        if stat.S_ISDIR(seen.st_mode):
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
            reading.entries.append(Entry(path=path, type=EntryType.DIRECTORY, mode=mode))
            return inner
        if not stat.S_ISREG(seen.st_mode):
            reading.entries.append(Entry(path=path, type=EntryType.OTHER, mode=mode))
            reading.partial.append(Partial(path=path, reason="a device, a pipe or a socket"))
            return None
        # Without O_NONBLOCK a pipe that has taken the file's place would hold us up.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    except OSError as error:
        reading.partial.append(Partial(path=path, reason=f"can't be read: {error.strerror}"))
        return None
    with os.fdopen(file, "rb", buffering=0) as opened:
        _file(reading, opened.fileno(), path)
    return None


def _file(reading: _Reading, file: int, path: str) -> None:
    seen = os.fstat(file)
    mode = stat.S_IMODE(seen.st_mode)
    if not stat.S_ISREG(seen.st_mode):
        reading.partial.append(Partial(path=path, reason="changed while it was read"))
        return
    digest, size, chunks = hashlib.sha256(), 0, []
    keep = seen.st_size <= MAX_FILE and reading.kept + seen.st_size <= MAX_TOTAL
    reason = "" if keep else f"larger than the {MAX_FILE >> 20} MiB of a file or {MAX_TOTAL >> 20} MiB in all"
    try:
        while chunk := os.read(file, 1 << 20):
            size += len(chunk)
            if size > MAX_HASHED:
                reason = f"larger than {MAX_HASHED >> 20} MiB"
                break
            digest.update(chunk)
            if keep and size > MAX_FILE:
                keep, reason = False, "grew while it was read"
            if keep:
                chunks.append(chunk)
    except OSError as error:
        keep, reason = False, f"can't be read: {error.strerror}"
    data = b"".join(chunks) if keep else None
    whole = size <= MAX_HASHED and not reason.startswith("can't")
    if reason:
        reading.partial.append(Partial(path=path, reason=reason))
    reading.kept += len(data) if data is not None else 0
    reading.entries.append(
        Entry(
            path=path,
            type=EntryType.FILE,
            mode=mode,
            size=size,
            data=data,
            sha256=digest.hexdigest() if whole else "",
            links=seen.st_nlink,
        )
    )
