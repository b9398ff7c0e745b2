"""A Sigstore of our own, whole but for its network: an authority, a log of certificates, a transparency log, and who signs with them."""

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bailiwick.administration.skills.dsse import STATEMENT, pae
from bailiwick.administration.skills.publisher import PREDICATE

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ISSUED = datetime(2026, 5, 1, 12, tzinfo=UTC)
"""When everything is signed."""

ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
STAMPS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(SHA256()))


def _der(tag: int, data: bytes) -> bytes:
    size = len(data)
    length = bytes((size,)) if size < 128 else b"\x82" + struct.pack(">H", size)
    return bytes((tag,)) + length + data


@dataclass(frozen=True, slots=True)
class Instance:
    """The keys of one Sigstore."""

    authority: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificates: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    @property
    def _name(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sigstore.test")])

    def root(self) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self.authority.public_key())
            .serial_number(1)
            .not_valid_before(SINCE)
            .not_valid_after(SINCE + timedelta(days=3_650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key()), critical=False
            )
            .sign(self.authority, SHA256())
        )

    def trusted(self) -> bytes:
        """``trusted_root.json``."""
        valid = {"start": SINCE.isoformat().replace("+00:00", "Z")}

        def log(key: ec.EllipticCurvePrivateKey, where: str) -> dict[str, Any]:
            return {
                "baseUrl": f"https://{where}",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": _text(_spki(key)),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": valid,
                },
                "logId": {"keyId": _text(hashlib.sha256(_spki(key)).digest())},
            }

        authority = {
            "subject": {"organization": "test", "commonName": "sigstore.test"},
            "uri": "https://fulcio.test",
            "certChain": {"certificates": [{"rawBytes": _text(self.root().public_bytes(Encoding.DER))}]},
            "validFor": valid,
        }
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.log, "rekor.test")],
                "certificateAuthorities": [authority],
                "ctlogs": [log(self.certificates, "ctfe.test")],
                "timestampAuthorities": [],
            }
        ).encode()

    def bundle(self, payload: bytes, *, identity: str, issuer: str) -> dict[str, Any]:
        """A keyless signature of a statement by whom ``issuer`` knows as ``identity``."""
        key = _key()
        leaf = self._leaf(key, identity, issuer)
        signature = _text(_sign(key, pae(STATEMENT, payload)))
        body = json.dumps(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
                    "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                    "signatures": [
                        {"signature": signature, "verifier": _text(leaf.public_bytes(Encoding.PEM))}
                    ],
                },
            },
            separators=(",", ":"),
            sort_keys=True,
        ).encode()
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _text(leaf.public_bytes(Encoding.DER))},
                "tlogEntries": [self._entry(body)],
                "timestampVerificationData": {},
            },
            "dsseEnvelope": {
                "payload": _text(payload),
                "payloadType": STATEMENT,
                "signatures": [{"sig": signature}],
            },
        }

    def _entry(self, body: bytes) -> dict[str, Any]:
        """The only entry of the log."""
        log_id, at = hashlib.sha256(_spki(self.log)).digest(), int(ISSUED.timestamp())
        root = _text(hashlib.sha256(b"\0" + body).digest())
        promised = {"body": _text(body), "integratedTime": at, "logID": log_id.hex(), "logIndex": 0}
        note = f"rekor.test - 1\n1\n{root}\n"
        signed = _text(log_id[:4] + _sign(self.log, note.encode()))
        promise = json.dumps(promised, separators=(",", ":"), sort_keys=True).encode()
        return {
            "logIndex": "0",
            "logId": {"keyId": _text(log_id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(at),
            "inclusionPromise": {"signedEntryTimestamp": _text(_sign(self.log, promise))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": root,
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 rekor.test {signed}\n"},
            },
            "canonicalizedBody": _text(body),
        }

    def _leaf(self, key: ec.EllipticCurvePrivateKey, identity: str, issuer: str) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(2)
            .not_valid_before(ISSUED - timedelta(minutes=5))
            .not_valid_after(ISSUED + timedelta(minutes=5))
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(identity)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(ISSUER, issuer.encode()), critical=False)
        )
        before = builder.sign(self.authority, SHA256()).tbs_certificate_bytes
        stamps = _der(0x04, self._stamps(before))
        return builder.add_extension(x509.UnrecognizedExtension(STAMPS, stamps), critical=False).sign(
            self.authority, SHA256()
        )

    def _stamps(self, before: bytes) -> bytes:
        """The list of timestamps of the log of certificates (RFC 6962, 3.2 and 3.3)."""
        at = int(ISSUED.timestamp() * 1_000)
        log_id, authority = (
            hashlib.sha256(_spki(self.certificates)).digest(),
            hashlib.sha256(_spki(self.authority)),
        )
        said = struct.pack(">BBQH", 0, 0, at, 1) + authority.digest() + struct.pack(">I", len(before))[1:]
        signature = _sign(self.certificates, said + before + b"\0\0")
        stamp = b"\0" + log_id + struct.pack(">QHBBH", at, 0, 4, 3, len(signature)) + signature
        one = struct.pack(">H", len(stamp)) + stamp
        return struct.pack(">H", len(one)) + one


def statement(files: Mapping[str, bytes]) -> bytes:
    """What a publisher signs of some files (OMS v1.0)."""
    digests = {name: hashlib.sha256(data) for name, data in files.items()}
    whole = hashlib.sha256(b"".join(digests[name].digest() for name in sorted(digests)))
    resources = [
        {"name": name, "algorithm": "sha256", "digest": one.hexdigest()} for name, one in digests.items()
    ]
    return json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "pdf", "digest": {"sha256": whole.hexdigest()}}],
            "predicateType": PREDICATE,
            "predicate": {
                "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
                "resources": resources,
            },
        }
    ).encode()


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )
