"""Drift: where the kernel and the policy did not say the same. Found in a trace of what a command really did.

A trace is what ``strace -f -y`` writes: one call a line, descriptors with their paths.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from posixpath import basename, dirname, join, normpath
from typing import Final, Literal

from bailiwick.enforcement.sandbox.bubblewrap import TEMPORARY
from bailiwick.enforcement.sandbox.confine import OWN, RUNTIME
from bailiwick.enforcement.sandbox.confinement import Confinement, Reach, within
from bailiwick.enforcement.sandbox.oracle import Oracle
from bailiwick.model.access import AccessKind
from bailiwick.model.regex import regex
from bailiwick.model.value import value

What = Literal["made", "refused", "reached"]

TRACED: Final = "%file"
"""The calls that are traced: those that take a path."""

_CALL: Final = regex(r"^(?:\[pid +)?(?P<pid>\d+)?\]? *(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>.+)$")
_PATH: Final = regex(r'(?:(?:AT_FDCWD|\d+)<(?P<base>(?:[^<>\\]|\\.)*)>, )?"(?P<path>(?:[^"\\]|\\.)*)"')
_ESCAPE: Final = regex(r"\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))")
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f"}
_REFUSALS: Final = ("EACCES", "EPERM", "EROFS", "EBUSY")
_DELETING: Final = frozenset({"unlink", "unlinkat", "rmdir"})
_WRITING: Final = frozenset(
    (
        *(
            "creat",
            "mkdir",
            "mkdirat",
            "mknod",
            "mknodat",
            "truncate",
            "symlink",
            "symlinkat",
            "link",
            "linkat",
        ),
        *("chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "rename", "renameat", "renameat2"),
    )
)
_OPENING: Final = frozenset({"open", "openat", "openat2"})


@value(frozen=True, slots=True, kw_only=True)
class Drift:
    """``made``: a file that policy lets nobody make. ``reached``: what policy does not allow, the kernel let through.

    ``refused``: what policy allows, the kernel did not let through.
    """

    what: What
    path: str
    kind: AccessKind = AccessKind.WRITE

    def __str__(self) -> str:
        match self.what:
            case "made":
                return f"the command made {self.path}, which policy lets nobody make"
            case "reached":
                return f"the kernel let it {self.kind.value} {self.path}, which policy does not allow"
            case "refused":
                return f"the kernel did not let it {self.kind.value} {self.path}, which policy allows"


@value(frozen=True, slots=True, kw_only=True)
class Seen:
    """One access in a trace. ``refused`` says that the kernel did not let it through."""

    kind: AccessKind
    path: str
    refused: bool


def accesses(lines: Iterable[str]) -> Iterator[Seen]:
    """What a trace shows of files; calls that failed for another reason than a refusal are left out.

    A relative path of a call without directory is taken from where its process was last seen.
    """
    places: dict[str, str] = {}
    for line in lines:
        found = _CALL.match(line.rstrip("\n"))
        if found is None:
            continue
        pid, name, result = found["pid"] or "", found["name"], found["result"]
        refused = result.startswith("-1 ") and result.split()[1] in _REFUSALS
        if result.startswith("-1 ") and not refused:
            continue
        for number, one in enumerate(_PATH.finditer(found["arguments"])):
            if one["base"] is not None and one[0].startswith("AT_FDCWD"):
                places[pid] = _plain(one["base"])
            kind = _kind(name, found["arguments"], number)
            base = places.get(pid) if one["base"] is None else _plain(one["base"])
            path = _plain(one["path"])
            if kind is not None and path and (base is not None or path.startswith("/")):
                yield Seen(kind=kind, path=normpath(join(base or "/", path)), refused=refused)


def _kind(name: str, arguments: str, number: int) -> AccessKind | None:
    """What a call does to the path that is its ``number``-th."""
    if name in _OPENING:
        if "O_PATH" in arguments:
            return None
        writes = re.search(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC)\b", arguments)
        return AccessKind.WRITE if writes else AccessKind.READ
    if name in _DELETING or (name.startswith("rename") and number == 0):
        return AccessKind.DELETE
    if name.startswith("symlink") and number == 0:
        return None  # a text, and no path that is touched
    if name.startswith("link") and number == 0:
        return AccessKind.READ
    return AccessKind.WRITE if name in _WRITING else None


def _plain(text: str) -> str:
    def one(found: "re.Match[str]") -> str:
        if found[1] is not None:
            return chr(int(found[1], 16))
        if found[2] is not None:
            return chr(int(found[2], 8))
        return _LETTERS.get(found[3], found[3])

    latin = _ESCAPE.sub(one, text)
    try:
        return latin.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return latin


def compare(
    oracle: Oracle,
    confinement: Confinement,
    seen: Iterable[Seen],
    *,
    real: Callable[[str], str],
    possible: Callable[[AccessKind, str], bool],
) -> tuple[Drift, ...]:
    """Where what was seen differs from what the policy says of it.

    ``real`` follows links as they are outside; ``possible`` says whether the account could do it without a sandbox,
    so that a file of somebody else counts as nobody's drift. What a command gets of its own, and what it needs to
    start, is left out.
    """
    found: dict[Drift, None] = {}
    for one in dict.fromkeys(seen):
        # What is removed is the name itself, not what a link of that name leads to.
        path = (
            join(real(dirname(one.path)), basename(one.path))
            if one.kind is AccessKind.DELETE
            else real(one.path)
        )
        if any(within(path, own) for own in (*OWN, TEMPORARY)) and confinement.reach(path) is Reach.NOTHING:
            continue
        if one.kind is AccessKind.READ and any(within(path, needed) for needed in RUNTIME):
            continue
        allowed = oracle.allows(one.kind, path)
        if one.refused and allowed and possible(one.kind, path):
            found[Drift(what="refused", path=path, kind=one.kind)] = None
        elif not one.refused and not allowed and confinement.reach(path) is not Reach.NOTHING:
            found[Drift(what="reached", path=path, kind=one.kind)] = None
    return tuple(sorted(found, key=lambda drift: (drift.path, drift.what)))
