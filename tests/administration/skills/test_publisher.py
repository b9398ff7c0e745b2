"""Publishers' signatures: bundles made with model-signing 1.1.1, and every way in which one doesn't hold."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.administration.skills.dsse import STATEMENT, sign
from bailiwick.administration.skills.publisher import PublisherError, verify_publisher
from bailiwick.model.skill import Entry, EntryType, SkillTree, file_entry

HERE = Path(__file__).parent / "published"
NOW = 1_796_000_000  # 2026-11-30
KEY, ROOT = (HERE / "key.pub").read_bytes(), (HERE / "root.pem").read_bytes()


def tree(name: str) -> SkillTree:
    found = sorted(one for one in (HERE / name).rglob("*") if "__pycache__" not in one.parts)
    entries = [
        Entry(path=str(one.relative_to(HERE / name)), type=EntryType.DIRECTORY)
        if one.is_dir()
        else file_entry(str(one.relative_to(HERE / name)), one.read_bytes())
        for one in found
    ]
    return SkillTree(root="/r", name=name, entries=tuple(entries))


def bundle(name: str) -> bytes:
    return (HERE / name / "skill.oms.sig").read_bytes()


def verified(of: SkillTree, said: bytes, trusted: bytes, *, now: int = NOW) -> str:
    return verify_publisher(of, said, trusted, signature="skill.oms.sig", now=now)


def test_bundles_of_the_reference_implementation_hold() -> None:
    assert verified(tree("key"), bundle("key"), KEY).startswith("key sha256:")
    assert verified(tree("certificate"), bundle("certificate"), ROOT) == "certificate CN=Publisher"


def changed(path: str, data: bytes | None) -> SkillTree:
    one = tree("key")
    others = tuple(entry for entry in one.entries if entry.path != path)
    return replace(one, entries=others if data is None else (*others, file_entry(path, data)))


def altered(name: str, change: Callable[[Any], object]) -> bytes:
    said = json.loads(bundle(name))
    change(said)
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda: verified(changed("SKILL.md", b"x"), bundle("key"), KEY), "SKILL.md is not as"),
        (lambda: verified(changed("SKILL.md", None), bundle("key"), KEY), "SKILL.md, which the publisher"),
        (lambda: verified(changed("new.py", b""), bundle("key"), KEY), "new.py is not among"),
        (lambda: verified(changed("__pycache__/x.pyc", b""), bundle("key"), KEY), "is not among"),
        (lambda: verified(tree("key"), bundle("certificate"), KEY), "not signed with the key"),
        (lambda: verified(tree("key"), bundle("key"), ROOT), "no certificates"),
        (lambda: verified(tree("key"), bundle("key"), b"x"), "neither a public key"),
        (lambda: verified(tree("key"), b"{}", KEY), "no signature bundle"),
        (lambda: verified(tree("certificate"), bundle("certificate"), ROOT, now=0), "not valid now"),
        (
            lambda: verified(tree("key"), altered("key", lambda b: b.update(mediaType="x")), KEY),
            "another kind",
        ),
        (
            lambda: verified(
                tree("certificate"),
                altered(
                    "certificate",
                    lambda b: b["verificationMaterial"]["x509CertificateChain"]["certificates"].pop(0),
                ),
                ROOT,
            ),
            "not for signing|not signed",
        ),
        (
            lambda: verified(
                tree("certificate"),
                altered(
                    "certificate",
                    lambda b: b.update(verificationMaterial={"certificate": {}, "tlogEntries": [{}]}),
                ),
                ROOT,
            ),
            "keyless",
        ),
    ],
)
def test_a_signature_that_does_not_hold(broken: Callable[[], object], why: str) -> None:
    with pytest.raises(PublisherError, match=why):
        broken()


def test_files_that_bundles_never_hold_may_be_there() -> None:
    assert verified(changed(".gitignore", b"x"), bundle("key"), KEY)


OWN = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
OWN_PEM = OWN.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def own(change: Callable[[Any], object]) -> bytes:
    """The statement of the first bundle, changed and signed again."""
    payload = json.loads(base64.b64decode(json.loads(bundle("key"))["dsseEnvelope"]["payload"]))
    change(payload)
    envelope = sign(STATEMENT, json.dumps(payload).encode(), OWN)
    return altered("key", lambda said: said.update(dsseEnvelope=envelope))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda p: p.update(predicateType="x"), "by SHA-256"),
        (lambda p: p["predicate"]["serialization"].update(method="shards"), "by SHA-256"),
        (lambda p: p["predicate"]["resources"][0].update(algorithm="md5"), "by SHA-256"),
        (lambda p: p["predicate"]["resources"].pop(), "is not that of its list"),
        (
            lambda p: p["predicate"]["resources"].append(p["predicate"]["resources"][0]),
            "is not that of its list",
        ),
        (lambda p: p["predicate"]["serialization"]["ignore_paths"].append("scripts"), "leaves scripts out"),
        (lambda p: p.pop("subject"), "malformed"),
        (lambda p: p["predicate"].update(resources=[1]), "malformed"),
    ],
)
def test_a_signed_statement_that_says_too_little(change: Callable[[Any], object], why: str) -> None:
    assert verified(tree("key"), own(lambda _: None), OWN_PEM).startswith("key sha256:")
    with pytest.raises(PublisherError, match=why):
        verified(tree("key"), own(change), OWN_PEM)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_change_of_the_bundle_lets_another_tree_through(place: int, by: int) -> None:
    said = bytearray(bundle("key"))
    said[place % len(said)] ^= by
    with pytest.raises(PublisherError):
        verified(changed("SKILL.md", b"x"), bytes(said), KEY)


@given(st.binary(max_size=80))
def test_any_bytes_are_refused(raw: bytes) -> None:
    for trusted in (KEY, ROOT):
        with pytest.raises(PublisherError):
            verified(tree("key"), raw, trusted)
