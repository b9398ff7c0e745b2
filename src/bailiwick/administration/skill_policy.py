# ruff: noqa: RUF009 (`declare` returns dataclass fields, each its own)
"""The policy of `bailiwick skill scan`: what findings get, and which somebody answers for. Text to values, or errors with file:line."""

from dataclasses import dataclass

from bailiwick.decision.skill_verdict import ScanPolicy, SkillVerdict, Suppression
from bailiwick.model.access import Confidence
from bailiwick.model.decision import Origin
from bailiwick.policy.dates import end_of
from bailiwick.policy.document import read_document
from bailiwick.policy.errors import Problems
from bailiwick.policy.shapes import Choice, Listed, Record, Table, Text, Word, declare
from bailiwick.policy.syntax import WHEN
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.catalogue import SKILL_CATALOGUE

MAX_DAYS = 366
"""Longest life of a suppression, counted from the day it is read."""

_DAY = 86_400
_RULES = frozenset(rule.id for rule in SKILL_CATALOGUE)
_SEVERITY = Choice(words=tuple(one.name.lower() for one in Severity))
_CONFIDENCE = Choice(words=tuple(one.value for one in Confidence))
_VERDICT = Choice(words=tuple(one.label for one in SkillVerdict))
_SENTENCE = Word(what="a sentence")


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelText:
    """The least that a finding must be."""

    at: Origin
    severity: Text = declare(_SEVERITY, "low, medium, high or critical.", required=True)
    confidence: Text | None = declare(_CONFIDENCE, "high: only findings that are sure; low: all of them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionText:
    """A finding that somebody answers for, in the skill of exactly one digest."""

    at: Origin
    digest: Text = declare(
        Word(what="a digest of 64 hexadecimal digits", pattern="[0-9a-f]{64}"),
        "The skill's digest, as the report shows it.",
        required=True,
    )
    rule: Text = declare(Word(what="the id of a rule"), "The rule.", required=True)
    path: Text = declare(
        Word(what="a path below the skill"), "The file of the finding's first evidence.", required=True
    )
    owner: Text = declare(Word(what="an account or a group"), "Who answers for it.", required=True)
    reason: Text = declare(_SENTENCE, "Why it is right all the same.", required=True)
    ticket: Text = declare(Word(what="a ticket"), "Where it was decided.", required=True)
    expires: Text = declare(WHEN, "When it ends; at most a year from now.", required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPolicyText:
    """skill-scan.yaml: what `bailiwick skill scan` makes of findings."""

    at: Origin
    block: LevelText | None = declare(Record(of=LevelText), "From here on a skill is blocked.")
    review: LevelText | None = declare(Record(of=LevelText), "From here on a person looks at it.")
    partial: Text | None = declare(_VERDICT, "What a part gets that was not looked at; block if left out.")
    rules: tuple[tuple[Text, Text], ...] = declare(
        Table(name=Word(what="the id of a rule"), of=_VERDICT), "Verdicts by rule, over both.", default=()
    )
    suppressions: tuple[SuppressionText, ...] = declare(
        Listed(of=Record(of=SuppressionText)), "Findings somebody answers for.", default=()
    )


def load_scan_policy(file: str, text: str, *, now: int) -> ScanPolicy:
    """The policy in ``text``. Raises PolicyErrors, with everything that is wrong."""
    problems = Problems({file: text})
    node = read_document(file, text, problems)
    read: ScanPolicyText | None = None if node is None else Record(of=ScanPolicyText).read(node, problems)
    if read is None:
        problems.raise_any()
        return ScanPolicy()
    for name, _ in read.rules:
        _known(name, problems)
    suppressions = tuple(
        one for said in read.suppressions if (one := _suppression(said, problems, now)) is not None
    )
    problems.raise_any()
    standard = ScanPolicy()
    return ScanPolicy(
        block=_level(read.block) or standard.block,
        review=_level(read.review) or standard.review,
        partial=_verdict(read.partial) if read.partial else standard.partial,
        rules={name.text: _verdict(said) for name, said in read.rules},
        suppressions=suppressions,
    )


def _known(rule: Text, problems: Problems) -> None:
    if rule.text not in _RULES:
        problems.add(rule.at, f"there is no rule `{rule.text}`", "`bailiwick skill rules` lists them")


def _level(said: LevelText | None) -> tuple[Severity, Confidence] | None:
    if said is None:
        return None
    return Severity[said.severity.text.upper()], Confidence(
        said.confidence.text if said.confidence else "high"
    )


def _verdict(said: Text) -> SkillVerdict:
    return SkillVerdict[said.text.upper()]


def _suppression(said: SuppressionText, problems: Problems, now: int) -> Suppression | None:
    _known(said.rule, problems)
    expires = end_of(said.expires, problems)
    if expires is None:
        return None
    if expires > now + MAX_DAYS * _DAY:
        problems.add(said.expires.at, "a suppression ends within a year", "give it an end within 366 days")
    return Suppression(
        digest=said.digest.text,
        rule=said.rule.text,
        path=said.path.text,
        owner=said.owner.text,
        reason=said.reason.text,
        ticket=said.ticket.text,
        expires=expires,
        origin=f"{said.at.file}:{said.at.line}",
    )
