"""A look at the file system that can't take long, so that most calls are judged without a thread of their own.

A thread costs a call about as much as its whole decision does. What may not happen in the event loop is a look that
hangs: at what another machine or a program answers for (NFS, FUSE, an automounter), or through a whole tree. So the
path is followed step by step, and never across such a mount.
"""

import contextlib
import os
import re
import select
import weakref
from pathlib import Path
from typing import Final

LOCAL: Final = frozenset((
    "bpf", "btrfs", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "erofs",
    "exfat", "ext2", "ext3", "ext4", "f2fs", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "ntfs3",
    "overlay", "proc", "pstore", "ramfs", "rootfs", "securityfs", "squashfs", "sysfs", "tmpfs", "tracefs",
    "udf", "vfat", "xfs", "zfs",
))  # fmt: skip
"""File systems that this machine's kernel answers for alone."""

MAX_LINKS: Final = 40
"""Links followed in one path, as the kernel does; a path with more may be a circle, and is left to the slower look."""

MOUNTS: Final = Path("/proc/self/mountinfo")

_OCTAL: Final = re.compile(r"\\([0-7]{3})")


class Mounts:
    """Where other file systems begin that may keep us waiting, as the kernel's table says (proc(5))."""

    def __init__(self, table: Path = MOUNTS) -> None:
        self._far: frozenset[str] | None = None
        self._table: int | None = None
        self._changed = select.poll()
        with contextlib.suppress(OSError):
            self._table = os.open(table, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._table)
            self._changed.register(self._table, select.POLLPRI | select.POLLERR)

    def far(self) -> frozenset[str] | None:
        """The mount points of file systems that are not ``LOCAL``; None where there is no such table."""
        if self._table is not None and (self._far is None or self._changed.poll(0)):
            table = b""
            while part := os.pread(self._table, 1 << 16, len(table)):
                table += part
            self._far = _far(table.decode(errors="surrogateescape"))
        return self._far


class Nearby:
    """``FileView`` for one request. Whoever used it asks ``missed``: if so, what it answered is worth nothing."""

    __slots__ = ("_far", "missed")

    def __init__(self, far: frozenset[str] | None) -> None:
        self._far = far or frozenset()
        self.missed = far is None

    def real(self, path: str) -> str:
        """What ``os.path.realpath`` says, as long as every step of it is near."""
        done, links = "", 0
        steps = path.split("/")[::-1]
        self.missed = self.missed or not path.startswith("/") or "\0" in path
        while steps and not self.missed:
            name = steps.pop()
            if name in {"", "."}:
                continue
            if name == "..":
                done = done.rpartition("/")[0]
                continue
            step = f"{done}/{name}"
            if step in self._far:
                self.missed = True
                break
            try:
                target = os.readlink(step)  # noqa: PTH115 - a call costs microseconds, a Path more
            except OSError:
                done = step  # no link, or nothing there
                continue
            except ValueError:  # no name that a file could have
                self.missed = True
                break
            links += 1
            self.missed = links > MAX_LINKS
            done = "" if target.startswith("/") else done
            steps.extend(target.split("/")[::-1])
        return done or "/"

    def expand(self, pattern: str) -> tuple[str, ...] | None:
        """Looking through a tree takes as long as it takes."""
        del pattern
        self.missed = True
        return None


def _far(table: str) -> frozenset[str]:
    found = set()
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        columns = before.split(" ")
        if after.split(" ")[0] not in LOCAL:
            found.add(_OCTAL.sub(lambda escaped: chr(int(escaped[1], 8)), columns[4]))
    return frozenset(found)
