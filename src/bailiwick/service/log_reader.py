"""Reading a log, also while a service writes it: entries, search, verification."""

import contextlib
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from bailiwick.audit.canonical import canonical
from bailiwick.audit.chain import MAX_FAULTS, Fault, Sealed, Verification, verify
from bailiwick.audit.kinds import Kind
from bailiwick.audit.merkle import HASH_SIZE
from bailiwick.audit.note import Note, NoteError, VerifierKey
from bailiwick.audit.query import Query
from bailiwick.audit.sealing import SealError, blind, open_private, put_together, unpack_entry
from bailiwick.audit.tiles import HEIGHT, WIDTH, joined
from bailiwick.service.keys import KeyRing
from bailiwick.service.ledger import COLUMNS, OPEN_COLUMNS, columns_of, read_tile
from bailiwick.service.state_directory import StoreError, read_verifiers

DAMAGE = (sqlite3.Error, UnicodeDecodeError, TypeError, SealError)
"""How a database file shows that it was damaged: errors of its own, text that isn't UTF-8, values of another type."""

_ENTRY = "seq, body, leaf, head, private"


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
            raise StoreError(f"{self.database}: no log here", mend="name the state directory with --state")
        try:
            self._connection = sqlite3.connect(f"{self.database.absolute().as_uri()}?mode=ro", uri=True)
            self._connection.execute("PRAGMA busy_timeout = 5000")
            self._connection.execute("SELECT 1 FROM log LIMIT 1").fetchone()
            self._keys, self._blinding = _keys_of(directory)
            self._blinded: dict[tuple[str, str], bytes] = {}
        except DAMAGE as error:
            raise StoreError(
                f"{self.database}: {error}", mend="read it as the account that owns it"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        if self._keys is not None:
            self._keys.close()

    def entries(self, start: int = 0, *, end: int | None = None) -> Generator[Entry, None, None]:
        """Entries of sequence ``start`` up to, not including, ``end``, in order."""
        sql = f"SELECT {_ENTRY} FROM log WHERE seq >= ? AND seq < ? ORDER BY seq"  # noqa: S608 - constants
        yield from self._read(sql, (start, 2**62 if end is None else end))

    def last(self, count: int) -> list[Entry]:
        """The last ``count`` entries, in order."""
        sql = f"SELECT {_ENTRY} FROM log ORDER BY seq DESC LIMIT ?"  # noqa: S608 - constants
        return list(self._read(sql, (count,)))[::-1]

    def search(self, query: Query, *, limit: int | None = None, stopped: bool = False) -> Iterator[Entry]:
        """Entries for which ``query`` holds, newest first, ``limit`` at most; only denied and asked, if ``stopped``."""
        where, values = self._where(query)
        if stopped:
            where += " AND enforced IN ('ask', 'deny')"
        found = 0
        sql = f"SELECT {_ENTRY} FROM log WHERE {where} ORDER BY seq DESC"  # noqa: S608 - built from constants
        for entry in self._read(sql, values):
            if query.matches(entry.record):
                yield entry
                found += 1
                if limit is not None and found >= limit:
                    return

    def call(self, call_id: str) -> list[Entry]:
        """The entries of one tool call: the decision and the outcome."""
        sql = f"SELECT {_ENTRY} FROM log WHERE call_id = ? AND call_id <> x'' ORDER BY seq"  # noqa: S608 - constants
        return list(self._read(sql, (blind(self._blinding, "call_id", call_id),)))

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
        key, *also = keys or read_verifiers(self.directory)
        faults: list[Fault] = []
        # One read transaction: entries and checkpoints are of the same moment though a service goes on writing.
        self._connection.execute("BEGIN")
        try:
            outcome = verify(
                key.name.rpartition("/")[2],
                self._checked(faults),
                [*self.checkpoints(), *notes],
                key,
                also=also,
                purged=self._purged(),
                expected_head=expected_head,
            )
            faults.extend(self._purge_faults())
            damage = [
                *self._damage(),
                *self._tile_faults(outcome.state.size),
                *self._signature_faults((key, *also)),
            ]
        except DAMAGE as error:
            raise StoreError(
                f"{self.database}: {error}", mend="the file is damaged; restore a backup"
            ) from error
        finally:
            self._connection.rollback()
        everything = sorted((*outcome.faults, *faults, *damage), key=lambda fault: fault.sequence)
        return Verification(state=outcome.state, checkpoints=outcome.checkpoints, faults=tuple(everything))

    def _checked(self, faults: list[Fault]) -> Iterator[Sealed]:
        sql = f"SELECT {_ENTRY}, {', '.join(COLUMNS)} FROM log ORDER BY seq"  # noqa: S608 - constants
        for sequence, kept, leaf, head, private, *columns in self._connection.execute(sql):
            try:
                body = unpack_entry(kept)
            except SealError:
                body = bytes(kept)  # the leaf hash tells
            if len(faults) < MAX_FAULTS:
                faults.extend(self._faults_beside(sequence, body, private, columns))
            yield Sealed(sequence=sequence, body=bytes(body), leaf=bytes(leaf), head=bytes(head))

    def _faults_beside(
        self, sequence: int, body: bytes, sealed: bytes, columns: Sequence[Any]
    ) -> Iterator[Fault]:
        """What is wrong with what stands beside an entry: its private part, and the columns."""
        names: tuple[str, ...] = OPEN_COLUMNS
        private = b"{}"
        try:
            public = orjson.loads(body)
            key = self._keys.find(str(public.get("key"))) if self._keys else None
            if key is not None:
                private = open_private(sealed, str(public.get("private")), key)
                names = COLUMNS
        except SealError as error:
            why = str(error) if sealed else "the private part is gone, though its key was not destroyed"
            yield Fault(sequence=sequence, message=why)
            return
        except orjson.JSONDecodeError:
            return  # the leaf hash tells
        told = columns_of({**public, **orjson.loads(private)}, self._blinding, self._blinded)
        wrong = [name for name, one, other in zip(names, told, columns, strict=False) if one != other]
        if wrong:
            yield Fault(sequence=sequence, message=f"search columns changed: {', '.join(wrong)}")

    def _record(self, body: bytes, sealed: bytes) -> tuple[dict[str, Any], bytes | None]:
        """The fields of a record, and its private part where the key of it is at hand. Raises SealError, ValueError."""
        public = orjson.loads(body)
        key = self._keys.find(str(public.get("key"))) if self._keys and sealed else None
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

    def _damage(self) -> list[Fault]:
        rows = self._connection.execute("PRAGMA integrity_check(5)").fetchall()
        return [Fault(sequence=0, message=f"the file is damaged: {text}") for (text,) in rows if text != "ok"]

    def _tile_faults(self, size: int) -> Iterator[Fault]:
        """Kept roots of tiles that aren't the ones over what they are of, are missing, or are too many."""
        level, count = 0, size
        while count := count // WIDTH:
            kept = self._connection.execute("SELECT n, hash FROM tile WHERE level = ? ORDER BY n", (level,))
            held = dict(kept.fetchall())
            for index in range(count):
                full = read_tile(self._connection, level, index, WIDTH)
                if len(full) != WIDTH * HASH_SIZE or held.pop(index, None) != joined(full):
                    yield Fault(
                        sequence=index << (HEIGHT * (level + 1)),
                        message=f"a tile of level {level + 1} was changed",
                    )
            if held:
                yield Fault(sequence=0, message=f"level {level + 1} has tiles of entries that aren't there")
            level += 1
        if self._connection.execute("SELECT 1 FROM tile WHERE level >= ?", (level,)).fetchone():
            yield Fault(sequence=0, message="there are tiles of entries that aren't there")

    def _purged(self) -> Iterator[bytes]:
        """The leaf hashes of purged entries."""
        for (leaves,) in self._connection.execute("SELECT leaves FROM purged ORDER BY n"):
            yield from (leaves[i : i + HASH_SIZE] for i in range(0, len(leaves), HASH_SIZE))

    def _purge_faults(self) -> Iterator[Fault]:
        """Entries that are gone though no record says that they were purged."""
        first = self.first()
        sql = "SELECT body FROM log WHERE kind = ?"
        records = (
            orjson.loads(unpack_entry(body)) for (body,) in self._connection.execute(sql, (Kind.PURGED,))
        )
        if first and not any(int(record.get("upto", 0)) >= first for record in records):
            yield Fault(
                sequence=0, message=f"entries 0 to {first - 1} are gone without a record of their purge"
            )

    def _signature_faults(self, keys: Sequence[VerifierKey]) -> Iterator[Fault]:
        """Checkpoints of the log's own that carry a signature of somebody else, or one that was made unrecognisable."""
        known = {(key.name, key.key_id()) for key in keys}
        for text in self.checkpoints():
            with contextlib.suppress(NoteError):  # a note that can't be read is told of elsewhere
                if any((name, key_id) not in known for name, key_id, _ in Note.parse(text).signatures):
                    yield Fault(sequence=0, message="a checkpoint has a signature by a key that isn't known")

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Hashes of the log's tree (``audit.tiles.TileStorage``)."""
        try:
            return read_tile(self._connection, level, index, width)
        except DAMAGE as error:
            raise StoreError(f"{self.database}: {error}") from error

    def size(self) -> int:
        """Entries in the log."""
        return next(
            (row[0] + 1 for row in self._rows("SELECT max(seq) FROM log", ()) if row[0] is not None), 0
        )

    def first(self) -> int:
        """The first entry that was not purged; the next sequence in an empty log."""
        return next((row[0] for row in self._rows("SELECT min(seq) FROM log", ()) if row[0] is not None), 0)

    def erased(self) -> str:
        """A mark that is another one whenever more was purged from the log, or more of its keys were destroyed."""
        keys = self._keys.entries() if self._keys is not None else ()
        return f"{self.first()} {sum(key.destroyed_ms is not None for key in keys)}"

    def span(self, from_ms: int, to_ms: int) -> tuple[int | None, int | None]:
        """The first and the last entry whose wall clock is in a period (``to_ms`` exclusive)."""
        sql = "SELECT min(seq), max(seq) FROM log WHERE time_ms >= ? AND time_ms < ?"
        first, last = next(self._rows(sql, (from_ms, to_ms)))
        return first, last

    def checkpoint(self) -> str:
        """The last signed checkpoint."""
        return next(
            str(note) for (note,) in self._rows("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1", ())
        )

    def state(self, prefix: str) -> dict[str, bytes]:
        """What the service keeps beside the log under names that begin with ``prefix``."""
        sql = "SELECT key, value FROM state WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key"
        return {key: bytes(value) for key, value in self._rows(sql, (prefix,))}

    def _rows(self, sql: str, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(sql, values)
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


def _keys_of(directory: Path) -> tuple[KeyRing | None, bytes]:
    """The data keys and the key of the blinded columns; without either what is private stays sealed."""
    try:
        keys = KeyRing(directory, writable=False)
        blinding = keys.blinding
    except StoreError:
        return None, b""
    return keys, blinding
