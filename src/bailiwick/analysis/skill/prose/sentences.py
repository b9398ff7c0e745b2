"""Every look at every sentence of a document."""

from collections.abc import Sequence

from bailiwick.analysis.skill.facts import Inventory
from bailiwick.analysis.skill.prose import lasting, lures, orders, sabotage, sending
from bailiwick.analysis.skill.prose.look import NEAR, NEAR_LINES, Look
from bailiwick.analysis.skill.speech import Sentence

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
    sabotage.sabotage,
)


def notice_in(sentences: Sequence[Sentence], path: str, into: Inventory) -> None:
    """Look at the sentences of one document, each with those around it."""
    for index, sentence in enumerate(sentences):
        around = [
            near
            for near in sentences[max(index - NEAR, 0) : index + NEAR + 1]
            if abs(near.line - sentence.line) <= NEAR_LINES and near is not sentence
        ]
        before = sum(
            1
            for near in sentences[max(index - NEAR, 0) : index]
            if abs(near.line - sentence.line) <= NEAR_LINES
        )
        look = Look(sentence, around, path, into, before)
        for one in _LOOKS:
            one(look)
