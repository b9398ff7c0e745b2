"""Where the interpreter writes down what it finds."""

import re

from bailiwick.analysis.commands.argument import Arg, Kind
from bailiwick.analysis.shell.state import ShellContext, State, normal
from bailiwick.model.access import Access, AccessKind, Facts, Flow, Opaque, PathTarget, Span, Target
from bailiwick.model.glob import GlobError, escape, path_glob

MAX_FLOWS = 1000
"""Flows kept; a command with more is opaque."""
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
_DESCRIPTOR = re.compile(r"/dev/fd/\d+\Z", re.ASCII)
_MAGIC = re.compile(
    r"/proc/[^/]+/(?:task/[^/]+/)?(?:root|cwd|fd|map_files|exe|environ)(?:/|\Z)|/dev/(?:fd|tcp|udp)(?:/|\Z)"
)
_CLIMB = re.compile(r"(?:^|/)(?!\.\.?(?:/|\Z))[^/]+/+(?:\./+)*\.\.(?:/|\Z)")


class Record:
    """Accesses, opaque parts and flows, each once."""

    __slots__ = ("_flows", "_opaque", "_seen", "accesses", "context", "owner")

    def __init__(self, context: ShellContext) -> None:
        self.context = context
        self.accesses: list[Access] = []
        self.owner: int | None = None  # the program that what is written down belongs to
        self._seen: dict[Access, int] = {}
        self._opaque: dict[Opaque, None] = {}
        self._flows: dict[Flow, None] = {}

    def facts(self) -> Facts:
        """Everything written down."""
        return Facts(accesses=tuple(self.accesses), opaque=tuple(self._opaque), flows=tuple(self._flows))

    def access(self, kind: AccessKind, target: Target, cause: Span | None) -> int:
        """Write down one access; its index."""
        access = Access(kind=kind, target=target, cause=cause, by=self.owner)
        index = self._seen.setdefault(access, len(self.accesses))
        if index == len(self.accesses):
            self.accesses.append(access)
        return index

    def opaque(self, reason: str, cause: Span | None, kind: AccessKind | None = None) -> None:
        """Write down a part that isn't known; ``kind`` where only its target isn't."""
        self._opaque.setdefault(Opaque(reason=reason, cause=cause, kind=kind, by=self.owner))

    def flow(self, source: int, sink: int) -> None:
        """Write down that one program's output reaches another."""
        if source == sink:
            return
        if len(self._flows) >= MAX_FLOWS:
            self.opaque("too many flows", None)
            return
        self._flows[Flow(source=source, sink=sink)] = None

    def path(
        self, kind: AccessKind, path: Arg, state: State, cause: Span | None, *, tree: bool = False
    ) -> None:
        """Write down an access to what ``path`` names, seen from the working directory."""
        text = path.text
        match path.kind:
            case Kind.LITERAL:
                if not text or text in _QUIET or _DESCRIPTOR.match(text):
                    return
                glob = False
            case Kind.PATTERN:
                glob = True
            case Kind.NUMBER:
                text, glob = "*", True
            case Kind.UNKNOWN | Kind.OPEN:
                begins = f" (begins {text!r})" if text else ""
                self.opaque(f"{kind} of a path that isn't known{begins}", cause, kind)
                return
        if text.startswith("/"):
            bases: tuple[str, ...] = ("",)
        elif state.cwd is None:
            self.opaque(f"{kind} of {text!r} in a directory that isn't known", cause, kind)
            return
        else:
            bases = state.cwd
        for base in bases:
            self._one(kind, base, text, cause, glob=glob, tree=tree)

    def _one(  # noqa: PLR0913 - one command in full
        self, kind: AccessKind, base: str, text: str, cause: Span | None, *, glob: bool, tree: bool
    ) -> None:
        whole = (escape(base) if glob else base) + "/" + text
        path = normal(whole)
        real = None
        if ".." in text:
            files = self.context.files
            if files is not None and not glob:
                real = files.real(whole)
                real = None if real == path else real
            elif _CLIMB.search(text):
                # The kernel follows a link before it goes up; lexically the link is never seen.
                self.opaque("'..' after a name that may be a symbolic link", cause)
        if _MAGIC.match(path):
            self.opaque("path into another process or the network", cause)
        if tree:
            path = ("" if path == "/" else path if glob else escape(path)) + "/**"
        if glob and not _is_glob(path):
            self.opaque("pattern of too many alternatives", cause)
            return
        self.access(kind, PathTarget(path=path, pattern=glob or tree, real=real), cause)


def _is_glob(path: str) -> bool:
    try:
        path_glob(path)
    except GlobError:
        return False
    return True
