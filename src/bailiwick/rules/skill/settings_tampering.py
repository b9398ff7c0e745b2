"""Settings, permission modes and git's own configuration, changed so that more is allowed."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, code_host, concealed, covered, documented, teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import HEARD, OTHERWISE, ordered, unheard
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_mark,
    once,
    told,
)

_ID = "skill/settings-tampering"
_SAID = re.compile(
    r"\b(?:settings?|permissions?|hooks?|allow-?lists?|status ?line|claude code (?:config\w*|set-?up)|mcp servers?|unattended|proxy|gateway)\b",
    re.IGNORECASE,
)
"""Words of a description with which a skill says that it changes how the client is set up."""
_GRAVE = re.compile(
    r"ANTHROPIC_|bypassPermissions|skipDangerousMode|dangerouslyDisableSandbox|disableAllHooks|enableAllProjectMcpServers|apiKeyHelper|NODE_TLS_REJECT|[\"'](?:Bash(?:\(\*?\)|\(\*:?\*?\)|\(:\*\))?|\*|mcp__\*)[\"']"
)
"""What takes every question or check away, or lets others read along: no set-up of a client that a script does unasked."""
_HOOKS = re.compile(r"\bhooks?\b", re.IGNORECASE)


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.SETTINGS)
    yield from once([*_settings(facts), *_git(facts)])


def _settings(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.SETTING, Mark.BYPASS):
        flag = item.target.startswith(("--", "flag")) or bool(
            re.search(r"\.claude/(?:skills|plugins|commands|agents)(?:/|$)", item.target)
        )
        written = item.role is Role.EXECUTABLE and item.mark is Mark.SETTING
        meant = about(facts, "configuration", "memory")
        if item.sure and not teaches(facts, item.role):
            severity = (
                Severity.MEDIUM
                if flag
                or (written and meant and item.text.startswith("writes"))
                or (item.role is Role.OPTIONAL and meant)
                else Severity.HIGH
            )
        else:
            severity = Severity.MEDIUM if not meant and not teaches(facts, item.role) else Severity.LOW
        if item.target.startswith("mcp:"):
            known = documented(facts, item.target.removeprefix("mcp:"))
            severity = (
                Severity.HIGH
                if not known and item.role is Role.EXECUTABLE
                else Severity.LOW
                if known
                else Severity.MEDIUM
            )
        if item.target == "hook":
            severity = Severity.MEDIUM if _SAID.search(facts.manifest.description) else Severity.HIGH
        if item.target == "widened":
            severity = (
                Severity.MEDIUM
                if _SAID.search(facts.manifest.description) and not _GRAVE.search(item.text)
                else Severity.HIGH
            )
        otherwise = item.target == "loosened" and unheard(facts, item.source, HEARD)
        if otherwise:
            severity = min(severity, Severity.MEDIUM)
        if concealed(facts, item.source):
            severity = Severity.HIGH
        yield of_mark(
            _ID,
            item,
            severity,
            confidence=confident(severity is Severity.HIGH),
            why_not="setting up the client is what the skill is for"
            if meant and severity < Severity.HIGH
            else OTHERWISE
            if otherwise and severity < Severity.HIGH
            else "",
        )


def _git(facts: SkillFacts) -> Iterator[SkillFinding]:
    off = {item.text for item in told(facts, Mark.TAMPER) if item.text.startswith("turns ")}
    for item in told(facts, Mark.TAMPER):
        if item.target.startswith(("data", "clipboard")) or teaches(facts, item.role):
            continue
        host = item.target.partition(":")[2]
        named = bool(host) and (covered(facts, host) or code_host(host))
        hooks = "hook" in item.text and _HOOKS.search(facts.manifest.description)
        grave = (bool(host) and not named) or item.sure or (len(off) > 1 and item.text in off)
        light = (
            hooks
            or item.role is Role.OPTIONAL
            or (host and item.role is Role.INSTRUCTED and documented(facts, host))
        )
        yield of_mark(
            _ID,
            item,
            Severity.HIGH if grave and not light else Severity.LOW if named else Severity.MEDIUM,
            confidence=confident(item.sure or bool(host)),
            why_not="its description speaks of it" if hooks or named else "",
        )


RULE = SkillRule(
    id=_ID,
    title="It loosens the client",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01", "AST03"), asi=("ASI03",), atlas=("AML.T0081",)),
    find=with_guesses(_ID, _find),
)
