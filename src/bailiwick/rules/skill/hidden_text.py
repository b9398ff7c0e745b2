"""Text that people don't see and the model reads: characters without a shape, comments, styles, distance."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    finding,
    of_mark,
)

_ID = "skill/hidden-text"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in facts.marks(Mark.HIDDEN_ORDER):
        lesson = about(facts, "security") and item.source.path.count("/") > 0
        yield of_mark(
            _ID,
            item,
            Severity.HIGH if item.sure and not lesson else Severity.MEDIUM,
            confidence=confident(item.sure),
        )
    for item in facts.marks(Mark.HIDDEN):
        if item.role is Role.FIXTURE:
            yield of_mark(_ID, item, Severity.LOW, confidence=LOW, why_not="it stands in test data")
            continue
        yield of_mark(
            _ID, item, Severity.HIGH if item.sure else Severity.MEDIUM, confidence=confident(item.sure)
        )
    for item in facts.marks(Mark.PADDING):
        behind = [
            other
            for other in facts.noticed
            if other.source.path == item.source.path and other.source.line >= item.source.line and other.sure
            if other.role.active and other.mark is not Mark.PADDING
        ]
        if behind:
            yield finding(
                _ID,
                Severity.HIGH,
                f"{item.text}; behind them it {behind[0].text}",
                item.source,
                behind[0].source,
            )
            continue
        yield of_mark(
            _ID, item, Severity.MEDIUM, confidence=LOW, why_not="nothing that is ordered there was recognised"
        )


RULE = SkillRule(
    id=_ID,
    title="Text that people do not see",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01", "AST04"), asi=("ASI01",), atlas=("AML.T0068", "AML.T0051")),
    find=_find,
)
