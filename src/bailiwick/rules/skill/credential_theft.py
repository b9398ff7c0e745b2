"""Credentials that leave: files of keys, whole environments, tokens that go where they don't belong."""

import re
from collections.abc import Iterator

from bailiwick.analysis.skill.facts import Chain, Intent, Mark, Origin, Sink
from bailiwick.analysis.skill.read import SkillFacts
from bailiwick.analysis.skill.sensitive import belongs, is_credential, is_local, is_placeholder, kept_in
from bailiwick.model.access import Confidence
from bailiwick.model.skill import CapabilityKind, Role
from bailiwick.rules.rule import Severity
from bailiwick.rules.skill.context import about, bad, concealed, covered, documented, spoken_of, teaches
from bailiwick.rules.skill.guessed import with_guesses
from bailiwick.rules.skill.ordered import beside, ordered
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
    once,
    told,
)

_ID = "skill/credential-theft"
_TYING = (".sh", ".bash", ".py", ".js", ".mjs", ".cjs", ".ts", "Makefile", "package.json")
_OWNED = re.compile(
    r"GITHUB|GH_|AWS|OPENAI|ANTHROPIC|CLAUDE|GOOGLE|GEMINI|AZURE|STRIPE|SLACK|NPM|PYPI|DOCKER|GITLAB|HF_|HUGGING|SSH|DATABASE|TWILIO|SENDGRID|CLOUDFLARE|VERCEL",
    re.IGNORECASE,
)


def _find(facts: SkillFacts) -> Iterator[SkillFinding]:
    yield from beside(_followed(facts), ordered(facts, _ID, Intent.LOGIN, Intent.PHISH))


def _followed(facts: SkillFacts) -> Iterator[SkillFinding]:
    proofs = {
        (chain.source, chain.target, _kept(chain)): chain.label.name for chain in facts.chains if chain.auth
    }
    yield from once(
        one
        for chain in facts.chains
        # The coarse reader knows no headers: where the exact one saw the same file go into them, that holds.
        if chain.auth
        or proofs.get((chain.source, chain.target, _kept(chain)), chain.label.name) == chain.label.name
        if (one := _judged(facts, chain)) is not None
    )
    yield from _together(facts)
    for item in told(facts, Mark.PHISH):
        lesson = teaches(facts, item.role) or item.role is Role.OPTIONAL
        yield of_mark(
            _ID, item, Severity.MEDIUM if lesson else Severity.HIGH, confidence=LOW if lesson else HIGH
        )


def _together(facts: SkillFacts) -> Iterator[SkillFinding]:
    """One script reads keys and another sends what it is handed, and a third, or one of the two, ties them."""
    texts = {
        entry.path: entry.data[:200_000].decode("utf-8", "replace")
        for entry in facts.tree.entries
        if entry.data is not None and entry.path.endswith(_TYING)
    }
    reads = {
        item.source.path: item
        for item in facts.capabilities
        if item.kind is CapabilityKind.FS_READ
        and item.role is Role.EXECUTABLE
        and (kept := kept_in(item.target)) is not None
        and kept.origin is Origin.CREDENTIALS
        and kept.what != "an environment file"
    }
    sends = [
        item
        for item in facts.capabilities
        if item.kind is CapabilityKind.NET
        and item.role is Role.EXECUTABLE
        and item.detail.upper() in ("POST", "PUT", "PATCH", "UPLOAD")
        and not is_local(item.target)
        and not is_placeholder(item.target)
        and not covered(facts, item.target)
    ]
    for path, read in list(reads.items())[:20]:
        kept = kept_in(read.target)
        for send in sends[:20]:
            other = send.source.path
            if other == path or kept is None or send.target in kept.hosts:
                continue
            one, two = path.rpartition("/")[2].partition(".")[0], other.rpartition("/")[2].partition(".")[0]
            if any(
                (at == path or _names(one, text)) and (at == other or _names(two, text))
                for at, text in texts.items()
            ):
                yield finding(
                    _ID,
                    Severity.HIGH,
                    f"credentials leave: {kept.what} ({read.target}) is read by {path} and {other} sends to {send.target}",
                    send.source,
                    read.source,
                )
                break


def _kept(chain: Chain) -> str:
    kept = kept_in(chain.label.name) if chain.label.origin is Origin.CREDENTIALS else None
    return kept.what if kept is not None else chain.label.name


def _names(stem: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(stem)}(?![\w-])", text))


def _judged(facts: SkillFacts, chain: Chain) -> SkillFinding | None:
    label, host = chain.label, chain.target
    if chain.sink not in (Sink.SEND, Sink.DNS, Sink.GIT, Sink.LINK) or chain.role in (
        Role.QUOTED,
        Role.NEGATED,
    ):
        return None
    if label.origin not in (Origin.CREDENTIALS, Origin.ENVIRONMENT, Origin.VARIABLE) or is_local(host):
        return None
    if is_placeholder(host) and chain.sink is Sink.SEND and chain.role is not Role.EXECUTABLE:
        return None
    if label.origin is Origin.VARIABLE and not is_credential(label.name):
        return None
    severity, confidence, why = _weight(facts, chain)
    if severity is None:
        return None
    if chain.role is Role.FIXTURE:
        severity, confidence, why = Severity.MEDIUM, LOW, "it stands in test data"
    what = {Origin.ENVIRONMENT: "the whole environment", Origin.VARIABLE: f"the variable {label.name}"}.get(
        label.origin
    ) or (f"{kept.what} ({label.name})" if (kept := kept_in(label.name)) else label.name)
    where = "an address that isn't known" if host == "*" else host
    how = {
        Sink.DNS: "in the names it looks up at",
        Sink.GIT: "with",
        Sink.LINK: "in an address that it shows to",
    }.get(chain.sink, "to")
    return of_chain(
        _ID,
        chain,
        severity,
        f"credentials leave: {what} goes {how} {where}",
        confidence=confidence,
        why_not=why,
    )


def _weight(facts: SkillFacts, chain: Chain) -> tuple[Severity | None, Confidence, str]:
    label, host = chain.label, chain.target
    if chain.sink is Sink.DNS:
        return Severity.CRITICAL, HIGH, ""
    if chain.sink is Sink.GIT:
        return (Severity.HIGH, HIGH, "")
    if bad(host) and not (teaches(facts, chain.role) and chain.role is Role.OPTIONAL):
        return Severity.CRITICAL, HIGH, ""
    if label.origin is Origin.VARIABLE or (chain.auth and label.origin is Origin.CREDENTIALS):
        return _token(facts, chain)
    kept = kept_in(label.name)
    if kept is not None and any(host == own or host.endswith(f".{own}") for own in kept.hosts):
        return None, LOW, ""
    if host == "*":
        kept_whole = kept is not None and kept.what != "an environment file" and not chain.auth
        return (
            Severity.HIGH if kept_whole and chain.role is Role.EXECUTABLE else Severity.MEDIUM,
            LOW,
            "where it goes isn't known: it may be where the person says",
        )
    if concealed(facts, chain.source):
        return Severity.CRITICAL, HIGH, ""
    if covered(facts, host) and (kept is None or (kept.what == "an environment file" and chain.auth)):
        return Severity.MEDIUM, LOW, "the host is what the skill is about"
    if (
        label.origin is Origin.CREDENTIALS
        and chain.role is not Role.EXECUTABLE
        and kept is None
        and (
            chain.auth
            and documented(facts, host)
            and about(facts, "credentials", "web", "deployment", "messaging")
            and _logs_in(chain)
        )
    ):
        return Severity.MEDIUM, LOW, "the skill says that it signs in there"
    if teaches(facts, chain.role) and chain.role is not Role.INSTRUCTED:
        return Severity.MEDIUM, LOW, "the skill teaches security"
    spoken = documented(facts, host) and spoken_of(facts, host, beside=chain.source.path)
    if kept is None and chain.role is Role.OPTIONAL and label.origin is Origin.CREDENTIALS and spoken:
        return Severity.MEDIUM, LOW, "reference material; which credential is meant isn't said"
    return Severity.HIGH, HIGH, ""


def _logs_in(chain: Chain) -> bool:
    return bool(
        re.search(
            r"api[ _-]?key|token|password|cookie|[A-Z]+_(?:API_)?(?:KEY|TOKEN)",
            chain.label.name,
            re.IGNORECASE,
        )
    )


def _token(facts: SkillFacts, chain: Chain) -> tuple[Severity | None, Confidence, str]:
    label, host = chain.label, chain.target
    if host == "*" or belongs(label.name, host) or covered(facts, host):
        return None, LOW, ""
    known = bool(_OWNED.search(label.name))
    if chain.auth:
        kept = kept_in(label.name) if label.origin is Origin.CREDENTIALS else None
        if kept is not None and kept.what != "an environment file" and chain.role is Role.EXECUTABLE:
            own = any(host == one or host.endswith(f".{one}") for one in kept.hosts)
            if own or documented(facts, host):
                return (None if own else Severity.MEDIUM), LOW, "it goes where a request proves who asks"
            return Severity.HIGH, LOW, "it goes where a request proves who asks"
        if known and not documented(facts, host) and chain.role is Role.EXECUTABLE:
            return Severity.HIGH, LOW, "it goes where a request proves who asks"
        return None, LOW, ""
    if concealed(facts, chain.source):
        return Severity.CRITICAL, HIGH, ""
    if known:
        return (
            Severity.HIGH,
            confident(not documented(facts, host)),
            "the documents name the host" if documented(facts, host) else "",
        )
    return Severity.MEDIUM, LOW, "it may be the key of that service"


RULE = SkillRule(
    id=_ID,
    title="Credentials leave",
    severity=Severity.CRITICAL,
    standards=Standards(
        ast=("AST01",), asi=("ASI03", "ASI02"), atlas=("AML.T0055", "AML.T0083", "AML.T0098", "AML.T0086")
    ),
    find=with_guesses(_ID, _find),
)
