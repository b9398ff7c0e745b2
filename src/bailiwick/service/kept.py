"""What the service keeps beside the log's entries, in the table ``state``: that nobody else changed it.

1. Each row has a tag that takes the log's key to make. So no row changes unseen, nor is one made up.
2. The rows that say what an administrator wants kept, and who is believed (``KEPT``), change with an entry that tells of it, in one
   transaction; that entry carries a mark of all of them as they are after it. So none is removed, put back to what it was, or
   exchanged unseen: the last mark in the log is that of the rows, or somebody else was there.

Where they differ nothing is destroyed, until an administrator has them put back as the log tells them (``log hold restore``).
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import orjson

from bailiwick.audit.kinds import Kind
from bailiwick.audit.sealing import unpack_entry
from bailiwick.audit.tiles import WIDTH
from bailiwick.service.blocks import Find, blocks

HOLD, WITNESS, HOST, SHIPPED, COSIGNED = "hold/", "witness/", "host/", "shipped/", "cosigned/"
SETTINGS, LEAVING, POLICY = "audit-settings", "payloads-leave", "policy/"
REMEMBERED_POLICY = "policy"
"""Names of rows, or what they begin with."""

PENDING, CURSOR = "pending/destroy", "cursor/"
"""Where the data keys stand that are being destroyed, and how far machines have been taken in."""

KEPT = (HOLD, WITNESS, HOST, SHIPPED, COSIGNED, SETTINGS, LEAVING, REMEMBERED_POLICY)

TELLING = (
    Kind.HOLD_PLACED,
    Kind.HOLD_RELEASED,
    Kind.RETENTION_CHANGED,
    Kind.ADMIN_ACTION,
    Kind.WITNESSED,
    Kind.ALARM,
    Kind.SHIPPED,
    Kind.POLICY_RELOAD,
)
"""Kinds of the entries that such a change may come with."""

TAGGED_STATE = 6
"""The schema from which on rows have tags."""

_TAG_SIZE, _MARK_SIZE = 16, 16
_MARK = b'"kept":"'
_ROWS = "SELECT key, value, tag FROM state ORDER BY key"

Rows = Iterable[tuple[str, bytes, bytes]]


def is_kept(name: str) -> bool:
    """Whether a row of this name changes only with an entry that tells of it."""
    return name.startswith(KEPT)


def row_tag(key: bytes, name: str, value: bytes) -> bytes:
    """The tag of a row; ``key`` is that of ``audit.chain.tail_tag``, whose texts begin otherwise."""
    text = b"state %d\n%s%s" % (len(name.encode()), name.encode(), value)
    return blake2b(text, key=key, digest_size=_TAG_SIZE).digest()


def mark_of(tags: Mapping[str, bytes]) -> str:
    """The mark of these rows, by their names and tags."""
    text = b"".join(b"%d\n%s%s" % (len(name.encode()), name.encode(), tags[name]) for name in sorted(tags))
    return blake2b(text, digest_size=_MARK_SIZE).hexdigest()


def mark_in(body: bytes) -> str:
    """The mark that an entry carries; empty where it has none, or is of another log."""
    public = orjson.loads(body) if _MARK in body else {}
    return "" if "origin_seq" in public else str(public.get("kept", ""))


def last_mark(connection: sqlite3.Connection, find: Find) -> str:
    """The mark that the log's entries leave; empty where none has any. Raises SealError and ValueError."""
    kinds = ", ".join(f"'{kind}'" for kind in TELLING)
    sql = f"SELECT body FROM log WHERE kind IN ({kinds}) ORDER BY seq DESC"  # noqa: S608 - constants
    for (kept,) in connection.execute(sql):
        if mark := mark_in(unpack_entry(kept)):
            return mark
    for number, told in connection.execute("SELECT n, kinds FROM block ORDER BY n DESC").fetchall():
        if not set(TELLING).isdisjoint(told.split()):
            block = next(blocks(connection, find, number * WIDTH, number * WIDTH + 1))
            for body in reversed(block.block.bodies()):
                if mark := mark_in(body):
                    return mark
    return ""


class Kept:
    """What is kept beside a log as its entries left it, and what differs from that in the file."""

    def __init__(self, key: bytes, rows: Rows, mark: str) -> None:
        rows = list(rows)
        self._key = key
        self._tags = {name: bytes(tag) for name, _, tag in rows if is_kept(name)}
        self.wrong = [name for name, value, tag in rows if row_tag(key, name, value) != tag]
        self.is_sound = not mark or mark_of(self._tags) == mark

    @classmethod
    def of(cls, connection: sqlite3.Connection, key: bytes, find: Find) -> "Kept":
        """That of an open log. Raises SealError and ValueError."""
        return cls(key, connection.execute(_ROWS), last_mark(connection, find))

    def after(self, changes: Mapping[str, bytes | None]) -> str:
        """The mark once these rows are changed; none while the rows aren't as the log left them, so that this stays to be seen."""
        for name, value in changes.items():
            if value is None:
                self._tags.pop(name, None)
            elif is_kept(name):
                self._tags[name] = row_tag(self._key, name, value)
        return mark_of(self._tags) if self.is_sound else ""

    def fault(self, rows: Rows) -> str:
        """What is wrong with the rows of the file, in words; empty where nothing is."""
        rows = list(rows)
        now = Kept(self._key, rows, "")
        if now.wrong:
            return f"{_named(now.wrong)} changed outside Bailiwick"
        differing = [
            name for name in {*self._tags, *now._tags} if self._tags.get(name) != now._tags.get(name)
        ]
        if differing:
            return f"{_named(sorted(differing))} changed outside Bailiwick"
        return "" if self.is_sound else UNTOLD


UNTOLD = "what is kept beside the log (holds, retention, witnesses, policies) isn't what its entries left"


def _named(names: list[str]) -> str:
    some = ", ".join(map(repr, names[:3]))
    rest = len(names) - 3
    return (
        f"rows {some} and {rest} more of its table state were"
        if rest > 0
        else f"row {some} of its table state was"
    )


def rows_in(connection: sqlite3.Connection) -> list[tuple[str, bytes, bytes]]:
    """Every row with its tag."""
    return list(connection.execute(_ROWS))


def tag_all(connection: sqlite3.Connection, key: bytes) -> None:
    """Give every row its tag: of a log that had none."""
    rows = connection.execute("SELECT key, value FROM state").fetchall()
    tagged = [(row_tag(key, name, value), name) for name, value in rows]
    connection.executemany("UPDATE state SET tag = ? WHERE key = ?", tagged)


def holds_told(records: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The holds in force by what entries say of them, as far as those are there and can be read, by name."""
    held: dict[str, Mapping[str, Any]] = {}
    for record in records:
        kind = record.get("kind")
        if kind in {Kind.HOLD_PLACED, Kind.HOLD_RELEASED} and "origin_seq" not in record:
            hold = orjson.loads(record.get("extra") or b"{}")
            if name := hold.get("name"):
                if kind == Kind.HOLD_PLACED:
                    held[name] = hold
                else:
                    held.pop(name, None)
    return held


def hold_differences(told: Mapping[str, Mapping[str, Any]], rows: Mapping[str, bytes]) -> Iterator[str]:
    """How the holds in the file differ from those that entries tell of."""
    for name, hold in told.items():
        row = rows.get(HOLD + name)
        if row is None:
            yield f"hold {name} is gone or was changed, and no entry released it"
        elif _differs(hold, row):
            yield f"hold {name} isn't what was placed"
    for key in rows:
        if key.startswith(HOLD) and key.removeprefix(HOLD) not in told:
            yield f"hold {key.removeprefix(HOLD)} is in no entry that can be read"


_SAID = ("user", "session", "since_ms", "until_ms")


def _differs(hold: Mapping[str, Any], row: bytes) -> bool:
    try:
        kept = orjson.loads(row)
        return any(kept.get(name) != hold.get(name) for name in _SAID)
    except (ValueError, AttributeError):
        return True
