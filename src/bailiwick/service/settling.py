"""Entries on their way into the log's file: new ones, and older ones that become a block."""

import time
from collections.abc import Callable
from typing import Any

import orjson

from bailiwick.audit.block import BlockError
from bailiwick.audit.chain import Sealed
from bailiwick.audit.record import Record
from bailiwick.audit.sealing import DataKey, Parts, SealError, open_private, unpack_entry
from bailiwick.model.value import value
from bailiwick.service.blocks import Settled, row_of_block


@value(frozen=True, slots=True)
class Fresh:
    """An entry that is new, its record, its parts, and the key of the private one."""

    record: Record
    sealed: Sealed
    parts: Parts
    key: DataKey

    def settled(self) -> Settled:
        """It on its way into a block."""
        return Settled(self.sealed, self.parts.private, self.key, self.record.time_ms, self.record.kind)


@value(frozen=True, slots=True)
class Tail:
    """The entries of a tile that isn't full yet, and the chain head before them."""

    head: bytes
    entries: list[Settled]


@value(frozen=True, slots=True)
class Settlement:
    """The entries of a tile on their way into a block, as read from the file; made up without holding up the writer."""

    low: int
    head: bytes
    rows: list[tuple[int, bytes, bytes, bytes, bytes]]
    erasures: int

    def entries(self, find: Callable[[str], DataKey | None]) -> list[Settled]:
        """The entries with their private parts. Raises BlockError where one can't be read, SealError where it was changed."""
        found = []
        for sequence, kept, leaf, head, blob in self.rows:
            body = unpack_entry(kept)
            public = orjson.loads(body)
            key = find(public["key"])
            if key is None and blob:
                raise BlockError(f"entry {sequence} can't be read: its key isn't at hand")
            private = open_private(blob, public["private"], key) if key and blob else None
            sealed = Sealed(sequence=sequence, body=body, leaf=leaf, head=head)
            found.append(Settled(sealed, private, key, public["time_ms"], public["kind"]))
            time.sleep(0)  # a decision that waits goes first
        return found

    def block(self, find: Callable[[str], DataKey | None], blinding: bytes) -> tuple[Any, ...] | None:
        """The block's row; None where they must stay as they are."""
        try:
            return row_of_block(self.head, self.entries(find), blinding) if self.rows else None
        except (BlockError, SealError):
            return None
