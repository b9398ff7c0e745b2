"""Commands that hand a shell of this machine to another."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import is_local
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, teaches
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    of_mark,
    told,
)

_ID = "skill/reverse-shell"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.REVERSE_SHELL):
        lesson = teaches(facts, item.role) and item.role is not Role.EXECUTABLE
        drill = about(facts, "security") and (item.target == "*" or is_local(item.target))
        yield of_mark(
            _ID,
            item,
            Severity.MEDIUM if lesson or drill else Severity.CRITICAL,
            confidence=LOW if lesson or drill else HIGH,
            why_not="the skill teaches security" if lesson or drill else "",
        )


RULE = SkillRule(
    id=_ID,
    title="A shell for another machine",
    severity=Severity.CRITICAL,
    standards=Standards(ast=("AST01",), asi=("ASI05",), atlas=("AML.T0011.000",)),
    find=_find,
)
