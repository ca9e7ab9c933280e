"""The stored tree: tiles of 256 hashes, read for proofs and added to by the checkpointer."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterable

from tradsy.audit.merkle import HASH, TILE, TILE_HEIGHT, Range, fold, is_complete, leaf_hash, node_hash, split
from tradsy.platform.db import DbSession, sql

_READ_AHEAD = 64
_PAUSE = 0.005
"""Seconds between two tiles."""
_LEAVES = sql("select event_hash from audit_leaf_hashes(:first, :past)")
_TILES = sql("select tile, hashes from audit_tiles where level = :level and tile = any(:tiles)")
_ROOTS = sql("select root from audit_tiles where level = :level and tile >= :first and tile < :past order by tile")
_INSERT = sql("insert into audit_tiles (level, tile, hashes, root) values (:level, :tile, :hashes, :root)")


class StoredTree:
    """The tree at one checkpoint's size, for readers of either role."""

    def __init__(self, session: DbSession, size: int) -> None:
        self._session = session
        self._size = size
        self._cache: dict[tuple[int, int], list[bytes]] = {}
        self._planned: dict[int, list[int]] = {}

    def plan(self, ranges: Iterable[Range]) -> None:
        """Say which ranges will be asked for, in order, so that their tiles are read ahead."""
        planned: dict[int, set[int]] = {}
        for first, past in ranges:
            if is_complete(first, past):
                level = _level(past - first)
                planned.setdefault(level, set()).add(first >> TILE_HEIGHT * (level + 1))
        self._planned = {level: sorted(tiles) for level, tiles in planned.items()}

    async def root(self, first: int, past: int) -> bytes:
        """Return the root over [first, past)."""
        if not is_complete(first, past):
            middle = split(first, past)
            return node_hash(await self.root(first, middle), await self.root(middle, past))
        level = _level(past - first)
        shift = TILE_HEIGHT * level
        hashes = await self._tile(level, first >> shift + TILE_HEIGHT)
        start = (first >> shift) % TILE
        return fold(hashes[start : start + (past - first >> shift)])

    async def _tile(self, level: int, tile: int) -> list[bytes]:
        if (level, tile) not in self._cache:
            if (tile + 1) * TILE <= self._size >> TILE_HEIGHT * level:
                await self._load(level, tile)
            else:
                self._cache[level, tile] = await load_hashes(
                    self._session, level, tile * TILE, self._size >> TILE_HEIGHT * level
                )
        return self._cache[level, tile]

    async def _load(self, level: int, tile: int) -> None:
        """Read a full tile and those that are planned after it; forget older ones of the level."""
        planned = self._planned.get(level, [])
        start = bisect_left(planned, tile)
        wanted = sorted({tile, *planned[start : start + _READ_AHEAD]})
        for key in [key for key in self._cache if key[0] == level]:
            del self._cache[key]
        for row in await self._session.execute(_TILES, {"level": level, "tiles": wanted}):
            self._cache[level, row.tile] = _cut(row.hashes)


async def load_hashes(session: DbSession, level: int, first: int, past: int) -> list[bytes]:
    """Return hashes of one level from where they arise: leaves from events, others from the tiles below."""
    if level == 0:
        rows = await session.execute(_LEAVES, {"first": first, "past": past})
        return [leaf_hash(row.event_hash) for row in rows]
    return await session.scalars(_ROOTS, {"level": level - 1, "first": first, "past": past})


async def add_tiles(session: DbSession, before: int, after: int) -> None:
    """Store the tiles that became full when the tree grew from `before` to `after` leaves."""
    level = 0
    while after >> TILE_HEIGHT * (level + 1):
        first_tile = before >> TILE_HEIGHT * (level + 1)
        past_tile = after >> TILE_HEIGHT * (level + 1)
        # One at a time and with pauses, so that the process's other work gets its turn in between.
        for tile in range(first_tile, past_tile):
            hashes = await load_hashes(session, level, tile * TILE, (tile + 1) * TILE)
            values = {"level": level, "tile": tile, "hashes": b"".join(hashes), "root": fold(hashes)}
            await session.execute(_INSERT, values)
            await asyncio.sleep(_PAUSE)
        level += 1


def _level(count: int) -> int:
    """Return the level of tiles that holds the parts of a full subtree of `count` leaves."""
    return (count.bit_length() - 1) // TILE_HEIGHT


def _cut(hashes: bytes) -> list[bytes]:
    return [hashes[start : start + HASH] for start in range(0, len(hashes), HASH)]
