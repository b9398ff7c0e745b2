"""The SQLite file behind the store: entries, checkpoints, tree and session state; one transaction per commit.

Used by one thread at a time, the store's writer.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from bailiwick.audit.chain import ChainState, Sealed, genesis
from bailiwick.audit.merkle import HASH_SIZE, Frontier
from bailiwick.audit.note import MAX_SIZE, Checkpoint, Note, NoteError, Signer
from bailiwick.audit.retention import Unheld
from bailiwick.audit.sealing import blind, pack_entry, unpack_entry
from bailiwick.audit.tiles import WIDTH, joined
from bailiwick.service.state_directory import StateDirectory, StoreError

KEEP_EVERY = 1_000
"""A checkpoint is kept for good whenever the log has grown past a multiple of this; of the others the last."""

FOLD_IDLE, FOLD_MOST = 250, 4_000
"""Commits and entries, counted together, after which the write-ahead log is folded in: when idle, and in any case."""

ROOM = 4 * 1024 * 1024
"""Bytes that the write-ahead log has at least by the time it is folded in."""

SPARE = 16
"""How many times that must be free for it to be taken at once."""

SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE log (
  seq INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, kind TEXT NOT NULL, tool TEXT NOT NULL, enforced TEXT NOT NULL,
  user BLOB NOT NULL, session BLOB NOT NULL, client_session BLOB NOT NULL, call_id BLOB NOT NULL,
  leaf BLOB NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL, private BLOB NOT NULL
) STRICT;
CREATE INDEX log_call ON log (call_id) WHERE call_id <> x'';
CREATE INDEX log_stopped ON log (seq) WHERE enforced IN ('ask', 'deny');
CREATE TABLE tile (level INTEGER NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, n))
  STRICT, WITHOUT ROWID;
CREATE TABLE purged (n INTEGER PRIMARY KEY, leaves BLOB NOT NULL) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE tree (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, size INTEGER NOT NULL,
  head BLOB NOT NULL, nodes BLOB NOT NULL) STRICT;
CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""

OPEN_COLUMNS = ("time_ms", "kind", "tool", "enforced")
"""Public fields of a record that are columns too, for search; ``verify`` compares them with the record."""

BLIND_COLUMNS = ("user", "session", "client_session", "call_id")
"""Private fields that are columns too, blinded (``sealing.blind``): found by who knows what to look for."""

MAX_KNOWN = 10_000
"""Blinded values remembered at most while a log is verified."""

COLUMNS = (*OPEN_COLUMNS, *BLIND_COLUMNS)

_INSERT = (
    f"INSERT INTO log (seq, {', '.join(COLUMNS)}, leaf, head, body, private) VALUES ({', '.join('?' * 13)})"  # noqa: S608 - constants
)

StateRows = Mapping[str, bytes | None]


class Ledger:
    """The open database and where the log in it stands. Raises sqlite3.Error and StoreError."""

    def __init__(
        self, directory: StateDirectory, signer: Signer, clock: Callable[[], int], *, create: bool = False
    ) -> None:
        self.directory = directory
        self.signer = signer
        self.second = directory.second_signer()
        self.clock = clock
        self.unfolded = 0
        self.connection = connect(directory)
        try:
            if create:
                self._create(genesis(directory.epoch))
            self.chain = self._load()
            self.signed = self._check()
        except BaseException:
            self.connection.close()
            raise

    def write(self, chain: ChainState, rows: Sequence[tuple[Any, ...]], states: Sequence[StateRows]) -> None:
        """Commit entries that bring the log to ``chain``, and state rows, on stable storage; all or nothing."""
        with _transaction(self.connection):
            if rows:
                self.connection.executemany(_INSERT, rows)
                self._close_tiles(chain.size)
                self._sign(chain)
            for state in states:
                for key, value in state.items():
                    if value is None:
                        self.connection.execute("DELETE FROM state WHERE key = ?", (key,))
                    else:
                        self.connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))
        self.chain = chain
        self.signed = chain.size
        self.unfolded += 1 + len(rows)

    @property
    def is_long(self) -> bool:
        """Whether the write-ahead log should be folded in once nobody waits."""
        return self.unfolded > FOLD_IDLE

    def fold(self, *, idle: bool) -> None:
        """Move the write-ahead log into the database when it is long and nobody waits, or very long.

        Passive: never waits for readers. The file keeps its size and is written over, which makes later commits
        faster than growing it would.
        """
        if self.unfolded > FOLD_MOST or (self.is_long and idle):
            # Folding is housekeeping: the records are safe in the write-ahead log, and the next write tells.
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self.unfolded = 0

    def make_room(self) -> None:
        """Bring the write-ahead log to its usual size at once, by writing something and taking it back.

        A commit that writes over what is there needs the file system's journal for nothing; one that makes the file
        longer does, and takes half as long again. Not on a disk that is nearly full: the space is others' too.
        """
        with contextlib.suppress(sqlite3.Error, OSError):
            if shutil.disk_usage(self.directory.path).free < SPARE * ROOM:
                return
            with _transaction(self.connection):
                self.connection.execute("DROP TABLE IF EXISTS room")
                self.connection.execute("CREATE TABLE room (bytes BLOB)")
                self.connection.execute("INSERT INTO room VALUES (zeroblob(?))", (ROOM,))
            self.connection.execute("DROP TABLE room")
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def purge(self, unheld: Unheld, *, most: int) -> int:
        """Remove entries that nothing holds, in whole tiles from the beginning on, ``most`` tiles at a time.

        How many entries went. Their leaf hashes stay, so every proof does, and so does the chain.
        """
        (first,) = self.connection.execute("SELECT min(seq) FROM log").fetchone()
        begin, end = (first or 0) // WIDTH, min(unheld.below, self.chain.size - 1) // WIDTH
        end = min(end, begin + most)
        if begin >= end:
            return 0
        with _erasing(self.connection):
            for index in range(begin, end):
                leaves = read_tile(self.connection, 0, index, WIDTH)
                self.connection.execute("INSERT INTO purged VALUES (?, ?)", (index, leaves))
            self.connection.execute("DELETE FROM log WHERE seq < ?", (end * WIDTH,))
        return (end - begin) * WIDTH

    def blank(self, keys: frozenset[str], low: int, high: int) -> None:
        """Overwrite what stands beside the entries from ``low`` to below ``high`` that these destroyed keys sealed."""
        with _erasing(self.connection):
            rows = self.connection.execute(
                "SELECT seq, body FROM log WHERE seq >= ? AND seq < ?", (low, high)
            )
            found = [(seq,) for seq, body in rows if orjson.loads(unpack_entry(body)).get("key") in keys]
            columns = ", ".join(f"{name} = x''" for name in (*BLIND_COLUMNS, "private"))
            self.connection.executemany(f"UPDATE log SET {columns} WHERE seq = ?", found)  # noqa: S608 - constants

    def close(self) -> None:
        """Sign the last checkpoint with both keys, fold the write-ahead log in and close."""
        with contextlib.suppress(sqlite3.Error, StoreError, NoteError):
            self.countersign()
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()

    def _close_tiles(self, size: int) -> None:
        """Keep the root of every tile that this commit filled, so that a proof reads a few tiles, not the log."""
        level, before, after = 0, self.chain.size, size
        while before // WIDTH < after // WIDTH:
            before, after = before // WIDTH, after // WIDTH
            for index in range(before, after):
                hashes = read_tile(self.connection, level, index, WIDTH)
                self.connection.execute("INSERT INTO tile VALUES (?, ?, ?)", (level, index, joined(hashes)))
            level += 1

    def _create(self, chain: ChainState) -> None:
        self.signed = -1
        self.chain = chain
        self.connection.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
        with _transaction(self.connection):
            self._sign(chain)

    def _sign(self, chain: ChainState) -> None:
        tree = (chain.epoch, chain.size, chain.head, chain.frontier.to_bytes())
        self.connection.execute("INSERT OR REPLACE INTO tree VALUES (1, ?, ?, ?, ?)", tree)
        checkpoint = Checkpoint(
            origin=self.signer.name,
            size=chain.size,
            root=chain.frontier.root(),
            head=chain.head,
            time_ms=self.clock(),
        )
        text = checkpoint.text()
        note = self.signer.sign(text)
        if chain.size // KEEP_EVERY == self.signed // KEEP_EVERY:
            again = (chain.size, note, self.signed)
            self.connection.execute("UPDATE checkpoint SET size = ?, note = ? WHERE size = ?", again)
        else:
            # The one before stays; it is worth the second signature, which takes twenty times as long as the first.
            self._sign_again()
            self.connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (chain.size, note))

    def countersign(self) -> str:
        """The last checkpoint with both signatures, on stable storage: the one to hand to others."""
        with _transaction(self.connection):
            return self._sign_again()

    def _sign_again(self) -> str:
        row = self.connection.execute(
            "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return ""
        size, note = row
        parsed = Note.parse(note)
        if parsed.time_of(self.second.verifier) is None:
            time_ms = Checkpoint.parse(parsed.text).time_ms
            note += self.second.line(parsed.text, time_s=min(max(time_ms // 1_000, 0), MAX_SIZE))
            self.connection.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (note, size))
        return str(note)

    def _load(self) -> ChainState:
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise self._damaged(f"written by a newer version (schema {version})", mend="upgrade bailiwick")
        if 0 < version < SCHEMA_VERSION:
            raise self._damaged(
                f"written by a version before the first release (schema {version})",
                mend="move the state directory away to begin a new log; the old one verifies with its own version",
            )
        row = (
            self.connection.execute("SELECT epoch, size, head, nodes FROM tree").fetchone()
            if version
            else None
        )
        if row is None:
            raise self._damaged("emptied outside Bailiwick")
        epoch, size, head, nodes = row
        try:
            chain = ChainState(
                epoch=epoch, head=bytes(head), frontier=Frontier.from_bytes(size, bytes(nodes))
            )
        except ValueError as error:
            raise self._damaged(str(error)) from error
        if epoch != self.directory.epoch:
            raise self._damaged(f"is of epoch {epoch}, log.pub of {self.directory.epoch}")
        return chain

    def _check(self) -> int:
        """The size of the last checkpoint. Raises StoreError unless it is the log's own."""
        entry = self.connection.execute("SELECT seq, head FROM log ORDER BY seq DESC LIMIT 1").fetchone()
        size, head = (0, genesis(self.chain.epoch).head) if entry is None else (entry[0] + 1, bytes(entry[1]))
        signed = self.connection.execute("SELECT max(size) FROM checkpoint").fetchone()[0]
        if (size, head) != (self.chain.size, self.chain.head) or signed != size:
            raise self._damaged(
                f"{size} entries, but {signed} were signed for: entries were removed or changed outside Bailiwick"
            )
        return size

    def _damaged(self, what: str, *, mend: str = "") -> StoreError:
        mend = mend or "keep the file as evidence (`bailiwick log verify` says more) and restore a backup"
        return StoreError(f"{self.directory.database}: {what}", mend=mend)


def read_tile(connection: sqlite3.Connection, level: int, index: int, width: int) -> bytes:
    """The first ``width`` hashes of a tile, as far as there are so many."""
    low, high = index * WIDTH, index * WIDTH + width
    if level == 0 and (
        row := connection.execute("SELECT leaves FROM purged WHERE n = ?", (index,)).fetchone()
    ):
        return bytes(row[0])[: width * HASH_SIZE]
    rows = (
        connection.execute("SELECT leaf FROM log WHERE seq >= ? AND seq < ? ORDER BY seq", (low, high))
        if level == 0
        else connection.execute(
            "SELECT hash FROM tile WHERE level = ? AND n >= ? AND n < ? ORDER BY n", (level - 1, low, high)
        )
    )
    return b"".join(hash_ for (hash_,) in rows)


def connect(directory: StateDirectory) -> sqlite3.Connection:
    """A connection whose commits are on stable storage when they return."""
    connection = sqlite3.connect(directory.database, isolation_level=None, check_same_thread=False)
    # Without fullfsync macOS reports a sync that is only on its way.
    for pragma in (
        "busy_timeout = 5000",
        "journal_mode = WAL",
        "synchronous = FULL",
        "fullfsync = ON",
        "wal_autocheckpoint = 0",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def row_of(fields: Mapping[str, Any], sealed: Sealed, private: bytes, blinding: bytes) -> tuple[Any, ...]:
    """The row of a sealed record; ``private`` is its sealed private part."""
    columns = columns_of(fields, blinding)
    return (sealed.sequence, *columns, sealed.leaf, sealed.head, pack_entry(sealed.body), private)


def columns_of(
    fields: Mapping[str, Any], blinding: bytes, known: dict[tuple[str, str], bytes] | None = None
) -> tuple[Any, ...]:
    """What the columns say of a record with these fields. ``known`` remembers blinded values that come again."""
    found: list[Any] = [fields.get(name, "") for name in OPEN_COLUMNS]
    for name in BLIND_COLUMNS:
        value = fields.get(name, "")
        if known is None or name == "call_id":  # that one hardly comes again
            found.append(blind(blinding, name, value))
            continue
        if (name, value) not in known:
            if len(known) >= MAX_KNOWN:
                known.clear()
            known[name, value] = blind(blinding, name, value)
        found.append(known[name, value])
    return tuple(found)


@contextlib.contextmanager
def _erasing(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction after which what was deleted stands in no file of the database any more."""
    connection.execute("PRAGMA secure_delete = ON")
    try:
        with _transaction(connection):
            yield
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.execute("PRAGMA secure_delete = OFF")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
