"""The rows of a log's file: those that entries stand in by themselves, and what is read of all of them."""

import sqlite3
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from bailiwick.audit.merkle import HASH_SIZE
from bailiwick.audit.sealing import blind, pack_entry, seal_private
from bailiwick.audit.tiles import WIDTH
from bailiwick.service.settling import Fresh

OPEN_COLUMNS = ("time_ms", "kind", "tool", "enforced")
"""Public fields of a record that are columns too, for search; ``verify`` compares them with the record."""

BLIND_COLUMNS = ("user", "session", "client_session", "call_id")
"""Private fields that are columns too, blinded (``sealing.blind``): found by who knows what to look for."""

MAX_KNOWN = 10_000
"""Blinded values remembered at most."""

COLUMNS = (*OPEN_COLUMNS, *BLIND_COLUMNS)

_COLUMNS_OF = attrgetter(*COLUMNS)

INSERT_ROW = f"INSERT INTO log (seq, {', '.join(COLUMNS)}, leaf, head, body, private, tag) VALUES ({', '.join('?' * 14)})"  # noqa: S608 - constants


def read_tile(connection: sqlite3.Connection, level: int, index: int, width: int) -> bytes:
    """The first ``width`` hashes of a tile, as far as there are so many."""
    low, high = index * WIDTH, index * WIDTH + width
    if level == 0 and (
        row := connection.execute("SELECT leaves FROM purged WHERE n = ?", (index,)).fetchone()
    ):
        return bytes(row[0])[: width * HASH_SIZE]
    if level == 0 and (
        row := connection.execute("SELECT leaves FROM block WHERE n = ?", (index,)).fetchone()
    ):
        return bytes(row[0])[: width * HASH_SIZE]
    rows = (
        connection.execute("SELECT leaf FROM log WHERE seq >= ? AND seq < ? ORDER BY seq", (low, high))
        if level == 0
        else connection.execute(
            "SELECT hash FROM tile WHERE level = ? AND n >= ? AND n < ? ORDER BY n", (level - 1, low, high)
        )
    )
    return b"".join(hash_ for (hash_,) in rows)


class Stored:
    """The tiles of a log's file (``audit.tiles.TileStorage``)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of a tile."""
        return read_tile(self._connection, level, index, width)


def first_of(connection: sqlite3.Connection) -> int:
    """The first entry that is still there; 0 in an empty log."""
    (row,) = connection.execute("SELECT min(seq) FROM log").fetchone()
    (block,) = connection.execute("SELECT min(n) FROM block").fetchone()
    return min(
        (first for first in (row, None if block is None else block * WIDTH) if first is not None), default=0
    )


def size_of(connection: sqlite3.Connection) -> int:
    """Entries in the log, with those that were purged."""
    (row,) = connection.execute("SELECT max(seq) FROM log").fetchone()
    (block,) = connection.execute("SELECT max(n) FROM block").fetchone()
    return max(-1 if row is None else row, -1 if block is None else (block + 1) * WIDTH - 1) + 1


class Blinder:
    """Blinds the values of the columns; remembers those that come again."""

    def __init__(self, blinding: bytes) -> None:
        self._blinding = blinding
        self._known: dict[tuple[str, str], bytes] = {}

    def columns_of(self, fields: Sequence[Any]) -> tuple[Any, ...]:
        """What the columns say of a record with these fields, in the order of ``COLUMNS``."""
        found = list(fields[: len(OPEN_COLUMNS)])
        for name, value in zip(BLIND_COLUMNS, fields[len(OPEN_COLUMNS) :], strict=True):
            known = self._known.get((name, value))
            if known is None:
                known = blind(self._blinding, name, value)
                if name != "call_id":  # that one hardly comes again
                    if len(self._known) >= MAX_KNOWN:
                        self._known.clear()
                    self._known[name, value] = known
            found.append(known)
        return tuple(found)


def row_of(fresh: Fresh, blinder: Blinder, tag: bytes) -> tuple[Any, ...]:
    """The row of an entry."""
    sealed, private = fresh.sealed, seal_private(fresh.parts, fresh.key)
    columns = blinder.columns_of(_COLUMNS_OF(fresh.record))
    return (sealed.sequence, *columns, sealed.leaf, sealed.head, pack_entry(sealed.body), private, tag)
