"""Hooks that answer for the person: they say allow, whatever is called."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_mark,
    told,
)

_ID = "skill/hook-approval"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.HOOK_ALLOW):
        yield of_mark(
            _ID,
            item,
            Severity.HIGH if item.sure else Severity.MEDIUM,
            confidence=confident(item.sure),
            why_not="" if item.sure else "it decides by what is called",
        )


RULE = SkillRule(
    id=_ID,
    title="A hook that approves",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01", "AST03"), asi=("ASI03",), atlas=("AML.T0081",)),
    find=with_guesses(_ID, _find),
)
