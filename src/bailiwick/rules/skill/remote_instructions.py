"""Instructions that are fetched when the skill is used, and may be others tomorrow."""

import posixpath
import re
from collections.abc import Iterator

from bailiwick.analysis.skill.code.effects import OUTPUT
from bailiwick.analysis.skill.facts import Intent, Mark, Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import is_local
from bailiwick.model.skill import Role, Source
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import bad, covered, known_installer, teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import ordered
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    finding,
    of_chain,
    of_mark,
    told,
)

_ID = "skill/remote-instructions"


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from ordered(facts, _ID, Intent.REMOTE, Intent.OBEDIENT)
    for item in told(facts, Mark.REMOTE_INSTRUCTIONS):
        own = covered(facts, item.target) or known_installer(item.target)
        if teaches(facts, item.role) and item.role is Role.OPTIONAL:
            continue
        severity = (
            Severity.LOW
            if own and item.role is Role.OPTIONAL
            else Severity.MEDIUM
            if own or not item.sure or (item.role is Role.OPTIONAL and not bad(item.target))
            else Severity.HIGH
        )
        yield of_mark(
            _ID,
            item,
            severity,
            confidence=confident(severity is Severity.HIGH),
            why_not="the host is what the skill is about" if own else "",
        )
    for chain in facts.chains:
        if (
            chain.sink is Sink.CONTEXT
            and chain.label.origin is Origin.DOWNLOAD
            and chain.role is not Role.FIXTURE
        ):
            if chain.target == OUTPUT:
                order = _followed(facts, chain.source.path)
                if order is None:
                    continue
                own = covered(facts, chain.label.name) or is_local(chain.label.name)
                yield finding(
                    _ID,
                    Severity.MEDIUM if own else Severity.HIGH,
                    f"prints what {chain.label.name} answers, and its text has the output followed",
                    chain.source,
                    order,
                    confidence=LOW if own else HIGH,
                )
                continue
            own = covered(facts, chain.label.name) or is_local(chain.label.name)
            yield of_chain(
                _ID,
                chain,
                Severity.MEDIUM if own else Severity.HIGH,
                f"puts what {chain.label.name} answers into the prompt before anybody sees it",
                confidence=LOW if own else HIGH,
            )


_OBEYS = re.compile(
    r"\b(?:do|does|follow\w*|carry|carries|execut\w+|obey\w*|perform\w*|act(?:s|ing)? on|appl(?:y|ies)|work\w* through|adher\w+|compl(?:y|ies)|treat\w*|proceed\w*|binding|authoritative|tak(?:e|es) precedence|prevails?|the (?:current|actual|real|latest) (?:procedure|instructions?|steps|rules))\b",
    re.IGNORECASE,
)
_OUTPUT = re.compile(
    r"\b(?:outputs?|prints?|printed|stdout|what (?:it|the script|the command|that) (?:says|prints|returns|shows|answers|tells)|(?:lines|steps|instructions|text) (?:it|the script) (?:prints|returns|shows|gives))\b",
    re.IGNORECASE,
)
_AS_DATA = re.compile(
    r"\b(?:summari[sz]\w*|as data|untrusted|quot\w+|report\w*|show\w*|list\w*|tell the (?:user|person)|read\w* (?:it )?aloud)\b",
    re.IGNORECASE,
)


_EACH = re.compile(
    r"^\W*(?:then\s+)?(?:do|follow|carry out|execute|run|perform|apply|obey|work through)\s+(?:each|every|all|what|whatever|its|those|these|the)\b(?![^.\n]*\b(?:below|above|following|here)\b)",
    re.IGNORECASE,
)
NEAR = 4
"""Lines behind the command that prints, in which an order is one about what it printed."""


def _followed(facts: SkillFacts, script: str) -> Source | None:
    """Where the skill's text says that what a script prints is to be carried out."""
    name = posixpath.basename(script)
    for document in facts.documents:
        if document.role not in (Role.INSTRUCTED, Role.OPTIONAL):
            continue
        named = -NEAR - 1
        for sentence in document.sentences:
            if name in sentence.text:
                named = sentence.line
            elif (
                0 <= sentence.line - named <= NEAR
                and sentence.tells
                and _EACH.search(sentence.text)
                and not _AS_DATA.search(sentence.text)
            ):
                return Source(path=document.path, line=sentence.line)
            if (
                not sentence.negated
                and _OUTPUT.search(sentence.text)
                and _OBEYS.search(sentence.text)
                and not _AS_DATA.search(sentence.text)
            ):
                return Source(path=document.path, line=sentence.line)
    return None


RULE = SkillRule(
    id=_ID,
    title="Its orders come from elsewhere",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST02", "AST07"), asi=("ASI01", "ASI04"), atlas=("AML.T0109", "AML.T0051.001")),
    find=with_guesses(_ID, _find),
)
