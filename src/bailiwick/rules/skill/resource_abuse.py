"""Programs that work for somebody else on this machine: miners."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import teaches
from bailiwick.rules.skill.rule import HIGH, LOW, SkillFinding, SkillRule, Standards, of_mark, told

_ID = "skill/resource-abuse"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.MINE):
        lesson = teaches(facts, item.role) and item.role is not Role.EXECUTABLE
        light = lesson or item.role is Role.OPTIONAL
        yield of_mark(
            _ID,
            item,
            Severity.MEDIUM if light else Severity.HIGH,
            confidence=LOW if light else HIGH,
            why_not="the skill teaches security" if lesson else "",
        )


RULE = SkillRule(
    id=_ID,
    title="It works for somebody else",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI02", "ASI10"), atlas=("AML.T0034",)),
    find=_find,
)
