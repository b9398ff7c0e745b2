"""A confinement as the arguments of bubblewrap (bwrap 0.6 or newer).

The command starts with an empty root; what it may reach is mounted into that, deeper places over wider ones, so that
a place inside another can be narrower or wider. It has processes, shared memory, host name and, unless policy allows
every host, a network of its own.
"""

from collections.abc import Iterator

from bailiwick.enforcement.sandbox.confinement import Confinement, Entry, Place, Reach
from bailiwick.model.value import value

TEMPORARY = "/tmp"  # noqa: S108 - the directory itself is meant


@value(frozen=True, slots=True, kw_only=True)
class Mounts:
    """The arguments between ``bwrap`` and the command.

    ``placeholders`` are the directories that must exist while the command runs, for mounts to stand on: the absent
    paths that are protected. Whoever makes them removes them.
    """

    arguments: tuple[str, ...]
    placeholders: tuple[str, ...]


def mounts(
    confinement: Confinement, *, cwd: str, status: int, seccomp: int, without_network: bool = False
) -> Mounts:
    """How bubblewrap carries ``confinement`` out.

    ``status`` is the descriptor on which it reports, ``seccomp`` the one that it reads the system call filter from.
    ``without_network`` takes the network away even where policy gives it.
    """
    words = [
        *("--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *(() if confinement.network and not without_network else ("--unshare-net",)),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--json-status-fd", str(status), "--seccomp", str(seccomp)),
        *_file_systems(confinement, cwd),
        *("--chdir", cwd),
    ]
    return Mounts(arguments=tuple(words), placeholders=tuple(path for path, _ in confinement.absent))


def _file_systems(confinement: Confinement, cwd: str) -> Iterator[str]:
    places = {place.path: place for place in confinement.places}
    sealed = []
    if whole := places.pop("/", None):
        yield from _bound(whole)
    else:
        sealed.append("/")
    yield from ("--proc", "/proc", "--dev", "/dev")
    if confinement.reach(TEMPORARY) is Reach.NOTHING:
        yield from ("--perms", "1777", "--tmpfs", TEMPORARY)
    for path in sorted({*places, *confinement.anchors}, key=lambda one: one.split("/")):
        place = places.get(path)
        if place is None:
            # A mount point can't be renamed, whatever may be done in it.
            yield from ("--bind", path, path)
        elif place.reach > Reach.NOTHING:
            yield from _bound(place)
        elif place.entry is Entry.DIRECTORY:
            yield from ("--perms", "0555", "--tmpfs", path)
            sealed.append(path)
        else:
            # A device on a mount without devices: opening it is refused, whoever asks.
            yield from ("--ro-bind", "/dev/null", path)
    for path, _ in confinement.absent:
        yield from ("--perms", "0555", "--tmpfs", path)
        sealed.append(path)
    for path, target in confinement.links:
        yield from ("--symlink", target, path)
    # The command starts there, whatever of it is to be seen.
    yield from ("--dir", cwd) if confinement.reach(cwd) is Reach.NOTHING else ()
    # Deepest first: a directory is sealed when everything in it is in place.
    for path in sorted(sealed, reverse=True):
        yield from ("--remount-ro", path)


def _bound(place: Place) -> Iterator[str]:
    yield "--bind" if place.reach is Reach.WRITE else "--ro-bind"
    yield place.path
    yield place.path
