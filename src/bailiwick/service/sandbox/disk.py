"""The file system as a sandbox is planned from it, and the sockets that other programs listen on."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bailiwick.enforcement.sandbox.confinement import Entry, TooLargeError

MAX_ENTRIES: Final = 1_000_000
"""Directory entries looked at for one plan: some two seconds."""


@dataclass(slots=True)
class RealDisk:
    """``Disk`` over the running system, remembered while one plan is made.

    ``ghosts`` are directories that stand in for protected paths; they count as absent.
    """

    ghosts: frozenset[str] = frozenset()
    _seen: int = 0
    _known: dict[str, Entry] = field(default_factory=dict)

    def real(self, path: str) -> str:
        """``path`` with symbolic links followed; ``path`` itself where that fails."""
        try:
            return os.path.realpath(path)
        except (OSError, ValueError):
            return path

    def entry(self, path: str) -> Entry:
        """What stands at ``path``, links not followed."""
        if path not in self._known:
            self._known[path] = Entry.ABSENT if path in self.ghosts else _entry(path)
        return self._known[path]

    def entries(self, directory: str) -> tuple[tuple[str, Entry], ...]:
        """Names and what they are, sorted; nothing of a directory that can't be listed. Raises ``TooLargeError``."""
        try:
            with os.scandir(directory) as listed:
                found = sorted((one.name, _kind(one)) for one in listed)
        except OSError:
            return ()
        self._seen += len(found)
        if self._seen > MAX_ENTRIES:
            raise TooLargeError(
                f"{directory} and what was looked through before it have more than {MAX_ENTRIES} entries; what policy "
                "hides there would not all be found: run it from a smaller project, or make less of the disk readable"
            )
        if not self.ghosts:
            return tuple(found)
        stem = directory.rstrip("/")
        return tuple((name, entry) for name, entry in found if f"{stem}/{name}" not in self.ghosts)


def _entry(path: str) -> Entry:
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError):
        return Entry.ABSENT
    if stat.S_ISLNK(mode):
        return Entry.LINK
    if stat.S_ISDIR(mode):
        return Entry.DIRECTORY
    return Entry.FILE if stat.S_ISREG(mode) else Entry.OTHER


def _kind(one: "os.DirEntry[str]") -> Entry:
    if one.is_symlink():
        return Entry.LINK
    if one.is_dir(follow_symlinks=False):
        return Entry.DIRECTORY
    return Entry.FILE if one.is_file(follow_symlinks=False) else Entry.OTHER


def listening_sockets(table: Path = Path("/proc/net/unix")) -> tuple[str, ...]:
    """The paths of Unix sockets that programs of this network name space have bound; none where that can't be read."""
    try:
        text = table.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ()
    paths = {parts[7] for line in text.splitlines() if len(parts := line.split(maxsplit=7)) > 7}  # noqa: PLR2004
    return tuple(sorted(path for path in paths if path.startswith("/")))
