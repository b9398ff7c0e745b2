"""Merkle proofs against the definitions of RFC 6962, section 2.1, written down as they stand there."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailiwick.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofError,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from bailiwick.audit.tiles import (
    HEIGHT,
    WIDTH,
    Bundle,
    Tile,
    TileError,
    Tree,
    bundled,
    joined,
    tiles_of,
    unbundled,
)


def reference_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + reference_root(leaves[:k]) + reference_root(leaves[k:])).digest()


def split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def reference_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*reference_path(index, leaves[:k]), reference_root(leaves[k:])]
    return [*reference_path(index - k, leaves[k:]), reference_root(leaves[:k])]


def reference_subproof(old: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if known else [reference_root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*reference_subproof(old, leaves[:k], known=known), reference_root(leaves[k:])]
    return [*reference_subproof(old - k, leaves[k:], known=False), reference_root(leaves[:k])]


class Memory:
    """Tiles of a log in memory, each level made of the one below."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.levels = [leaves]
        while len(self.levels[-1]) >= WIDTH:
            below = self.levels[-1]
            full = range(0, len(below) // WIDTH * WIDTH, WIDTH)
            self.levels.append([joined(b"".join(below[i : i + WIDTH])) for i in full])

    def tile(self, level: int, index: int, width: int) -> bytes:
        return b"".join(self.levels[level][index * WIDTH : index * WIDTH + width])


LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]
STORAGE = Memory(LEAVES)


def tree(size: int) -> Tree:
    return Tree(Memory(LEAVES[:size]), size)


SMALL = st.integers(1, 700)


@given(SMALL, st.data())
@settings(max_examples=150, deadline=None)
def test_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    made, leaves = tree(size), LEAVES[:size]
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root = reference_root(leaves)
    assert made.root() == root
    assert made.inclusion(index) == reference_path(index, leaves)
    assert made.consistency(old) == reference_subproof(old, leaves, known=True)
    verify_inclusion(leaves[index], index, size, made.inclusion(index), root)
    verify_consistency(old, size, made.consistency(old), reference_root(leaves[:old]), root)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000])
def test_proofs_at_the_edges_of_tiles(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier = frontier.append(leaf)
    made = Tree(STORAGE, size)
    root = made.root()
    assert root == frontier.root()
    for index in {0, size // 2, size - 1}:
        verify_inclusion(LEAVES[index], index, size, made.inclusion(index), root)
    for old in {0, 1, size // 3, size - 1, size}:
        verify_consistency(old, size, made.consistency(old), Tree(STORAGE, old).root(), root)


@given(SMALL, st.data())
@settings(max_examples=200, deadline=None)
def test_a_proof_proves_nothing_else(size: int, data: st.DataObject) -> None:
    made = tree(size)
    index, root = data.draw(st.integers(0, size - 1)), made.root()
    proof = made.inclusion(index)
    wrong: list[tuple[bytes, int, int, list[bytes], bytes]] = [
        (leaf_hash(b"other"), index, size, proof, root),
        (LEAVES[index], index, size, [*proof, root], root),
        (LEAVES[index], index, size, proof, leaf_hash(b"root")),
        (LEAVES[index], size, size, proof, root),
        (LEAVES[index], -1, size, proof, root),
        (LEAVES[index], index, size, [*proof[:-1], b"short"], root),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        flipped = [*proof[:place], bytes(a ^ 1 for a in proof[place]), *proof[place + 1 :]]
        wrong += [(LEAVES[index], index, size, flipped, root), (LEAVES[index], index, size, proof[:-1], root)]
    if size > 1:
        wrong.append((LEAVES[index], (index + 1) % size, size, proof, root))
    for given_ in wrong:
        with pytest.raises(ProofError):
            verify_inclusion(*given_)


@given(SMALL, st.data())
@settings(max_examples=200, deadline=None)
def test_a_consistency_proof_proves_nothing_else(size: int, data: st.DataObject) -> None:
    made, old = tree(size), data.draw(st.integers(0, size))
    root, old_root, proof = made.root(), tree(old).root(), made.consistency(old)
    other = leaf_hash(b"other root")
    wrong: list[tuple[int, int, list[bytes], bytes, bytes]] = [
        (old, size, [*proof, other], old_root, root),
        (old, size, proof, other, root),
        (size + 1, size, proof, old_root, root),
        (-1, size, proof, old_root, root),
    ]
    if old:
        wrong.append((old, size, proof, old_root, other))
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        flipped = [*proof[:place], bytes(a ^ 1 for a in proof[place]), *proof[place + 1 :]]
        wrong += [(old, size, flipped, old_root, root), (old, size, proof[:-1], old_root, root)]
        wrong.append((old, size, [], old_root, root))
    for given_ in wrong:
        with pytest.raises(ProofError):
            verify_consistency(*given_)


def test_the_empty_tree() -> None:
    assert Tree(STORAGE, 0).root() == EMPTY_ROOT == Frontier().root()
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    with pytest.raises(IndexError):
        Tree(STORAGE, 5).inclusion(5)
    with pytest.raises(IndexError):
        Tree(STORAGE, 5).consistency(6)


def test_paths_are_those_of_the_standard() -> None:
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Tile(1, 0, 5).path == "tile/1/000.p/5"
    assert Bundle(999, 255).path == "tile/entries/999.p/255"
    assert Bundle(1_000).path == "tile/entries/x001/000"


@given(st.integers(0, 3 * WIDTH * WIDTH), st.integers(0, 3 * WIDTH * WIDTH))
@settings(max_examples=60, deadline=None)
def test_what_a_growing_log_adds_are_the_tiles_it_did_not_have(one: int, other: int) -> None:
    before, after = sorted((one, other))
    added = set(tiles_of(after, since=before))
    assert added == set(tiles_of(after)) - set(tiles_of(before))
    assert all(tile.level < 24 // HEIGHT + 1 for tile in added)


@given(st.lists(st.binary(max_size=50), max_size=20), st.binary(min_size=1, max_size=3))
def test_bundles_come_back_and_what_is_none_is_refused(entries: list[bytes], more: bytes) -> None:
    data = bundled(entries)
    assert unbundled(data, len(entries)) == entries
    for broken, width in ((data + more, len(entries)), (data, len(entries) + 1), (data[:-1], len(entries))):
        if entries or broken:
            with pytest.raises(TileError):
                unbundled(broken, width)
    with pytest.raises(TileError):
        bundled([b"x" * 65_536])
