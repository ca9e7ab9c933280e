"""The tree against RFC 9162's own words and the published vectors of certificate transparency."""

from __future__ import annotations

import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.audit.merkle import TILE, TileStack, fold, is_complete, leaf_hash, node_hash, proof_ranges, split

# Leaf data and roots by size of the certificate-transparency reference tests.
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def reference(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, written as it stands there."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + reference(leaves[:k]) + reference(leaves[k:])).digest()


@pytest.mark.parametrize("size", CT_ROOTS)
def test_published_vectors(size: int) -> None:
    leaves = [bytes.fromhex(leaf) for leaf in CT_LEAVES[:size]]
    assert fold([leaf_hash(leaf) for leaf in leaves]).hex() == CT_ROOTS[size] == reference(leaves).hex()


@given(st.integers(1, 700))
def test_fold_and_stack_give_the_root_of_every_size(size: int) -> None:
    leaves = [n.to_bytes(32, "big") for n in range(size)]
    stack = TileStack()
    for leaf in leaves:
        stack.add(leaf_hash(leaf))
    assert stack.root() == fold([leaf_hash(leaf) for leaf in leaves]) == reference(leaves)


def test_stack_gives_each_full_tile_once() -> None:
    stack, size = TileStack(), TILE * TILE + TILE + 3
    hashes = [leaf_hash(n.to_bytes(32, "big")) for n in range(size)]
    tiles = [tile for leaf in hashes for tile in stack.add(leaf)]
    assert [tile[:2] for tile in tiles if tile[0] == 0] == [(0, n) for n in range(TILE + 1)]
    assert [tile[:2] for tile in tiles if tile[0] == 1] == [(1, 0)]
    (top,) = (tile for tile in tiles if tile[0] == 1)
    assert top[2] == [tile[3] for tile in tiles if tile[0] == 0][:TILE]
    assert top[3] == fold(hashes[: TILE * TILE])
    assert stack.root() == fold(hashes)
    assert stack.size == size


@given(st.integers(1, 200), st.randoms(use_true_random=False))
def test_proof_ranges_and_own_leaves_are_the_whole_tree(size: int, random: Random) -> None:
    positions = sorted(random.sample(range(size), random.randint(0, min(size, 9))))
    pins = sorted(random.sample(range(1, size + 1), random.randint(0, min(size, 3))))
    ranges = list(proof_ranges(size, positions, [pin for pin in pins if pin < size]))
    covered = sorted([n for first, past in ranges for n in range(first, past)] + positions)
    assert covered == list(range(size))
    assert not any(first < pin < past for first, past in ranges for pin in pins)
    known = {r: reference([n.to_bytes(32, "big") for n in range(*r)]) for r in ranges}
    known |= {(n, n + 1): leaf_hash(n.to_bytes(32, "big")) for n in positions}

    def root(first: int, past: int) -> bytes:
        if (first, past) in known:
            return known[first, past]
        middle = split(first, past)
        return node_hash(root(first, middle), root(middle, past))

    for end in [*pins, size]:
        assert root(0, end) == reference([n.to_bytes(32, "big") for n in range(end)])


def test_empty_tree_needs_no_proof() -> None:
    assert list(proof_ranges(0, [], [])) == []


def test_complete_ranges() -> None:
    assert is_complete(8, 16)
    assert is_complete(5, 6)
    assert not is_complete(4, 12)
    assert not is_complete(0, 6)
