"""What of a record is personal is sealed; what proves it is not (docs/adr, "erasure").

A record is taken apart. Its public part says what kind of thing happened, when, and what was decided; it becomes the
entry that is hashed, chained and signed. Its private part says who, where and what exactly; it is encrypted under a key of
one subject and one month and stored beside the entry. The entry names that key and holds a commitment: the hash of
the private part, which begins with 128 random bits (``salt``) and so can't be guessed.

- Who has the key reads the record, and the commitment proves that it is what was recorded.
- Who was shown the private part only (an auditor, a SIEM) proves the same without any key.
- Once the key is destroyed nobody reads it, and every proof over the entry still holds.

AES-256-GCM (NIST SP 800-38D). The nonce is the beginning of the commitment, unique because the salt is; so equal nonces
mean equal texts.
"""

import hmac
import zlib
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailiwick.audit.canonical import UNPLACED, canonical
from bailiwick.audit.dictionary import DICTIONARY, ENTRY_DICTIONARY
from bailiwick.model.value import value

PUBLIC = frozenset((
    "v", "epoch", "seq", "kind", "time_ms", "monotonic_us", "profile", "permission_mode", "event", "tool", "rules",
    "verdict", "enforced", "approved_by", "policy", "client_version", "decided_us", "duration_ms", "elapsed_ms",
    "outcome", "input_bytes", "input_cut", "text_bytes", "response_bytes", "accesses_omitted", "rule", "level",
    "techniques", "evidence", "upto", "keys", "kept", "origin_seq", "private", "key",
))  # fmt: skip
"""Fields of the entry itself: what happened and what was decided, nothing that names a person, a machine or a file."""

KEY_SIZE = 32
_NONCE_SIZE = 12
COMMIT = b"\x03"
"""What the commitment's hash begins with."""

_RAW, _DEFLATED = b"\x00", b"\x01"
LONG = 1_024
"""Bytes from which on a text that stands on its own is packed."""

MAX_PRIVATE = 4 * 1024 * 1024
"""Bytes of a private part at most; what would unpack to more is refused."""


class SealError(ValueError):
    """A private part can't be opened, or isn't the one that the entry commits to."""


@value(frozen=True, slots=True)
class DataKey:
    """A data key: its public name, the cipher under it, and its bytes, of which the keys of payloads are made."""

    id: str
    cipher: AESGCM = field(repr=False)
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, key_id: str, key: bytes) -> "DataKey":
        """The data key of this name with these ``KEY_SIZE`` bytes."""
        return cls(key_id, AESGCM(key), key)


@value(frozen=True, slots=True)
class Parts:
    """A record taken apart: its entry, blank where key, commitment, log and place go, its private part, and the commitment to that."""

    entry: bytes
    private: bytes
    committed: bytes


def take_apart(public: dict[str, Any], private: Mapping[str, Any]) -> Parts:
    """The parts of a record whose fields these are (``Record.apart``). The public part also lists the rules that spoke or found something."""
    if said := (*private.get("reasons", ()), *private.get("findings", ())):
        rules = dict.fromkeys(str(item.get("rule", "")) for item in said)
        public = {**public, "rules": list(rules)[:MAX_RULES]}
    hidden = canonical(private)
    return Parts(canonical(public | _BLANK), hidden, commitment(hidden))


_BLANK: dict[str, Any] = {**UNPLACED, "key": "", "private": ""}
"""What an entry has in place of what it gets with its key and its place."""


MAX_RULES = 64
"""Rules that an entry names at most; the private part has them all with what they said."""


def commitment(private: bytes) -> bytes:
    """What an entry says of its private part: SHA-256 of 0x03 and its bytes."""
    return sha256(COMMIT + private).digest()


KEY_MARK, PRIVATE_MARK = b'"key":"', b'"private":"'


def sealed_entry(entry: bytes, key_id: bytes, committed: bytes) -> bytes:
    """An entry that is blank in these two places, with the name of the key and the commitment (hexadecimal). Raises SealError.

    In canonical JSON a mark with its quotes occurs where it is meant and nowhere else: quotes inside a string are escaped.
    """
    before, key, rest = entry.partition(KEY_MARK)
    between, private, after = rest.partition(PRIVATE_MARK)
    if not private:
        raise SealError("an entry isn't one: it has no place for a key and a commitment")
    return b"".join((before, key, key_id, between, private, committed, after))


def seal_private(parts: Parts, key: DataKey) -> bytes:
    """The private part, encrypted; packed before that where it is long."""
    plain = _packed(parts.private, DICTIONARY)
    return key.cipher.encrypt(parts.committed[:_NONCE_SIZE], plain, key.id.encode())


def _packed(text: bytes, dictionary: bytes) -> bytes:
    """``text`` as it is kept until its block is made: what is short isn't packed, which takes longer than writing it."""
    if len(text) > LONG:
        packer = zlib.compressobj(1, zlib.DEFLATED, -12, 5, zlib.Z_DEFAULT_STRATEGY, dictionary)
        packed = packer.compress(text) + packer.flush()
        if len(packed) < len(text):
            return _DEFLATED + packed
    return _RAW + text


def seal_payload(payload: bytes, private: bytes, key: DataKey) -> bytes:
    """A payload that is kept beside a record, packed and encrypted under a key of its own (``payload_key``)."""
    one = payload_key(commitment(private).hex(), key)
    return AESGCM(one).encrypt(_ONLY, zlib.compress(payload), _PAYLOAD)


def payload_key(committed: str, key: DataKey) -> bytes:
    """The key of the payload beside the entry that says ``committed`` of its private part: it opens nothing else.

    It is made of the data key (HMAC-SHA-256), so it is gone with that, and can be given to somebody without that.
    """
    return hmac.digest(key.secret, b"bailiwick payload\n" + committed.encode(), "sha256")


def open_payload(blob: bytes, key: bytes) -> bytes:
    """Inverse of ``seal_payload``; ``key`` is the payload's own. Raises SealError."""
    try:
        packed = AESGCM(key).decrypt(_ONLY, blob, _PAYLOAD)
        unpacker = zlib.decompressobj()
        payload = unpacker.decompress(packed, MAX_PRIVATE)
    except (InvalidTag, ValueError, zlib.error) as error:
        raise SealError("the payload was changed: its key doesn't open it") from error
    if not unpacker.eof:
        raise SealError("the payload isn't whole")
    return payload


_PAYLOAD = b"bailiwick payload"
_ONLY = bytes(_NONCE_SIZE)
"""The nonce of payloads: each has a key that encrypts nothing else."""


def open_private(blob: bytes, committed: str, key: DataKey) -> bytes:
    """Inverse of ``seal_private``; ``committed`` is what the entry says of it. Raises SealError."""
    try:
        expected = bytes.fromhex(committed)
        plain = key.cipher.decrypt(expected[:_NONCE_SIZE], blob, key.id.encode())
        private = plain[1:] if plain[:1] == _RAW else _unpacked(plain[1:], DICTIONARY)
    except (InvalidTag, ValueError, zlib.error) as error:
        raise SealError("the private part was changed: its key doesn't open it") from error
    if commitment(private) != expected:
        raise SealError("the private part isn't the one that was recorded")
    return private


def _unpacked(packed: bytes, dictionary: bytes) -> bytes:
    unpacker = zlib.decompressobj(-12, dictionary)
    private = unpacker.decompress(packed, MAX_PRIVATE)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("not a whole packed text")
    return private


def put_together(public: Mapping[str, Any], private: bytes | None) -> dict[str, Any]:
    """The fields of a record again; without its private part it says so in ``sealed``."""
    whole = {**public, "sealed": 1} if private is None else {**public, **orjson.loads(private)}
    return dict(sorted(whole.items()))


def disclosed(record: Mapping[str, Any]) -> tuple[bytes, bytes | None]:
    """The entry's bytes and the private part of a whole record, as exported: inverse of ``put_together``.

    The private part is None where the record doesn't have it. Raises SealError when it isn't the one committed to.
    """
    entry = canonical({name: value for name, value in record.items() if name in PUBLIC})
    if record.get("sealed"):
        if not set(record) <= PUBLIC | {"sealed"}:
            raise SealError("a sealed record shows private fields")
        return entry, None
    private = canonical({name: value for name, value in record.items() if name not in PUBLIC})
    if commitment(private).hex() != record.get("private"):
        raise SealError("the record isn't the one that was recorded")
    return entry, private


def pack_entry(entry: bytes) -> bytes:
    """An entry's bytes as they are kept until its block is made."""
    return _packed(entry, ENTRY_DICTIONARY)


def unpack_entry(kept: bytes) -> bytes:
    """Inverse of ``pack_entry``. Raises SealError."""
    try:
        return kept[1:] if kept[:1] == _RAW else _unpacked(kept[1:], ENTRY_DICTIONARY)
    except (ValueError, zlib.error) as error:
        raise SealError("the entry was changed: it can't be unpacked") from error


def subject_of(user: str, uid: int | None) -> str:
    """Whose data a record is: the account, else its number; empty for what concerns nobody."""
    return user or ("" if uid is None else f"uid:{uid}")


def month_of(time_ms: int) -> str:
    """The month, UTC, of a wall clock in milliseconds: ``2026-11``. What no calendar has is held to what one has."""
    return _month(min(max(time_ms, 0), _LAST_MS) // _DAY_MS)


@lru_cache(maxsize=1_024)
def _month(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY_MS / 1_000, UTC).strftime("%Y-%m")


_DAY_MS = 86_400_000


_LAST_MS = 253_402_300_799_000
"""The last second of the year 9999, the last that has a month here."""


BLIND_SIZE = 8
"""Bytes of a blinded value."""


def blind(key: bytes, name: str, value: str) -> bytes:
    """What stands in the log's table for a personal value: found by who knows it, meaningless to who doesn't."""
    if not value:
        return b""
    return blind_bytes(key, name.encode(), value.encode("utf-8", "surrogatepass"))


def blind_bytes(key: bytes, name: bytes, value: bytes) -> bytes:
    """``blind`` of texts that are bytes already."""
    return blake2b(name + b"\0" + value, key=key, digest_size=BLIND_SIZE).digest()
