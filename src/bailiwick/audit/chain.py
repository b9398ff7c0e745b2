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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from hashlib import blake2b, sha256
from operator import itemgetter
from typing import Any

import orjson

from bailiwick.audit.canonical import UNPLACED, canonical, placed
from bailiwick.audit.merkle import HASH_SIZE, Edge, Frontier, hashed, leaf_hash
from bailiwick.audit.note import Checkpoint, Note, NoteError, VerifierKey
from bailiwick.audit.tiles import HEIGHT, WIDTH
from bailiwick.model.value import value


@value(frozen=True, slots=True, kw_only=True)
class ChainState:
    """Where a log stands: its epoch (name of this log since it was created), chain head and Merkle frontier."""

    epoch: str
    head: bytes
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def size(self) -> int:
        """Entries so far; the next sequence."""
        return self.frontier.size


@value(frozen=True, slots=True, kw_only=True)
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

    ``fields`` are an entry's; epoch and sequence are added to them.
    """
    after, (sealed,) = seal_all(state, (canonical({**fields, **UNPLACED}),))
    return after, sealed


def seal_all(state: ChainState, entries: Iterable[bytes]) -> tuple[ChainState, list[Sealed]]:
    """``seal`` for one after the other; ``entries`` are canonical and have no place yet (``canonical.UNPLACED``)."""
    head, edge, found = state.head, Edge(state.frontier), list[Sealed]()
    epoch = state.epoch.encode()
    for sequence, entry in enumerate(entries, state.size):
        body = placed(entry, epoch, sequence)
        leaf = leaf_hash(body)
        head = link(head, leaf)
        edge.append(leaf)
        found.append(Sealed(sequence=sequence, body=body, leaf=leaf, head=head))
    return ChainState(epoch=state.epoch, head=head, frontier=edge.frontier()), found


def link(head: bytes, leaf: bytes) -> bytes:
    """The chain head after an entry."""
    return sha256(b"\x02" + head + leaf).digest()


TAG_SIZE = 16


def tail_tag(key: bytes, size: int, head: bytes, signed: str) -> bytes:
    """What stands with the last entry of a commit until a signature over it follows: only who has ``key`` can make it.

    It binds the log of ``size`` entries, by its chain head, to the text of the last checkpoint before it, so that it is
    worth nothing beside another one. Keyed BLAKE2b (RFC 7693); ``key`` is made of the log's own (``tail_key``).
    """
    text = b"%d\n%s%s" % (size, head, signed.encode())
    return blake2b(text, key=key, digest_size=TAG_SIZE).digest()


def tail_key(seed: bytes) -> bytes:
    """The key of ``tail_tag``, of the seed that the log's checkpoints are signed with."""
    return sha256(b"bailiwick tail v1\n" + seed).digest()


@value(frozen=True, slots=True, kw_only=True)
class Said:
    """What entries say: their clocks, their kinds, which log and which place they name, and whether all are canonical."""

    times: list[int]
    kinds: set[str]
    epochs: set[str]
    sequences: list[int]
    canonical: bool

    @classmethod
    def by(cls, bodies: Sequence[bytes]) -> "Said":
        """Read entries, a few at a time: so what is read is still in the processor's cache when it is written again.

        Raises KeyError, TypeError and ValueError where one isn't an entry.
        """
        said = cls(times=[], kinds=set(), epochs=set(), sequences=[], canonical=True)
        canonical = True
        for low in range(0, len(bodies), _AT_ONCE):
            some = bodies[low : low + _AT_ONCE]
            text = b"[" + b",".join(some) + b"]"
            records = orjson.loads(text)
            canonical = canonical and _are_canonical(some, text, records)
            times, kinds, epochs, sequences = zip(*map(_SAYS, records), strict=True)
            said.times.extend(times)
            said.kinds.update(kinds)
            said.epochs.update(epochs)
            said.sequences.extend(sequences)
        return said if canonical else replace(said, canonical=False)


_AT_ONCE = 64
_SAYS = itemgetter("time_ms", "kind", "epoch", "seq")


def _are_canonical(bodies: Sequence[bytes], text: bytes, records: Sequence[Any]) -> bool:
    """Whether each of ``bodies`` is the canonical form of one of ``records``, which were read from all of them, joined as ``text``.

    That the text is canonical isn't enough: ``{"a":[{}`` and ``{}]}`` are so together. Where each has one brace, at its beginning, the text
    has as many as there are records, one at the beginning of each, so both begin and end in the same places.
    """
    if len(records) != len(bodies) or orjson.dumps(records, option=orjson.OPT_SORT_KEYS) != text:
        return False
    if {one.rfind(b"{") for one in bodies} == {0}:
        return True
    return all(canonical(record) == body for record, body in zip(records, bodies, strict=True))


@value(frozen=True, slots=True, kw_only=True)
class Run:
    """Entries kept together, to be verified in one go: from ``first`` on, after the chain head ``head``.

    ``leaves`` are the leaf hashes that are kept with them and ``root`` the root over those.
    """

    first: int
    head: bytes
    leaves: bytes
    root: bytes
    bodies: Sequence[bytes]
    said: Said

    def apart(self) -> Iterator[Sealed]:
        """The entries one by one, with the chain heads that the leaf hashes give."""
        head = self.head
        for number, body in enumerate(self.bodies):
            leaf = self.leaves[number * HASH_SIZE : (number + 1) * HASH_SIZE]
            head = link(head, leaf)
            yield Sealed(sequence=self.first + number, body=body, leaf=leaf, head=head)


BESIDE = -1
"""The place of a fault that isn't one of an entry."""


@value(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something ``verify`` found: from which entry on (``BESIDE`` where it is of none), and what."""

    sequence: int
    message: str


@value(frozen=True, slots=True, kw_only=True)
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
    entries: Iterable[Sealed | Run],
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
    walk = _Walk(epoch, _opened(notes, key, also, faults), faults, expected_head)
    count = len(walk.checkpoints)
    walk.heed_checkpoints()
    for leaf in purged:
        walk.add(leaf, link(walk.head, leaf))
        walk.heed_checkpoints()
    for entry in entries:
        if isinstance(entry, Run):
            walk.run(entry)
        else:
            walk.entry(entry)
        if len(faults) >= MAX_FAULTS:
            break
    return walk.end(count)


class _Walk:
    """A verification under way: where it stands, and what it found."""

    def __init__(
        self,
        epoch: str,
        checkpoints: dict[int, tuple[Checkpoint, ...]],
        faults: list[Fault],
        expected_head: bytes | None,
    ) -> None:
        self.epoch = epoch
        self.checkpoints = checkpoints
        self.faults = faults
        self.tree, self.head = Edge(), genesis(epoch).head
        self.upcoming = 0
        self.expected = expected_head
        self.seen = expected_head is None or expected_head == self.head

    def add(self, leaf: bytes, head: bytes) -> None:
        """Go on by one entry."""
        self.head = head
        self.tree.append(leaf)
        self.upcoming += 1
        self.seen = self.seen or head == self.expected

    def heed_checkpoints(self) -> None:
        """Hold the checkpoints of this size, if there are any, against the log (5)."""
        for checkpoint in self.checkpoints.pop(self.upcoming, ()):
            if checkpoint.head != self.head or checkpoint.root != self.tree.frontier().root():
                message = f"the checkpoint signed at size {self.tree.size} is of another log"
                self.faults.append(Fault(sequence=max(self.tree.size - 1, 0), message=message))

    def entry(self, entry: Sealed) -> None:
        """Verify one entry."""
        leaf = leaf_hash(entry.body)
        found = tuple(_entry_faults(self.epoch, (self.upcoming, self.head), entry, leaf))
        broken = bool(self.faults or found)
        self.faults.extend(found)
        # After a fault go on from what the entry claims, so that each fault is told once and in its place.
        self.upcoming = entry.sequence
        self.add(leaf, entry.head)
        if broken:
            self.checkpoints.pop(self.upcoming, ())
        else:
            self.heed_checkpoints()

    def run(self, run: Run) -> None:
        """Verify entries that are kept together: at once where nothing is wrong, else one by one."""
        if self.faults or not self._is_sound(run):
            for entry in run.apart():
                self.entry(entry)
            return
        leaves, first, end = run.leaves, self.upcoming, self.upcoming + len(run.bodies)
        if first % WIDTH or len(run.bodies) != WIDTH:
            for at in range(0, len(leaves), HASH_SIZE):
                leaf = leaves[at : at + HASH_SIZE]
                self.add(leaf, link(self.head, leaf))
                self.heed_checkpoints()
            return
        head, begun = self.head, sha256(b"\x02").copy
        heads = [head]
        for at in range(0, len(leaves), HASH_SIZE):
            one = begun()
            one.update(head + leaves[at : at + HASH_SIZE])
            head = one.digest()
            heads.append(head)
        before = self.tree.frontier()
        for size in range(first + 1, end):
            if size in self.checkpoints:
                self.tree, self.upcoming, self.head = Edge(before), size, heads[size - first]
                self.tree.append_few(leaves[: (size - first) * HASH_SIZE])
                self.heed_checkpoints()
        self.tree, self.upcoming, self.head = Edge(before), end, heads[-1]
        self.tree.append_full(run.root, HEIGHT)
        self.seen = self.seen or self.expected in heads
        self.heed_checkpoints()

    def _is_sound(self, run: Run) -> bool:
        """Whether (1) to (4) hold for every entry of a run."""
        if run.first != self.upcoming or run.head != self.head:
            return False
        if b"".join(hashed(b"\x00", run.bodies)) != run.leaves:
            return False
        places = list(range(run.first, run.first + len(run.bodies)))
        return run.said.canonical and run.said.sequences == places and run.said.epochs == {self.epoch}

    def end(self, checkpoints: int) -> Verification:
        """The outcome, once every entry was verified."""
        for size in sorted(self.checkpoints):  # (6)
            if size > self.upcoming:
                message = f"entries {self.upcoming} to {size - 1} were signed for and are gone"
                self.faults.append(Fault(sequence=self.upcoming, message=message))
        if not self.seen:
            self.faults.append(
                Fault(sequence=self.upcoming, message="no entry has the chain head seen earlier")
            )
        state = ChainState(epoch=self.epoch, head=self.head, frontier=self.tree.frontier())
        return Verification(state=state, checkpoints=checkpoints, faults=tuple(self.faults[:MAX_FAULTS]))


def _opened(
    notes: Iterable[str], key: VerifierKey, also: Sequence[VerifierKey], faults: list[Fault]
) -> dict[int, tuple[Checkpoint, ...]]:
    opened: dict[int, tuple[Checkpoint, ...]] = {}
    for note in notes:
        try:
            parsed = Note.parse(note)
            checkpoint = Checkpoint.parse(parsed.signed_by(key))
            for other in also:
                parsed.time_of(other)
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
