"""Results, accounts and safeguards changed behind the back of whoever relies on them."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, documented, teaches
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

_ID = "skill/integrity"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.FALSIFIED, Intent.WEAKENED, Intent.BACKDOOR, Intent.APPROVED)
    for item in told(facts, Mark.TAMPER):
        if item.target == "data":
            severity = (
                Severity.HIGH
                if item.sure and item.role is not Role.OPTIONAL and not teaches(facts, item.role)
                else Severity.LOW
            )
            yield of_mark(
                _ID,
                item,
                severity,
                confidence=confident(item.sure),
                why_not="" if item.sure else "changing data may be what the person wants",
            )
        elif item.target.startswith("clipboard"):
            named = documented(facts, item.target.partition(":")[2] or "*") and ":" in item.target
            yield of_mark(_ID, item, Severity.MEDIUM if named else Severity.HIGH)
    for item in told(facts, Mark.WEAKEN):
        lesson = teaches(facts, item.role)
        light = lesson or not item.sure or item.role is Role.OPTIONAL
        severity = Severity.LOW if light and item.target != "backdoor" else Severity.HIGH
        yield of_mark(_ID, item, severity, confidence=confident(severity is Severity.HIGH))
    for item in told(facts, Mark.PAYMENT):
        yield of_mark(_ID, item, Severity.MEDIUM if about(facts, "finance") else Severity.HIGH)


RULE = SkillRule(
    id=_ID,
    title="It changes what people rely on",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI10", "ASI09"), atlas=("AML.T0101",)),
    find=with_guesses(_ID, _find),
)
