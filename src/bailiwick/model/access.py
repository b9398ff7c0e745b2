"""Accesses: the one language in which tool calls are described and policy is written.

``Bash("echo x >> /etc/hosts")``, ``Edit("/etc/hosts")`` and an MCP file server that writes the file are
all the same access: write ``/etc/hosts``.
"""

from dataclasses import field
from enum import StrEnum
from typing import TypeAlias

from bailiwick.model.value import value


class AccessKind(StrEnum):
    """What is done to the target (design.md §2)."""

    __hash__ = str.__hash__  # hashed with every access; Enum's own is not in C

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    EXECUTE = "execute"
    CONNECT = "connect"
    LOAD_SKILL = "load-skill"
    CALL_TOOL = "call-tool"
    SPAWN_AGENT = "spawn-agent"
    CHANGE_CONFIG = "change-config"


@value(frozen=True, slots=True, init=False)
class Span:
    """The piece of the analysed text that causes a fact: half-open character offsets into that text.

    Its fields, and those of the other values that a shell command becomes dozens of, may be given by position: keywords
    would make each twice as dear.
    """

    start: int
    end: int

    def __init__(self, start: int, end: int) -> None:
        self.start = start  # type: ignore[misc]
        self.end = end  # type: ignore[misc]


@value(frozen=True, slots=True)
class PathTarget:
    """A file or directory tree.

    ``path`` is absolute and lexically normal. With ``pattern`` it is a glob in the dialect of
    ``bailiwick.model.glob`` that stands for every path it matches (``/w/build/**``); otherwise one path.
    ``real`` is where the path leads once symbolic links are followed, where that differs, and is filled in by
    whoever can see the file system. For a pattern, ``expanded`` lists every existing path that it matches,
    or is None when nobody looked or there were too many to list. ``excluded`` are globs, in the same dialect, of
    paths that the pattern matches and the access leaves out all the same (``grep -r --exclude=.env``). ``names`` says
    that only the names of what it matches are told (the client's Glob), not what is in it.
    """

    path: str
    pattern: bool = False
    real: str | None = None
    expanded: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    names: bool = False


@value(frozen=True, slots=True)
class ProgramTarget:
    """A program and its arguments.

    ``name`` is the base name (``git``); ``path`` the file when it was named by path (``./run.sh``).
    ``words`` are the operands that select what the program does, options left out (``("push",)`` for
    ``git -C x push origin``), as far as its specification knows them, then the remaining operands.
    ``options`` are the options given that its specification knows, each in every spelling that means the same
    (``-f`` and ``--force``), with its value: None when it is not known, empty for an option without one.
    ``argv`` is the whole argument vector, program included; None stands for a word that is not known,
    and ``open_ended`` says that further unknown words may follow.
    ``project_code`` says that it runs code that the project controls (``make``, ``npm test``); ``unknown`` that
    nothing is known of what it does with its arguments, so that it is as opaque as a part can be.
    ``as_user`` is the account it runs as when that was changed (``sudo``: ``root``).
    """

    name: str
    path: str | None = None
    words: tuple[str | None, ...] = ()
    options: tuple[tuple[str, str | None], ...] = ()
    argv: tuple[str | None, ...] = ()
    open_ended: bool = False
    project_code: bool = False
    unknown: bool = False
    as_user: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class HostTarget:
    """A network peer: lower-case host name or address, and the port when it is known; 0 where there are no ports (ICMP).

    ``sends`` says that data is known to go there: a body, a file, a method that changes something. Where it is false
    it isn't known, as of a program that does as it likes.
    """

    host: str
    port: int | None = None
    sends: bool = False

    @property
    def granted(self) -> str:
        """How a grant names it: the web's own ports go without saying, and so does none."""
        return self.host if self.port in {None, 0, 80, 443} else f"{self.host}:{self.port}"


@value(frozen=True, slots=True, kw_only=True)
class NameTarget:
    """Something the client knows by name: a tool, an MCP tool (``mcp__server__tool``), a skill, an agent type."""

    name: str


@value(frozen=True, slots=True, kw_only=True)
class VariableTarget:
    """An environment variable; ``value`` is None when it is not known."""

    name: str
    value: str | None = None


Target: TypeAlias = PathTarget | ProgramTarget | HostTarget | NameTarget | VariableTarget


@value(frozen=True, slots=True, init=False)
class Access:
    """One thing that a tool call would do.

    ``by`` is the index in ``Facts.accesses`` of the program that does it (for a program: that starts it), None
    where it is the call or the shell itself. It says who, not what, so it takes no part in comparison.
    """

    kind: AccessKind
    target: Target
    cause: Span | None = None
    by: int | None = field(default=None, compare=False)

    def __init__(
        self, kind: AccessKind, target: Target, cause: Span | None = None, by: int | None = None
    ) -> None:
        self.kind = kind  # type: ignore[misc]
        self.target = target  # type: ignore[misc]
        self.cause = cause  # type: ignore[misc]
        self.by = by  # type: ignore[misc]


@value(frozen=True, slots=True, kw_only=True)
class Opaque:
    """A part whose accesses are not known. It may do anything; only policy says what that gets.

    ``kind`` is what is done, or the worst of it, where only the target isn't known (``rm $X`` deletes, ``ssh host cmd``
    runs something on another machine); it changes nothing for policy. ``by`` is as in ``Access``.
    """

    reason: str
    cause: Span | None = None
    kind: AccessKind | None = None
    by: int | None = field(default=None, compare=False)


@value(frozen=True, slots=True)
class Flow:
    """Output of the program at index ``source`` of ``Facts.accesses`` reaches the program at index ``sink`` as input.

    ``by_file`` says that it does so by way of a file; it takes no part in comparison.
    """

    source: int
    sink: int
    by_file: bool = field(default=False, compare=False)


class Confidence(StrEnum):
    """How sure a rule is of its finding; policy may treat the tiers differently."""

    HIGH = "high"
    LOW = "low"


class Tier(StrEnum):
    """What a finding is good for: precise enough to stop something, or to mask it only."""

    BLOCK = "block"
    REDACT = "redact"


@value(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something noticed beside the accesses (a secret, downloaded code fed to a shell); never a decision.

    ``rule`` is the catalogue id (``secret/aws-access-key``). ``field`` names the part of the event in which
    ``cause`` is an offset (``prompt``, ``tool_input.command``). ``message`` never contains the secret. ``tier`` says what a
    finding of a secret or of personal data is good for; None for any other. ``secret`` is what was found, so that its keyed
    fingerprint can be recorded; it must never be written anywhere itself.
    """

    rule: str
    message: str
    secret: str = field(default="", repr=False)
    field: str = ""
    cause: Span | None = None
    confidence: Confidence = Confidence.HIGH
    tier: Tier | None = None


@value(frozen=True, slots=True)
class Facts:
    """Everything analysis and detection say of one event."""

    accesses: tuple[Access, ...] = ()
    opaque: tuple[Opaque, ...] = ()
    flows: tuple[Flow, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
