"""Words that tell the agent to keep an action from the person it works for."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark, Origin, Sink
from bailiwick.analysis.skill.prose.steps import BY as PROSE
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import CapabilityKind
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import covered, teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    finding,
    of_mark,
    told,
)

_ID = "skill/concealment"
NEAR = 12
"""Lines between words that conceal and what they conceal."""


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.CONCEAL):
        if not item.sure:
            continue
        lesson = teaches(facts, item.role) and item.target != "backdoor"
        deed = next(
            (
                other
                for other in facts.marks(
                    Mark.SEND_PROSE,
                    Mark.MEMORY,
                    Mark.SETTING,
                    Mark.BYPASS,
                    Mark.REMOTE_INSTRUCTIONS,
                    Mark.WEAKEN,
                    Mark.TAMPER,
                    Mark.PERSIST,
                    Mark.OVERRIDE,
                    Mark.LINK_TEMPLATE,
                )
                if other.role.active
                and other.source.path == item.source.path
                and abs(other.source.line - item.source.line) <= 8
            ),
            None,
        )
        sent = next(
            (
                chain.source
                for chain in facts.chains
                if chain.role.active
                and chain.sink in (Sink.SEND, Sink.DNS, Sink.EXECUTE)
                and chain.label.origin not in (Origin.INPUT, Origin.VARIABLE)
                and not covered(facts, chain.target)
                and chain.source.path == item.source.path
                and abs(chain.source.line - item.source.line) <= NEAR
            ),
            None,
        )
        sent = sent or next(
            (
                one.source
                for one in facts.capabilities
                if one.kind is CapabilityKind.NET
                and one.by != PROSE
                and one.role.active
                and one.detail in ("POST", "PUT", "PATCH", "connect", "dns")
                and one.target != "*"
                and not covered(facts, one.target)
                and one.source.path == item.source.path
                and abs(one.source.line - item.source.line) <= NEAR
            ),
            None,
        )
        if (deed is None and sent is None) or lesson:
            yield of_mark(
                _ID,
                item,
                Severity.LOW,
                confidence=LOW,
                why_not="nothing is done nearby that would have to be kept from anybody",
            )
            continue
        yield finding(
            _ID,
            Severity.HIGH,
            f"keeps from people what it does: {item.text}" + (f"; {deed.text}" if deed else ""),
            item.source,
            *([deed.source] if deed else []),
            *([sent] if sent else []),
        )


RULE = SkillRule(
    id=_ID,
    title="It keeps something from people",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI09", "ASI01"), atlas=("AML.T0051",)),
    find=with_guesses(_ID, _find),
)
