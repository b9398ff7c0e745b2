"""The Merkle tree hash of RFC 9162 / RFC 6962 section 2.1, computed while the log grows.

Only the roots of the full sub-trees on the right edge are kept (at most one per bit of the size), so a tree of
any size is a few hundred bytes and an append costs two hashes on average. The hashes are those of C2SP
tlog-tiles: inclusion and consistency proofs are made over the same leaves at any time (``audit.tiles``) and verified
here, as RFC 9162, 2.1.3.2 and 2.1.4.2 say.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from bailiwick.model.value import value

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of the tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry: SHA-256 of 0x00 and the entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 of 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


def hashed(prefix: bytes, texts: Iterable[bytes]) -> list[bytes]:
    """SHA-256 of ``prefix`` and each text. A copy of a hash that was begun takes less than to begin each anew."""
    begun, found = sha256(prefix).copy, []
    for text in texts:
        one = begun()
        one.update(text)
        found.append(one.digest())
    return found


@value(frozen=True, slots=True)
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
            return EMPTY_ROOT
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


class Edge:
    """A frontier that grows in place, for whoever adds many leaves."""

    __slots__ = ("_nodes", "size")

    def __init__(self, start: Frontier | None = None) -> None:
        self.size = start.size if start else 0
        self._nodes = list(start.nodes) if start else []

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._nodes.pop(), node)
            size >>= 1
        self._nodes.append(node)
        self.size += 1

    def append_full(self, root: bytes, height: int) -> None:
        """Add the ``2**height`` leaves of a full sub-tree with this root, where such a one begins."""
        node, place = root, self.size >> height
        while place & 1:
            node = node_hash(self._nodes.pop(), node)
            place >>= 1
        self._nodes.append(node)
        self.size += 1 << height

    def append_few(self, leaves: bytes) -> None:
        """Add leaf hashes, one after the other in ``leaves``."""
        for at in range(0, len(leaves), HASH_SIZE):
            self.append(leaves[at : at + HASH_SIZE])

    def frontier(self) -> Frontier:
        """The frontier as it is now."""
        return Frontier(self.size, tuple(self._nodes))


class ProofError(ValueError):
    """A proof doesn't prove what it is said to."""


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless ``proof`` shows that the tree of ``size`` leaves with this root has ``leaf`` at ``index``."""
    if not 0 <= index < size:
        raise ProofError(f"no entry {index} in a log of {size}")
    if len(leaf) != HASH_SIZE or len(root) != HASH_SIZE:
        raise ProofError("an entry's hash or a root is none")
    node, place, last = leaf, index, size - 1
    for part in proof:
        if not last or len(part) != HASH_SIZE:
            raise ProofError("the inclusion proof has the wrong form for this entry and size")
        if place & 1 or place == last:
            node = node_hash(part, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, part)
        place, last = place >> 1, last >> 1
    if last or node != root:
        raise ProofError(
            "the inclusion proof leads to another root: the log has something else in this place"
        )


def verify_consistency(
    old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> None:
    """Raise ProofError unless ``proof`` shows that the tree of ``old_size`` leaves is a prefix of the one of ``size``."""
    if not 0 <= old_size <= size:
        raise ProofError(f"a log of {size} entries doesn't continue one of {old_size}")
    if old_size in {0, size}:
        if proof:
            raise ProofError("a consistency proof from nothing, or to the same size, is empty")
        if old_size == size and old_root != root:
            raise ProofError("two logs of the same size have different roots")
        if not old_size and (old_root != EMPTY_ROOT or len(root) != HASH_SIZE):
            raise ProofError("an empty log has another root")
        return
    if not proof or any(len(part) != HASH_SIZE for part in proof):
        raise ProofError("the consistency proof isn't made of hashes")
    if _roots(old_size, size, proof, old_root) != (old_root, root):
        raise ProofError(
            "the log doesn't continue the one it was: entries were changed, removed or put in between"
        )


def _roots(old_size: int, size: int, proof: Sequence[bytes], old_root: bytes) -> tuple[bytes, bytes]:
    """The roots of the older and of the newer tree that a consistency proof leads to. Raises ProofError."""
    parts = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_node = node = parts[0]
    for part in parts[1:]:
        if not last:
            raise ProofError("the consistency proof is too long")
        if place & 1 or place == last:
            old_node, node = node_hash(part, old_node), node_hash(part, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, part)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("the consistency proof is too short")
    return old_node, node


def range_root(leaves: Sequence[bytes], first: int, size: int, outside: Sequence[bytes]) -> bytes:
    """The root over ``size`` leaves of which ``leaves`` stand from ``first`` on and ``outside`` are the other parts' roots.

    Raises ProofError when there are too few or too many of those.
    """
    end, rest = first + len(leaves), list(reversed(outside))
    if not 0 <= first < end <= size:
        raise ProofError(f"no entries {first} to {end - 1} in a log of {size}")

    def root(low: int, high: int) -> bytes:
        if high <= first or low >= end:
            if not rest:
                raise ProofError("too few hashes stand for the other entries")
            return rest.pop()
        if high - low == 1:
            return leaves[low - first]
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        left = root(low, middle)
        return node_hash(left, root(middle, high))

    found = root(0, size)
    if rest:
        raise ProofError("too many hashes stand for the other entries")
    return found
