"""The engine: rows of one batch beside those of the batches before it, and every rule as one query over them.

Rows live in a SQLite database in memory, as far back as the longest correlation looks. A rule speaks of the new rows only; a
correlation of all, but it is heard only where a new row is part of what it found.
"""

import importlib
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bailiwick.audit.normal import FIELDS, Row
from bailiwick.service.detection.rules import ROW, TABLE, TIME, DetectionRule, RuleError

MOST_ROWS = 200_000
"""Rows kept for correlations; beyond them the oldest go."""

LONGEST_TEXT = 8_192
"""Characters of a field in which regular expressions are looked for."""

TICK, TINY = 0.001, 0.000_001
"""Seconds: what the clock of a record tells apart, and what rows of one moment are set apart by."""

_NO_COLUMN = re.compile(r"no such column: (.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule found: the rule, where in the log its evidence stands, and the row it speaks of (of a correlation, the last)."""

    rule: DetectionRule
    evidence: tuple[int, ...]
    row: Mapping[str, Any]


class Engine:
    """Rules, and the rows they look at. Raises RuleError for a rule that SQLite doesn't run."""

    def __init__(self, rules: Sequence[DetectionRule]) -> None:
        self.rules = tuple(rules)
        self.span = max((rule.span_seconds for rule in rules), default=0)
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.create_function("REGEXP", 2, _regexp(), deterministic=True)
        columns = ", ".join(f'"{name}" COLLATE NOCASE' for name in FIELDS)
        self._connection.execute(
            f"CREATE TABLE {TABLE} ({ROW} INTEGER PRIMARY KEY, {TIME} REAL, Place INTEGER, {columns})"
        )
        self._connection.execute(f"CREATE INDEX by_category ON {TABLE} (Category)")
        self._last = 0
        self._time = 0.0
        for rule in self.rules:
            self._prepare(rule)
        self._queries = {rule.id: self._narrowed(rule) for rule in self.rules if not rule.correlates}

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def feed(self, rows: Iterable[tuple[int, float, Row]]) -> list[Match]:
        """Add rows (place in the log, seconds since 1970 with their fraction, row) and tell what rules say of them."""
        first = self._last + 1
        newest = 0.0
        for place, seconds, row in rows:
            self._last += 1
            # Rows of one record, and records of one millisecond, stand in the order in which they came.
            if self._time - TICK < seconds <= self._time:
                seconds = self._time + TINY  # noqa: PLW2901 - the same moment, told apart
            self._time = seconds
            newest = max(newest, seconds)
            names = ", ".join(f'"{name}"' for name in row)
            holes = ", ".join("?" * (len(row) + 3))
            self._connection.execute(
                f"INSERT INTO {TABLE} ({ROW}, {TIME}, Place, {names}) VALUES ({holes})",  # noqa: S608 - names are constants
                (self._last, seconds, place, *row.values()),
            )
        if self._last < first:
            return []
        found = [match for rule in self.rules for match in self._run(rule, first)]
        self._connection.execute(
            f"DELETE FROM {TABLE} WHERE {TIME} < ? OR {ROW} <= ?",  # noqa: S608 - constants
            (newest - self.span, self._last - MOST_ROWS),
        )
        return found

    def _run(self, rule: DetectionRule, first: int) -> list[Match]:
        try:
            if rule.correlates:
                return self._correlated(rule, first)
            return [
                Match(rule=rule, evidence=(row["Place"],), row=dict(row))
                for row in self._connection.execute(self._queries[rule.id], (first,))
            ]
        except sqlite3.Error as error:
            raise RuleError(f"{rule.file}: {rule.title}: {error}") from error

    def _correlated(self, rule: DetectionRule, first: int) -> list[Match]:
        found: dict[str, Match] = {}
        for alert in self._connection.execute(rule.sql):
            numbers = sorted({int(str(one).rpartition(":")[2]) for one in orjson.loads(alert["event_ids"])})
            if not numbers or numbers[-1] < first:
                continue
            holes = ", ".join("?" * len(numbers[-500:]))
            sql = f"SELECT * FROM {TABLE} WHERE {ROW} IN ({holes}) ORDER BY {ROW}"  # noqa: S608 - holes
            rows = self._connection.execute(sql, numbers[-500:]).fetchall()
            if rows:
                # Of the windows of one group the widest is kept: they overlap.
                places = tuple(dict.fromkeys(row["Place"] for row in rows))
                known = found.get(alert["group_keys"])
                if known is None or len(places) >= len(known.evidence):
                    found[alert["group_keys"]] = Match(rule=rule, evidence=places, row=dict(rows[-1]))
        return list(found.values())

    def _narrowed(self, rule: DetectionRule) -> str:
        head = f"SELECT * FROM {TABLE} WHERE "  # noqa: S608 - constants
        if not rule.sql.startswith(head):
            raise RuleError(f"{rule.file}: {rule.title}: translated to something that isn't a query of rows")
        return f"{head}{ROW} >= ? AND ({rule.sql.removeprefix(head)})"

    def _prepare(self, rule: DetectionRule) -> None:
        """Have SQLite read the query; a field that no row has becomes a column that is always absent."""
        while True:
            try:
                self._connection.execute(f"EXPLAIN {rule.sql}").fetchall()
            except sqlite3.OperationalError as error:
                missing = _NO_COLUMN.fullmatch(str(error))
                if missing is None:
                    raise RuleError(f"{rule.file}: {rule.title}: {error}") from error
                name = missing[1].strip('"`').replace('"', '""')
                self._connection.execute(f'ALTER TABLE {TABLE} ADD COLUMN "{name}" COLLATE NOCASE')
            else:
                return


def _regexp() -> Any:
    """SQLite's REGEXP, by RE2: it takes time linear in the text, whatever an agent writes there."""
    re2 = importlib.import_module("re2")  # it comes with the optional library, and has no types
    compiled: dict[str, Any] = {}

    def matches(pattern: str, text: object) -> bool:
        if text is None:
            return False
        if pattern not in compiled:
            compiled[pattern] = re2.compile(pattern)
        return compiled[pattern].search(str(text)[:LONGEST_TEXT]) is not None

    return matches
