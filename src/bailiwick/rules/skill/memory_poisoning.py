"""Orders written where the agent reads them in every session: CLAUDE.md, MEMORY.md and their like."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Intent, Mark
from bailiwick.analysis.skill.prose.classes import MEMORY_FILE, unchecked
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.model.skill import Role, Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, concealed, teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    finding,
    of_mark,
    once,
    told,
)

_ID = "skill/memory-poisoning"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.MEMORY)
    yield from once([*_judged(facts), *_imported(facts), *_templates(facts)])


def _judged(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.MEMORY):
        meant = about(facts, "memory", "configuration")
        if item.role is Role.EXECUTABLE:
            severity = Severity.MEDIUM if meant else Severity.HIGH
        elif item.target == "directive" or concealed(facts, item.source):
            severity = Severity.MEDIUM if meant and not concealed(facts, item.source) else Severity.HIGH
        else:
            severity = Severity.LOW if meant else Severity.MEDIUM
        if item.target == "harm" and item.role in (Role.EXECUTABLE, Role.INSTRUCTED):
            severity = Severity.HIGH
        if teaches(facts, item.role) and not concealed(facts, item.source):
            severity = Severity.LOW
        yield of_mark(
            _ID,
            item,
            severity,
            confidence=confident(severity is Severity.HIGH),
            why_not="keeping notes is what the skill is for" if meant else "",
        )


_HARM = (Mark.SEND_PROSE, Mark.OVERRIDE, Mark.REMOTE_INSTRUCTIONS, Mark.BYPASS, Mark.PIPE_INSTALL)


_TEMPLATE = re.compile(
    r"(?:^|/)[\w.-]*(?:CLAUDE|AGENTS|MEMORY|GEMINI|cursorrules|windsurfrules|copilot-instructions)[\w.-]*$",
    re.IGNORECASE,
)


def _templates(facts: SkillFacts) -> Iterator[SkillFinding]:
    """A text that is meant to be read in every session and takes a check away; the one of the tree itself is the skill's own."""
    kept = [
        sentence.text
        for document in facts.documents
        if document.role is Role.INSTRUCTED
        for sentence in document.sentences
        if sentence.tells and MEMORY_FILE.search(sentence.text)
    ]
    for document in facts.documents:
        meant = _TEMPLATE.search(document.path) and "/" in document.path
        name = document.path.rpartition("/")[2]
        put_there = document.path != facts.front_path and any(name in text for text in kept)
        if not meant and not put_there:
            continue
        for sentence in document.sentences:
            order = unchecked(sentence.text) if sentence.tells else None
            if order and _OUTWARD.search(order[0]):
                yield finding(
                    _ID,
                    Severity.HIGH,
                    f"{document.path}, which is to be read in every session, orders {order[0][:80]!r}",
                    Source(path=document.path, line=sentence.line),
                )
                break


_OUTWARD = re.compile(
    r"\b(?:install|download|merge|accept|approve|send|forward|share|push|fetch|pull|grant|trust|curl)",
    re.IGNORECASE,
)
"""Acts that reach beyond the session."""


def _imported(facts: SkillFacts) -> Iterator[SkillFinding]:
    """A file of the skill that holds harm and that the text has put where every session reads it."""
    harm = {item.source.path: item for item in told(facts, *_HARM) if item.source.path != facts.front_path}
    for document in facts.documents if harm else ():
        for sentence in document.sentences:
            if not (sentence.tells and MEMORY_FILE.search(sentence.text)):
                continue
            for path, item in harm.items():
                if path.rpartition("/")[2] in sentence.text and not teaches(facts, sentence.role):
                    yield finding(
                        _ID,
                        Severity.HIGH,
                        f"has {path} read in every session, which {item.text}",
                        Source(path=document.path, line=sentence.line),
                        item.source,
                    )


RULE = SkillRule(
    id=_ID,
    title="It writes into every later session",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI06",), atlas=("AML.T0080.000",)),
    find=with_guesses(_ID, _find),
)
