"""Packages one slip away from a popular one."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
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
    of_mark,
    told,
)

_ID = "skill/typosquat"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.PACKAGE)
    for item in told(facts, Mark.TYPOSQUAT):
        lesson = teaches(facts, item.role) and item.role is not Role.EXECUTABLE
        yield of_mark(
            _ID, item, Severity.MEDIUM if lesson else Severity.HIGH, confidence=LOW if lesson else HIGH
        )


RULE = SkillRule(
    id=_ID,
    title="A package that is nearly another",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST02",), asi=("ASI04",), atlas=("AML.T0010.005", "AML.T0104")),
    find=_find,
)
