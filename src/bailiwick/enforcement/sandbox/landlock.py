"""A confinement as a Landlock rule set (Linux 6.12, ABI 6): trees and what may be done in them, and nothing else.

Landlock grants; it can't take back below what it grants. A narrower place inside a wider one is left out by granting
its neighbours instead, one by one, and then nothing new can be made beside them: the rule set is never wider than
the policy, and ``narrower`` says where it is more so. What Landlock has no word for (sockets that are not TCP, modes and
owners of files) the system call filter refuses altogether.
"""

from collections.abc import Iterator
from enum import IntFlag
from typing import Final

from bailiwick.enforcement.sandbox.confinement import (
    Confinement,
    Disk,
    Entry,
    Place,
    Reach,
    UnsafeError,
    within,
)
from bailiwick.model.value import value

MINIMUM_ABI: Final = 6
"""The first that keeps signals and abstract sockets inside (``landlock.7``)."""

MAX_RULES: Final = 20_000
"""Rules of one set; each is a descriptor to open."""

TEMPORARY: Final = ("/tmp", "/var/tmp")  # noqa: S108 - the directories themselves are meant

DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
"""What every command gets of /dev."""

PROCESSES: Final = (
    *("/proc/cpuinfo", "/proc/filesystems", "/proc/loadavg", "/proc/meminfo", "/proc/stat", "/proc/sys"),
    *("/proc/uptime", "/proc/version"),
)
"""What every command gets of /proc: nothing of other processes."""


class Right(IntFlag):
    """``LANDLOCK_ACCESS_FS_*`` of ``linux/landlock.h``."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


HANDLED: Final = Right((1 << 16) - 1)
"""Everything that ABI 6 knows: what no rule grants is refused."""

ON_FILES: Final = Right.EXECUTE | Right.WRITE_FILE | Right.READ_FILE | Right.TRUNCATE | Right.IOCTL_DEV
"""Rights that a rule on something else than a directory may have."""

_READ: Final = Right.READ_FILE | Right.EXECUTE
_WRITE: Final = (
    Right.WRITE_FILE
    | Right.TRUNCATE
    | Right.REMOVE_DIR
    | Right.REMOVE_FILE
    | Right.MAKE_DIR
    | Right.MAKE_REG
    | Right.MAKE_SYM
    | Right.MAKE_FIFO
    | Right.REFER
)


@value(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """Rights by path, in order of path; ``narrower`` says what policy allows and this does not, in a person's words."""

    rights: tuple[tuple[str, Right], ...]
    narrower: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether it is all that the policy allows, modes and owners of temporary files aside."""
        return not self.narrower


def ruleset(confinement: Confinement, disk: Disk) -> Ruleset:
    """The rule set that comes closest to ``confinement`` from below. Raises ``TooLargeError``."""
    rights: dict[str, Right] = {}
    narrower: list[str] = []
    nesting = _Nesting(confinement)
    for place in confinement.places:
        if place.reach is Reach.NOTHING or place.path in nesting.inner:
            continue
        inside = nesting.below(place)
        _grant(rights, disk, place, _READ, [one.path for one in inside if one.reach is Reach.NOTHING])
        hidden = [one.path for one in inside if one.reach is Reach.NOTHING and one.entry is Entry.DIRECTORY]
        _grant(rights, disk, place, Right.READ_DIR, hidden)
    for place in confinement.places:
        if place.reach is Reach.WRITE:
            less = [one.path for one in nesting.below(place) if one.reach < Reach.WRITE]
            less += [path for path, _ in confinement.absent if within(path, place.path)]
            if not _grant(rights, disk, place, _WRITE, less):
                narrower.insert(
                    0, f"nothing new directly in {', '.join(sorted(_split(place.path, less))[:3])}"
                )
            if not any(within(place.path, one) for one in TEMPORARY):
                narrower.append(f"modes and times of files in {place.path} can't be changed")
    for path in DEVICES:
        rights[path] = Right.READ_FILE | Right.WRITE_FILE | Right.IOCTL_DEV
    for path in PROCESSES:
        rights[path] = Right.READ_FILE | (Right.READ_DIR if disk.entry(path) is Entry.DIRECTORY else Right(0))
    if confinement.network:
        narrower.append("no Unix sockets")
    return Ruleset(rights=tuple(sorted(rights.items())), narrower=tuple(narrower))


@value(frozen=True, slots=True)
class _Nesting:
    """Which places lie inside which."""

    confinement: Confinement

    @property
    def inner(self) -> frozenset[str]:
        """Places inside a wider or equal visible one, without a hidden one between: the outer grant reaches them."""
        return frozenset(
            place.path
            for place in self.confinement.places
            if place.reach > Reach.NOTHING and self._reached(place)
        )

    def below(self, place: Place) -> list[Place]:
        """The places inside ``place``."""
        return [one for one in self.confinement.places if one is not place and within(one.path, place.path)]

    def _reached(self, place: Place) -> bool:
        outer = [one for one in self.confinement.places if one is not place and within(place.path, one.path)]
        return bool(outer) and max(outer, key=lambda one: len(one.path)).reach > Reach.NOTHING


def _grant(rights: dict[str, Right], disk: Disk, place: Place, right: Right, islands: list[str]) -> bool:
    """Grant ``right`` at ``place`` but not at ``islands``; False when a directory had to be split for that."""
    found = list(_around(disk, place.path, place.entry, islands))
    if len(rights) + len(found) > MAX_RULES:
        raise UnsafeError(f"Landlock would need more than {MAX_RULES} rules here; install bubblewrap")
    for path, entry in found:
        given = right if entry is Entry.DIRECTORY else right & ON_FILES
        if given:
            rights[path] = rights.get(path, Right(0)) | given
    return not islands


def _around(disk: Disk, path: str, entry: Entry, islands: list[str]) -> Iterator[tuple[str, Entry]]:
    """The largest trees in ``path`` without any of ``islands``."""
    inside = [one for one in islands if within(one, path)]
    if not inside:
        yield path, entry
    elif path not in inside and entry is Entry.DIRECTORY:
        for name, child in disk.entries(path):
            if child is not Entry.LINK:
                yield from _around(disk, f"{path.rstrip('/')}/{name}", child, inside)


def _split(path: str, islands: list[str]) -> set[str]:
    """The directories between ``path`` and its islands, in which neighbours were granted one by one."""
    found = set()
    for island in islands:
        above = island.rsplit("/", 1)[0] or "/"
        while within(above, path):
            found.add(above)
            if above == "/":
                break
            above = above.rsplit("/", 1)[0] or "/"
    return found
