"""Orders in prose that fit a frame, as findings of the rule whose harm they ask for."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Order
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import belongs
from bailiwick.model.skill import CapabilityKind, Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import code_host, covered, teaches
from bailiwick.rules.skill.rule import SkillFinding, confident, finding


def ordered(facts: SkillFacts, rule: str, *intents: Intent) -> Iterator[SkillFinding]:
    """A finding for each order of these sorts; none where the description names every receiver.

    In reference material only what goes to a receiver unseen is of high severity: the rest is as often told of as asked for.
    """
    for order in facts.orders:
        if order.intent not in intents or (
            order.hosts and all(_meant(facts, order, host) for host in order.hosts)
        ):
            continue
        aside = order.role is Role.OPTIONAL and not (order.hosts and order.hushed)
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


def _meant(facts: SkillFacts, order: Order, host: str) -> bool:
    """Whether a receiver is what the skill is about.

    Unless it is to stay unseen, a page of a code host is where its source is kept, and whoever has its key has an account there.
    """
    return covered(facts, host) or (
        not order.hushed
        and (
            code_host(host)
            or any(
                item.kind is CapabilityKind.ENV and belongs(item.target, host) for item in facts.capabilities
            )
        )
    )
