"""The operator's check of the whole log: every event, every leaf, every tile, every checkpoint, every anchor.

Hashes are computed here, not by the database that is being checked; only the comparison of the filter columns with
the hashed bytes is left to it, since nothing is ever shown from those columns.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tradsy.audit.anchors import read_anchor
from tradsy.audit.canonical import ZERO_HASH, event_hash
from tradsy.audit.copying import COLUMNS_AGREE, EVENTS, ChainChecker
from tradsy.audit.errors import AuditBroken
from tradsy.audit.merkle import TileStack, leaf_hash
from tradsy.audit.notes import check_checkpoint
from tradsy.audit.tree import StoredTree
from tradsy.platform.db import DbSession, Row, sql

_PREFETCH = 5_000
_RECENT = (
    f"select e.chain_id, e.seq, e.prev_hash, e.canonical, e.hash, {COLUMNS_AGREE}, p.hash from audit_events e "
    "left join audit_events p on p.chain_id = e.chain_id and p.seq = e.seq - 1 "
    "where e.seq > coalesce((select max(o.seq) from audit_leaves o where o.chain_id = e.chain_id "
    "and o.position < $1), 0)"
)
_LEAVES = (
    "select l.position, e.hash from audit_leaves l left join audit_events e using (chain_id, seq) order by l.position"
)
_CHECKPOINTS = sql("select size, root, note from audit_checkpoints order by size")
_HEADS = sql("select chain_id, seq, hash from audit_chains")
_TILES = sql("select level, tile, hashes, root from audit_tiles where level = :level and tile = :tile")
_COUNT_TILES = sql("select count(*) from audit_tiles")
# A chain's covered events must be its first ones.
_GAPS = sql("select count(*) from (select 1 from audit_leaves group by chain_id having max(seq) <> count(*)) g")


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked and found whole."""

    events: int
    chains: int
    covered: int
    """Events under a signed checkpoint."""
    checkpoints: int
    anchored: int
    """Checkpoints that an anchor file confirmed."""


async def verify_all(session: DbSession, *, public_key: bytes, anchors: Sequence[Path] = ()) -> Verified:
    """Check everything, in one snapshot; `session` is a fresh transaction of the engine role.

    Raises:
        AuditBroken: with the first contradiction found.
    """
    await _open_snapshot(session)
    events, chains = await _verify_chains(session)
    checkpoints = (await session.execute(_CHECKPOINTS)).all()
    covered = await _verify_tree(session, checkpoints, public_key)
    anchored = await verify_anchors({row.size: row.note for row in checkpoints}, anchors)
    return Verified(events, chains, covered, len(checkpoints), anchored)


async def verify_recent(
    session: DbSession, *, public_key: bytes, since: int = 0, anchors: Sequence[Path] = ()
) -> Verified:
    """Check what came after the checkpoint of size `since`, and that the tree's stored roots still hold.

    Raises:
        AuditBroken: with the first contradiction found.
    """
    await _open_snapshot(session)
    checkpoints = (await session.execute(_CHECKPOINTS)).all()
    newest = [row for row in checkpoints if row.size >= since]
    for row in {newest[0], newest[-1]} if newest else ():
        if await StoredTree(session, row.size).root(0, row.size) != row.root:
            raise AuditBroken(f"The stored tree no longer has the root of checkpoint {row.size}.")
        check_checkpoint(row.note, row.size, row.root, public_key)
    events, chains = 0, set[UUID]()
    async for chain_id, seq, prev_hash, canonical, digest, agree, before in _stream(session, _RECENT, since):
        previous = ZERO_HASH if seq == 1 else before
        if prev_hash != previous or event_hash(chain_id, seq, prev_hash, canonical) != digest or not agree:
            raise AuditBroken(f"Event {seq} of chain {chain_id} was changed or does not follow from the one before it.")
        events += 1
        chains.add(chain_id)
    anchored = await verify_anchors({row.size: row.note for row in checkpoints}, anchors)
    return Verified(events, len(chains), max((row.size for row in checkpoints), default=0), len(newest), anchored)


async def verify_anchors(notes: Mapping[int, str], anchors: Sequence[Path]) -> int:
    """Return how many anchored checkpoints the database confirms.

    Raises:
        AuditBroken: an anchor holds a checkpoint that the database lacks or has otherwise: it was rolled back or
            replaced.
    """
    confirmed = 0
    for path in anchors:
        for anchored in await asyncio.to_thread(read_anchor, path):
            if notes.get(anchored.size) != anchored.note:
                raise AuditBroken(f"{path.name} holds a checkpoint of {anchored.size} events that the database lacks.")
            confirmed += 1
    return confirmed


async def _open_snapshot(session: DbSession) -> None:
    await session.execute(sql("set transaction isolation level repeatable read"))


async def _stream(session: DbSession, statement: str, *arguments: int) -> AsyncGenerator[Row]:
    """Yield rows page by page of a server-side cursor."""
    cursor = await session.connection.cursor(statement, *arguments)
    while page := await cursor.fetch(_PREFETCH):
        for row in page:
            yield row


async def _verify_chains(session: DbSession) -> tuple[int, int]:
    """Return how many events and chains there are; each chain is linked from its first event to its head."""
    heads = {row.chain_id.bytes: (row.seq, row.hash) for row in await session.execute(_HEADS)}
    checker = ChainChecker(heads)
    await session.connection.copy_from_query(EVENTS, output=checker.feed, format="binary")
    checker.finish()
    return checker.events, checker.chains


async def _verify_tree(session: DbSession, checkpoints: Sequence[Any], public_key: bytes) -> int:
    """Return how many events the tree holds; it has the root of every checkpoint at its size."""
    stack, tiles, pending = TileStack(), 0, iter([*checkpoints, None])
    following = next(pending)
    async for position, digest in _stream(session, _LEAVES):
        if position != stack.size or digest is None:
            raise AuditBroken(f"The event at position {stack.size} of the tree is missing.")
        for level, tile, hashes, root in stack.add(leaf_hash(digest)):
            row = (await session.execute(_TILES, {"level": level, "tile": tile})).one_or_none()
            if row is None or row.hashes != b"".join(hashes) or row.root != root:
                raise AuditBroken(f"Tile {tile} of level {level} is not what its events give.")
            tiles += 1
        if following is not None and stack.size == following.size:
            if stack.root() != following.root:
                raise AuditBroken(f"The events under checkpoint {following.size} no longer have its root.")
            check_checkpoint(following.note, following.size, following.root, public_key)
            following = next(pending)
    if following is not None or stack.size != (checkpoints[-1].size if checkpoints else 0):
        raise AuditBroken("The tree and its newest checkpoint differ in size.")
    if (await session.execute(_COUNT_TILES)).scalar_one() != tiles:
        raise AuditBroken("The tree holds tiles that no event accounts for.")
    if (await session.execute(_GAPS)).scalar_one():
        raise AuditBroken("A chain is covered with a gap.")
    return stack.size
