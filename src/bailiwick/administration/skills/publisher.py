"""A publisher's own signature over a skill: OpenSSF model signing bundles (OMS, model_signing v1.0), verified offline. Pure.

1. The bundle is a Sigstore bundle (v0.3) with a DSSE envelope.
2. Its key is the one that is trusted, or its certificates lead to a root that is trusted, and are valid now.
3. The signature holds over the pre-authentication encoding (Ed25519, or ECDSA with the hash of its curve).
4. The statement lists files by SHA-256, and its subject is the digest of that list.
5. Every listed file stands there as listed, and every file that stands there is listed, but for what such bundles
   always leave out.

Of a keyless bundle (Fulcio, Rekor) this reads the statement that ``service.skills.keyless`` has verified. A publisher's signature
leaves out executable bits, links and empty directories, which is why an approval rests on our own digest.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from bailiwick.administration.skills.dsse import STATEMENT, pae
from bailiwick.model.skill import EntryType, SkillTree

SIGNATURES = ("skill.oms.sig", "model.sig", "claude.sig")
"""Where publishers put the bundle."""

PREDICATE = "https://model_signing/signature/v1.0"

LEFT_OUT = frozenset((".git", ".github", ".gitattributes", ".gitignore"))
"""What bundles leave out besides themselves; anything else that one wants to leave out is a mistake."""

MAX_BUNDLE = 8 * 2**20
"""Bytes of a bundle that are read."""

MAX_CHAIN = 8
"""Certificates of one chain."""

_HASHES = {"secp256r1": SHA256(), "secp384r1": SHA384(), "secp521r1": SHA512()}

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey


class PublisherError(Exception):
    """The publisher's signature doesn't hold for this tree; the message says why."""


def verify_publisher(tree: SkillTree, bundle: bytes, trusted: bytes, *, signature: str, now: int) -> str:
    """Who published the tree, in a word for the provenance statement.

    ``trusted`` is a PEM public key, or PEM root certificates. ``signature`` is the bundle's path below the root, which is not part
    of what it signs; ``now`` is seconds since 1970. Raises ``PublisherError``.
    """
    try:
        said = json.loads(bundle[:MAX_BUNDLE])
        media = str(said["mediaType"])
        material: Mapping[str, Any] = said["verificationMaterial"]
        envelope: Mapping[str, Any] = said["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
        kind = str(envelope["payloadType"])
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        raise PublisherError(f"{signature} is no signature bundle") from None
    if not media.startswith("application/vnd.dev.sigstore.bundle") or kind != STATEMENT:  # (1)
        raise PublisherError(f"{signature} is a bundle of another kind: {media[:80]}")
    key, who = _key(material, trusted, now)  # (2)
    if not any(_signed(key, one, pae(kind, payload)) for one in signatures):  # (3)
        raise PublisherError(f"{signature} is not signed with the key that is trusted")
    signed_files(tree, payload, signature)  # (4), (5)
    return who


def signed_files(tree: SkillTree, payload: bytes, signature: str) -> None:
    """Compare a tree with the files that a verified statement lists (4), (5). Raises ``PublisherError``."""
    _files(tree, _listed(payload), signature)


def _key(material: Mapping[str, Any], trusted: bytes, now: int) -> tuple[PublicKey, str]:
    if b"vnd.dev.sigstore.trustedroot" in trusted:
        raise PublisherError("it is a trusted root of Sigstore: say who signed with --identity and --issuer")
    if b"BEGIN CERTIFICATE" not in trusted:
        try:
            key = load_pem_public_key(trusted)
        except ValueError:
            raise PublisherError("what is trusted is neither a public key nor a certificate (PEM)") from None
        kept = _supported(key)
        raw = kept.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return kept, f"key sha256:{hashlib.sha256(raw).hexdigest()}"
    chain = _chain(material)
    roots = x509.load_pem_x509_certificates(trusted)
    moment = datetime.fromtimestamp(now, tz=UTC)
    for place, one in enumerate(chain):
        if not one.not_valid_before_utc <= moment <= one.not_valid_after_utc:
            raise PublisherError(f"the certificate of {one.subject.rfc4514_string()} is not valid now")
        if place and not _is_authority(one):
            raise PublisherError(f"{one.subject.rfc4514_string()} may not issue certificates")
        if any(one == root or _issued(one, root) for root in roots):
            leaf = chain[0]
            if not _may_sign(leaf):
                raise PublisherError(f"the certificate of {leaf.subject.rfc4514_string()} is not for signing")
            return _supported(leaf.public_key()), f"certificate {leaf.subject.rfc4514_string()}"
        if place + 1 < len(chain) and not _issued(one, chain[place + 1]):
            raise PublisherError("the bundle's certificates are no chain")
    raise PublisherError("the bundle's certificates lead to no root that is trusted")


def _chain(material: Mapping[str, Any]) -> list[x509.Certificate]:
    match material:
        case {"x509CertificateChain": {"certificates": [*listed]}} if 1 <= len(listed) <= MAX_CHAIN:
            pass
        case {"certificate": _, "tlogEntries": [_, *_]}:
            raise PublisherError(
                "it is signed without a key of its own (Sigstore keyless): name a trusted_root.json with --publisher, "
                "and who signed with --identity and --issuer"
            )
        case {"certificate": dict(only)}:
            listed = [only]
        case _:
            raise PublisherError("the bundle has no certificates; trust the publisher's public key instead")
    try:
        return [x509.load_der_x509_certificate(base64.b64decode(one["rawBytes"])) for one in listed]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise PublisherError("the bundle's certificates can't be read") from None


def _issued(one: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return _is_authority(by)


def _is_authority(one: x509.Certificate) -> bool:
    try:
        return one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _may_sign(leaf: x509.Certificate) -> bool:
    try:
        return leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except (x509.ExtensionNotFound, ValueError):
        return False


def _supported(key: object) -> PublicKey:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _HASHES:
        return key
    raise PublisherError("only Ed25519 and ECDSA keys (P-256, P-384, P-521) are verified here")


def _signed(key: PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, ec.ECDSA(_HASHES[key.curve.name]))
    except InvalidSignature:
        return False
    return True


def _listed(payload: bytes) -> Mapping[str, str]:
    """The files that the statement lists, each with its SHA-256."""
    try:
        said = json.loads(payload)
        predicate, subject = said["predicate"], said["subject"]
        serialization = predicate["serialization"]
        listed = {str(one["name"]): str(one["digest"]) for one in predicate["resources"]}
        plain = all(one["algorithm"] == "sha256" for one in predicate["resources"])
        root = str(subject[0]["digest"]["sha256"])
        ignored: Sequence[str] = list(serialization.get("ignore_paths", ()))
        joined = b"".join(bytes.fromhex(listed[name]) for name in sorted(listed))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise PublisherError("the signed statement is malformed") from None
    if said.get("predicateType") != PREDICATE or serialization.get("method") != "files" or not plain:
        raise PublisherError("the signed statement doesn't list files by SHA-256")
    if len(listed) != len(predicate["resources"]) or hashlib.sha256(joined).hexdigest() != root:
        raise PublisherError("the signed statement's digest is not that of its list of files")
    if strange := [one for one in ignored if one not in LEFT_OUT and one not in SIGNATURES]:
        raise PublisherError(f"the publisher leaves {strange[0][:80]} out of the signature")
    return listed


def _files(tree: SkillTree, listed: Mapping[str, str], signature: str) -> None:
    here = {
        entry.path: entry.sha256
        for entry in tree.entries
        if entry.type is not EntryType.DIRECTORY
        and entry.path != signature
        and entry.path.partition("/")[0] not in LEFT_OUT
    }
    for path in sorted({*here, *listed}):
        if path not in listed:
            raise PublisherError(f"{path} is not among the files that the publisher signed")
        if path not in here:
            raise PublisherError(f"{path}, which the publisher signed, is not there")
        if here[path] != listed[path]:
            raise PublisherError(f"{path} is not as the publisher signed it")
