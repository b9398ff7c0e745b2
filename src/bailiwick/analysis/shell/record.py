"""Where the interpreter writes down what it finds."""

import re

from bailiwick.analysis.commands.argument import LITERAL, NUMBER, OPEN, UNKNOWN, Arg, Place
from bailiwick.analysis.shell.state import ShellContext, State, normal
from bailiwick.analysis.shell.trail import Trail
from bailiwick.model.access import Access, AccessKind, Facts, Flow, Opaque, PathTarget, Span, Target
from bailiwick.model.glob import Budget, GlobError, escape, intersects, path_glob
from bailiwick.model.regex import regex

MAX_FLOWS = 1000
"""Flows kept; a command with more is opaque."""
MAX_WORK = 12_000
"""Work spent on one analysis, in words expanded; a command and an access cost several. Chosen so that what uses it up
takes some 30 ms, while scripts of a thousand plain lines stay below it."""
_QUIET = frozenset(
    (
        "/dev/null",
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/tty",
        "/dev/zero",
        "/dev/urandom",
        "/dev/random",
        "/dev/full",
    )
)
_DESCRIPTOR = regex(r"/dev/fd/\d+\Z", re.ASCII)
_MAGIC = regex(
    r"/proc/[^/]+/(?:task/[^/]+/)?(?:root|cwd|fd|map_files|exe|environ|mem)(?:/|\Z)|/dev/(?:fd|tcp|udp)(?:/|\Z)"
)
_MAGIC_LINKS = path_glob("/proc/*/{,task/*/}{root,cwd,fd,map_files,exe,environ,mem}{,/**}")
_MAGIC_FILES = path_glob("/proc/*/{,task/*/}{environ,mem}")
_WILD = regex(r"[*?\[{\\]")
_CLIMB = regex(r"(?:^|/)(?!\.\.?(?:/|\Z))[^/]+/+(?:\./+)*\.\.(?:/|\Z)")


class BudgetExceededError(Exception):
    """The script takes more work to read than the bound."""


class Record:
    """Accesses, opaque parts and flows, each once for each place in the text."""

    __slots__ = ("_flows", "_left", "_opaque", "_seen", "accesses", "again", "context", "owner", "trail")

    def __init__(self, context: ShellContext) -> None:
        self.context = context
        self.accesses: list[Access] = []
        self._left = MAX_WORK
        self.again = 0  # reasons why the same text may be read more than once
        self.owner: int | None = None  # the program that what is written down belongs to
        self.trail = Trail()
        self._seen: dict[Access, int] = {}
        self._opaque: dict[Opaque, None] = {}
        self._flows: dict[tuple[int, int], bool] = {}  # source and sink: whether by a file

    def spend(self, work: int) -> None:
        """Take off what something costs. Raises BudgetExceededError when that isn't left."""
        self._left -= work
        if self._left < 0:
            raise BudgetExceededError

    def facts(self) -> Facts:
        """Everything written down."""
        flows = self._flows and tuple([Flow(*ends, by_file) for ends, by_file in self._flows.items()])
        return Facts(tuple(self.accesses), tuple(self._opaque), flows or ())

    def access(self, kind: AccessKind, target: Target, cause: Place | None) -> int:
        """Write down one access; its index."""
        access = Access(kind, target, None if cause is None else Span(cause[0], cause[1]), self.owner)
        accesses = self.accesses
        index = len(accesses)
        if self.again and (known := self._seen.setdefault(access, index)) != index:
            return known
        accesses.append(access)
        self._left = left = self._left - 3
        if left < 0:
            raise BudgetExceededError
        return index

    def opaque(self, reason: str, cause: Place | None, kind: AccessKind | None = None) -> None:
        """Write down a part that isn't known; ``kind`` where only its target isn't."""
        self.trail.disturbances += 1
        self._opaque.setdefault(Opaque(reason=reason, cause=cause and Span(*cause), kind=kind, by=self.owner))

    def unclear(self, program: int) -> bool:
        """Whether something that a program does isn't known."""
        return any(part.by == program for part in self._opaque)

    def flow(self, source: int, sink: int, *, by_file: bool = False) -> None:
        """Write down that one program's output reaches another."""
        if source == sink:
            return
        self._left -= 1
        if self._left < 0:
            raise BudgetExceededError
        flows = self._flows
        if len(flows) >= MAX_FLOWS:
            self.opaque("too many flows", None)
            return
        ends = source, sink
        if ends not in flows:
            flows[ends] = by_file
        elif not by_file:
            del flows[ends]  # what also comes straight is told as that
            flows[ends] = False

    def path(  # noqa: PLR0913, PLR0917 - an access has so many sides
        self,
        kind: AccessKind,
        path: Arg,
        state: State,
        cause: Place | None,
        tree: bool = False,  # noqa: FBT001, FBT002 - by position since it is called so often
        without: tuple[str, ...] = (),
        names: bool = False,  # noqa: FBT001, FBT002 - same
    ) -> tuple[PathTarget, ...]:
        """Write down an access to what ``path`` names, seen from the working directory; what it may touch.

        ``without`` are globs, relative to ``path``, of what is left out of a tree. With ``names`` only names are told.
        """
        text, bases = path.text, state.cwd
        glob = path.kind is not LITERAL
        if glob:
            if path.kind is NUMBER:
                text = "*"
            elif path.kind is UNKNOWN or path.kind is OPEN:
                begins = f" (begins {text!r})" if text else ""
                self.opaque(f"{kind} of a path that isn't known{begins}", cause, kind)
                return ()
        elif not text or (text.startswith("/dev/") and (text in _QUIET or _DESCRIPTOR.match(text))):
            return ()
        if text[:1] == "/":
            return self._one(kind, text, text, cause, glob, tree, without, names)
        if bases is None:
            self.opaque(f"{kind} of {text!r} in a directory that isn't known", cause, kind)
            return ()
        if glob:
            bases = tuple([escape(base) for base in bases])
        if len(bases) == 1:
            return self._one(kind, f"{bases[0]}/{text}", text, cause, glob, tree, without, names)
        return tuple(
            target
            for base in bases
            for target in self._one(kind, f"{base}/{text}", text, cause, glob, tree, without, names)
        )

    def _one(  # noqa: PLR0913, PLR0917 - one access in full, by position since it is made so often
        self,
        kind: AccessKind,
        whole: str,
        text: str,
        cause: Place | None,
        glob: bool,  # noqa: FBT001 - same
        tree: bool,  # noqa: FBT001 - same
        without: tuple[str, ...],
        names: bool,  # noqa: FBT001 - same
    ) -> tuple[PathTarget, ...]:
        path = normal(whole)
        real = None
        if ".." in text:
            files = self.context.files
            if files is not None and not glob and not self.trail.links:
                real = files.real(whole)
                real = None if real == path else real
            elif _CLIMB.search(whole if self.trail.links else text):
                # The kernel follows a link before it goes up; lexically the link is never seen.
                self.opaque("'..' after a name that may be a symbolic link", cause, kind)
        if (
            _MAGIC.match(path) is not None
            if path.startswith(("/proc/", "/dev/"))
            else glob and _near_proc(path)
        ):
            self.opaque("path into another process or the network", cause, kind)
        if not (glob or tree or self.trail.links):  # mostly
            target = PathTarget(path, False, real, None, (), names)  # noqa: FBT003 - by position since it is made so often
            self.access(kind, target, cause)
            return (target,)
        excluded: tuple[str, ...] = ()
        if tree:
            below = "" if path == "/" else path if glob else escape(path)
            excluded = tuple(f"{below}/{left_out}" for left_out in without)
            path = f"{below}/**"
        if glob and not _is_glob(path):
            self.opaque("pattern of too many alternatives", cause, kind)
            return ()
        target = PathTarget(path, glob or tree, real, None, excluded, names)
        self.access(kind, target, cause)
        if not self.trail.links:
            return (target,)
        led = self.trail.led(path, pattern=target.pattern, removing=kind is AccessKind.DELETE)
        self.spend(4)
        others = tuple(PathTarget(path=place, pattern=pattern, names=names) for place, pattern in led)
        self.spend(8 * len(others))
        for other in others:
            self.access(kind, other, cause)
        return (target, *others)

    def link(  # noqa: PLR0913 - what a link is takes so many words
        self, name: Arg, target: Arg, state: State, cause: Place | None, *, symbolic: bool, fresh: bool
    ) -> None:
        """Write down a new name: what is done to ``name`` later may be done to ``target``.

        A name that isn't ``fresh`` matters only where the old one is, or may hold, a link.
        """
        if name.literal is None or target.literal is None or state.cwd is None:
            if fresh or self.trail.links:
                self.opaque("what is reached through the new link isn't known", cause, AccessKind.WRITE)
            return
        for base in state.cwd:
            link = normal(name.text if name.text.startswith("/") else f"{base}/{name.text}")
            start = link.rpartition("/")[0] if symbolic else base
            starts = {start, self.context.files.real(start or "/")} if self.context.files else {start}
            for directory in starts:
                there = target.text if target.text.startswith("/") else f"{directory}/{target.text}"
                if (there := normal(there)) == link or not (fresh or self._leads(there)):
                    continue
                if not self.trail.link(link, there):
                    self.opaque("more new links than are followed", cause)

    def _leads(self, path: str) -> bool:
        """Whether ``path`` may be a link, or hold one."""
        return bool(self.trail.links) or (
            self.context.files is not None and self.context.files.real(path) != path
        )


def _near_proc(pattern: str) -> bool:
    """Whether a pattern that may leave the root may reach what a process holds: ``/p*/self/root``."""
    head = _WILD.split(pattern, maxsplit=1)[0]
    if not "/proc/".startswith(head) or not _is_glob(pattern):
        return False
    magic = _MAGIC_FILES if "**" in pattern else _MAGIC_LINKS  # a walk doesn't follow links
    return intersects(path_glob(pattern), magic, budget=Budget(2_000))


def _is_glob(path: str) -> bool:
    try:
        path_glob(path)
    except GlobError:
        return False
    return True
