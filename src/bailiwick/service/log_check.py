"""Verification of a log's file: its entries, and all that stands beside them."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Any

import orjson

from bailiwick.audit.chain import BESIDE, MAX_FAULTS, Fault, Run, Said, Sealed, Verification, tail_tag, verify
from bailiwick.audit.kinds import Kind
from bailiwick.audit.merkle import HASH_SIZE
from bailiwick.audit.note import Checkpoint, Note, NoteError, VerifierKey
from bailiwick.audit.sealing import DataKey, SealError, open_payload, open_private, payload_key, unpack_entry
from bailiwick.audit.tiles import HEIGHT, WIDTH, joined
from bailiwick.service import blocks
from bailiwick.service.blocks import TAG, Find, OpenBlock, tags_of
from bailiwick.service.kept import PENDING
from bailiwick.service.ledger import TAGGED
from bailiwick.service.log_rows import COLUMNS, OPEN_COLUMNS, Blinder, first_of, read_tile

_ROWS = f"SELECT seq, body, leaf, head, private, {', '.join(COLUMNS)} FROM log WHERE seq >= ? AND seq < ? ORDER BY seq"  # noqa: S608 - constants

_PAYLOAD_MARK = b'"payload":"'
_REMOVALS = frozenset((Kind.PURGED, Kind.KEY_DESTROYED))
_REMOVAL_MARKS = tuple(f'"kind":"{kind}"'.encode() for kind in _REMOVALS)


class LogCheck:
    """One verification, in a transaction of the caller's: what is read is of one moment though a service goes on writing.

    ``find`` gives data keys, ``blinding`` the key of the blinded columns; without them private parts can't be held
    against what entries commit to. ``tail_key`` is that of ``audit.chain.tail_tag``; ``held`` names the keys that were
    at hand before that moment: one that is destroyed meanwhile isn't lost. Raises what SQLite and damaged values raise.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        find: Find,
        blinding: bytes,
        tail_key: bytes | None,
        held: frozenset[str],
    ) -> None:
        self._tail_key = tail_key
        self._held = held
        self._connection = connection
        self._find = find
        self._keys: dict[bytes, DataKey | None] = {}
        self._blinding = blinding
        self._blinder = Blinder(blinding)
        self._faults: list[Fault] = []
        self._roots: dict[int, bytes] = {}
        self._purge_records: list[Any] = []
        self._destroyed: set[str] = set()
        self._left: dict[str, int] = {}
        """Keys that aren't at hand, and the first entry beside which something still stands that each sealed."""
        self._lost: dict[str, int] = {}
        """Keys that aren't at hand, and the first entry that each sealed."""
        self._payloads: dict[int, tuple[str, bytes]] = {}

    def verify(
        self, keys: Sequence[VerifierKey], *, expected_head: bytes | None, notes: Iterable[str]
    ) -> Verification:
        """The whole log (``audit.chain.verify``), and what stands beside its entries."""
        key, *also = keys
        kept = self._connection.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchall()
        own = [note for _, note in kept]
        outcome = verify(
            key.name.rpartition("/")[2],
            self._entries(),
            [*own, *notes],
            key,
            also=also,
            purged=self._purged(),
            expected_head=expected_head,
        )
        beside = (
            *self._tail_faults(outcome, own),
            *self._purge_faults(),
            *self._key_faults(),
            *self._damage(),
            *self._tile_faults(outcome.state.size),
            *self._payload_faults(),
            *_signature_faults(own, keys),
            *_place_faults(kept),
        )
        everything = sorted((*outcome.faults, *self._faults, *beside), key=lambda fault: fault.sequence)
        return Verification(state=outcome.state, checkpoints=outcome.checkpoints, faults=tuple(everything))

    def _tail_faults(self, outcome: Verification, own: Sequence[str]) -> Iterator[Fault]:
        """Entries after the log's last checkpoint for which nothing vouches, and tags in other places."""
        if not outcome.intact or not own:
            return  # told already
        state, signed = outcome.state, Checkpoint.parse(Note.parse(own[-1]).text)
        for sequence, *_ in self._tags(0, signed.size):
            yield Fault(sequence=sequence, message="there is a tag, and a checkpoint that makes it void")
        if signed.size >= state.size:
            return
        which = f"entries {signed.size} to {state.size - 1} are not signed for"
        if self._tail_key is None:
            yield Fault(
                sequence=signed.size,
                message=f"{which} yet, and log.key, with which can be shown that they are as they were written, isn't here",
            )
            return
        tag = tail_tag(self._tail_key, state.size, state.head, signed.text())
        if [found for _, found in self._tags(state.size - 1, state.size)] != [tag]:
            yield Fault(sequence=signed.size, message=f"{which}: they were added or changed outside")

    def _tags(self, first: int, end: int) -> Iterator[tuple[int, bytes]]:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version >= TAGGED:
            sql = "SELECT seq, tag FROM log WHERE seq >= ? AND seq < ? AND tag <> x'' ORDER BY seq"
            yield from self._connection.execute(sql, (first, end))

    def _entries(self) -> Iterator[Sealed | Run]:
        place = 0
        # One after the other, so that one that can't be read doesn't hide those behind it.
        for (number,) in self._connection.execute("SELECT n FROM block ORDER BY n"):
            yield from self._alone(place, number * WIDTH)
            place = (number + 1) * WIDTH
            try:
                yield self._run(next(blocks.blocks(self._connection, self._find, number * WIDTH, place)))
            except (SealError, ValueError, KeyError, TypeError) as error:
                self._faults.append(Fault(sequence=number * WIDTH, message=f"a block was changed: {error}"))
        yield from self._alone(place, 2**62)

    def _run(self, block: OpenBlock) -> Run:
        """A block's entries, once its columns and private parts are held against them."""
        bodies = block.block.bodies()
        said = Said.by(bodies)
        if len(self._faults) < MAX_FAULTS:
            if blocks.told(said.times, said.kinds) != (block.first_ms, block.last_ms, block.kinds):
                self._faults.append(
                    Fault(sequence=block.first, message="search columns changed: first_ms, last_ms, kinds")
                )
            self._faults.extend(self._private_faults(block))
        if not _REMOVALS.isdisjoint(block.kinds.split()):
            self._note_removals(bodies)
        root = self._roots[block.number] = joined(block.leaves)
        return Run(
            first=block.first,
            head=block.head,
            leaves=block.leaves,
            root=root,
            bodies=bodies,
            said=said,
        )

    def _private_faults(self, block: OpenBlock) -> Iterator[Fault]:
        inner, keys = block.block, self._keys_of(block)
        if (every := inner.every_private(keys)) is not None and not self._call_faults(block, *every):
            for place, private in zip(*every, strict=True) if _PAYLOAD_MARK in b"".join(every[1]) else ():
                if _PAYLOAD_MARK in private and (key := keys[inner.owners[place]]) is not None:
                    self._note_payload(block.first + place, private, orjson.loads(inner.body(place)), key)
            return
        for owner, members in enumerate(inner.members()):
            key = keys[owner]
            if key is None or not members:
                continue
            try:
                if inner.is_empty(owner):
                    raise SealError("the private part is gone, though its key was not destroyed")  # noqa: TRY301 - told as the others
                privates = inner.privates(owner, members, key)
            except SealError as error:
                yield Fault(sequence=block.first + members[0], message=str(error))
                continue
            yield from self._call_faults(block, members, privates)
            for place, private in zip(members, privates, strict=True):
                if _PAYLOAD_MARK in private:
                    public = orjson.loads(inner.body(place))
                    self._note_payload(block.first + place, private, public, key)

    def _keys_of(self, block: OpenBlock) -> list[DataKey | None]:
        keys = [self._key(name, block.first) for name in block.block.keys]
        for owner, name in enumerate(block.block.keys) if None in keys else ():
            if keys[owner] is None and not block.block.is_empty(owner):
                self._left.setdefault(name.hex(), block.first)
        return keys

    def _key(self, name: bytes, sequence: int) -> DataKey | None:
        if name not in self._keys:
            key = self._keys[name] = self._find(name.hex())
            if key is None:
                self._lost.setdefault(name.hex(), sequence)
        return self._keys[name]

    def _note_removals(self, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            try:
                public = orjson.loads(body)
            except orjson.JSONDecodeError:
                continue  # the leaf hash tells
            if "origin_seq" in public:
                continue  # it tells of another log
            if public.get("kind") == Kind.PURGED:
                self._purge_records.append(public)
            elif public.get("kind") == Kind.KEY_DESTROYED:
                self._destroyed.update(map(str, public.get("keys", ())))

    def _call_faults(self, block: OpenBlock, places: Sequence[int], privates: Sequence[bytes]) -> list[Fault]:
        """Entries by whose call id a search would not find them."""
        calls, tags = block.calls, tags_of(privates, self._blinding)
        told = [calls[place * TAG : place * TAG + TAG] for place in places]
        if tags == told:
            return []
        return [
            Fault(sequence=block.first + place, message="search columns changed: call_id")
            for place, tag, kept in zip(places, tags, told, strict=True)
            if tag != kept
        ]

    def _alone(self, first: int, end: int) -> Iterator[Sealed]:
        for sequence, kept, leaf, head, private, *columns in self._connection.execute(_ROWS, (first, end)):
            try:
                body = unpack_entry(kept)
            except SealError:
                body = bytes(kept)  # the leaf hash tells
            if any(mark in body for mark in _REMOVAL_MARKS):
                self._note_removals([body])
            if len(self._faults) < MAX_FAULTS:
                self._faults.extend(self._faults_beside(sequence, body, private, columns))
            yield Sealed(sequence=sequence, body=bytes(body), leaf=bytes(leaf), head=bytes(head))

    def _faults_beside(
        self, sequence: int, body: bytes, sealed: bytes, columns: Sequence[Any]
    ) -> Iterator[Fault]:
        """What is wrong with what stands beside an entry: its private part, and the columns."""
        names: tuple[str, ...] = OPEN_COLUMNS
        private = b"{}"
        try:
            public = orjson.loads(body)
            key = self._find(str(public.get("key")))
            if key is not None:
                private = open_private(sealed, str(public.get("private")), key)
                names = COLUMNS
                if _PAYLOAD_MARK in private:
                    self._note_payload(sequence, private, public, key)
            else:
                self._lost.setdefault(str(public.get("key")), sequence)
                if any((sealed, *columns[len(OPEN_COLUMNS) :])):
                    self._left.setdefault(str(public.get("key")), sequence)
        except SealError as error:
            why = str(error) if sealed else "the private part is gone, though its key was not destroyed"
            yield Fault(sequence=sequence, message=why)
            return
        except orjson.JSONDecodeError:
            return  # the leaf hash tells
        fields = {**public, **orjson.loads(private)}
        told = self._blinder.columns_of([fields.get(name, "") for name in COLUMNS])
        wrong = [name for name, one, other in zip(names, told, columns, strict=False) if one != other]
        if wrong:
            yield Fault(sequence=sequence, message=f"search columns changed: {', '.join(wrong)}")

    def _key_faults(self) -> Iterator[Fault]:
        """Data keys that are gone though no record says that they were destroyed; where none is at hand that means nothing."""
        gone = {name: first for name, first in self._lost.items() if name not in self._destroyed | self._held}
        if gone and self._blinding:
            name, first = min(gone.items(), key=itemgetter(1))
            which = (
                f"data key {name} is" if len(gone) == 1 else f"data key {name} and {len(gone) - 1} more are"
            )
            yield Fault(sequence=first, message=f"{which} gone without a record of the destruction")

    def undestroyed(self, alive: Iterable[str]) -> Iterator[Fault]:
        """What a record says was destroyed and is there: data keys, and what they sealed; but for what is being destroyed."""
        sql = "SELECT max(value) FROM state WHERE key = ?"
        (pending,) = self._connection.execute(sql, (PENDING,)).fetchone()
        destroyed = self._destroyed - set(orjson.loads(pending or b"[]"))
        for name in sorted(destroyed.intersection(alive)):
            message = f"keys.db: data key {name} was destroyed on record, and is there again"
            yield Fault(sequence=BESIDE, message=message)
        for name in sorted(destroyed.intersection(self._left)):
            message = f"something stands there that data key {name} sealed, which was destroyed"
            yield Fault(sequence=self._left[name], message=message)

    def _note_payload(self, sequence: int, private: bytes, public: Mapping[str, Any], key: DataKey) -> None:
        fields = orjson.loads(private)
        if not fields.get("payload_left"):
            self._payloads[sequence] = str(fields["payload"]), payload_key(str(public.get("private")), key)

    def _payload_faults(self) -> Iterator[Fault]:
        """Payloads that aren't the ones that their records name, are missing, or belong to none."""
        for sequence, sealed in self._connection.execute("SELECT seq, sealed FROM payload ORDER BY seq"):
            named = self._payloads.pop(sequence, None)
            if named is None:
                if self._blinding:
                    yield Fault(sequence=sequence, message="there is a payload that no record names")
                continue
            digest, key = named
            try:
                if sha256(open_payload(sealed, key)).hexdigest() != digest:
                    raise SealError("the payload isn't the one that was recorded")  # noqa: TRY301 - told as the others
            except SealError as error:
                yield Fault(sequence=sequence, message=str(error))
        for sequence in self._payloads:
            yield Fault(sequence=sequence, message="the payload is gone, though its key was not destroyed")

    def _damage(self) -> list[Fault]:
        rows = self._connection.execute("PRAGMA integrity_check(5)").fetchall()
        return [
            Fault(sequence=BESIDE, message=f"log.db: the file is damaged: {text}")
            for (text,) in rows
            if text != "ok"
        ]

    def _tile_faults(self, size: int) -> Iterator[Fault]:
        """Kept roots of tiles that aren't the ones over what they are of, are missing, or are too many."""
        level, count = 0, size
        while count := count // WIDTH:
            kept = self._connection.execute("SELECT n, hash FROM tile WHERE level = ? ORDER BY n", (level,))
            held = dict(kept.fetchall())
            for index in range(count):
                if held.pop(index, None) != self._root(level, index):
                    yield Fault(
                        sequence=index << (HEIGHT * (level + 1)),
                        message=f"a tile of level {level + 1} was changed",
                    )
            if held:
                yield Fault(sequence=0, message=f"level {level + 1} has tiles of entries that aren't there")
            level += 1
        if self._connection.execute("SELECT 1 FROM tile WHERE level >= ?", (level,)).fetchone():
            yield Fault(sequence=0, message="there are tiles of entries that aren't there")

    def _root(self, level: int, index: int) -> bytes | None:
        """The root over a full tile; None where it isn't full."""
        if not level and index in self._roots:
            return self._roots[index]
        full = read_tile(self._connection, level, index, WIDTH)
        return joined(full) if len(full) == WIDTH * HASH_SIZE else None

    def _purged(self) -> Iterator[bytes]:
        """The leaf hashes of purged entries."""
        for (leaves,) in self._connection.execute("SELECT leaves FROM purged ORDER BY n"):
            yield from (leaves[i : i + HASH_SIZE] for i in range(0, len(leaves), HASH_SIZE))

    def _purge_faults(self) -> Iterator[Fault]:
        """Entries that are gone though no record says that they were purged."""
        first = first_of(self._connection)
        if first and not any(int(record.get("upto", 0)) >= first for record in self._purge_records):
            yield Fault(
                sequence=0, message=f"entries 0 to {first - 1} are gone without a record of their purge"
            )


def _place_faults(kept: Iterable[tuple[int, str]]) -> Iterator[Fault]:
    """Checkpoints that stand where those of another size belong."""
    for size, note in kept:
        with contextlib.suppress(NoteError):  # a note that can't be read is told of elsewhere
            if (signed := Checkpoint.parse(Note.parse(note).text).size) != size:
                message = f"log.db: the checkpoint of {signed} entries stands in the place of that of {size}"
                yield Fault(sequence=BESIDE, message=message)


def _signature_faults(notes: Iterable[str], keys: Sequence[VerifierKey]) -> Iterator[Fault]:
    """Checkpoints of the log's own that carry a signature of somebody else, or one that was made unrecognisable."""
    known = {(key.name, key.key_id()) for key in keys}
    for text in notes:
        with contextlib.suppress(NoteError):  # a note that can't be read is told of elsewhere
            if any((name, key_id) not in known for name, key_id, _ in Note.parse(text).signatures):
                yield Fault(sequence=0, message="a checkpoint has a signature by a key that isn't known")
