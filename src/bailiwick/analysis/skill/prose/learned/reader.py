"""Passages that the learned weights hold for an order, with what it asks for and the words that weighed most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bailiwick.analysis.skill.facts import Guess, Inventory
from bailiwick.analysis.skill.markdown import Kind
from bailiwick.analysis.skill.prose.learned.weights import Weights, weights
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
class Weighed:
    """The passages of a document, each as the places of its sentences, with its points."""

    said: Sequence[Sentence]
    passages: Sequence[tuple[int, list[int]]]

    def at(self, line: int) -> int | None:
        """The most points of a passage that a line belongs to; none where no passage is told there."""
        return max(
            (
                points
                for points, run in self.passages
                if self.said[run[0]].line <= line <= self.said[run[-1]].line
            ),
            default=None,
        )


def weigh(said: Sequence[Sentence]) -> Weighed:
    """What speaks for an order in each passage of a document."""
    table = weights()
    known = [features(one.text) for one in said]
    return Weighed(
        said, [(table.points(frozenset().union(*[known[at] for at in run])), run) for run in runs(said)]
    )


def points_at(said: Sequence[Sentence], line: int) -> int | None:
    """The most points of a passage at a line of a document, weighed with what stands around it."""
    return weigh([one for one in said if abs(one.line - line) <= APART * TOGETHER]).at(line)


def guesses_in(weighed: Weighed, path: str, into: Inventory) -> None:
    """Note the passages of a document that look like an order, the strongest of those that overlap."""
    table, said = weights(), weighed.said
    best: tuple[int, list[int]] | None = None
    for points, run in weighed.passages:
        if points < table.review:
            continue
        if best is not None and run[0] > best[1][-1]:
            _note(said, best, path, into, table)
            best = None
        if best is None or points > best[0]:
            best = (points, run)
    if best is not None:
        _note(said, best, path, into, table)


def _note(
    said: Sequence[Sentence], best: tuple[int, list[int]], path: str, into: Inventory, table: Weights
) -> None:
    points, run = best
    passage = [said[at] for at in run]
    words = [number(word.stem) for one in passage for word in words_of(one.text)]
    into.guess(
        Guess(
            rule=table.sort(words),
            points=points,
            text=" ".join(one.text for one in passage),
            words=heaviest([one.text for one in passage], table),
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
