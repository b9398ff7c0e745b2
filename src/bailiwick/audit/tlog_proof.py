"""One entry's proof in one file: C2SP tlog-proof. Together with the entry and the keys it needs nothing else.

The file holds the entry's place, the inclusion proof and the checkpoint with its signatures. In the opaque ``extra`` line
stands the entry itself, and its private part where that was disclosed: the entry is hashed, so changing it shows.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence

import orjson

from bailiwick.audit.merkle import HASH_SIZE, ProofError, leaf_hash, verify_inclusion
from bailiwick.audit.note import Note, NoteError, TreeHead, VerifierKey
from bailiwick.audit.sealing import commitment
from bailiwick.model.value import value

_MAGIC = "c2sp.org/tlog-proof@v1"


@value(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """A proof that ``entry`` stands at ``index`` of the log that ``checkpoint`` (a signed note) is of.

    ``private`` is the private part of the record where it is disclosed.
    """

    index: int
    entry: bytes
    private: bytes | None
    hashes: tuple[bytes, ...]
    checkpoint: str

    def text(self) -> str:
        """The file."""
        extra = {"entry": self.entry.decode()} | ({"private": self.private.decode()} if self.private else {})
        lines = [
            _MAGIC,
            f"extra {base64.b64encode(orjson.dumps(extra)).decode()}",
            f"index {self.index}",
            *(base64.b64encode(part).decode() for part in self.hashes),
        ]
        return "\n".join(lines) + f"\n\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> "TlogProof":
        """Read a file. Raises ProofError."""
        head, separator, checkpoint = text.partition("\n\n")
        magic, *lines = head.split("\n")
        if not separator or magic != _MAGIC or len(lines) < 2:  # noqa: PLR2004 - extra and index
            raise ProofError("this isn't a C2SP tlog-proof")
        extra, index, *hashes = lines
        number = index.removeprefix("index ")
        if not extra.startswith("extra ") or index == number or not (number.isascii() and number.isdigit()):
            raise ProofError("the proof has no extra or index line")
        try:
            told = orjson.loads(base64.b64decode(extra[6:], validate=True))
            parts = tuple(base64.b64decode(part, validate=True) for part in hashes)
            entry, private = told["entry"].encode(), told.get("private")
            proof = cls(
                index=int(number),
                entry=entry,
                private=None if private is None else private.encode(),
                hashes=parts,
                checkpoint=checkpoint,
            )
        except (binascii.Error, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProofError("the proof is malformed") from error
        if any(len(part) != HASH_SIZE for part in parts) or proof.text() != text:
            raise ProofError("the proof isn't in its canonical form")
        return proof

    def verify(self, log: Sequence[VerifierKey], witnesses: Iterable[VerifierKey] = ()) -> "Proven":
        """What this proves under the keys of the log, one of which must have signed. Raises ProofError.

        1. The checkpoint is signed by the log; every signature by a known key holds.
        2. The inclusion proof leads from the entry's hash to the checkpoint's root.
        3. The entry says itself that it stands in this place of this log.
        4. The private part, where it is disclosed, is the one that the entry commits to.
        """
        try:
            note = Note.parse(self.checkpoint)
            times = {key.name: note.time_of(key) for key in witnesses}
            signed = [key for key in log if note.time_of(key) is not None]  # (1)
            head = TreeHead.parse(note.text)
        except NoteError as error:
            raise ProofError(f"the checkpoint: {error}") from error
        if not signed:
            raise ProofError("the checkpoint: no signature by the log's key")
        if any(key.name != head.origin for key in signed):
            raise ProofError(f"the checkpoint is of another log, {head.origin}")
        verify_inclusion(leaf_hash(self.entry), self.index, head.size, self.hashes, head.root)  # (2)
        try:
            fields = orjson.loads(self.entry)
            place = (fields["epoch"], fields["seq"])
        except (ValueError, TypeError, KeyError) as error:
            raise ProofError("the entry isn't a record of Bailiwick") from error
        if place != (head.origin.rpartition("/")[2], self.index):  # (3)
            raise ProofError("the entry says that it stands elsewhere")
        if self.private is not None and commitment(self.private).hex() != fields.get("private"):  # (4)
            raise ProofError("the private part isn't the one that was recorded")
        return Proven(
            origin=head.origin,
            size=head.size,
            witnessed={name: time for name, time in times.items() if time is not None},
        )


@value(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a proof shows: the log, its size then, and which witnesses saw it, at which second since 1970."""

    origin: str
    size: int
    witnessed: dict[str, int]
