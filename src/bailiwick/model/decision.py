"""The PDP's answer: a verdict, the reasons with their origin, obligations and errors."""

from typing import TypeAlias

from bailiwick.model.access import Access, Finding, Opaque
from bailiwick.model.glob import name_glob
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode, Verdict


@value(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a rule was written: file name relative to the policy root, line and column counted from 1.

    Built-in rules have a file beginning with ``builtin:``, command-line flags ``flag:``.
    """

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@value(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that spoke. ``about`` is what it spoke of; ``mode`` how far it is carried out.

    ``instead`` says what to do instead and is never empty for a DENY (law 11). Not ``certain``: that ``about`` is what
    the rule names can't be ruled out, and ``message`` says so.
    """

    rule: str
    origin: Origin
    verdict: Verdict
    message: str
    instead: str = ""
    about: Access | Opaque | Finding | None = None
    mode: Mode = Mode.ENFORCE
    exception: str | None = None
    certain: bool = True


@value(frozen=True, slots=True, kw_only=True)
class Clamp:
    """Lower the integer at ``field`` of the tool input to ``maximum``; set it there when absent."""

    field: str
    maximum: int


@value(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Replace ``field`` of the tool input by ``value``."""

    field: str
    value: str | bool | int


@value(frozen=True, slots=True, kw_only=True)
class Redact:
    """Mask what ``rules`` (globs of catalogue ids) find before it goes on."""

    rules: tuple[str, ...]

    def covers(self, rule: str) -> bool:
        """Whether findings of ``rule`` are masked."""
        return any(name_glob(glob).matches(rule) for glob in self.rules)


@value(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell ``channel`` that this happened."""

    channel: str


@value(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Run it inside the client's operating-system sandbox only."""


@value(frozen=True, slots=True, kw_only=True)
class ActiveSkill:
    """A skill that an agent acts under, as it was loaded: ``places`` are roots and the digests found there.

    ``called`` is in this turn; otherwise its text is in the conversation from an earlier one.
    """

    name: str
    places: tuple[tuple[str, str], ...] = ()
    called: bool = True


@value(frozen=True, slots=True, kw_only=True)
class Contain:
    """Run the command under ``bailiwick sandbox run``, where the kernel holds it to ``profile`` of policy ``revision``.

    It is held to the approvals of ``skills`` besides; ``offline``: without network, whatever policy allows.
    """

    profile: str
    revision: str
    skills: tuple[ActiveSkill, ...] = ()
    offline: bool = False


Obligation: TypeAlias = Clamp | Rewrite | Redact | Notify | Sandbox | Contain


@value(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to one request.

    ``verdict`` is what policy says; ``enforced`` what is carried out once modes are applied: never more
    permissive than ``verdict`` in enforce mode, ABSTAIN where only monitoring rules objected.
    ``reasons`` are ordered strongest first and deterministic. ``errors`` say what went wrong while deciding;
    with any error ``enforced`` is at least ASK. ``revision`` names the policy text that decided.
    """

    verdict: Verdict
    enforced: Verdict
    reasons: tuple[Reason, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    errors: tuple[str, ...] = ()
    revision: str = ""
