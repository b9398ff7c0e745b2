"""A compiled policy: layers of rules over accesses. What the language loads to and the PDP decides by.

A session is judged by several layers (built-in self-protection, organisation, team, profile, project,
session flags). Each layer says something of an access or abstains; the layers are combined by ``max``, so a
layer can only narrow what the others leave. Within a layer a rule that matches speaks; where none matches,
the layer's default for that subject does. The profile layer has a default for every subject, so that silence
is never an allow.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TypeAlias

from bailiwick.analysis.text.classes import DataClass
from bailiwick.model.access import AccessKind, Tier
from bailiwick.model.decision import Obligation, Origin
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict


class Subject(StrEnum):
    """The section of the language a rule stands in; every access belongs to exactly one."""

    TOOLS = "tools"
    FILES = "files"
    COMMANDS = "commands"
    OPAQUE = "opaque"
    PROJECT_CODE = "project_code"
    ENVIRONMENT = "environment"
    NETWORK = "network"
    MCP = "mcp"
    SKILLS = "skills"
    AGENTS = "agents"
    FINDINGS = "findings"
    PROMPTS = "prompts"
    PERMISSION_MODES = "permission_modes"
    MODELS = "models"
    CONFIG = "config"


@value(frozen=True, slots=True, kw_only=True)
class PathCondition:
    """An access of one of ``kinds`` to a path that ``glob`` matches.

    ``glob`` may begin with ``${project}`` or ``~``; both are bound when a session's policy is resolved.
    """

    kinds: frozenset[AccessKind]
    glob: str


@value(frozen=True, slots=True, kw_only=True)
class CommandCondition:
    """A program, told by leading words and by options that must occur.

    ``words`` are compared with the program's name and its operand words in order, each a glob without
    slashes having meaning (``git``, ``push``; ``kubectl``, ``get``, ``*``); a first word with a slash is a path glob
    for the program's file. ``options`` must all occur in
    the argument vector. ``as_user`` limits it to commands run as another account (glob).
    """

    words: tuple[str, ...]
    options: frozenset[str] = frozenset()
    as_user: str | None = None


UNKNOWN_HOST = "[*]"
"""The host glob that matches just ``*``."""


@value(frozen=True, slots=True, kw_only=True)
class HostCondition:
    """A peer by host glob (``*.example.com``, ``*``) and port; None is any port.

    ``UNKNOWN_HOST`` speaks of connections whose peer is not known (a host target ``*``): in its layer it alone
    speaks of them, so that naming forbidden hosts does not make a question of every ``git push``. With ``fetch`` it
    holds only while nothing is known to be sent there.
    """

    host: str
    port: int | None = None
    fetch: bool = False


@value(frozen=True, slots=True, kw_only=True)
class NameCondition:
    """A tool, MCP tool, skill, agent type, permission mode, model, provider or region by name glob (``*``)."""

    name: str


@value(frozen=True, slots=True, kw_only=True)
class FindingCondition:
    """A finding by catalogue id glob (``secret/*``), of any tier and direction, whatever hosts are contacted.

    ``direction`` is ``input`` (what a tool is given) or ``output`` (what it gave). ``to`` holds where one of the hosts
    that the call contacts matches, ``beyond`` where one doesn't, or no host is known.
    """

    rule: str
    tier: Tier | None = None
    direction: str | None = None
    to: str | None = None
    beyond: str | None = None

    @property
    def text(self) -> str:
        """As it is written in a policy."""
        words = (
            self.direction or "",
            self.rule,
            self.tier or "",
            f"to {self.to}" if self.to else "",
            f"beyond {self.beyond}" if self.beyond else "",
        )
        return " ".join(word for word in words if word)

    @property
    def plain(self) -> bool:
        """Whether the id alone decides."""
        return self.text == self.rule


@value(frozen=True, slots=True, kw_only=True)
class VariableCondition:
    """An environment variable set or read, by name glob (``LD_*``)."""

    name: str


@value(frozen=True, slots=True, kw_only=True)
class AnyCondition:
    """Everything of the rule's subject: the section's default (``other:``, ``opaque:``, ``project_code:``)."""


Condition: TypeAlias = (
    PathCondition
    | CommandCondition
    | HostCondition
    | NameCondition
    | FindingCondition
    | VariableCondition
    | AnyCondition
)


@value(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of policy. ``id`` is stable and unique in a policy: ``<layer>.<section>.<list>[.<n>]``.

    ``because`` and ``instead`` are what a person reads; the loader fills both, so a DENY always says what to
    do instead. ``mode`` is the rule's own enforcement mode, None for the policy's. ``contained`` goes with ASK and
    ``AnyCondition``: no question is needed where the command can run in the sandbox that this policy compiles to.
    """

    id: str
    origin: Origin
    subject: Subject
    verdict: Verdict
    when: Condition
    because: str
    instead: str = ""
    mode: Mode | None = None
    contained: bool = False


class Scope(StrEnum):
    """Where a layer comes from, widest first."""

    BUILTIN = "builtin"
    ORGANISATION = "organisation"
    TEAM = "team"
    PROFILE = "profile"
    PROJECT = "project"
    SESSION = "session"
    SKILL = "skill"


@value(frozen=True, slots=True, kw_only=True)
class Duty:
    """An obligation that goes with an answer: where it was written, to which tools (name globs) it applies."""

    id: str
    origin: Origin
    obligation: Obligation
    tools: tuple[str, ...] = ("*",)


@value(frozen=True, slots=True, kw_only=True)
class Layer:
    """Rules that speak together. ``defaults`` are rules with ``AnyCondition``, at most one per subject."""

    scope: Scope
    name: str
    rules: tuple[Rule, ...] = ()
    defaults: Mapping[Subject, Rule] = field(default_factory=dict)
    duties: tuple[Duty, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class PolicyException:
    """An approved, expiring permission: while it holds, the rules it lifts answer ALLOW for what it covers.

    ``lifts`` are rule ids (globs). ``covers`` limits it to accesses that match; empty covers all that the
    rules cover. ``users`` and ``groups`` say for whom. ``expires`` is whole seconds since 1970, UTC, and
    exclusive; ``approved_on`` likewise, inclusive. Rules of the built-in layer can't be lifted.
    """

    id: str
    origin: Origin
    lifts: tuple[str, ...]
    covers: tuple[Condition, ...]
    users: frozenset[str]
    groups: frozenset[str]
    approved_by: str
    reason: str
    ticket: str
    expires: int
    approved_on: int = 0


@value(frozen=True, slots=True, kw_only=True)
class Invariant:
    """An organisation invariant: no profile but ``exempt`` may have an access that ``denied`` describes allowed."""

    id: str
    origin: Origin
    denied: Condition
    subject: Subject
    exempt: frozenset[str]
    because: str


@value(frozen=True, slots=True, kw_only=True)
class Example:
    """An example written in the policy: ``call`` (``Bash(git push)``) must get ``verdict``, from ``rule`` if given."""

    origin: Origin
    call: str
    verdict: Verdict
    rule: str | None = None


@value(frozen=True, slots=True, kw_only=True)
class ClientPolicy:
    """What a profile says of the client itself rather than of accesses.

    ``permission_modes`` the modes allowed; ``models`` model names allowed (empty: any); ``providers``
    allowed providers (empty: any); ``regions`` inference regions allowed (empty: any); ``base_url`` the
    model endpoint pinned; ``sandbox`` whether the client's operating-system sandbox is required; ``dry_run`` whether
    a command that a person is asked about is tried first, so that the question shows what it would change.
    """

    permission_modes: tuple[str, ...] = ("default", "acceptEdits", "plan", "dontAsk")
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    base_url: str | None = None
    sandbox: bool = False
    dry_run: bool = False
    minimum_version: str = "2.1.295"


class Lasting(StrEnum):
    """How long what was read counts as being in the conversation, shortest first."""

    TURN = "turn"
    COMPACTION = "compaction"
    SESSION = "session"


@value(frozen=True, slots=True, kw_only=True)
class SkillRequirement:
    """A layer's word that skills need a signed approval. ``bundled`` are the client's own skills that need none (globs)."""

    id: str
    origin: Origin
    bundled: tuple[str, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class SkillFork:
    """Skills (a name glob) that may run only in a sub-agent of their own (``context: fork``)."""

    id: str
    origin: Origin
    name: str
    because: str = ""


@value(frozen=True, slots=True, kw_only=True)
class SkillPolicy:
    """How skills are held. ``active`` is how long a skill whose text was loaded is held against what is done.

    ``marketplaces`` are the plugin sources that may be used (None: none was named).
    """

    requirements: tuple[SkillRequirement, ...] = ()
    forks: tuple[SkillFork, ...] = ()
    active: Lasting = Lasting.SESSION
    marketplaces: tuple[str, ...] | None = None


@value(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who may sign skill approvals: ``key`` is the raw Ed25519 public key, ``roles`` for whom (empty: for all)."""

    name: str
    origin: Origin
    key: bytes
    roles: tuple[str, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class FlowRule:
    """A layer's word on private data, untrusted content and egress meeting.

    ``private`` are file globs and MCP tools (globs that begin with ``mcp__``) that hold private data, ``trusted`` hosts
    and MCP tools whose content is trusted, ``declassified`` hosts and MCP tools that may be sent to all the same.
    ``within`` is ``session`` or ``skill``. ``lasts`` says when a label is forgotten.
    """

    id: str
    origin: Origin
    verdict: Verdict
    private: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    declassified: tuple[str, ...] = ()
    within: str = "session"
    lasts: Lasting = Lasting.SESSION
    because: str = ""
    mode: Mode | None = None


@value(frozen=True, slots=True, kw_only=True)
class Role:
    """Who may use which profiles; the first profile listed is the one a session gets unless it names another."""

    id: str
    origin: Origin
    profiles: tuple[str, ...]
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


class Unmasked(StrEnum):
    """What is done about output that policy masks and the client did not, before the model gets it."""

    STOP = "stop"
    STOP_FAILING = "stop_failing"
    RECORD = "record"


@value(frozen=True, slots=True, kw_only=True)
class Policy:
    """The resultant policy of one profile: what the PDP decides by and the compiler renders.

    ``revision`` is the lower-case hex SHA-256 of its canonical text, so equal text has an equal revision.
    ``mode`` is the overall mode. ``unattended`` is what ASK becomes in a session where nobody can answer: DENY,
    or ASK where a host program answers for a person. ``contact`` is how a person asks for an exception. ``data_classes`` are
    the organisation's own; ``example_keys`` says that placeholders and documented keys are findings;
    ``unmasked`` says what output does that the client did not mask.
    """

    profile: str
    description: str
    layers: tuple[Layer, ...]
    mode: Mode = Mode.ENFORCE
    unattended: Verdict = Verdict.DENY
    exceptions: tuple[PolicyException, ...] = ()
    client: ClientPolicy = field(default_factory=ClientPolicy)
    skills: SkillPolicy = field(default_factory=SkillPolicy)
    flows: tuple[FlowRule, ...] = ()
    data_classes: tuple[DataClass, ...] = ()
    example_keys: bool = False
    unmasked: Unmasked = Unmasked.STOP
    organisation: str = ""
    contact: str = ""
    revision: str = ""


class Payloads(StrEnum):
    """What becomes of payloads: not kept; kept sealed on the machine; or that, and shipped to the collector."""

    OFF = "off"
    SEALED = "sealed"
    SEALED_AND_SHIPPED = "sealed_and_shipped"


@value(frozen=True, slots=True, kw_only=True)
class AuditPolicy:
    """How the audit log is kept: for how many days, and what a call gets whose record can't be written.

    ``allow_and_mark`` lets such a call have what policy says, and leaves a mark in the log once that can be written.
    ``payloads`` says whether what goes into tools, comes out of them, and is prompted, is kept whole. ``relay`` has the
    client ask through the relay, which keeps what it stopped while the service was away.
    """

    retention_days: int = 400
    allow_and_mark: bool = False
    payloads: Payloads = Payloads.OFF
    relay: bool = False


@value(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """A policy repository, compiled: every profile's resultant policy and who gets which.

    ``examples`` are those written in a profile and must hold for it to compile; ``tests`` are the repository's own
    test cases. Both are keyed by profile.
    """

    policies: Mapping[str, Policy]
    roles: tuple[Role, ...] = ()
    default_profile: str | None = None
    audit: AuditPolicy = field(default_factory=AuditPolicy)
    invariants: tuple[Invariant, ...] = ()
    examples: Mapping[str, tuple[Example, ...]] = field(default_factory=dict)
    tests: Mapping[str, tuple[Example, ...]] = field(default_factory=dict)
    approvers: tuple[Approver, ...] = ()
    data_classes: tuple[DataClass, ...] = ()
    example_keys: bool = False
    revision: str = ""
