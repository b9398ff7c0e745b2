"""The scale-out index: ClickHouse, or the same engine inside this process (`chdb:///folder`), by one client and one SQL.

For fleets whose log outgrows one file: a fleet-wide report reads columns instead of rows. One table; its rows may arrive twice and
count once (ReplacingMergeTree). It answers exactly as the embedded index does, which a test compares on random logs.
"""

import importlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from bailiwick.audit.kinds import Kind
from bailiwick.audit.search import (
    DAY_MS,
    By,
    Count,
    FirstSeen,
    Placed,
    Search,
    Terms,
    Thing,
    day_of,
    terms_of,
    words_in,
)
from bailiwick.service.index.upkeep import batches, standing
from bailiwick.service.log_reader import LogReader
from bailiwick.service.named_file import read_named_text
from bailiwick.service.state_directory import StoreError

VARIABLE = "BAILIWICK_INDEX"
"""The environment variable that names the index: an address of ClickHouse, or `file:` and a file that holds one."""

TABLE = "bailiwick_audit"

_TEXTS = ("kind", "user", "session", "client_session", "tool", "verdict", "enforced", "host")
_LISTS = ("skills", "rules", "paths", "hosts", "words")
_FEW = frozenset(("kind", "user", "tool", "verdict", "enforced", "host"))
_COLUMNS = ", ".join(
    [f"{name} {'LowCardinality(String)' if name in _FEW else 'String'}" for name in _TEXTS]
    + [f"{name} Array(String)" for name in _LISTS]
)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (log String, place UInt64, time_ms Int64, {_COLUMNS},
  INDEX by_user user TYPE set(100) GRANULARITY 4, INDEX by_session session TYPE bloom_filter GRANULARITY 4,
  INDEX by_word words TYPE bloom_filter GRANULARITY 4, INDEX by_path paths TYPE bloom_filter GRANULARITY 4)
ENGINE = ReplacingMergeTree ORDER BY (log, place)
"""
_MARKS = f"CREATE TABLE IF NOT EXISTS {TABLE}_mark (log String, erased String) ENGINE = ReplacingMergeTree ORDER BY log"
_NAMED = {By.USER: "user", By.TOOL: "tool", By.VERDICT: "enforced", By.DAY: f"intDiv(time_ms, {DAY_MS})"}
_THINGS = {Thing.TOOL: "[tool]", Thing.SKILL: "skills", Thing.PATH: "paths", Thing.HOST: "hosts"}
_WORD = re.compile(r"[^\W_]+")


class ClickHouseIndex:
    """The index of the log ``log`` (its epoch) at ``address``. Raises StoreError where it can't be reached or used."""

    def __init__(self, address: str, log: str) -> None:
        self.log = log
        try:
            connect = importlib.import_module("clickhouse_connect")
        except ImportError as error:
            raise StoreError(
                "an index in ClickHouse needs its library", mend="pip install 'bailiwick[clickhouse]'"
            ) from error
        self._errors = (
            importlib.import_module("clickhouse_connect.driver.exceptions").ClickHouseError,
            OSError,
            ValueError,
        )
        try:
            self._client = connect.get_client(dsn=address)
            self._client.command(_SCHEMA)
            self._client.command(_MARKS)
        except self._errors as error:
            raise self._told(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @property
    def next(self) -> int:
        """The next place to index."""
        sql = f"SELECT toUInt64(count() > 0) * (max(place) + 1) FROM {TABLE} WHERE log = {{log:String}}"  # noqa: S608 - constants
        rows = self._rows(sql, {})
        return int(rows[0][0])

    def add(self, records: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Index records with their places in the log."""
        self.add_terms([(place, terms_of(record)) for place, record in records])

    def add_terms(self, placed: Sequence[Placed]) -> None:
        """``add`` terms of records."""
        rows = [self._row(place, terms) for place, terms in placed]
        try:
            self._client.insert(TABLE, rows, column_names=["log", "place", "time_ms", *_TEXTS, *_LISTS])
        except self._errors as error:
            raise self._told(error) from error

    @property
    def erased(self) -> str | None:
        """What had been erased from the log when it was begun to be indexed; None where it wasn't."""
        rows = self._rows(f"SELECT erased FROM {TABLE}_mark FINAL WHERE log = {{log:String}}", {})  # noqa: S608 - constants
        return str(rows[0][0]) if rows else None

    def begin(self, erased: str) -> None:
        """Forget the log, and begin anew: what was erased from it must not be found here."""
        delete = f"ALTER TABLE {TABLE} DELETE WHERE log = {{log:String}}"
        try:
            self._client.command(delete, parameters={"log": self.log}, settings={"mutations_sync": 2})
            self._client.insert(f"{TABLE}_mark", [[self.log, erased]], column_names=["log", "erased"])
        except self._errors as error:
            raise self._told(error) from error

    def find(self, search: Search, *, limit: int) -> list[int]:
        """Places of the records for which ``search`` holds, newest first."""
        if search.words and not words_in(search.words):
            return []
        conditions, values = _conditions(search)
        bound = f"LIMIT {limit}" if limit >= 0 else ""
        sql = f"SELECT place FROM {TABLE} FINAL WHERE {' AND '.join(['log = {log:String}', *conditions])} ORDER BY place DESC {bound}"  # noqa: S608 - built from constants
        return [int(place) for (place,) in self._rows(sql, values)]

    def session(self, session: str) -> list[int]:
        """Places of the records of a session, oldest first."""
        return self.find(Search(session=session), limit=-1)[::-1] if session else []

    def counts(self, by: tuple[By, ...], *, search: Search, limit: int) -> list[Count]:
        """Tool calls counted; most first, days in order."""
        heeded = Search(user=search.user, tool=search.tool)
        conditions, values = _conditions(heeded)
        conditions.append(f"kind = '{Kind.TOOL_CALL}'")
        if search.verdict:
            conditions.append("enforced = {verdict:String}")
            values["verdict"] = search.verdict
        if search.since_ms is not None:
            conditions.append(f"intDiv(time_ms, {DAY_MS}) >= {search.since_ms // DAY_MS}")
        if search.until_ms is not None:
            conditions.append(f"intDiv(time_ms, {DAY_MS}) <= {(search.until_ms - 1) // DAY_MS}")
        columns = ", ".join(_NAMED[one] for one in by)
        sql = f"SELECT {columns}, count() FROM {TABLE} FINAL WHERE {' AND '.join(['log = {log:String}', *conditions])} GROUP BY {columns}"  # noqa: S608 - built from constants
        counted = [
            Count(
                values=tuple(
                    day_of(value) if one is By.DAY else str(value)
                    for one, value in zip(by, row, strict=False)
                ),
                calls=int(row[-1]),
            )
            for row in self._rows(sql, values)
        ]
        ordered = sorted(
            counted, key=lambda count: count.values if By.DAY in by else (-count.calls, count.values)
        )
        return ordered[:limit] if limit > 0 else ordered

    def first_seen(self, *, thing: Thing, user: str, since_ms: int, limit: int) -> list[FirstSeen]:
        """Things first used since a moment, newest first."""
        conditions, values = _conditions(Search(user=user))
        where = " AND ".join(["log = {log:String}", f"kind = '{Kind.TOOL_CALL}'", *conditions])
        sql = f"""SELECT user, name, min(place) AS first, argMin(time_ms, place) AS at, count() FROM {TABLE} FINAL
            ARRAY JOIN arrayDistinct({_THINGS[thing]}) AS name WHERE {where} AND name != ''
            GROUP BY user, name HAVING at >= {int(since_ms)} ORDER BY at DESC, first DESC, name LIMIT {int(limit)}"""  # noqa: S608 - built from constants
        return [
            FirstSeen(
                user=who, thing=thing, name=name, place=int(place), time_ms=int(time_ms), times=int(times)
            )
            for who, name, place, time_ms, times in self._rows(sql, values)
        ]

    def _row(self, place: int, terms: Terms) -> list[Any]:
        words = sorted(set(_WORD.findall(terms.text.lower())))
        lists = (terms.skills, terms.rules, terms.paths, terms.hosts, words)
        return [self.log, place, terms.time_ms, *(getattr(terms, name) for name in _TEXTS), *map(list, lists)]

    def _rows(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return list(self._client.query(sql, parameters={"log": self.log, **values}).result_rows)
        except self._errors as error:
            raise self._told(error) from error

    @staticmethod
    def _told(error: Exception) -> StoreError:
        return StoreError(f"the index in ClickHouse: {' '.join(str(error).split())[:300]}")


def address_from(environment: Mapping[str, str] = os.environ) -> str:
    """Where the index is, from the environment; empty for the embedded one. Raises StoreError."""
    given = environment.get(VARIABLE, "")
    if not given.startswith("file:"):
        return given
    try:
        return read_named_text(given.removeprefix("file:")).strip()
    except OSError as error:
        raise StoreError(f"{VARIABLE}: {error.filename}: {error.strerror}") from error


def scaled_out(reader: LogReader, address: str) -> ClickHouseIndex:
    """The index in ClickHouse with every entry in it that the log has now. Raises StoreError."""
    epoch, size = standing(reader)
    index = ClickHouseIndex(address, epoch)
    try:
        erased = reader.erased()
        if index.erased != erased or index.next > size:
            index.begin(erased)
        for batch in batches(reader, index.next, size):
            index.add_terms(batch)
    except BaseException:
        index.close()
        raise
    return index


def _conditions(search: Search) -> tuple[list[str], dict[str, Any]]:
    """The conditions that ``search`` makes, and the values they speak of."""
    made = list(_each(search))
    return [condition for condition, _ in made], {
        name: value for _, values in made for name, value in values.items()
    }


_TESTS = {
    "user": "user = {user:String}",
    "session": "(startsWith(session, {session:String}) OR startsWith(client_session, {session:String}))",
    "tool": "match(tool, {tool:String})",
    "kind": "match(kind, {kind:String})",
    "skill": "has(skills, {skill:String})",
    "verdict": "(verdict = {verdict:String} OR enforced = {verdict:String})",
    "rule": "arrayExists(one -> match(one, {rule:String}), rules)",
    "under": "arrayExists(one -> startsWith(one, {under:String}), paths)",
    "host": "(host = {host:String} OR has(hosts, {host:String}))",
}
"""The condition that each text of a ``Search`` makes."""

_GLOBS = frozenset(("tool", "kind", "rule"))


def _each(search: Search) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, test in _TESTS.items():
        if value := getattr(search, name):
            yield test, {name: pattern_of(value) if name in _GLOBS else value}
    for number, (word, goes_on) in enumerate(words_in(search.words)):
        hole = f"{{w{number}:String}}"
        test = f"arrayExists(one -> startsWith(one, {hole}), words)" if goes_on else f"has(words, {hole})"
        yield test, {f"w{number}": word}
    if search.since_ms is not None:
        yield f"time_ms >= {int(search.since_ms)}", {}
    if search.until_ms is not None:
        yield f"time_ms < {int(search.until_ms)}", {}


def pattern_of(glob: str) -> str:
    """A glob as a regular expression of RE2; a set in brackets is taken as it stands."""
    pieces = re.split(r"(\*|\?|\[[^\]]+\])", glob)  # every second one is a sign
    shown = {"*": ".*", "?": "."}
    made = (
        shown.get(piece, piece) if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
    )
    return f"^(?s:{''.join(made)})$"
