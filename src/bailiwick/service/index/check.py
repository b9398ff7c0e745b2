"""Whether the embedded index says what the log says: it is made again from the log, aside, and held against it row by row.

No proof rests on the index, but people believe what a search doesn't find. Somebody who may write the file could take a
denial out of it and leave the log as it is.
"""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from bailiwick.service import at_rest
from bailiwick.service.index.embedded import FILE, EmbeddedIndex
from bailiwick.service.index.schema import LISTS, VERSION
from bailiwick.service.index.upkeep import catch_up, digests_of_index, standing
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError

_MEND = "keep a copy as evidence, then `bailiwick log index rebuild`"

_TABLES = (
    "event",
    *(f"{name}_of" for name in LISTS),
    "hour",
    "total",
    "daily",
    "daily_user",
    "daily_both",
    "seen",
)
"""Tables of which every row follows from the log; those without a rowid are read in the order of their keys."""

_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
_WORDS = "CREATE VIRTUAL TABLE temp.told USING fts5vocab('main', 'words', 'instance')"


def index_faults(reader: LogReader) -> list[str]:
    """What the embedded index says otherwise than the log, in words; nothing where there is none. Raises StoreError.

    One that the next search makes anew anyhow (of another version, or of before an erasure) is not looked at, nor is any where the
    log's keys aren't at hand, which it was made with. It may lag behind the log; what it has must be right.
    """
    path = reader.directory / FILE
    if not path.exists() or not reader.has_keys:
        return []
    if not os.access(path, os.R_OK):
        raise StoreError(
            f"{path}: can't be read", mend="verify as the account that owns it, or leave it out: --no-index"
        )
    try:
        with contextlib.closing(_opened(path)) as theirs:
            return _faults(reader, path, theirs) or _changed(reader, path, theirs)
    except (sqlite3.Error, UnicodeDecodeError, ValueError) as error:
        return [f"{path}: {error}; {_MEND}"]
    except OSError as error:
        raise StoreError(
            f"{error.filename}: {error.strerror}", mend="free disk space, or leave it out: --no-index"
        ) from error


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA busy_timeout = 20000")
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # In a folder that can't be written, what SQLite keeps beside the file isn't there, and nobody else writes it.
        connection.close()
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
        )
    return connection


def _faults(reader: LogReader, path: Path, theirs: sqlite3.Connection) -> list[str]:
    if theirs.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        return []
    damage = [text for (text,) in theirs.execute("PRAGMA integrity_check(1)") if text != "ok"]
    if damage:
        return [f"{path}: damaged: {damage[0]}; {_MEND}"]
    meta = dict(theirs.execute("SELECT name, value FROM meta"))
    place, (epoch, size) = int(meta.get("next", "0")), standing(reader)
    if meta.get("epoch", epoch) == epoch and place > size:
        return [
            f"{path}: it has {place} entries and the log {size}: the log was put back to an older one, or this isn't its index; {_MEND}"
        ]
    if meta.get("epoch", epoch) != epoch or meta.get("erased", "") not in {"", reader.erased()}:
        return []
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=".index-", dir=reader.directory))
        except OSError:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
        ours = stack.enter_context(EmbeddedIndex(Path(folder) / FILE))
        ours.know(theirs.execute("SELECT id, field, text FROM name"))
        catch_up(reader, ours, epoch, place)
        told = (f"{path}: {fault}; {_MEND}" for fault in _differing(ours.connection, theirs))
        return list(told)


def _changed(reader: LogReader, path: Path, theirs: sqlite3.Connection) -> list[str]:
    """That bytes of a file at rest were changed, those that nothing reads included; nothing where it can't be told."""
    summary, wal = digests_of_index(path), path.with_name(f"{path.name}-wal")
    key = reader.digest_key
    kept = None if key is None else at_rest.kept_in(key, summary)
    if key is None or kept is None or (wal.exists() and wal.stat().st_size):
        return []
    place = next((int(value) for (value,) in theirs.execute("SELECT value FROM meta WHERE name = 'next'")), 0)
    if kept and kept["next"] < place:
        return []  # who went on from there did not come to its end
    told = "its rows are those of the log, but bytes that nothing reads were changed since it was closed"
    return [f"{path.with_name(name)}: {told}; {_MEND}" for name in at_rest.changed(key, summary, [path])]


def _differing(ours: sqlite3.Connection, theirs: sqlite3.Connection) -> Iterator[str]:
    """The tables that differ, each with the first row that does: what the log gives, and what stands there."""
    yield from _first("sqlite_master", ours.execute(_SCHEMA), theirs.execute(_SCHEMA))
    for table in _TABLES:
        sql = f"SELECT * FROM {table}"  # noqa: S608 - constants
        yield from _first(table, ours.execute(sql), theirs.execute(sql))
    for connection in (ours, theirs):
        connection.execute(_WORDS)
    words = "SELECT term, doc FROM temp.told"
    yield from _first("words", ours.execute(words), theirs.execute(words))


def _first(
    table: str, ours: Iterator[tuple[object, ...]], theirs: Iterator[tuple[object, ...]]
) -> Iterator[str]:
    for one, other in zip_longest(ours, theirs):
        if one != other:
            yield f"its table {table} says {other or 'nothing'} where the log gives {one or 'nothing'}"
            return
