"""One sentence looked at with those around it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from bailiwick.analysis.skill.facts import Inventory, Mark, Origin
from bailiwick.analysis.skill.prose.hosts import hosts_in
from bailiwick.analysis.skill.prose.words import thing_in
from bailiwick.analysis.skill.speech import Sentence, negated, quoted, reports
from bailiwick.analysis.text.form import Form, Forms, any_of
from bailiwick.model.skill import Role, Source

NEAR = 6
"""Sentences before and after in which one thing belongs to another."""


NEAR_LINES = 14
"""Lines between a sentence and one around it."""


class Look:
    """A look at one sentence: with those around it, where it stands, and where what is noticed goes."""

    def __init__(
        self, sentence: Sentence, around: list[Sentence], path: str, into: Inventory, before: int = 0
    ) -> None:
        self.it = sentence
        self.text = sentence.text
        self.around = around
        self.source = Source(path=path, line=sentence.line)
        self.path = path
        self.into = into
        self._before = before
        """How many of the sentences around stand before it."""

    def found(self, pattern: Form) -> Iterator[tuple[re.Match[str], Role]]:
        """Matches with how they stand: quoted, reported or told."""
        for match in pattern.finditer(self.text):
            yield match, self.role_at(match)

    def role_at(self, match: re.Match[str]) -> Role:
        """How a piece of the sentence stands: quoted, reported, forbidden or told."""
        role = self.it.role
        if role in (Role.INSTRUCTED, Role.OPTIONAL):
            if quoted(self.text, match.start(), match.end()) or reports(self.text, match.start()):
                return Role.QUOTED
            if negated(self.text, match.start()):
                return Role.NEGATED
        return role

    def nearby(self, forms: Forms, lines: int = 3) -> Sentence | None:
        """The nearest sentence around that has one of some forms and doesn't only report it."""
        ordered = sorted(self.around, key=lambda s: abs(s.line - self.it.line))
        return next(
            (
                s
                for s in ordered
                if abs(s.line - self.it.line) <= lines
                and s.role in (Role.INSTRUCTED, Role.OPTIONAL)
                and forms.first(s.text)
            ),
            None,
        )

    def near(self, pattern: Form, *, told: bool = True, reach: int = NEAR) -> Sentence | None:
        """The nearest sentence around that matches and tells."""
        ordered = sorted(self.around, key=lambda s: abs(s.line - self.it.line))
        return next(
            (s for s in ordered[: 2 * reach] if pattern.search(s.text) and (not told or s.tells)), None
        )

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The hosts it names."""
        return hosts_in(self.text)

    @cached_property
    def thing(self) -> tuple[str | None, Origin]:
        """What of somebody's it speaks of."""
        return thing_in(self.text)

    @cached_property
    def paragraph(self) -> str:
        """The sentence and those beside it in the same block, in their order, as one text."""
        every = [*self.ahead[-3:], self.it, *self.behind[:3]]
        return " ".join(one.text for one in every if one.block is self.it.block)

    @property
    def ahead(self) -> list[Sentence]:
        """The sentences around that stand before it, in their order."""
        return self.around[: self._before]

    @property
    def behind(self) -> list[Sentence]:
        """The sentences around that stand behind it, in their order."""
        return self.around[self._before :]

    def following(self, sentences: int) -> str:
        """The sentence and some behind it, as one text."""
        behind = [s.text for s in self.behind if s.line - self.it.line <= NEAR]
        return " ".join([self.text, *behind[:sentences]])

    def notice(
        self,
        mark: Mark,
        text: str,
        role: Role,
        *,
        sure: bool = True,
        target: str = "",
        also: tuple[Source, ...] = (),
    ) -> None:
        """Notice something at this sentence."""
        self.into.notice(mark, text, self.source, role, sure=sure, target=target, also=also)

    def at(self, other: Sentence) -> Source:
        """The place of another sentence of the document."""
        return Source(path=self.path, line=other.line)


@dataclass(frozen=True, slots=True)
class Looking:
    """A look at one kind of order, and what a sentence must have for it to notice anything."""

    take: Callable[[Look], None]
    gates: tuple[int, ...]

    def worth(self, may: int) -> bool:
        """Whether a sentence that may match these forms is worth it."""
        for gate in self.gates:  # noqa: SIM110 - a generator takes twice the time, and this is the hot path
            if not may & gate:
                return False
        return True


def only_where(
    *gates: Form | Forms | tuple[Form | Forms, ...],
) -> Callable[[Callable[[Look], None]], Looking]:
    """A look that is taken at sentences with a form of each gate; others hold nothing that it would notice."""
    bits = tuple(any_of(*gate) if isinstance(gate, tuple) else gate.may_match for gate in gates)
    return lambda take: Looking(take, bits)
