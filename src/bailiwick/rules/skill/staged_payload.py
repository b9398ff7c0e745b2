"""Code that isn't in the skill when it is read and is run when it is used: fetched, encoded, compiled, appended."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Chain, Mark, Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import is_local, is_placeholder
from bailiwick.model.access import Confidence
from bailiwick.model.skill import Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import bad, code_host, concealed, installer, pinned, teaches
from bailiwick.rules.skill.guessed import with_guesses
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

_ID = "skill/staged-payload"
_EVALUATED = re.compile(r"^(?:builtins\.)?(?:eval|exec|compile|Function)$|^vm\.|\.eval$|^runpy\.")
_DATA = re.compile(
    r"\.(?:json|ya?ml|csv|tsv|txt|md|dat|bin|png|jpe?g|gif|webp|ico|svg|pdf|db|sqlite3?|log|xml|ini|cfg|lock|woff2?|ttf)$",
    re.IGNORECASE,
)
_CODE = ("eval", "exec", "Function", "compile", "vm.", "import", "require", "load")


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from once([*_fetched(facts), *_marks(facts)])


def _fetched(facts: SkillFacts) -> Iterator[SkillFinding]:
    for chain in facts.chains:
        if (
            chain.sink is Sink.EXECUTE
            and chain.label.origin is Origin.FILE
            and chain.role is Role.EXECUTABLE
            and _EVALUATED.search(chain.target)
            and _DATA.search(chain.label.name)
        ):
            yield of_chain(
                _ID,
                chain,
                Severity.HIGH,
                f"runs what stands in a file of data: {chain.target} takes {chain.label.name}",
            )
        if (
            chain.sink is not Sink.EXECUTE
            or not (chain.label.origin is Origin.DOWNLOAD or _received(chain))
            or chain.role in (Role.QUOTED, Role.NEGATED)
        ):
            continue
        host = chain.label.name
        if (
            not host.strip(".")
            or is_local(host)
            or (is_placeholder(host) and chain.role is not Role.EXECUTABLE)
        ):
            continue
        severity, confidence, why = _weight(facts, chain, host)
        if chain.role is Role.FIXTURE:
            severity, confidence, why = Severity.LOW, LOW, "it stands in test data"
        shown = host if host != "*" else "an address that is not known"
        yield of_chain(
            _ID,
            chain,
            severity,
            f"runs what it downloads: {chain.target} takes what {shown} answers",
            confidence=confidence,
            why_not=why,
        )


def _received(chain: Chain) -> bool:
    """Whether it is what a connection brings, which whoever holds its other end says."""
    return chain.label.origin is Origin.CARRIED and chain.label.name != "*"


def _weight(facts: SkillFacts, chain: Chain, host: str) -> tuple[Severity, Confidence, str]:
    if bad(host):
        return (
            (Severity.MEDIUM, LOW, "the skill teaches security")
            if teaches(facts, chain.role) and chain.role is Role.OPTIONAL
            else (Severity.CRITICAL, HIGH, "")
        )
    if concealed(facts, chain.source):
        return Severity.CRITICAL, HIGH, ""
    if pinned(facts, chain):
        return Severity.MEDIUM, LOW, "it stops unless the download has the digest that stands in the script"
    if any(word in chain.target for word in _CODE) and chain.role is Role.EXECUTABLE:
        return Severity.HIGH, HIGH, ""
    if installer(facts, host, code=chain.role is Role.EXECUTABLE):
        return Severity.LOW, LOW, "the installer of what the skill is about, or one that is widely known"
    if host == "*":
        return Severity.MEDIUM, LOW, "where it comes from isn't known"
    if chain.role is Role.EXECUTABLE:
        return (
            (Severity.MEDIUM, LOW, "a repository of code, by name")
            if code_host(host)
            else (Severity.HIGH, HIGH, "")
        )
    if code_host(host) or teaches(facts, chain.role):
        return Severity.MEDIUM, LOW, "a repository of code, by name"
    return (
        Severity.HIGH,
        LOW,
        "it may be the installer of a tool; the skill's name and description don't speak of it",
    )


def _marks(facts: SkillFacts) -> Iterator[SkillFinding]:
    for item in told(facts, Mark.PIPE_INSTALL):
        known = item.target != "*" and (installer(facts, item.target) or is_local(item.target))
        yield of_mark(
            _ID,
            item,
            Severity.LOW
            if known
            else Severity.MEDIUM
            if item.role is not Role.EXECUTABLE and (teaches(facts, item.role) or code_host(item.target))
            else Severity.HIGH,
            confidence=LOW if known else HIGH,
        )
    for item in told(facts, Mark.OBFUSCATED):
        if item.target == "staged":
            yield of_mark(_ID, item, Severity.HIGH)
    for item in told(facts, Mark.PICKLE):
        yield of_mark(_ID, item, Severity.HIGH)
    for item in told(facts, Mark.DESERIALIZE):
        remote = item.target in (Origin.DOWNLOAD.value, Origin.ENCODED.value, Origin.CARRIED.value)
        yield of_mark(
            _ID,
            item,
            Severity.HIGH
            if remote and item.role is Role.EXECUTABLE
            else Severity.MEDIUM
            if remote
            else Severity.LOW,
            confidence=confident(remote),
            why_not="" if remote else "the file may be the person's own",
        )


RULE = SkillRule(
    id=_ID,
    title="It runs what it fetches",
    severity=Severity.CRITICAL,
    standards=Standards(
        ast=("AST01", "AST02", "AST05"), asi=("ASI05", "ASI04"), atlas=("AML.T0011.000", "AML.T0011.002")
    ),
    find=with_guesses(_ID, _find),
)
