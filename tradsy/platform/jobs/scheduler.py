"""Cron: the process that holds the `scheduler` lease queues due jobs, with a key that each tick can have only once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError, DbSession, sql
from tradsy.platform.jobs.queue import enqueue
from tradsy.platform.jobs.registry import Job, JobRegistry
from tradsy.platform.leases import LeaseNotHeld, NamedLease
from tradsy.platform.outbox import OutboxPublisher, emitted

log = structlog.get_logger(__name__)

LEASE = "scheduler"
CATCH_UP = timedelta(hours=24)
"""How far back a tick that nobody queued is made up for; of several of one job, the last."""
_MINUTE = timedelta(minutes=1)
_LOOK_EVERY = 1.0
_PREFIX = "cron:"


class Scheduler:
    """Every worker process has one; only the lease's holder queues."""

    def __init__(
        self,
        database: Database,
        outbox: OutboxPublisher,
        clock: Clock,
        registry: JobRegistry,
        *,
        lease: NamedLease | None = None,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._jobs = [job for job in registry if job.cron]
        self.lease = lease or NamedLease(database, clock, LEASE)
        self._done_until: datetime | None = None
        self._epoch = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Try for the lease and watch the clock until `stop`."""
        await self.lease.start()
        self._task = asyncio.create_task(self._loop(), name="scheduler")

    async def stop(self) -> None:
        """Stop, and let another process take over at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.lease.stop()

    async def tick(self) -> int:
        """Queue what is due and not yet queued; return how many runs, 0 without the lease."""
        if not self.lease.is_held:
            return 0
        now = self._clock.now().astimezone(UTC).replace(second=0, microsecond=0)
        if self._epoch == self.lease.epoch and self._done_until is not None and self._done_until >= now:
            return 0
        async with self._database.as_engine() as session:
            await self.lease.fence(session)
            due = await self._due(session, now)
            for job, at in due:
                await enqueue(session, self._clock, job.name, f"{_PREFIX}{at.isoformat()}")
        self._outbox.hand_over(emitted(session))
        self._done_until, self._epoch = now, self.lease.epoch
        return len(due)

    async def _due(self, session: DbSession, now: datetime) -> list[tuple[Job[...], datetime]]:
        """Return each job with the last minute it was due at and that nobody has queued."""
        rows = await session.execute(
            sql("select job, max(unique_key) as last from job_runs where unique_key like 'cron:%' group by job")
        )
        last = {row.job: datetime.fromisoformat(row.last.removeprefix(_PREFIX)) for row in rows}
        found: list[tuple[Job[...], datetime]] = []
        for job in self._jobs:
            # A job that never ran has missed nothing.
            since = max(last.get(job.name, now - _MINUTE), now - CATCH_UP)
            at = now
            while at > since and not job.is_due(at):
                at -= _MINUTE
            if at > since:
                found.append((job, at))
        return found

    async def _loop(self) -> None:
        while True:
            try:
                await self.tick()
            except (DatabaseError, OSError, TimeoutError, LeaseNotHeld) as error:
                log.warning("schedule not kept", error=type(error).__name__)
            await asyncio.sleep(_LOOK_EVERY)
