"""The lock: what is believed of it, and every way in which it isn't."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.administration.skills import statements
from bailiwick.administration.skills.dsse import STATEMENT, SignatureError, pae, public_of, sign, verify
from bailiwick.administration.skills.lock import Entry, Lock, LockError, Revoked, read_lock, written
from bailiwick.information.approvals import Approval, Grant, grant_of
from bailiwick.model.decision import Origin
from bailiwick.policy.types import Approver

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
HERE = Origin(file="organisation.yaml", line=1)
ALICE = Approver(name="alice", origin=HERE, key=public_of(KEY), roles=("frontend",))
MALLORY = Approver(name="mallory", origin=HERE, key=public_of(OTHER))
NOW = 1_800_000_000
DIGEST = "ab" * 32
DAY = 86_400


def approval(**more: Any) -> Approval:
    said: dict[str, Any] = {
        "id": "a-1",
        "name": "pdf",
        "digest": DIGEST,
        "grants": (grant_of("exec python3"), grant_of("net api.example.com")),
        "roles": ("frontend",),
        "approved_by": "alice",
        "approved_on": NOW,
        "expires": NOW + 10 * DAY,
    }
    return Approval(**said | more)


def entry(
    said: Approval, *, key: Ed25519PrivateKey = KEY, verdict: str = "pass", age: int = 0, reason: str = ""
) -> Entry:
    audited = statements.Audit(
        scanner="s",
        rules="r",
        verdict=verdict,
        findings=(),
        capabilities=said.grants,
        audited_on=said.approved_on - age,
        files=(("SKILL.md", "-00"),),
    )
    audit = statements.audit(said.name, said.digest, audited)
    provenance = statements.Provenance(source="file:///x")
    payloads = {
        "provenance": statements.provenance(said.name, said.digest, provenance, version="0", now=NOW),
        "audit": audit,
        "approval": statements.approval(said, audit_digest=hashlib.sha256(audit).hexdigest(), reason=reason),
    }
    envelopes = {kind: sign(STATEMENT, payload, key) for kind, payload in payloads.items()}
    return Entry(approval=said, audit=audited, envelopes=envelopes)


def lock(*entries: Entry, **more: Any) -> Lock:
    return Lock(entries=entries, **more)


def read(
    one: Lock, *, key: Ed25519PrivateKey = KEY, now: int = NOW, seen: int = 0, approvers: Any = (ALICE,)
) -> Lock:
    text, signature = written(one, key, now=NOW)
    return read_lock(text, signature, approvers, now=now, seen=seen)


def test_what_is_written_is_read() -> None:
    found = read(lock(entry(approval())))
    assert found.version == 1
    assert found.signer == "alice"
    assert [one.approval for one in found.entries] == [approval()]
    assert found.approvals().held == (approval(),)
    assert read(found).version == 2
    assert found.entries[0].approval.origin.line > 1


def test_what_is_revoked_does_not_hold() -> None:
    both = lock(entry(approval()), entry(approval(id="a-2", roles=("frontend",), name="xlsx")))
    gone = Revoked(id="a-1", name="pdf", digest=DIGEST, by="alice", on=NOW, reason="r")
    found = read(both.without([gone]))
    assert [one.approval.id for one in found.entries] == ["a-2"]
    assert found.revoked == (gone,)
    put_back = replace(found, entries=both.entries)  # somebody restores the entry and leaves the revocation
    assert [one.id for one in read(put_back).approvals().held] == ["a-2"]


def test_a_later_approval_of_the_same_skill_takes_the_place_of_the_former() -> None:
    newer = approval(id="a-2", digest="cd" * 32)
    both = lock(entry(approval())).with_entry(entry(newer)).with_entry(entry(approval(id="a-3", name="x")))
    assert [one.approval.id for one in both.entries] == ["a-2", "a-3"]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda: read(lock(entry(approval())), key=OTHER), "not signed by anybody who may"),
        (lambda: read(lock(), approvers=()), "names nobody"),
        (lambda: read(lock(), now=NOW + 181 * DAY), "ended on"),
        (lambda: read(lock(), seen=2), "rolled back"),
        (lambda: read(lock(entry(approval(), key=OTHER))), "provenance statement: it is not signed"),
        (lambda: read(lock(entry(approval(roles=("admins",))))), "may not approve pdf for admins"),
        (lambda: read(lock(entry(approval(), age=31 * DAY))), "30 days before"),
        (lambda: read(lock(entry(approval(), age=-DAY))), "30 days before"),
        (lambda: read(lock(entry(approval(), verdict="block"))), "gives no reason"),
        (lambda: read(lock(entry(approval(expires=NOW + 400 * DAY)))), "at most 366 days"),
        (lambda: read(lock(entry(approval(expires=NOW)))), "at most 366 days"),
        (
            lambda: read(lock(replace(entry(approval()), approval=approval(digest="cd" * 32)))),
            "another skill",
        ),
        (lambda: read(lock(replace(entry(approval()), approval=approval(grants=())))), "something else than"),
        (lambda: read(lock(replace(entry(approval()), approval=approval(id="a-9")))), "something else than"),
        (
            lambda: read(lock(entry(approval(approved_by="mallory"))), approvers=(ALICE, MALLORY)),
            "in the name of mallory",
        ),
        (lambda: read(lock(mixed("audit"))), "rests on another audit"),
        (lambda: read(lock(mixed("approval"))), "rests on another audit"),
        (lambda: read_lock(b"{}", written(lock(), KEY, now=NOW)[1], (ALICE,), now=NOW), "not the text"),
        (lambda: signed(b"[1]"), "reads format 1"),
        (lambda: signed(b'{"format":1,"version":1}'), "malformed"),
        (lambda: signed(b'{"format":1,"version":1,"issued":"x"}'), "is no time"),
        (lambda: signed(b"{"), "is no JSON"),
        (lambda: read_lock(b"{}", b"\xff", (ALICE,), now=NOW), "is no JSON"),
    ],
)
def test_a_lock_that_can_not_be_believed(broken: Callable[[], object], why: str) -> None:
    with pytest.raises(LockError, match=why):
        broken()


def mixed(kind: str) -> Entry:
    """An entry with one statement of another approval of the same skill."""
    one, two = entry(approval()), entry(approval(grants=(grant_of("net *"),)))
    return replace(one, envelopes={**one.envelopes, kind: two.envelopes[kind]})


def signed(text: bytes) -> Lock:
    kind = "application/vnd.bailiwick.skill-lock+json"
    return read_lock(text, json.dumps(sign(kind, text, KEY)).encode(), (ALICE,), now=NOW)


def test_a_block_with_a_reason_is_believed() -> None:
    assert read(lock(entry(approval(), verdict="block", reason="a false alarm")))


@given(st.data())
def test_no_change_of_a_byte_is_believed(data: st.DataObject) -> None:
    text, signature = written(lock(entry(approval())), KEY, now=NOW)
    whole = bytearray(data.draw(st.sampled_from([text, signature])))
    is_text = bytes(whole) == text
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        found = read_lock(
            bytes(whole) if is_text else text, signature if is_text else bytes(whole), (ALICE,), now=NOW
        )
    except LockError:
        return
    # Only the hint at the key, white space and names beside the envelope's own may change.
    assert not is_text
    assert found.approvals().held == (approval(),)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(LockError):
        read_lock(raw, raw, (ALICE,), now=NOW)


def test_the_encoding_that_is_signed_is_that_of_the_specification() -> None:
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("", b"") == b"DSSEv1 0  0 "


def test_a_signature_over_the_bare_payload_is_none() -> None:
    """RFC 8032 signatures of other things are not taken for DSSE's."""
    envelope = {
        "payloadType": STATEMENT,
        "payload": base64.b64encode(b"{}").decode(),
        "signatures": [{"sig": base64.b64encode(KEY.sign(b"{}")).decode()}],
    }
    with pytest.raises(SignatureError):
        verify(envelope, STATEMENT, [("alice", public_of(KEY))])


def test_one_of_several_signatures_is_enough_and_the_key_id_is_a_hint() -> None:
    one, two = sign(STATEMENT, b"{}", KEY), sign(STATEMENT, b"{}", OTHER)
    both = {
        **one,
        "signatures": [{**two["signatures"][0], "keyid": "?"}, {"sig": one["signatures"][0]["sig"]}],
    }
    assert verify(both, STATEMENT, [("alice", public_of(KEY))]).by == "alice"


@pytest.mark.parametrize("envelope", [None, {}, [], {"payloadType": STATEMENT, "payload": "%", "signatures": [{}]},
                                      {"payloadType": STATEMENT, "payload": "", "signatures": []}])  # fmt: skip
def test_what_is_no_envelope(envelope: object) -> None:
    with pytest.raises(SignatureError):
        verify(envelope, STATEMENT, [("alice", public_of(KEY))])


def test_approvals_hold_for_their_roles_and_their_time() -> None:
    held = read(lock(entry(approval()))).approvals()
    assert held.for_roles(frozenset({"frontend"}), NOW).held
    assert not held.for_roles(frozenset({"infra"}), NOW).held
    assert not held.for_roles(frozenset({"frontend"}), NOW + 10 * DAY).held
    assert not held.for_roles(frozenset({"frontend"}), NOW - 1).held


def test_a_grant_is_written_as_it_is_read() -> None:
    assert str(grant_of(" net   a b ")) == "net a b"
    for text in ("", "net", "net ", "frobnicate x", "*"):
        with pytest.raises(ValueError, match="grant"):
            grant_of(text)
    assert isinstance(grant_of("exec git log"), Grant)
