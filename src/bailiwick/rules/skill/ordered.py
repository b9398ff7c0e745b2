"""Orders in prose that fit a frame, as findings of the rule whose harm they ask for."""

from collections.abc import Iterable, Iterator
from typing import Final

from bailiwick.analysis.skill.documents import Document
from bailiwick.analysis.skill.facts import Intent, Order
from bailiwick.analysis.skill.markdown import Block, Kind
from bailiwick.analysis.skill.prose.learned.reader import weigh
from bailiwick.analysis.skill.prose.steps import BY as PROSE
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import belongs
from bailiwick.analysis.skill.speech import Sentence, sentences
from bailiwick.model.skill import CapabilityKind, Role, Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import code_host, covered, teaches
from bailiwick.rules.skill.rule import SkillFinding, confident, finding


def ordered(facts: SkillFacts, rule: str, *intents: Intent) -> Iterator[SkillFinding]:
    """A finding for each order of these sorts; none where the description names every receiver.

    In reference material only what goes to a receiver unseen is of high severity: the rest is as often told of as asked for.
    """
    for order in facts.orders:
        if order.intent not in intents or (order.hosts and all(covered(facts, host) for host in order.hosts)):
            continue
        why_not = _why_not(facts, order)
        severity = Severity.HIGH if not why_not else Severity.LOW if why_not is LESSON else Severity.MEDIUM
        yield finding(
            rule,
            severity,
            order.text,
            order.source,
            confidence=confident(severity is Severity.HIGH),
            why_not=why_not,
        )


def beside(exact: Iterable[SkillFinding], prose: Iterable[SkillFinding]) -> Iterator[SkillFinding]:
    """What was followed exactly, and of what prose asks for that which wasn't found there already, and as bad."""
    worst: dict[Source, Severity] = {}
    for one in exact:
        worst[one.evidence[0]] = max(one.severity, worst.get(one.evidence[0], one.severity))
        yield one
    for one in prose:
        if one.evidence[0] not in worst or one.severity > worst[one.evidence[0]]:
            yield one


LESSON: Final = "the skill teaches security"

HEARD: Final = -2_500
"""Points of the learned reader below which a frame alone isn't enough: two readers that know nothing of each other."""

OTHERWISE: Final = "read as a whole, its words are those of other things"


def unheard(facts: SkillFacts, source: Source, points: int) -> bool:
    """Whether a sentence begins at a place, and the learned reader finds less than so much for an order in its passages."""
    for document in facts.documents:
        if document.path != source.path:
            continue
        if any(one.line == source.line for one in document.sentences):
            return document.weighed.at(source.line) < points
        if source.line == document.front.line("description"):
            return weigh(_described(document)).at(source.line) < points
    return False


def _described(document: Document) -> tuple[Sentence, ...]:
    front = document.front
    text = " ".join(f"{front.text('description')} {front.text('when_to_use')}".split())
    return tuple(sentences(Block(Kind.TEXT, text, front.line("description"), ""), Role.INSTRUCTED))


def _why_not(facts: SkillFacts, order: Order) -> str:
    """What speaks against an order, if anything does."""
    if teaches(facts, order.role):
        return LESSON
    if order.role is Role.OPTIONAL and not (order.hosts and order.hushed):
        return "it may only be told of"
    if order.hosts and not order.hushed and all(_frequented(facts, host) for host in order.hosts):
        return "people have an account there"
    if order.intent is not Intent.SHADOW and unheard(facts, order.source, HEARD):
        return OTHERWISE
    if order.loose and not order.hushed:
        return "nothing says that people are not to know"
    return ""


def _frequented(facts: SkillFacts, host: str) -> bool:
    """Whether people who use the skill have to do with a host: it keeps repositories, or the skill reads a key of theirs to it."""
    return code_host(host) or any(
        item.kind is CapabilityKind.ENV and item.by != PROSE and belongs(item.target, host)
        for item in facts.capabilities
    )
