"""Which rules match: one look-up for each kind of target, three-valued where the target is not wholly known."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from posixpath import dirname

from bailiwick.decision.bound import MAX_NAME, Bound, Hit, fill_in, keep
from bailiwick.decision.patterns import path_units
from bailiwick.model.access import (
    Access,
    AccessKind,
    HostTarget,
    NameTarget,
    PathTarget,
    ProgramTarget,
    VariableTarget,
)
from bailiwick.model.glob import name_glob, path_glob, word_matches
from bailiwick.model.verdict import Verdict
from bailiwick.policy.types import UNKNOWN_HOST, CommandCondition, HostCondition, Subject

SYSTEM_DIRECTORIES = frozenset(
    {
        "/bin",
        "/sbin",
        "/usr/bin",
        "/usr/sbin",
        "/usr/local/bin",
        "/usr/local/sbin",
        "/opt/homebrew/bin",
        "/opt/homebrew/sbin",
        "/snap/bin",
    }
)
"""Where a program called by path is the one that its base name means (FHS 3.0; Homebrew and snap)."""


class Certainty(IntEnum):
    """Whether a condition holds, as far as the target is known. Conjunction is ``min``."""

    NO = 0
    MAYBE = 1
    YES = 2


NO, MAYBE, YES = Certainty  # their look-up costs more than comparing with them

_SUBJECTS = {
    PathTarget: Subject.FILES,
    ProgramTarget: Subject.COMMANDS,
    HostTarget: Subject.NETWORK,
    VariableTarget: Subject.ENVIRONMENT,
}


def subject_of(access: Access) -> Subject:
    """The section of the language that speaks of ``access``."""
    kind, target = access.kind, access.target
    if kind is AccessKind.CHANGE_CONFIG and not isinstance(target, VariableTarget):
        return Subject.CONFIG
    if isinstance(target, NameTarget):
        if kind is AccessKind.LOAD_SKILL:
            return Subject.SKILLS
        if kind is AccessKind.SPAWN_AGENT:
            return Subject.AGENTS
        return Subject.MCP if target.name.startswith("mcp__") else Subject.TOOLS
    return _SUBJECTS[type(target)]


def hits_of_units(bound: Bound, subject: Subject, access: Access, *, steps: int) -> Iterator[Sequence[Hit]]:
    """The matching rules for each thing that ``access`` touches; each must be granted by itself.

    ``steps`` bounds the work on a pattern.
    """
    match access.target:
        case PathTarget() as path:
            yield from path_units(bound, path, access.kind, steps=steps)
        case ProgramTarget() as program:
            yield _program(bound, program, [*bound.always.get(subject, ())])
        case HostTarget() as peer:
            yield [*bound.always.get(subject, ()), *_host(bound, peer)]
        case NameTarget(name=name):
            yield named(bound, subject, name)
        case VariableTarget(name=name):
            yield [*bound.always.get(subject, ()), *_variable(bound, name)]


def _variable(bound: Bound, name: str) -> Iterator[Hit]:
    """``*`` stands for all variables, as ``env`` prints them: what is said of any of them may be met."""
    exact = bound.variables.matching(name)
    yield from exact
    if name == "*":
        for hit in bound.variables.hits:
            if hit not in exact:
                yield hit._replace(certain=False, whole=False)


def named(bound: Bound, subject: Subject, name: str) -> list[Hit]:
    """The rules of ``subject`` whose name glob matches ``name``."""
    known = bound.remembered.get((subject, name))
    if known is None:
        index = bound.names.get(subject)
        known = [*bound.always.get(subject, ()), *(index.matching(name) if index else ())]
        if len(name) <= MAX_NAME:
            keep(bound.remembered, (subject, name), known)
    return known


def _host(bound: Bound, peer: HostTarget) -> Iterator[Hit]:
    """``*`` stands for a host that is not known: it may be any that a rule names, and is granted only where all are.

    A layer that says in as many words what an unknown host gets has said it.
    """
    host, port = peer.host, peer.port
    unknown = host == "*"
    spoken = {hit.layer for hit in bound.hosts.matching(host) if _of_unknown(hit)} if unknown else frozenset()
    for hit in bound.hosts.hits if unknown else bound.hosts.matching(host):
        match hit.rule.when:
            case _ if hit.layer in spoken:
                if _of_unknown(hit):
                    yield hit
            case _ if _of_unknown(hit):
                pass
            case HostCondition(fetch=True) if peer.sends:
                pass
            case HostCondition(host=named_host, port=wanted) if (
                wanted is None or port is None or wanted == port
            ):
                if (wanted is None or port is not None) and (not unknown or named_host == "*"):
                    yield hit
                else:
                    yield hit._replace(certain=False, whole=False)
            case _:
                pass


def _of_unknown(hit: Hit) -> bool:
    return isinstance(hit.rule.when, HostCondition) and hit.rule.when.host == UNKNOWN_HOST


def _program(bound: Bound, program: ProgramTarget, found: list[Hit]) -> list[Hit]:
    """``found``, and the rules that ``program`` matches."""
    rules = bound.programs_called(program.name)
    for hit in rules.candidates(program.words, open_ended=program.open_ended):
        if isinstance(hit.rule.when, CommandCondition):
            certainty = command_matches(hit.rule.when, program, project=bound.project, home=bound.home)
            if certainty is YES and hit.rule.verdict is Verdict.ALLOW:
                certainty = _is_the_program(hit.rule.when, program)
            if certainty is YES:
                found.append(hit)
            elif certainty is MAYBE:
                found.append(hit._replace(certain=False, whole=False))
    return found


def _is_the_program(condition: CommandCondition, program: ProgramTarget) -> Certainty:
    """A program called by path is granted by name only where the system keeps its programs: ./git is not git."""
    if program.path is None or "/" in condition.words[0] or dirname(program.path) in SYSTEM_DIRECTORIES:
        return YES
    return NO


def command_matches(
    condition: CommandCondition, program: ProgramTarget, *, project: str, home: str
) -> Certainty:
    """Whether the program and its arguments are what ``condition`` describes."""
    certainty = YES
    if condition.as_user is not None and not (
        program.as_user is not None and name_glob(condition.as_user).matches(program.as_user)
    ):
        return NO
    actual = (program.name, *program.words)
    for number, wanted in enumerate(condition.words):
        if number == 0 and "/" in wanted:
            here = path_glob(fill_in(wanted, project=project, home=home))
            found = YES if program.path and here.matches(program.path) else NO
        elif number >= len(actual):
            found = MAYBE if program.open_ended else NO
        else:
            word = actual[number]
            found = MAYBE if word is None else YES if word_matches(wanted, word) else NO
        certainty = min(certainty, found)
        if certainty is NO:
            return certainty
    for option in condition.options:
        certainty = min(certainty, _has_option(program, option))
    return certainty


def _has_option(program: ProgramTarget, option: str) -> Certainty:
    """Whether ``option`` (``-f``, ``--force``, ``--context=prod``) is given: as a word, or as two.

    The specification's options say so for certain, in every spelling. By the bare words it may be given by an unknown word, in a cluster (``-rf``), abbreviated (``--forc``, getopt_long(3)), or
    after ``--`` to a program that does not honour it.
    """
    name, valued, value = option.partition("=")
    best = MAYBE if program.open_ended else NO
    for spelling, given in program.options:
        if spelling == name:
            best = max(best, _has_value(given, value) if valued else YES)
    operands = False
    for number, word in enumerate(program.argv[1:], 2):
        found = _names_option(word, name)
        if found and valued:
            given = word.partition("=")[2] if word and "=" in word else None
            if given is None and number < len(program.argv):
                given = program.argv[number]
            elif given is None and not program.open_ended:
                given = ""
            found = min(found, _has_value(given, value))
        best = max(best, min(found, MAYBE) if operands else found)
        operands = operands or word == "--"
    return best


def _has_value(given: str | None, wanted: str) -> Certainty:
    if given is None:
        return MAYBE
    return YES if word_matches(wanted, given) else NO


def _names_option(word: str | None, name: str) -> Certainty:
    if word is None:
        return MAYBE
    if word == name or word.startswith(f"{name}="):
        return YES
    return MAYBE if _may_mean(word, name) else NO


_SHORTEST_ABBREVIATION = len("--x")


def _may_mean(word: str, option: str) -> bool:
    if option.startswith("--"):
        stem = word.split("=", 1)[0]
        return len(stem) >= _SHORTEST_ABBREVIATION and stem.startswith("--") and option.startswith(stem)
    return (
        len(option) == len("-x")
        and word.startswith("-")
        and not word.startswith("--")
        and option[1] in word[1:]
    )
