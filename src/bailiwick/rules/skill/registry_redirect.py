"""Package managers that are pointed at a registry of somebody's own."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import is_placeholder
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import covered
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_mark,
    told,
)

_ID = "skill/registry-redirect"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.REGISTRY):
        if is_placeholder(item.target) or covered(facts, item.target):
            continue
        meant = item.role is Role.OPTIONAL or item.target in facts.manifest.description
        yield of_mark(
            _ID,
            item,
            Severity.HIGH if item.sure or not meant else Severity.MEDIUM,
            confidence=confident(item.sure),
            why_not="" if item.sure else "it may be the company's own registry",
        )


RULE = SkillRule(
    id=_ID,
    title="Packages from elsewhere",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST02",), asi=("ASI04",), atlas=("AML.T0010.005",)),
    find=with_guesses(_ID, _find),
)
