"""The Merkle tree of RFC 9162 section 2.1 over all events, as pure functions on hashes and half-open ranges.

A leaf is SHA-256(0x00 || event hash), a node SHA-256(0x01 || left || right); a range of n leaves is split at the
largest power of two below n.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence

HASH = 32
TILE_HEIGHT = 8
TILE = 1 << TILE_HEIGHT
"""Neighbouring hashes of one level that are stored together."""

Range = tuple[int, int]


def leaf_hash(event_hash: bytes) -> bytes:
    """Return the tree's leaf for an event."""
    return hashlib.sha256(b"\0" + event_hash).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the node over two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


def split(first: int, past: int) -> int:
    """Return where a range of at least two leaves is split."""
    return first + (1 << ((past - first - 1).bit_length() - 1))


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over neighbouring hashes that start at a multiple of their rounded-up count."""
    level = list(hashes)
    while len(level) > 1:
        # An odd last hash rises as it is, which is exactly the split at a power of two.
        last = [level.pop()] if len(level) % 2 else []
        pairs = iter(level)
        level = [node_hash(left, right) for left, right in zip(pairs, pairs, strict=True)] + last
    return level[0]


def is_complete(first: int, past: int) -> bool:
    """Return whether the range is one full aligned subtree, which is a node of every tree that reaches it."""
    count = past - first
    return count & (count - 1) == 0 and first % count == 0


def proof_ranges(size: int, positions: Sequence[int], pins: Sequence[int]) -> Iterator[Range]:
    """Yield the ranges whose roots, with the leaves at sorted `positions`, give the root of `size` leaves.

    No range reaches across one of the sorted earlier sizes `pins`, so that the root of each can be computed too.
    """
    pending = [(0, size)] if size else []
    while pending:
        first, past = pending.pop()
        own = bisect_left(positions, first) < bisect_left(positions, past)
        pinned = bisect_left(pins, first + 1) < bisect_left(pins, past)
        if not own and not pinned:
            yield first, past
        elif past - first > 1:
            middle = split(first, past)
            pending += [(middle, past), (first, middle)]


class TileStack:
    """The tree while leaves are added in order: the unfinished tile of each level."""

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[list[bytes]] = [[]]

    def add(self, leaf: bytes) -> list[tuple[int, int, list[bytes], bytes]]:
        """Add the next leaf; return the tiles that it completed as (level, tile, hashes, root)."""
        self.size += 1
        self._levels[0].append(leaf)
        return self._finish() if len(self._levels[0]) == TILE else []

    def root(self) -> bytes:
        """Return the root of all leaves so far, of which there is at least one."""
        right: list[bytes] = []
        for level in self._levels:
            if level or right:
                right = [fold([*level, *right])]
        return right[0]

    def _finish(self) -> list[tuple[int, int, list[bytes], bytes]]:
        finished: list[tuple[int, int, list[bytes], bytes]] = []
        for level, hashes in enumerate(self._levels):
            if len(hashes) < TILE:
                break
            root = fold(hashes)
            finished.append((level, (self.size >> TILE_HEIGHT * (level + 1)) - 1, hashes, root))
            self._levels[level] = []
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(root)
        return finished
