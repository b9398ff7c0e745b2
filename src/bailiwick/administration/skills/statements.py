"""The three statements about a skill: where it comes from, what was found in it, and who allows what (in-toto v1). Pure.

All three are about the same subject, the digest of the tree. An approval names the audit it rests on.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bailiwick.administration.skills.dsse import canonical
from bailiwick.analysis.skill.digest import ALGORITHM
from bailiwick.information.approvals import Approval, Grant, capability_hash, grant_of
from bailiwick.model.value import value

TYPE = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
AUDIT = "tag:bailiwick,2026:skill-audit/v1"
APPROVAL = "tag:bailiwick,2026:skill-approval/v1"

FRESH_DAYS = 30
"""An approval rests on an audit that is at most this old."""

MAX_DAYS = 366
"""An approval holds for at most a year, like an exception."""

SKEW = 60
"""Seconds by which the clocks of whoever audits and whoever approves may differ."""

_DAY = 86_400


class StatementError(Exception):
    """A statement is not what it should be; the message says how."""


@value(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found in a skill. ``rules`` names the rule set, ``capabilities`` are what it was found to do.

    ``files`` are its paths with what stood there, so that a later approval can show what changed.
    """

    scanner: str
    rules: str
    verdict: str
    findings: tuple[str, ...]
    capabilities: tuple[Grant, ...]
    audited_on: int
    files: tuple[tuple[str, str], ...] = ()


@value(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a skill comes from: ``source`` is a path or address, ``revision`` its version there, ``signer`` whoever signed it."""

    source: str
    revision: str = ""
    signer: str = ""


def time_text(seconds: int) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(text: object) -> int:
    """Seconds since 1970. Raises ``StatementError``."""
    try:
        return int(datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise StatementError(f"{str(text)[:40]!r} is no time") from None


def statement(kind: str, name: str, digest: str, predicate: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a statement about one skill."""
    subject = [{"name": name, "digest": {ALGORITHM: digest}}]
    return canonical({"_type": TYPE, "subject": subject, "predicateType": kind, "predicate": predicate})


def provenance(name: str, digest: str, said: Provenance, *, version: str, now: int) -> bytes:
    """A provenance statement, in the shape of SLSA v1."""
    parameters = {"source": said.source} | ({"signer": said.signer} if said.signer else {})
    dependency = {"uri": said.source} | (
        {"annotations": {"revision": said.revision}} if said.revision else {}
    )
    return statement(
        PROVENANCE,
        name,
        digest,
        {
            "buildDefinition": {
                "buildType": "tag:bailiwick,2026:skill-import/v1",
                "externalParameters": parameters,
                "resolvedDependencies": [dependency],
            },
            "runDetails": {
                "builder": {"id": "tag:bailiwick,2026:cli", "version": {"bailiwick": version}},
                "metadata": {"finishedOn": time_text(now)},
            },
        },
    )


def audit(name: str, digest: str, said: Audit) -> bytes:
    """An audit statement."""
    return statement(
        AUDIT,
        name,
        digest,
        {
            "scanner": said.scanner,
            "rules": said.rules,
            "verdict": said.verdict,
            "findings": list(said.findings),
            "capabilities": [str(grant) for grant in said.capabilities],
            "capabilityHash": capability_hash(said.capabilities),
            "auditedOn": time_text(said.audited_on),
            "files": dict(said.files),
        },
    )


def approval(said: Approval, *, audit_digest: str, supersedes: str = "", reason: str = "") -> bytes:
    """An approval statement; ``audit_digest`` is the SHA-256 of the audit statement's bytes."""
    return statement(
        APPROVAL,
        said.name,
        said.digest,
        {
            "id": said.id,
            "approver": said.approved_by,
            "roles": list(said.roles),
            "grants": [str(grant) for grant in said.grants],
            "capabilityHash": capability_hash(said.grants),
            "approvedOn": time_text(said.approved_on),
            "expires": time_text(said.expires),
            "fork": said.fork,
            "audit": audit_digest,
            "supersedes": supersedes,
            "reason": reason,
        },
    )


def read_statement(payload: bytes, kind: str, name: str, digest: str) -> Mapping[str, Any]:
    """The predicate of a statement of ``kind`` about this skill. Raises ``StatementError``."""
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        raise StatementError("the statement is no JSON") from None
    match said:
        case {
            "_type": t,
            "predicateType": k,
            "subject": [{"name": n, "digest": dict(digests)}],
            "predicate": dict(predicate),
        } if (t, k) == (TYPE, kind):
            if (n, digests.get(ALGORITHM)) != (name, digest):
                raise StatementError(f"the statement is about another skill than {name} {digest[:12]}")
            return predicate
        case _:
            raise StatementError(f"no statement of type {kind}")


def read_provenance(payload: bytes, name: str, digest: str) -> str:
    """The publisher that a provenance statement names; empty where none was verified. Raises ``StatementError``."""
    match read_statement(payload, PROVENANCE, name, digest):
        case {"buildDefinition": {"externalParameters": {"signer": str(signer)}}}:
            return signer
        case _:
            return ""


def read_approval(payload: bytes, name: str, digest: str, *, signer: str) -> tuple[Approval, str, str]:
    """The approval that ``signer`` has signed, the digest of its audit, and its reason. Raises ``StatementError``."""
    predicate = read_statement(payload, APPROVAL, name, digest)
    if predicate.get("approver") != signer:
        raise StatementError(
            f"{signer} signed an approval in the name of {str(predicate.get('approver'))[:60]}"
        )
    grants = _grants(predicate.get("grants"))
    if predicate.get("capabilityHash") != capability_hash(grants):
        raise StatementError("the capability hash is not that of the grants")
    said = Approval(
        id=_text(predicate, "id"),
        name=name,
        digest=digest,
        grants=grants,
        roles=tuple(_texts(predicate.get("roles"))),
        approved_by=signer,
        approved_on=time_of(predicate.get("approvedOn")),
        expires=time_of(predicate.get("expires")),
        fork=predicate.get("fork") is True,
    )
    if not said.approved_on < said.expires <= said.approved_on + MAX_DAYS * _DAY:
        raise StatementError(f"an approval holds for at most {MAX_DAYS} days from its day on")
    return said, _text(predicate, "audit"), str(predicate.get("reason") or "")


def read_audit(payload: bytes, name: str, digest: str) -> Audit:
    """The audit. Raises ``StatementError``."""
    predicate = read_statement(payload, AUDIT, name, digest)
    capabilities = _grants(predicate.get("capabilities"))
    if predicate.get("capabilityHash") != capability_hash(capabilities):
        raise StatementError("the audit's capability hash is not that of its capabilities")
    return Audit(
        scanner=_text(predicate, "scanner"),
        rules=str(predicate.get("rules") or ""),
        verdict=_text(predicate, "verdict"),
        findings=tuple(_texts(predicate.get("findings"))),
        capabilities=capabilities,
        audited_on=time_of(predicate.get("auditedOn")),
        files=_files(predicate.get("files")),
    )


def check_fresh(approved: Approval, audited: Audit, reason: str) -> None:
    """Raises ``StatementError`` where an approval rests on an audit that is too old, or later, or says block for no reason."""
    age = approved.approved_on - audited.audited_on
    if not -SKEW <= age <= FRESH_DAYS * _DAY:
        raise StatementError(f"the audit is not from the {FRESH_DAYS} days before the approval")
    if audited.verdict == "block" and not reason:
        raise StatementError(
            "the audit says block, and the approval gives no reason to allow it all the same"
        )


def _grants(value: object) -> tuple[Grant, ...]:
    try:
        return tuple(sorted(grant_of(text) for text in _texts(value)))
    except ValueError as error:
        raise StatementError(str(error)) from None


def _files(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise StatementError("the audit's list of files is missing")
    return tuple(sorted(value.items()))


def _texts(value: object) -> Sequence[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise StatementError("a list of texts is missing")
    return value


def _text(predicate: Mapping[str, Any], name: str) -> str:
    value = predicate.get(name)
    if not isinstance(value, str) or not value:
        raise StatementError(f"{name} is missing")
    return value
