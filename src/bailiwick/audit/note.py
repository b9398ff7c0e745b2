"""Signed checkpoints: C2SP signed-note, tlog-checkpoint and tlog-cosignature (c2sp.org, 2026-07).

A checkpoint says "the log <origin> had <size> entries and this root". Whoever keeps one, on paper if need be,
can later prove that anything before it was changed, removed or re-ordered. A log signs it; a witness, which saw that
each follows from the one before, cosigns it.
"""

import base64
import binascii
from dataclasses import field
from enum import IntEnum
from hashlib import sha256
from typing import assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from bailiwick.model.value import value

_KEY_ID_SIZE = 4
_TIME_SIZE = 8
_DASH = "\u2014"
_CONTROL = bytes(code for code in range(0x20) if code != ord("\n"))
MAX_SIGNATURES = 100
"""Signatures of a note at most, as other readers of notes have it."""

MAX_NOTE = 1_000_000
"""Bytes of a note at most."""

MAX_SIZE = 2**63 - 1


class NoteError(ValueError):
    """A note, a key or a signature isn't what it should be; the message says which part."""


class Algorithm(IntEnum):
    """How a signature of a note is made; the number is the one of signed-note."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    ML_DSA_44 = 0x06


_PUBLIC_SIZES = {Algorithm.ED25519: 32, Algorithm.COSIGNATURE: 32, Algorithm.ML_DSA_44: 1312}


@value(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name: a log's (the log's origin) or a witness's."""

    name: str
    public: bytes
    algorithm: Algorithm = Algorithm.ED25519

    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart: SHA-256 of name, newline, algorithm and key."""
        return sha256(self.name.encode() + b"\n" + self._material()).digest()[:_KEY_ID_SIZE]

    def _material(self) -> bytes:
        return bytes((self.algorithm,)) + self.public

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id().hex()}+{base64.b64encode(self._material()).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read ``name+keyid+base64``. Raises NoteError."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - name, id, key
            raise NoteError("a verifier key reads name+hash+base64")
        name, key_id, encoded = parts
        data = _decoded(encoded, "the key")
        if not _is_name(name):
            raise NoteError("the key's name is empty or has a blank or a plus in it")
        try:
            key = cls(name, data[1:], Algorithm(data[0]) if data else Algorithm.ED25519)
        except ValueError as error:
            raise NoteError(f"the key is of an unknown kind, {data[0]:#04x}") from error
        if len(key.public) != _PUBLIC_SIZES[key.algorithm]:
            raise NoteError(f"the key isn't a key of kind {key.algorithm.name}")
        if key.key_id().hex() != key_id:
            raise NoteError("the key's hash doesn't fit its name and bytes")
        return key

    def verify(self, text: str, signature: bytes) -> int:
        """The time, in seconds since 1970, that a signature of a note's text gives, 0 for none. Raises NoteError."""
        try:
            match self.algorithm:
                case Algorithm.ED25519:
                    Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
                    return 0
                case Algorithm.COSIGNATURE:
                    time_s, rest = _timed(signature)
                    signed = _cosigned_text(text, time_s)
                    Ed25519PublicKey.from_public_bytes(self.public).verify(rest, signed)
                    return time_s
                case Algorithm.ML_DSA_44:
                    time_s, rest = _timed(signature)
                    signed = _cosigned_message(self.name, text, time_s)
                    MLDSA44PublicKey.from_public_bytes(self.public).verify(rest, signed)
                    return time_s
                case _:
                    assert_never(self.algorithm)
        except (InvalidSignature, ValueError) as error:
            raise NoteError("the signature doesn't verify") from error


def parse_keys(text: str) -> tuple[VerifierKey, ...]:
    """The keys of a file with one in each line; empty lines and those that begin with ``#`` are left out. Raises NoteError."""
    lines = (line.strip() for line in text.split("\n"))
    return tuple(VerifierKey.parse(line) for line in lines if line and not line.startswith("#"))


@value(frozen=True, slots=True)
class Signer:
    """A private key and its public half, under a name."""

    private: Ed25519PrivateKey | MLDSA44PrivateKey = field(repr=False)
    verifier: VerifierKey
    key_id: bytes

    @classmethod
    def from_seed(cls, name: str, seed: bytes, algorithm: Algorithm = Algorithm.ED25519) -> "Signer":
        """The signer whose seed is ``seed`` (32 bytes)."""
        private = (
            MLDSA44PrivateKey.from_seed_bytes(seed)
            if algorithm is Algorithm.ML_DSA_44
            else Ed25519PrivateKey.from_private_bytes(seed)
        )
        verifier = VerifierKey(name, private.public_key().public_bytes_raw(), algorithm)
        return cls(private, verifier, verifier.key_id())

    @property
    def name(self) -> str:
        """The name."""
        return self.verifier.name

    def sign(self, text: str, *, time_s: int = 0) -> str:
        """``text`` (ending in a newline) as a signed note. Raises NoteError."""
        return f"{text}\n{self.line(text, time_s=time_s)}"

    def line(self, text: str, *, time_s: int = 0) -> str:
        """The signature line for ``text``; ``time_s`` (seconds since 1970) goes into kinds that carry one. Raises NoteError."""
        if not text.endswith("\n"):
            raise NoteError("a note's text ends in a newline")
        time = time_s.to_bytes(_TIME_SIZE, "big")
        match self.verifier.algorithm:
            case Algorithm.ED25519:
                signature = self.private.sign(text.encode())
            case Algorithm.COSIGNATURE:
                signature = time + self.private.sign(_cosigned_text(text, time_s))
            case Algorithm.ML_DSA_44:
                signature = time + self.private.sign(_cosigned_message(self.name, text, time_s))
            case _:
                assert_never(self.verifier.algorithm)
        return f"{_DASH} {self.name} {base64.b64encode(self.key_id + signature).decode()}\n"


def _timed(signature: bytes) -> tuple[int, bytes]:
    time_s = int.from_bytes(signature[:_TIME_SIZE], "big")
    if len(signature) <= _TIME_SIZE or time_s > MAX_SIZE:
        raise ValueError("no timestamped signature")
    return time_s, signature[_TIME_SIZE:]


def _cosigned_text(text: str, time_s: int) -> bytes:
    """What an Ed25519 cosignature signs (tlog-cosignature)."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _cosigned_message(name: str, text: str, time_s: int) -> bytes:
    """What an ML-DSA-44 cosignature of a checkpoint signs (tlog-cosignature): the tree from 0 to its size."""
    head = TreeHead.parse(text)
    parts = (name.encode(), head.origin.encode())
    if not all(0 < len(part) < 256 for part in parts):  # noqa: PLR2004 - their lengths have one byte
        raise NoteError("a name or origin is longer than 255 bytes")
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes((len(parts[0]),)) + parts[0],
            time_s.to_bytes(_TIME_SIZE, "big"),
            bytes((len(parts[1]),)) + parts[1],
            (0).to_bytes(8, "big"),
            head.size.to_bytes(8, "big"),
            head.root,
        )
    )


@value(frozen=True, slots=True)
class Note:
    """A note taken apart: its text and its signatures, each with name, key id and bytes; none is verified yet."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Read a note. Raises NoteError."""
        plain = note.encode(errors="replace")
        if len(note) > MAX_NOTE or len(plain.translate(None, _CONTROL)) != len(plain):
            raise NoteError("a note is too long or has control characters in it")
        text, separator, block = note.rpartition("\n\n")
        if not separator or not block.endswith("\n"):
            raise NoteError("no signature block")
        lines = block[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise NoteError(f"more than {MAX_SIGNATURES} signatures")
        signatures = []
        for line in lines:
            dash, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            if dash != _DASH or not _is_name(name):
                raise NoteError("a signature line is malformed")
            blob = _decoded(encoded, "a signature")
            if len(blob) <= _KEY_ID_SIZE:
                raise NoteError("a signature is too short")
            signatures.append((name, blob[:_KEY_ID_SIZE], blob[_KEY_ID_SIZE:]))
        return cls(text + "\n", tuple(signatures))

    def time_of(self, key: VerifierKey) -> int | None:
        """The time that ``key``'s signature gives (0 for none), None when it didn't sign. Raises NoteError if it is wrong."""
        for name, key_id, signature in self.signatures:
            if name == key.name and key_id == key.key_id():
                return key.verify(self.text, signature)
        return None

    def signed_by(self, key: VerifierKey) -> str:
        """Its text, which ``key`` signed. Raises NoteError when it didn't."""
        if self.time_of(key) is None:
            raise NoteError(f"no signature by {key.name}")
        return self.text


def open_note(note: str, key: VerifierKey) -> str:
    """The text of a note that ``key`` signed. Raises NoteError when it didn't or the note is malformed."""
    return Note.parse(note).signed_by(key)


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


def _decoded(encoded: str, what: str) -> bytes:
    try:
        data = binascii.a2b_base64(encoded)
    except ValueError as error:
        raise NoteError(f"{what} isn't base64") from error
    if base64.b64encode(data).decode() != encoded:  # other characters among it were passed over
        raise NoteError(f"{what} isn't in the one form that base64 has for its bytes")
    return data


@value(frozen=True, slots=True)
class TreeHead:
    """The three lines that every checkpoint begins with, and whatever lines a log adds."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note text."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> "TreeHead":
        """Read a note text. Raises NoteError."""
        origin, *rest = text.removesuffix("\n").split("\n")
        if len(rest) < 2:  # noqa: PLR2004 - size and root
            raise NoteError("a checkpoint has three lines at least")
        size, root, *extensions = rest
        if not (size.isascii() and size.isdigit() and int(size) <= MAX_SIZE):
            raise NoteError("a checkpoint's size isn't one")
        head = cls(origin, int(size), _decoded(root, "a checkpoint's root"), tuple(extensions))
        if not origin or len(head.root) != 32 or not all(extensions) or head.text() != text:  # noqa: PLR2004 - SHA-256
            raise NoteError("a checkpoint isn't in its canonical form")
        return head


@value(frozen=True, slots=True, kw_only=True)
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
        tree = TreeHead.parse(text)
        try:
            head, time_ms = tree.extensions
            checkpoint = cls(
                origin=tree.origin,
                size=tree.size,
                root=tree.root,
                head=base64.b64decode(head[5:], validate=True),
                time_ms=int(time_ms[5:]),
            )
        except ValueError as error:
            raise NoteError(f"a checkpoint is malformed: {error}") from error
        if checkpoint.text() != text:
            raise NoteError("a checkpoint isn't in its canonical form")
        return checkpoint
