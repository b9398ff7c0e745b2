"""Which skills are approved, for whom, until when, and what each may do: a snapshot of the lock that the PDP decides by."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from bailiwick.information.labels import Label
from bailiwick.model.decision import ActiveSkill, Origin
from bailiwick.model.skill import Capability, CapabilityKind, Role
from bailiwick.model.value import value


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Grant:
    """One thing an approved skill may do. ``target`` is as for ``Capability``; empty or ``*`` is anything of its kind.

    It is written ``net api.example.com:443``.
    """

    kind: CapabilityKind
    target: str = "*"

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


def grant_of(text: str) -> Grant:
    """The grant that ``text`` writes. Raises ``ValueError`` saying what is wrong and the mend."""
    kind, _, target = text.strip().partition(" ")
    kinds = ", ".join(CapabilityKind)
    if kind not in set(CapabilityKind):
        raise ValueError(f"{text!r} is no grant: begin with one of {kinds}, as in `net api.example.com`")
    if not target.strip():
        raise ValueError(f"{text!r} says not what is granted: write `{kind} *` if it is everything")
    return Grant(kind=CapabilityKind(kind), target=target.strip())


def capability_hash(grants: Iterable[Grant]) -> str:
    """Lower-case hex SHA-256 over what is granted, whatever its order."""
    listed = sorted({(grant.kind.value, grant.target) for grant in grants})
    return hashlib.sha256(json.dumps(listed, separators=(",", ":")).encode()).hexdigest()


_UNKNOWN_PLACE = "${project}/**"
_BROUGHT = re.compile(
    r"\$\{project\}/(?:[^*?\[{]*/)?[^/*?\[{]+(\.(?:pdf|docx?|xlsx?|xlsm|pptx?|od[tsp]|rtf|epub|csv|tsv|parquet|txt|png|jpe?g|gif|webp|tiff?|bmp|svg|heic|mp[34]|m4a|wav|flac|ogg|mov|avi|mkv|webm|zip))",
    re.IGNORECASE,
)
"""A document, table, picture or sound, as people bring them: in a text that explains, its name is an example."""


def grants_for(capabilities: Iterable[Capability]) -> tuple[tuple[Grant, ...], tuple[Capability, ...]]:
    """What an approval grants for inferred capabilities, and what it leaves out because the target isn't known.

    A file that isn't known is one that the person names: it is granted in the project only. So are, where the skill's text
    and not its code names one document as an example (``merge.py out.pdf a.pdf``), all of that sort.
    """
    granted: set[Grant] = set()
    left: list[Capability] = []
    for one in capabilities:
        if one.kind in {CapabilityKind.FS_READ, CapabilityKind.FS_WRITE}:
            granted.add(Grant(kind=one.kind, target=_place(one)))
        elif one.target in {"", "*"}:
            left.append(one)
        else:
            granted.add(Grant(kind=one.kind, target=one.target))
    anywhere = {grant.kind for grant in granted if grant.target == _UNKNOWN_PLACE}
    kept = (
        grant
        for grant in granted
        if grant.kind not in anywhere
        or grant.target == _UNKNOWN_PLACE
        or not grant.target.startswith("${project}/")
    )
    return tuple(sorted(kept)), tuple(left)


def _place(one: Capability) -> str:
    """What is granted of a file that a skill reads or writes."""
    if one.target in {"", "*", "/**"}:
        return _UNKNOWN_PLACE
    if one.target.startswith("*"):
        return f"${{project}}/**/{one.target.removeprefix('*/')}"
    example = (
        _BROUGHT.fullmatch(one.target) if one.role is not Role.EXECUTABLE and one.detail != "delete" else None
    )
    return f"${{project}}/**/*{example[1]}" if example else one.target


@value(frozen=True, slots=True, kw_only=True)
class Approval:
    """A signed permission to load one skill, byte for byte, and the ceiling of what is done in its course.

    ``digest`` is the tree's. ``roles`` are those it is given for. ``fork`` says that it may run in a sub-agent of its own
    only. ``approved_on`` and ``expires`` are whole seconds since 1970, UTC; ``expires`` is exclusive. ``origin`` is its
    place in the lock.
    """

    id: str
    name: str
    digest: str
    grants: tuple[Grant, ...]
    roles: tuple[str, ...]
    approved_by: str
    approved_on: int
    expires: int
    fork: bool = False
    origin: Origin = field(default=Origin(file="skills/lock.json", line=1), compare=False)


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """The approvals that hold, and why there are none where the lock can't be believed.

    ``withdrawn`` are names and digests whose approval was taken back, with when and why. ``version`` is the lock's.
    """

    held: tuple[Approval, ...] = ()
    withdrawn: tuple[tuple[str, str, str], ...] = ()
    problem: str = ""
    version: int = 0

    @cached_property
    def by_name(self) -> dict[str, tuple[Approval, ...]]:
        """The approvals of each skill."""
        named: dict[str, tuple[Approval, ...]] = {}
        for one in self.held:
            named[one.name] = (*named.get(one.name, ()), one)
        return named

    def taken_back(self, name: str, digest: str) -> str:
        """When the approval of these bytes was withdrawn, and why; empty where it was not."""
        return next((told for one, of, told in reversed(self.withdrawn) if (one, of) == (name, digest)), "")

    def for_roles(self, roles: frozenset[str], now: int) -> "Approvals":
        """Those given for one of ``roles`` that hold at ``now``."""
        held = tuple(
            one
            for one in self.held
            if (not roles.isdisjoint(one.roles) or "*" in one.roles) and one.approved_on <= now < one.expires
        )
        return self if held == self.held else replace(self, held=held)


@value(frozen=True, slots=True, kw_only=True)
class SkillCopy:
    """One place from which the client may load a skill of a name, and what stands there now.

    ``digest`` is empty where there is none; ``problem`` then says why. ``forks`` says that its front matter asks for a
    sub-agent of its own.
    """

    name: str
    root: str
    digest: str = ""
    problem: str = ""
    forks: bool = False


@value(frozen=True, slots=True, kw_only=True)
class Load:
    """A skill about to be loaded: its name, and every place that the client may load it from.

    ``by`` is the type of the sub-agent that starts with it; empty where the skill itself is called.
    """

    name: str
    by: str = ""
    copies: tuple[SkillCopy, ...] = ()
    problem: str = ""


@value(frozen=True, slots=True, kw_only=True)
class SkillEvidence:
    """What the PDP is told of skills for one request: the approvals that hold, what is loaded, touched and active.

    ``full`` says that more skills were loaded than anybody can follow. ``labels`` are those of the session.
    """

    approvals: Approvals = field(default_factory=Approvals)
    loads: tuple[Load, ...] = ()
    touched: tuple[SkillCopy, ...] = ()
    active: tuple[ActiveSkill, ...] = ()
    full: bool = False
    labels: tuple[Label, ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a request touches of skills: names that are loaded, and files that are read, those executed among them.

    ``agents`` are the types of sub-agents that it starts, which may start with skills.
    """

    names: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    executed: tuple[str, ...] = ()


class SkillView(Protocol):
    """Where the PDP learns about skills and the conversation, for one request. Never raises."""

    def evidence(self, needs: Needs) -> SkillEvidence:
        """What is known, with a look at the skills that are loaded and at those whose files are touched."""


__all__ = [
    "ActiveSkill",
    "Approval",
    "Approvals",
    "Grant",
    "Load",
    "Needs",
    "SkillCopy",
    "SkillEvidence",
    "SkillView",
    "capability_hash",
    "grant_of",
    "grants_for",
    "rule_name",
]

_SAFE = re.compile(r"[^A-Za-z0-9_-]")


def rule_name(name: str) -> str:
    """A skill's name as part of a rule id."""
    return _SAFE.sub("-", name)[:64] or "skill"
