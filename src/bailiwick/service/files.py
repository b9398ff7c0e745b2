"""The file system as analysis may see it: real paths and bounded pattern look-ups. Reads no file's content."""

import os
import time
from dataclasses import dataclass

from bailiwick.model.glob import Glob, GlobError

MAX_VISITED = 20_000
"""Directory entries looked at for one pattern; a larger tree is answered with None (not looked through)."""

MAX_SECONDS = 0.25
"""Wall time for one pattern, so that a slow file system delays no other session for longer."""

_MAGIC = frozenset("*?[{\\")


@dataclass(frozen=True, slots=True)
class OsFiles:
    """``FileView`` over the running system."""

    def real(self, path: str) -> str:
        """``path`` with symbolic links followed as far as it exists; ``path`` itself where that fails."""
        try:
            return os.path.realpath(path)
        except (OSError, ValueError):
            return path

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        """Every existing path below the pattern's fixed part that it matches; links are not descended into.

        Returns None when the tree is too large, too slow or partly unreadable, or the pattern is malformed.
        """
        try:
            glob = Glob(pattern)
        except GlobError:
            return None
        base = _fixed_part(pattern)
        deadline = time.monotonic() + MAX_SECONDS
        found = [base] if os.path.lexists(base) and glob.matches(base) else []
        stack, visited = [base], 0
        while stack:
            try:
                with os.scandir(stack.pop()) as entries:
                    for entry in entries:
                        visited += 1
                        if visited > MAX_VISITED or (visited % 256 == 0 and time.monotonic() > deadline):
                            return None
                        if glob.matches(entry.path):
                            found.append(entry.path)
                            if entry.is_symlink():
                                found.append(self.real(entry.path))
                        if entry.is_dir(follow_symlinks=False):
                            stack.append(entry.path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError):
                return None
        return tuple(sorted(set(found)))


def _fixed_part(pattern: str) -> str:
    """The deepest directory that every match lies in or is."""
    fixed: list[str] = []
    for segment in pattern.split("/"):
        if _MAGIC & set(segment):
            break
        fixed.append(segment)
    return "/".join(fixed) or "/"
