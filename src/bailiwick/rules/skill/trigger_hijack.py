"""Descriptions that make a skill load for everything, before or instead of others."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.speech import quoted
from bailiwick.model.skill import Role, Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    finding,
    of_mark,
    told,
)

_ID = "skill/trigger-hijack"
_CLAIMS = re.compile(
    r"\b(?:every|all|any|each)\s+(?:\w+\s+){0,2}?(?:tasks?|requests?|messages?|prompts?|questions?|conversations?|sessions?|responses?|turns?|inputs?|jobs?|commands?)\b|\balways (?:use|invoke|load|activate|run|trigger|apply|start with|choose|pick|prefer) (?:this|me|it)\b|\bbefore (?:any|all|every) other (?:skills?|tools?|agents?)\b|\bregardless of (?:the )?(?:topic|task|request|subject)\b|\bfor everything\b",
    re.IGNORECASE,
)
_SUPPRESSES = re.compile(
    r"(?<!never )(?<!not )\b(?:supersed\w+|overrid\w+|replac\w+|outrank\w*|suppress\w*|takes? (?:precedence|priority) over|instead of|in place of)\b(?! (?:if|when))[^.\n]{0,60}\b(?:skills?|reviewers?|reviews?|guards?|guardrails?|policy|policies|scann\w+|audit\w*|system prompt|instructions?|plugins?|agents?|security (?:checks?|tools?))\b"
    r"|(?<!never )(?<!not )(?<!n't )\b(?:skip|disable|ignore|bypass|do not|don'?t|never|no need to|must not|should not)\b(?!\s+(?:skip|disable|ignore|bypass|omit|replace|override|supersede))(?:\s+(?:use|run|invoke|load|call|consult|start|activate|apply|let))?[^.\n]{0,30}\b(?:(?:other|another|any|the|all|security|code|safety|compliance|review|competing|built-?in)\s+){1,3}(?:skills?|reviewers?|reviews?|guards?|checks?|scann\w+|audits?|hooks?|plugins?|linters?)\b"
    r"|\b(?:skills?|reviewers?|reviews?|checks?|scanners?|audits?|guards?)\b[^.\n]{0,40}\b(?:must|should|can|are to|need not|is|are)\b[^.\n]{0,12}\b(?:be )?(?:skipped|ignored|disabled|bypassed|unnecessary|not (?:be )?(?:loaded|run|used|invoked|consulted)|obsolete|superseded|suppressed)\b",
    re.IGNORECASE,
)


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.SHADOW)
    for item in told(facts, Mark.BROAD_TRIGGER, Mark.SHADOW):
        described = item.source.path == facts.front_path and item.source.line <= facts.front.body_line
        severity = (
            Severity.HIGH
            if described or (item.mark is Mark.SHADOW and item.role is Role.INSTRUCTED)
            else Severity.MEDIUM
        )
        if teaches(facts, item.role) and not described:
            severity = Severity.LOW
        yield of_mark(_ID, item, severity, confidence=confident(severity is Severity.HIGH))
    yield from _suppressed(facts)
    name = facts.front.text("name")
    if name and not name.isascii():
        yield finding(
            _ID,
            Severity.MEDIUM,
            f"its name {name!r} has letters that look like others",
            Source(path=facts.front_path, line=facts.front.line("name")),
            confidence=LOW,
        )


def _suppressed(facts: SkillFacts) -> Iterator[SkillFinding]:
    """A claim on every task beside the order to leave other checks out: in the description, or told in the text."""
    described = f"{facts.manifest.description} {facts.front.text('when_to_use')}"
    told_ = [(described, Source(path=facts.front_path or ".", line=facts.front.line("description")))]
    for document in facts.documents:
        if document.role is Role.INSTRUCTED:
            said = [s for s in document.sentences[:2_000] if s.role is Role.INSTRUCTED and not s.reporting]
            told_ += [
                (" ".join(near.text for near in said[at : at + 3]), Source(path=document.path, line=one.line))
                for at, one in enumerate(said)
                if (claim := _CLAIMS.search(one.text))
                and not one.negated
                and not quoted(one.text, claim.start(), claim.end())
            ]
    for text, source in told_:
        claim, other = _CLAIMS.search(text), _SUPPRESSES.search(text)
        if claim and other:
            yield finding(
                _ID,
                Severity.HIGH,
                f"claims everything ({_plain(claim[0])}) and takes other checks out ({_plain(other[0])})",
                source,
            )
            return


def _plain(text: str) -> str:
    return repr(" ".join(text.split())[:80])


RULE = SkillRule(
    id=_ID,
    title="It wants to come before everything",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST04",), asi=("ASI02", "ASI01"), atlas=("AML.T0099", "AML.T0110")),
    find=with_guesses(_ID, _find),
)
