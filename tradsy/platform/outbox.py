"""Events that leave with the transaction that caused them.

`emit` writes the event with the change; after the commit the process hands it to its `OutboxPublisher`, which
publishes to JetStream and deletes the row. What a crash leaves behind is published by `sweep`. Consumers are
idempotent by event id, which is also the JetStream message id.

A *hint* is an event that nobody would miss, since a sweep finds soon what it announces: it is not stored, and leaves
at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from tradsy.domain.ids import EventId, UserId
from tradsy.platform.bus import Bus, BusUnavailable
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError, DbSession, Write, sql
from tradsy.platform.failpoints import failpoint
from tradsy.platform.ids import new_id

log = structlog.get_logger(__name__)

SWEEP_AGE = timedelta(seconds=2)
"""Rows this old were left behind: the process that wrote them publishes within milliseconds."""
_BATCH = 500
_GATHER = 0.003
_PACE = 0.025
"""Seconds between two batches under load: events of one burst share their messages' way."""
_DELETE_EVERY = 0.25
"""Seconds; well below `SWEEP_AGE`, so that the sweeper sees only what was left behind."""
_MOST_DELETED = 5000


@dataclass(frozen=True, slots=True)
class Event:
    """A committed fact. Subject `tradsy.events.<name>` or, for one user, `tradsy.users.<user_id>.<name>`."""

    id: EventId
    name: str
    """Past tense, module first: `orders.accepted`."""
    user_id: UserId | None
    payload: Mapping[str, Any]
    at: datetime
    is_hint: bool = False

    @property
    def subject(self) -> str:
        """The subject: of JetStream, or of the bare bus for a hint."""
        if self.is_hint:
            return f"tradsy.hints.{self.name}"
        return f"tradsy.users.{self.user_id}.{self.name}" if self.user_id else f"tradsy.events.{self.name}"

    def encode(self) -> bytes:
        """Return the message body."""
        return orjson.dumps(
            {"id": self.id, "name": self.name, "user_id": self.user_id, "at": self.at, "payload": self.payload},
            default=str,
        )


def new_event(name: str, payload: Mapping[str, Any], *, at: datetime, user_id: UserId | None = None) -> Event:
    """Return an event with a fresh id; values must be JSON types, decimals as strings."""
    return Event(EventId(new_id()), name, user_id, payload, at)


def new_hint(name: str, payload: Mapping[str, Any], *, at: datetime) -> Event:
    """Return a hint to all processes; it is emitted and handed over as events are."""
    return Event(EventId(new_id()), name, None, payload, at, is_hint=True)


_EMIT = sql(
    "insert into outbox (id, name, user_id, payload, created_at) "
    "select * from unnest(cast(:event_ids as uuid[]), cast(:event_names as text[]), cast(:event_users as uuid[]), "
    "cast(:event_payloads as jsonb[]), cast(:event_ats as timestamptz[]))"
)


def emitting(session: DbSession, events: Sequence[Event]) -> list[Write]:
    """Return what writes `events` in the session's transaction, for who runs it with other writes; see `emit`."""
    session.info.setdefault("outbox", []).extend(events)
    stored = [event for event in events if not event.is_hint]
    return [Write(_EMIT, _arguments(stored))] if stored else []


def _arguments(events: Sequence[Event]) -> dict[str, Any]:
    return {
        "event_ids": [e.id for e in events],
        "event_names": [e.name for e in events],
        "event_users": [e.user_id for e in events],
        "event_payloads": [orjson.dumps(e.payload, default=str).decode() for e in events],
        "event_ats": [e.at for e in events],
    }


async def emit(session: DbSession, events: Sequence[Event]) -> None:
    """Write `events` in the session's transaction; call `OutboxPublisher.hand_over` with them after the commit."""
    for write in emitting(session, events):
        await session.execute(*write)


def emitted(session: DbSession) -> list[Event]:
    """Return the events that this session's transaction wrote."""
    return list(session.info.get("outbox", ()))


class OutboxPublisher:
    """Publishes committed events in order, in batches, and deletes what was published."""

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self._hints: asyncio.Queue[Event] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._listeners: list[Callable[[Event], None]] = []
        self._published: list[UUID] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` in this process for each committed event, before it reaches the bus."""
        self._listeners.append(listener)

    def hand_over(self, events: Sequence[Event]) -> None:
        """Take events whose transaction has committed."""
        for event in events:
            for listener in self._listeners:
                listener(event)
            (self._hints if event.is_hint else self._queue).put_nowait(event)

    async def start(self) -> None:
        """Start publishing and sweeping."""
        self._tasks = [
            asyncio.create_task(self._publish_loop(), name="outbox publish"),
            asyncio.create_task(self._hint_loop(), name="outbox hints"),
            asyncio.create_task(self._sweep_loop(), name="outbox sweep"),
            asyncio.create_task(self._delete_loop(), name="outbox delete"),
        ]

    async def stop(self) -> None:
        """Publish what is queued, then stop."""
        try:
            await asyncio.wait_for(self._queue.join(), 5)
        except TimeoutError:
            log.warning("outbox left to the sweeper", events=self._queue.qsize())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._delete_published()
        except (DatabaseError, OSError, TimeoutError):
            log.warning("published events left to the sweeper", events=len(self._published))

    async def _hint_loop(self) -> None:
        while True:
            event = await self._hints.get()
            with suppress(BusUnavailable):
                await self._bus.tell(event.subject, event.encode())

    async def _publish_loop(self) -> None:
        paced = 0.0
        while True:
            batch = [await self._queue.get()]
            # Nobody waits for events on the path of an order: it hears of its own in the process.
            await asyncio.sleep(max(_GATHER, paced - self._clock.monotonic()))
            paced = self._clock.monotonic() + _PACE
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._publish_batch(batch)
            except Exception:
                log.warning("publishing failed, left to the sweeper", events=len(batch), exc_info=True)
                await asyncio.sleep(0.5)
            finally:
                for _ in batch:
                    self._queue.task_done()

    async def _publish_batch(self, batch: Sequence[Event]) -> None:
        await self._bus.publish_all([(event.subject, event.encode(), str(event.id)) for event in batch])
        failpoint("outbox_after_publish")
        self._published.extend(event.id for event in batch)

    async def _delete_loop(self) -> None:
        """Delete published rows a few times a second: one statement for many batches.

        What a crash leaves here is published again by the sweeper, and dropped by JetStream as a duplicate.
        """
        while True:
            await asyncio.sleep(_DELETE_EVERY)
            try:
                await self._delete_published()
            except Exception:
                log.warning("published events not deleted yet", events=len(self._published), exc_info=True)

    async def _delete_published(self) -> None:
        published = self._published
        if published:
            await self._delete(published[:_MOST_DELETED])
            del published[:_MOST_DELETED]

    async def _delete(self, ids: Sequence[UUID]) -> None:
        async with self._database.as_engine() as session:
            await session.execute(sql("delete from outbox where id = any(:ids)"), {"ids": list(ids)})

    async def _sweep_loop(self) -> None:
        while True:
            await asyncio.sleep(1)
            try:
                while await self.sweep() == _BATCH:
                    pass
            except Exception:
                log.warning("outbox sweep failed", exc_info=True)

    async def sweep(self) -> int:
        """Publish rows that a crash or an outage left behind; return how many."""
        async with self._database.as_engine() as session:
            rows = (
                await session.execute(
                    sql(
                        "select id, name, user_id, payload, created_at from outbox where created_at < :before "
                        "order by id limit :limit for update skip locked"
                    ),
                    {"before": self._clock.now() - SWEEP_AGE, "limit": _BATCH},
                )
            ).all()
            events = [Event(EventId(r.id), r.name, r.user_id, r.payload, r.created_at) for r in rows]
            if events:
                await self._bus.publish_all([(e.subject, e.encode(), str(e.id)) for e in events])
                await session.execute(sql("delete from outbox where id = any(:ids)"), {"ids": [e.id for e in events]})
        return len(events)
