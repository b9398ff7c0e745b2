"""The compiled filters of the text rules, kept on disk: loading them takes a millisecond, compiling them two seconds.

1. The file's name says for which rules, which version of the library and which processor it was made.
2. It is used only from a directory and a file that are this account's alone: it is read by native code.
3. Where there is none, the rules are proven by their examples first; rules whose examples don't hold are not compiled.
"""

import contextlib
import os
import platform
import stat
from hashlib import sha256
from pathlib import Path

from bailiwick.analysis.text import candidates
from bailiwick.analysis.text.sound import prove

MAX_SIZE = 64 * 1024 * 1024
"""Bytes of the largest file that is read."""


def cache_directory() -> Path:
    """Where one account keeps what can be made again."""
    home = Path(os.environ.get("HOME") or Path.home())
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "bailiwick"


def warm(directory: Path | None = None) -> bool:
    """Search with compiled filters from now on. Raises UnsoundRulesError; False where they can't be had.

    Without a place to keep them they are compiled for this process.
    """
    if candidates.accelerated():
        return True
    place = (directory or cache_directory()) / _name()
    if candidates.use(_read(place)):
        return True
    prove()
    made = candidates.compile_database()
    if made is None or not candidates.use(made):
        return False
    _write(place, made)
    return True


def load(directory: Path | None = None) -> bool:
    """The same, but nothing is compiled: False where there is no file to read."""
    return candidates.accelerated() or candidates.use(_read((directory or cache_directory()) / _name()))


def _name() -> str:
    version = getattr(candidates.hyperscan, "__version__", "none")
    return f"text-rules-{sha256(f'{candidates.revision()} {version} {_processor()}'.encode()).hexdigest()[:24]}.hsdb"


def _processor() -> str:
    """What instructions there are: a database made for others may not run."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return platform.machine() + next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _read(place: Path) -> bytes | None:
    """What is kept there, if nobody else can have put it there."""
    try:
        if not _private(place.parent.stat()):
            return None
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            said = os.fstat(descriptor)
            if not stat.S_ISREG(said.st_mode) or not _private(said) or said.st_size > MAX_SIZE:
                return None
            return file.read()
    except OSError:
        return None


def _private(said: os.stat_result) -> bool:
    return said.st_uid == os.geteuid() and not said.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _write(place: Path, made: bytes) -> None:
    """Keep it, whole or not at all. That it can't be kept costs time and nothing else."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _private(place.parent.stat()):
            return
        temporary = place.with_suffix(f".{os.getpid()}")
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(made)
            temporary.replace(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        for old in place.parent.glob("text-rules-*.hsdb"):
            if old != place:
                old.unlink(missing_ok=True)
