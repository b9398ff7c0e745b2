"""The log as static files: C2SP tlog-tiles. Where a hash or an entry stands, and how entries are bundled.

A tile of level L holds up to 256 hashes, each the root of a full sub-tree of 256**L entries; a bundle holds the entries
of one tile of level 0, each with its length before it (16 bits). The last tile of a level may be partial. All
functions are pure; what they read comes through ``TileStorage``.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from bailiwick.audit.merkle import EMPTY_ROOT, HASH_SIZE, Frontier, hashed, node_hash
from bailiwick.model.value import value

WIDTH = 256
"""Hashes of a full tile."""

HEIGHT = 8
"""Levels of the tree that a tile spans."""

MAX_ENTRY = 65_535


class TileError(ValueError):
    """A tile or a bundle isn't what the log's size says it is, or a path names none."""


class TileStorage(Protocol):
    """Where the hashes of a log are read from: a directory, a database, a server."""

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of a tile. Raises TileError when there are fewer."""


@value(frozen=True, slots=True)
class Tile:
    """A tile of hashes, by level, index and width (256 when full)."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's address."""
        return f"tile/{self.level}/{_numbered(self.index, self.width)}"


@value(frozen=True, slots=True)
class Bundle:
    """A bundle of entries, by index and width (256 when full)."""

    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's address."""
        return f"tile/entries/{_numbered(self.index, self.width)}"


def _numbered(index: int, width: int) -> str:
    """The index in groups of three digits, all but the last marked ``x``; the width of what is partial behind it."""
    groups = [f"{index % 1_000:03d}"]
    while index := index // 1_000:
        groups.append(f"x{index % 1_000:03d}")
    path = "/".join(reversed(groups))
    return path if width == WIDTH else f"{path}.p/{width}"


def tiles_of(size: int, *, since: int = 0) -> Iterator[Tile]:
    """The tiles of a log of ``size`` entries that one of ``since`` entries didn't have, level by level."""
    level, count, before = 0, size, since
    while count:
        for index in range(before // WIDTH, -(-count // WIDTH)):
            width = min(count - index * WIDTH, WIDTH)
            if index > before // WIDTH or width > before % WIDTH:
                yield Tile(level, index, width)
        level, count, before = level + 1, count // WIDTH, before // WIDTH


def bundles_of(size: int, *, since: int = 0) -> Iterator[Bundle]:
    """The bundles of a log of ``size`` entries that one of ``since`` entries didn't have."""
    return (Bundle(tile.index, tile.width) for tile in tiles_of(size, since=since) if not tile.level)


def bundled(entries: Iterable[bytes]) -> bytes:
    """Entries as a bundle. Raises TileError for one that is too long."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise TileError(f"an entry of {len(entry)} bytes is over the bound of {MAX_ENTRY}")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def unbundled(data: bytes, width: int) -> list[bytes]:
    """The ``width`` entries of a bundle. Raises TileError when it holds fewer, more or half ones."""
    entries: list[bytes] = []
    position = 0
    for _ in range(width):
        length = int.from_bytes(data[position : position + 2], "big")
        entry = data[position + 2 : position + 2 + length]
        if len(data) < position + 2 or len(entry) != length:
            raise TileError(f"a bundle of {width} entries ends in entry {len(entries)}")
        entries.append(entry)
        position += 2 + length
    if position != len(data):
        raise TileError(f"a bundle has bytes after its {width} entries")
    return entries


@value(frozen=True, slots=True)
class Tree:
    """A log of ``size`` entries whose hashes are in ``storage``: its root and its proofs (RFC 6962, 2.1)."""

    storage: TileStorage
    size: int

    def root(self) -> bytes:
        """The Merkle tree hash."""
        return self._range(0, self.size)

    def frontier(self) -> Frontier:
        """The right edge of the tree: all that it takes to go on."""
        nodes, low = list[bytes](), 0
        for height in reversed(range(self.size.bit_length())):
            if self.size >> height & 1:
                nodes.append(self._full(low, height))
                low += 1 << height
        return Frontier(self.size, tuple(nodes))

    def inclusion(self, index: int) -> list[bytes]:
        """The proof that entry ``index`` is in the log, from the leaf's sibling up. Raises IndexError."""
        if not 0 <= index < self.size:
            raise IndexError(f"no entry {index} in a log of {self.size}")
        proof: list[bytes] = []
        low, high = 0, self.size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low = middle
        return proof[::-1]

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the log of ``old`` entries is a prefix of this one. Raises IndexError."""
        if not 0 <= old <= self.size:
            raise IndexError(f"a log of {self.size} doesn't continue one of {old}")
        if old in {0, self.size}:
            return []
        proof: list[bytes] = []
        low, high, known = 0, self.size, True
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low, known = middle, False
        if not known:
            proof.append(self._range(low, high))
        return proof[::-1]

    def outside(self, first: int, end: int) -> list[bytes]:
        """The hashes that lead from the entries ``first`` to before ``end`` to the root (``merkle.range_root``)."""
        found: list[bytes] = []

        def walk(low: int, high: int) -> None:
            if high <= first or low >= end:
                found.append(self._range(low, high))
            elif not (first <= low and high <= end):
                middle = low + _split(high - low)
                walk(low, middle)
                walk(middle, high)

        walk(0, self.size)
        return found

    def _range(self, low: int, high: int) -> bytes:
        """The hash of entries ``low`` to ``high``: full sub-trees, joined from the right."""
        hashes = []
        while low < high:
            part = _split(high - low) if (high - low) & (high - low - 1) else high - low
            hashes.append(self._full(low, part.bit_length() - 1))
            low += part
        if not hashes:
            return EMPTY_ROOT
        *rest, node = hashes
        for left in reversed(rest):
            node = node_hash(left, node)
        return node

    def _full(self, low: int, height: int) -> bytes:
        """The root of the full sub-tree of this height that begins at entry ``low``."""
        level, above = divmod(height, HEIGHT)
        first, count = low >> (level * HEIGHT), 1 << above
        index, offset = divmod(first, WIDTH)
        width = min((self.size >> (level * HEIGHT)) - index * WIDTH, WIDTH)
        data = self.storage.tile(level, index, width)
        if len(data) != width * HASH_SIZE:
            raise TileError(f"{Tile(level, index, width).path} has {len(data)} bytes")
        return joined(data[offset * HASH_SIZE : (offset + count) * HASH_SIZE])


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def joined(data: bytes) -> bytes:
    """The root over 1, 2, 4 ... 256 hashes. Raises TileError for any other number of bytes."""
    count, rest = divmod(len(data), HASH_SIZE)
    if rest or count.bit_count() != 1:
        raise TileError(f"{len(data)} bytes aren't the hashes of a full tree")
    while len(data) > HASH_SIZE:
        pairs = [data[at : at + 2 * HASH_SIZE] for at in range(0, len(data), 2 * HASH_SIZE)]
        data = b"".join(hashed(b"\x01", pairs))
    return data
