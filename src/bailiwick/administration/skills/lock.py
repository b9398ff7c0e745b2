"""The lock: every approval that holds, with its statements, under one signature with a version and an end. Pure.

The lock is what a policy repository says of skills: ``skills/lock.json``, which people read in a diff, and
``skills/lock.sig.json``, a DSSE envelope over its very bytes. Reading it takes these steps, and any that fails means that
no skill is approved:

1. The signature is of somebody whom organisation.yaml names under ``skill_approvers``, over these bytes.
2. The version is not below one that was seen before (rollback), and the lock has not ended (freeze).
3. Each entry's three statements are signed, about the entry's digest, and agree with one another and with the entry.
4. Who signed an approval may approve for its roles; the audit it rests on was fresh.
5. What is revoked is left out, as is what has expired.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bailiwick.administration.skills import statements
from bailiwick.administration.skills.dsse import STATEMENT, SignatureError, sign, verify
from bailiwick.administration.skills.statements import StatementError, time_of, time_text
from bailiwick.information.approvals import Approval, Approvals, capability_hash
from bailiwick.model.decision import Origin
from bailiwick.model.value import value
from bailiwick.policy.types import Approver

LOCK, SIGNATURE = "skills/lock.json", "skills/lock.sig.json"
"""Where it stands in a policy repository."""

KIND = "application/vnd.bailiwick.skill-lock+json"

FORMAT = 1

LASTS_DAYS = 180
"""How long a lock is good for after it was last signed; a stolen old copy is not good for ever."""

MAX_LOCK = 32 * 2**20
"""Bytes of a lock that are read."""

MAX_ENTRIES = 5000

_DAY = 86_400


class LockError(Exception):
    """The lock can't be believed; the message says why, and the mend."""


@value(frozen=True, slots=True, kw_only=True)
class Entry:
    """One approved skill with its envelopes, by the name of the statement. ``signer`` is the publisher, where one was verified."""

    approval: Approval
    audit: statements.Audit
    envelopes: Mapping[str, Any]
    source: str = ""
    signer: str = ""


@value(frozen=True, slots=True, kw_only=True)
class Revoked:
    """An approval that was withdrawn: by whom, when (seconds since 1970) and why."""

    id: str
    name: str
    digest: str
    by: str
    on: int
    reason: str = ""


@value(frozen=True, slots=True, kw_only=True)
class Lock:
    """A verified lock. Times are seconds since 1970, UTC."""

    version: int = 0
    issued: int = 0
    expires: int = 0
    entries: tuple[Entry, ...] = ()
    revoked: tuple[Revoked, ...] = field(default=())
    signer: str = ""

    def approvals(self) -> Approvals:
        """What the PDP decides by."""
        withdrawn = {one.id for one in self.revoked}
        held = tuple(one.approval for one in self.entries if one.approval.id not in withdrawn)
        told = tuple(
            (
                one.name,
                one.digest,
                f"on {statements.time_text(one.on)[:10]}{': ' * bool(one.reason)}{one.reason}",
            )
            for one in self.revoked
        )
        return Approvals(held=held, withdrawn=told, version=self.version)

    def with_entry(self, entry: Entry) -> "Lock":
        """The lock with one more approval; one of the same skill, bytes and roles is superseded."""
        key = (entry.approval.name, entry.approval.roles)
        kept = (one for one in self.entries if (one.approval.name, one.approval.roles) != key)
        ordered = sorted(
            [*kept, entry], key=lambda one: (one.approval.name, one.approval.roles, one.approval.id)
        )
        return replace(self, entries=tuple(ordered))

    def without(self, withdrawn: Sequence[Revoked]) -> "Lock":
        """The lock with some approvals withdrawn."""
        ids = {one.id for one in withdrawn}
        kept = tuple(one for one in self.entries if one.approval.id not in ids)
        return replace(self, entries=kept, revoked=(*self.revoked, *withdrawn))


def written(lock: Lock, key: Ed25519PrivateKey, *, now: int) -> tuple[bytes, bytes]:
    """The lock's two files, one version on, signed."""
    said = {
        "format": FORMAT,
        "version": lock.version + 1,
        "issued": time_text(now),
        "expires": time_text(now + LASTS_DAYS * _DAY),
        "skills": [_entry_json(entry) for entry in lock.entries],
        "revoked": [_revoked_json(one) for one in lock.revoked],
    }
    text = (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode()
    return text, (json.dumps(sign(KIND, text, key), indent=1) + "\n").encode()


def _entry_json(entry: Entry) -> dict[str, Any]:
    approval = entry.approval
    return {
        "name": approval.name,
        "digest": approval.digest,
        "approval": approval.id,
        "roles": list(approval.roles),
        "grants": [str(grant) for grant in approval.grants],
        "capability_hash": capability_hash(approval.grants),
        "approved_by": approval.approved_by,
        "approved_on": time_text(approval.approved_on),
        "expires": time_text(approval.expires),
        "fork": approval.fork,
        "source": entry.source,
        "statements": dict(entry.envelopes),
    }


def _revoked_json(one: Revoked) -> dict[str, Any]:
    return {
        "approval": one.id,
        "name": one.name,
        "digest": one.digest,
        "by": one.by,
        "on": time_text(one.on),
        "reason": one.reason,
    }


def read_lock(
    text: bytes, signature: bytes, approvers: Sequence[Approver], *, now: int, seen: int = 0
) -> Lock:
    """The lock, verified. ``seen`` is the highest version known. Raises ``LockError``."""
    if not approvers:
        raise LockError(
            "organisation.yaml names nobody under skill_approvers, so nobody can have signed the lock"
        )
    keys = [(one.name, one.key) for one in approvers]
    try:
        opened = verify(_json(signature, SIGNATURE), KIND, keys)  # (1)
    except SignatureError as error:
        raise LockError(f"{SIGNATURE}: {error}; sign the lock again: `bailiwick skill renew`") from None
    if opened.payload != text:
        raise LockError(f"{LOCK} is not the text that was signed; restore it from the repository's history")
    said = _json(text, LOCK)
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise LockError(f"{LOCK}: this version reads format {FORMAT}")
    try:
        version, issued, expires = said["version"], time_of(said["issued"]), time_of(said["expires"])
        if not isinstance(version, int) or version < seen:  # (2)
            raise LockError(
                f"{LOCK} has version {version}, but version {seen} was seen: it was rolled back; restore the newer "
                f"one, or sign this one again with `bailiwick skill renew --above {seen}`"
            )
        if now >= expires:
            raise LockError(f"{LOCK} ended on {said['expires']}; sign it again: `bailiwick skill renew`")
        revoked = tuple(_revoked(one) for one in said["revoked"])
        entries = tuple(_entry(one, number, text, approvers) for number, one in enumerate(said["skills"], 1))
    except (KeyError, TypeError, AttributeError):
        raise LockError(f"{LOCK} is malformed") from None
    except StatementError as error:
        raise LockError(f"{LOCK}: {error}") from None
    withdrawn = {one.id for one in revoked}
    return Lock(
        version=version,
        issued=issued,
        expires=expires,
        entries=tuple(one for one in entries if one.approval.id not in withdrawn),  # (5)
        revoked=revoked,
        signer=opened.by,
    )


def _json(text: bytes, name: str) -> Any:
    if len(text) > MAX_LOCK:
        raise LockError(f"{name} is larger than {MAX_LOCK >> 20} MiB")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise LockError(f"{name} is no JSON") from None


def _revoked(one: Mapping[str, Any]) -> Revoked:
    return Revoked(
        id=str(one["approval"]),
        name=str(one["name"]),
        digest=str(one["digest"]),
        by=str(one["by"]),
        on=time_of(one["on"]),
        reason=str(one["reason"]),
    )


def _entry(one: Mapping[str, Any], number: int, text: bytes, approvers: Sequence[Approver]) -> Entry:
    name, digest, envelopes = str(one["name"]), str(one["digest"]), dict(one["statements"])
    keys = [(approver.name, approver.key) for approver in approvers]
    opened = {}
    for kind in ("provenance", "audit", "approval"):  # (3)
        try:
            opened[kind] = verify(envelopes.get(kind), STATEMENT, keys)
        except SignatureError as error:
            raise LockError(f"{LOCK}: skill {number} ({name[:60]}): {kind} statement: {error}") from None
    published = statements.read_provenance(opened["provenance"].payload, name, digest)
    audited = statements.read_audit(opened["audit"].payload, name, digest)
    said, audit_digest, reason = statements.read_approval(
        opened["approval"].payload, name, digest, signer=opened["approval"].by
    )
    if audit_digest != hashlib.sha256(opened["audit"].payload).hexdigest():
        raise StatementError(f"the approval of {name} rests on another audit than the one beside it")
    statements.check_fresh(said, audited, reason)  # (4)
    signer = next(approver for approver in approvers if approver.name == said.approved_by)
    if signer.roles and not set(said.roles) <= set(signer.roles):
        raise StatementError(
            f"{signer.name} may not approve {name} for {', '.join(said.roles)} ({signer.origin})"
        )
    said = replace(said, origin=Origin(file=LOCK, line=_line(text, said.id)))
    entry = Entry(
        approval=said,
        audit=audited,
        envelopes=envelopes,
        source=str(one.get("source") or ""),
        signer=published,
    )
    if _entry_json(entry) != one:
        raise StatementError(f"skill {number} ({name[:60]}) says something else than its signed statements")
    return entry


def _line(text: bytes, approval: str) -> int:
    """Where the approval stands in the lock, for messages."""
    place = text.find(b'"approval": ' + json.dumps(approval).encode())
    return text.count(b"\n", 0, max(place, 0)) + 1


__all__ = ["LOCK", "SIGNATURE", "Entry", "Lock", "LockError", "Revoked", "read_lock", "written"]
