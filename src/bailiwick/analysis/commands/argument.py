"""What is known of one argument word, and the seam between command knowledge and the shell interpreter."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Final, Protocol, TypeAlias

from bailiwick.model.access import AccessKind
from bailiwick.model.value import value


class Kind(Enum):
    """How much is known of a word."""

    __hash__ = object.__hash__  # Enum's own is not in C

    LITERAL = "literal"
    """``text`` is the word."""
    PATTERN = "pattern"
    """``text`` is a glob (model dialect) of which the word is one match, or the words are all matches."""
    NUMBER = "number"
    """One word: a decimal integer, possibly negative; ``text`` is empty."""
    UNKNOWN = "unknown"
    """One word that begins with ``text``."""
    OPEN = "open"
    """Any number of unknown words, none included; ``text`` is empty."""


LITERAL: Final = Kind.LITERAL
PATTERN: Final = Kind.PATTERN
NUMBER: Final = Kind.NUMBER
UNKNOWN: Final = Kind.UNKNOWN
OPEN: Final = Kind.OPEN
"""The kinds by names of their own: looking one up on its class costs as much as the rest of most lines that need it."""


Place: TypeAlias = tuple[int, int]
"""Where something stands in the analysed text, as in ``Span``: a command has dozens of words, few of which cause anything."""


NOBODY: frozenset[int] = frozenset()
"""No programs."""


@value(frozen=True, slots=True, init=False)
class Arg:
    """One word. ``sources`` are indices of the programs whose output it may contain."""

    text: str
    kind: Kind = LITERAL
    span: Place | None = None
    sources: frozenset[int] = NOBODY

    def __init__(
        self,
        text: str,
        kind: Kind = LITERAL,
        span: Place | None = None,
        sources: frozenset[int] = NOBODY,
    ) -> None:
        self.text = text  # type: ignore[misc]
        self.kind = kind  # type: ignore[misc]
        self.span = span  # type: ignore[misc]
        self.sources = sources  # type: ignore[misc]

    @property
    def literal(self) -> str | None:
        """The word itself where it is known."""
        return self.text if self.kind is LITERAL else None

    @property
    def may_be_option(self) -> bool:
        """Whether the word isn't known but might begin with a hyphen."""
        match self.kind:
            case Kind.LITERAL:
                return False
            case Kind.NUMBER:
                return False
            case Kind.PATTERN:
                return self.text[:1] in "*?[{"
            case Kind.UNKNOWN:
                return self.text in ("", "-") or (self.text.startswith("--") and "=" not in self.text)
            case Kind.OPEN:
                return True

    def with_text(self, text: str) -> "Arg":
        """The same word with another text: an option's attached value, the rest after a prefix."""
        return Arg(text, self.kind, self.span, self.sources)


@value(frozen=True, slots=True, init=False)
class Lines(Arg):
    """Output of which every line is a path that the pattern ``text`` matches, and a plain word of a shell as it stands."""


GIT_GUARD = "GIT_CONFIG_PARAMETERS"
"""The variable by which a session keeps git from bare repositories that are just there (``safe.bareRepository=explicit``)."""
STANDARD_INPUT = frozenset(("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"))
"""What an interpreter is given where its code comes from standard input."""


@value(frozen=True, slots=True, init=False)
class Processes(Arg):
    """Numbers of processes and nothing else, any number of them.

    ``word`` says which to policy: ``$!``, those that the same script has put in the background, or ``:3000``, those that hold
    this port of the machine. Where ``chosen`` is given they are what ``pgrep`` finds by these words.
    """

    word: str = ""
    chosen: tuple[Arg, ...] = ()

    def __init__(  # noqa: PLR0913 - a word, and these two
        self,
        text: str,
        kind: Kind = LITERAL,
        span: Place | None = None,
        sources: frozenset[int] = NOBODY,
        *,
        word: str = "",
        chosen: tuple[Arg, ...] = (),
    ) -> None:
        Arg.__init__(self, text, kind, span, sources)
        self.word = word  # type: ignore[misc]
        self.chosen = chosen  # type: ignore[misc]


def sources_of(args: Iterable[Arg]) -> frozenset[int]:
    """The programs whose output any of the words may contain."""
    found = NOBODY
    for arg in args:
        if arg.sources:
            found |= arg.sources
    return found


class Machine(Protocol):
    """What command knowledge may do: record accesses and have nested commands read.

    The shell interpreter implements it; the working directory, account and standard input are the command's.
    """

    @property
    def stdin(self) -> Arg | None:
        """The text on standard input where it is known."""

    @property
    def home(self) -> str:
        """The user's home directory."""

    def begin(
        self,
        words: tuple[Arg, ...],
        *,
        options: tuple[tuple[str, str | None], ...] = (),
        project_code: bool = False,
    ) -> None:
        """Record that the program runs, with the words that select what it does and its options as listed."""

    def path(
        self,
        kind: AccessKind,
        path: Arg,
        *,
        tree: bool = False,
        without: tuple[str, ...] = (),
        names: bool = False,
    ) -> None:
        """Record an access to a path, or to the tree below it but what the globs ``without``, relative to it, match.

        With ``names`` only names and sizes are told, not what is in the files.
        """

    def link(self, name: Arg, target: Arg, *, symbolic: bool, fresh: bool = True) -> None:
        """Record that what is done to ``name``, or below it, is from now on done to ``target``.

        A symbolic link's target is seen from the directory of ``name``, a hard link's from the working directory.
        """

    def content(self, path: Arg, *, perhaps: bool = False) -> Arg | None:
        """The text of a file that the same script has written, where it is known and still stands there.

        With ``perhaps`` the last text that it printed there, which may not have come there, or stand there no more.
        """

    def own(self, path: Arg) -> bool:
        """Whether the path surely lies in the project."""

    def meddled(self, path: Arg, *, read: bool = False) -> bool:
        """Whether what stands at a path may have come there by the same script, and isn't the project's own.

        ``read`` says that what the script printed there was read where its text is known.
        """

    def whole(self, path: Arg) -> bool:
        """Whether the text that the script printed to a path last is all that stands there, if it came there."""

    def stands(self, path: str) -> bool:
        """Whether a file of that name surely stands in the project; False where nobody can look."""

    def connect(
        self, host: str, port: int | None = None, span: Place | None = None, *, sends: bool = False
    ) -> None:
        """Record a connection; host ``*`` where the peer isn't known; ``sends``: data goes there."""

    def variable(
        self, kind: AccessKind, name: str, value: str | None = None, span: Place | None = None
    ) -> None:
        """Record that an environment variable is read or set."""

    def exported(self, name: str) -> Arg | None:
        """The value that an environment variable has for the program where the script itself has set it."""

    @property
    def fed(self) -> bool:
        """Whether anything is piped or redirected to standard input; where nothing is, a person may type."""

    @property
    def heard(self) -> bool:
        """Whether anything follows what the command prints; where nothing does, ``lists`` and ``lines`` say nothing."""

    def lists(self, paths: Arg) -> None:
        """Say that the command prints nothing but these paths, each ended by a NUL."""

    def lines(self, found: Callable[[], Arg]) -> None:
        """Say that the command prints nothing but paths that the pattern matches, one on a line, as they are called.

        The pattern is asked for only where anything follows from it.
        """

    def opaque(self, reason: str, span: Place | None = None, kind: AccessKind | None = None) -> None:
        """Record a part whose accesses aren't known; ``kind`` where only what they reach isn't."""

    def run(
        self, args: tuple[Arg, ...], *, as_user: str | None = None, exported: Mapping[str, Arg] | None = None
    ) -> None:
        """Read a nested command: another program started with these words."""

    def script(self, text: Arg, arguments: tuple[Arg, ...] = (), *, dialect: str = "sh") -> None:
        """Read a nested shell script, run by a new shell; ``arguments`` are $0, $1 ..."""

    def inside(self, directory: Arg) -> "Machine":
        """The same command run in another working directory."""

    def anywhere(self) -> "Machine":
        """The same command run in a directory that isn't known."""
