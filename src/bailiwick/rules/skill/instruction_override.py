"""Words that tell the agent to drop its rules or put the skill above them."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_mark,
    told,
)

_ID = "skill/instruction-override"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.OVERRIDE)
    for item in told(facts, Mark.OVERRIDE):
        lesson = teaches(facts, item.role)
        tag = "<" in item.text and item.role is not Role.EXECUTABLE
        severity = (
            Severity.MEDIUM if lesson or not item.sure or item.role is Role.OPTIONAL or tag else Severity.HIGH
        )
        yield of_mark(
            _ID,
            item,
            severity,
            confidence=confident(severity is Severity.HIGH),
            why_not="the skill teaches security"
            if lesson
            else "reference material"
            if item.role is Role.OPTIONAL
            else "",
        )


RULE = SkillRule(
    id=_ID,
    title="It tells the agent to drop its rules",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI01",), atlas=("AML.T0051", "AML.T0054")),
    find=with_guesses(_ID, _find),
)
