"""Reading a log, also while a service writes it: entries, search, verification."""

import contextlib
import heapq
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Self

import orjson

from bailiwick.audit.canonical import canonical
from bailiwick.audit.chain import BESIDE, Fault, Sealed, Verification
from bailiwick.audit.merkle import HASH_SIZE
from bailiwick.audit.note import VerifierKey
from bailiwick.audit.query import Query
from bailiwick.audit.sealing import (
    DataKey,
    SealError,
    blind,
    open_payload,
    open_private,
    payload_key,
    put_together,
    unpack_entry,
)
from bailiwick.audit.tiles import WIDTH
from bailiwick.service import at_rest, wal
from bailiwick.service.blocks import TAG, OpenBlock, blocks, call_tag
from bailiwick.service.collected import cursor_faults
from bailiwick.service.kept import HOLD, TAGGED_STATE, UNTOLD, Kept, hold_differences, holds_told, rows_in
from bailiwick.service.keys import KeyRing
from bailiwick.service.log_check import LogCheck
from bailiwick.service.log_rows import first_of, read_tile, size_of
from bailiwick.service.state_directory import (
    AT_REST,
    StoreError,
    databases_in,
    mend_of,
    no_log,
    read_tail_key,
    read_verifiers,
)

DAMAGE = (sqlite3.Error, UnicodeDecodeError, TypeError, SealError)
"""How a database file shows that it was damaged: errors of its own, text that isn't UTF-8, values of another type."""

_ENTRY = "seq, body, leaf, head, private"
_BETWEEN = f"SELECT {_ENTRY} FROM log WHERE seq >= ? AND seq < ? ORDER BY seq"  # noqa: S608 - constants
_STOPPED = ("ask", "deny")
SIGNED_WITHIN = 0.5
"""Seconds that a service is given to sign for what it committed; it takes some milliseconds."""

_AT_ONCE = 32
KEPT_BLOCKS = 64
"""Blocks that are kept open at most; one takes 100 kB or so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as stored, and its record's fields: all of them where the key of its private part is at hand.

    ``private`` is the private part, None where it can't be read.
    """

    sealed: Sealed
    record: dict[str, Any]
    private: bytes | None = None

    @property
    def line(self) -> bytes:
        """The record as it is exported: canonical JSON, of which ``sealing.disclosed`` makes the entry again."""
        return canonical(self.record)


class LogReader:
    """A log opened for reading. Raises StoreError when there is none or it can't be read."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = directory / "log.db"
        try:
            found = self.database.exists()
        except OSError as error:
            raise StoreError(
                f"{directory}: {error.strerror}", mend="read it as the account that owns it"
            ) from error
        if not found:
            raise no_log(self.database)
        self._counted = wal.counted(self.database)
        try:
            self._connection = sqlite3.connect(f"{self.database.absolute().as_uri()}?mode=ro", uri=True)
            self._connection.execute("PRAGMA busy_timeout = 5000")
            self._connection.execute("SELECT 1 FROM log LIMIT 1").fetchone()
            self._keys, self._blinding = _keys_of(directory)
            self._moments = 0
            self._kept: dict[int, OpenBlock | None] = {}
            self._kept_version = -1
        except DAMAGE as error:
            raise StoreError(f"{self.database}: {error}", mend=mend_of(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        if self._keys is not None:
            self._keys.close()

    @property
    def digest_key(self) -> bytes | None:
        """The key of digests of what is made from this log; None where the log's keys aren't at hand."""
        return self._blinding or None

    @property
    def has_keys(self) -> bool:
        """Whether the log's data keys are at hand; without them what is private stays sealed."""
        return self._keys is not None

    def entries(self, start: int = 0, *, end: int | None = None) -> Generator[Entry, None, None]:
        """Entries of sequence ``start`` up to, not including, ``end``, in order."""
        place, end = max(start, 0), 2**62 if end is None else end
        with self._moment():
            for block in self._blocks(place, end):
                yield from self._read(_BETWEEN, (place, block.first))  # entries that could not be settled
                yield from self._of_block(block, place, end)
                place = block.end
            yield from self._read(_BETWEEN, (place, end))

    def records(self, start: int, end: int) -> Generator[tuple[int, dict[str, Any]], None, None]:
        """Sequences and fields of the records from ``start`` up to, not including, ``end``, for who reads many: in no order of their names."""
        place = start
        with self._moment():
            for block in self._blocks(start, end):
                yield from (
                    (one.sealed.sequence, one.record) for one in self._read(_BETWEEN, (place, block.first))
                )
                yield from self._records_of(block, max(start, block.first), min(end, block.end))
                place = block.end
            yield from ((one.sealed.sequence, one.record) for one in self._read(_BETWEEN, (place, end)))

    def _records_of(self, block: OpenBlock, start: int, end: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """``records`` of a block, read a few at a time: so each is still in the processor's cache when it is used."""
        try:
            texts = block.texts()
        except SealError:
            texts = []
        for low in range(start, end, _AT_ONCE):
            high = min(low + _AT_ONCE, end)
            some = texts[low - block.first : high - block.first]
            try:
                found = orjson.loads(b"[" + b",".join(some) + b"]")
            except ValueError:
                found = []
            if len(found) != high - low:
                found = [one.record for one in self._of_block(block, low, high)]
            yield from enumerate(found, low)

    def last(self, count: int) -> list[Entry]:
        """The last ``count`` entries, in order."""
        return list(self.entries(max(self.size() - count, 0))) if count else []

    def search(self, query: Query, *, limit: int | None = None, stopped: bool = False) -> Iterator[Entry]:
        """Entries for which ``query`` holds, newest first, ``limit`` at most; only denied and asked, if ``stopped``."""
        where, values = self._where(query)
        if stopped:
            where += f" AND enforced IN {_STOPPED}"
        sql = f"SELECT {_ENTRY} FROM log WHERE {where} ORDER BY seq DESC"  # noqa: S608 - built from constants
        with self._moment():
            alone, blocked = self._read(sql, values), self._blocks_for(query)
            merged = heapq.merge(alone, blocked, key=lambda entry: entry.sealed.sequence, reverse=True)
            found = (
                entry
                for entry in merged
                if query.matches(entry.record) and (not stopped or entry.record.get("enforced") in _STOPPED)
            )
            yield from islice(found, limit)

    def call(self, call_id: str) -> list[Entry]:
        """The entries of one tool call: the decision and the outcome."""
        if not call_id or not self._blinding:
            return []
        sql = f"SELECT {_ENTRY} FROM log WHERE call_id = ? AND call_id <> x'' ORDER BY seq"  # noqa: S608 - constants
        with self._moment():
            tag = call_tag(call_id, self._blinding)
            places = [
                number * WIDTH + at // TAG
                for number, calls in self._rows("SELECT n, calls FROM block ORDER BY n", ())
                if tag in calls
                for at in range(0, len(calls), TAG)
                if calls[at : at + TAG] == tag
            ]
            settled = [entry for place in places for entry in self.entries(place, end=place + 1)]
            mine = [entry for entry in settled if entry.record.get("call_id") == call_id]
            return mine + list(self._read(sql, (blind(self._blinding, "call_id", call_id),)))

    def payload(self, entry: Entry) -> bytes | None:
        """What is kept whole beside an entry; None where nothing is, or its key was destroyed. Raises StoreError."""
        key, sealed = self.payload_key(entry), self.sealed_payload(entry.sealed.sequence)
        if key is None or sealed is None:
            return None
        try:
            payload = open_payload(sealed, key)
        except SealError as error:
            raise StoreError(f"{self.database}: entry {entry.sealed.sequence}: {error}") from error
        if sha256(payload).hexdigest() != entry.record.get("payload"):
            raise StoreError(
                f"{self.database}: entry {entry.sealed.sequence}: its payload isn't the one that was recorded"
            )
        return payload

    def sealed_payload(self, sequence: int) -> bytes | None:
        """The payload beside an entry as it is kept; None where nothing is. Raises StoreError."""
        row = next(self._rows("SELECT sealed FROM payload WHERE seq = ?", (sequence,)), None)
        return None if row is None else bytes(row[0])

    def payload_key(self, entry: Entry) -> bytes | None:
        """What opens the payload of an entry, and nothing else; None where it can't be opened any more."""
        public = orjson.loads(entry.sealed.body)
        key = self._find(str(public.get("key"))) if entry.private is not None else None
        return None if key is None else payload_key(str(public.get("private")), key)

    @contextlib.contextmanager
    def _moment(self) -> Iterator[None]:
        """While this lasts everything is read as it is now: entries may become a block meanwhile."""
        if not self._moments:
            self._connection.execute("BEGIN")
        self._moments += 1
        try:
            yield
        finally:
            self._moments -= 1
            if not self._moments:
                with contextlib.suppress(sqlite3.ProgrammingError):  # closed while somebody was still reading
                    self._connection.rollback()

    def _faults_beside(self) -> Iterator[Fault]:
        """What is wrong with what the log is kept with: the write-ahead log, the data keys, the rows of the table ``state``."""
        if cut := wal.wal_fault(self.database, self._counted):
            yield Fault(sequence=BESIDE, message=cut)
        if self._keys is not None:
            for one in self._keys.faults():
                yield Fault(sequence=BESIDE, message=f"keys.db: {one}")
        elif (self.directory / "log.key").exists():
            message = "the data keys can't be opened (keys.db, seal.key), so what they seal can't be read"
            yield Fault(sequence=BESIDE, message=message)
        yield from self.kept_faults()
        for one in cursor_faults(self):
            yield Fault(
                sequence=BESIDE, message=f"log.db: {one}; keep a copy as evidence and restore a backup"
            )

    def _unused_bytes(self) -> Iterator[Fault]:
        """Files of a log at rest of which bytes were changed that no row uses; for a log in which nothing else is wrong."""
        if (key := _tail_key_of(self.directory)) is None:
            return
        try:
            for name in at_rest.changed(key, self.directory / AT_REST, databases_in(self.directory)):
                yield Fault(
                    sequence=BESIDE,
                    message=f"{name}: its entries and rows are whole, but bytes that nothing reads were changed since it was closed; "
                    "keep a copy as evidence, the next start and stop of the service makes them right",
                )
        except OSError as error:
            raise StoreError(f"{error.filename}: {error.strerror}") from error

    def _alive(self) -> Iterator[str]:
        """Names of the data keys there are."""
        for one in self._keys.entries() if self._keys else ():
            if one.destroyed_ms is None:
                yield one.id

    def _find(self, key_id: str) -> DataKey | None:
        return None if self._keys is None else self._keys.find(key_id)

    def _blocks(self, first: int, end: int, *, newest_first: bool = False) -> Iterator[OpenBlock]:
        try:
            if end - first == 1:
                yield from self._one_block(first // WIDTH)
                return
            yield from blocks(self._connection, self._find, first, end, newest_first=newest_first)
        except DAMAGE as error:
            raise StoreError(f"{self.database}: {error}") from error

    def _one_block(self, number: int) -> Iterator[OpenBlock]:
        """A block for who reads single entries, of which many often stand in few blocks: the last ones are kept while nothing changes."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._kept_version or len(self._kept) >= KEPT_BLOCKS:
            self._kept_version = version
            self._kept.clear()
        if number not in self._kept:
            found = blocks(self._connection, self._find, number * WIDTH, number * WIDTH + 1)
            self._kept[number] = next(found, None)
        if (block := self._kept[number]) is not None:
            yield block

    def _blocks_for(self, query: Query) -> Iterator[Entry]:
        """Entries of blocks in which ``query`` may hold for some, newest first."""
        for block in self._blocks(0, 2**62, newest_first=True):
            late = query.until_ms is not None and block.first_ms >= query.until_ms
            early = query.since_ms is not None and block.last_ms < query.since_ms
            other = query.kind and not any(fnmatchcase(kind, query.kind) for kind in block.kinds.split())
            if not (late or early or other):
                yield from reversed(list(self._of_block(block, block.first, block.end)))

    def _of_block(self, block: OpenBlock, start: int, end: int) -> Iterator[Entry]:
        low, high = max(start, block.first), min(end, block.end)
        try:
            alone = high - low == 1
            for sealed in [block.one(low)] if alone else block.all()[low - block.first : high - block.first]:
                try:
                    private = block.private(sealed.sequence)
                    record = put_together(orjson.loads(sealed.body), private)
                except (SealError, orjson.JSONDecodeError, TypeError):
                    record, private = {"seq": sealed.sequence, "kind": "unreadable"}, None
                yield Entry(sealed=sealed, record=record, private=private)
        except SealError as error:
            raise StoreError(f"{self.database}: {error}", mend="see `bailiwick log verify`") from error

    def checkpoints(self) -> list[str]:
        """The signed checkpoints, smallest log first."""
        return [note for (note,) in self._rows("SELECT note FROM checkpoint ORDER BY size", ())]

    def verify(
        self,
        *,
        keys: Sequence[VerifierKey] = (),
        expected_head: bytes | None = None,
        notes: Iterable[str] = (),
    ) -> Verification:
        """Verify the whole log as of now (``audit.chain.verify``), and that the columns used by search agree.

        ``keys`` are the log's public keys as kept elsewhere, by default the state directory's own; ``notes`` are
        checkpoints kept elsewhere.
        """
        try:
            with contextlib.suppress(StoreError):  # what is wrong is told below
                self._wait_for_signature()
            held = frozenset(self._alive())
            with self._moment():
                if self._keys:
                    self._keys.gather()
                check = LogCheck(
                    self._connection, self._find, self._blinding, _tail_key_of(self.directory), held
                )
                outcome = check.verify(
                    keys or read_verifiers(self.directory), expected_head=expected_head, notes=notes
                )
                faults = (*self._faults_beside(), *outcome.faults, *check.undestroyed(self._alive()))
            return replace(outcome, faults=faults or tuple(self._unused_bytes()))
        except DAMAGE as error:
            raise StoreError(
                f"{self.database}: {error}", mend="the file is damaged; restore a backup"
            ) from error

    def _record(self, body: bytes, sealed: bytes) -> tuple[dict[str, Any], bytes | None]:
        """The fields of a record, and its private part where the key of it is at hand. Raises SealError, ValueError."""
        public = orjson.loads(body)
        key = self._find(str(public.get("key"))) if sealed else None
        private = None if key is None else open_private(sealed, str(public.get("private")), key)
        return put_together(public, private), private

    def tile_leaf(self, sequence: int) -> bytes | None:
        """The leaf hash of an entry, None when there is none."""
        if not 0 <= sequence < self.size():
            return None
        index, offset = divmod(sequence, WIDTH)
        return self.tile(0, index, offset + 1)[offset * HASH_SIZE :] or None

    def _where(self, query: Query) -> tuple[str, tuple[Any, ...]]:
        """The conditions that columns can decide, as SQL; ``Query.matches`` decides the rest."""
        parts: list[str] = ["1"]
        values: list[Any] = []
        for condition, value in (
            ("user = ?", blind(self._blinding, "user", query.user)),
            ("kind GLOB ?", query.kind),
            ("tool GLOB ?", query.tool),
            ("time_ms >= ?", query.since_ms),
            ("time_ms < ?", query.until_ms),
        ):
            if value not in ("", b"", None):
                parts.append(condition)
                values.append(value)
        if query.session:
            both = [blind(self._blinding, name, query.session) for name in ("session", "client_session")]
            condition = "(session = ? OR client_session = ?)"
            # The beginning of a name is not found by the columns: then every record is looked at.
            if next(self._rows(f"SELECT 1 FROM log WHERE {condition} LIMIT 1", tuple(both)), None):  # noqa: S608 - constants
                parts.append(condition)
                values.extend(both)
        return " AND ".join(parts), tuple(values)

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Hashes of the log's tree (``audit.tiles.TileStorage``)."""
        try:
            return read_tile(self._connection, level, index, width)
        except DAMAGE as error:
            raise StoreError(f"{self.database}: {error}") from error

    def size(self) -> int:
        """Entries in the log."""
        return self._told(size_of)

    def first(self) -> int:
        """The first entry that was not purged; the next sequence in an empty log."""
        return self._told(first_of)

    def _told(self, ask: Callable[[sqlite3.Connection], int]) -> int:
        try:
            with self._moment():
                return ask(self._connection)
        except DAMAGE as error:
            raise StoreError(f"{self.database}: {error}") from error

    def erased(self) -> str:
        """A mark that is another one whenever more was purged from the log, or more of its keys were destroyed."""
        keys = self._keys.entries() if self._keys is not None else ()
        return f"{self.first()} {sum(key.destroyed_ms is not None for key in keys)}"

    def span(self, from_ms: int, to_ms: int) -> tuple[int | None, int | None]:
        """The first and the last entry whose wall clock is in a period (``to_ms`` exclusive)."""
        sql = "SELECT min(seq), max(seq) FROM log WHERE time_ms >= ? AND time_ms < ?"
        with self._moment():
            alone = next(self._rows(sql, (from_ms, to_ms)))
            ends = [self._in_blocks(from_ms, to_ms, newest_first=last) for last in (False, True)]
        found: list[int] = [place for place in (*alone, *ends) if place is not None]
        return (min(found), max(found)) if found else (None, None)

    def _in_blocks(self, from_ms: int, to_ms: int, *, newest_first: bool) -> int | None:
        """The first (or last) entry of a block whose wall clock is in a period."""
        for block in self._blocks(0, 2**62, newest_first=newest_first):
            if block.last_ms >= from_ms and block.first_ms < to_ms:
                times = (orjson.loads(one.body)["time_ms"] for one in block.all())
                places = [block.first + place for place, time in enumerate(times) if from_ms <= time < to_ms]
                if places:
                    return places[-1 if newest_first else 0]
        return None

    def holds_told(self) -> dict[str, Mapping[str, Any]]:
        """The holds in force by what entries say of them, as far as they can be read, by name."""
        found = list(self.search(Query(kind="hold-*")))
        return holds_told(entry.record for entry in reversed(found))

    def kept_faults(self) -> list[Fault]:
        """How what is kept beside the log differs from what its entries left, in words; nothing is said without log.key. Raises StoreError."""
        key = _tail_key_of(self.directory)
        try:
            with self._moment():
                (version,) = self._connection.execute("PRAGMA user_version").fetchone()
                if key is None or version < TAGGED_STATE:
                    return []
                kept = Kept.of(self._connection, key, self._find)
                fault = kept.fault(rows_in(self._connection))
                told = [] if kept.is_sound else [*hold_differences(self.holds_told(), self.state(HOLD))]
                said = [*told, *([fault] if fault and not (told and fault == UNTOLD) else [])]
                return [
                    Fault(
                        sequence=BESIDE,
                        message=f"log.db: {one}; keep a copy as evidence, then `bailiwick log hold restore`",
                    )
                    for one in said
                ]
        except (*DAMAGE, ValueError) as error:
            raise StoreError(f"{self.database}: {error}", mend=mend_of(error)) from error

    def checkpoint(self) -> str:
        """The last signed checkpoint: where a service writes the log, one of at least the entries there are now."""
        self._wait_for_signature()
        sql = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
        return next(str(note) for (note,) in self._rows(sql, ()))

    def _wait_for_signature(self) -> None:
        until, least = time.monotonic() + SIGNED_WITHIN, self.size()
        while not self._moments and time.monotonic() < until:
            (size,) = next(self._rows("SELECT max(size) FROM checkpoint", ()))
            if size is None or size >= least:
                return
            time.sleep(SIGNED_WITHIN / 100)

    def state(self, prefix: str) -> dict[str, bytes]:
        """What the service keeps beside the log under names that begin with ``prefix``."""
        sql = "SELECT key, value FROM state WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key"
        return {key: bytes(value) for key, value in self._rows(sql, (prefix,))}

    def _rows(self, sql: str, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        try:
            for row in self._connection.execute(sql, values):  # noqa: UP028 - delegating would close the cursor, of a closed database too
                yield row
        except DAMAGE as error:
            raise StoreError(f"{self.database}: {error}") from error

    def _read(self, sql: str, values: tuple[Any, ...]) -> Generator[Entry, None, None]:
        for sequence, kept, leaf, head, blob in self._rows(sql, values):
            body = bytes(kept)
            try:
                body = unpack_entry(kept)
                record, private = self._record(body, blob)
            except (SealError, orjson.JSONDecodeError, TypeError):
                record, private = {"seq": sequence, "kind": "unreadable"}, None
            sealed = Sealed(sequence=sequence, body=bytes(body), leaf=bytes(leaf), head=bytes(head))
            yield Entry(sealed=sealed, record=record, private=private)


def _tail_key_of(directory: Path) -> bytes | None:
    """What vouches for entries that aren't signed for yet; None in a copy without the log's key."""
    try:
        return read_tail_key(directory)
    except StoreError:
        return None


def _keys_of(directory: Path) -> tuple[KeyRing | None, bytes]:
    """The data keys and the key of the blinded columns; without either what is private stays sealed."""
    try:
        keys = KeyRing(directory, writable=False)
        blinding = keys.blinding
    except StoreError:
        return None, b""
    return keys, blinding
