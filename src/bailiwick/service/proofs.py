"""Proofs of single events, from the log as it stands."""

from bailiwick.audit.merkle import ProofError
from bailiwick.audit.note import Note, TreeHead
from bailiwick.audit.tiles import Tree
from bailiwick.audit.tlog_proof import TlogProof
from bailiwick.service.kept import COSIGNED
from bailiwick.service.log_reader import LogReader

"""Under which names the checkpoints that witnesses cosigned are kept beside the log, by size."""


def cosigned_name(size: int) -> str:
    """The name under which the cosigned checkpoint of this size is kept; names sort as sizes do."""
    return f"{COSIGNED}{size:020d}"


def prove(reader: LogReader, sequence: int, *, private: bool) -> TlogProof:
    """The proof of one event, with its private part if ``private`` and it can be read.

    Under the last checkpoint that a witness cosigned, if the event is in it, else under the last. Raises ProofError.
    """
    entry = next(reader.entries(sequence, end=sequence + 1), None) if sequence >= 0 else None
    if entry is None:
        gone = " any more: it was purged" if 0 <= sequence < reader.first() else ""
        raise ProofError(f"the log has no entry {sequence}{gone}")
    note = _checkpoint_over(reader, sequence)
    head = TreeHead.parse(Note.parse(note).text)
    if sequence >= head.size:
        raise ProofError(f"entry {sequence} isn't signed for yet: its service does that as soon as it runs")
    return TlogProof(
        index=sequence,
        entry=entry.sealed.body,
        private=entry.private if private else None,
        hashes=tuple(Tree(reader, head.size).inclusion(sequence)),
        checkpoint=note,
    )


def _checkpoint_over(reader: LogReader, sequence: int) -> str:
    kept = reader.state(COSIGNED)
    for name in sorted(kept, reverse=True)[:1]:
        if int(name.removeprefix(COSIGNED)) > sequence:
            return kept[name].decode()
    return reader.checkpoint()
