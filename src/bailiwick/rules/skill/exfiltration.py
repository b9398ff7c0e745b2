"""Data that leaves: conversations, projects, personal data, and links that carry them."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Chain, Intent, Mark, Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.model.access import Confidence
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import (
    about,
    bad,
    code_host,
    concealed,
    covered,
    documented,
    spoken_of,
    teaches,
)
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import beside, ordered
from bailiwick.rules.skill.rule import (
    HIGH,
    LOW,
    SkillFinding,
    SkillRule,
    Standards,
    confident,
    of_chain,
    of_mark,
    once,
    told,
)

_ID = "skill/exfiltration"
_REMOTES = re.compile(
    r"\b(?:mirror\w*|migrat\w*|forks?|remotes?|push\w*|publish\w*|deploy\w*|back ?up\w*|sync\w*)\b",
    re.IGNORECASE,
)
"""Words of a description with which a skill says that a repository goes elsewhere."""
_WHAT = (Origin.CONVERSATION, Origin.PROJECT, Origin.PERSONAL, Origin.SYSTEM, Origin.FILE)


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    exact = once([*_chains(facts), *_links(facts), *_pushes(facts)])
    yield from beside(exact, ordered(facts, _ID, Intent.TALK, Intent.PRIVATE))


def _chains(facts: SkillFacts) -> Iterator[SkillFinding]:
    for chain in facts.chains:
        if not (chain.label.origin in _WHAT or _handed(chain)) or chain.role in (
            Role.QUOTED,
            Role.NEGATED,
            Role.FIXTURE,
        ):
            continue
        if (
            is_local(chain.target)
            or is_placeholder(chain.target)
            or (
                "@" in chain.target
                and chain.label.origin is not Origin.CONVERSATION
                and concealed(facts, chain.source) is None
            )
        ):
            continue
        if chain.sink is Sink.DNS:
            if chain.label.origin is not Origin.FILE or bad(chain.target):
                yield of_chain(
                    _ID,
                    chain,
                    Severity.HIGH,
                    f"data leaves in the names it looks up: {chain.label.name} under {chain.target}",
                )
            continue
        if chain.sink not in (Sink.SEND, Sink.LINK):
            continue
        severity, confidence, why = _weight(facts, chain)
        if severity is not None:
            yield of_chain(
                _ID,
                chain,
                severity,
                f"{chain.label.origin.value} leaves: {chain.label.name} sent to {chain.target if chain.target != '*' else 'an address that is not known'}",
                confidence=confidence,
                why_not=why,
            )


def _weight(facts: SkillFacts, chain: Chain) -> tuple[Severity | None, Confidence, str]:
    host, origin = chain.target, chain.label.origin
    teaching = teaches(facts, chain.role) and chain.role is not Role.INSTRUCTED
    if concealed(facts, chain.source) and not covered(facts, host) and not teaching:
        return Severity.HIGH, HIGH, ""
    if host == "*":
        return (
            (Severity.MEDIUM, LOW, "where it goes isn't known")
            if origin is Origin.CONVERSATION
            else (None, LOW, "")
        )
    if bad(host):
        if origin in (Origin.FILE, Origin.SYSTEM):
            return Severity.HIGH, confident(chain.role is Role.EXECUTABLE), ""
        return (Severity.MEDIUM, LOW, "the skill teaches security") if teaching else (Severity.HIGH, HIGH, "")
    asked = covered(facts, host) and about(facts, "messaging", "sharing", "web")
    if origin is Origin.CONVERSATION and (
        chain.source.path in facts.hooks or chain.label.name.startswith("what the client tells")
    ):
        return (Severity.MEDIUM, LOW, "the host is what it is about") if asked else (Severity.HIGH, HIGH, "")
    if _handed(chain):
        silent = (
            chain.role is Role.EXECUTABLE
            and not spoken_of(facts, host, beside=_page(chain))
            and not chain.auth
        )
        return (Severity.HIGH if silent else None), LOW, "the person handed it to the script"
    if origin in (Origin.FILE, Origin.PROJECT, Origin.SYSTEM) and chain.role in (
        Role.EXECUTABLE,
        Role.INSTRUCTED,
    ):
        silent = not spoken_of(facts, host, beside=_page(chain)) and not chain.auth
        if silent and (chain.role is Role.EXECUTABLE or origin is not Origin.FILE):
            sure = chain.role is Role.EXECUTABLE and origin is Origin.PROJECT
            return Severity.HIGH, confident(sure), "" if sure else "the person may have named the file"
    if asked or origin is Origin.FILE or (covered(facts, host) and origin is not Origin.CONVERSATION):
        return None, LOW, ""
    if origin is Origin.CONVERSATION:
        if (
            about(facts, "messaging", "sharing", "web")
            and documented(facts, host)
            and chain.role is not Role.INSTRUCTED
        ):
            return Severity.MEDIUM, LOW, "its documents name the host"
        return (Severity.MEDIUM, LOW, "the skill teaches security") if teaching else (Severity.HIGH, HIGH, "")
    if origin is Origin.PERSONAL:
        return Severity.HIGH, confident(chain.role is Role.EXECUTABLE), ""
    if origin is Origin.SYSTEM:
        return Severity.MEDIUM, LOW, "what it tells of the machine is little"
    if about(facts, "sharing", "messaging", "web", "deployment"):
        return Severity.LOW, LOW, "the skill says that it exchanges data"
    return Severity.MEDIUM, LOW, "the person may have asked for it"


def _handed(chain: Chain) -> bool:
    """Whether it is what a script was given to read, and not a word on its command line."""
    return chain.label.origin is Origin.INPUT and chain.label.name == "input" and chain.sink is Sink.SEND


def _page(chain: Chain) -> str:
    """The page or template that sends by itself: what it says of the host is not said to anybody."""
    path = chain.source.path
    return (
        path
        if chain.role is Role.EXECUTABLE and path.endswith((".html", ".htm", ".svg", ".txt", ".vue"))
        else ""
    )


def _links(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.LINK_TEMPLATE):
        if (covered(facts, item.target) and not item.sure) or (
            teaches(facts, item.role) and item.role is Role.OPTIONAL
        ):
            continue
        yield of_mark(
            _ID, item, Severity.HIGH if item.sure else Severity.MEDIUM, confidence=confident(item.sure)
        )


def _pushes(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.GIT_PUSH):
        if item.target != "*" and (
            covered(facts, item.target)
            or is_placeholder(item.target)
            or (
                _REMOTES.search(facts.manifest.description)
                and (item.role is not Role.EXECUTABLE or documented(facts, item.target))
            )
            or (code_host(item.target) and item.role is not Role.EXECUTABLE)
        ):
            continue
        lesson = teaches(facts, item.role) and item.role is not Role.INSTRUCTED
        yield of_mark(
            _ID, item, Severity.MEDIUM if lesson else Severity.HIGH, confidence=LOW if lesson else HIGH
        )


RULE = SkillRule(
    id=_ID,
    title="Data leaves where nobody asked for it",
    severity=Severity.HIGH,
    standards=Standards(ast=("AST01",), asi=("ASI02", "ASI01"), atlas=("AML.T0086", "AML.T0025")),
    find=with_guesses(_ID, _find),
)
