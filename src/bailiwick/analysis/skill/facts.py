"""What the readers of a skill say: capabilities, chains from a source to a sink, and marks at single places."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from bailiwick.model.skill import Capability, CapabilityKind, Partial, Role, Source

T = TypeVar("T")


class Origin(StrEnum):
    """Where data comes from, as far as it matters where it goes."""

    CREDENTIALS = "credentials"
    ENVIRONMENT = "environment"
    VARIABLE = "variable"
    CONVERSATION = "conversation"
    PROJECT = "project"
    PERSONAL = "personal data"
    SYSTEM = "system data"
    DOWNLOAD = "download"
    ENCODED = "encoded"
    CARRIED = "carried"
    FILE = "file"
    INPUT = "input"


class Sink(StrEnum):
    """Where data ends up."""

    SEND = "send"
    DNS = "dns"
    GIT = "git"
    EXECUTE = "execute"
    FILE = "file"
    CONTEXT = "context"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Label:
    """Data of a kind: ``name`` says which (a path, a variable, a host)."""

    origin: Origin
    name: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Data from ``label`` reaches ``sink``; ``target`` is a host, a program or a path (``*``: not known).

    ``auth`` says that it goes where a request proves who asks (a header), not into what is sent.
    """

    label: Label
    sink: Sink
    target: str
    source: Source
    role: Role
    auth: bool = False


class Mark(StrEnum):
    """A thing noticed at one place; rules say what it means."""

    OVERRIDE = "override"
    CONCEAL = "conceal"
    JUDGE = "judge"
    HIDDEN = "hidden"
    HIDDEN_ORDER = "hidden order"
    REMOTE_INSTRUCTIONS = "remote instructions"
    LURE = "lure"
    PIPE_INSTALL = "pipe install"
    PINNED = "pinned"
    BROAD_TRIGGER = "broad trigger"
    SHADOW = "shadow"
    MEMORY = "memory"
    BYPASS = "bypass"
    SETTING = "setting"
    HOOK_ALLOW = "hook allow"
    HOOK_TAP = "hook tap"
    REVERSE_SHELL = "reverse shell"
    PERSIST = "persist"
    DESTROY = "destroy"
    GATED = "gated"
    TAMPER = "tamper"
    WEAKEN = "weaken"
    DYNAMIC_CODE = "dynamic code"
    DESERIALIZE = "deserialize"
    OBFUSCATED = "obfuscated"
    REGISTRY = "registry"
    TYPOSQUAT = "typosquat"
    LIFECYCLE = "lifecycle"
    SEND_PROSE = "send prose"
    LINK_TEMPLATE = "link template"
    PROMOTE = "promote"
    PAYMENT = "payment"
    BYTECODE = "bytecode"
    TAIL = "tail"
    ESCAPE = "escape"
    CLASH = "clash"
    SETUID = "setuid"
    BINARY = "binary"
    MALFORMED = "malformed"
    PADDING = "padding"
    PHISH = "phish"
    PICKLE = "pickle"
    OPAQUE = "opaque"
    BLIND = "blind"
    GIT_PUSH = "git push"
    OBEDIENT = "obedient"
    MINE = "mine"
    UNSPOKEN = "unspoken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """One mark: what it is, in words, where. ``sure`` says that nothing about it was guessed; ``also`` are more places."""

    mark: Mark
    text: str
    source: Source
    role: Role = Role.INSTRUCTED
    sure: bool = True
    target: str = ""
    also: tuple[Source, ...] = ()


class Intent(StrEnum):
    """What an order in prose comes to, in whatever words it is given."""

    LOGIN = "login"
    TALK = "talk"
    PRIVATE = "private"
    MEMORY = "memory"
    SETTINGS = "settings"
    STARTUP = "startup"
    REMOTE = "remote"
    FALSIFIED = "falsified"
    WEAKENED = "weakened"
    APPROVED = "approved"
    OVERRIDE = "override"
    JUDGE = "judge"
    LURE = "lure"
    SHADOW = "shadow"
    PACKAGE = "package"
    PHISH = "phish"
    OBEDIENT = "obedient"
    DECODED = "decoded"
    BACKDOOR = "backdoor"
    DESTROYED = "destroyed"
    PROMOTED = "promoted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order in prose that fits a frame; ``hosts`` are the receivers that it names, where the frame wants one.

    ``hushed`` says that people are not to know of it, ``loose`` that what is right and proper may well fit the frame too.
    """

    intent: Intent
    text: str
    source: Source
    role: Role
    hosts: tuple[str, ...] = ()
    hushed: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A passage that what was learned holds for an order, and the rule whose harm it most likely asks for.

    ``points`` is how much speaks for it, ``words`` what weighed most, ``last`` its last line, ``hosts`` the receivers it names.
    """

    rule: str
    points: int
    text: str
    words: tuple[str, ...]
    source: Source
    last: int
    role: Role
    hosts: tuple[str, ...] = ()


@dataclass(slots=True)
class Inventory:
    """What one reader collects; the readers add to it, nothing is taken away. Bounded; ``full`` says what was reached."""

    capabilities: dict[Capability, None] = field(default_factory=dict)
    chains: dict[Chain, None] = field(default_factory=dict)
    noticed: dict[Noticed, None] = field(default_factory=dict)
    orders: dict[Order, None] = field(default_factory=dict)
    guesses: dict[Guess, None] = field(default_factory=dict)
    writes: dict[str, set[Label]] = field(default_factory=dict)
    """What kinds of data code puts into a file, by the file's path: how one script hands on to another."""

    full: set[Partial] = field(default_factory=set)
    """Limits that were reached."""

    def leave(self, reason: str, path: str = ".") -> None:
        """Say that a limit was reached, so that something was left out."""
        self.full.add(Partial(path=path, reason=reason))

    def first(self, found: Iterable[T], most: int, path: str) -> Iterator[T]:
        """The first ``most`` of what was found in a file; that there is more is said."""
        rest = iter(found)
        yield from islice(rest, most)
        if next(rest, None) is not None:
            self.leave(f"more than {most:,} places of one sort", path)

    def capability(
        self,
        kind: CapabilityKind,
        target: str,
        source: Source,
        role: Role,
        *,
        detail: str = "",
        by: str = "text",
    ) -> None:
        """Add a capability."""
        if len(self.capabilities) >= MAX_FACTS:
            self.leave(f"more than {MAX_FACTS:,} facts of one sort")
            return
        self.capabilities[
            Capability(kind=kind, target=target[:300], source=source, role=role, detail=detail[:120], by=by)
        ] = None

    def chain(
        self, label: Label, sink: Sink, target: str, source: Source, role: Role, *, auth: bool = False
    ) -> None:
        """Add a chain."""
        if len(self.chains) >= MAX_FACTS:
            self.leave(f"more than {MAX_FACTS:,} facts of one sort")
            return
        self.chains[
            Chain(label=label, sink=sink, target=target[:300], source=source, role=role, auth=auth)
        ] = None

    def order(self, order: Order) -> None:
        """Add an order."""
        if len(self.orders) >= MAX_FACTS:
            self.leave(f"more than {MAX_FACTS:,} facts of one sort")
            return
        self.orders[order] = None

    def guess(self, guess: Guess) -> None:
        """Add a guess."""
        if len(self.guesses) >= MAX_FACTS:
            self.leave(f"more than {MAX_FACTS:,} facts of one sort")
            return
        self.guesses[guess] = None

    def notice(
        self,
        mark: Mark,
        text: str,
        source: Source,
        role: Role = Role.INSTRUCTED,
        *,
        sure: bool = True,
        target: str = "",
        also: tuple[Source, ...] = (),
    ) -> None:
        """Add a mark."""
        if len(self.noticed) >= MAX_FACTS:
            self.leave(f"more than {MAX_FACTS:,} facts of one sort")
            return
        self.noticed[
            Noticed(
                mark=mark,
                text=text[:400],
                source=source,
                role=role,
                sure=sure,
                target=target[:300],
                also=also[:8],
            )
        ] = None


MAX_FACTS = 20_000
"""Facts of each sort that are kept of one tree."""
