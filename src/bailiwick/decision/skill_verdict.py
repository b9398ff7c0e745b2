"""What a skill gets: facts to findings to a verdict, by a policy that says so in words. No scores, nothing is added up. Pure.

1. every rule looks at the facts; one that fails is itself a finding
2. a suppression that is bound to this digest, rule and path takes a finding out of the verdict, never out of the report;
   one that is expired or matches nothing is itself a finding
3. the verdict is the worst that any finding that is left, or any part that was not looked at, gets
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from bailiwick.analysis.skill.digest import UnsoundTreeError, tree_digest
from bailiwick.analysis.skill.read import SkillFacts, read_facts
from bailiwick.model.access import Confidence
from bailiwick.model.skill import Manifest, Partial, SkillTree, Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.catalogue import SKILL_CATALOGUE
from bailiwick.rules.skill.rule import SkillFinding, SkillRule

MAX_FINDINGS = 40
"""Findings of one rule that are listed; the rest are counted in the last of them."""


class SkillVerdict(IntEnum):
    """What a skill gets; the worst counts."""

    PASS = 0
    REVIEW = 1
    BLOCK = 2

    @property
    def label(self) -> str:
        """The lower-case word of every report."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A finding that somebody answers for: of this rule, at this path, in the skill of exactly this digest.

    ``expires`` is in whole seconds since 1970, UTC. ``origin`` is the file and line it stands at.
    """

    digest: str
    rule: str
    path: str
    owner: str
    reason: str
    ticket: str
    expires: int
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPolicy:
    """What findings get. ``block`` and ``review`` are the least severity and confidence for each; ``rules`` overrules both by id.

    ``partial`` is what a part that was not looked at gets.
    """

    block: tuple[Severity, Confidence] = (Severity.HIGH, Confidence.HIGH)
    review: tuple[Severity, Confidence] = (Severity.MEDIUM, Confidence.LOW)
    partial: SkillVerdict = SkillVerdict.BLOCK
    rules: Mapping[str, SkillVerdict] = field(default_factory=dict)
    suppressions: tuple[Suppression, ...] = ()

    def verdict(self, finding: SkillFinding) -> SkillVerdict:
        """What one finding gets."""
        if finding.rule in self.rules:
            return self.rules[finding.rule]
        for verdict, (severity, confidence) in (
            (SkillVerdict.BLOCK, self.block),
            (SkillVerdict.REVIEW, self.review),
        ):
            sure = finding.confidence is Confidence.HIGH or confidence is Confidence.LOW
            if finding.severity >= severity and sure:
                return verdict
        return SkillVerdict.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillReport:
    """Everything that is said of one skill. ``digest`` is empty where the tree has none; ``unsound`` then says why.

    ``suppressed`` are findings somebody answers for, each with the suppression; ``known`` those of a baseline.
    """

    root: str
    name: str
    kind: str
    digest: str
    verdict: SkillVerdict
    manifest: Manifest
    findings: tuple[SkillFinding, ...] = ()
    suppressed: tuple[tuple[SkillFinding, Suppression], ...] = ()
    known: tuple[SkillFinding, ...] = ()
    partial: tuple[Partial, ...] = ()
    unsound: str = ""


def inspect(tree: SkillTree, policy: ScanPolicy, *, now: int) -> SkillReport:
    """Read a skill and judge it. Total."""
    facts = read_facts(tree)
    return judge(tree, facts.manifest, tuple(detect(facts)), facts.partial, policy, now=now)


def detect(facts: SkillFacts, rules: Sequence[SkillRule] = SKILL_CATALOGUE) -> Iterator[SkillFinding]:
    """Every finding, worst first within each rule. A rule that fails is said and hides no other."""
    for rule in rules:
        try:
            found = sorted(rule.find(facts), key=lambda one: (-one.severity, one.evidence))
        except Exception as error:  # noqa: BLE001 - fails closed: what could not be read is said
            yield SkillFinding(
                rule="internal/rule-error",
                severity=Severity.HIGH,
                confidence=Confidence.HIGH,
                message=f"{rule.id} failed with {type(error).__name__}; what it looks for is not known here",
                evidence=(Source(path="."),),
            )
            continue
        yield from found[:MAX_FINDINGS]
        if len(found) > MAX_FINDINGS:
            last = found[MAX_FINDINGS]
            yield replace(
                last, message=f"{len(found) - MAX_FINDINGS} more findings of this rule are not listed"
            )


def judge(  # noqa: PLR0913 - each is its own part of the report
    tree: SkillTree,
    manifest: Manifest,
    findings: Sequence[SkillFinding],
    partial: Sequence[Partial],
    policy: ScanPolicy,
    *,
    now: int,
    known: frozenset[tuple[str, str, str]] = frozenset(),
) -> SkillReport:
    """The verdict over findings; ``known`` are the fingerprints of a baseline."""
    digest, unsound = _digest(tree)
    left: list[SkillFinding] = []
    suppressed: list[tuple[SkillFinding, Suppression]] = []
    before: list[SkillFinding] = []
    used: set[Suppression] = set()
    mine = [one for one in policy.suppressions if digest and one.digest == digest]
    for finding in findings:
        given = next(
            (one for one in mine if one.rule == finding.rule and one.path == finding.evidence[0].path), None
        )
        if given is not None:
            used.add(given)
            if given.expires > now:
                suppressed.append((finding, given))
                continue
        if fingerprint(finding) in known:
            before.append(finding)
            continue
        left.append(finding)
    left += [_stale(one, "it has expired") for one in mine if one.expires <= now]
    left += [_stale(one, "it matches nothing") for one in mine if one not in used]
    verdict = max((policy.verdict(finding) for finding in left), default=SkillVerdict.PASS)
    if partial:
        verdict = max(verdict, policy.partial)
    return SkillReport(
        root=tree.root,
        name=manifest.name or tree.name,
        kind=tree.kind.value,
        digest=digest,
        verdict=verdict,
        manifest=manifest,
        findings=tuple(
            sorted(
                left,
                key=lambda one: (
                    -one.severity,
                    one.confidence is not Confidence.HIGH,
                    one.rule,
                    one.evidence,
                ),
            )
        ),
        suppressed=tuple(suppressed),
        known=tuple(before),
        partial=tuple(partial),
        unsound=unsound,
    )


def _stale(one: Suppression, why: str) -> SkillFinding:
    return SkillFinding(
        rule="skill/stale-suppression",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        message=f"the suppression of {one.rule} by {one.owner} ({one.ticket}) at {one.origin}: {why}",
        evidence=(Source(path=one.path),),
    )


def _digest(tree: SkillTree) -> tuple[str, str]:
    try:
        return tree_digest(tree), ""
    except UnsoundTreeError as error:
        return "", str(error)


def fingerprint(finding: SkillFinding) -> tuple[str, str, str]:
    """What makes a finding the same in a later scan: not its line, which moves."""
    return finding.rule, finding.evidence[0].path, finding.message
