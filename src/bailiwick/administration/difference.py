"""What a change of policy newly allows, asks about and denies: per profile and subject, one concrete access each.

1. The rules of both policies together tell accesses apart (``cells``); each cell is judged under both.
2. A cell whose verdict changed is a difference; cells that changed between the same verdicts by the same rules
   are one, shown by the simplest. Where rules are globs the list is complete.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bailiwick.administration.cells import cells, changed_paths, conditions
from bailiwick.administration.place import judge, shown
from bailiwick.model.access import Access, Finding, Opaque
from bailiwick.model.decision import Clamp, Decision, Origin, Reason, Rewrite
from bailiwick.model.glob import TooComplexError
from bailiwick.model.verdict import Verdict
from bailiwick.policy.holding_text import holding_lines
from bailiwick.policy.types import Duty, Policy, PolicySet, Subject

_NOWHERE = Origin(file="", line=0)
"""Where a thing stands in its file is no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Accesses like ``example`` got ``before`` and now get ``after``; the reasons are the strongest of each."""

    subject: Subject
    before: Verdict
    after: Verdict
    example: Access | Opaque | Finding
    was: Reason | None
    now: Reason | None

    @property
    def wider(self) -> bool:
        """Whether the change permits more."""
        return self.after < self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How one profile changed, or with None what is said of the organisation as a whole.

    ``notes`` tell what is no access: mode, duties, client settings, incompleteness; roles, audit, approvers, invariants.
    """

    profile: str | None
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


def difference(before: PolicySet, after: PolicySet, profiles: Sequence[str] = ()) -> tuple[Difference, ...]:
    """What is said of all, if that changed, and each profile that changed, by name; ``profiles`` limits it to some of these."""
    names = sorted(profiles or {*before.policies, *after.policies})
    notes = () if profiles else tuple(_notes_of_all(before, after))
    found = [Difference(profile=None, changes=(), notes=notes)] if notes else []
    for name in names:
        old, new = before.policies.get(name), after.policies.get(name)
        if old is None or new is None:
            if (old is None) != (new is None):
                note = "the profile is new" if old is None else "the profile is gone"
                found.append(Difference(profile=name, changes=(), notes=(note,)))
        elif old.revision != new.revision or not old.revision:
            one = compare(old, new)
            if one.changes or one.notes:
                found.append(one)
    return tuple(found)


def compare(old: Policy, new: Policy) -> Difference:
    """What changed between two policies of one profile, exceptions aside."""
    changes: list[Change] = []
    notes = list(_notes(old, new))
    unchanged = _unchanged(old, new)
    for subject in Subject:
        seen: set[tuple[object, ...]] = set()
        try:
            for change in _changes(subject, old, new):
                kind = change.example.kind if isinstance(change.example, Access) else None
                key = (change.before, change.after, kind, _culprit(change, unchanged))
                if key not in seen:
                    seen.add(key)
                    changes.append(change)
        except TooComplexError:
            notes.append(
                f"{subject.value}: too many combinations of globs; the list of changes is not complete"
            )
    return Difference(profile=new.profile, changes=tuple(changes), notes=tuple(notes))


def _said(policy: Policy) -> dict[str, object]:
    """What each rule says, by id."""
    return {
        rule.id: (layer.name, rule.verdict, rule.when)
        for layer in policy.layers
        for rule in (*layer.rules, *layer.defaults.values())
    }


def _unchanged(old: Policy, new: Policy) -> set[str]:
    """Rules that say what some rule of the other policy says, perhaps under another number."""
    before, after = _said(old), _said(new)
    same = {*before.values()} & {*after.values()}
    return {name for said in (before, after) for name, meaning in said.items() if meaning in same}


def _culprit(change: Change, unchanged: set[str]) -> str:
    """The rule whose change a reader will recognise; of two, the one that objects or objected."""
    ranked = (change.was, change.now) if change.wider else (change.now, change.was)
    named = [reason.rule for reason in ranked if reason is not None]
    return next((rule for rule in named if rule not in unchanged), named[0] if named else "")


def _changes(subject: Subject, old: Policy, new: Policy) -> Iterator[Change]:
    if _rules(old, subject) == _rules(new, subject):
        return
    found: Iterator[Access | Opaque | Finding]
    found = (
        changed_paths(old, new)
        if subject is Subject.FILES
        else cells(subject, conditions((old, new), subject))
    )
    for about in found:
        was, now = judge(old, about), judge(new, about)
        if was.verdict is not now.verdict:
            yield Change(
                subject=subject,
                before=was.verdict,
                after=now.verdict,
                example=about,
                was=_strongest(was),
                now=_strongest(now),
            )


def _rules(policy: Policy, subject: Subject) -> list[object]:
    """What the policy's answers about ``subject`` depend on; the commands' answers on project code too."""
    return [
        (layer.scope, layer.name, rule.verdict, rule.when, rule.id)
        for layer in policy.layers
        for rule in (*layer.rules, *layer.defaults.values())
        if rule.subject is subject
    ]


def _strongest(decision: Decision) -> Reason | None:
    return next((reason for reason in decision.reasons if reason.verdict is decision.verdict), None)


def _notes(old: Policy, new: Policy) -> Iterator[str]:
    if old.mode is not new.mode:
        yield f"mode: {old.mode} -> {new.mode}"
    if old.unattended is not new.unattended:
        yield f"questions where nobody can answer: {old.unattended.label} -> {new.unattended.label}"
    yield from _mode_notes(old, new)
    before, after = ([text for text, _ in holding_lines(one)] for one in (old, new))
    yield from (f"no longer: {text}" for text in before if text not in after)
    yield from (f"new: {text}" for text in after if text not in before)
    yield from _sandbox_notes(old, new)
    yield from _data_notes(old, new)
    for sign, ours, others in (("-", old, new), ("+", new, old)):
        theirs = {_duty(duty) for layer in others.layers for duty in layer.duties}
        said = (_duty(duty) for layer in ours.layers for duty in layer.duties)
        yield from (f"obligation {sign} {duty}" for duty in said if duty not in theirs)
    for name in old.client.__dataclass_fields__:
        was, now = getattr(old.client, name), getattr(new.client, name)
        if was != now:
            yield f"client {name}: {_plain(was)} -> {_plain(now)}"
    lifted = {one.id: one for one in old.exceptions}
    current = {one.id: one for one in new.exceptions}
    yield from _named_notes("exception", lifted, current)


def _notes_of_all(old: PolicySet, new: PolicySet) -> Iterator[str]:
    """Who gets which profile, how the log is kept, who may approve, and what no profile may allow."""
    if old.default_profile != new.default_profile:
        yield f"default profile: {old.default_profile or 'none'} -> {new.default_profile or 'none'}"
    for name in old.audit.__dataclass_fields__:
        was, now = getattr(old.audit, name), getattr(new.audit, name)
        if was != now:
            yield f"audit {name}: {_plain(was)} -> {_plain(now)}"
    both: tuple[tuple[str, Callable[[PolicySet], Mapping[str, object]]], ...] = (
        ("role", lambda one: {role.id: replace(role, origin=_NOWHERE) for role in one.roles}),
        ("approver", lambda one: {each.name: replace(each, origin=_NOWHERE) for each in one.approvers}),
        ("invariant", lambda one: {each.id: replace(each, origin=_NOWHERE) for each in one.invariants}),
    )
    for what, by_name in both:
        yield from _named_notes(what, by_name(old), by_name(new))


def _named_notes(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    """What is new, gone or other than it was, by name."""
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield f"{what} {'+' if name not in before else '-' if name not in after else '~'} {name}"


def _mode_notes(old: Policy, new: Policy) -> Iterator[str]:
    before, after = (
        {
            rule.id: rule.mode or one.mode
            for layer in one.layers
            for rule in (*layer.rules, *layer.defaults.values())
        }
        for one in (old, new)
    )
    for rule in sorted(before.keys() & after.keys()):
        if before[rule] is not after[rule] and (before[rule], after[rule]) != (old.mode, new.mode):
            yield f"mode of {rule}: {before[rule]} -> {after[rule]}"


def _sandbox_notes(old: Policy, new: Policy) -> Iterator[str]:
    """Questions that are no longer asked where the sandbox holds the command, and those that are again."""
    before, after = (
        {rule.id for layer in one.layers for rule in layer.defaults.values() if rule.contained}
        for one in (old, new)
    )
    yield from (f"{rule}: runs in the sandbox instead of asking" for rule in sorted(after - before))
    yield from (f"{rule}: no longer runs in the sandbox instead of asking" for rule in sorted(before - after))


def _data_notes(old: Policy, new: Policy) -> Iterator[str]:
    """What is looked for in texts, besides secrets and personal data."""
    before, after = ({one.rule: one for one in policy.data_classes} for policy in (old, new))
    yield from _named_notes("data class", before, after)
    if old.example_keys is not new.example_keys:
        yield f"example keys: {'now' if new.example_keys else 'no longer'} findings"
    if old.unmasked is not new.unmasked:
        yield f"output that the client did not mask: {old.unmasked.value} -> {new.unmasked.value}"


def _duty(duty: Duty) -> str:
    tools = ", ".join(duty.tools)
    match duty.obligation:
        case Clamp(field=field, maximum=maximum):
            return f"{field} at most {maximum} ({tools})"
        case Rewrite(field=field, value=value):
            return f"{field} = {value} ({tools})"
        case other:
            return f"{type(other).__name__.lower()} ({tools})"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) or "any" if isinstance(value, tuple) else str(value)


_TITLES = {
    (True, Verdict.ALLOW): "newly allowed",
    (True, Verdict.ASK): "now asked about, was denied",
    (False, Verdict.ASK): "now asked about, was allowed",
    (False, Verdict.DENY): "newly denied",
}


def as_text(differences: Sequence[Difference]) -> str:
    """For people: what widens first, one access a line with the rules that decided it before and decide it now."""
    if not differences:
        return "no difference\n"
    lines: list[str] = []
    for one in differences:
        lines.append("the organisation" if one.profile is None else f"profile {one.profile}")
        groups: dict[tuple[bool, Verdict], list[Change]] = {}
        for change in one.changes:
            groups.setdefault((change.wider, change.after), []).append(change)
        for key in sorted(groups, key=lambda key: (not key[0], key[1])):
            lines.append(f"  {_TITLES.get(key, f'now {key[1].label}')}:")
            for change in groups[key]:
                lines.append(f"    {shown(change.example)}")
                lines += [
                    f"      {word} {reason.verdict.label} by {reason.rule} ({reason.origin})"
                    for word, reason in (("was", change.was), ("now", change.now))
                    if reason is not None
                ]
        lines += [f"  {note}" for note in one.notes]
    return "\n".join([*lines, ""])


def as_json(differences: Sequence[Difference]) -> list[Mapping[str, Any]]:
    """The same as plain JSON values."""
    return [
        {
            "profile": one.profile,
            "changes": [
                {
                    "subject": change.subject.value,
                    "before": change.before.label,
                    "after": change.after.label,
                    "wider": change.wider,
                    "example": shown(change.example),
                    "was": _reason(change.was),
                    "now": _reason(change.now),
                }
                for change in one.changes
            ],
            "notes": list(one.notes),
        }
        for one in differences
    ]


def _reason(reason: Reason | None) -> Mapping[str, str] | None:
    return None if reason is None else {"rule": reason.rule, "origin": str(reason.origin)}
