"""Two workers and two API processes over one PostgreSQL and a NATS cluster of three: any one of them may die."""

# pyright: reportUnknownMemberType=false
# nats-py types its keyword arguments loosely.

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import nats.errors
import pytest
from nats.js.api import StreamInfo

from tradsy.bench.chaos import Run, Storm, generator
from tradsy.bench.provision import Trader, provision
from tradsy.bench.roles import Parts, kill, send
from tradsy.bench.site import data_folder, side_door
from tradsy.identity.legal import publish_documents
from tradsy.platform.bus import EVENTS_STREAM, Bus, BusUnavailable
from tradsy.platform.db import sql
from tradsy.platform.engines.nats import EmbeddedNats

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PATIENCE = 60
"""Far above what is expected and printed: a slow machine must not fail the test."""


@asynccontextmanager
async def cluster() -> AsyncGenerator[tuple[Run, list[Trader]]]:
    async with data_folder(None) as folder:
        parts = Parts(folder, api_count=2, worker_count=2, nats_count=3)
        try:
            await parts.start_engines()
            async with side_door(parts.settings, parts.addresses) as door:
                storm = Storm(kills=0, seed=1, rate=10, minimum=120)
                run = Run(storm, parts, door, folder / "results.jsonl")
                async with door.database.as_engine() as session:
                    await publish_documents(session, at=door.clock.now())
                traders = await provision(door, 20, sources_each=2)
                since = door.clock.now()
                await parts.start_roles()
                await run.await_opening(traders, since)
                yield run, traders
        finally:
            await parts.stop()


async def until(what: str, probe: Callable[[], Awaitable[bool]]) -> float:
    """Wait for a condition; print and return how long it took."""
    started = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        while not await probe():
            await asyncio.sleep(0.05)
    took = time.monotonic() - started
    print(f"{what}: {took:.1f} s")
    return took


async def holders(run: Run) -> dict[str, int]:
    """Return how many partitions each live owner holds."""
    async with run.door.database.as_engine() as session:
        rows = await session.execute(
            sql("select owner::text, count(*) from partition_leases where lease_until > clock_timestamp() group by 1")
        )
        return {str(owner): int(count) for owner, count in rows}


async def executed_after(run: Run, partitions: list[int]) -> bool:
    """Whether each of the partitions that trade had an order since the newest owner took it over."""
    async with run.door.database.as_engine() as session:
        found = await session.execute(
            sql(
                "select count(*) from partition_leases l where l.partition = any(:p) and not exists "
                "(select 1 from orders o where o.partition = l.partition and o.epoch = l.epoch)"
            ),
            {"p": partitions},
        )
        return found.scalar_one() == 0


async def trading_partitions(run: Run) -> list[int]:
    async with run.door.database.as_engine() as session:
        rows = await session.execute(sql("select distinct partition from accounts order by 1"))
        return [int(row.partition) for row in rows]


@asynccontextmanager
async def events(run: Run) -> AsyncGenerator[StreamInfo]:
    """Yield what the cluster says of the stream of events."""
    bus = Bus(run.parts.addresses.nats_url, replicas=len(run.parts.nats))
    await bus.connect()
    try:
        yield await bus.js.stream_info(EVENTS_STREAM)
    finally:
        await bus.close()


async def last_sequence(run: Run) -> int:
    async with events(run) as info:
        return info.state.last_seq


async def kill_each_worker(run: Run) -> None:
    partitions = await trading_partitions(run)
    for role in [role for name, role in run.parts.roles.items() if name.startswith("worker")]:
        await until("both workers hold partitions", partial(_holds, run, 2))
        before = set(await holders(run))
        # It must not come back meanwhile: what is timed is the other one taking over.
        send(role.child.pid, signal.SIGKILL)
        await role.child.stop()
        await until(f"{role.name} killed, the other holds every partition", partial(_all_held, run, before))
        await until(f"{role.name} killed, new orders in every partition", partial(executed_after, run, partitions))
        await role.child.start()


async def _holds(run: Run, owners: int) -> bool:
    return len(await holders(run)) == owners


async def _all_held(run: Run, before: set[str]) -> bool:
    held = await holders(run)
    return len(held) == 1 and set(held) < before and sum(held.values()) == run.parts.settings.partitions


async def kill_the_leader(run: Run) -> None:
    async with events(run) as info:
        leader, before = info.cluster and info.cluster.leader, info.state.last_seq
    node = next(node for node in run.parts.nats if leader == _name(node))
    assert node.child is not None
    killed = asyncio.create_task(kill([node.child]))

    async def writing() -> bool:
        try:
            return await last_sequence(run) > before + 5
        except (BusUnavailable, OSError, TimeoutError, nats.errors.Error):
            return False

    await until("NATS leader killed, events written again", writing)
    await killed


def _name(node: EmbeddedNats) -> str:
    assert node.child is not None
    return f"tradsy-{node.child.name}"


async def test_any_worker_and_the_leader_of_nats_may_die(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        async with cluster() as (run, traders):
            async with generator(run, traders, run.storm.minimum):
                await kill_each_worker(run)
                await kill_the_leader(run)
                await kill(run.parts.children("api")[:1])
            violations = await run.heal()
            states = await run.fingerprint()

            assert violations == []
            assert int(states["signals"]) == len(run.acknowledged()) > 0
            assert int(states["venue orders"]) > 0
