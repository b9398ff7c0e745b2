"""What an approval rests on: the audit of a skill, as `bailiwick skill scan` makes it."""

import time
from collections.abc import Sized
from dataclasses import dataclass

from bailiwick import __version__
from bailiwick.administration.skills.plan import declared_only
from bailiwick.decision.skill_verdict import ScanPolicy, inspect
from bailiwick.information.approvals import Grant, grants_for
from bailiwick.model.skill import Capability, SkillTree
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import SkillFinding
from bailiwick.service.scan_cache import rules_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The audit: ``grants`` are what the skill was found to do, ``left`` what it does besides, and why that isn't granted."""

    scanner: str
    rules: str
    verdict: str
    findings: tuple[str, ...]
    grants: tuple[Grant, ...]
    left: tuple[str, ...]

    def summary(self) -> str:
        """One line."""
        said = (
            _counted(self.findings, "finding", "findings"),
            _counted(self.grants, "capability", "capabilities"),
        )
        return f"{self.verdict} ({self.scanner}), {', '.join(said)}"


def inspected(tree: SkillTree) -> Inspected:
    """Audit a skill's tree."""
    report = inspect(tree, ScanPolicy(), now=int(time.time()))
    found, left = grants_for(report.manifest.active)
    grants, undeclared = declared_only(found, report.manifest)
    partial = (f"partial: {part.path}: {part.reason}" for part in report.partial)
    findings = (_shown(found) for found in report.findings if found.severity > Severity.LOW)
    return Inspected(
        scanner=f"bailiwick {__version__}",
        rules=rules_digest(),
        verdict=report.verdict.label,
        findings=(*findings, *partial),
        grants=grants,
        left=(
            *dict.fromkeys(map(_left, left)),
            *(f"{one}: its front matter declares its tools, and not this" for one in undeclared),
        ),
    )


def _counted(things: Sized, one: str, several: str) -> str:
    return f"{len(things)} {one if len(things) == 1 else several}"


def _shown(found: SkillFinding) -> str:
    return f"{found.severity.name.lower()} {found.rule}: {found.message} ({found.evidence[0]})"


def _left(one: Capability) -> str:
    return f"{one.kind} * ({one.source}): not known; grant it by name if it is meant"
