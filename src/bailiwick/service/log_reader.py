"""Reading a log, also while a service writes it: entries, search, verification."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from bailiwick.audit.chain import Fault, Sealed, Verification, verify
from bailiwick.audit.note import VerifierKey
from bailiwick.audit.query import Query
from bailiwick.service.ledger import COLUMNS
from bailiwick.service.state_directory import StoreError, read_verifier

_ENTRY = "seq, body, leaf, head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as stored, and its record's fields."""

    sealed: Sealed
    record: dict[str, Any]


class LogReader:
    """A log opened for reading. Raises StoreError when there is none or it can't be read."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = directory / "log.db"
        try:
            found = self.database.exists()
        except OSError as error:
            raise StoreError(
                f"{directory}: {error.strerror}", mend="read it as the account that owns it"
            ) from error
        if not found:
            raise StoreError(f"{self.database}: no log here", mend="name the state directory with --state")
        try:
            self._connection = sqlite3.connect(f"{self.database.absolute().as_uri()}?mode=ro", uri=True)
            self._connection.execute("PRAGMA busy_timeout = 5000")
            self._connection.execute("SELECT 1 FROM log LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.database}: {error}", mend="read it as the account that owns it"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def entries(self, start: int = 0, *, end: int | None = None) -> Iterator[Entry]:
        """Entries of sequence ``start`` up to, not including, ``end``, in order."""
        sql = f"SELECT {_ENTRY} FROM log WHERE seq >= ? AND seq < ? ORDER BY seq"  # noqa: S608 - constants
        yield from self._read(sql, (start, 2**62 if end is None else end))

    def last(self, count: int) -> list[Entry]:
        """The last ``count`` entries, in order."""
        sql = f"SELECT {_ENTRY} FROM log ORDER BY seq DESC LIMIT ?"  # noqa: S608 - constants
        return list(self._read(sql, (count,)))[::-1]

    def search(self, query: Query, *, limit: int | None = None, stopped: bool = False) -> Iterator[Entry]:
        """Entries for which ``query`` holds, newest first, ``limit`` at most; only denied and asked, if ``stopped``."""
        where, values = _where(query)
        if stopped:
            where += " AND enforced IN ('ask', 'deny')"
        found = 0
        sql = f"SELECT {_ENTRY} FROM log WHERE {where} ORDER BY seq DESC"  # noqa: S608 - built from constants
        for entry in self._read(sql, values, query):
            if query.matches(entry.record):
                yield entry
                found += 1
                if limit is not None and found >= limit:
                    return

    def call(self, call_id: str) -> list[Entry]:
        """The entries of one tool call: the decision and the outcome."""
        sql = f"SELECT {_ENTRY} FROM log WHERE call_id = ? AND call_id <> '' ORDER BY seq"  # noqa: S608 - constants
        return list(self._read(sql, (call_id,)))

    def checkpoints(self) -> list[str]:
        """The signed checkpoints, smallest log first."""
        return [note for (note,) in self._rows("SELECT note FROM checkpoint ORDER BY size", ())]

    def verify(
        self, *, key: VerifierKey | None = None, expected_head: bytes | None = None, notes: Iterable[str] = ()
    ) -> Verification:
        """Verify the whole log as of now (``audit.chain.verify``), and that the columns used by search agree.

        ``key`` is a public key kept elsewhere, by default the state directory's own; ``notes`` are checkpoints
        kept elsewhere.
        """
        key = key or read_verifier(self.directory)
        faults: list[Fault] = []
        # One read transaction: entries and checkpoints are of the same moment though a service goes on writing.
        self._connection.execute("BEGIN")
        try:
            outcome = verify(
                key.name.rpartition("/")[2],
                self._checked(faults),
                [*self.checkpoints(), *notes],
                key,
                expected_head=expected_head,
            )
            damage = self._damage()
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.database}: {error}", mend="the file is damaged; restore a backup"
            ) from error
        finally:
            self._connection.rollback()
        everything = sorted((*outcome.faults, *faults, *damage), key=lambda fault: fault.sequence)
        return Verification(state=outcome.state, checkpoints=outcome.checkpoints, faults=tuple(everything))

    def _checked(self, faults: list[Fault]) -> Iterator[Sealed]:
        sql = f"SELECT {_ENTRY}, {', '.join(COLUMNS)} FROM log ORDER BY seq"  # noqa: S608 - constants
        for sequence, body, leaf, head, *columns in self._connection.execute(sql):
            with contextlib.suppress(orjson.JSONDecodeError):
                record = orjson.loads(body)
                wrong = [
                    name
                    for name, value in zip(COLUMNS, columns, strict=True)
                    if record.get(name, "") != value
                ]
                if wrong and len(faults) < 20:  # noqa: PLR2004 - the same bound as the chain's
                    faults.append(
                        Fault(sequence=sequence, message=f"search columns changed: {', '.join(wrong)}")
                    )
            yield Sealed(sequence=sequence, body=bytes(body), leaf=bytes(leaf), head=bytes(head))

    def _damage(self) -> list[Fault]:
        rows = self._connection.execute("PRAGMA integrity_check(5)").fetchall()
        return [Fault(sequence=0, message=f"the file is damaged: {text}") for (text,) in rows if text != "ok"]

    def _rows(self, sql: str, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise StoreError(f"{self.database}: {error}") from error

    def _read(self, sql: str, values: tuple[Any, ...], query: Query | None = None) -> Iterator[Entry]:
        for sequence, body, leaf, head in self._rows(sql, values):
            if query and not query.may_match(body):
                continue
            try:
                record = orjson.loads(body)
            except orjson.JSONDecodeError:
                record = {"seq": sequence, "kind": "unreadable"}
            sealed = Sealed(sequence=sequence, body=bytes(body), leaf=bytes(leaf), head=bytes(head))
            yield Entry(sealed=sealed, record=record)


def _where(query: Query) -> tuple[str, tuple[Any, ...]]:
    """The conditions that columns can decide, as SQL; ``Query.matches`` decides the rest."""
    parts, values = ["1"], []
    for condition, value in (
        ("user = ?", query.user),
        ("kind GLOB ?", query.kind),
        ("tool GLOB ?", query.tool),
        ("time_ms >= ?", query.since_ms),
        ("time_ms < ?", query.until_ms),
    ):
        if value not in ("", None):
            parts.append(condition)
            values.append(value)
    if query.session:
        high = query.session + "\U0010ffff"
        parts.append("((session >= ? AND session < ?) OR (client_session >= ? AND client_session < ?))")
        values.extend((query.session, high, query.session, high))
    return " AND ".join(parts), tuple(values)
