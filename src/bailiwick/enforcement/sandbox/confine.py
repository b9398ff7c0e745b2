"""A policy to a confinement: the places of this machine at which the policy's answer changes.

What a command may reach in the sandbox is what the PDP allows it without a question; what it would ask about or
deny is not there. The globs of the policy only say where to look: how far the reach goes at each place found is
asked of the PDP itself.

1. Sites: where a file rule begins to match on this disk, what programs need to start, and the project.
2. The reach at each site: of a directory, that of anything in it.
3. Patterns for any directory (``**/.env``) are looked for where people keep files.
4. Names that are protected and don't exist yet (CVE-2026-25725).
5. Sites at which nothing changes are left out.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import field
from itertools import islice
from posixpath import dirname, normpath
from typing import Final

from bailiwick.administration.targets.native import enforced
from bailiwick.enforcement.sandbox.confinement import (
    Confinement,
    Disk,
    Entry,
    Place,
    Reach,
    TooLargeError,
    UnsafeError,
    within,
)
from bailiwick.enforcement.sandbox.oracle import Oracle
from bailiwick.enforcement.sandbox.patterns import ANYWHERE, Finder, Pattern, begins, patterns_of
from bailiwick.model.access import AccessKind
from bailiwick.model.value import value
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import HostCondition, PathCondition, Policy, Rule, Subject

RUNTIME: Final = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/snap"),
    *("/etc/alternatives", "/etc/ca-certificates.conf", "/etc/gai.conf", "/etc/group", "/etc/host.conf"),
    *("/etc/hosts", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"),
    *(
        "/etc/locale.alias",
        "/etc/mime.types",
        "/etc/nsswitch.conf",
        "/etc/passwd",
        "/etc/pki",
        "/etc/protocols",
    ),
    *("/etc/resolv.conf", "/etc/services", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/terminfo"),
    *("/etc/timezone", "/etc/python3", "/etc/java", "/etc/perl", "/etc/magic"),
)
"""What programs need to start: readable unless an entry of the policy stands against it, whatever ``other`` says."""

SYSTEM: Final = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/snap"),
    *("/etc", "/boot", "/var", "/run", "/sys", "/proc", "/dev"),
)
"""Where patterns for any directory are not looked for: it holds the system's files, and nobody's own."""

OWN: Final = ("/proc", "/dev")
"""File systems of which a command gets its own."""

TEMPORARY: Final = ("/tmp", "/var/tmp")  # noqa: S108 - the directories themselves are meant

MAX_TEMPORARY: Final = 200
"""Paths that policy objects to in a directory for temporary files; with more, the command gets one of its own."""

MAX_TEMPORARY_ENTRIES: Final = 50_000
"""Entries of such a directory that are looked through."""

MAX_PLACES: Final = 2000
"""Places of one confinement; each is a mount, and the kernel allows 100,000 in all."""


@value(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a command is to run: absolute real paths. ``temporary`` is the directory for temporary files."""

    project: str
    home: str
    cwd: str
    temporary: str = "/tmp"  # noqa: S108 - as above


def confine(oracle: Oracle, where: Where, disk: Disk, *, sockets: tuple[str, ...] = ()) -> Confinement:
    """The confinement of a command under the oracle's policy.

    ``sockets`` are the paths of Unix sockets on which somebody listens; policy has no word for them, and a command
    reaches none. Raises ``UnsafeError`` or ``TooLargeError`` when what policy says can't be held here.
    """
    survey = _Survey(oracle=oracle, where=where, disk=disk)
    survey.named()
    survey.anywhere()
    survey.protect()
    for path in sockets:
        survey.hide(path, "a socket of another program")
    places = survey.places()
    allowed, why = _network(oracle)
    return Confinement(
        places=places,
        anchors=_anchors(places, tuple(survey.absent)),
        absent=tuple(sorted(survey.absent.items())),
        links=survey.needed_links(places),
        network=allowed,
        network_why=why,
        unheld=tuple(sorted(survey.unheld)),
    )


@value(frozen=False, slots=True, kw_only=True)
class _Survey:
    """What was found so far. ``sites`` maps a path to why it is one."""

    oracle: Oracle
    where: Where
    disk: Disk
    sites: dict[str, str] = field(default_factory=dict)
    reaches: dict[str, Reach] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    unheld: set[str] = field(default_factory=set)

    def named(self) -> None:
        """Sites that the policy names, what programs need, and the project (1)."""
        for path in (*RUNTIME, self.where.project, self.where.cwd, self.where.temporary):
            self._site(path)
        for _, pattern in self._patterns(floating=False):
            for path in begins(self.disk, "", pattern.segments, pattern.text):
                self._site(path)

    def anywhere(self) -> None:
        """Sites of patterns for any directory, where people keep files (3)."""
        finder = self.finder()
        project = self.where.project
        for tree in self._trees():
            hidden = frozenset(path for path, reach in self.reaches.items() if reach is Reach.NOTHING)
            searched = [tree]
            if _temporary(tree) and tree != project:
                self._temporary(tree, finder, hidden | {project})
                searched = [project] if within(project, tree) else []
            for top in searched:
                for path in list(finder.find(self.disk, top, leave_out=hidden)):
                    self._site(path)

    def _temporary(self, tree: str, finder: Finder, hidden: frozenset[str]) -> None:
        """Anybody may fill a directory for temporary files: one with too much in it is not there, but for the project."""
        try:
            found = list(islice(finder.find(_Bounded(self.disk), tree, leave_out=hidden), MAX_TEMPORARY + 1))
        except TooLargeError:
            found = None
        if found is None or len(found) > MAX_TEMPORARY:
            around = [
                path for path in self.sites if within(path, tree) and not within(path, self.where.project)
            ]
            for path in around:
                self.sites[path], self.reaches[path] = "more in it than can be looked through", Reach.NOTHING
        else:
            for path in found:
                self._site(path)

    def finder(self) -> Finder:
        """What looks for patterns of any directory that policy objects to."""
        return Finder([one for rule, one in self._patterns(floating=True) if rule.verdict > Verdict.ALLOW])

    def protect(self) -> None:
        """Names that may be read but not written, in directories that may be written (4)."""
        for rule, pattern in list(self._patterns()):
            if rule.verdict is Verdict.ALLOW or not _plants(rule) or not enforced(self.oracle.policy, rule):
                continue
            bases = [self.where.project] if pattern.floating else [""]
            for base in bases:
                self._protect(base, pattern, f"{rule.id} ({rule.origin})")

    def hide(self, path: str, why: str) -> None:
        """Make one existing path unreachable where it would be reached."""
        if self.disk.entry(path) is not Entry.ABSENT and self._covering(path) is not Reach.NOTHING:
            self.sites[path] = why
            self.reaches[path] = Reach.NOTHING

    def places(self) -> tuple[Place, ...]:
        """Sites at which the reach changes, in order of path (5). Raises ``UnsafeError`` for too many."""
        found: list[Place] = []
        above: list[Place] = []
        for path in sorted(self.sites, key=lambda one: one.rstrip("/").split("/")):
            while above and not within(path, above[-1].path):
                above.pop()
            reach = self.reaches[path]
            if reach is (above[-1].reach if above else Reach.NOTHING):
                continue
            entry = self.disk.entry(path)
            if entry is Entry.LINK:
                self._linked(path, reach, above[-1].reach if above else Reach.NOTHING)
                continue
            place = Place(
                path=path, reach=reach, entry=entry, why=self.sites[path] or self.oracle.why(path, reach)
            )
            found.append(place)
            above.append(place)
        if len(found) > MAX_PLACES:
            (why, count), *_ = Counter(place.why for place in found).most_common(1)
            example = next(place.path for place in found if place.why == why)
            raise UnsafeError(
                f"the policy's patterns match {len(found)} separate paths here, more than {MAX_PLACES}, {count} of them "
                f"by {why}, such as {example}; name directories in the policy rather than single files"
            )
        return tuple(found)

    def needed_links(self, places: tuple[Place, ...]) -> tuple[tuple[str, str], ...]:
        """Links to what is visible that no place shows, since the directory they stand in is not there."""
        shown = [place.path for place in places if place.reach > Reach.NOTHING]
        return tuple(
            (path, real)
            for path, real in sorted(self.links.items())
            if self._covering(real) > Reach.NOTHING and not any(within(path, one) for one in shown)
        )

    def _linked(self, path: str, reach: Reach, around: Reach) -> None:
        """A link has no reach of its own: what it leads to has. One that may not be replaced can't be held.

        In the project that is fatal. Elsewhere it is told: anybody may put a link into a directory that all share.
        """
        if around is not Reach.WRITE or reach is not Reach.READ:
            return
        if not within(path, self.where.project):
            self.unheld.add(path)
            return
        raise UnsafeError(
            f"{path} is a symbolic link where policy protects a file ({self.oracle.why(path, reach)}); in a sandbox "
            "it could be replaced, so nothing runs: put the file itself there"
        )

    def _patterns(self, *, floating: bool | None = None) -> Iterator[tuple[Rule, Pattern]]:
        for layer in self.oracle.policy.layers:
            for rule in layer.rules:
                if rule.subject is Subject.FILES and isinstance(rule.when, PathCondition):
                    for pattern in patterns_of(
                        rule.when.glob, project=self.oracle.project, home=self.oracle.principal.home
                    ):
                        if floating is None or pattern.floating is floating:
                            yield rule, pattern

    def _site(self, path: str) -> None:
        """Take in a path, and what it leads to."""
        path = normpath(path)
        if path in self.sites or any(within(path, own) for own in OWN):
            return
        entry = self.disk.entry(path)
        real = self.disk.real(path)
        if entry is Entry.ABSENT:
            return
        if real != path:
            if self.disk.entry(real) is not Entry.ABSENT:
                self._site(real)
                if entry is Entry.LINK:
                    self.links[path] = real
            if entry is not Entry.LINK:
                return  # it lies behind a link, and is found under its own name
        self.sites[path] = ""
        self.reaches[path] = self._reach(path, entry)
        needed = any(within(path, one) for one in RUNTIME)
        if self.reaches[path] is Reach.NOTHING and needed and not self.oracle.objected(path):
            self.sites[path] = "programs need it to start"
            self.reaches[path] = Reach.READ

    def _reach(self, path: str, entry: Entry) -> Reach:
        """The reach of a path; of a directory, the least that holds anywhere in it (2)."""
        return self.oracle.reach_below(path) if entry is Entry.DIRECTORY else self.oracle.reach(path)

    def _covering(self, path: str) -> Reach:
        """The reach that the sites so far give ``path``."""
        while True:
            if path in self.reaches and self.disk.entry(path) is not Entry.LINK:
                return self.reaches[path]
            if path == "/":
                return Reach.NOTHING
            path = dirname(path)

    def _trees(self) -> list[str]:
        """Trees in which people keep files and of which a command sees something; none inside another."""
        candidates = [
            path
            for path, reach in self.reaches.items()
            if reach > Reach.NOTHING
            and path != "/"
            and self.disk.entry(path) is Entry.DIRECTORY
            and not any(within(path, system) for system in SYSTEM if system != "/var" or not _temporary(path))
        ]
        candidates += [
            path
            for path in (self.where.project, self.where.home, self.where.cwd, self.where.temporary)
            if self._covering(path) > Reach.NOTHING and self.disk.entry(path) is Entry.DIRECTORY
        ]
        tops: list[str] = []
        for path in sorted(set(candidates)):
            if not tops or not within(path, tops[-1]):
                tops.append(path)
        return tops

    def _protect(self, base: str, pattern: Pattern, why: str) -> None:
        """See to it that nothing comes to be where ``pattern`` protects names that are not there."""
        path, fixed = base, pattern.fixed
        for name in fixed:
            path = f"{path}/{name}"
            if self.disk.entry(path) is Entry.ABSENT:
                if self._covering(dirname(path)) is Reach.WRITE:
                    self.absent.setdefault(path, why)
                return
        if not pattern.rest or pattern.rest == (ANYWHERE,):
            return
        if fixed and len(pattern.rest) == 1 and self._covering(path) is Reach.WRITE:
            self._freeze(path, why)
        elif self._covering(path or "/") is Reach.WRITE:
            self.unheld.add(pattern.text)

    def _freeze(self, directory: str, why: str) -> None:
        """No new name in ``directory``; what is there keeps its reach."""
        if directory in {self.where.project, self.where.home, self.where.cwd}:
            return
        for name, entry in self.disk.entries(directory):
            path = f"{directory}/{name}"
            if path not in self.sites and entry is not Entry.LINK:
                self.sites[path] = ""
                self.reaches[path] = self._reach(path, entry)
        self.sites[directory] = f"{why}: no new names"
        self.reaches[directory] = Reach.READ


def _anchors(places: tuple[Place, ...], absent: tuple[str, ...]) -> tuple[str, ...]:
    """The directories between a writable place and what is narrower in it."""
    found = set()
    for narrower in (*(place.path for place in places if place.reach < Reach.WRITE), *absent):
        around = [place for place in places if place.path != narrower and within(narrower, place.path)]
        outer = max(around, key=lambda place: len(place.path), default=None)
        if outer is not None and outer.reach is Reach.WRITE:
            above = dirname(narrower)
            while above != outer.path:
                found.add(above)
                above = dirname(above)
    return tuple(sorted(found))


def _temporary(path: str) -> bool:
    return any(within(path, temporary) for temporary in TEMPORARY)


def _plants(rule: Rule) -> bool:
    """Whether a rule is against writing alone: against what a file would do once it is there, not for a secret."""
    kinds = rule.when.kinds if isinstance(rule.when, PathCondition) else frozenset[AccessKind]()
    return AccessKind.WRITE in kinds and AccessKind.READ not in kinds


def _network(oracle: Oracle) -> tuple[bool, str]:
    """All or nothing: the kernel tells no host from another."""
    policy: Policy = oracle.policy
    hosts = {
        rule.when.host: rule.id
        for layer in policy.layers
        for rule in layer.rules
        if rule.subject is Subject.NETWORK
        and isinstance(rule.when, HostCondition)
        and rule.verdict > Verdict.ALLOW
    }
    if hosts:
        return (
            False,
            f"{next(iter(hosts.values()))} stands against a host, and the kernel can't tell hosts apart",
        )
    if oracle.connects("*") and oracle.connects("host.invalid"):
        return True, "policy allows every host"
    return False, "policy does not allow every host, and the kernel can't tell hosts apart"


@value(frozen=False, slots=True)
class _Bounded:
    """A disk of which only so much is looked at."""

    disk: Disk
    left: int = MAX_TEMPORARY_ENTRIES

    def real(self, path: str) -> str:
        return self.disk.real(path)

    def entry(self, path: str) -> Entry:
        return self.disk.entry(path)

    def entries(self, directory: str) -> tuple[tuple[str, Entry], ...]:
        found = self.disk.entries(directory)
        self.left -= len(found)
        if self.left < 0:
            raise TooLargeError(directory)
        return found


def guarded(oracle: Oracle, where: Where, disk: Disk) -> frozenset[str]:
    """The existing paths in the project at which a pattern begins that policy objects to, wherever it stands.

    Asked before and after a command, it shows what came to be although nobody may make it.
    """
    survey = _Survey(oracle=oracle, where=where, disk=disk)
    return frozenset(survey.finder().find(disk, where.project))
