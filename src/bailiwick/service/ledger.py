"""The SQLite file behind the store: entries, checkpoints, tree and session state; one transaction per commit.

Used by one thread at a time, the store's writer.
"""

import contextlib
import hmac
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from bailiwick.audit.block import BlockError
from bailiwick.audit.chain import ChainState, genesis, link, tail_tag
from bailiwick.audit.note import MAX_SIZE, Checkpoint, Note, NoteError, open_note
from bailiwick.audit.retention import Unheld
from bailiwick.audit.sealing import SealError, seal_payload, unpack_entry
from bailiwick.audit.tiles import WIDTH, TileError, Tree, joined
from bailiwick.service.blocks import INSERT, OpenBlock, blocks, row_of_block
from bailiwick.service.blocks import SCHEMA as BLOCKS
from bailiwick.service.kept import TAGGED_STATE, Kept, row_tag, tag_all
from bailiwick.service.keys import KeyRing
from bailiwick.service.log_rows import BLIND_COLUMNS, INSERT_ROW, Blinder, Stored, first_of, read_tile, row_of
from bailiwick.service.settling import Fresh, Settlement, Tail
from bailiwick.service.state_directory import StateDirectory, StoreError

KEEP_EVERY = 1_000
"""A checkpoint is kept for good whenever the log has grown past a multiple of this; of the others the last."""

SIGNED_AT_ONCE = 16
"""Entries of one commit from which on its checkpoint is part of it: it costs each of them next to nothing."""

MOST_UNSIGNED = 128
"""Entries that may wait for their checkpoint; a tag vouches for them (``audit.chain.tail_tag``)."""

FOLD_IDLE, FOLD_MOST = 250, 4_000
"""Commits and entries, counted together, after which the write-ahead log is folded in: when idle, and in any case."""

ROOM = 4 * 1024 * 1024
"""Bytes that the write-ahead log has at least by the time it is folded in."""

SPARE = 16
"""How many times that must be free for it to be taken at once."""

SCHEMA_VERSION = TAGGED_STATE
"""Version 5 had no tags in `state`; 4 had no tags, and a checkpoint in every commit; 3 two more indexes and a row that said where the log stands."""

_SCHEMA = f"""
CREATE TABLE log (
  seq INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, kind TEXT NOT NULL, tool TEXT NOT NULL, enforced TEXT NOT NULL,
  user BLOB NOT NULL, session BLOB NOT NULL, client_session BLOB NOT NULL, call_id BLOB NOT NULL,
  leaf BLOB NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL, private BLOB NOT NULL, tag BLOB NOT NULL DEFAULT x''
) STRICT;
{BLOCKS}
CREATE TABLE tile (level INTEGER NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, n))
  STRICT, WITHOUT ROWID;
CREATE TABLE payload (seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE purged (n INTEGER PRIMARY KEY, leaves BLOB NOT NULL) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL, tag BLOB NOT NULL DEFAULT x'')
  STRICT, WITHOUT ROWID;
"""

_OLDEST, TAGGED = 3, 5
_TAGS_STATE = "ALTER TABLE state ADD COLUMN tag BLOB NOT NULL DEFAULT x'';"
_UPGRADE = """DROP INDEX IF EXISTS log_call; DROP INDEX IF EXISTS log_stopped; DROP TABLE IF EXISTS tree;
ALTER TABLE log ADD COLUMN tag BLOB NOT NULL DEFAULT x'';"""

StateRows = Mapping[str, bytes | None]

KEEP_ROWS = 256
"""The newest entries stand on their own, so that the last is read and written alone; older ones go into blocks."""


class _Signed(NamedTuple):
    """The last checkpoint in the file: of how many entries, and what it says."""

    size: int
    text: str


class Ledger:
    """The open database and where the log in it stands. Raises sqlite3.Error and StoreError."""

    def __init__(
        self, directory: StateDirectory, keys: KeyRing, clock: Callable[[], int], *, create: bool = False
    ) -> None:
        self.directory = directory
        self.keys = keys
        self.blinding = keys.blinding
        self._blinder = Blinder(self.blinding)
        self.signer = directory.signer()
        self.second = directory.second_signer()
        self._tail_key = directory.tail_key()
        self.clock = clock
        self._signed = _Signed(-1, "")
        self.unfolded = 0
        self.erasures = 0
        self._tail: Tail | None = None
        self._standing: sqlite3.Cursor | None = None
        """The read transaction that stays open between commits: so a commit takes one lock of the file, not three."""
        self.connection = connect(directory)
        try:
            if create:
                self._create(genesis(directory.epoch))
            self.chain = self._load()
            self.kept = Kept.of(self.connection, self._tail_key, self.keys.find)
            self._rows_from = self._first_row(0)
            self._stand()
        except BaseException:
            self.connection.close()
            raise

    def write(self, chain: ChainState, fresh: Sequence[Fresh], states: Sequence[StateRows]) -> None:
        """Commit entries that bring the log to ``chain``, and state rows, on stable storage; all or nothing.

        Few entries get a tag, and their checkpoint when there is time (``sign``); many get the checkpoint here.
        """
        tail = None
        signs = len(fresh) >= SIGNED_AT_ONCE or chain.size - self._signed.size > MOST_UNSIGNED
        tag = b"" if signs else tail_tag(self._tail_key, chain.size, chain.head, self._signed.text)
        signed = None
        if len(fresh) == 1 and not (signs or fresh[0].record.whole or any(states) or chain.size % WIDTH == 0):
            # A statement is a transaction of its own, and takes half the time of three.
            self._insert_one(row_of(fresh[0], self._blinder, tag))
        else:
            with self._aside(), _transaction(self.connection):
                if fresh:
                    tail = self._insert(fresh, tag)
                    self._close_tiles(chain.size)
                    if signs:
                        signed = self._sign(chain)
                self._set_states(states)
        if tail is not None and self._rows_from >= self.chain.size - self.chain.size % WIDTH:
            self._rows_from = chain.size - len(tail.entries)
        if fresh:
            self._tail = tail
        self.chain = chain
        if signed is not None:
            self._signed = signed
        self.unfolded += 1 + len(fresh)

    def _insert_one(self, row: tuple[Any, ...]) -> None:
        try:
            self.connection.execute(INSERT_ROW, row)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY_SNAPSHOT:
                raise
            with (
                self._aside()
            ):  # somebody else wrote to the file: what they did others find, and decisions go on
                self.connection.execute(INSERT_ROW, row)

    def _insert(self, fresh: Sequence[Fresh], tag: bytes) -> Tail | None:
        """Put entries and their payloads into the file, ``tag`` with the last; the tile they begin, where that is known."""
        rest, tail = self._blocked(fresh) if len(fresh) >= WIDTH else (fresh, None)
        rows = [row_of(one, self._blinder, tag if one is fresh[-1] else b"") for one in rest]
        self.connection.executemany(INSERT_ROW, rows)
        payloads = [
            (one.sealed.sequence, seal_payload(one.record.whole, one.parts.private, one.key))
            for one in fresh
            if one.record.whole
        ]
        if payloads:
            self.connection.executemany("INSERT INTO payload VALUES (?, ?)", payloads)
        return tail

    def _set_states(self, states: Sequence[StateRows]) -> None:
        for state in states:
            for key, value in state.items():
                if value is None:
                    self.connection.execute("DELETE FROM state WHERE key = ?", (key,))
                else:
                    row = (key, value, row_tag(self._tail_key, key, value))
                    self.connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", row)

    @property
    def is_unsigned(self) -> bool:
        """Whether there are entries for which only a tag vouches."""
        return self._signed.size < self.chain.size

    def sign(self) -> None:
        """Sign for the entries that have no checkpoint yet.

        Not synced: kill -9 leaves it in the file, and after a power cut the tag is there instead, until the log is opened.
        """
        if self.is_unsigned:
            self.connection.execute("PRAGMA synchronous = NORMAL")
            try:
                with self._aside(), _transaction(self.connection):
                    signed = self._sign(self.chain)
            finally:
                self.connection.execute("PRAGMA synchronous = FULL")
            self._signed = signed
            self.unfolded += 1

    def _blocked(self, fresh: Sequence[Fresh]) -> tuple[Sequence[Fresh], Tail | None]:
        """Keep the tiles that many entries fill as blocks at once: the entries left over, and the tile they begin.

        Where the entries before them can't be kept so, nothing is, and they wait for ``settle``.
        """
        begun = self._begun()
        if begun is None:
            return fresh, None
        head, entries = (
            begun.head,
            [*begun.entries, *[one.settled() for one in fresh]],
        )
        whole = len(entries) // WIDTH * WIDTH
        try:
            for low in range(0, whole, WIDTH):
                tile = entries[low : low + WIDTH]
                self.connection.execute(INSERT, row_of_block(head, tile, self.blinding))
                head = tile[-1].sealed.head
        except BlockError:
            self.connection.execute("DELETE FROM block WHERE n >= ?", (self.chain.size // WIDTH,))
            return fresh, None
        if begun.entries:
            first = self.chain.size - len(begun.entries)
            self.connection.execute("DELETE FROM log WHERE seq >= ?", (first,))
        return fresh[whole - len(begun.entries) :], Tail(head, entries[whole:])

    def _begun(self) -> Tail | None:
        """The entries of the tile that isn't full yet; None where they can't be read."""
        low = self.chain.size - self.chain.size % WIDTH
        if self._tail is not None:
            return self._tail
        work = self._unsettled(low, self.chain.size)
        try:
            return None if work is None else Tail(work.head, work.entries(self.keys.find))
        except (BlockError, SealError):
            return None

    def unsettled(self) -> Settlement | None:
        """The oldest entries that are to become a block, once there are enough after them; None where there are none."""
        if not self.has_unsettled:
            return None
        low = self._rows_from - self._rows_from % WIDTH
        return self._unsettled(low, low + WIDTH) or Settlement(low, b"", [], self.erasures)

    @property
    def has_unsettled(self) -> bool:
        """Whether there are so many entries on their own that the oldest of them should become a block."""
        return self.chain.size - self._rows_from >= KEEP_ROWS + WIDTH

    def settle(self, work: Settlement, row: tuple[Any, ...] | None) -> None:
        """Put a block in the place of its entries; without ``row`` they stay as they are. Nothing remains of them in the file."""
        if work.erasures != self.erasures:
            return
        end = work.low + WIDTH
        if row is not None:
            with self._aside(), _erasing(self.connection, fold=False):
                self.connection.execute(INSERT, row)
                self.connection.execute("DELETE FROM log WHERE seq >= ? AND seq < ?", (work.low, end))
            self.unfolded += WIDTH
        self._rows_from = self._first_row(end)

    def _unsettled(self, low: int, high: int) -> Settlement | None:
        """The entries of a tile as they stand; None where one of them, or what was before them, isn't there."""
        sql = "SELECT seq, body, leaf, head, private FROM log WHERE seq >= ? AND seq < ? ORDER BY seq"
        rows = self.connection.execute(sql, (low, high)).fetchall()
        head = self._head_before(low, self.chain)
        if head is None or len(rows) != high - low:
            return None
        return Settlement(low, head, rows, self.erasures)

    def _head_before(self, sequence: int, chain: ChainState) -> bytes | None:
        if sequence == 0:
            return genesis(chain.epoch).head
        if sequence == chain.size:
            return chain.head
        row = self.connection.execute("SELECT head FROM log WHERE seq = ?", (sequence - 1,)).fetchone()
        if row is not None:
            return bytes(row[0])
        return next((one.head_after() for one in self._blocks(sequence - 1, sequence)), None)

    def _blocks(self, first: int, end: int) -> Iterator[OpenBlock]:
        return blocks(self.connection, self.keys.find, first, end)

    def _first_row(self, start: int) -> int:
        (found,) = self.connection.execute("SELECT min(seq) FROM log WHERE seq >= ?", (start,)).fetchone()
        return self.chain.size if found is None else int(found)

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
            with contextlib.suppress(sqlite3.Error), self._aside():
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self.unfolded = 0

    def _stand(self) -> None:
        self._standing = self.connection.execute(
            "SELECT 1 FROM sqlite_schema"
        )  # open until its row is fetched

    @contextlib.contextmanager
    def _aside(self) -> Iterator[None]:
        """Without the read transaction, which folding the write-ahead log waits for, and dropping a table."""
        if self._standing is not None:
            self._standing.close()
        yield
        self._stand()

    def make_room(self) -> None:
        """Bring the write-ahead log to its usual size at once, by writing something and taking it back.

        A commit that writes over what is there needs the file system's journal for nothing; one that makes the file
        longer does, and takes half as long again. Not on a disk that is nearly full: the space is others' too.
        """
        with contextlib.suppress(sqlite3.Error, OSError), self._aside():
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
        self.sign()  # a tag vouches for entries that are there
        begin, end = first_of(self.connection) // WIDTH, min(unheld.below, self.chain.size - 1) // WIDTH
        end = min(end, begin + most)
        if begin >= end:
            return 0
        with self._aside(), _erasing(self.connection):
            for index in range(begin, end):
                leaves = read_tile(self.connection, 0, index, WIDTH)
                self.connection.execute("INSERT INTO purged VALUES (?, ?)", (index, leaves))
            self.connection.execute("DELETE FROM log WHERE seq < ?", (end * WIDTH,))
            self.connection.execute("DELETE FROM block WHERE n < ?", (end,))
            self.connection.execute("DELETE FROM payload WHERE seq < ?", (end * WIDTH,))
        self._forget()
        return (end - begin) * WIDTH

    def blank(self, keys: frozenset[str], low: int, high: int) -> None:
        """Overwrite what stands beside the entries from ``low`` to below ``high`` that these destroyed keys sealed."""
        with self._aside(), _erasing(self.connection):
            rows = self.connection.execute(
                "SELECT seq, body FROM log WHERE seq >= ? AND seq < ?", (low, high)
            )
            found = [(seq,) for seq, body in rows if orjson.loads(unpack_entry(body)).get("key") in keys]
            columns = ", ".join(f"{name} = x''" for name in (*BLIND_COLUMNS, "private"))
            self.connection.executemany(f"UPDATE log SET {columns} WHERE seq = ?", found)  # noqa: S608 - constants
            for one in self._blocks(low, high):
                if (rest := one.without(keys)) is not None:
                    calls, private, gone = rest
                    update = "UPDATE block SET calls = ?, private = ? WHERE n = ?"
                    self.connection.execute(update, (calls, private, one.number))
                    found.extend((sequence,) for sequence in gone)
            self.connection.executemany("DELETE FROM payload WHERE seq = ?", found)
        self._forget()

    def _forget(self) -> None:
        """What was read before an erasure is not written after it."""
        self.erasures += 1
        self._tail = None
        self._rows_from = self._first_row(0)

    def close(self) -> None:
        """Sign the last checkpoint with both keys, fold the write-ahead log in and close."""
        with contextlib.suppress(sqlite3.Error, StoreError, NoteError):
            self.countersign()
        with contextlib.suppress(sqlite3.Error):
            if self._standing is not None:
                self._standing.close()
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
        self.chain = chain
        self.connection.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
        with _transaction(self.connection):
            self._sign(chain)

    def _sign(self, chain: ChainState) -> _Signed:
        """Put the checkpoint of ``chain`` into the file, in place of the tags that stood for it."""
        checkpoint = Checkpoint(
            origin=self.signer.name,
            size=chain.size,
            root=chain.frontier.root(),
            head=chain.head,
            time_ms=self.clock(),
        )
        text = checkpoint.text()
        note = self.signer.sign(text)
        before = self._signed.size
        if chain.size // KEEP_EVERY == before // KEEP_EVERY:
            again = (chain.size, note, before)
            self.connection.execute("UPDATE checkpoint SET size = ?, note = ? WHERE size = ?", again)
        else:
            # The one before stays; it is worth the second signature, which takes twenty times as long as the first.
            self._sign_again()
            self.connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (chain.size, note))
        self.connection.execute("UPDATE log SET tag = x'' WHERE seq >= ? AND tag <> x''", (before,))
        return _Signed(chain.size, text)

    def countersign(self) -> str:
        """The last checkpoint with both signatures, on stable storage: the one to hand to others."""
        signed = self._signed
        with self._aside(), _transaction(self.connection):
            if self.is_unsigned:
                signed = self._sign(self.chain)
            note = self._sign_again()
        self._signed = signed
        return note

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
        """Where the log stands by its entries. Raises StoreError unless its last checkpoint says the same."""
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise self._damaged(f"written by a newer version (schema {version})", mend="upgrade bailiwick")
        if version == 0:
            raise self._damaged("emptied outside Bailiwick")
        if version < _OLDEST:
            raise self._damaged(
                f"written by a version before the first release (schema {version})",
                mend="move the state directory away to begin a new log; the old one verifies with its own version",
            )
        row = self.connection.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        try:
            signed = Checkpoint.parse(open_note(row[0], self.signer.verifier)) if row else None
        except NoteError as error:
            raise self._damaged(f"the last checkpoint: {error}") from error
        try:
            size, head = self._end()
            frontier = Tree(Stored(self.connection), size).frontier()
            chain = ChainState(epoch=self.directory.epoch, head=head, frontier=frontier)
            vouched = signed is not None and self._is_vouched_for(chain, signed, tagged=version >= TAGGED)
        except (SealError, TileError) as error:
            raise self._damaged(str(error)) from error
        if signed is None or not vouched:
            raise self._damaged(
                f"{size} entries, but {signed.size if signed else None} were signed for: "
                "entries were removed or changed outside Bailiwick"
            )
        if version < SCHEMA_VERSION:
            self._upgrade(version)
        self._signed = _Signed(signed.size, signed.text())
        return chain

    def _upgrade(self, version: int) -> None:
        with self._aside(), _transaction(self.connection):
            for statement in f"{'' if version >= TAGGED else _UPGRADE}{_TAGS_STATE}".split(";"):
                self.connection.execute(statement)
            tag_all(self.connection, self._tail_key)
            self.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _is_vouched_for(self, chain: ChainState, signed: Checkpoint, *, tagged: bool) -> bool:
        """Whether the last checkpoint is of this log, and a tag vouches for the entries after it, if there are any."""
        if signed.size == chain.size:
            return (signed.head, signed.root) == (chain.head, chain.frontier.root())
        if signed.size > chain.size or not tagged:
            return False
        root = Tree(Stored(self.connection), signed.size).frontier().root()
        if (signed.head, signed.root) != (self._head_before(signed.size, chain), root):
            return False
        head, kept = signed.head, b""
        sql = "SELECT leaf, tag FROM log WHERE seq >= ? ORDER BY seq"
        for leaf, kept in self.connection.execute(sql, (signed.size,)):  # noqa: B007 - the last one's
            head = link(head, leaf)
        tag = tail_tag(self._tail_key, chain.size, head, signed.text())
        return head == chain.head and hmac.compare_digest(tag, kept)

    def _end(self) -> tuple[int, bytes]:
        """How many entries there are, and the chain head after the last. Raises SealError."""
        entry = self.connection.execute("SELECT seq, head FROM log ORDER BY seq DESC LIMIT 1").fetchone()
        (last,) = self.connection.execute("SELECT max(n) FROM block").fetchone()
        if last is not None and (entry is None or (last + 1) * WIDTH > entry[0] + 1):
            return next((one.end, one.head_after()) for one in self._blocks(last * WIDTH, last * WIDTH + 1))
        return (0, genesis(self.directory.epoch).head) if entry is None else (entry[0] + 1, bytes(entry[1]))

    def _damaged(self, what: str, *, mend: str = "") -> StoreError:
        mend = mend or "keep the file as evidence (`bailiwick log verify` says more) and restore a backup"
        return StoreError(f"{self.directory.database}: {what}", mend=mend)


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
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextlib.contextmanager
def _erasing(connection: sqlite3.Connection, *, fold: bool = True) -> Iterator[None]:
    """A transaction after which what was deleted stands in no file of the database any more; with ``fold`` at once."""
    connection.execute("PRAGMA secure_delete = ON")
    try:
        with _transaction(connection):
            yield
        if fold:
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
