"""Sealing and verifying: what makes a change of the log visible (design.md, law 10).

Every entry has a leaf hash (RFC 6962: SHA-256 of 0x00 and its bytes) and a chain head (SHA-256 of 0x02, the head
before it and its leaf hash). The signed checkpoint binds size, head and Merkle root, so that a log cut off at the
end is found against the last checkpoint, and one re-computed from some point on against any checkpoint kept.

Verification, per entry (1) to (4), then (5) and (6):

1. the sequence goes on by one;
2. the leaf hash is that of the bytes;
3. the head is that of the head before and the leaf hash;
4. the bytes are canonical and name this log's epoch and this sequence;
5. every checkpoint's signature, origin, size, head and root are those of the log at that size;
6. the log isn't shorter than the latest checkpoint or than what the verifier saw earlier.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from bailiwick.audit.canonical import canonical
from bailiwick.audit.merkle import Edge, Frontier, leaf_hash
from bailiwick.audit.note import Checkpoint, Note, NoteError, VerifierKey, open_note


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """Where a log stands: its epoch (name of this log since it was created), chain head and Merkle frontier."""

    epoch: str
    head: bytes
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def size(self) -> int:
        """Entries so far; the next sequence."""
        return self.frontier.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One entry of the log: its place, canonical bytes, leaf hash and the chain head after it."""

    sequence: int
    body: bytes
    leaf: bytes
    head: bytes


def genesis(epoch: str) -> ChainState:
    """The empty log of ``epoch``; its head binds the name, so entries of one log don't fit another."""
    return ChainState(epoch=epoch, head=sha256(b"bailiwick log v1\n" + epoch.encode()).digest())


def seal(state: ChainState, fields: Mapping[str, Any]) -> tuple[ChainState, Sealed]:
    """Give a record its place: the state after it and the sealed entry.

    ``fields`` are an entry's (``sealing.sealed_fields``); epoch and sequence are added to them.
    """
    sequence = state.size
    body = canonical({**fields, "epoch": state.epoch, "seq": sequence})
    leaf = leaf_hash(body)
    head = link(state.head, leaf)
    after = ChainState(epoch=state.epoch, head=head, frontier=state.frontier.append(leaf))
    return after, Sealed(sequence=sequence, body=body, leaf=leaf, head=head)


def link(head: bytes, leaf: bytes) -> bytes:
    """The chain head after an entry."""
    return sha256(b"\x02" + head + leaf).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something ``verify`` found: from which entry on, and what."""

    sequence: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Outcome of a verification: the state re-computed from the entries, and every fault."""

    state: ChainState
    checkpoints: int
    faults: tuple[Fault, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


MAX_FAULTS = 20
"""Faults listed; one altered log has as many as it has entries."""


def verify(  # noqa: PLR0913 - what is verified, under which keys, against what is known
    epoch: str,
    entries: Iterable[Sealed],
    notes: Iterable[str],
    key: VerifierKey,
    *,
    also: Sequence[VerifierKey] = (),
    purged: Iterable[bytes] = (),
    expected_head: bytes | None = None,
) -> Verification:
    """Re-compute the whole log and compare (see module). ``notes`` are its signed checkpoints, in any order.

    ``key`` must have signed each; signatures by ``also``, where there are any, must hold too. ``purged`` are the leaf
    hashes of entries, from 0 on, that are no longer there; ``entries`` go on after them. ``expected_head`` is a chain head seen earlier: some entry must still have it.
    """
    faults: list[Fault] = []
    checkpoints = _opened(notes, key, also, faults)
    count = len(checkpoints)
    tree, head = Edge(), genesis(epoch).head
    seen = expected_head is None or expected_head == head
    faults.extend(_checkpoint_faults(tree, head, checkpoints.pop(0, ())))
    for leaf in purged:
        head = link(head, leaf)
        tree.append(leaf)
        seen = seen or head == expected_head
        faults.extend(_checkpoint_faults(tree, head, checkpoints.pop(tree.size, ())))
    upcoming = tree.size
    for entry in entries:
        leaf = leaf_hash(entry.body)
        found = tuple(_entry_faults(epoch, (upcoming, head), entry, leaf))
        broken = bool(faults or found)
        faults.extend(found)
        if len(faults) >= MAX_FAULTS:
            break
        # After a fault go on from what the entry claims, so that each fault is told once and in its place.
        upcoming = entry.sequence + 1
        head = entry.head
        tree.append(leaf)
        seen = seen or head == expected_head
        due = checkpoints.pop(upcoming, ())
        if due and not broken:
            faults.extend(_checkpoint_faults(tree, head, due))
    for size in sorted(checkpoints):  # (6)
        if size > upcoming:
            message = f"entries {upcoming} to {size - 1} were signed for and are gone"
            faults.append(Fault(sequence=upcoming, message=message))
    if not seen:
        faults.append(Fault(sequence=upcoming, message="no entry has the chain head seen earlier"))
    state = ChainState(epoch=epoch, head=head, frontier=tree.frontier())
    return Verification(state=state, checkpoints=count, faults=tuple(faults[:MAX_FAULTS]))


def _opened(
    notes: Iterable[str], key: VerifierKey, also: Sequence[VerifierKey], faults: list[Fault]
) -> dict[int, tuple[Checkpoint, ...]]:
    opened: dict[int, tuple[Checkpoint, ...]] = {}
    for note in notes:
        try:
            checkpoint = Checkpoint.parse(open_note(note, key))
            for other in also:
                Note.parse(note).time_of(other)
        except NoteError as error:
            faults.append(Fault(sequence=0, message=f"checkpoint: {error}"))
            continue
        if checkpoint.origin != key.name:
            faults.append(Fault(sequence=0, message=f"a checkpoint is of another log, {checkpoint.origin}"))
            continue
        opened[checkpoint.size] = (*opened.get(checkpoint.size, ()), checkpoint)
    if not opened:
        faults.append(Fault(sequence=0, message="no valid checkpoint: nothing says how long the log was"))
    return opened


def _entry_faults(epoch: str, before: tuple[int, bytes], entry: Sealed, leaf: bytes) -> Iterable[Fault]:
    """What is wrong with an entry that should have the sequence and follow the head ``before``."""
    sequence, head = before
    if entry.sequence != sequence:  # (1)
        yield Fault(sequence=sequence, message=f"entry {sequence} is missing; entry {entry.sequence} follows")
    if entry.leaf != leaf:  # (2)
        yield Fault(sequence=entry.sequence, message="the bytes were changed: they don't have the leaf hash")
    elif entry.head != link(head, leaf) and entry.sequence == sequence:  # (3)
        yield Fault(sequence=entry.sequence, message="the chain head doesn't follow from the entries before")
    try:  # (4)
        fields = orjson.loads(entry.body)
        named = isinstance(fields, dict) and canonical(fields) == entry.body
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        named = False
    if not named or fields.get("epoch") != epoch or fields.get("seq") != entry.sequence:
        yield Fault(sequence=entry.sequence, message="the bytes aren't this log's entry of this sequence")


def _checkpoint_faults(tree: Edge, head: bytes, checkpoints: Iterable[Checkpoint]) -> Iterable[Fault]:
    for checkpoint in checkpoints:  # (5)
        if checkpoint.head != head or checkpoint.root != tree.frontier().root():
            yield Fault(
                sequence=max(tree.size - 1, 0),
                message=f"the checkpoint signed at size {tree.size} is of another log",
            )
