"""The file system as analysis may see it: real paths and bounded pattern look-ups. Reads no file's content."""

import errno
import os
import time
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from bailiwick.analysis.paths import fixed_part
from bailiwick.model.glob import Glob, GlobError
from bailiwick.model.value import value

MAX_VISITED = 20_000
"""Directory entries looked at for one pattern; a larger tree is answered with None (not looked through)."""

MAX_SECONDS = 0.25
"""Wall time for one pattern, so that a slow file system delays no other session for longer."""

MAX_LOOKED_AT = 100
"""Names of a directory among which one with letters is sought."""

MAX_LINKS = 2
"""Directory links followed on the way to one path, so that a link to a parent ends."""


def folds_case(*places: str) -> bool:
    """Whether a file system at any of these places takes letters of either case for the same."""
    return any(map(_folds, places))


@lru_cache(maxsize=256)
def _folds(path: str) -> bool:
    """Whether the one at ``path`` does, as those of macOS and Windows do.

    What is in a directory tells; its own name does where it is empty. Above it may be another file system.
    """
    try:
        with os.scandir(path) as entries:
            inside = next(
                (entry.path for entry in islice(entries, MAX_LOOKED_AT) if _other(entry.path)), path
            )
        other = _other(inside)
        return other != "" and os.path.samestat(os.lstat(inside), os.lstat(other))
    except (OSError, ValueError):
        return False


def _other(path: str) -> str:
    """``path`` with the letters of its last name in the other case; nothing where that has none."""
    name = Path(path).name
    return str(Path(path).with_name(name.swapcase())) if name.swapcase() != name else ""


@value(frozen=True, slots=True)
class OsFiles:
    """``FileView`` over the running system."""

    def real(self, path: str) -> str:
        """``path`` with symbolic links followed as far as it exists; ``path`` itself where that fails."""
        try:
            return os.path.realpath(path)
        except (OSError, ValueError):
            return path

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        """Every existing path that ``pattern`` matches, and where links among them lead.

        Linked directories are looked into, because a shell's ``*/x`` does so too. Returns None when the tree is
        too large, too slow or partly unreadable, or the pattern is malformed.
        """
        found: set[str] = set()
        try:
            glob = Glob(pattern)
            base, rest = fixed_part(pattern)
            for path, linked in _below(base):
                if rest == "**" or glob.matches(path):
                    found.add(path)
                    if linked:
                        found.add(self.real(path))
        except (GlobError, OSError, ValueError):
            return None
        return tuple(sorted(found))


def _below(base: str) -> Iterator[tuple[str, bool]]:
    """``base`` and every path below it, each with whether a link leads there. Raises OSError past the bounds."""
    if not os.path.lexists(base):
        return
    yield base, Path(base).is_symlink()
    deadline = time.monotonic() + MAX_SECONDS
    visited = 0
    stack = [(base, 0)]
    while stack:
        directory, links = stack.pop()
        try:
            entries = os.scandir(directory)
        except (FileNotFoundError, NotADirectoryError):
            continue
        with entries:
            for entry in entries:
                visited += 1
                if visited > MAX_VISITED or (visited % 256 == 0 and time.monotonic() > deadline):
                    raise OSError("too large to look through")
                link = entry.is_symlink()
                yield entry.path, bool(link or links)
                if links + link <= MAX_LINKS and _is_directory(entry):
                    stack.append((entry.path, links + link))


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    """Whether there is a directory to look into; a link that leads to itself is none. Raises OSError."""
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise
