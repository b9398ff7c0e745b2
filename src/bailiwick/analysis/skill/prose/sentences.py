"""Every look at every sentence of a document."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from bailiwick.analysis.skill.facts import Inventory
from bailiwick.analysis.skill.prose import frames, lasting, lures, orders, sabotage, sending, standing
from bailiwick.analysis.skill.prose.look import NEAR, NEAR_LINES, Look
from bailiwick.analysis.skill.speech import Sentence
from bailiwick.analysis.text.form import may_match

_LOOKS = (
    orders.override,
    orders.foreign,
    orders.conceal,
    orders.judge,
    orders.remote,
    sending.sending,
    lasting.memory,
    lasting.settings,
    lasting.loosened,
    lasting.triggers,
    lures.lure,
    sending.links,
    sending.carried,
    sending.committed,
    sending.handed,
    lures.steps,
    sabotage.weakened,
    sabotage.altered,
    sabotage.assembled,
    sabotage.timed,
    sabotage.back_door,
    sabotage.paid,
    sabotage.promoted,
    frames.given,
    frames.carrying,
    frames.spread,
    frames.copied_in,
    frames.filled,
    frames.mirrored,
    standing.looser,
    standing.started,
    standing.governed,
    standing.rerouted,
    standing.readdressed,
    standing.hooked,
    standing.assessed,
    standing.triaged,
)

_ANY = reduce(or_, (one.gates[0] for one in _LOOKS))


def notice_in(sentences: Sequence[Sentence], path: str, into: Inventory) -> None:
    """Look at the sentences of one document, each with those around it."""
    for index, sentence in enumerate(sentences):
        may = may_match(sentence.text)
        if not may & _ANY:
            continue
        looks = [one for one in _LOOKS if one.worth(may)]
        if not looks:
            continue
        first, last = max(index - NEAR, 0), index + NEAR + 1
        before = [near for near in sentences[first:index] if sentence.line - near.line <= NEAR_LINES]
        after = [near for near in sentences[index + 1 : last] if near.line - sentence.line <= NEAR_LINES]
        look = Look(sentence, [*before, *after], path, into, len(before))
        for one in looks:
            one.take(look)
