"""When rules answer for each other: whether what one names is wholly named by others. Exact wherever rules are globs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from bailiwick.administration.cells import bound_glob, cells
from bailiwick.administration.place import shown
from bailiwick.model.access import Access, PathTarget
from bailiwick.model.glob import Glob, TooComplexError, contained, name_glob, witness, word_glob
from bailiwick.model.verdict import Mode, Verdict
from bailiwick.policy.types import (
    AnyCondition,
    CommandCondition,
    Condition,
    FindingCondition,
    HostCondition,
    NameCondition,
    PathCondition,
    Policy,
    Rule,
    VariableCondition,
)


def example_of(rule: Rule) -> str | None:
    """Something that ``rule`` speaks of, in a line; None when there is no such thing."""
    try:
        match rule.when:
            case PathCondition(kinds=kinds) as path:
                found = witness([bound_glob(path)])
                return found and shown(Access(kind=min(kinds), target=PathTarget(path=found)))
            case CommandCondition(words=words, options=options):
                known = [witness([word_glob(word)]) for word in words]
                return None if None in known else " ".join([*map(str, known), *sorted(options)])
            case HostCondition() | NameCondition() | FindingCondition() | VariableCondition() as named:
                return witness([_name(named)])
            case AnyCondition():
                return next((shown(about) for about in cells(rule.subject, ())), rule.subject.value)
    except TooComplexError:
        return rule.subject.value


def outweighed(policy: Policy, layer: int, rule: Rule) -> Sequence[Rule] | None:
    """The rules that together always answer at least as strictly as ``rule`` of ``layer``, or None.

    A permission is outweighed by objections of any layer, or by a permission that stands earlier in its own. An
    objection is outweighed by stricter ones of any layer, and by equal ones that stand in a wider layer or earlier.
    What answers in another layer must also be as strict as the default that the rule keeps its own layer from.
    """
    others = list(_others(policy, layer, rule))
    match rule.when:
        case PathCondition(kinds=kinds) as path:
            glob = bound_glob(path)
            used: dict[str, Rule] = {}
            for kind in sorted(kinds):
                near = [
                    (other, bound_glob(other.when))
                    for other in others
                    if isinstance(other.when, PathCondition) and kind in other.when.kinds
                ]
                needed = _needed(glob, near)
                if needed is None:
                    return None
                used.update((other.id, other) for other in needed)
            return list(used.values())
        case CommandCondition() as command:
            for other in others:
                if isinstance(other.when, CommandCondition) and _command_within(command, other.when):
                    return [other]
            return None
        case HostCondition(port=port, fetch=fetch) as host:
            return _needed(
                _name(host),
                [
                    (other, _name(other.when))
                    for other in others
                    if isinstance(other.when, HostCondition)
                    and other.when.port in {None, port}
                    and (fetch or not other.when.fetch)
                ],
            )
        case NameCondition() | FindingCondition() | VariableCondition() as named:
            same = [
                (other, _name(other.when))
                for other in others
                if isinstance(other.when, type(named)) and _as_wide(other.when, named)
            ]
            return _needed(_name(named), same)
        case AnyCondition():
            return None


def _others(policy: Policy, place: int, rule: Rule) -> Iterator[Rule]:
    """The rules that answer at least as strictly wherever they match, and are carried out as far as ``rule`` is."""
    mode = rule.mode or policy.mode
    default = policy.layers[place].defaults.get(rule.subject)
    for number, layer in enumerate(policy.layers):
        earlier = number <= place
        for other in layer.rules:
            if other is rule:
                earlier = False
            elif other.subject is rule.subject and (other.mode or policy.mode) in {mode, Mode.ENFORCE}:
                equal = other.verdict is rule.verdict and earlier
                # Without the rule its layer would fall back to its default, which may be stricter than the other.
                shields = number == place or default is None or other.verdict >= default.verdict
                if shields and (
                    other.verdict > rule.verdict
                    or (equal and (number == place or rule.verdict > Verdict.ALLOW))
                ):
                    yield other


def _needed(glob: Glob, others: Sequence[tuple[Rule, Glob]]) -> list[Rule] | None:
    """Rules whose globs together contain ``glob``: one alone if it does, else as few as leaving out one by one shows."""
    try:
        some = witness([glob])  # what contains it all contains this, which is found out sooner
    except TooComplexError:
        return None
    near = [pair for pair in others if some is not None and pair[1].matches(some)]
    if not near:
        return None
    for other, one in near:
        if contained(glob, [one]):
            return [other]
    if not contained(glob, [one for _, one in others]):
        return None
    kept = list(others)
    for pair in others:
        fewer = [other for other in kept if other is not pair]
        if contained(glob, [one for _, one in fewer]):
            kept = fewer
    return [other for other, _ in kept]


def _as_wide(other: Condition, one: Condition) -> bool:
    """Whether what narrows ``other`` beside its id narrows ``one`` as well."""
    match other, one:
        case FindingCondition() as wide, FindingCondition() as narrow:
            return wide.plain or replace(wide, rule=narrow.rule) == narrow
        case _:
            return True


def _name(condition: HostCondition | NameCondition | FindingCondition | VariableCondition) -> Glob:
    match condition:
        case (
            HostCondition(host=text)
            | NameCondition(name=text)
            | FindingCondition(rule=text)
            | VariableCondition(name=text)
        ):
            return name_glob(text)


def _command_within(inner: CommandCondition, outer: CommandCondition) -> bool:
    """Whether every command that ``inner`` names, ``outer`` names too."""
    if len(outer.words) > len(inner.words) or not outer.options <= inner.options:
        return False
    if outer.as_user is not None and (
        inner.as_user is None or not contained(word_glob(inner.as_user), [word_glob(outer.as_user)])
    ):
        return False
    return all(
        wide is None or (narrow is not None and contained(word_glob(narrow), [word_glob(wide)]))
        for narrow, wide in zip_longest(inner.words, outer.words)
    )
