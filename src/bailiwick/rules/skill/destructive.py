"""Whole directories of a person, or the project itself, deleted."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    of_mark,
    told,
)

_ID = "skill/destructive"
_EVERYTHING = (".", "~", "/", "${project}", "~/", "/home")
"""What no cleaning up deletes whole."""


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.DESTROYED)
    for item in told(facts, Mark.DESTROY):
        lesson = teaches(facts, item.role) and item.role is not Role.EXECUTABLE
        severity = (
            Severity.MEDIUM
            if lesson
            or (about(facts, "cleanup") and item.target not in _EVERYTHING)
            or item.role is Role.OPTIONAL
            else Severity.HIGH
        )
        yield of_mark(_ID, item, severity, confidence=LOW if lesson else HIGH)


RULE = SkillRule(
    id=_ID,
    title="It deletes what is not its own",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI10",), atlas=("AML.T0101",)),
    find=with_guesses(_ID, _find),
)
