"""Passages that the learned reader holds for an order, as findings of the rule whose harm they most likely ask for."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bailiwick.analysis.skill.facts import Guess
from bailiwick.analysis.skill.prose.learned.reader import HIGH, SURE
from bailiwick.analysis.skill.prose.words import short
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.speech import happened
from bailiwick.model.skill import Role, Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import covered, teaches
from bailiwick.rules.skill.ordered import LESSON, OTHERWISE, unheard
from bailiwick.rules.skill.rule import SkillFind, SkillFinding, confident, finding

SECONDED: Final = 1_800
"""Points fewer that are enough where a frame of orders fits a sentence of the passage as well."""

DEAF: Final = -6_000
"""Points below which words that are known for an order stand for something else."""

_BY_WORDS: Final = frozenset(
    ("skill/concealment", "skill/judge-injection", "skill/memory-poisoning", "skill/trigger-hijack")
)
"""Rules that go by words which honest texts have too: what a reviewer reads, what a memory file is for, what comes first."""

_ASKS: Final = {
    "concealment": "keep something from the person it works for",
    "credential-theft": "hand on keys or logins",
    "destructive": "destroy what can't be got back",
    "exfiltration": "send out what isn't the receiver's",
    "hook-approval": "answer the client's questions with yes by itself",
    "installer-lure": "get past a protection to install something",
    "instruction-override": "put itself above the person or the client",
    "integrity": "bend a result or weaken a check",
    "judge-injection": "talk whoever checks it into a verdict",
    "memory-poisoning": "plant a rule in standing notes",
    "persistence": "leave something that starts by itself",
    "registry-redirect": "take packages from elsewhere",
    "remote-instructions": "obey a text that others can change",
    "settings-tampering": "loosen the client's settings",
    "staged-payload": "put code together and run it unread",
    "trigger-hijack": "come before everything else",
}


def with_guesses(rule: str, find: SkillFind) -> SkillFind:
    """What a rule finds, and the passages held for what it is about where it found nothing as bad."""

    def both(facts: SkillFacts) -> Iterator[SkillFinding]:
        found = [_meant(facts, one) if rule in _BY_WORDS else one for one in find(facts)]
        yield from found
        for guess in facts.guesses:
            if f"skill/{guess.rule}" == rule:
                one = _found(facts, rule, guess)
                if not any(other.severity >= one.severity and _within(guess, other) for other in found):
                    yield one

    return both


def _meant(facts: SkillFacts, one: SkillFinding) -> SkillFinding:
    """A finding by words, of medium severity where the passage as a whole speaks of something else."""
    if one.severity < Severity.HIGH or not unheard(facts, one.evidence[0], DEAF):
        return one
    return replace(one, severity=Severity.MEDIUM, confidence=confident(holds=False), why_not=OTHERWISE)


def _within(guess: Guess, other: SkillFinding) -> bool:
    return any(
        place.path == guess.source.path and guess.source.line <= place.line <= guess.last
        for place in other.evidence
    )


def _found(facts: SkillFacts, rule: str, guess: Guess) -> SkillFinding:
    why_not = _why_not(facts, guess)
    lesson = why_not == LESSON
    severity = Severity.HIGH if not why_not else Severity.LOW if lesson else Severity.MEDIUM
    weighed = ", ".join(repr(word[:40]) for word in guess.words)
    return finding(
        rule,
        severity,
        f"reads like an order to {_ASKS[guess.rule]}: {short(guess.text)}; what weighed most: {weighed}",
        *(
            Source(path=guess.source.path, line=line)
            for line in dict.fromkeys((guess.source.line, guess.last))
        ),
        confidence=confident(not why_not and guess.points >= SURE),
        why_not=why_not,
    )


def _why_not(facts: SkillFacts, guess: Guess) -> str:
    """What speaks against a guess, if anything does."""
    if teaches(facts, guess.role) and (guess.points < SURE or guess.role is not Role.INSTRUCTED):
        return LESSON
    if guess.points < HIGH and not _seconded(facts, guess):
        return "its words are those of orders, but not clearly"
    if guess.role is not Role.INSTRUCTED or (guess.points < SURE and happened(guess.text)):
        return "it may only be told of"
    if guess.hosts and all(covered(facts, host) for host in guess.hosts):
        return "its description names the receiver"
    return ""


def _seconded(facts: SkillFacts, guess: Guess) -> bool:
    """Whether a frame of orders fits a sentence of the passage as well: two readers that know nothing of each other."""
    return guess.points >= HIGH - SECONDED and any(
        order.role is Role.INSTRUCTED
        and order.source.path == guess.source.path
        and guess.source.line <= order.source.line <= guess.last
        for order in facts.orders
    )
