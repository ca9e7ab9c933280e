"""SQL that writes events and reads those of one chain; row-level security decides which rows exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tradsy.platform.db import DbSession, Write, sql


class EventRow(NamedTuple):
    """One event before it has a place in its chain."""

    chain_id: UUID
    actor: str
    action: str
    subject: str
    canonical: bytes


_APPEND = sql(
    "select audit_append(:at, cast(:chains as uuid[]), cast(:actors as text[]), cast(:actions as text[]), "
    "cast(:subjects as text[]), cast(:canonicals as bytea[]))"
)


async def insert_events(session: DbSession, rows: Sequence[EventRow], *, at: datetime, after: Sequence[Write]) -> None:
    """Run the writes `after` which events are linked and inserted, all in one statement."""
    chains, actors, actions, subjects, canonicals = map(list, zip(*rows, strict=True))
    arguments = {
        "at": at,
        "chains": chains,
        "actors": actors,
        "actions": actions,
        "subjects": subjects,
        "canonicals": canonicals,
    }
    await session.execute_after(after, Write(_APPEND, arguments))


_READ = sql(
    "select e.seq, e.canonical, e.hash, l.position from audit_events e "
    "left join audit_leaves l on l.chain_id = e.chain_id and l.seq = e.seq "
    "where e.chain_id = :chain_id and e.seq < :before "
    "and (cast(:action as text) is null or e.action = :action) "
    "and (cast(:subject as text) is null or e.subject = :subject) "
    "and (cast(:since as timestamptz) is null or e.at >= :since) "
    "and (cast(:until as timestamptz) is null or e.at < :until) "
    "order by e.seq desc limit :limit"
)
_CHECKPOINTS = sql(
    "select size, root, note, at, daily from audit_checkpoints where size < :before "
    "and (not :daily or daily) order by size desc limit :limit"
)
_EXISTS = sql("select exists (select 1 from audit_chains where chain_id = :chain_id and seq > 0)")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events of a chain are asked for; None takes all."""

    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_events(
    session: DbSession, chain_id: UUID, wanted: EventFilter, *, before: int, limit: int
) -> Sequence[Any]:
    """Return rows (seq, canonical, hash, position), newest first, below the sequence number `before`."""
    arguments = {"chain_id": chain_id, "before": before, "limit": limit, **asdict(wanted)}
    return (await session.execute(_READ, arguments)).all()


async def list_checkpoints(session: DbSession, *, before: int, limit: int, daily: bool) -> Sequence[Any]:
    """Return checkpoints, newest first, below the size `before`."""
    return (await session.execute(_CHECKPOINTS, {"before": before, "limit": limit, "daily": daily})).all()


async def chain_exists(session: DbSession, chain_id: UUID) -> bool:
    """Return whether the session may see a chain with events."""
    return bool((await session.execute(_EXISTS, {"chain_id": chain_id})).scalar_one())
