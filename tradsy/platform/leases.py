"""Named leases: one process at a time does what only one may (`scheduler`, `checkpointer`), by the database clock.

A lease lasts `lease_time` and is renewed each third of it. A holder trusts it until `lease_time` after the renewal was
*asked for*, less a margin, on its own monotonic clock, so a stalled process stops before another starts. What must not
happen twice even then checks `fence` in the transaction that writes it.

The outbox sweeper needs none: its rows are taken with `for update skip locked`, and two sweepers only share the work.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import structlog

from tradsy.domain.errors import Operational
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError, DbSession, sql
from tradsy.platform.ids import new_id
from tradsy.platform.metrics import gauge

log = structlog.get_logger(__name__)

LEASE_TIME = timedelta(seconds=9)
_MARGIN = 0.1
"""Part of the lease that is not trusted: it covers what stands between the check and the act."""
HELD = gauge("tradsy_leases_held_count", "Whether this process holds the lease.", ("lease",))


class LeaseNotHeld(Operational):
    """Another process holds the lease, or nobody does."""

    code = "lease_not_held"
    title = "Another process does this now"


class NamedLease:
    """One process's hand on the lease `name`; `name` is one of a fixed few."""

    def __init__(self, database: Database, clock: Clock, name: str, *, lease_time: timedelta = LEASE_TIME) -> None:
        self.name = name
        self.owner: UUID = new_id()
        self.epoch = 0
        """Counts the holders; what a holder of an older epoch writes is not ours."""
        self._database = database
        self._clock = clock
        self._lease_time = lease_time
        self._deadline = float("-inf")
        self._task: asyncio.Task[None] | None = None

    @property
    def is_held(self) -> bool:
        """Whether this process may act now."""
        return self._clock.monotonic() < self._deadline

    async def acquire(self) -> bool:
        """Take the lease if it is free, or renew it; return whether it is held."""
        asked_at = self._clock.monotonic()
        async with self._database.as_engine() as session:
            epoch = (
                await session.execute(
                    sql(
                        "insert into leases as l (name, owner, epoch, lease_until) "
                        "values (:name, :owner, 1, clock_timestamp() + cast(:span as interval)) "
                        "on conflict (name) do update set owner = excluded.owner, lease_until = excluded.lease_until, "
                        # A holder whose lease ran out is a new holder: others may have acted meanwhile.
                        "epoch = l.epoch + case when l.lease_until > clock_timestamp() then 0 else 1 end "
                        "where l.owner = excluded.owner or l.lease_until <= clock_timestamp() returning epoch"
                    ),
                    {"name": self.name, "owner": self.owner, "span": self._lease_time},
                )
            ).scalar()
        if epoch is None:
            self._forget()
            return False
        self.epoch = epoch
        self._deadline = asked_at + self._lease_time.total_seconds() * (1 - _MARGIN)
        HELD.labels(self.name).set(1)
        return self.is_held

    async def renew(self) -> bool:
        """Hold the lease longer; return whether it is still held without a gap."""
        epoch = self.epoch
        return await self.acquire() and self.epoch == epoch

    async def release(self) -> None:
        """Let another process take the lease at once."""
        self._forget()
        async with self._database.as_engine() as session:
            await session.execute(
                sql("update leases set lease_until = '-infinity' where name = :name and owner = :owner"),
                {"name": self.name, "owner": self.owner},
            )

    async def fence(self, session: DbSession) -> None:
        """Keep the lease from changing hands until the session's transaction ends (as `tradsy_engine`).

        Raises:
            LeaseNotHeld: it has changed hands already; the transaction must roll back.
        """
        held = await session.execute(
            sql(
                "select 1 from leases where name = :name and owner = :owner and epoch = :epoch "
                "and lease_until > clock_timestamp() for share"
            ),
            {"name": self.name, "owner": self.owner, "epoch": self.epoch},
        )
        if held.scalar() is None:
            raise LeaseNotHeld

    async def start(self) -> None:
        """Try for the lease now and go on, holding or trying, until `stop`."""
        await self._try()
        self._task = asyncio.create_task(self._keep(), name=f"lease {self.name}")

    async def stop(self) -> None:
        """Stop trying and let go of the lease."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        try:
            await self.release()
        except (DatabaseError, OSError):
            log.warning("lease left to run out", lease=self.name)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._lease_time.total_seconds() / 3)
            await self._try()

    async def _try(self) -> None:
        before = self.is_held
        try:
            held = await self.acquire()
        except (DatabaseError, OSError, TimeoutError) as error:
            log.warning("lease not renewed", lease=self.name, error=type(error).__name__)
            return
        if held != before:
            log.info("lease taken" if held else "lease lost", lease=self.name, epoch=self.epoch)

    def _forget(self) -> None:
        self._deadline = float("-inf")
        HELD.labels(self.name).set(0)
