"""What a confined command can reach: values that every backend understands."""

from enum import IntEnum, StrEnum
from typing import Protocol

from bailiwick.model.value import value


class Reach(IntEnum):
    """How far a command reaches at a path and, until a deeper place says otherwise, below it."""

    NOTHING = 0
    READ = 1
    WRITE = 2

    @property
    def label(self) -> str:
        """As it is shown."""
        return ("hidden", "read", "write")[self.value]


class Entry(StrEnum):
    """What stands at a path, links not followed."""

    ABSENT = "absent"
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


class Disk(Protocol):
    """The file system as a plan is made from it. Never raises but ``TooLargeError``; what can't be read is as if absent."""

    def real(self, path: str) -> str:
        """``path`` with symbolic links followed as far as it exists."""

    def entry(self, path: str) -> Entry:
        """What stands at ``path``."""

    def entries(self, directory: str) -> tuple[tuple[str, Entry], ...]:
        """The names in a directory and what each is, sorted. Raises ``TooLargeError`` when too many were looked at."""


class TooLargeError(Exception):
    """A tree has more entries than may be looked at; what policy hides in it would not all be found."""


class UnsafeError(Exception):
    """The policy can't be held here by any backend; the message says why and the mend."""


@value(frozen=True, slots=True, kw_only=True)
class Place:
    """A path from which on the reach is another. ``why`` says which rule or need makes it so."""

    path: str
    reach: Reach
    entry: Entry
    why: str


@value(frozen=True, slots=True, kw_only=True)
class Confinement:
    """Everything that a backend carries out, in order of path; what no place covers is not there.

    ``anchors`` are directories in writable places that hold a narrower place: renamed, they would take it away from
    the path that policy names. ``absent`` are protected paths that don't exist, each with the rule that protects it: nothing may come to be there.
    ``links`` are symbolic links (path, target) that lead to places under other names. ``network`` says that the
    command may talk to any host; there is nothing between all and none. ``unheld`` are patterns of protected files
    that could come to be anywhere: what a command creates there is only found afterwards.
    """

    places: tuple[Place, ...]
    anchors: tuple[str, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    network: bool = False
    network_why: str = ""
    unheld: tuple[str, ...] = ()

    def at(self, path: str) -> Place | None:
        """The deepest place that covers ``path``; None when it is not there."""
        best: Place | None = None
        for place in self.places:
            if within(path, place.path) and (best is None or len(place.path) >= len(best.path)):
                best = place
        return best

    def reach(self, path: str) -> Reach:
        """How far a command reaches at ``path``."""
        if any(within(path, one) for one, _ in self.absent):
            return Reach.NOTHING
        place = self.at(path)
        return Reach.NOTHING if place is None else place.reach


def within(path: str, directory: str) -> bool:
    """Whether ``path`` is ``directory`` or lies below it; both absolute and lexically normal."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")
