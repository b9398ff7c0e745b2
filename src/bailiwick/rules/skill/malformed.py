"""Front matter and configuration that readers take differently."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    finding,
    of_mark,
)

_ID = "skill/malformed"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    if facts.front_path and facts.front.problem and facts.tree.kind.value == "skill":
        severity = Severity.MEDIUM if facts.front.hostile else Severity.LOW
        yield finding(
            _ID,
            severity,
            f"front matter: {facts.front.problem}",
            Source(path=facts.front_path),
            confidence=confident(facts.front.hostile),
        )
    for document in facts.documents:
        if document.front.hostile and document.path != facts.front_path:
            yield finding(
                _ID, Severity.MEDIUM, f"front matter: {document.front.problem}", Source(path=document.path)
            )
    for item in facts.marks(Mark.MALFORMED, Mark.OPAQUE):
        yield of_mark(_ID, item, Severity.LOW, confidence=LOW)


RULE = SkillRule(
    id=_ID,
    title="It can not be read as it is meant",
    severity=Severity.LOW,
    standards=Standards(ast=("AST04",), asi=("ASI01",), atlas=()),
    find=_find,
)
