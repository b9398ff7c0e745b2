"""Signed checkpoints: C2SP signed-note and tlog-checkpoint with Ed25519 (c2sp.org, 2026-07).

A checkpoint says "the log <origin> had <size> entries and this root". Whoever keeps one, on paper if need be,
can later prove that anything before it was changed, removed or re-ordered.
"""

import base64
import binascii
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_KEY_ID_SIZE = 4
_DASH = "\u2014"


class NoteError(ValueError):
    """A note, a key or a signature isn't what it should be; the message says which part."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A log's public key under its name (the log's origin)."""

    name: str
    public: bytes

    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart: SHA-256 of name, newline, algorithm and key."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_ID_SIZE]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id().hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read ``name+keyid+base64``. Raises NoteError."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - name, id, key
            raise NoteError("a verifier key reads name+hash+base64")
        name, key_id, encoded = parts
        try:
            data = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise NoteError("the key isn't base64") from error
        if data[:1] != _ED25519 or len(data) != 33:  # noqa: PLR2004 - algorithm byte and 32 key bytes
            raise NoteError("the key isn't an Ed25519 key")
        key = cls(name, data[1:])
        if key.key_id().hex() != key_id:
            raise NoteError("the key's hash doesn't fit its name and bytes")
        return key


@dataclass(frozen=True, slots=True)
class Signer:
    """A log's private key and its public half, under the log's name."""

    private: Ed25519PrivateKey = field(repr=False)
    verifier: VerifierKey
    key_id: bytes

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "Signer":
        """The signer whose Ed25519 seed is ``seed`` (32 bytes)."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        verifier = VerifierKey(name, private.public_key().public_bytes_raw())
        return cls(private, verifier, verifier.key_id())

    @property
    def name(self) -> str:
        """The log's name."""
        return self.verifier.name

    def sign(self, text: str) -> str:
        """``text`` (ending in a newline) as a signed note. Raises NoteError."""
        if not text.endswith("\n"):
            raise NoteError("a note's text ends in a newline")
        blob = self.key_id + self.private.sign(text.encode())
        return f"{text}\n{_DASH} {self.name} {base64.b64encode(blob).decode()}\n"


def open_note(note: str, key: VerifierKey) -> str:
    """The text of a note that ``key`` signed. Raises NoteError when it didn't or the note is malformed."""
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise NoteError("no signature block")
    text += "\n"
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != _DASH:
            raise NoteError("a signature line is malformed")
        try:
            blob = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise NoteError("a signature isn't base64") from error
        if name != key.name or blob[:_KEY_ID_SIZE] != key.key_id():
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(blob[_KEY_ID_SIZE:], text.encode())
        except InvalidSignature as error:
            raise NoteError("the signature doesn't verify") from error
        return text
    raise NoteError(f"no signature by {key.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log signs: its origin, its size, its Merkle root, and as extension lines chain head and time.

    ``time_ms`` is the wall clock of the signer in milliseconds since 1970, UTC.
    """

    origin: str
    size: int
    root: bytes
    head: bytes
    time_ms: int

    def text(self) -> str:
        """The note text."""
        root, head = base64.b64encode(self.root).decode(), base64.b64encode(self.head).decode()
        return f"{self.origin}\n{self.size}\n{root}\nhead {head}\ntime {self.time_ms}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a note text. Raises NoteError."""
        try:
            origin, size, root, head, time_ms = text.splitlines()
            checkpoint = cls(
                origin=origin,
                size=int(size),
                root=base64.b64decode(root, validate=True),
                head=base64.b64decode(head[5:], validate=True),
                time_ms=int(time_ms[5:]),
            )
        except ValueError as error:
            raise NoteError(f"a checkpoint is malformed: {error}") from error
        if checkpoint.text() != text:
            raise NoteError("a checkpoint isn't in its canonical form")
        return checkpoint
