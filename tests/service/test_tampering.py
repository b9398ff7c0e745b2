"""Every row of every table of a log's databases: removed, added, exchanged, blanked. What verify doesn't find is listed, with why."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bailiwick.service.index.check import index_faults
from bailiwick.service.index.upkeep import up_to_date
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from logs import numbered, perform

WHOLE = b"x" * 50
SAMPLED = 5
"""Rows of each table that are tried."""

HARMLESS = {
    # That a key was destroyed is on record in the log; that its row says so, or when, nothing rests on.
    ("keys.db", "key", "destroyed"),
    # A session of which nothing is known any more: its calls are denied.
    ("log.db", "state", "delete s-1"),
}

BLANK = {"blob": b"\0", "text": "zz", "integer": 7, "null": 7}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with blocks and single entries, payloads, a hold, an erased person and an index; in use, so without digests."""
    path = tmp_path_factory.mktemp("tampering") / "state"
    with Store.open(path) as store:
        for number in range(600):
            record = replace(numbered(number), user=("alice", "bob", "carl")[number % 3])
            if number % 50 == 0:
                record = replace(record, whole=WHOLE, payload=sha256(WHOLE).hexdigest())
            store.append_blocking(record, state={"s-1": b"%d" % number})
    perform(path, "hold-add", name="case-1", reason="r", user="alice")
    perform(path, "erase", user="carl", reason="r")
    perform(path, "shipped", url="https://c", upto=3)
    with Store.open(path) as store:
        for number in range(600, 900):
            store.append_blocking(numbered(number))
    with LogReader(path) as reader:
        up_to_date(reader).close()
    for summary in path.glob("*.digests"):
        summary.unlink()
    return path


def found(path: Path) -> list[str]:
    try:
        with LogReader(path) as reader:
            return [fault.message for fault in reader.verify().faults] or index_faults(reader)
    except StoreError as error:
        return [str(error)]


Row = dict[str, Any]


def changes(rows: list[Row], keys: list[str], at: int) -> Iterator[tuple[str, list[Row]]]:
    """What can be done to one row of a table: a name, and the rows that stand there then."""
    row, other = rows[at], rows[(at + 1) % len(rows)]
    rest = [one for one in rows if one is not row]
    yield "delete", rest
    key = keys[-1]
    moved = row[key] + 100_000 if isinstance(row[key], int) else f"zz{row[key]}"
    yield "insert", [*rows, {**row, key: moved}]
    for name in row:
        if name in keys:
            continue
        kind = {bytes: "blob", str: "text", int: "integer", type(None): "null"}[type(row[name])]
        yield f"blank {name}", [*rest, {**row, name: BLANK[kind]}]
        if other is not row and row[name] != other[name]:
            both = [one for one in rest if one is not other]
            swapped = {**row, name: other[name]}, {**other, name: row[name]}
            yield f"swap {name}", [*both, *swapped]
    if other is not row:
        both = [one for one in rest if one is not other]
        yield "swap", [*both, {**row, **{k: other[k] for k in keys}}, {**other, **{k: row[k] for k in keys}}]


def is_harmless(database: str, table: str, what: str, row: Row) -> bool:
    destroyed = table == "key" and row["wrapped"] is None
    detail = "destroyed" if destroyed else f"{what} {row.get('key', '')}"
    return (database, table, detail) in HARMLESS


@pytest.mark.nightly
@pytest.mark.parametrize("database", ["log.db", "keys.db"])
def test_whatever_is_done_to_a_row_is_found(made: Path, tmp_path: Path, database: str) -> None:
    assert found(made) == []
    path, tried, missed = shutil.copytree(made, tmp_path / "state"), 0, []
    with closing(sqlite3.connect(path / database, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for table in tables:
            keys = [one["name"] for one in connection.execute(f"PRAGMA table_info({table})") if one["pk"]]
            rows = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608 - its own names
            for at in islice(range(0, len(rows), max(1, len(rows) // SAMPLED)), SAMPLED):
                for what, then in changes(rows, keys, at):
                    if put(connection, table, then):
                        tried += 1
                        if not found(path) and not is_harmless(database, table, what, rows[at]):
                            missed.append((table, what, [rows[at][key] for key in keys]))
                    put(connection, table, rows)
    assert found(path) == []
    assert missed == []
    assert tried > 20


def put(connection: sqlite3.Connection, table: str, rows: list[Row]) -> bool:
    """Have these rows in a table; whether it takes them."""
    connection.execute("BEGIN")
    try:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - its own names
        for row in rows:
            holes = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} VALUES ({holes})", tuple(row.values()))  # noqa: S608
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        return False
    connection.execute("COMMIT")
    return True
