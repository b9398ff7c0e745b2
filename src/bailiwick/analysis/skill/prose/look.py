"""One sentence looked at with those around it."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Inventory, Mark
from bailiwick.analysis.skill.speech import Sentence, negated, quoted, reports
from bailiwick.model.skill import Role, Source

NEAR = 6
"""Sentences before and after in which one thing belongs to another."""


class Look:
    """A look at one sentence: with those around it, where it stands, and where what is noticed goes."""

    def __init__(self, sentence: Sentence, around: list[Sentence], path: str, into: Inventory) -> None:
        self.it = sentence
        self.text = sentence.text
        self.around = around
        self.source = Source(path=path, line=sentence.line)
        self.path = path
        self.into = into

    def found(self, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], Role]]:
        """Matches with how they stand: quoted, reported or told."""
        for match in pattern.finditer(self.text):
            role = self.it.role
            if role in (Role.INSTRUCTED, Role.OPTIONAL):
                if quoted(self.text, match.start(), match.end()) or reports(self.text, match.start()):
                    role = Role.QUOTED
                elif negated(self.text, match.start()):
                    role = Role.NEGATED
            yield match, role

    def near(self, pattern: re.Pattern[str], *, told: bool = True, reach: int = NEAR) -> Sentence | None:
        """The nearest sentence around that matches and tells."""
        ordered = sorted(self.around, key=lambda s: abs(s.line - self.it.line))
        return next(
            (s for s in ordered[: 2 * reach] if pattern.search(s.text) and (not told or s.tells)), None
        )

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
