"""Descriptions that make a skill load for everything, before or instead of others."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role, Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import teaches
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    finding,
    of_mark,
    told,
)

_ID = "skill/trigger-hijack"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.BROAD_TRIGGER, Mark.SHADOW):
        described = item.source.path == facts.front_path and item.source.line <= facts.front.body_line
        severity = (
            Severity.HIGH
            if described or (item.mark is Mark.SHADOW and item.role is Role.INSTRUCTED)
            else Severity.MEDIUM
        )
        if teaches(facts, item.role):
            severity = Severity.LOW
        yield of_mark(_ID, item, severity, confidence=HIGH if severity is Severity.HIGH else LOW)
    name = facts.front.text("name")
    if name and not name.isascii():
        yield finding(
            _ID,
            Severity.MEDIUM,
            f"its name {name!r} has letters that look like others",
            Source(path=facts.front_path, line=facts.front.line("name")),
            confidence=LOW,
        )


RULE = SkillRule(
    id=_ID,
    title="It wants to come before everything",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST04",), asi=("ASI02", "ASI01"), atlas=("AML.T0099", "AML.T0110")),
    find=_find,
)
