"""The embedded index: one SQLite file beside the log, private to the same account, made from the log and never the other way.

It holds in clear what the log seals (names, paths, words), so it goes where the log goes: after a key was destroyed or
entries were purged it is made anew, without what can't be read any more.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bailiwick.audit.search import (
    DAY_MS,
    HOUR_MS,
    By,
    Count,
    FirstSeen,
    Placed,
    Search,
    Thing,
    day_of,
    terms_of,
    words_in,
)
from bailiwick.service.index.ingest import Ingest
from bailiwick.service.index.schema import ASKED, CODES, OWNER, SCHEMA, VERDICTS, VERSION
from bailiwick.service.private import keep_private
from bailiwick.service.state_directory import StoreError

FILE = "index.db"
_PATIENCE_MS = 20_000
HIGH = "\U0010ffff"
"""After every text that begins alike."""

_USER = f"(SELECT id FROM name WHERE field = {CODES['user']} AND text = ?)"  # noqa: S608 - constants


class EmbeddedIndex:
    """The index in ``path``, created where there is none. One that another version made, or that is damaged, is emptied.

    Raises StoreError where the file can't be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise self._told(error) from error
            self.path.unlink(missing_ok=True)
            self._connection = self._open()
        self._ingest = Ingest(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """The open database, for who compares."""
        return self._connection

    def know(self, names: Iterable[tuple[int, int, str]]) -> None:
        """Give names the numbers that another index gave them: number, field, text. For an index that is empty."""
        self._connection.executemany("INSERT INTO name VALUES (?, ?, ?)", names)
        self._ingest = Ingest(self._connection)

    def settle(self) -> None:
        """Merge the full text's pieces and fold the write-ahead log in, so that the file stands alone. Raises StoreError."""
        for statement in (
            "INSERT INTO words (words) VALUES ('optimize')",
            "PRAGMA wal_checkpoint(TRUNCATE)",
            "PRAGMA journal_mode = DELETE",
        ):
            list(self._rows(statement))

    @contextlib.contextmanager
    def still(self) -> Iterator[bool]:
        """While this lasts the file doesn't change and stands alone, if what is given is true; nobody is waited for."""
        self._connection.execute("PRAGMA busy_timeout = 0")
        (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        # Who reads from the file alone keeps others from folding into it.
        self._connection.execute("BEGIN")
        try:
            self._connection.execute("SELECT 1 FROM meta").fetchone()
            wal = self.path.with_name(f"{self.path.name}-wal")
            yield not busy and not (wal.exists() and wal.stat().st_size)
        finally:
            self._connection.execute("COMMIT")

    @property
    def mark(self) -> tuple[str, int, str]:
        """Which log is indexed, the next place to index, and what had been erased from the log when this index was begun."""
        kept = dict(self._rows("SELECT name, value FROM meta"))
        return kept.get("epoch", ""), int(kept.get("next", "0")), kept.get("erased", "")

    def add(self, records: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Index records with their places in the log, in one transaction. Raises StoreError."""
        if records:
            epoch, place, erased = self.mark
            placed = [(at, terms_of(record)) for at, record in records]
            self.add_marked(placed, epoch=epoch, after=place, erased=erased)

    def add_marked(self, placed: Sequence[Placed], *, epoch: str, after: int, erased: str) -> bool:
        """``add`` terms of records for the log ``epoch``, unless another process has gone on from ``after`` meanwhile: then False."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                is_next = self.mark[1] == after
                if is_next:
                    self._ingest.add(placed)
                    rows = (("epoch", epoch), ("next", str(placed[-1][0] + 1)))
                    self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
                    self._connection.execute("INSERT OR IGNORE INTO meta VALUES ('erased', ?)", (erased,))
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._ingest = Ingest(self._connection)
                raise
        except sqlite3.Error as error:
            raise self._told(error) from error
        return is_next

    def find(self, search: Search, *, limit: int) -> list[int]:
        """Places of the records for which ``search`` holds, newest first."""
        made = list(self._conditions(search))
        conditions = [condition for condition, _ in made]
        values = tuple(value for _, given in made for value in given)
        words = words_in(search.words)
        if search.words and not words:
            return []
        if words:
            looked_for = [f'"{word}"{"*" if goes_on else ""}' for word, goes_on in words]
            looked_for += [f'"{OWNER}{number}"' for number in self._ids("user", "text = ?", search.user)]
            match = " AND ".join(looked_for)
            where = " AND ".join(["words MATCH ?", *conditions])
            # The full text is gone through newest first until there are enough; the rest is looked up for each.
            sql = f"SELECT words.rowid FROM words CROSS JOIN event ON place = words.rowid WHERE {where} ORDER BY words.rowid DESC LIMIT ?"  # noqa: S608 - built from constants
            return [place for (place,) in self._rows(sql, (match, *values, limit))]
        sql = f"SELECT place FROM event WHERE {' AND '.join(conditions) or '1'} ORDER BY place DESC LIMIT ?"  # noqa: S608 - built from constants
        return [place for (place,) in self._rows(sql, (*values, limit))]

    def session(self, session: str) -> list[int]:
        """Places of the records of a session, oldest first."""
        return self.find(Search(session=session), limit=-1)[::-1] if session else []

    def counts(self, by: tuple[By, ...], *, search: Search, limit: int) -> list[Count]:
        """Tool calls counted; most first, days in order."""
        dated = By.DAY in by or search.since_ms is not None or search.until_ms is not None
        if search.user or (dated and By.USER in by and (By.TOOL in by or search.tool)):
            table = "daily_both"
        elif not dated:
            table = "total"
        else:
            table = "daily_user" if By.USER in by else "daily"
        conditions, values = ["1"], list[Any]()
        if search.user:
            conditions.append(f"user = {_USER}")
            values.append(search.user)
        if search.tool:
            conditions.append(f"tool IN (SELECT id FROM name WHERE field = {CODES['tool']} AND text GLOB ?)")  # noqa: S608 - constants
            values.append(search.tool)
        if search.verdict:
            conditions.append("verdict = ?")
            values.append(VERDICTS.index(search.verdict))
        if search.since_ms is not None:
            conditions.append("day >= ?")
            values.append(search.since_ms // DAY_MS)
        if search.until_ms is not None:
            conditions.append("day <= ?")
            values.append((search.until_ms - 1) // DAY_MS)
        columns = ", ".join(one.value for one in by)
        order = "day, n DESC" if By.DAY in by else "n DESC"
        sql = f"SELECT {columns}, sum(calls) AS n FROM {table} WHERE {' AND '.join(conditions)} GROUP BY {columns} ORDER BY {order}"  # noqa: S608 - built from constants
        counted = [
            Count(
                values=tuple(self._shown(one, value) for one, value in zip(by, row, strict=False)),
                calls=row[-1],
            )
            for row in self._rows(f"{sql} LIMIT ?", (*values, max(limit * 2, limit) if limit > 0 else -1))
        ]
        ordered = sorted(
            counted, key=lambda count: count.values if By.DAY in by else (-count.calls, count.values)
        )
        return ordered[:limit] if limit > 0 else ordered

    def first_seen(self, *, thing: Thing, user: str, since_ms: int, limit: int) -> list[FirstSeen]:
        """Things first used since a moment, newest first."""
        by_user = "AND u.text = ?" if user else ""
        sql = f"""SELECT coalesce(u.text, ''), n.text, s.place, s.time_ms, s.times FROM seen s JOIN name n ON n.id = s.name
            LEFT JOIN name u ON u.id = s.user WHERE s.thing = ? AND s.time_ms >= ? {by_user} ORDER BY s.time_ms DESC, s.place DESC, n.text LIMIT ?"""  # noqa: S608 - constants
        given = (thing.value, since_ms, *([user] if user else ()), limit)
        return [
            FirstSeen(user=who, thing=thing, name=name, place=place, time_ms=time_ms, times=times)
            for who, name, place, time_ms, times in self._rows(sql, given)
        ]

    def calls_of(self, user: str) -> int:
        """How many tool calls an account's agents made so far."""
        sql = f"SELECT coalesce(sum(calls), 0) FROM total WHERE user = {_USER}"  # noqa: S608 - constants
        return int(next(self._rows(sql, (user,)))[0])

    def used_before(self, thing: Thing, user: str, begins: str, place: int, *, exactly: bool = False) -> bool:
        """Whether an account's agent used, before ``place``, a thing whose name begins so (or, ``exactly``, is so)."""
        field = {Thing.HOST: "contact"}.get(thing, thing.value)
        sql = (
            f"SELECT 1 FROM name n JOIN seen s ON s.thing = ? AND s.name = n.id AND s.user = {_USER} "  # noqa: S608 - constants
            "WHERE n.field = ? AND n.text >= ? AND n.text < ? AND s.place < ? LIMIT 1"
        )
        end = f"{begins}\0" if exactly else begins + HIGH
        return next(self._rows(sql, (thing.value, user, CODES[field], begins, end, place)), None) is not None

    def _conditions(self, search: Search) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """The conditions that ``search`` makes on ``event``, with their values."""
        if search.user:
            yield "user = ?", (next(iter(self._ids("user", "text = ?", search.user)), -1),)
        for field, glob in (("tool", search.tool), ("kind", search.kind)):
            if glob:
                yield f"{field} IN ({_list(self._ids(field, 'text GLOB ?', glob))})", ()
        if search.session:
            begin = "text >= ? AND text < ?", search.session, search.session + HIGH
            ours, theirs = (_list(self._ids(field, *begin)) for field in ("session", "client_session"))
            yield f"(session IN ({ours}) OR client_session IN ({theirs}))", ()
        if search.verdict:
            yield "(verdict = ? OR enforced = ?)", (VERDICTS.index(search.verdict),) * 2
            if VERDICTS.index(search.verdict) >= ASKED:
                yield f"(enforced >= {ASKED} OR verdict >= {ASKED})", ()  # as the index of those is declared
        yield from self._of_lists(search)
        yield from self._in_time(search)

    def _of_lists(self, search: Search) -> Iterator[tuple[str, tuple[Any, ...]]]:
        listed = (
            ("skill", search.skill, ("text = ?", search.skill)),
            ("rule", search.rule, ("text GLOB ?", search.rule)),
            ("path", search.under, ("text >= ? AND text < ?", search.under, search.under + HIGH)),
        )
        for field, asked, condition in listed:
            if asked:
                yield f"place IN ({_places(field, self._ids(field, *condition))})", ()
        if search.host:
            machines = _list(self._ids("host", "text = ?", search.host))
            contacts = _places("contact", self._ids("contact", "text = ?", search.host))
            yield f"(host IN ({machines}) OR place IN ({contacts}))", ()

    def _in_time(self, search: Search) -> Iterator[tuple[str, tuple[Any, ...]]]:
        since, until = search.since_ms, search.until_ms
        if since is None and until is None:
            return
        low = -(2**62) if since is None else since // HOUR_MS
        high = 2**62 if until is None else (until - 1) // HOUR_MS
        sql = "SELECT coalesce(min(first), 0), coalesce(max(last), -1) FROM hour WHERE hour BETWEEN ? AND ?"
        yield "place BETWEEN ? AND ?", next(self._rows(sql, (low, high)))
        if since is not None:
            yield "time_ms >= ?", (since,)
        if until is not None:
            yield "time_ms < ?", (until,)

    def _ids(self, field: str, condition: str, *values: str) -> list[int]:
        sql = f"SELECT id FROM name WHERE field = ? AND {condition}"  # noqa: S608 - constants
        return [number for (number,) in self._rows(sql, (CODES[field], *values))]

    def _shown(self, by: By, value: int) -> str:
        match by:
            case By.DAY:
                return day_of(value)
            case By.VERDICT:
                return VERDICTS[value]
            case By.USER | By.TOOL:
                return next(
                    (text for (text,) in self._rows("SELECT text FROM name WHERE id = ?", (value,))), ""
                )

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            keep_private(self.path)
            # It can be made again from the log, so it needs no syncs: losing it costs time.
            for pragma in (
                f"busy_timeout = {_PATIENCE_MS}",
                "journal_mode = WAL",
                "synchronous = OFF",
                "cache_size = -65536",
            ):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in {0, VERSION}:
                raise sqlite3.DatabaseError("made by another version")  # noqa: TRY301 - one way to make it anew
            if version == 0:
                for statement in filter(str.strip, SCHEMA.split(";\n")):
                    connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            connection.close()
            raise
        return connection

    def _told(self, error: Exception) -> StoreError:
        return StoreError(f"{self.path}: {error}", mend="free disk space, or `bailiwick log index rebuild`")


def _list(ids: list[int]) -> str:
    return ", ".join(map(str, ids)) or "-1"


def _places(field: str, ids: list[int]) -> str:
    return f"SELECT place FROM {field}_of WHERE name IN ({_list(ids)})"  # noqa: S608 - numbers
