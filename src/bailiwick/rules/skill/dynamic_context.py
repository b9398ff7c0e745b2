"""Commands that run before the prompt is read, and put what is secret into it."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    of_chain,
)

_ID = "skill/dynamic-context"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for chain in facts.chains:
        if (
            chain.sink is Sink.CONTEXT
            and chain.label.origin in (Origin.CREDENTIALS, Origin.ENVIRONMENT, Origin.PERSONAL)
            and chain.role is not Role.FIXTURE
        ):
            yield of_chain(
                _ID,
                chain,
                Severity.HIGH,
                f"puts {chain.label.name if chain.label.name != '*' else 'the whole environment'} into the prompt before anybody is asked",
            )


RULE = SkillRule(
    id=_ID,
    title="Secrets become part of the prompt",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01", "AST03"), asi=("ASI05", "ASI03"), atlas=("AML.T0055",)),
    find=_find,
)
