"""Named leases by the database clock: one holder, no gap that two could act in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tradsy.platform.clock import FrozenClock, SystemClock
from tradsy.platform.db import Database, sql
from tradsy.platform.leases import LeaseNotHeld, NamedLease

LONG = timedelta(minutes=10)


async def run_out(database: Database, name: str) -> None:
    async with database.as_engine() as session:
        past = sql("update leases set lease_until = clock_timestamp() - interval '1 ms' where name = :name")
        await session.execute(past, {"name": name})


async def test_one_of_many_holds_the_lease(database: Database) -> None:
    leases = [NamedLease(database, SystemClock(), "one", lease_time=LONG) for _ in range(6)]
    won = await asyncio.gather(*(lease.acquire() for lease in leases))
    assert sum(won) == sum(lease.is_held for lease in leases) == 1


async def test_released_lease_is_taken_with_a_new_epoch(database: Database) -> None:
    first, second = (NamedLease(database, SystemClock(), "passed", lease_time=LONG) for _ in range(2))
    assert await first.acquire()
    assert await first.renew()
    assert first.epoch == 1
    await first.release()
    assert not first.is_held
    assert await second.acquire()
    assert second.epoch == 2
    assert not await first.acquire()


async def test_holder_stops_trusting_before_the_database_lets_others_in(database: Database) -> None:
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))
    lease = NamedLease(database, clock, "trust", lease_time=timedelta(seconds=10))
    assert await lease.acquire()
    clock.advance(timedelta(seconds=8.9))
    assert lease.is_held
    clock.advance(timedelta(seconds=0.2))
    assert not lease.is_held


async def test_stalled_holder_cannot_write_after_another_took_over(database: Database) -> None:
    first, second = (NamedLease(database, SystemClock(), "stall", lease_time=LONG) for _ in range(2))
    await first.acquire()
    async with database.as_engine() as session:
        await first.fence(session)
    await run_out(database, "stall")
    with pytest.raises(LeaseNotHeld):
        async with database.as_engine() as session:
            await first.fence(session)
    assert await second.acquire()
    assert first.is_held, "by its own clock it still believes so: the fence is what stops it"
    with pytest.raises(LeaseNotHeld):
        async with database.as_engine() as session:
            await first.fence(session)
    # Coming back after a gap is a new epoch, also for the same process.
    await run_out(database, "stall")
    assert not await first.renew()
    assert first.epoch == 3


async def test_lease_cannot_change_hands_while_a_fenced_transaction_runs(database: Database) -> None:
    first, second = (NamedLease(database, SystemClock(), "fenced", lease_time=LONG) for _ in range(2))
    await first.acquire()
    async with database.as_engine() as session:
        await first.fence(session)
        taking = asyncio.create_task(second.acquire())
        done, _ = await asyncio.wait([taking], timeout=0.3)
        assert not done
    assert not await taking


async def test_background_keeper_renews_and_stop_lets_go(database: Database) -> None:
    first, second = (NamedLease(database, SystemClock(), "kept", lease_time=timedelta(seconds=0.6)) for _ in range(2))
    await first.start()
    try:
        async with database.as_engine() as session:
            began = (await session.execute(sql("select lease_until from leases where name = 'kept'"))).scalar_one()

        async def renewed() -> bool:
            async with database.as_engine() as session:
                until = (await session.execute(sql("select lease_until from leases where name = 'kept'"))).scalar_one()
            return until > began + timedelta(seconds=1)

        async with asyncio.timeout(10):
            while not await renewed():
                await asyncio.sleep(0.02)
        assert first.epoch == 1
        assert not await second.acquire()
    finally:
        await first.stop()
    assert await second.acquire()
