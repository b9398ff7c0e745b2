"""Capabilities that are harmless each and not together."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark, Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import CapabilityKind, Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import covered, documented, teaches
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    finding,
    of_mark,
    told,
)

_ID = "skill/toxic-combination"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for obedient in told(facts, Mark.OBEDIENT):
        yield of_mark(_ID, obedient, Severity.MEDIUM if teaches(facts, obedient.role) else Severity.HIGH)
    active = [item for item in facts.capabilities if item.role is Role.EXECUTABLE]
    hosts = [
        item
        for item in active
        if item.kind is CapabilityKind.NET
        and item.target != "*"
        and not covered(facts, item.target)
        and item.detail not in ("GET", "HEAD")
    ]
    heard = list(facts.hooks)
    for item in hosts:
        if item.source.path in heard and not documented(facts, item.target):
            yield finding(
                _ID,
                Severity.MEDIUM,
                f"a hook, which is told everything, connects to {item.target}",
                item.source,
                facts.hooks[item.source.path],
            )
    web = [
        chain
        for chain in facts.chains
        if chain.label.origin is Origin.DOWNLOAD
        and chain.sink is Sink.EXECUTE
        and chain.role is Role.EXECUTABLE
    ]
    config = [
        item for item in active if item.kind in (CapabilityKind.CONFIG_WRITE, CapabilityKind.MEMORY_WRITE)
    ]
    if web and config:
        yield finding(
            _ID,
            Severity.MEDIUM,
            f"runs what it downloads and writes {config[0].target}",
            web[0].source,
            config[0].source,
        )


RULE = SkillRule(
    id=_ID,
    title="Parts that may not meet",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST03", "AST06"), asi=("ASI02", "ASI08"), atlas=("AML.T0086",)),
    find=_find,
)
