"""Tools that are pre-approved and never used."""

from collections.abc import Iterator

from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Capability, CapabilityKind, Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    finding,
)

_ID = "skill/over-declared"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    runs = any(
        item.kind in (CapabilityKind.EXEC, CapabilityKind.INSTALL) and item.role.active
        for item in facts.capabilities
    )
    for grant in facts.manifest.declared:
        if grant.target in ("*", "Bash(*)", "Bash(:*)"):
            yield finding(
                _ID, Severity.LOW, f"{grant.target} pre-approves every command", grant.source, confidence=HIGH
            )
        elif unused := _unused(facts, grant.target):
            yield finding(_ID, Severity.LOW, unused, grant.source, confidence=LOW)
        elif grant.target == "Bash" and not runs:
            yield finding(
                _ID,
                Severity.LOW,
                "Bash is pre-approved and no command is found",
                grant.source,
                confidence=LOW,
            )


_NEEDED = {
    "WebFetch": (CapabilityKind.NET,),
    "WebSearch": (CapabilityKind.NET,),
    "Write": (CapabilityKind.FS_WRITE, CapabilityKind.MEMORY_WRITE, CapabilityKind.CONFIG_WRITE),
    "Edit": (CapabilityKind.FS_WRITE, CapabilityKind.MEMORY_WRITE, CapabilityKind.CONFIG_WRITE),
    "NotebookEdit": (CapabilityKind.FS_WRITE,),
    "Task": (CapabilityKind.SPAWN,),
    "Agent": (CapabilityKind.SPAWN,),
}
"""What a skill does that uses a tool, where only that tool does it or its own code."""


def _unused(facts: SkillFacts, target: str) -> str:
    """Why a grant seems to be used by nothing in the skill; empty when something uses it, or it can't be said."""
    tool, _, rest = target.partition("(")
    words = rest.rstrip(")").replace(":*", "").strip(" *").split()
    active = [item for item in facts.capabilities if item.role is not Role.FIXTURE]
    if tool == "Bash" and words:
        named = "\n".join(sentence.text for document in facts.documents for sentence in document.sentences)
        runs = any(_runs(item, words) for item in active) or " ".join(words) in named
        return "" if runs else f"{target} is pre-approved and nothing in it runs {' '.join(words)}"
    needs = _NEEDED.get(tool)
    if needs is None or rest or any(item.kind in needs for item in active):
        return ""
    if any(item.kind is CapabilityKind.TOOL and item.target == tool for item in active):
        return ""
    return f"{tool} is pre-approved and nothing in it needs it"


def _runs(item: Capability, words: list[str]) -> bool:
    if item.kind is CapabilityKind.INSTALL:
        return item.target.partition(":")[0] == words[0].rstrip("3")
    if item.kind is not CapabilityKind.EXEC:
        return False
    said = item.target.split()
    script = _RUN_BY.get(said[0].rpartition(".")[2]) if "/" in said[0] else None
    shown = min(len(said), len(words))
    return (
        said[0] == "*"
        or said[:shown] == words[:shown]
        or words[0] == script
        or ("/" in said[0] and said[0].rpartition("/")[2] == words[0].rpartition("/")[2])
    )


_RUN_BY = {
    "py": "python3",
    "sh": "bash",
    "js": "node",
    "mjs": "node",
    "ts": "npx",
    "rb": "ruby",
    "pl": "perl",
}

RULE = SkillRule(
    id=_ID,
    title="It asks for more than it uses",
    severity=Severity.LOW,
    standards=Standards(ast=("AST03",), asi=("ASI02",), atlas=("AML.T0053",)),
    find=_find,
)
