"""`bailiwick skill why`: what an approved skill may do, what it did with that, and which declaration a denied call fell outside of.

Without a name it says so of every approval: what a review of them has to look at.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from bailiwick.administration.skills import statements
from bailiwick.administration.skills.lock import Entry, Lock, LockError
from bailiwick.administration.skills.plan import planned
from bailiwick.administration.skills.usage import Usage, narrower, usage_of
from bailiwick.cli.skill_lock import installed_at, read, shown
from bailiwick.information.approvals import grants_for
from bailiwick.model.skill import Manifest
from bailiwick.policy.errors import PolicyErrors
from bailiwick.service.log_reader import LogReader
from bailiwick.service.places import find
from bailiwick.service.policy_files import NotAPolicyError
from bailiwick.service.skills.copies import Copies
from bailiwick.service.store import StoreError

DONE, FINDINGS, USAGE, ENVIRONMENT = 0, 1, 2, 3


def register(inner: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb below ``bailiwick skill``."""
    verb = inner.add_parser(
        "why", help="what a skill may do, what it did, and what it was denied", description=__doc__
    )
    verb.add_argument("skill", metavar="NAME", nargs="?", help="the skill; every approved one if left out")
    verb.add_argument("--policy", metavar="DIR", help="policy repository; the installed one if left out")
    verb.add_argument("--state", metavar="DIR", help="state directory, for the log")
    verb.add_argument("--json", action="store_true", help="as JSON")
    verb.set_defaults(func=run)


def run(asked: argparse.Namespace) -> int:
    """Exit code 0 when the skill is approved and nothing was denied, 1 when there is something to see."""
    try:
        _, _, lock = read(asked)
    except (LockError, PolicyErrors, NotAPolicyError) as error:
        print(f"bailiwick: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"bailiwick: {error.filename or 'the policy'}: {error.strerror}", file=sys.stderr)
        return ENVIRONMENT
    every = sorted({one.approval.name for one in lock.entries})
    names = [asked.skill.rpartition(":")[2]] if asked.skill is not None else every
    codes, told = [DONE], []
    for name in names:
        code, said = _one(asked, name, lock)
        codes.append(code)
        told.append(said)
    if asked.json:
        print(json.dumps(told[0] if asked.skill is not None else {"skills": told}))
    elif not names:
        print("no skill is approved")
    return max(codes)


def _one(asked: argparse.Namespace, name: str, lock: Lock) -> tuple[int, dict[str, Any]]:
    """Print what there is to say of one skill, unless JSON is asked for; the exit code, and the same as JSON."""
    entries = [one for one in lock.entries if one.approval.name == name]
    revoked = [one for one in lock.revoked if one.name == name]
    places = installed_at(name)
    usages = _usages(asked, name, entries, places)
    if not asked.json:
        print("\n".join(_lines(name, entries, usages, places)))
        for gone in revoked:
            on = statements.time_text(gone.on)[:10]
            print(f"revoked {gone.id} on {on} by {gone.by}{f': {shown(gone.reason)}' if gone.reason else ''}")
    denied = any(usage.denials for usage in usages.values())
    said = {"name": name, "approvals": [_json(one, usages[one.approval.id]) for one in entries]}
    return FINDINGS if denied or not entries else DONE, said


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """What `skill inspect` adds where the policy has a lock: is the skill approved as it stands, and what did it do."""

    lines: tuple[str, ...] = ()
    approvals: tuple[Mapping[str, Any], ...] | None = None
    """The same as JSON; None where there is no lock."""


def in_use(asked: argparse.Namespace, name: str, root: Path, manifest: Manifest) -> InUse:
    """What the lock and the log say of a skill whose files, as they stand, do what ``manifest`` says. Never raises."""
    try:
        _, _, lock = read(asked)
        entries = [one for one in lock.entries if one.approval.name == name]
        usages = _usages(asked, name, entries, [root])
    except (LockError, PolicyErrors, OSError):
        return InUse()
    if not entries:
        return InUse(lines=("", "approval  none"), approvals=())
    found, _ = grants_for(manifest.active)
    told = ["", "approval", *(f"  {line}" for line in _lines(name, entries, usages, [root]))]
    listed = []
    for entry in entries:
        more = planned(found, (), entry).widens
        told += [f"  what it does now and {entry.approval.id} doesn't grant:"] if more else []
        told += [f"    {shown(str(grant))}" for grant in more]
        state = Copies().at(str(root), name).digest == entry.approval.digest
        listed.append(
            _json(entry, usages[entry.approval.id])
            | {"as_approved": state, "not_granted": [str(grant) for grant in more]}
        )
    return InUse(lines=tuple(told), approvals=tuple(listed))


def _usages(
    asked: argparse.Namespace, name: str, entries: list[Entry], places: list[Path]
) -> dict[str, Usage]:
    """What the log says of each approval since it was given."""
    usages = {}
    for entry in entries:
        said, since = entry.approval, entry.approval.approved_on * 1000
        try:
            with LogReader(find(getattr(asked, "state", None)).state) as log:
                records = (one.record for one in log.entries() if one.record.get("time_ms", 0) >= since)
                usages[said.id] = usage_of(name, said.grants, records, [str(place) for place in places])
        except StoreError:
            usages[said.id] = Usage(unused=said.grants)  # no session has run here yet
    return usages


def _lines(name: str, entries: list[Entry], usages: dict[str, Usage], places: list[Path]) -> Iterator[str]:
    if not entries:
        yield f"{shown(name)} is not approved; `bailiwick skill approve {shown(name)} --as role:ROLE` does that"
    for entry in entries:
        said, usage = entry.approval, usages[entry.approval.id]
        yield f"{shown(name)} {said.digest[:12]}, approved for {', '.join(said.roles)} by {said.approved_by}"
        ended = " (expired)" if said.expires <= time.time() else ""
        yield f"  {said.id} from {statements.time_text(said.approved_on)[:10]} to {statements.time_text(said.expires)[:10]}{ended}, {said.origin}"
        for place in places:
            copy = Copies().at(str(place), name)
            state = "as approved" if copy.digest == said.digest else copy.problem or "changed since"
            yield f"  {shown(str(place))}: {shown(state)}"
        yield f"  may do{'' if said.grants else ': nothing beyond reading its own files'}"
        for grant in said.grants:
            count = usage.used.get(grant, 0)
            idle = "never used" if grant in usage.unused else "not seen"
            yield f"    {shown(str(grant)):48} {_calls(count) if count else idle}"
        yield f"  {_calls(usage.calls)} on record{_span(usage)}"
        if usage.contained:
            yield f"  {_calls(usage.contained)} ran code in the sandbox: which of its grants that used isn't seen"
        for denial in usage.denials:
            times = f", {denial.times} times" if denial.times > 1 else ""
            yield f"  denied  {shown(denial.about)} (entry {denial.seq}, {_when(denial.time_ms)}{times})"
            if denial.grant:
                yield f"          it would need: {shown(denial.grant)}"
        without, instead = narrower(usage, said.grants)
        if without:
            words = [f"--without {quote(str(grant))}" for grant in without]
            words += [f"--grant {quote(str(grant))}" for grant in instead]
            yield "  a narrower manifest, by what was used:"
            roles = quote(f"role:{','.join(said.roles)}")
            yield f"    bailiwick skill approve {quote(shown(name))} --as {roles} {shown(' '.join(words))}"


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def _span(usage: Usage) -> str:
    return f", {_when(usage.first_ms)} to {_when(usage.last_ms)} UTC" if usage.calls else ""


def _when(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _json(entry: Entry, usage: Usage) -> dict[str, Any]:
    said = entry.approval
    without, instead = narrower(usage, said.grants)
    return {
        "approval": said.id,
        "digest": said.digest,
        "roles": list(said.roles),
        "expires": statements.time_text(said.expires),
        "calls": usage.calls,
        "grants": [{"grant": str(grant), "used": usage.used.get(grant, 0)} for grant in said.grants],
        "unused": [str(grant) for grant in usage.unused],
        "narrower": {"without": [str(one) for one in without], "grant": [str(one) for one in instead]},
        "denials": [
            {"about": one.about, "rule": one.rule, "seq": one.seq, "times": one.times, "needs": one.grant}
            for one in usage.denials
        ],
    }
