"""What is used against what is declared and promised."""

from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.prose.steps import BY as PROSE
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.model.skill import CapabilityKind, Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, covered, documented, spoken_of
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    finding,
    of_mark,
    once,
    told,
)

_ID = "skill/undeclared-capability"

_RUNNING = (
    "Bash",
    "*",
    "Skill",
    "Task",
    "Agent",
    "PowerShell",
    "Monitor",
    "execute",
    "shell",
    "terminal",
    "run",
    "Code",
)


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from once([*_promises(facts), *_declared(facts), *_unspoken(facts)])


def _unspoken(facts: SkillFacts) -> Iterator[SkillFinding]:
    """An act of its code that people would want to hear of, and don't."""
    for item in told(facts, Mark.UNSPOKEN):
        lesson = about(facts, "security")
        yield of_mark(
            _ID,
            item,
            Severity.MEDIUM if lesson else Severity.HIGH,
            confidence=confident(not lesson),
            why_not="the skill is about security" if lesson else "",
        )


def _promises(facts: SkillFacts) -> Iterator[SkillFinding]:
    """A promise that the skill's own code breaks, or a command that sends something out at its word."""
    for claim in facts.manifest.claims:
        described = claim.target.lower() in facts.manifest.description.lower()
        for item in facts.capabilities:
            sent = (
                item.role is Role.INSTRUCTED
                and item.by != PROSE
                and item.detail in ("POST", "PUT")
                and described
            )
            own = item.role is Role.EXECUTABLE and item.by not in ("text", "dependencies")
            if not (own or sent):
                continue
            if (
                claim.kind in ("offline", "no-telemetry")
                and item.kind is CapabilityKind.NET
                and item.target != "*"
                and not (is_local(item.target) or is_placeholder(item.target))
            ):
                if claim.kind == "no-telemetry" and (spoken_of(facts, item.target) or item.detail == "GET"):
                    continue  # it denies receivers that nobody hears of, not one that the skill names
                yield finding(
                    _ID,
                    Severity.HIGH,
                    f"says '{claim.target}' and connects to {item.target}",
                    item.source,
                    claim.source,
                )
            elif claim.kind == "read-only" and item.kind in (
                CapabilityKind.MEMORY_WRITE,
                CapabilityKind.CONFIG_WRITE,
            ):
                yield finding(
                    _ID,
                    Severity.HIGH,
                    f"says '{claim.target}' and writes {item.target}",
                    item.source,
                    claim.source,
                )
            elif (
                claim.kind == "read-only" and item.kind is CapabilityKind.FS_WRITE and item.detail == "delete"
            ):
                yield finding(
                    _ID,
                    Severity.MEDIUM,
                    f"says '{claim.target}' and deletes {item.target}",
                    item.source,
                    claim.source,
                    confidence=LOW,
                )


def _declared(facts: SkillFacts) -> Iterator[SkillFinding]:
    """Code beside a front matter whose tools can't run it."""
    if not facts.manifest.scoped or not facts.manifest.declared:
        return
    if any(
        grant.target.startswith(_RUNNING) or grant.kind is CapabilityKind.MCP
        for grant in facts.manifest.declared
    ):
        return
    for item in facts.capabilities:
        if (
            item.kind is CapabilityKind.NET
            and item.role is Role.EXECUTABLE
            and not covered(facts, item.target)
            and item.target != "*"
        ):
            yield finding(
                _ID,
                Severity.HIGH if not documented(facts, item.target) else Severity.MEDIUM,
                f"declares no tool that runs code, and its code connects to {item.target}",
                item.source,
                *(grant.source for grant in facts.manifest.declared[:1]),
            )
        elif item.kind is CapabilityKind.EXEC and item.role in (Role.EXECUTABLE, Role.INSTRUCTED):
            yield finding(
                _ID,
                Severity.LOW,
                f"declares no tool that runs code, and runs {item.target}",
                item.source,
                confidence=LOW,
            )


RULE = SkillRule(
    id=_ID,
    title="It does more than it says",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST03",), asi=("ASI02",), atlas=("AML.T0053",)),
    find=_find,
)
