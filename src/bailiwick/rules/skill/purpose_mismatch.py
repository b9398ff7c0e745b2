"""What a skill reads and reaches against what it says it is for."""

from collections.abc import Iterator

from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import kept_in
from bailiwick.model.skill import CapabilityKind, Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, covered, documented
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    finding,
)

_ID = "skill/purpose-mismatch"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    """Private data and a way out, in code, and neither is what the skill is for."""
    if about(facts, "credentials", "security", "backup", "deployment"):
        return
    reads = [
        item
        for item in facts.capabilities
        if item.kind is CapabilityKind.FS_READ
        and item.role is Role.EXECUTABLE
        and (kept := kept_in(item.target.removesuffix("/**"))) is not None
        and kept.what != "an environment file"
    ]
    reads = [
        item for item in reads if not (about(facts, "browser") and "rowser" in str(kept_in(item.target)))
    ]
    sends = [
        item
        for item in facts.capabilities
        if item.kind is CapabilityKind.NET
        and item.role is Role.EXECUTABLE
        and not covered(facts, item.target)
        and item.target != "*"
    ]
    if reads and sends:
        read, send = reads[0], sends[0]
        severity = Severity.HIGH if not documented(facts, send.target) else Severity.MEDIUM
        yield finding(
            _ID,
            severity,
            f"reads {read.target} and connects to {send.target}, and neither is what it says it is for",
            read.source,
            send.source,
            confidence=confident(severity is Severity.HIGH),
        )
    elif reads:
        yield finding(
            _ID,
            Severity.MEDIUM,
            f"reads {reads[0].target}, which is not what it says it is for",
            reads[0].source,
            confidence=LOW,
        )


RULE = SkillRule(
    id=_ID,
    title="It does what it is not for",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01", "AST03"), asi=("ASI02", "ASI10"), atlas=("AML.T0053",)),
    find=_find,
)
