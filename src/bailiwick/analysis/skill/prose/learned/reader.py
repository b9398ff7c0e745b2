"""Passages that what was learned holds for an order, with what they ask for and the words that weighed most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bailiwick.analysis.skill.facts import Guess, Inventory
from bailiwick.analysis.skill.markdown import Kind
from bailiwick.analysis.skill.prose.learned.weights import POINTS, Weights, weights
from bailiwick.analysis.skill.prose.learned.words import features, number, pieces, words_of
from bailiwick.analysis.skill.prose.meaning.passages import receivers
from bailiwick.analysis.skill.speech import Sentence
from bailiwick.model.skill import Role, Source

TOGETHER: Final = 3
"""Sentences of one passage."""

APART: Final = 4
"""Lines between two sentences of one passage."""

SMALL: Final = 4
"""Letters up to which a word by itself says nothing to whoever reads the finding, though it may weigh."""

SHOWN: Final = 4
"""Words that are named as those that weighed most."""

GLANCE: Final = 700
"""Thousandths of the first glance's points that are added to the encoder's."""

NONE: Final = -9_999
"""Points of what isn't worth reading."""

MAX_READ: Final = 600
"""Passages of one skill that the encoder reads, each some ten milliseconds of processor time. Of 700 public skills the one with the most has 557."""

REVIEW, HIGH, SURE = -1_200, 350, 3_000
"""Points from which on a passage is worth a look, of high severity, and sure (then a verdict is ``block``)."""


def runs(said: Sequence[Sentence]) -> Iterator[list[int]]:
    """The places of sentences that follow each other in one section, a few at a time; none within another."""
    told = [
        at
        for at, one in enumerate(said)
        if one.role in (Role.INSTRUCTED, Role.OPTIONAL) and one.block.kind is not Kind.HEADING
    ]
    last = -1
    for first in range(len(told)):
        run = [told[first]]
        for at in told[first + 1 : first + TOGETHER]:
            before, here = said[run[-1]], said[at]
            if here.block.section != before.block.section or here.line - before.line > APART:
                break
            run.append(at)
        if run[-1] > last:
            last = run[-1]
            yield run


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as it was weighed: the places of its sentences, its points for an order, and the rule whose harm it asks for."""

    run: list[int]
    points: int
    rule: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """The passages of a document that are worth reading."""

    said: Sequence[Sentence]
    passages: Sequence[Passage]
    unread: int = 0
    """Passages that are worth reading and for which there was no room."""

    def at(self, line: int) -> int:
        """The most points of a passage that a line belongs to; ``NONE`` where none is worth reading."""
        return max(
            (
                one.points
                for one in self.passages
                if self.said[one.run[0]].line <= line <= self.said[one.run[-1]].line
            ),
            default=NONE,
        )


def weigh(said: Sequence[Sentence], room: int = MAX_READ) -> Weighed:
    """What speaks for an order in each passage of a document: a glance at all of them, and the encoder's word on those that may be one.

    Both are margins, and are added: they go wrong over different things. The encoder reads at most ``room`` passages, those first
    for which the glance speaks most.
    """
    table = weights()
    known = [features(one.text) for one in said]
    glanced = [(run, table.points(frozenset().union(*[known[at] for at in run]))) for run in runs(said)]
    worth = [(run, points) for run, points in glanced if points >= table.glance]
    unread = max(len(worth) - room, 0)
    if unread:
        worth = sorted(sorted(worth, key=lambda one: -one[1])[:room])
    if not worth:
        return Weighed(said, (), unread)
    from bailiwick.analysis.skill.prose.learned.encoder import encoder  # noqa: PLC0415 - what most documents don't need

    told = encoder().read([" ".join(said[at].text for at in run) for run, _ in worth])
    return Weighed(
        said,
        [
            Passage(run, points + glance * GLANCE // POINTS, rule)
            for (run, glance), (points, rule) in zip(worth, told, strict=True)
        ],
        unread,
    )


def guesses_in(weighed: Weighed, path: str, into: Inventory) -> None:
    """Note the passages of a document that look like an order, the strongest of those that overlap."""
    best: Passage | None = None
    for one in weighed.passages:
        if one.points < REVIEW:
            continue
        if best is not None and one.run[0] > best.run[-1]:
            _note(weighed.said, best, path, into)
            best = None
        if best is None or one.points > best.points:
            best = one
    if best is not None:
        _note(weighed.said, best, path, into)


def _note(said: Sequence[Sentence], best: Passage, path: str, into: Inventory) -> None:
    passage = [said[at] for at in best.run]
    into.guess(
        Guess(
            rule=best.rule,
            points=best.points,
            text=" ".join(one.text for one in passage),
            words=heaviest([one.text for one in passage], weights()),
            source=Source(path=path, line=passage[0].line),
            last=passage[-1].line,
            role=Role.INSTRUCTED if any(one.role is Role.INSTRUCTED for one in passage) else Role.OPTIONAL,
            hosts=tuple(dict.fromkeys(host for one in passage for host in receivers(one.text))),
        )
    )


def heaviest(texts: Sequence[str], table: Weights) -> tuple[str, ...]:
    """The pairs of words that spoke most for an order, as they were written."""
    found = {
        written.strip(): table.order[number(piece)]
        for text in texts
        for piece, written in pieces(words_of(text))
        if any(len(word) > SMALL for word in written.split())
    }
    heavy = sorted(((weight, written) for written, weight in found.items() if weight > 0), reverse=True)
    return tuple(written for _, written in heavy[:SHOWN])
