"""Text addressed to scanners, reviewers and models that judge the skill."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.prose.orders import ITSELF
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import teaches
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

_ID = "skill/judge-injection"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.JUDGE)
    for item in told(facts, Mark.JUDGE):
        lesson = teaches(facts, item.role) and not (item.role is Role.INSTRUCTED and item.target == ITSELF)
        yield of_mark(
            _ID,
            item,
            Severity.MEDIUM if lesson or not item.sure else Severity.HIGH,
            confidence=LOW if lesson or not item.sure else HIGH,
            why_not="the skill is about checking others"
            if lesson
            else ""
            if item.sure
            else "it says nothing of what to find",
        )


RULE = SkillRule(
    id=_ID,
    title="It speaks to whoever checks it",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST08",), asi=("ASI01", "ASI09"), atlas=("AML.T0051", "AML.T0054")),
    find=with_guesses(_ID, _find),
)
