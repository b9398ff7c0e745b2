"""Accesses that stand for all others: one for every way in which the rules at hand can tell accesses apart.

Where rules are globs this is exact: two accesses that the same globs match get the same answer, and every
combination of globs that occurs is found. Commands are told apart by the words and options that rules name.
Findings, hosts and names are globs too; hosts are crossed with the ports that rules name.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TypeAlias

from bailiwick.administration.place import HOME, PROJECT
from bailiwick.decision.bound import fill_in
from bailiwick.model.access import (
    Access,
    AccessKind,
    Finding,
    HostTarget,
    NameTarget,
    Opaque,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.glob import Budget, Glob, GlobSet, name_glob, path_glob, witness, word_glob
from bailiwick.model.segments import Unions
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import (
    CommandCondition,
    Condition,
    FindingCondition,
    HostCondition,
    NameCondition,
    PathCondition,
    Policy,
    Subject,
    VariableCondition,
)

MAX_CELL_STEPS = 2_000_000
"""Transitions tried in telling the accesses of one subject apart: seconds, well above any real policy."""

OTHER_PORT = 443
UNKNOWN_PROGRAM = "some-program"
UNKNOWN_WORD = "something"

PathRules: TypeAlias = frozenset[tuple[str, Verdict, Glob]]
"""Layer, verdict and glob of the rules on paths for one kind of access."""

_NAMES = {
    Subject.TOOLS: AccessKind.CALL_TOOL,
    Subject.MCP: AccessKind.CALL_TOOL,
    Subject.SKILLS: AccessKind.LOAD_SKILL,
    Subject.AGENTS: AccessKind.SPAWN_AGENT,
    Subject.CONFIG: AccessKind.CHANGE_CONFIG,
}


def conditions(policies: Iterable[Policy], subject: Subject) -> tuple[Condition, ...]:
    """What the rules of ``subject`` ask for, each once."""
    rules = (rule for policy in policies for layer in policy.layers for rule in layer.rules)
    return tuple(dict.fromkeys(rule.when for rule in rules if rule.subject is subject))


def cells(  # noqa: C901, PLR0912 (one arm per subject)
    subject: Subject, asked: Sequence[Condition]
) -> Iterator[Access | Opaque | Finding]:
    """One access for each way in which ``asked`` tells the accesses of ``subject`` apart, simplest first.

    Permission modes, models and prompts are circumstances, not accesses, and have none. Raises TooComplexError.
    """
    match subject:
        case Subject.FILES:
            yield from _paths([one for one in asked if isinstance(one, PathCondition)])
        case Subject.COMMANDS:
            yield from commands([one for one in asked if isinstance(one, CommandCondition)])
        case Subject.PROJECT_CODE:
            for access in commands([]):
                if isinstance(access.target, ProgramTarget):
                    yield replace(access, target=replace(access.target, project_code=True))
        case Subject.OPAQUE:
            yield Opaque(reason="a part that can't be known before it runs")
        case Subject.NETWORK:
            hosts = [one for one in asked if isinstance(one, HostCondition)]
            ports = sorted({OTHER_PORT, *(one.port for one in hosts if one.port)})
            for name in _named([one.host for one in hosts]):
                for port in ports:
                    for sends in {False, any(one.fetch for one in hosts)}:
                        peer = HostTarget(host=name, port=port, sends=sends)
                        yield Access(kind=AccessKind.CONNECT, target=peer)
        case Subject.ENVIRONMENT:
            for name in _named([one.name for one in asked if isinstance(one, VariableCondition)]):
                yield Access(kind=AccessKind.CHANGE_CONFIG, target=VariableTarget(name=name))
        case Subject.FINDINGS:
            for name in _named([one.rule for one in asked if isinstance(one, FindingCondition)]):
                yield Finding(rule=name, message=name)
        case Subject.TOOLS | Subject.MCP | Subject.SKILLS | Subject.AGENTS | Subject.CONFIG:
            globs = [one.name for one in asked if isinstance(one, NameCondition)]
            for name in _named(globs, mcp={Subject.TOOLS: False, Subject.MCP: True}.get(subject)):
                yield Access(kind=_NAMES[subject], target=NameTarget(name=name))
        case Subject.PERMISSION_MODES | Subject.MODELS | Subject.PROMPTS:
            pass


def bound_glob(condition: PathCondition) -> Glob:
    """The condition's glob in the imagined session."""
    return path_glob(fill_in(condition.glob, project=PROJECT, home=HOME))


def _paths(asked: Sequence[PathCondition]) -> Iterator[Access]:
    globs = tuple(dict.fromkeys(bound_glob(one) for one in asked))
    kinds = sorted({kind for one in asked for kind in one.kinds} or {AccessKind.READ, AccessKind.WRITE})
    for path in _distinct(GlobSet(globs)):
        for kind in kinds:
            yield Access(kind=kind, target=PathTarget(path=path))


def changed_paths(old: Policy, new: Policy) -> Iterator[Access]:
    """A path for each way in which a change of the rules on files may change the answer on one.

    Only paths that a changed rule names are looked at, all paths when a layer's default has changed; what both
    policies deny by the same glob is left out, and with it whole trees. Raises TooComplexError.
    """
    done: list[object] = []
    for kind in (AccessKind.READ, AccessKind.WRITE, AccessKind.DELETE, AccessKind.EXECUTE):
        before, after = _path_rules(old, kind), _path_rules(new, kind)
        if (before, after) in done:
            continue  # deletion is mostly ruled as writing is, and one example shows both
        done.append((before, after))
        changed = {glob for _, _, glob in before ^ after}
        denied = {glob for _, verdict, glob in before if verdict is Verdict.DENY} & {
            glob for _, verdict, glob in after if verdict is Verdict.DENY
        }
        alike = _alike(before, after, apart=changed)
        space = Unions(alike, budget=Budget(MAX_CELL_STEPS))
        without = [number for number, globs in enumerate(alike) if denied.issuperset(globs)]
        places: list[Sequence[int]] = [
            [number] for number, globs in enumerate(alike) if changed.issuperset(globs)
        ]
        if _file_defaults(old) != _file_defaults(new):
            places.append(())
        seen: set[tuple[int, ...]] = set()
        for within in places:
            for path, matching in space.combinations(within=within, without=without):
                if matching not in seen:
                    seen.add(matching)
                    yield Access(kind=kind, target=PathTarget(path=path))


def _alike(before: PathRules, after: PathRules, *, apart: Collection[Glob]) -> list[tuple[Glob, ...]]:
    """The globs by what rules say of them; each of those ``apart`` by itself."""
    said: defaultdict[Glob, set[tuple[bool, str, Verdict]]] = defaultdict(set)
    for now, rules in ((False, before), (True, after)):
        for layer, verdict, glob in rules:
            said[glob].add((now, layer, verdict))
    alike: defaultdict[object, list[Glob]] = defaultdict(list)
    for glob in sorted(said, key=lambda glob: glob.text):
        alike[frozenset(said[glob]), glob if glob in apart else None].append(glob)
    return [tuple(globs) for globs in alike.values()]


def _path_rules(policy: Policy, kind: AccessKind) -> PathRules:
    return frozenset(
        (layer.name, rule.verdict, bound_glob(rule.when))
        for layer in policy.layers
        for rule in layer.rules
        if isinstance(rule.when, PathCondition) and kind in rule.when.kinds
    )


def _file_defaults(policy: Policy) -> list[tuple[str, Verdict]]:
    return [
        (layer.name, layer.defaults[Subject.FILES].verdict)
        for layer in policy.layers
        if Subject.FILES in layer.defaults
    ]


def _named(globs: Iterable[str], *, mcp: bool | None = None) -> Iterator[str]:
    """A name for each combination; ``mcp`` says whether MCP tools are meant, None that there are none such."""
    served = name_glob("mcp__*")
    every = GlobSet((served, *dict.fromkeys(name_glob(glob) for glob in globs)))
    within, without = {None: ((), ()), True: ((0,), ()), False: ((), (0,))}[mcp]
    for text in _distinct(every, within=within, without=without):
        # A person is shown it: `x.example.com` says more than `.example.com`, where the rules tell no difference.
        fuller = (
            f"x{text}" if text.startswith(".") else f"{text}x" if text.endswith(("_", "/", "-")) else text
        )
        yield fuller if every.matching(fuller) == every.matching(text) else text


def _distinct(globs: GlobSet, *, within: Sequence[int] = (), without: Sequence[int] = ()) -> Iterator[str]:
    seen: set[tuple[int, ...]] = set()
    for text, matching in globs.explore(within=within, without=without, budget=Budget(MAX_CELL_STEPS)):
        if matching not in seen:
            seen.add(matching)
            yield text


def commands(asked: Sequence[CommandCondition]) -> Iterator[Access]:
    """A command that no rule names, one for each rule, and one for each two rules that a command can meet at once."""
    made: dict[ProgramTarget, None] = {}
    made.setdefault(_program((UNKNOWN_PROGRAM,), frozenset(), None))
    by_first: defaultdict[str, list[CommandCondition]] = defaultdict(list)
    for condition in asked:
        by_first[condition.words[0]].append(condition)
    for condition in asked:
        words = _joined(condition.words, ())
        if words is None:
            continue
        for parent in range(1, len(words)):
            made.setdefault(_program(words[:parent], frozenset(), condition.as_user))
        made.setdefault(_program(words, frozenset(), condition.as_user))
        made.setdefault(_program(words, condition.options, condition.as_user))
        made.setdefault(_program((*words, UNKNOWN_WORD), condition.options, condition.as_user))
        for other in by_first[condition.words[0]]:
            if (both := _joined(condition.words, other.words)) is not None:
                options = condition.options | other.options
                made.setdefault(_program(both, options, condition.as_user or other.as_user))
    for program in made:
        yield Access(kind=AccessKind.EXECUTE, target=program)


def _joined(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...] | None:
    """Words that meet both word patterns, or None when there are none."""
    words: list[str] = []
    for first, second in zip_longest(one, other):
        word = witness([word_glob(text) for text in (first, second) if text is not None])
        if word is None:
            return None
        words.append(word)
    return tuple(words)


def _program(words: Sequence[str], options: frozenset[str], as_user: str | None) -> ProgramTarget:
    given = sorted(options)
    return ProgramTarget(
        name=words[0].rsplit("/", 1)[-1],
        path=words[0] if "/" in words[0] else None,
        words=tuple(words[1:]),
        argv=(*words, *given),
        as_user=None if as_user is None else witness([word_glob(as_user)]),
    )
