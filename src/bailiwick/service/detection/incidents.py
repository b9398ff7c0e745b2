"""The incident queue: what detection found and nobody has dealt with yet; and how far detection has come.

One SQLite file beside the log. What was found is in the log as well; the queue says what became of it.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from bailiwick.service.private import keep_private
from bailiwick.service.state_directory import StoreError

QUIET_MS = 3_600_000
"""While an incident is younger than this, the same rule for the same session adds to it and raises no other."""

MOST_EVIDENCE = 100

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS meta (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT NOT NULL, next INTEGER NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS incident (id INTEGER PRIMARY KEY, raised_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
      rule TEXT NOT NULL, title TEXT NOT NULL, level TEXT NOT NULL, user TEXT NOT NULL, session TEXT NOT NULL, times INTEGER NOT NULL,
      evidence TEXT NOT NULL, closed TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE INDEX IF NOT EXISTS incident_open ON incident (rule, user, session) WHERE closed = ''",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident. ``evidence`` are places in the log; ``closed`` is why nothing more is to be done, empty while open."""

    id: int
    raised_ms: int
    last_ms: int
    rule: str
    title: str
    level: str
    user: str
    session: str
    times: int
    evidence: tuple[int, ...]
    closed: str


class Incidents:
    """The queue of a state directory. Raises StoreError where its file can't be used."""

    def __init__(self, state: Path) -> None:
        self.path = state / "incidents.db"
        try:
            self._connection = sqlite3.connect(self.path, isolation_level=None)
            keep_private(self.path)
            for statement in (
                "PRAGMA busy_timeout = 5000",
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                *_SCHEMA,
            ):
                self._connection.execute(statement)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path}: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def mark(self) -> tuple[str, int]:
        """Which log detection looks at, and the next place."""
        return next(
            ((str(epoch), int(place)) for epoch, place in self._rows("SELECT epoch, next FROM meta")), ("", 0)
        )

    def begin(self) -> None:
        """Begin a batch; what is added counts only once ``end`` returned. Raises StoreError."""
        list(self._rows("BEGIN IMMEDIATE"))

    def end(self, epoch: str, place: int) -> None:
        """End the batch: detection has looked at everything before ``place``."""
        list(self._rows("INSERT OR REPLACE INTO meta VALUES (1, ?, ?)", (epoch, place)))
        list(self._rows("COMMIT"))

    def abandon(self) -> None:
        """Take the batch back."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def add(self, fresh: Incident) -> bool:
        """Add an incident; False when it joined one that is still young."""
        known = self._rows(
            "SELECT id, evidence FROM incident WHERE closed = '' AND rule = ? AND user = ? AND session = ? AND raised_ms > ? "
            "ORDER BY id DESC LIMIT 1",
            (fresh.rule, fresh.user, fresh.session, fresh.raised_ms - QUIET_MS),
        )
        for number, evidence in known:
            places = list(dict.fromkeys([*orjson.loads(evidence), *fresh.evidence]))[:MOST_EVIDENCE]
            change = "UPDATE incident SET times = times + 1, last_ms = ?, evidence = ? WHERE id = ?"
            list(self._rows(change, (fresh.last_ms, orjson.dumps(places).decode(), number)))
            return False
        insert = "INSERT INTO incident (raised_ms, last_ms, rule, title, level, user, session, times, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)"
        evidence = orjson.dumps(list(fresh.evidence[:MOST_EVIDENCE])).decode()
        values = (
            fresh.raised_ms,
            fresh.last_ms,
            fresh.rule,
            fresh.title,
            fresh.level,
            fresh.user,
            fresh.session,
            evidence,
        )
        list(self._rows(insert, values))
        return True

    def queue(self, *, closed: bool = False) -> list[Incident]:
        """Open incidents, the newest last; with ``closed`` those that are closed too."""
        sql = f"SELECT id, raised_ms, last_ms, rule, title, level, user, session, times, evidence, closed FROM incident {'' if closed else 'WHERE closed = ' + repr('')} ORDER BY id"  # noqa: S608 - constants
        names = ("id", "raised_ms", "last_ms", "rule", "title", "level", "user", "session", "times")
        return [
            Incident(
                **dict(zip(names, row, strict=False)), evidence=tuple(orjson.loads(row[9])), closed=row[10]
            )
            for row in self._rows(sql)
        ]

    def close(self, number: int, because: str) -> bool:
        """Close an incident; False when there is no open one of that number."""
        done = list(
            self._rows(
                "UPDATE incident SET closed = ? WHERE id = ? AND closed = '' RETURNING id", (because, number)
            )
        )
        return bool(done)

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error
