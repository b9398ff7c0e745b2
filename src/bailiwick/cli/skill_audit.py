"""What an approval rests on: the audit of a skill, as far as this version reads skills."""

from dataclasses import dataclass

from bailiwick import __version__
from bailiwick.information.approvals import Grant, grants_for
from bailiwick.model.skill import Capability, Manifest, SkillTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The audit: ``grants`` are what the skill was found to do, ``left`` what it does whose target isn't known."""

    scanner: str
    rules: str
    verdict: str
    findings: tuple[str, ...]
    grants: tuple[Grant, ...]
    left: tuple[str, ...]

    def summary(self) -> str:
        """One line."""
        return (
            f"{self.verdict} ({self.scanner}), {len(self.findings)} findings, {len(self.grants)} capabilities"
        )


def inspected(tree: SkillTree) -> Inspected:
    """Audit a skill's tree."""
    manifest = Manifest(name=tree.name)
    grants, left = grants_for(manifest.active)
    return Inspected(
        scanner=f"bailiwick {__version__}",
        rules="none",
        verdict="review",
        findings=(),
        grants=grants,
        left=tuple(map(_left, left)),
    )


def _left(one: Capability) -> str:
    return f"{one.kind} * ({one.source}): not known; grant it by name if it is meant"
