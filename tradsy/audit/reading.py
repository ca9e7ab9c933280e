"""Reading: one's own chain, an admin's look at another's (recorded there), exports and their check."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tradsy.audit import repository, verifier
from tradsy.audit.deps import AuditReader
from tradsy.audit.export import export_chain
from tradsy.audit.notes import NoteSigner, encode_base64
from tradsy.audit.repository import EventFilter
from tradsy.audit.schemas import AuditEventRead, VerificationRead
from tradsy.audit.service import AuditEntry, append
from tradsy.domain.errors import Forbidden, NotFound
from tradsy.domain.ids import UserId
from tradsy.platform.db import Database, DbSession


@dataclass(frozen=True, slots=True)
class EventQuery:
    """A page of events: what is wanted, below which sequence number, how many."""

    wanted: EventFilter
    before: int
    limit: int


async def read_events(session: DbSession, chain_id: UUID, query: EventQuery) -> list[AuditEventRead]:
    """Return events as they were hashed, newest first."""
    rows = await repository.list_events(session, chain_id, query.wanted, before=query.before, limit=query.limit)
    return [_read(row) for row in rows]


def _read(row: Any) -> AuditEventRead:
    # Decoded from the hashed bytes: the other columns are only for filters.
    return AuditEventRead(seq=row.seq, hash=row.hash.hex(), position=row.position, **orjson.loads(row.canonical))


async def read_events_as_admin(
    database: Database, reader: AuditReader, chain_id: UUID, query: EventQuery, *, reason: str, at: datetime
) -> list[AuditEventRead]:
    """Return events of another's chain (or the system's), and record on that chain who looked and why.

    Raises:
        Forbidden: the reader is not an admin.
        NotFound: there is no such chain.
    """
    if not reader.is_admin:
        raise Forbidden
    # Row-level security stays on: the transaction sees this one chain, and only together with the record of it.
    async with database.as_user(UserId(chain_id)) as session:
        if not await repository.chain_exists(session, chain_id):
            raise NotFound
        events = await read_events(session, chain_id, query)
        data = {"reason": reason, "events": len(events)}
        entry = AuditEntry(chain_id, reader.actor, "audit.read_by_admin", f"chain:{chain_id}", data)
        await append(session, [entry], at=at)
    return events


async def record_export(reader: AuditReader, *, at: datetime) -> None:
    """Record on the reader's chain that it left the product."""
    chain = reader.user_id
    await append(reader.session, [AuditEntry(chain, reader.actor, "audit.exported", f"chain:{chain}", {})], at=at)


async def stream_export(
    database: Database, user_id: UserId, signer: NoteSigner, pins: Sequence[int]
) -> AsyncGenerator[bytes]:
    """Yield a user's export from a transaction of its own, since it outlives the request's."""
    async with database.as_user(user_id) as session:
        async for piece in export_chain(session, user_id, signer=signer, pins=pins):
            yield piece


async def verify_chain(database: Database, user_id: UserId, signer: NoteSigner) -> VerificationRead:
    """Check a user's chain with exactly what the user would run."""
    data = io.BytesIO()
    async for piece in stream_export(database, user_id, signer, ()):
        data.write(piece)
    key = encode_base64(signer.public_key)
    try:
        report = await asyncio.to_thread(verifier.verify, data.getvalue(), key=key)
    except verifier.Tampered as error:
        return VerificationRead(verified=False, reason=str(error), chain_id=user_id, events=0, covered=0, size=0)
    return VerificationRead(
        verified=True, reason="", chain_id=user_id, events=report.events, covered=report.covered, size=report.size
    )
