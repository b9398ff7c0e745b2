"""An index that says other things than its log is found: any change of it that a search could tell."""

import asyncio
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailiwick.cli.main import main
from bailiwick.service.index.check import index_faults
from bailiwick.service.index.embedded import FILE
from bailiwick.service.index.upkeep import digests_of_index, rebuilt, up_to_date
from bailiwick.service.log_reader import LogReader
from bailiwick.service.state_directory import StoreError
from bailiwick.service.store import Store
from logs import RECORD

T0 = 1_792_000_000_000


def filled(path: Path, first: int, count: int) -> None:
    with Store.open(path) as store:
        records = tuple(
            replace(
                RECORD,
                time_ms=T0 + number * 600_000,
                user=("alice", "bob")[number % 2],
                session=f"s-{number // 10}",
                enforced="deny" if number % 7 == 0 else "allow",
                input=json.dumps({"command": f"deploy number{number}"}),
                skills=("deploy",) if number % 5 == 0 else (),
                accesses=(
                    {"kind": "read", "path": f"/w/{number % 9}"},
                    {"kind": "connect", "host": "h.example"},
                ),
                reasons=({"rule": "baseline.files.1", "message": "because"},),
            )
            for number in range(first, first + count)
        )
        asyncio.run(store.append_all(records))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose index grew in steps, and lags behind."""
    path = tmp_path_factory.mktemp("log") / "state"
    for first in (0, 30, 50):
        filled(path, first, 30 if not first else 20)
        with LogReader(path) as reader:
            up_to_date(reader).close()
    filled(path, 70, 5)
    with sqlite3.connect(path / FILE) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    digests_of_index(
        path / FILE
    ).unlink()  # it tells of every change, and which row it is of is what is tested here
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "copy")


def faults(path: Path) -> list[str]:
    with LogReader(path) as reader:
        return index_faults(reader)


def test_one_that_is_right_is_right_however_it_was_made(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faults(path) == []
    with LogReader(path) as reader:
        rebuilt(reader).close()
    assert faults(path) == []
    assert main(["log", "verify", "--state", str(path)]) == 0
    assert capsys.readouterr().out.startswith("intact: 75 entries")
    assert not [file for file in path.iterdir() if file.name.startswith(".index-")]
    (path / FILE).unlink()
    assert faults(path) == []


def test_without_the_keys_it_was_made_with_nothing_is_said_of_it(path: Path) -> None:
    """As for an auditor who was given the log without its keys."""
    (path / "keys.db").unlink()
    assert faults(path) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM event WHERE place = 7",
        "UPDATE event SET enforced = 2, verdict = 2 WHERE place = 7",
        "UPDATE event SET user = (SELECT id FROM name WHERE text = 'bob') WHERE place = 14",
        "UPDATE event SET time_ms = time_ms - 86400000 WHERE place = 7",
        "UPDATE name SET text = 'carol' WHERE text = 'alice'",
        "UPDATE name SET text = '/w/x' WHERE text = '/w/3'",
        "DELETE FROM path_of WHERE place = 7",
        "DELETE FROM contact_of WHERE place = 69",
        "DELETE FROM rule_of",
        "UPDATE skill_of SET place = 6 WHERE place = 5",
        "UPDATE total SET calls = calls - 1 WHERE verdict = 4",
        "DELETE FROM daily",
        "UPDATE daily_user SET calls = 0",
        "UPDATE daily_both SET day = day + 100",
        "UPDATE seen SET time_ms = time_ms + 1 WHERE place = 0",
        "UPDATE hour SET last = last - 1",
        "UPDATE meta SET value = '75' WHERE name = 'next'",
        "INSERT INTO words (words) VALUES ('delete-all')",
        "INSERT INTO words (words, rowid, text) VALUES ('delete', 7, 'deploy')",
        "INSERT INTO words (rowid, text) VALUES (8, 'innocent')",
        "DELETE FROM words_data WHERE id > 10",
    ],
)
def test_what_a_search_could_tell_is_found(
    path: Path, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(path / FILE) as connection:
        connection.executescript(statement)
    connection.close()
    (fault, *_) = faults(path)
    assert fault.startswith(f"{path / FILE}: ")
    assert fault.endswith("`bailiwick log index rebuild`")
    assert main(["log", "verify", "--state", str(path)]) == 1
    assert "index.db" in capsys.readouterr().out
    assert main(["log", "verify", "--no-index", "--state", str(path)]) == 0
    assert main(["log", "index", "rebuild", "--state", str(path)]) == 0
    assert faults(path) == []


def contents(path: Path) -> list[object]:
    """Everything that a search can be told, by reading all tables."""
    with sqlite3.connect(path / FILE) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.told USING fts5vocab('main', 'words', 'instance')")
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE lower(type) = 'table' AND name NOT LIKE 'words%' ORDER BY lower(name)"
            )
        ]
        found: list[object] = [connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables]  # noqa: S608 - constants
        found.append(connection.execute("SELECT term, doc FROM temp.told").fetchall())
    connection.close()
    return found


@given(st.integers(0, 2**32), st.integers(0, 7))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_byte_of_it_that_changes_is_found_or_says_nothing(
    made: Path, path: Path, place: int, bit: int
) -> None:
    """SQLite leaves bytes unused, and one of another version, log or time is made anew before it is asked."""
    whole = (made / FILE).read_bytes()
    at = place % len(whole)
    (path / FILE).write_bytes(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :])
    if faults(path):
        return
    try:
        with LogReader(path) as reader:
            up_to_date(reader).close()
        with LogReader(made) as reader:
            up_to_date(reader).close()
        mine, theirs = contents(path), contents(made)
    except (StoreError, sqlite3.Error):
        return
    if mine != theirs:  # made anew in one go, so names have other numbers
        with LogReader(path) as reader:
            rebuilt(reader).close()
        theirs = contents(path)
    assert mine == theirs
