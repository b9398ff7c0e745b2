"""Credentials that the skill itself carries."""

from collections.abc import Iterator

from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.text.secrets import ANCHORED_RULES
from bailiwick.model.access import Confidence
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    finding,
)

_ID = "skill/embedded-secret"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for found in facts.secrets:
        if found.match.rule not in ANCHORED_RULES or found.match.confidence is not Confidence.HIGH:
            continue
        sample = found.role is Role.FIXTURE or about(facts, "security") or found.match.rule == "secret/jwt"
        yield finding(
            _ID,
            Severity.LOW if sample else Severity.HIGH,
            f"carries a credential ({found.match.rule.removeprefix('secret/')})",
            found.source,
            confidence=LOW if sample else HIGH,
        )


RULE = SkillRule(
    id=_ID,
    title="A secret inside",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST04",), asi=("ASI03",), atlas=("AML.T0055",)),
    find=_find,
)
