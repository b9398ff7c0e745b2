"""Links, archive members and names that lead out of the skill or stand for something else."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import (
    HIGH,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_mark,
)

_ID = "skill/path-escape"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in facts.marks(Mark.ESCAPE):
        yield of_mark(
            _ID, item, Severity.HIGH if item.sure else Severity.MEDIUM, confidence=confident(item.sure)
        )
    for item in facts.marks(Mark.CLASH):
        yield of_mark(
            _ID,
            item,
            Severity.HIGH if item.sure and "nobody sees" in item.text else Severity.MEDIUM,
            confidence=HIGH,
        )
    for item in facts.marks(Mark.SETUID):
        yield of_mark(_ID, item, Severity.HIGH)


RULE = SkillRule(
    id=_ID,
    title="It reaches out of its directory",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST05", "AST06"), asi=("ASI05",), atlas=("AML.T0034",)),
    find=_find,
)
