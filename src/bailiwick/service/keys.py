"""The data keys of a log: one for each subject and month, in a file of their own, wrapped under one key of the installation.

Kept apart from the log so that backups of the log hold nothing that opens it. ``keys.db`` uses a rollback journal and
overwrites what it deletes. Destroying a key also replaces the wrapping key and wraps the others anew, so that an
older copy of ``keys.db`` opens nothing either, unless the wrapping key of that time was copied with it.

    state/
      seal.key     wraps the data keys; back it up apart from keys.db, or not at all (0600)
      keys.db      data keys: name, subject, month, wrapped key; of destroyed ones the name and the time
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bailiwick.audit.retention import Unheld
from bailiwick.audit.sealing import KEY_SIZE, DataKey
from bailiwick.model.value import value
from bailiwick.service.state_directory import StoreError, mend_of, read_secret, sync_directory, write_private

MAX_OPEN = 20_000
"""Data keys held ready in memory at most."""

_NONCE_SIZE = 12
_COLUMNS = "columns"
"""The name of the key of the blinded columns; it seals nobody's data and is never destroyed."""

_BOUND = 1
"""The version from which on a wrapped key is bound to its subject and month too, so that a hold pins the keys that it means."""

_SCHEMA = f"""
CREATE TABLE key (id TEXT PRIMARY KEY, subject TEXT NOT NULL, month TEXT NOT NULL, wrapped BLOB,
  destroyed_ms INTEGER) STRICT;
CREATE INDEX key_subject ON key (subject, month);
CREATE TABLE wrapping (one INTEGER PRIMARY KEY CHECK (one = 1), mark BLOB NOT NULL) STRICT;
PRAGMA user_version = {_BOUND};
"""


_WRAPPED = "SELECT id, subject, month, wrapped FROM key"
Row = tuple[str, str, str, bytes]


@value(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """A data key as listed: whose, of which month, and when it was destroyed (milliseconds since 1970; None: it wasn't).

    Of a destroyed key subject and month are no longer known.
    """

    id: str
    subject: str
    month: str
    destroyed_ms: int | None


class KeyRing:
    """The data keys of a state directory. Raises StoreError. Used by one thread at a time."""

    def __init__(self, directory: Path, *, writable: bool) -> None:
        self.path = directory / "keys.db"
        self._secret = directory / "seal.key"
        self._wrapping = read_secret(self._secret)
        self._ready: dict[str, DataKey | None] = {}
        self._current: dict[tuple[str, str], DataKey] = {}
        mode = "rwc" if writable else "ro"
        try:
            self._connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            self._connection.execute("PRAGMA busy_timeout = 5000")
            if writable:
                self._prepare()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and forget the keys."""
        self._ready.clear()
        self._current.clear()
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    @property
    def blinding(self) -> bytes:
        """The key of the blinded columns of the log's table; the same for the life of the log."""
        return sha256(b"bailiwick columns\n" + self._column_secret()).digest()

    def current(self, subject: str, month: str) -> DataKey:
        """The key that seals a subject's records of a month; a new one is on stable storage when this returns."""
        known = self._current.get((subject, month))
        if known is not None:
            return known
        try:
            row = self._connection.execute(
                "SELECT id FROM key WHERE subject = ? AND month = ? AND wrapped IS NOT NULL", (subject, month)
            ).fetchone()
            key = self.find(row[0]) if row else self._made(subject, month)
        except sqlite3.Error as error:
            raise self._failed(error) from error
        if key is None:
            raise StoreError(f"{self.path}: a key of {month} can't be unwrapped", mend="restore seal.key")
        if len(self._current) >= MAX_OPEN:
            self._current.clear()
        self._current[subject, month] = key
        return key

    def make(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Make the keys that are missing of these subjects and months; all in one go, for a batch of records."""
        missing = {pair for pair in wanted if pair not in self._current}
        if len(missing) < 2:  # noqa: PLR2004 - one is made when it is asked for
            return
        try:
            sql = "SELECT 1 FROM key WHERE subject = ? AND month = ? AND wrapped IS NOT NULL"
            fresh = [pair for pair in missing if self._connection.execute(sql, pair).fetchone() is None]
            with self._transaction():
                for subject, month in sorted(fresh):
                    self._insert(subject, month)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def find(self, key_id: str) -> DataKey | None:
        """The key of this name; None when it was destroyed or isn't of this installation."""
        if key_id in self._ready:
            return self._ready[key_id]
        try:
            row = self._connection.execute(f"{_WRAPPED} WHERE id = ?", (key_id,)).fetchone()
            version = self._version()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        if len(self._ready) >= MAX_OPEN:
            self._ready.clear()
        found = row is not None and row[-1] is not None
        key = self._ready[key_id] = self._unwrapped(row, version) if found else None
        return key

    def gather(self) -> None:
        """Have the keys at hand that ``find`` gives: whoever goes through a whole log asks for each, which takes twice the time."""
        try:
            sql = f"{_WRAPPED} WHERE wrapped IS NOT NULL AND id <> ? LIMIT ?"
            rows, version = self._connection.execute(sql, (_COLUMNS, MAX_OPEN)).fetchall(), self._version()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        self._ready |= {row[0]: self._unwrapped(row, version) for row in rows if row[0] not in self._ready}

    def _unwrapped(self, row: Row, version: int) -> DataKey | None:
        raw = _unwrapped(self._wrapping, row, version)
        if raw is None:
            # A key replaced while this reader looked on is found with the wrapping key that is in force now.
            self._wrapping = read_secret(self._secret)
            raw = _unwrapped(self._wrapping, row, version)
        return DataKey.of(row[0], raw) if raw else None

    def entries(self) -> list[KeyEntry]:
        """Every key there is or was."""
        try:
            rows = self._connection.execute(
                # One is destroyed when its bytes are gone, whatever else its row says.
                "SELECT id, subject, month, CASE WHEN wrapped IS NULL THEN coalesce(destroyed_ms, 0) END FROM key "
                "WHERE id <> ? ORDER BY month, id",
                (_COLUMNS,),
            )
            return [KeyEntry(id=i, subject=s, month=m, destroyed_ms=d) for i, s, m, d in rows]
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def faults(self) -> Iterator[str]:
        """What somebody changed: keys that aren't whole, or are no longer those of their subject and month. Raises StoreError."""
        try:
            rows = self._connection.execute(f"{_WRAPPED} WHERE wrapped IS NOT NULL ORDER BY id").fetchall()
            marks = self._connection.execute("SELECT mark FROM wrapping").fetchall()
            sql = "SELECT id FROM key WHERE wrapped IS NOT NULL AND destroyed_ms IS NOT NULL"
            called_destroyed = self._connection.execute(sql).fetchall()
            version = self._version()
        except sqlite3.Error as error:
            raise self._failed(error) from error
        wrapping = next((one for one in self._wrappings() if marks == [(_mark(one),)]), None)
        if wrapping is None:
            yield "seal.key isn't the one that its keys are wrapped with"
            return
        for (name,) in called_destroyed:
            yield f"data key {name} is called destroyed, and is there"
        for row in rows:
            if _unwrapped(wrapping, row, version) is None:
                yield f"data key {row[0]} was changed, or whose it is"

    def _wrappings(self) -> Iterator[bytes]:
        """The wrapping key, and the one that is about to take its place where keys are being destroyed."""
        yield read_secret(self._secret)
        with contextlib.suppress(StoreError):
            yield read_secret(self._secret.with_name("seal.key.next"))
        yield read_secret(self._secret)

    def _version(self) -> int:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def destroy(self, unheld: Unheld, *, at_ms: int) -> int:
        """Destroy the keys that nothing holds (see ``audit.retention``); how many there were.

        1. Another wrapping key is written under a name of its own.
        2. In one transaction the destroyed keys lose their bytes, subject and month, and the others are wrapped anew.
        3. The new wrapping key takes the old one's place. A crash before that is mended when the ring is opened next.
        """
        fresh, doomed = os.urandom(KEY_SIZE), unheld.keys
        if not doomed:
            return 0
        following = self._secret.with_name("seal.key.next")
        try:
            write_private(following, fresh)  # (1)
            with self._transaction():  # (2)
                rows = self._connection.execute(f"{_WRAPPED} WHERE wrapped IS NOT NULL").fetchall()
                found = [row[0] for row in rows if row[0] in doomed]
                self._connection.executemany(
                    "UPDATE key SET wrapped = NULL, subject = '', month = '', destroyed_ms = ? WHERE id = ?",
                    [(at_ms, key_id) for key_id in found],
                )
                self._rewrap([row for row in rows if row[0] not in doomed], fresh)
            self._wrapping = fresh
            self._ready.clear()
            self._current.clear()
            self._replace(following)  # (3)
            self._connection.execute("VACUUM")
        except (sqlite3.Error, OSError) as error:
            raise self._failed(error) from error
        return len(found)

    def _made(self, subject: str, month: str) -> DataKey:
        with self._transaction():
            key_id, raw = self._insert(subject, month)
        key = self._ready[key_id] = DataKey.of(key_id, raw)
        return key

    def _insert(self, subject: str, month: str) -> tuple[str, bytes]:
        key_id, raw = os.urandom(8).hex(), os.urandom(KEY_SIZE)
        wrapped = _wrapped(self._wrapping, (key_id, subject, month), raw)
        self._connection.execute(
            "INSERT INTO key VALUES (?, ?, ?, ?, NULL)", (key_id, subject, month, wrapped)
        )
        return key_id, raw

    def _rewrap(self, rows: Iterable[Row], fresh: bytes) -> None:
        version = self._version()
        for row in rows:
            key_id, subject, month, _ = row
            raw = _unwrapped(self._wrapping, row, version)
            if raw is None:
                raise sqlite3.DatabaseError(f"key {key_id} can't be unwrapped; restore seal.key")
            again = (_wrapped(fresh, (key_id, subject, month), raw), key_id)
            self._connection.execute("UPDATE key SET wrapped = ? WHERE id = ?", again)
        self._connection.execute("UPDATE wrapping SET mark = ?", (_mark(fresh),))
        self._connection.execute(f"PRAGMA user_version = {_BOUND}")

    def _prepare(self) -> None:
        for pragma in ("journal_mode = DELETE", "synchronous = FULL", "fullfsync = ON", "secure_delete = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self.path.chmod(0o600)
        if self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        if self._connection.execute("SELECT 1 FROM wrapping").fetchone() is None:
            columns = _wrapped(self._wrapping, (_COLUMNS, "", ""), os.urandom(KEY_SIZE))
            with self._transaction():
                self._connection.execute("INSERT INTO key VALUES (?, '', '', ?, NULL)", (_COLUMNS, columns))
                self._connection.execute("INSERT INTO wrapping VALUES (1, ?)", (_mark(self._wrapping),))
        (mark,) = self._connection.execute("SELECT mark FROM wrapping").fetchone()
        following = self._secret.with_name("seal.key.next")
        if mark == _mark(self._wrapping):
            following.unlink(missing_ok=True)
        elif following.exists() and mark == _mark(read_secret(following)):
            self._wrapping = read_secret(following)
            self._replace(following)
        else:
            raise StoreError(
                f"{self._secret}: doesn't open {self.path.name}", mend="restore it from a backup"
            )
        if self._version() < _BOUND:
            with self._transaction():
                rows = self._connection.execute(f"{_WRAPPED} WHERE wrapped IS NOT NULL").fetchall()
                self._rewrap(rows, self._wrapping)

    def _replace(self, following: Path) -> None:
        # The old bytes are overwritten where they stand, as far as the disk lets anybody do that.
        with contextlib.suppress(OSError), self._secret.open("r+b") as old:
            old.write(bytes(KEY_SIZE))
            os.fsync(old.fileno())
        following.replace(self._secret)
        sync_directory(self._secret.parent)

    def _column_secret(self) -> bytes:
        row = self._connection.execute(f"{_WRAPPED} WHERE id = ?", (_COLUMNS,)).fetchone()
        raw = _unwrapped(self._wrapping, row, self._version()) if row and row[-1] else None
        if raw is None:
            raise StoreError(
                f"{self.path}: the key of the columns is missing", mend="restore it from a backup"
            )
        return raw

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _failed(self, error: Exception) -> StoreError:
        return StoreError(f"{self.path}: {error}", mend=mend_of(error))


def _wrapped(wrapping: bytes, whose: tuple[str, str, str], key: bytes) -> bytes:
    nonce = os.urandom(_NONCE_SIZE)
    return nonce + AESGCM(wrapping).encrypt(nonce, key, _bound_to(whose, _BOUND))


def _unwrapped(wrapping: bytes, row: Row, version: int) -> bytes | None:
    *whose, wrapped = row
    try:
        return AESGCM(wrapping).decrypt(
            wrapped[:_NONCE_SIZE], wrapped[_NONCE_SIZE:], _bound_to(whose, version)
        )
    except (InvalidTag, ValueError):
        return None


def _bound_to(whose: Sequence[str], version: int) -> bytes:
    """What a wrapped key can't be taken apart from: its name; since ``_BOUND`` whose it is and of which month."""
    text = whose[0] if version < _BOUND else "\0".join(whose)
    return text.encode("utf-8", "surrogatepass")


def _mark(wrapping: bytes) -> bytes:
    """What tells wrapping keys apart without giving one away."""
    return blake2b(b"bailiwick wrapping key", key=wrapping, digest_size=16).digest()
