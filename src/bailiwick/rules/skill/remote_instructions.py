"""Instructions that are fetched when the skill is used, and may be others tomorrow."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark, Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import is_local
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import bad, covered, known_installer, teaches
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_chain,
    of_mark,
    told,
)

_ID = "skill/remote-instructions"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.REMOTE_INSTRUCTIONS):
        own = covered(facts, item.target) or known_installer(item.target)
        if teaches(facts, item.role) and item.role is Role.OPTIONAL:
            continue
        severity = (
            Severity.LOW
            if own and item.role is Role.OPTIONAL
            else Severity.MEDIUM
            if own or not item.sure or (item.role is Role.OPTIONAL and not bad(item.target))
            else Severity.HIGH
        )
        yield of_mark(
            _ID,
            item,
            severity,
            confidence=confident(severity is Severity.HIGH),
            why_not="the host is what the skill is about" if own else "",
        )
    for chain in facts.chains:
        if (
            chain.sink is Sink.CONTEXT
            and chain.label.origin is Origin.DOWNLOAD
            and chain.role is not Role.FIXTURE
        ):
            own = covered(facts, chain.label.name) or is_local(chain.label.name)
            yield of_chain(
                _ID,
                chain,
                Severity.MEDIUM if own else Severity.HIGH,
                f"puts what {chain.label.name} answers into the prompt before anybody sees it",
                confidence=LOW if own else HIGH,
            )


RULE = SkillRule(
    id=_ID,
    title="Its orders come from elsewhere",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST02", "AST07"), asi=("ASI01", "ASI04"), atlas=("AML.T0109", "AML.T0051.001")),
    find=_find,
)
