"""What an endpoint ships to a collector: a run of its log, signed with its own key, and the receipt for it. Pure.

A segment is a signed note over what is in it (origin, first sequence, count, digest, the log's root after it) and, behind
it, one line for each entry: the entry, its private part, and its payload where policy has that leave. A collector takes it only if it goes on where the last one of this
log ended, and if its hashes lead to the root: so a host can't ship another history than the one it began.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from bailiwick.audit.merkle import Frontier, leaf_hash
from bailiwick.audit.note import Note, NoteError, Signer, VerifierKey
from bailiwick.audit.sealing import PUBLIC, commitment

SEGMENT, RECEIPT = "bailiwick segment v1", "bailiwick receipt v1"

MAX_SEGMENT = 8 * 1024 * 1024
"""Bytes of a segment at most."""

MAX_ENTRIES = 1_000
"""Entries of a segment at most."""


class SegmentError(ValueError):
    """A segment isn't one, or isn't of the log it says. ``alarm``: the host shipped another history before."""

    def __init__(self, message: str, *, alarm: bool = False) -> None:
        super().__init__(message)
        self.alarm = alarm


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a log is stored: the tree of its entries so far; its size is the next sequence."""

    frontier: Frontier = field(default_factory=Frontier)

    @property
    def upto(self) -> int:
        """The next sequence."""
        return self.frontier.size

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"size": self.upto, "nodes": base64.b64encode(self.frontier.to_bytes()).decode()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Cursor":
        """Inverse of ``to_json``."""
        return cls(Frontier.from_bytes(value["size"], base64.b64decode(value["nodes"])))


@dataclass(frozen=True, slots=True)
class Shipped:
    """One entry on its way: its bytes, its private part (None where that can't be read any more), and its payload.

    The payload is None where there is none, where policy keeps it on the machine, and where it can't be read any more.
    """

    entry: bytes
    private: bytes | None
    payload: bytes | None = None

    def fields(self) -> dict[str, Any]:
        """The record's fields."""
        private = {} if self.private is None else orjson.loads(self.private)
        return {**orjson.loads(self.entry), **private}


def pack(signer: Signer, first: int, entries: Sequence[Shipped], after: Frontier) -> bytes:
    """A segment of ``entries``, the first of which has sequence ``first``; ``after`` is the log's tree behind the last."""
    lines = b"".join(orjson.dumps(_line(one)) + b"\n" for one in entries)
    root = base64.b64encode(after.root()).decode()
    text = f"{SEGMENT}\norigin {signer.name}\nfirst {first}\ncount {len(entries)}\nroot {root}\nsha256 {sha256(lines).hexdigest()}\n"
    return signer.sign(text).encode() + b"\n" + lines


def _line(one: Shipped) -> list[str | None]:
    line = [one.entry.decode(), None if one.private is None else one.private.decode()]
    return line if one.payload is None else [*line, base64.b64encode(one.payload).decode()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment that was signed by its host: not yet held against what was shipped before."""

    origin: str
    first: int
    entries: tuple[Shipped, ...]
    root: bytes


def unpack(data: bytes, hosts: Mapping[str, Sequence[VerifierKey]]) -> Segment:
    """Read a segment and verify its signature under the keys that ``hosts`` are known by. Raises SegmentError."""
    if len(data) > MAX_SEGMENT:
        raise SegmentError(f"larger than {MAX_SEGMENT} bytes")
    try:
        text, signatures, lines = data.split(b"\n\n", 2)
        note = Note.parse((text + b"\n\n" + signatures + b"\n").decode("utf-8"))
        told = _facts(note, hosts)
        first, count, root = int(told["first"]), int(told["count"]), base64.b64decode(told["root"])
        entries = tuple(_entry(line) for line in lines.split(b"\n")[:-1])
    except SegmentError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SegmentError(f"a malformed segment: {error}") from error
    if sha256(lines).hexdigest() != told.get("sha256"):
        raise SegmentError("the entries were changed on their way")
    if count != len(entries) or not 0 < count <= MAX_ENTRIES or first < 0:
        raise SegmentError("a segment with another number of entries than it says")
    return Segment(origin=told["origin"], first=first, entries=entries, root=root)


def _facts(note: Note, hosts: Mapping[str, Sequence[VerifierKey]]) -> dict[str, str]:
    """What a segment's note says, signed by the host. Raises SegmentError and ValueError."""
    form, *facts = note.text[:-1].split("\n")
    told = dict(fact.split(" ", 1) for fact in facts)
    if form != SEGMENT:
        raise SegmentError("not a segment")
    if not any(note.time_of(key) is not None for key in hosts.get(told.get("origin", ""), ())):
        raise SegmentError(f"not signed by a host that is enrolled as {told.get('origin', '')}")
    return told


def _entry(line: bytes) -> Shipped:
    entry, private, *rest = orjson.loads(line)
    payload = base64.b64decode(rest[0], validate=True) if rest else None
    shipped = Shipped(entry.encode(), None if private is None else private.encode(), payload)
    fields = orjson.loads(shipped.entry)
    if not set(fields) <= PUBLIC or type(fields.get("seq")) is not int:
        raise SegmentError("an entry isn't one")
    if shipped.private is not None and commitment(shipped.private).hex() != fields.get("private"):
        raise SegmentError("a private part isn't the one that its entry commits to")
    if payload is not None and sha256(payload).hexdigest() != shipped.fields().get("payload"):
        raise SegmentError("a payload isn't the one that its record names")
    return shipped


def following(segment: Segment, cursor: Cursor) -> tuple[list[tuple[int, Shipped]], Cursor]:
    """The entries that are new after ``cursor``, with their sequences, and the cursor behind them.

    What was stored before is left out: a segment may come twice. Raises SegmentError when it begins too late, or
    when its hashes don't lead to the root that the host signed.
    """
    if segment.first > cursor.upto:
        raise SegmentError(f"entries {cursor.upto} to {segment.first - 1} are missing")
    epoch = segment.origin.rpartition("/")[2]
    fresh: list[tuple[int, Shipped]] = []
    frontier = cursor.frontier
    for number, one in enumerate(segment.entries, segment.first):
        fields = orjson.loads(one.entry)
        if (fields.get("epoch"), fields["seq"]) != (epoch, number):
            raise SegmentError(f"entry {number} says that it stands elsewhere")
        if number >= cursor.upto:
            frontier = frontier.append(leaf_hash(one.entry))
            fresh.append((number, one))
    if fresh and frontier.root() != segment.root:
        raise SegmentError(
            f"{segment.origin} ships another history than it did up to {cursor.upto}", alarm=True
        )
    return fresh, Cursor(frontier)


def receipt(signer: Signer, origin: str, upto: int, indexes: Iterable[int]) -> str:
    """A collector's receipt: it has the log ``origin`` up to, not including, ``upto``; the last of it stand at ``indexes``."""
    first, last = min(indexes, default=-1), max(indexes, default=-1)
    return signer.sign(f"{RECEIPT}\norigin {origin}\nupto {upto}\nindex {first} {last}\n")


def receipt_upto(note: str, key: VerifierKey, origin: str) -> int:
    """How far a collector says that it has a log. Raises SegmentError."""
    try:
        parsed = Note.parse(note)
        signed = parsed.time_of(key) is not None
        form, said, upto, *_ = parsed.text.split("\n")
    except (NoteError, ValueError) as error:
        raise SegmentError(f"the receipt: {error}") from error
    number = upto.removeprefix("upto ")
    if not signed or form != RECEIPT or said != f"origin {origin}" or not number.isdigit():
        raise SegmentError("the receipt isn't the collector's")
    return int(number)
