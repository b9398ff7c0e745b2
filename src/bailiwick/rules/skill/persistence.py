"""Start-up files, timers and keys that outlive the session."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, concealed, known_installer, teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_mark,
    told,
)

_ID = "skill/persistence"
_SHELLS = frozenset(("bashrc", "bash_profile", "profile", "zshrc", "zprofile", "zshenv", "config.fish"))
_START_FILE = re.compile(
    r"\b(?:rc|start-?up|profile)[- ]files?\b|\bdotfiles?\b|\bshell(?:'s)? (?:rc|profile|start-?up)\b",
    re.IGNORECASE,
)


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.STARTUP)
    for item in told(facts, Mark.PERSIST):
        keys = (
            (item.target.startswith("itself:") and not known_installer(item.target.removeprefix("itself:")))
            or "authorized_keys" in item.target
            or "ld.so.preload" in item.target
            or "sitecustomize" in item.target
        )
        meant = about(facts, "scheduling", "configuration", "deployment") and not keys
        told_of = item.target.rpartition("/")[2].strip(".")
        meant = meant or (not keys and len(told_of) > 2 and told_of in facts.manifest.description)
        meant = meant or (told_of in _SHELLS and _START_FILE.search(facts.manifest.description) is not None)
        lesson = teaches(facts, item.role) and item.role is not Role.EXECUTABLE
        dotfile = (
            item.target.rpartition("/")[2].startswith((".bash", ".zsh", ".profile", ".gitconfig"))
            and item.role is not Role.EXECUTABLE
        )
        severity = (
            Severity.LOW
            if lesson or (meant and not item.sure)
            else Severity.MEDIUM
            if meant or dotfile or not item.sure or item.role is Role.OPTIONAL
            else Severity.HIGH
        )
        if concealed(facts, item.source):
            severity = Severity.HIGH
        yield of_mark(
            _ID,
            item,
            severity,
            confidence=confident(severity is Severity.HIGH),
            why_not="running by itself is what the skill is for" if meant else "",
        )


RULE = SkillRule(
    id=_ID,
    title="It stays",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI10", "ASI05"), atlas=("AML.T0011.000",)),
    find=with_guesses(_ID, _find),
)
