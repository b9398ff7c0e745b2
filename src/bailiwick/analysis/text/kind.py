"""What one rule's secrets look like, as the engine needs it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache
from typing import TypeAlias

from bailiwick.analysis.text import lexicon
from bailiwick.analysis.text.shape import Shape
from bailiwick.analysis.text.verify import DECISIVE, VERIFIERS
from bailiwick.model.access import Confidence, Tier


class Weight(IntEnum):
    """How bad it is when a finding is right."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Certainty(StrEnum):
    """What a judge says of a candidate: ``STAND_IN`` is a placeholder or a documented example."""

    HIGH = "high"
    LOW = "low"
    STAND_IN = "stand-in"


Judged: TypeAlias = tuple[int, int, Certainty]
"""Offsets of the secret in the text, and how sure."""

Judge: TypeAlias = Callable[[re.Match[str]], Iterable[Judged]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """One form of one rule.

    ``pattern`` is tried at every word of ``words`` that occurs, as many characters before it as the word says; with
    ``folded`` in whatever case. ``filters`` are expressions (of Hyperscan's and Python's syntax alike) of which one
    holds wherever the pattern does. The number beside it says how many characters before its end the pattern begins; where
    that is 0, it is anywhere in the ``reach`` characters before. Filters change how long a search takes, never what it finds.
    """

    rule: str
    title: str
    weight: Weight
    tier: Tier
    pattern: str
    words: tuple[tuple[str, int], ...]
    filters: tuple[tuple[str, int], ...]
    folded: bool = False
    judge: Judge
    anchored: bool = True
    reach: int = 0
    shapes: tuple[Shape, ...] = ()
    example: str = ""

    @property
    def compiled(self) -> re.Pattern[str]:
        """The pattern; compiled when first needed, since most never are."""
        return _compiled(self.pattern)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def token_judge(rule: str, fixed: int) -> Judge:
    """The judge of tokens whose first ``fixed`` characters are the same in all of them."""
    verify = VERIFIERS.get(rule)

    def judge(match: re.Match[str]) -> Iterable[Judged]:
        start, end = match.span("secret")
        secret = match.group("secret")
        if lexicon.stand_in(secret[fixed:]) or lexicon.documented(secret):
            yield start, end, Certainty.STAND_IN
        elif verify is None or (holds := verify(secret)) is None or holds:
            yield start, end, Certainty.HIGH
        elif rule not in DECISIVE:
            yield start, end, Certainty.LOW

    return judge


def confidence_of(certainty: Certainty) -> Confidence:
    """As findings say it."""
    return Confidence.HIGH if certainty is Certainty.HIGH else Confidence.LOW
