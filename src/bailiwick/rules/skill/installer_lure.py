"""Prerequisites that make people run what nobody can check: archives with passwords, pasted commands, bare addresses."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, installer, teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    of_mark,
    once,
)

_ID = "skill/installer-lure"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.LURE)
    yield from once(_judged(facts))


def _judged(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in facts.marks(Mark.LURE):
        if (
            item.role in (Role.NEGATED, Role.FIXTURE)
            or (item.role is Role.QUOTED and about(facts, "security"))
            or (teaches(facts, item.role) and item.role is Role.OPTIONAL)
        ):
            continue
        if item.sure:
            lesson = teaches(facts, item.role)
            known = installer(facts, item.target) and "password" not in item.text
            yield of_mark(
                _ID,
                item,
                Severity.HIGH if lesson else Severity.MEDIUM if known else Severity.CRITICAL,
                confidence=LOW if known or lesson else HIGH,
            )
        else:
            yield of_mark(
                _ID,
                item,
                Severity.MEDIUM,
                confidence=LOW,
                why_not="programs are downloaded for good reasons too",
            )


RULE = SkillRule(
    id=_ID,
    title="A prerequisite that nobody can check",
    severity=Severity.CRITICAL,
    standards=Standards(ast=("AST01", "AST02"), asi=("ASI09", "ASI04"), atlas=("AML.T0011",)),
    find=with_guesses(_ID, _find),
)
