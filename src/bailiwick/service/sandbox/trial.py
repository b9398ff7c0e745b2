"""A trial run: a command in the sandbox, without network, on overlays that are thrown away; what it changed is told.

1. This process gets mounts of its own; nothing below is seen by any other.
2. Every directory that the command may write is covered by an overlay whose changes go to memory, bounded in size.
3. The command runs in the sandbox over that until its time is up. It has no input.
4. What the overlays hold is what it changed.
"""

import contextlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bailiwick.enforcement.sandbox.changes import Change
from bailiwick.enforcement.sandbox.confine import TEMPORARY
from bailiwick.enforcement.sandbox.confinement import Confinement, Entry, Place, Reach, within
from bailiwick.service.sandbox.kernel import leave_mounts, mount, unmount
from bailiwick.service.sandbox.runner import Sandbox, SandboxError

MAX_MEGABYTES: Final = 512
"""What a trial may write; a command that writes more sees a full disk."""

MAX_CHANGES: Final = 10_000
"""Changes that are told; those beyond are not looked at."""

MAX_COMPARED: Final = 16 * 1024 * 1024
"""Bytes of a file that are compared to see whether it changed; a larger one that was opened for writing has."""


_MARKS: Final = re.compile(r"[\\:,]")
_QUOTED: Final = r"\\\g<0>"
"""How overlayfs takes its own separators in a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a command changed, whether its time was up before it ended, and its exit code if it did end."""

    changes: tuple[Change, ...]
    unfinished: bool
    code: int | None


def try_out(sandbox: Sandbox, argv: Sequence[str], *, seconds: float) -> Trial:
    """Run ``argv`` where nothing it does lasts. Raises ``SandboxError`` when that can't be done here.

    The calling process can do nothing else afterwards: its mounts are the trial's.
    """
    confinement, _ = sandbox.plan()
    scratch = tempfile.mkdtemp(prefix="trial-", dir=_private(sandbox.home))
    try:
        with _overlays(confinement, scratch) as (trial, covers):
            for path, _ in trial.absent:
                Path(path).mkdir(parents=True, exist_ok=True)  # on the overlay
            try:
                code: int | None = sandbox.spawn_quietly(argv, trial, seconds=seconds)
            except subprocess.TimeoutExpired:
                code = None
            absent = frozenset(path for path, _ in trial.absent)
            changes = [one for cover in covers for one in cover.changes() if one.path not in absent]
            return Trial(
                changes=tuple(sorted(changes, key=lambda one: one.path)[:MAX_CHANGES]),
                unfinished=code is None,
                code=code,
            )
    except OSError as error:
        raise SandboxError(
            f"no overlay can be made here ({error.strerror or error}); nothing was tried"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _private(home: Path) -> Path:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cover:
    """An overlay over ``path``: ``upper`` holds the changes, ``lower`` is a descriptor of what lies beneath."""

    path: str
    upper: str
    lower: int

    def changes(self) -> Iterator[Change]:
        """What was created, changed and deleted, directories with something in them left out."""
        yield from self._below("")

    def _below(self, inside: str) -> Iterator[Change]:
        with os.scandir(self.upper + inside) as listed:
            entries = sorted(listed, key=lambda one: one.name)
        for entry in entries:
            name = f"{inside}/{entry.name}"
            before, now = self._before(name), entry.stat(follow_symlinks=False)
            path = f"{self.path.rstrip('/')}{name}"
            if stat.S_ISCHR(now.st_mode) and now.st_rdev == 0:
                yield Change(path=path, how="deleted")
            elif stat.S_ISDIR(now.st_mode):
                inner = list(self._below(name))
                if before is None or not stat.S_ISDIR(before.st_mode):
                    yield from inner or [Change(path=path, how="created" if before is None else "changed")]
                else:
                    if _opaque(self.upper + name) or stat.S_IMODE(before.st_mode) != stat.S_IMODE(
                        now.st_mode
                    ):
                        yield Change(path=path, how="changed")
                    yield from inner
            elif before is None:
                yield Change(path=path, how="created")
            elif not self._same(name, before, now):
                yield Change(path=path, how="changed")

    def _before(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name.lstrip("/"), dir_fd=self.lower, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _same(self, name: str, before: os.stat_result, now: os.stat_result) -> bool:
        if before.st_mode != now.st_mode or before.st_size != now.st_size:
            return False
        if stat.S_ISLNK(now.st_mode):
            before_it, now_it = (
                os.readlink(name.lstrip("/"), dir_fd=self.lower),
                Path(self.upper + name).readlink(),
            )
            return before_it == str(now_it)
        if not stat.S_ISREG(now.st_mode) or now.st_size > MAX_COMPARED:
            return False
        try:
            descriptor = os.open(name.lstrip("/"), os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self.lower)
        except OSError:
            return False
        with os.fdopen(descriptor, "rb") as old:
            return old.read() == Path(self.upper + name).read_bytes()


def _opaque(directory: str) -> bool:
    """Whether what lay beneath was removed and the directory made anew."""
    for name in ("user.overlay.opaque", "trusted.overlay.opaque"):
        try:
            if os.getxattr(directory, name) == b"y":
                return True
        except OSError:
            continue
    return False


@contextmanager
def _overlays(confinement: Confinement, scratch: str) -> Iterator[tuple[Confinement, list[_Cover]]]:
    """Cover what may be written (1, 2). Raises ``OSError``, or ``SandboxError`` for what can't be covered."""
    places = [_tamed(place) for place in confinement.places]
    tops = [one for one in places if one.reach is Reach.WRITE and one.entry is Entry.DIRECTORY]
    if any(one.path == "/" for one in tops):
        raise SandboxError(
            "policy makes the whole disk writable, and no overlay covers that; nothing was tried"
        )
    lowers = {one.path: os.open(one.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) for one in tops}
    try:
        leave_mounts()
        mount("tmpfs", scratch, "tmpfs", 0, f"size={MAX_MEGABYTES}m,mode=0700")
        covers, kept = [], []
        for number, place in enumerate(tops):
            if _mounted_below(place.path):
                if not any(within(place.path, one) for one in TEMPORARY):
                    raise SandboxError(f"other file systems are mounted in {place.path}; nothing was tried")
                kept.append(place)
                continue
            upper, work = f"{scratch}/{number}/upper", f"{scratch}/{number}/work"
            os.makedirs(upper)  # noqa: PTH103
            os.mkdir(work)  # noqa: PTH102
            shutil.copystat(place.path, upper)
            options = f"lowerdir={_MARKS.sub(_QUOTED, place.path)},upperdir={upper},workdir={work}"
            mount("overlay", place.path, "overlay", 0, options + (",userxattr" if os.getuid() else ""))
            covers.append(_Cover(path=place.path, upper=upper, lower=lowers[place.path]))
        # A directory for temporary files that can't be covered is replaced by an empty one of the sandbox's own.
        left = [one for one in places if not any(within(one.path, two.path) for two in kept)]
        yield replace(confinement, places=tuple(left), network=False), covers
    finally:
        with contextlib.suppress(OSError):
            unmount(scratch)
        for descriptor in lowers.values():
            os.close(descriptor)


def _tamed(place: Place) -> Place:
    """A single file can't be covered: it may be read only."""
    if place.reach is Reach.WRITE and place.entry is not Entry.DIRECTORY:
        return replace(place, reach=Reach.READ)
    return place


def _mounted_below(path: str) -> bool:
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    points = (
        line.split()[4].encode("latin-1", "replace").decode("unicode_escape", "replace") for line in lines
    )
    return any(within(point, path) and point != path for point in points)
