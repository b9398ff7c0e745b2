"""Code that does harm only at a time, on a machine or out of sight of tests, as far as code shows it."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about
from bailiwick.rules.skill.rule import HIGH, LOW, SkillFinding, SkillRule, Standards, confident, of_mark, told

_ID = "skill/logic-bomb"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.GATED):
        if re.search(r"mtime|st_[ac]time|getmtime", item.text):
            continue  # how old a file is, not what day it is
        if item.target in ("harm", "send", "bomb"):
            sends = ("messaging", "sharing", "web") if item.target == "send" else ()
            who = re.search(r"host|user|whoami|login|domain|zone|\btz\b", item.text, re.IGNORECASE)
            meant = (
                about(facts, "scheduling", "backup", "deployment", *sends)
                and not who
                and item.target != "bomb"
            )
            yield of_mark(
                _ID,
                item,
                Severity.MEDIUM if meant else Severity.HIGH,
                confidence=LOW if meant else HIGH,
                why_not="the skill says that it works by the clock" if meant else "",
            )
            continue
        ci = "CI" in item.text or "GITHUB_ACTIONS" in item.text
        if item.target == "delete" or (
            item.target == "write" and not ci and not about(facts, "scheduling", "backup")
        ):
            yield of_mark(
                _ID,
                item,
                Severity.HIGH,
                confidence=confident(item.target == "delete" or item.role is Role.EXECUTABLE),
            )
        elif item.target == "run" and not ci:
            yield of_mark(
                _ID,
                item,
                Severity.MEDIUM,
                confidence=LOW,
                why_not="dates and hosts are asked for good reasons too",
            )
        elif item.target.startswith("~") and not about(facts, "scheduling", "backup"):
            yield of_mark(
                _ID,
                item,
                Severity.LOW,
                confidence=LOW,
                why_not="dates and hosts are asked for good reasons too",
            )


RULE = SkillRule(
    id=_ID,
    title="It waits for its moment",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI10",), atlas=("AML.T0101",)),
    find=_find,
)
