"""Blocks in the log's file: one row for the entries of a tile that is settled (``audit.block``)."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from bailiwick.audit.block import Block, BlockError, pack
from bailiwick.audit.chain import Sealed, link
from bailiwick.audit.merkle import HASH_SIZE
from bailiwick.audit.sealing import BLIND_SIZE, DataKey, SealError, blind, blind_bytes
from bailiwick.audit.tiles import WIDTH
from bailiwick.model.value import value

SCHEMA = """
CREATE TABLE block (
  n INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, kinds TEXT NOT NULL, head BLOB NOT NULL,
  calls BLOB NOT NULL, leaves BLOB NOT NULL, entries BLOB NOT NULL, private BLOB NOT NULL
) STRICT;
"""
"""``head`` is the chain head before the first entry, ``calls`` the beginnings of the blinded ids of tool calls."""

COLUMNS = "n, first_ms, last_ms, kinds, head, calls, leaves, entries, private"
INSERT = f"INSERT INTO block ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants

TAG = 4
"""Bytes of a blinded call id that are kept: what they find by chance is looked at and left."""

_NO_TAG = bytes(TAG)
_CALL_NAME, _CALL_MARK = b"call_id", b'"call_id":"'
_CALL_TEXT = _CALL_NAME + b"\0"

Find = Callable[[str], DataKey | None]


@value(frozen=True, slots=True)
class Settled:
    """An entry with what stands beside it, on its way into a block."""

    sealed: Sealed
    private: bytes | None
    key: DataKey | None
    time_ms: int
    kind: str


def row_of_block(head: bytes, entries: Sequence[Settled], blinding: bytes) -> tuple[Any, ...]:
    """The row of the entries of a tile, before which the chain head was ``head``. Raises BlockError."""
    number, offset = divmod(entries[0].sealed.sequence, WIDTH)
    if offset or len(entries) != WIDTH:
        raise BlockError("not the entries of one tile")
    privates = [one.private for one in entries]
    packed = pack(number, [one.sealed.body for one in entries], privates, [one.key for one in entries])
    first_ms, last_ms, kinds = told([one.time_ms for one in entries], {one.kind for one in entries})
    calls = b"".join(tags_of([private or b"" for private in privates], blinding))
    leaves = b"".join([one.sealed.leaf for one in entries])
    return (number, first_ms, last_ms, kinds, head, calls, leaves, packed.entries, packed.private)


def told(times: Sequence[int], kinds: Collection[str]) -> tuple[int, int, str]:
    """What the columns say of entries with these clocks and kinds: the first and the last of those, and these."""
    return min(times), max(times), " ".join(sorted(kinds))


def tag_of(private: bytes, blinding: bytes) -> bytes:
    """The beginning of the blinded call id of a private part; zeros where it has none."""
    at = private.find(_CALL_MARK)
    if at < 0:
        return _NO_TAG
    at += len(_CALL_MARK)
    call = private[at : private.find(b'"', at)]
    if b"\\" in call:
        call = orjson.loads(private)["call_id"].encode("utf-8", "surrogatepass")
    return blind_bytes(blinding, _CALL_NAME, call)[:TAG] if call else _NO_TAG


def tags_of(privates: Sequence[bytes], blinding: bytes) -> list[bytes]:
    """``tag_of`` for each of many."""
    calls = [private.partition(_CALL_MARK)[2].partition(b'"')[0] for private in privates]
    if b"\\" in b"".join(calls):
        return [tag_of(private, blinding) for private in privates]
    begun, found = blake2b(_CALL_TEXT, key=blinding, digest_size=BLIND_SIZE).copy, []
    for call in calls:
        one = begun()
        one.update(call)
        found.append(one.digest()[:TAG] if call else _NO_TAG)
    return found


def call_tag(call_id: str, blinding: bytes) -> bytes:
    """The beginning of a blinded call id."""
    return blind(blinding, "call_id", call_id)[:TAG] or _NO_TAG


class OpenBlock:
    """A block as it is read: entries with their chain heads, and private parts where their keys are at hand."""

    def __init__(self, row: tuple[Any, ...], find: Find) -> None:
        self.number: int = row[0]
        self.first: int = self.number * WIDTH
        self.first_ms, self.last_ms, self.kinds, self.head, self.calls, self.leaves = row[1:7]
        self.block = Block(self.number, *row[7:])
        self._find = find
        self._opened: dict[int, dict[int, bytes]] = {}
        self._heads: list[bytes] = [self.head]
        sizes = (self.block.count, len(self.leaves) // HASH_SIZE, len(self.calls) // TAG)
        if sizes != (WIDTH, WIDTH, WIDTH) or len(self.leaves) % HASH_SIZE or len(self.calls) % TAG:
            raise SealError("a block was changed: it isn't that of a whole tile")

    @property
    def end(self) -> int:
        """The sequence after its last entry."""
        return self.first + self.block.count

    def all(self) -> list[Sealed]:
        """Every entry. Raises SealError."""
        return [self._sealed(place, body) for place, body in enumerate(self.block.bodies())]

    def one(self, sequence: int) -> Sealed:
        """One entry. Raises SealError."""
        return self._sealed(sequence - self.first, self.block.body(sequence - self.first))

    def private(self, sequence: int) -> bytes | None:
        """The private part of an entry; None where its key isn't at hand or was destroyed. Raises SealError."""
        place = sequence - self.first
        owner = self.block.owners[place]
        if owner not in self._opened:
            key = None if self.block.is_empty(owner) else self._find(self.block.key(owner).hex())
            members = self.block.members_of(owner) if key else []
            privates = self.block.privates(owner, members, key) if key else []
            self._opened[owner] = dict(zip(members, privates, strict=True))
        return self._opened[owner].get(place)

    def texts(self) -> list[bytes]:
        """The JSON text of every record, in no order of its fields, with ``sealed`` where its private part can't be read. Raises SealError."""
        texts, names = self.block.bodies(), enumerate(self.block.keys)
        keys = [None if self.block.is_empty(owner) else self._find(name.hex()) for owner, name in names]
        if (every := self.block.every_private(keys)) is None:
            raise SealError("a private part was changed")
        for place, private in zip(*every, strict=True):  # both are objects, the latter with a salt at least
            texts[place] = b"%b,%b" % (texts[place][:-1], private[1:])
        if None in keys:
            for place, owner in enumerate(self.block.owners):
                if keys[owner] is None:
                    texts[place] = b'%b,"sealed":1}' % texts[place][:-1]
        return texts

    def without(self, keys: frozenset[str]) -> tuple[bytes, bytes, list[int]] | None:
        """``calls`` and ``private`` without what these destroyed keys sealed, and of which entries; None where nothing of it is here."""
        if (found := self.block.without(keys)) is None:
            return None
        private, places = found
        calls = bytearray(self.calls)
        for place in places:
            calls[place * TAG : (place + 1) * TAG] = _NO_TAG
        return bytes(calls), private, [self.first + place for place in places]

    def head_after(self) -> bytes:
        """The chain head after its last entry."""
        return self._head(self.block.count)

    def _head(self, count: int) -> bytes:
        """The chain head after so many entries."""
        heads, leaves = self._heads, self.leaves
        while len(heads) <= count:
            at = (len(heads) - 1) * HASH_SIZE
            heads.append(link(heads[-1], leaves[at : at + HASH_SIZE]))
        return heads[count]

    def _sealed(self, place: int, body: bytes) -> Sealed:
        leaf = self.leaves[place * HASH_SIZE : (place + 1) * HASH_SIZE]
        return Sealed(sequence=self.first + place, body=body, leaf=leaf, head=self._head(place + 1))


def blocks(
    connection: sqlite3.Connection, find: Find, first: int, end: int, *, newest_first: bool = False
) -> Iterator[OpenBlock]:
    """The blocks in which entries of sequence ``first`` up to, not including, ``end`` may stand. Raises SealError."""
    order = "DESC" if newest_first else "ASC"
    sql = f"SELECT {COLUMNS} FROM block WHERE n >= ? AND n < ? ORDER BY n {order}"  # noqa: S608 - constants
    for row in connection.execute(sql, (first // WIDTH, -(-end // WIDTH))):
        yield OpenBlock(row, find)
