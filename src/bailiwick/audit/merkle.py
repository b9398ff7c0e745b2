"""The Merkle tree hash of RFC 9162 / RFC 6962 section 2.1, computed while the log grows.

Only the roots of the full sub-trees on the right edge are kept (at most one per bit of the size), so a tree of
any size is a few hundred bytes and an append costs two hashes on average. The hashes are those of C2SP
tlog-tiles: inclusion and consistency proofs can be made over the same leaves at any time.
"""

from dataclasses import dataclass
from hashlib import sha256

HASH_SIZE = 32


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry: SHA-256 of 0x00 and the entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 of 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree of ``size`` leaves: roots of its full sub-trees, largest first."""

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier once ``leaf`` (a leaf hash) has been added."""
        nodes, node, size = list(self.nodes), leaf, self.size
        while size & 1:
            node = node_hash(nodes.pop(), node)
            size >>= 1
        nodes.append(node)
        return Frontier(self.size + 1, tuple(nodes))

    def root(self) -> bytes:
        """The tree head; of the empty tree SHA-256 of nothing."""
        if not self.nodes:
            return sha256(b"").digest()
        *rest, node = self.nodes
        for left in reversed(rest):
            node = node_hash(left, node)
        return node

    def to_bytes(self) -> bytes:
        """The nodes, concatenated; with the size this is all there is."""
        return b"".join(self.nodes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "Frontier":
        """Inverse of ``to_bytes``. Raises ValueError when the length doesn't fit the size."""
        if len(data) != HASH_SIZE * size.bit_count():
            raise ValueError(f"a frontier of size {size} has {size.bit_count()} nodes")
        return cls(size, tuple(data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)))
