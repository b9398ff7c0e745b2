"""Records into the embedded index: names become numbers, counts are added up for the batch, everything is written at once."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

from bailiwick.audit.search import DAY_MS, HOUR_MS, Terms, Thing, terms_of
from bailiwick.service.index.schema import FIELDS, LISTS, VERDICTS

_SINGLE = attrgetter(*FIELDS)

MOST_NAMES = 300_000
"""Names whose numbers are kept in memory; beyond them the memory is emptied."""

_VERDICT = {name: number for number, name in enumerate(VERDICTS)}
_EVENT = f"INSERT INTO event (place, time_ms, verdict, enforced, {', '.join(FIELDS)}) VALUES ({', '.join('?' * (4 + len(FIELDS)))})"  # noqa: S608 - constants
_KNOWN = "SELECT id FROM name WHERE field = ? AND text = ?"
_NAME = "INSERT INTO name (field, text) VALUES (?, ?)"
_SEEN = (
    "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (thing, user, name) DO UPDATE SET times = times + excluded.times"
)
_ROLLUPS = {
    "total": ("user", "tool", "verdict"),
    "daily": ("day", "tool", "verdict"),
    "daily_user": ("day", "user", "verdict"),
    "daily_both": ("user", "day", "tool", "verdict"),
}


class Ingest:
    """Writes batches through one connection, whose transactions are the caller's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._names: dict[tuple[str, str], int] = {}

    def add(self, records: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Index records with their places in the log."""
        if len(self._names) > MOST_NAMES:
            self._names.clear()
        events: list[tuple[int, ...]] = []
        words: list[tuple[int, str]] = []
        uses: dict[str, list[tuple[int, int]]] = {name: [] for name in LISTS}
        calls: Counter[tuple[int, int, int, int]] = Counter()
        seen: dict[tuple[str, int, int], list[int]] = {}
        hours: dict[int, tuple[int, int]] = {}
        for place, record in records:
            terms = terms_of(record)
            single = [self._number(field, text) for field, text in zip(FIELDS, _SINGLE(terms), strict=True)]
            verdict = _VERDICT.get(terms.enforced, 0)
            events.append((place, terms.time_ms, _VERDICT.get(terms.verdict, 0), verdict, *single))
            words.append((place, terms.text))
            user, tool = single[0], single[3]
            listed = self._listed(terms)
            for field, numbers in listed.items():
                uses[field].extend((number, place) for number in numbers)
            if terms.is_call:
                calls[terms.time_ms // DAY_MS, user, tool, verdict] += 1
                used = (
                    (Thing.TOOL, [tool]),
                    (Thing.SKILL, listed["skill"]),
                    (Thing.PATH, listed["path"]),
                    (Thing.HOST, listed["contact"]),
                )
                for thing, numbers in used:
                    for number in numbers:
                        if (first := seen.get((thing, user, number))) is None:
                            first = seen[thing, user, number] = [place, terms.time_ms, 0]
                        first[2] += 1
            hour = terms.time_ms // HOUR_MS
            low, _ = hours.get(hour, (place, place))
            hours[hour] = (low, place)
        self._write(events, words, uses, hours)
        self._count(calls)
        self._connection.executemany(_SEEN, [(*key, *value) for key, value in seen.items()])

    def _listed(self, terms: Terms) -> dict[str, list[int]]:
        lists = {"skill": terms.skills, "rule": terms.rules, "path": terms.paths, "contact": terms.hosts}
        return {
            field: [self._number(field, text) for text in texts] if texts else []
            for field, texts in lists.items()
        }

    def _number(self, field: str, text: str) -> int:
        if not text:
            return 0
        known = self._names.get((field, text))
        if known is None:
            row = self._connection.execute(_KNOWN, (field, text)).fetchone()
            known = row[0] if row else self._connection.execute(_NAME, (field, text)).lastrowid
            known = self._names[field, text] = int(known or 0)
        return known

    def _write(
        self,
        events: list[tuple[int, ...]],
        words: list[tuple[int, str]],
        uses: Mapping[str, list[tuple[int, int]]],
        hours: Mapping[int, tuple[int, int]],
    ) -> None:
        execute = self._connection.executemany
        execute(_EVENT, events)
        execute("INSERT INTO words (rowid, text) VALUES (?, ?)", words)
        for field, rows in uses.items():
            execute(f"INSERT OR IGNORE INTO {field}_of VALUES (?, ?)", rows)  # noqa: S608 - constants
        execute(
            "INSERT INTO hour VALUES (?, ?, ?) ON CONFLICT (hour) DO UPDATE SET last = max(last, excluded.last)",
            [(hour, first, last) for hour, (first, last) in hours.items()],
        )

    def _count(self, calls: Counter[tuple[int, int, int, int]]) -> None:
        for table, columns in _ROLLUPS.items():
            sums: Counter[tuple[int, ...]] = Counter()
            for (day, user, tool, verdict), number in calls.items():
                value = {"day": day, "user": user, "tool": tool, "verdict": verdict}
                sums[tuple(value[column] for column in columns)] += number
            holes = ", ".join("?" * (len(columns) + 1))
            self._connection.executemany(
                f"INSERT INTO {table} VALUES ({holes}) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",  # noqa: S608 - constants
                [(*key, number) for key, number in sums.items()],
            )
