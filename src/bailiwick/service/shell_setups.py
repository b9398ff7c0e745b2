"""Reads the snapshots of a person's shell that the client sources before every command."""

import os
import re
import stat
from functools import lru_cache
from pathlib import Path

from bailiwick.information.shell_setup import ShellSetup, common_setup, read_setup

PLACE = ".claude/shell-snapshots"
"""Where the client keeps them, below the home directory."""
MAX_SNAPSHOTS = 64
"""Files looked at; the client removes its own when it ends, so that more are left by none but crashes. The newest count."""
MAX_SIZE = 2**20
"""Bytes of one snapshot; the client's own bound on what the shell may print."""
EARLY_SECONDS = 60
"""How long before its session is opened here a client may have taken its snapshot."""
_NAME = re.compile(r"snapshot-(\w+)-(\d{13})-[\w-]+\.sh\Z", re.ASCII)


def setup_of(home: str, shell: str, opened: int) -> ShellSetup:
    """What the shell of a session knows that was opened at ``opened`` (seconds since 1970). Never raises.

    ``shell`` is the shell's path. Where several clients of one person have started since, which of their snapshots is
    the session's isn't known: only what all of them say is.
    """
    kind = shell.rpartition("/")[2]
    found: list[tuple[int, str]] = []
    try:
        with os.scandir(f"{home}/{PLACE}") as entries:
            for entry in entries:
                match = _NAME.match(entry.name)
                if match and match[1] == kind and int(match[2]) >= (opened - EARLY_SECONDS) * 1_000:
                    found.append((int(match[2]), entry.path))
        kept = sorted(found)[-MAX_SNAPSHOTS:]
        return common_setup([setup for _, path in kept if (setup := _setup(path, kind)) is not None])
    except (OSError, ValueError):
        return ShellSetup()


def _setup(path: str, kind: str) -> ShellSetup | None:
    told = Path(path).lstat()
    if not stat.S_ISREG(told.st_mode) or told.st_size > MAX_SIZE:
        return None
    return _read(path, "zsh" if kind == "zsh" else "bash", (told.st_ino, told.st_mtime_ns, told.st_size))


@lru_cache(maxsize=128)
def _read(path: str, dialect: str, _version: tuple[int, int, int]) -> ShellSetup:
    return read_setup(Path(path).read_text(encoding="utf-8", errors="replace"), dialect=dialect)
