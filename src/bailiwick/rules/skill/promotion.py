"""Recommendations and ratings that somebody else profits from."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    of_mark,
    told,
)

_ID = "skill/promotion"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.PROMOTED)
    for item in told(facts, Mark.PROMOTE):
        yield of_mark(_ID, item, Severity.MEDIUM if item.sure else Severity.LOW, confidence=LOW)


RULE = SkillRule(
    id=_ID,
    title="It promotes",
    severity=Severity.MEDIUM,
    standards=Standards(ast=("AST09",), asi=("ASI09",), atlas=("AML.T0111",)),
    find=_find,
)
