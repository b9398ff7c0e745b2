"""What a skill did with what it was granted, from the audit record: unused grants, first denials, a narrower manifest. Pure."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bailiwick.administration.skills.plan import covers
from bailiwick.decision.ceiling import grant_for
from bailiwick.information.approvals import Grant, rule_name
from bailiwick.model.access import (
    Access,
    AccessKind,
    HostTarget,
    NameTarget,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.skill import CapabilityKind

MAX_DENIALS = 20
"""Denials that are listed: the first of each thing that was denied."""


TOLD = frozenset({CapabilityKind.TOOL, CapabilityKind.MCP, CapabilityKind.SPAWN})
"""What is always a call of its own: everything else code in the sandbox may have used unseen."""

MAX_SEEN = 6
"""Different things done under one wide grant that are told apart; with more of them it stays as wide as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """The first time that something was denied: when (milliseconds since 1970), where in the log, what would allow it.

    ``times`` counts all that the same grant would have allowed.
    """

    time_ms: int
    seq: int
    rule: str
    about: str
    grant: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the record says of one skill. ``used`` counts calls by grant; grants without any are in ``unused``.

    ``seen`` is what was done under each grant with a ``*``, in narrow grants, where that was little. ``contained`` counts the
    calls that ran code in the sandbox, of whose files, hosts and programs nobody keeps a record.
    """

    calls: int = 0
    contained: int = 0
    first_ms: int = 0
    last_ms: int = 0
    used: Mapping[Grant, int] = field(default_factory=dict)
    unused: tuple[Grant, ...] = ()
    seen: Mapping[Grant, tuple[Grant, ...]] = field(default_factory=dict)
    denials: tuple[Denial, ...] = ()


def usage_of(
    name: str, grants: Sequence[Grant], records: Iterable[Mapping[str, Any]], roots: Sequence[str]
) -> Usage:
    """What calls in the course of the skill ``name`` did. ``records`` are in order; others among them are passed over."""
    used: dict[Grant, int] = dict.fromkeys(grants, 0)
    seen: dict[Grant, dict[Grant, None]] = {}
    denials: dict[tuple[str, str], Denial] = {}
    calls, contained, first, last = 0, 0, 0, 0
    prefix = f"skill.{rule_name(name)}."
    for record in records:
        if record.get("kind") != "tool-call":
            continue
        reasons = [one for one in record.get("reasons", ()) if str(one.get("rule", "")).startswith(prefix)]
        if name not in record.get("skills", ()) and not reasons:
            continue
        calls, last = calls + 1, int(record.get("time_ms", 0))
        first = first or last
        if record.get("enforced") == "deny":
            for one in reasons:
                if one.get("verdict") == "deny":
                    _deny(denials, one, record)
            continue
        contained += any(one.get("kind") == "contain" for one in record.get("obligations", ()))
        done = [one for access in _accesses(record) for one in _granting(access, grants, record, roots)]
        for grant in {grant for grant, _ in done}:
            used[grant] += 1
        for grant, narrow in done:
            if len(seen.get(grant, ())) <= MAX_SEEN:
                seen.setdefault(grant, {}).setdefault(narrow)
    return Usage(
        calls=calls,
        contained=contained,
        first_ms=first,
        last_ms=last,
        used={grant: count for grant, count in used.items() if count},
        unused=tuple(
            grant for grant in grants if not used[grant] and not (contained and grant.kind not in TOLD)
        ),
        seen={
            grant: tuple(narrow)
            for grant, narrow in seen.items()
            if "*" in grant.target and len(narrow) <= MAX_SEEN and not (contained and grant.kind not in TOLD)
        },
        denials=tuple(denials.values())[:MAX_DENIALS],
    )


def narrower(usage: Usage, grants: Sequence[Grant]) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    """What a narrower manifest would leave out, and what it would name in its place; nothing where nothing was called.

    A grant goes that was never used, and a wide one under which little was done: what was done is granted by itself.
    """
    if not usage.calls:
        return (), ()
    kept = [grant for grant in grants if grant not in usage.unused]
    instead: dict[Grant, None] = {}
    for wide, narrow in usage.seen.items():
        if any(wide == one or "*" in one.target for one in narrow):
            continue
        kept.remove(wide)
        for one in narrow:
            if not any(covers(grant, one) for grant in (*kept, *instead)):
                instead.setdefault(one)
    return tuple(grant for grant in grants if grant not in kept), tuple(instead)


def _deny(
    denials: dict[tuple[str, str], Denial], reason: Mapping[str, Any], record: Mapping[str, Any]
) -> None:
    rule, about, instead = (str(reason.get(name, "")) for name in ("rule", "about", "instead"))
    needed = instead.partition("`")[2].partition("`")[0] if instead.startswith("The manifest would") else ""
    key = (rule, needed or about)
    known = denials.get(key)
    denials[key] = Denial(
        time_ms=known.time_ms if known else int(record.get("time_ms", 0)),
        seq=known.seq if known else int(record.get("seq", 0)),
        rule=rule,
        about=known.about if known else about,
        grant=needed,
        times=known.times + 1 if known else 1,
    )


def _accesses(record: Mapping[str, Any]) -> Iterator[Access]:
    for item in record.get("accesses", ()):
        try:
            kind = AccessKind(item.get("kind", ""))
        except ValueError:
            continue
        match item:
            case {"path": str(path)}:
                yield Access(kind=kind, target=PathTarget(path=path))
            case {"program": str(program)}:
                words = _words(str(item.get("arguments", "")))
                named = program.rpartition("/")[2]
                by_path = program if program.startswith("/") else None
                yield Access(kind=kind, target=ProgramTarget(name=named, path=by_path, words=words))
            case {"host": str(host)}:
                yield Access(kind=kind, target=HostTarget(host=host, port=item.get("port")))
            case {"variable": str(variable)}:
                yield Access(kind=kind, target=VariableTarget(name=variable))
            case {"name": str(named)}:
                yield Access(kind=kind, target=NameTarget(name=named))
            case _:
                pass


def _words(arguments: str) -> tuple[str, ...]:
    try:
        words = shlex.split(arguments)
    except ValueError:
        words = arguments.split()
    return tuple(word for word in words if not word.startswith("-"))


def _granting(
    access: Access, grants: Sequence[Grant], record: Mapping[str, Any], roots: Sequence[str]
) -> Iterator[tuple[Grant, Grant]]:
    """The grants that allow an access, each with the narrowest that would."""
    needed = grant_for(access, roots)
    shorter = grant_for(access, roots, project=str(record.get("project") or ""))
    if needed is None or shorter is None:
        return
    spelled = (needed, shorter)
    for grant in grants:
        if any(covers(grant, one) for one in spelled) or _runs(grant, access):
            yield grant, spelled[-1]


def _runs(grant: Grant, access: Access) -> bool:
    """Whether an interpreter runs the very script of the skill that is granted."""
    target = access.target
    if not isinstance(target, ProgramTarget) or not grant.target.startswith("${skill}/"):
        return False
    return any(word and word.endswith(grant.target.removeprefix("${skill}/")) for word in target.words)
