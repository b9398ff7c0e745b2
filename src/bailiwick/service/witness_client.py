"""Having a checkpoint cosigned: the log's side of C2SP tlog-witness."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from bailiwick.audit.merkle import ProofError
from bailiwick.audit.note import Note, NoteError, TreeHead, VerifierKey
from bailiwick.audit.witness import SIZE_TYPE, Submission
from bailiwick.model.value import value

SECONDS = 10.0
"""How long a witness may take for one answer."""

MAX_ANSWER = 64 * 1024


class WitnessError(Exception):
    """A witness did not cosign; the message says what it answered. ``alarm`` says that it holds another history."""

    def __init__(self, message: str, *, alarm: bool = False) -> None:
        super().__init__(message)
        self.alarm = alarm


@value(frozen=True, slots=True, kw_only=True)
class WitnessAddress:
    """A witness as a log knows it: where it is asked, and the keys it signs with."""

    url: str
    keys: tuple[VerifierKey, ...]


def cosigned(
    witness: WitnessAddress, checkpoint: str, consistency: Callable[[int, int], Sequence[bytes]]
) -> str:
    """``checkpoint`` with the witness's cosignatures added. ``consistency`` proves from an old size to a newer one.

    1. Ask with the old size zero; a witness that saw the log before answers with the size it saw last.
    2. Ask again with the proof from there.
    3. Take over only signatures by the keys that the witness is known by.

    Raises WitnessError.
    """
    size = TreeHead.parse(Note.parse(checkpoint).text).size
    old, proof = 0, tuple[bytes, ...]()
    for _ in range(3):  # a third time where another submission came between
        status, kind, body = _post(witness.url, Submission(old, proof, checkpoint).text().encode())
        if status == HTTPStatus.OK:
            return checkpoint + _ours(witness, checkpoint, body)  # (3)
        if status != HTTPStatus.CONFLICT or kind != SIZE_TYPE:
            told = body.decode("utf-8", "replace").strip()[:200]
            rewritten = status in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
            raise WitnessError(f"{witness.url} answered {status}: {told}", alarm=rewritten)
        seen = body.decode("ascii", "replace").strip()
        if not seen.isdigit():
            raise WitnessError(f"{witness.url} answered {status} without a size")
        old = int(seen)
        if old > size:
            why = f"{witness.url} saw this log with {old} entries, and it has {size}: entries were removed"
            raise WitnessError(why, alarm=True)
        try:
            proof = tuple(consistency(old, size))  # (2)
        except (IndexError, ProofError) as error:
            raise WitnessError(f"no proof from {old} to {size}: {error}", alarm=True) from error
    raise WitnessError(f"{witness.url} keeps naming another size")


def _ours(witness: WitnessAddress, checkpoint: str, body: bytes) -> str:
    try:
        lines = body.decode("utf-8").removesuffix("\n").split("\n")
        kept = ""
        for line in lines:
            note = Note.parse(f"{checkpoint}{line}\n")
            if any(note.time_of(key) is not None for key in witness.keys):
                kept += f"{line}\n"
    except (UnicodeDecodeError, NoteError) as error:
        raise WitnessError(f"{witness.url}: {error}") from error
    if not kept:
        raise WitnessError(f"{witness.url} signed with a key that isn't known of it")
    return kept


def _post(url: str, body: bytes) -> tuple[int, str, bytes]:
    import http.client  # noqa: PLC0415 - with all of mail's headers, which no start has to wait for

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise WitnessError(f"{url} is no address of a witness")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=SECONDS)
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/add-checkpoint", body=body)
        reply = connection.getresponse()
        answer = reply.read(MAX_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise WitnessError(f"{url} does not answer: {error}") from error
    finally:
        connection.close()
    return reply.status, reply.headers.get_content_type(), answer
