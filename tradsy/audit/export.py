"""A chain as one JSONL file that `verifier.py` checks alone: header, events, tree hashes, signed footer.

Lines are compact JSON with a fixed order of keys: `{format, chain_id, public_key, checkpoint}`, then the events
`{seq, canonical, prev_hash, hash, position}`, then the hashes `{first, past, node}` over ranges of other events that
the root is computed from, then `{statement}`: a signed note over the chain's head and the SHA-256 of all lines above.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from tradsy.audit.canonical import ZERO_HASH
from tradsy.audit.checkpoints import last_checkpoint
from tradsy.audit.merkle import proof_ranges
from tradsy.audit.notes import NoteSigner, encode_base64
from tradsy.audit.tree import StoredTree
from tradsy.audit.verifier import FORMAT
from tradsy.platform.db import DbSession, sql

_PAGE = 2_000
_MAX_DAILY = 400
"""Daily checkpoints that every export proves its consistency with."""
_HEAD = sql("select seq, hash from audit_chains where chain_id = :id")
_PAGES = sql(
    "select e.seq, e.canonical, e.prev_hash, e.hash, l.position from audit_events e "
    "left join audit_leaves l on l.chain_id = e.chain_id and l.seq = e.seq and l.position < :size "
    "where e.chain_id = :id and e.seq > :after and e.seq <= :last order by e.seq limit :limit"
)
_DAILY = sql("select size from audit_checkpoints where daily and size < :size order by size desc limit :limit")


async def export_chain(
    session: DbSession, chain_id: UUID, *, signer: NoteSigner, pins: Sequence[int] = ()
) -> AsyncGenerator[bytes]:
    """Yield the export in pieces; it can be checked against the daily checkpoints and those of the sizes in `pins`."""
    digest = hashlib.sha256()
    head = (await session.execute(_HEAD, {"id": chain_id})).one_or_none()
    seq, head_hash = (head.seq, head.hash) if head else (0, ZERO_HASH)
    checkpoint = await last_checkpoint(session)
    size = checkpoint.size if checkpoint else 0
    header = _line(
        format=FORMAT,
        chain_id=str(chain_id),
        public_key=encode_base64(signer.public_key),
        checkpoint=checkpoint.note if checkpoint else None,
    )
    digest.update(header)
    yield header
    positions: list[int] = []
    async for page in _event_pages(session, chain_id, seq, size):
        positions += [row.position for row in page if row.position is not None]
        piece = b"".join(_event_line(row) for row in page)
        digest.update(piece)
        yield piece
    async for piece in _node_lines(session, size, positions, pins):
        digest.update(piece)
        yield piece
    yield _line(statement=signer.statement(chain_id, seq, head_hash, size, digest.digest()))


async def _event_pages(session: DbSession, chain_id: UUID, last: int, size: int) -> AsyncGenerator[Sequence[Any]]:
    after = 0
    while after < last:
        arguments = {"id": chain_id, "size": size, "after": after, "last": last, "limit": _PAGE}
        page = (await session.execute(_PAGES, arguments)).all()
        if not page:
            return
        yield page
        after = page[-1].seq


async def _node_lines(
    session: DbSession, size: int, positions: Sequence[int], pins: Iterable[int]
) -> AsyncGenerator[bytes]:
    """Yield what stands for the events of others."""
    daily = await session.scalars(_DAILY, {"size": size, "limit": _MAX_DAILY})
    splits = sorted({*daily, *(pin for pin in pins if 0 < pin < size)})
    ranges = list(proof_ranges(size, sorted(positions), splits))
    tree = StoredTree(session, size)
    tree.plan(ranges)
    for first, past in ranges:
        yield _line(first=first, past=past, node=encode_base64(await tree.root(first, past)))


def _event_line(row: Any) -> bytes:
    return _line(
        seq=row.seq,
        canonical=encode_base64(row.canonical),
        prev_hash=encode_base64(row.prev_hash),
        hash=encode_base64(row.hash),
        position=row.position,
    )


def _line(**fields: str | int | None) -> bytes:
    return orjson.dumps(fields) + b"\n"
