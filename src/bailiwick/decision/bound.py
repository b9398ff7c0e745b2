"""A policy made ready to decide by: ``${project}`` and ``~`` filled in, rules indexed by what they speak of."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple, TypeVar

from bailiwick.decision.duties import Duties, duties
from bailiwick.model.access import AccessKind
from bailiwick.model.glob import (
    Glob,
    GlobError,
    GlobSet,
    escape,
    is_pattern,
    literal,
    name_glob,
    path_glob,
    word_glob,
    word_matches,
)
from bailiwick.model.value import value
from bailiwick.model.verdict import Mode
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
    Scope,
    Subject,
    VariableCondition,
)

MAX_BOUND = 32
"""Policies kept ready at once: sessions of one machine that differ in profile, project or account."""

MAX_REMEMBERED = 1024
"""Answers of one kind that each bound policy keeps: the same is asked again and again."""

MAX_NAME = 4096
"""Characters of a name or path whose answer is kept: none that exists is longer (PATH_MAX), and an agent may spell megabytes."""

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


def keep(
    book: dict[_Asked, _Answer], asked: _Asked, answer: _Answer, *, most: int = MAX_REMEMBERED
) -> _Answer:
    """Write ``answer``, which the policy and its binding alone determine, into a bounded book, and give it back."""
    if len(book) >= most:
        book.clear()
    book[asked] = answer
    return answer


GRANTING = frozenset({Scope.BUILTIN, Scope.ORGANISATION, Scope.TEAM, Scope.PROFILE})
"""Layers whose ALLOW breaks silence. Narrower ones only narrow: what nobody wider speaks of stays a question."""


class Hit(NamedTuple):
    """A rule that matches and the number of its layer.

    Not ``certain``: it only may match, as far as the target is known. Not ``whole``: something else of the target
    may not match, so what holds for the rest is asked too.
    """

    layer: int
    rule: Rule
    certain: bool = True
    whole: bool = True


@value(frozen=True, slots=True)
class Index:
    """Hits by glob: all rules of one kind of condition, matched in one pass."""

    globs: GlobSet
    hits: tuple[Hit, ...]

    def matching(self, text: str) -> list[Hit]:
        """The rules whose glob matches ``text``."""
        return [self.hits[number] for number in self.globs.matching(text)]


@value(frozen=True, slots=True, kw_only=True)
class Programs:
    """The rules for one program: all of them, those for any sub-command, and with these those for each one named."""

    all: tuple[Hit, ...]
    general: tuple[Hit, ...]
    special: Mapping[str, tuple[Hit, ...]]

    def candidates(self, words: Sequence[str | None], *, open_ended: bool) -> Sequence[Hit]:
        """The rules that a command with these operands may match."""
        if words and words[0] is not None:
            return self.special.get(words[0], self.general)
        return self.all if words or open_ended else self.general


@value(frozen=True, slots=True, kw_only=True)
class Bound:
    """What ``decide`` looks things up in. ``faults`` are rules that can't be carried out; each is an error."""

    policy: Policy
    project: str
    home: str
    grants: tuple[bool, ...]
    defaults: Mapping[Subject, tuple[Hit | None, ...]]
    paths: Index
    path_globs: tuple[Glob, ...]
    names: Mapping[Subject, Index]
    hosts: Index
    findings: Index
    variables: Index
    programs: Mapping[str, Sequence[Hit]]
    other_programs: Sequence[Hit]
    """The rules for programs by name, and those that name them by a pattern or by path."""
    always: Mapping[Subject, tuple[Hit, ...]]
    uniform: bool
    folded: bool
    faults: tuple[str, ...]
    remembered: dict[object, list[Hit]] = field(default_factory=dict)
    visited: dict[tuple[str, AccessKind], list[Hit]] = field(default_factory=dict)
    """The rules that paths met. Apart, since many paths must not push out what a pattern met, which costs more."""
    answers: dict[object, Any] = field(default_factory=dict)
    """What ``decide`` found that all layers together say where these rules match."""
    _called: dict[str, Programs] = field(default_factory=dict)
    _duties: dict[str, Duties] = field(default_factory=dict)

    def duties_of(self, tool: str) -> Duties:
        """What is to be done along with calls of this tool."""
        known = self._duties.get(tool)
        return keep(self._duties, tool, duties(self.policy, tool)) if known is None else known

    def programs_called(self, name: str) -> Programs:
        """The rules that may speak of a program of this name."""
        known = self._called.get(name)
        if known is None:
            others = [hit for hit in self.other_programs if _may_be_called(hit, name)]
            known = _programs([*others, *self.programs.get(name, ())])
            if len(name) <= MAX_NAME:
                keep(self._called, name, known)
        return known


def fill_in(glob: str, *, project: str, home: str) -> str:
    """``glob`` with a leading ``${project}`` or ``~`` replaced."""
    if glob == "${project}" or glob.startswith("${project}/"):
        return (escape(project.rstrip("/")) + glob.removeprefix("${project}")) or "/"
    if glob == "~" or glob.startswith("~/"):
        return (escape(home.rstrip("/")) + glob[1:]) or "/"
    return glob


_ready: dict[tuple[int, str, str, bool], Bound] = {}


def bind(policy: Policy, project: str, home: str, *, folded: bool = False) -> Bound:
    """``policy`` made ready for sessions in ``project`` of an account at ``home``; the latest are remembered."""
    key = (id(policy), project, home, folded)
    known = _ready.get(key)
    if known is not None and known.policy is policy:
        return known
    bound = _bind(policy, project, home, folded=folded)
    while len(_ready) >= MAX_BOUND:
        _ready.pop(next(iter(_ready)), None)
    _ready[key] = bound
    return bound


def _bind(policy: Policy, project: str, home: str, *, folded: bool) -> Bound:
    grouped: defaultdict[type[Condition] | Subject, list[tuple[Hit, str]]] = defaultdict(list)
    for number, layer in enumerate(policy.layers):
        for rule in layer.rules:
            key, text = _key(rule)
            grouped[key].append((Hit(number, rule), text))
    faults: list[str] = []

    def index(key: type[Condition] | Subject) -> tuple[Index, tuple[Glob, ...]]:
        globs: list[Glob] = []
        kept: list[Hit] = []
        for hit, text in grouped[key]:
            try:
                if key is PathCondition:
                    globs.append(path_glob(fill_in(text, project=project, home=home), folded=folded))
                else:
                    globs.append(name_glob(text))
                kept.append(hit)
            except GlobError as error:
                faults.append(f"{hit.rule.origin}: {hit.rule.id} is not carried out: {error}")
        return Index(GlobSet(globs), tuple(kept)), tuple(globs)

    programs: defaultdict[str, list[Hit]] = defaultdict(list)
    for hit, first in grouped[CommandCondition]:
        programs[_literal_word(first) or ""].append(hit)
    always: defaultdict[Subject, list[Hit]] = defaultdict(list)
    for hit, _ in grouped[AnyCondition]:
        always[hit.rule.subject].append(hit)
    paths, path_globs = index(PathCondition)
    return Bound(
        policy=policy,
        project=project,
        home=home,
        grants=tuple(layer.scope in GRANTING for layer in policy.layers),
        defaults={subject: _defaults(policy, subject) for subject in Subject},
        paths=paths,
        path_globs=path_globs,
        names={key: index(key)[0] for key in list(grouped) if isinstance(key, Subject)},
        hosts=index(HostCondition)[0],
        findings=index(FindingCondition)[0],
        variables=index(VariableCondition)[0],
        other_programs=programs.pop("", ()),
        programs=programs,
        always={subject: tuple(found) for subject, found in always.items()},
        folded=folded,
        uniform=policy.mode is Mode.ENFORCE
        and all(rule.mode in {None, Mode.ENFORCE} for rule in _rules(policy)),
        faults=tuple(faults),
    )


def _literal_word(word: str) -> str | None:
    return literal(word_glob(word).text) if is_pattern(word) else word


def _may_be_called(hit: Hit, name: str) -> bool:
    when = hit.rule.when
    return (
        not isinstance(when, CommandCondition)
        or not when.words
        or "/" in when.words[0]
        or word_matches(when.words[0], name)
    )


def _programs(hits: Sequence[Hit]) -> Programs:
    general: list[Hit] = []
    special: defaultdict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        when = hit.rule.when
        second = (
            _literal_word(when.words[1])
            if isinstance(when, CommandCondition) and len(when.words) > 1
            else None
        )
        (general if second is None else special[second]).append(hit)
    return Programs(
        all=tuple(hits),
        general=tuple(general),
        special={word: (*general, *found) for word, found in special.items()},
    )


def _key(rule: Rule) -> tuple[type[Condition] | Subject, str]:
    """Where a rule is indexed, and by which glob."""
    match rule.when:
        case PathCondition(glob=glob):
            return PathCondition, glob
        case NameCondition(name=name):
            return rule.subject, name
        case HostCondition(host=host):
            return HostCondition, host
        case FindingCondition(rule=finding):
            return FindingCondition, finding
        case VariableCondition(name=name):
            return VariableCondition, name
        case CommandCondition(words=words):
            return CommandCondition, "*" if not words or "/" in words[0] else words[0]
        case AnyCondition():
            return AnyCondition, ""


def _rules(policy: Policy) -> Iterator[Rule]:
    for layer in policy.layers:
        yield from layer.rules
        yield from layer.defaults.values()


def _defaults(policy: Policy, subject: Subject) -> tuple[Hit | None, ...]:
    """Each layer's default for ``subject``."""
    return tuple(
        Hit(number, layer.defaults[subject]) if subject in layer.defaults else None
        for number, layer in enumerate(policy.layers)
    )
