"""Recording: entries become linked events in the caller's own transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tradsy.audit import repository
from tradsy.audit.canonical import JSON, encode, format_time
from tradsy.audit.repository import EventRow
from tradsy.platform.db import DbSession, Write
from tradsy.platform.outbox import Event, emitting

SYSTEM_CHAIN = UUID("00000000-0000-7000-8000-000000000000")
"""The chain of what concerns no single user; the request role may add to it but never read it."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One fact to record."""

    chain_id: UUID
    """The user's id, or `SYSTEM_CHAIN`."""
    actor: str
    """Who did it: `user:<id>`, `engine`, `demo`, `operator:<id>`."""
    action: str
    """What happened, past tense, module first: `order.accepted`."""
    subject: str
    """What it happened to: `order:<id>`."""
    data: Mapping[str, JSON]
    """Everything needed to tell it again; decimals and times as strings, no secret and no personal data."""


async def append(
    session: DbSession,
    entries: Sequence[AuditEntry],
    *,
    at: datetime,
    events: Sequence[Event] = (),
    after: Sequence[Write] = (),
) -> None:
    """Record `entries` in the session's transaction, in their order within each chain, and emit `events` with them.

    One statement whatever the number of entries, chains and events, in which the transaction's other last writes go
    along as `after`: see `DbSession.execute_after` for what they may be. It locks the chain heads, in chain order,
    until the transaction ends, so call this once per transaction and as its last act.

    Raises:
        NotCanonical: an entry holds a float or another value without a single form; nothing was written.
    """
    writes = [*after, *emitting(session, events)]
    if not entries:
        for write in writes:
            await session.execute(*write)
        return
    stamp = format_time(at)
    rows = [
        EventRow(e.chain_id, e.actor, e.action, e.subject, encode(stamp, e.actor, e.action, e.subject, e.data))
        for e in entries
    ]
    await repository.insert_events(session, rows, at=at, after=writes)
