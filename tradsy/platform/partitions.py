"""Ownership of partitions: leases by the database clock, with an epoch that fences what an old owner still tries.

All connections of a user fall into one partition, so one process sees all accounts of a person at once: self-matches
and daily guards across brokers need no other process. A lease lasts `lease_time`, is renewed each second, and is
trusted locally until `lease_time` after the renewal was *asked for*, on the monotonic clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from uuid import UUID

import structlog

from tradsy.domain.errors import Operational
from tradsy.domain.ids import UserId
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError, DbSession, sql
from tradsy.platform.ids import new_id

log = structlog.get_logger(__name__)

RENEW_EVERY = 1.0
"""Seconds between renewals."""

KILL_LOCK = 0x6B69_6C6C
"""Advisory lock: shared by every transaction that commits an intent, exclusive for one that changes a kill switch."""


class LeaseLost(Operational):
    """Another process owns the partition now: what was about to be written is not ours to write."""

    code = "lease_lost"
    title = "Another process has taken over this account"


def partition_of(user_id: UserId, count: int) -> int:
    """Return the partition of all of a user's connections."""
    return user_id.int % count


@dataclass(frozen=True, slots=True)
class Lease:
    """One held partition."""

    partition: int
    epoch: int
    deadline: float
    """Monotonic seconds until which this process may trust the lease."""


Handler = Callable[[Sequence[int]], Awaitable[None]]


class PartitionLeases:
    """This process's share of the partitions."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        count: int,
        lease_time: timedelta,
        margin: timedelta,
        build: str,
    ) -> None:
        self.owner: UUID = new_id()
        self._database = database
        self._clock = clock
        self._count = count
        self._lease_time = lease_time
        self._margin = margin.total_seconds()
        self._build = build
        self.held: dict[int, Lease] = {}
        self.build_current = True
        """Whether no live worker runs a newer build."""
        self.database_offset = timedelta(0)
        """Our wall clock less the database's, measured at each renewal."""
        self._gained: Handler | None = None
        self._lost: Handler | None = None
        self._handing_over: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self._background: set[asyncio.Future[None]] = set()

    async def start(self, *, gained: Handler, lost: Handler) -> None:
        """Start claiming; `gained` and `lost` are awaited in the background for each change."""
        self._gained, self._lost = gained, lost
        async with self._database.as_engine() as session:
            await session.execute(
                sql("insert into partition_leases (partition) select generate_series(0, :last) on conflict do nothing"),
                {"last": self._count - 1},
            )
        await self._round()
        self._task = asyncio.create_task(self._loop(), name="partition leases")

    async def stop(self) -> None:
        """Hand every partition over, so that another worker need not wait for the leases to run out."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._release(list(self.held))
        try:
            async with self._database.as_engine() as session:
                await session.execute(sql("delete from leases where name = :name"), {"name": self._presence})
        except (DatabaseError, OSError):
            log.warning("presence left to run out", exc_info=True)

    def may_send(self, partition: int, epoch: int) -> bool:
        """Whether enough of the lease is left for the first byte of an order to leave now."""
        lease = self.held.get(partition)
        return lease is not None and lease.epoch == epoch and lease.deadline - self._clock.monotonic() >= self._margin

    def epoch(self, partition: int) -> int | None:
        """Return the epoch under which this process holds the partition now."""
        lease = self.held.get(partition)
        if lease is None or partition in self._handing_over or lease.deadline <= self._clock.monotonic():
            return None
        return lease.epoch

    async def fence(self, session: DbSession, epochs: dict[int, int], *, kills: bool = False) -> None:
        """Hold the leases until the session's transaction ends: a takeover waits for it, and sees what it wrote.

        With `kills` no kill switch can change before the transaction has ended, either.

        Raises:
            LeaseLost: a partition is no longer held under the given epoch.
        """
        lock = f"with k as materialized (select pg_advisory_xact_lock_shared({KILL_LOCK})) " if kills else ""
        rows = await session.execute(
            sql(
                f"{lock}select l.partition, l.epoch from partition_leases l{', k' if kills else ''} "
                "where l.partition = any(:partitions) and l.owner = :owner and l.lease_until > clock_timestamp() "
                "for key share of l"
            ),
            {"partitions": list(epochs), "owner": self.owner},
        )
        current = {row.partition: row.epoch for row in rows}
        if current != epochs:
            raise LeaseLost

    @property
    def _presence(self) -> str:
        return f"worker:{self._build}:{self.owner}"

    async def _loop(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                await self._round()
            except (DatabaseError, OSError, TimeoutError):
                log.warning("leases not renewed", exc_info=True)
                await self._drop_expired()
            except Exception:
                # The edge of the loop: were it to end, no account of this process would ever trade again.
                log.exception("leases not renewed")
                await self._drop_expired()

    async def _drop_expired(self) -> None:
        now = self._clock.monotonic()
        await self._forget([p for p, lease in self.held.items() if lease.deadline <= now])

    async def _round(self) -> None:
        """Renew, then claim or hand over until this process holds its fair share."""
        asked = self._clock.monotonic()
        async with self._database.as_engine() as session:
            workers = await self._announce(session)
            renewed = await self._renew(session)
            share = ceil(self._count / max(workers, 1)) if self.build_current else 0
            claimed = await self._claim(session, share - len(renewed)) if share > len(renewed) else {}
        deadline = asked + self._lease_time.total_seconds()
        lost = [p for p in self.held if p not in renewed]
        await self._forget(lost)
        for partition, epoch in (renewed | claimed).items():
            self.held[partition] = Lease(partition, epoch, deadline)
        if claimed and self._gained is not None:
            log.info("partitions gained", count=len(claimed))
            self._spawn(self._gained(sorted(claimed)))
        surplus = sorted(renewed)[share:]
        fresh = [p for p in surplus if p not in self._handing_over]
        if fresh:
            self._spawn(self._hand_over(fresh))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Future[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("partition change failed", exc_info=task.exception())

    async def _announce(self, session: DbSession) -> int:
        """Renew this worker's presence; return how many live workers of the newest build there are."""
        await session.execute(
            sql(
                "insert into leases (name, owner, lease_until) values (:name, :owner, clock_timestamp() + :span) "
                "on conflict (name) do update set lease_until = excluded.lease_until"
            ),
            {"name": self._presence, "owner": self.owner, "span": self._lease_time},
        )
        before = self._clock.now()
        rows = await session.execute(
            sql(
                "select split_part(name, ':', 2) as build, clock_timestamp() as at from leases "
                "where name like 'worker:%' and lease_until > clock_timestamp()"
            )
        )
        live = rows.all()
        after = self._clock.now()
        if live:
            self.database_offset = before + (after - before) / 2 - live[0].at
        newest = max((_version(row.build) for row in live), default=_version(self._build))
        self.build_current = _version(self._build) >= newest
        return sum(1 for row in live if _version(row.build) == newest)

    async def _renew(self, session: DbSession) -> dict[int, int]:
        rows = await session.execute(
            sql(
                "update partition_leases set lease_until = clock_timestamp() + :span "
                "where owner = :owner and partition = any(:held) and lease_until > clock_timestamp() "
                "returning partition, epoch"
            ),
            {"span": self._lease_time, "owner": self.owner, "held": list(self.held)},
        )
        return {row.partition: row.epoch for row in rows}

    async def _claim(self, session: DbSession, wanted: int) -> dict[int, int]:
        rows = await session.execute(
            sql(
                "update partition_leases l set owner = :owner, epoch = l.epoch + 1, build = :build, "
                "lease_until = clock_timestamp() + :span from (select partition from partition_leases "
                "where lease_until <= clock_timestamp() order by random() limit :wanted for update skip locked) free "
                "where l.partition = free.partition returning l.partition, l.epoch"
            ),
            {"owner": self.owner, "build": self._build, "span": self._lease_time, "wanted": wanted},
        )
        return {row.partition: row.epoch for row in rows}

    async def _forget(self, partitions: Sequence[int]) -> None:
        for partition in partitions:
            self.held.pop(partition, None)
        if partitions and self._lost is not None:
            log.warning("partitions lost", count=len(partitions))
            await self._lost(partitions)

    async def _hand_over(self, partitions: Sequence[int]) -> None:
        """Stop work on `partitions` in order, then let go of them."""
        self._handing_over.update(partitions)
        try:
            if self._lost is not None:
                await self._lost(partitions)
            await self._release(partitions)
        finally:
            self._handing_over.difference_update(partitions)

    async def _release(self, partitions: Sequence[int]) -> None:
        for partition in partitions:
            self.held.pop(partition, None)
        if not partitions:
            return
        try:
            async with self._database.as_engine() as session:
                await session.execute(
                    sql(
                        "update partition_leases set lease_until = '-infinity' "
                        "where owner = :owner and partition = any(:partitions)"
                    ),
                    {"owner": self.owner, "partitions": list(partitions)},
                )
        except (DatabaseError, OSError):
            log.warning("leases left to run out", exc_info=True)


def _version(build: str) -> tuple[int, ...]:
    return tuple(int(part) for part in build.split(".") if part.isdigit())
