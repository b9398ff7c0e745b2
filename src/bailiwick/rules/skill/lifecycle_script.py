"""Scripts that a package manager runs while it installs."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    of_mark,
    told,
)

_ID = "skill/lifecycle-script"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.LIFECYCLE):
        if item.sure:
            yield of_mark(
                _ID,
                item,
                Severity.MEDIUM,
                confidence=LOW,
                why_not="many packages build themselves so; what the script does is judged by itself",
            )


RULE = SkillRule(
    id=_ID,
    title="Code that runs on installation",
    severity=Severity.MEDIUM,
    standards=Standards(ast=("AST02",), asi=("ASI04", "ASI05"), atlas=("AML.T0010.005",)),
    find=_find,
)
