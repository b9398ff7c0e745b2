"""Records into the embedded index: names become numbers, counts are added up for the batch, everything is written at once.

A batch is gone through by columns, not by records: most of it is then the work of built-in functions.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any

from bailiwick.audit.kinds import Kind
from bailiwick.audit.search import DAY_MS, HOUR_MS, Placed, Terms, Thing
from bailiwick.service.index.schema import CODES, FIELDS, LISTS, OWNER, VERDICTS

_LISTED = dict(zip(LISTS, ("skills", "rules", "paths", "hosts"), strict=True))
_THINGS = {Thing.SKILL: "skill", Thing.PATH: "path", Thing.HOST: "contact"}

MOST_NAMES = 300_000
"""Names of a field whose numbers are kept in memory; beyond them they are forgotten."""

ASKED_AT_ONCE = 500
"""Names looked up by one statement."""

_VERDICT = {name: number for number, name in enumerate(VERDICTS)}
_EVENT = f"INSERT INTO event (place, time_ms, verdict, enforced, {', '.join(FIELDS)}) VALUES ({', '.join('?' * (4 + len(FIELDS)))})"  # noqa: S608 - constants
_SEEN = (
    "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (thing, user, name) DO UPDATE SET times = times + excluded.times"
)
_HOUR = "INSERT INTO hour VALUES (?, ?, ?) ON CONFLICT (hour) DO UPDATE SET last = max(last, excluded.last)"
_DAY, _USER, _TOOL, _ENFORCED = range(4)
_ROLLUPS = {
    "total": (_USER, _TOOL, _ENFORCED),
    "daily": (_DAY, _TOOL, _ENFORCED),
    "daily_user": (_DAY, _USER, _ENFORCED),
    "daily_both": (_USER, _DAY, _TOOL, _ENFORCED),
}

Uses = dict[str, list[tuple[int, int]]]
"""Of each field that may have several names in a record: their numbers, with the places where they occur."""


class Ingest:
    """Writes batches through one connection, whose transactions are the caller's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._names: dict[str, dict[str, int]] = {field: {"": 0} for field in CODES}
        self._last: int | None = None
        """The last number that was given when this was looked at; None before."""
        self._knows_all = False
        """Whether no name has a number that isn't in memory."""

    def add(self, placed: Sequence[Placed]) -> None:
        """Index the terms of records with their places in the log."""
        if not placed:
            return
        places, terms = zip(*placed, strict=True)
        told = dict(zip(Terms._fields, zip(*terms, strict=True), strict=True))
        columns = {field: told[field] for field in FIELDS}
        lists = {
            field: [(place, found) for place, found in zip(places, told[names], strict=True) if found]
            for field, names in _LISTED.items()
        }
        self._learn({field: set(column) for field, column in columns.items()})
        self._learn({field: {name for _, found in lists[field] for name in found} for field in LISTS})
        numbers = {
            field: list(map(self._names[field].__getitem__, column)) for field, column in columns.items()
        }
        uses: Uses = {
            field: [(self._names[field][name], place) for place, found in lists[field] for name in found]
            for field in LISTS
        }
        times = told["time_ms"]
        enforced = [_VERDICT.get(one, 0) for one in told["enforced"]]
        verdicts = [_VERDICT.get(one, 0) for one in told["verdict"]]
        self._write(_EVENT, zip(places, times, verdicts, enforced, *numbers.values(), strict=True))
        users, tools = numbers["user"], numbers["tool"]
        texts = [
            f"{text.replace(OWNER, ' ')} {OWNER}{user}"
            for text, user in zip(told["text"], users, strict=True)
        ]
        self._write("INSERT INTO words (rowid, text) VALUES (?, ?)", zip(places, texts, strict=True))
        for field, rows in uses.items():
            self._write(f"INSERT OR IGNORE INTO {field}_of VALUES (?, ?)", rows)  # noqa: S608 - constants
        hours = [time_ms // HOUR_MS for time_ms in times]
        first, last = dict(zip(hours[::-1], places[::-1], strict=True)), dict(zip(hours, places, strict=True))
        self._write(_HOUR, [(hour, first[hour], last[hour]) for hour in first])
        are_calls = [kind == Kind.TOOL_CALL for kind in told["kind"]]
        days = [time_ms // DAY_MS for time_ms in times]
        self._count(Counter(compress(zip(days, users, tools, enforced, strict=True), are_calls)))
        calls = dict(compress(zip(places, zip(users, times, strict=True), strict=True), are_calls))
        self._write(_SEEN, _seen(calls, zip(tools, places, strict=True), uses))

    def _learn(self, wanted: Mapping[str, Collection[str]]) -> None:
        """Have the numbers of these names in memory; those that are new are given theirs."""
        (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM name").fetchone()
        # Another process may have given numbers too.
        self._knows_all = last == 0 or (self._knows_all and last == self._last)
        fresh: list[tuple[int, int, str]] = []
        for field, names in wanted.items():
            known, code = self._names[field], CODES[field]
            if len(known) > MOST_NAMES:
                known.clear()
                known[""] = 0
                self._knows_all = False
            missing = sorted(names - known.keys())
            if not self._knows_all:
                known.update(self._found(code, missing))
                missing = [name for name in missing if name not in known]
            for name in missing:
                last += 1
                known[name] = last
                fresh.append((last, code, name))
        self._write("INSERT INTO name (id, field, text) VALUES (?, ?, ?)", fresh)
        self._last = last

    def _found(self, code: int, names: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Those of the names that have numbers, with them."""
        for low in range(0, len(names), ASKED_AT_ONCE):
            some = names[low : low + ASKED_AT_ONCE]
            sql = f"SELECT text, id FROM name WHERE field = ? AND text IN ({', '.join('?' * len(some))})"  # noqa: S608 - constants
            yield from self._connection.execute(sql, (code, *some))

    def _count(self, calls: Counter[tuple[int, int, int, int]]) -> None:
        for table, columns in _ROLLUPS.items():
            sums: Counter[tuple[int, ...]] = Counter()
            pick = itemgetter(*columns)
            for key, number in calls.items():
                sums[pick(key)] += number
            holes = ", ".join("?" * (len(columns) + 1))
            self._write(
                f"INSERT INTO {table} VALUES ({holes}) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",  # noqa: S608 - constants
                [(*key, number) for key, number in sums.items()],
            )

    def _write(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._connection.executemany(statement, rows)


def _seen(
    calls: Mapping[int, tuple[int, int]], tools: Iterable[tuple[int, int]], uses: Uses
) -> Iterator[tuple[Any, ...]]:
    """Of each thing that these calls (by place: whose and when) used: whose, which, where and when first, and how often."""
    seen: dict[tuple[str, int, int], list[int]] = {}
    for thing, used in (
        (Thing.TOOL.value, tools),
        *((thing.value, uses[field]) for thing, field in _THINGS.items()),
    ):
        for number, place in used:
            if number and (call := calls.get(place)) is not None:
                user, time_ms = call
                if (first := seen.get((thing, user, number))) is None:
                    first = seen[thing, user, number] = [place, time_ms, 0]
                first[2] += 1
    return ((*key, *value) for key, value in seen.items())
