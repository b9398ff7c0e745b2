"""Code that is kept so that nobody reads it: encoded, compiled, behind the end of a picture."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark, Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import teaches
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_chain,
    of_mark,
    once,
    told,
)

_ID = "skill/encoded-payload"
_CODE = (
    "eval",
    "exec",
    "Function",
    "compile",
    "vm.",
    "bash",
    "sh",
    "zsh",
    "python",
    "python3",
    "node",
    "perl",
    "ruby",
    "eval",
    "source",
    ".",
)


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.DECODED)
    yield from once([*_run(facts), *_kept(facts)])


def _run(facts: SkillFacts) -> Iterator[SkillFinding]:
    for chain in facts.chains:
        if (
            chain.label.origin is not Origin.ENCODED
            or chain.sink is not Sink.EXECUTE
            or chain.role in (Role.QUOTED, Role.NEGATED)
        ):
            continue
        interpreter = any(
            chain.target == word or (word.endswith(".") and chain.target.startswith(word)) for word in _CODE
        )
        if not interpreter and (
            chain.label.name.endswith(" of data")
            or chain.label.name in ("character codes", "reversed text", "tr", "rev")
        ):
            continue
        lesson = teaches(facts, chain.role) and chain.role is not Role.EXECUTABLE
        severity = Severity.MEDIUM if lesson or chain.role is Role.FIXTURE else Severity.HIGH
        yield of_chain(
            _ID,
            chain,
            severity,
            f"runs what was encoded ({chain.label.name}): {chain.target} takes it as code",
            confidence=LOW if lesson else HIGH,
            why_not="the skill teaches security" if lesson else "",
        )


def _kept(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.OBFUSCATED):
        if item.target == "staged":
            continue  # it is said by skill/staged-payload
        lesson = teaches(facts, item.role) and item.role is not Role.EXECUTABLE
        yield of_mark(
            _ID,
            item,
            Severity.HIGH if item.sure and not lesson else Severity.MEDIUM,
            confidence=confident(item.sure and not lesson),
        )
    for item in facts.marks(Mark.BYTECODE):
        yield of_mark(
            _ID, item, Severity.HIGH if item.sure else Severity.MEDIUM, confidence=confident(item.sure)
        )
    for item in facts.marks(Mark.TAIL):
        yield of_mark(
            _ID, item, Severity.HIGH if item.sure else Severity.LOW, confidence=confident(item.sure)
        )
    for item in facts.marks(Mark.BINARY):
        yield of_mark(
            _ID,
            item,
            Severity.MEDIUM,
            confidence=LOW,
            why_not="a program may be what the skill is for; nobody can read what it does",
        )


RULE = SkillRule(
    id=_ID,
    title="Code that nobody is meant to read",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01", "AST08"), asi=("ASI05",), atlas=("AML.T0011.000",)),
    find=_find,
)
