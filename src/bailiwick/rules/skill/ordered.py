"""Orders in prose that fit a frame, as findings of the rule whose harm they ask for."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import covered, teaches
from bailiwick.rules.skill.rule import LOW, SkillFinding, confident, finding


def ordered(facts: SkillFacts, rule: str, *intents: Intent) -> Iterator[SkillFinding]:
    """A finding for each order of these sorts; none where the description names every receiver.

    In reference material only what goes to a receiver is of high severity: the rest is as often told of as asked for.
    """
    for order in facts.orders:
        if order.intent not in intents or (order.hosts and all(covered(facts, host) for host in order.hosts)):
            continue
        aside = order.role is Role.OPTIONAL and not order.hosts
        lesson = teaches(facts, order.role)
        severity = Severity.LOW if lesson else Severity.MEDIUM if aside else Severity.HIGH
        yield finding(
            rule,
            severity,
            order.text,
            order.source,
            confidence=confident(severity is Severity.HIGH),
            why_not="the skill teaches security" if lesson else "it may only be told of" if aside else "",
        )
