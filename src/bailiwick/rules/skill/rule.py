"""What a rule about skills is, and what it says."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bailiwick.analysis.skill.facts import Chain, Mark, Noticed
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.access import Confidence
from bailiwick.model.skill import Role, Source
from bailiwick.rules.rule import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillFinding:
    """One thing that is wrong with a skill. ``why_not`` is what speaks against it, for whoever judges it.

    Severity says how bad it is when it is right, confidence how sure it is; neither is ever added to another's.
    """

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    evidence: tuple[Source, ...]
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standards:
    """Where the threat stands elsewhere: OWASP Agentic Skills Top 10, OWASP Agentic Top 10 (2026), MITRE ATLAS."""

    ast: tuple[str, ...]
    asi: tuple[str, ...]
    atlas: tuple[str, ...] = ()


SkillFind: TypeAlias = Callable[[SkillFacts], Iterable[SkillFinding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRule:
    """One entry of the catalogue of skills; ``severity`` is the worst that it says. ``find`` is pure and bounded."""

    id: str
    title: str
    severity: Severity
    standards: Standards
    find: SkillFind


HIGH, LOW = Confidence.HIGH, Confidence.LOW


def confident(holds: bool) -> Confidence:  # noqa: FBT001 - one question, asked by name at each place
    """High confidence where something holds, low where it doesn't."""
    return HIGH if holds else LOW


def finding(
    rule: str,
    severity: Severity,
    message: str,
    *evidence: Source,
    confidence: Confidence = HIGH,
    why_not: str = "",
) -> SkillFinding:
    """A finding with its places in order, each once."""
    return SkillFinding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        message=message,
        evidence=tuple(dict.fromkeys(evidence)) or (Source(path="."),),
        why_not=why_not,
    )


def of_mark(
    rule: str, item: Noticed, severity: Severity, *, confidence: Confidence = HIGH, why_not: str = ""
) -> SkillFinding:
    """A finding for a mark, as it was noticed."""
    return finding(rule, severity, item.text, item.source, *item.also, confidence=confidence, why_not=why_not)


def of_chain(  # noqa: PLR0913 - each is its own part of the report
    rule: str,
    chain: Chain,
    severity: Severity,
    message: str,
    *,
    confidence: Confidence = HIGH,
    why_not: str = "",
) -> SkillFinding:
    """A finding for a chain: its sink first, then its source."""
    return finding(
        rule, severity, message, chain.source, chain.label.source, confidence=confidence, why_not=why_not
    )


def told(facts: SkillFacts, *marks: Mark) -> Iterator[Noticed]:
    """Marks that are meant: what is quoted, forbidden or test data is left out."""
    return (item for item in facts.marks(*marks) if item.role.active)


def once(findings: Iterable[SkillFinding]) -> Iterator[SkillFinding]:
    """The worst finding for each message and place."""
    best: dict[tuple[str, Source], SkillFinding] = {}
    for one in findings:
        key = (one.message, one.evidence[0])
        if key not in best or (one.severity, one.confidence is HIGH) > (
            best[key].severity,
            best[key].confidence is HIGH,
        ):
            best[key] = one
    return iter(best.values())


__all__ = [
    "HIGH",
    "LOW",
    "Role",
    "SkillFinding",
    "SkillRule",
    "Standards",
    "confident",
    "finding",
    "of_chain",
    "of_mark",
    "once",
    "told",
]
