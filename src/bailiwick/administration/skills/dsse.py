"""Signed envelopes: DSSE v1 with Ed25519 (secure-systems-lab/dsse, protocol.md and envelope.md; RFC 8032). Pure.

A dozen lines over ``cryptography``, which is here anyway; docs/adr says why no library does it.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bailiwick.model.value import value

STATEMENT = "application/vnd.in-toto+json"
"""Payload type of in-toto statements."""

MAX_PAYLOAD = 16 * 2**20
"""Bytes of one payload."""

Envelope: TypeAlias = Mapping[str, Any]


class SignatureError(Exception):
    """An envelope is malformed, or nobody who may sign it has; the message says which."""


@value(frozen=True, slots=True, kw_only=True)
class Opened:
    """A verified payload and whose signature it carries."""

    payload: bytes
    by: str


def pae(kind: str, payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def canonical(value: object) -> bytes:
    """``value`` as JSON with sorted keys and no white space, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def public_of(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of its public key."""
    return key.public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """A hint at the key, as envelopes carry it: hex SHA-256 of the raw public key."""
    return hashlib.sha256(public).hexdigest()


def sign(kind: str, payload: bytes, key: Ed25519PrivateKey) -> dict[str, Any]:
    """An envelope with one signature."""
    return {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {
                "keyid": key_id(public_of(key)),
                "sig": base64.b64encode(key.sign(pae(kind, payload))).decode(),
            }
        ],
    }


def verify(envelope: object, kind: str, keys: Iterable[tuple[str, bytes]]) -> Opened:
    """The payload that one of ``keys`` (name, raw public key) has signed. Raises ``SignatureError``.

    1. The envelope has the expected shape and payload type.
    2. Some signature verifies over the pre-authentication encoding with a key that is trusted; ``keyid`` is a hint only.
    """
    if not isinstance(envelope, Mapping) or envelope.get("payloadType") != kind:  # (1)
        raise SignatureError(f"no envelope of type {kind}")
    payload = _decoded(envelope.get("payload"))
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= 16:  # noqa: PLR2004 - of a handful of people
        raise SignatureError("the envelope has no signatures")
    encoded = pae(kind, payload)
    given = [_decoded(one.get("sig")) for one in signatures if isinstance(one, Mapping)]
    for name, public in keys:  # (2)
        for signature in given:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(signature, encoded)
            except (InvalidSignature, ValueError):
                continue
            return Opened(payload=payload, by=name)
    raise SignatureError("it is not signed by anybody who may")


def _decoded(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > 2 * MAX_PAYLOAD:
        raise SignatureError("the envelope is malformed")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError("the envelope is malformed: no Base64") from None
