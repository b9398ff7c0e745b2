"""Orders written where the agent reads them in every session: CLAUDE.md, MEMORY.md and their like."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, concealed, teaches
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_mark,
    once,
    told,
)

_ID = "skill/memory-poisoning"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from once(_judged(facts))


def _judged(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.MEMORY):
        meant = about(facts, "memory", "configuration")
        if item.role is Role.EXECUTABLE:
            severity = Severity.MEDIUM if meant else Severity.HIGH
        elif item.target == "directive" or concealed(facts, item.source):
            severity = Severity.MEDIUM if meant and not concealed(facts, item.source) else Severity.HIGH
        else:
            severity = Severity.LOW if meant else Severity.MEDIUM
        if item.target == "harm" and item.role in (Role.EXECUTABLE, Role.INSTRUCTED):
            severity = Severity.HIGH
        if teaches(facts, item.role) and not concealed(facts, item.source):
            severity = Severity.LOW
        yield of_mark(
            _ID,
            item,
            severity,
            confidence=confident(severity is Severity.HIGH),
            why_not="keeping notes is what the skill is for" if meant else "",
        )


RULE = SkillRule(
    id=_ID,
    title="It writes into every later session",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI06",), atlas=("AML.T0080.000",)),
    find=_find,
)
