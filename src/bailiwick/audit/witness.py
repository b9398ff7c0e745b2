"""What a witness answers: C2SP tlog-witness. Pure; the service stores what it must remember before it answers.

A witness remembers the last checkpoint of each log that it cosigned. It cosigns the next one only if that is signed by the
log and proven to continue the one before. So whoever owns a log's key can't show one history to one person and
another to the next, nor go back: there is one line of checkpoints with the witness's name on it.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum

from bailiwick.audit.merkle import EMPTY_ROOT, ProofError, verify_consistency
from bailiwick.audit.note import MAX_SIZE, Note, NoteError, Signer, TreeHead, VerifierKey
from bailiwick.model.value import value

MAX_REQUEST = 64 * 1024
"""Bytes of a request at most."""

MAX_PROOF = 63
"""Lines of a consistency proof at most (tlog-witness)."""

SIZE_TYPE = "text/x.tlog.size"


class Status(IntEnum):
    """What a witness answers with (HTTP)."""

    OK = 200
    BAD_REQUEST = 400
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    UNPROCESSABLE_ENTITY = 422


@value(frozen=True, slots=True)
class Seen:
    """The last checkpoint of a log that was cosigned: its size and root."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@value(frozen=True, slots=True, kw_only=True)
class WitnessAnswer:
    """What is answered, and, where that is a cosignature, what must be on stable storage first."""

    status: Status
    body: str
    content_type: str = "text/plain"
    origin: str = ""
    remember: Seen | None = None
    checkpoint: str = ""


@value(frozen=True, slots=True)
class Submission:
    """A request: the size that the log believes the witness saw last, the proof from there, the signed checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: str

    def text(self) -> str:
        """The request's body."""
        lines = (f"old {self.old}", *(base64.b64encode(part).decode() for part in self.proof))
        return "\n".join(lines) + f"\n\n{self.checkpoint}"

    @classmethod
    def parse(cls, body: bytes) -> "Submission":
        """Read a request's body. Raises ValueError."""
        if len(body) > MAX_REQUEST:
            raise ValueError(f"larger than {MAX_REQUEST} bytes")
        head, separator, checkpoint = body.decode("utf-8").partition("\n\n")
        first, *lines = head.split("\n")
        size = first.removeprefix("old ")
        if (
            not separator
            or size == first
            or not (size.isascii() and size.isdigit() and str(int(size)) == size)
        ):
            raise ValueError("the first line reads: old SIZE")
        if len(lines) > MAX_PROOF or int(size) > MAX_SIZE:
            raise ValueError("the proof is too long")
        try:
            proof = tuple(base64.b64decode(line, validate=True) for line in lines)
        except binascii.Error as error:
            raise ValueError("a line of the proof isn't base64") from error
        return cls(int(size), proof, checkpoint)


def add_checkpoint(
    body: bytes,
    logs: Mapping[str, Sequence[VerifierKey]],
    seen: Callable[[str], Seen],
    signers: Sequence[Signer],
    time_s: int,
) -> WitnessAnswer:
    """The answer to a submission. ``logs`` are the keys trusted, by origin; ``seen`` what was cosigned last.

    1. The request is well-formed.
    2. The log is known, and one of its keys signed.
    3. The old size is not above the new one, and is that of the checkpoint cosigned last.
    4. At the same size the roots are equal; otherwise the proof shows that nothing before was changed.
    """
    try:
        asked = Submission.parse(body)  # (1)
        note = Note.parse(asked.checkpoint)
        head = TreeHead.parse(note.text)
    except (ValueError, UnicodeDecodeError) as error:
        return _refused(Status.BAD_REQUEST, str(error))
    if head.origin not in logs:  # (2)
        return _refused(Status.NOT_FOUND, "this log is not known here")
    if not any(_signed(note, key) for key in logs[head.origin]):
        return _refused(Status.FORBIDDEN, "no signature by a key of this log")
    if asked.old > head.size:  # (3)
        return _refused(Status.BAD_REQUEST, "the old size is above the checkpoint's")
    last = seen(head.origin)
    if asked.old != last.size:
        return WitnessAnswer(status=Status.CONFLICT, body=f"{last.size}\n", content_type=SIZE_TYPE)
    if last.size == head.size and last.root != head.root:  # (4)
        return _refused(Status.CONFLICT, "another root was cosigned at this size")
    try:
        verify_consistency(asked.old, head.size, asked.proof, last.root, head.root)
    except ProofError as error:
        return _refused(Status.UNPROCESSABLE_ENTITY, str(error))
    lines = "".join(signer.line(note.text, time_s=time_s) for signer in signers)
    return WitnessAnswer(
        status=Status.OK,
        body=lines,
        origin=head.origin,
        remember=Seen(head.size, head.root),
        checkpoint=asked.checkpoint,
    )


def _refused(status: Status, why: str) -> WitnessAnswer:
    return WitnessAnswer(status=status, body=f"{why}\n")


def _signed(note: Note, key: VerifierKey) -> bool:
    try:
        return note.time_of(key) is not None
    except NoteError:
        return False
