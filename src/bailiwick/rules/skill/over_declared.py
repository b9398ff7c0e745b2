"""Tools that are pre-approved and never used."""

from collections.abc import Iterator

from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import CapabilityKind
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    finding,
)

_ID = "skill/over-declared"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    runs = any(
        item.kind in (CapabilityKind.EXEC, CapabilityKind.INSTALL) and item.role.active
        for item in facts.capabilities
    )
    for grant in facts.manifest.declared:
        if grant.target in ("*", "Bash(*)", "Bash(:*)"):
            yield finding(
                _ID, Severity.LOW, f"{grant.target} pre-approves every command", grant.source, confidence=HIGH
            )
        elif grant.target == "Bash" and not runs:
            yield finding(
                _ID,
                Severity.LOW,
                "Bash is pre-approved and no command is found",
                grant.source,
                confidence=LOW,
            )


RULE = SkillRule(
    id=_ID,
    title="It asks for more than it uses",
    severity=Severity.LOW,
    standards=Standards(ast=("AST03",), asi=("ASI02",), atlas=("AML.T0053",)),
    find=_find,
)
