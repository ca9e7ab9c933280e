"""The embedded engines, the roles and the outbox, for real."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import orjson
import pytest
from nats.aio.msg import Msg

from tradsy.domain.ids import UserId
from tradsy.platform.bus import EVENTS_STREAM, Bus, BusUnavailable
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database, DatabaseError, sql
from tradsy.platform.engines.postgres import EmbeddedPostgres
from tradsy.platform.ids import new_id
from tradsy.platform.installation import AlreadyRunning, Installation
from tradsy.platform.outbox import Event, OutboxPublisher, emit, emitted, new_event, new_hint
from tradsy.testing.engines import TestEngines


async def test_requests_write_events_but_never_read_them(database: Database) -> None:
    async with database.as_user(UserId(new_id())) as session:
        await emit(session, [new_event("orders.accepted", {"n": 1}, at=SystemClock().now())])
    with pytest.raises(DatabaseError, match="permission denied"):
        async with database.as_user(UserId(new_id())) as session:
            await session.execute(sql("select * from outbox"))


async def test_committed_event_reaches_the_bus_once_and_leaves_the_outbox(
    engines: TestEngines, database: Database
) -> None:
    bus, clock = Bus(engines.nats.url), SystemClock()
    await bus.connect()
    publisher = OutboxPublisher(database, bus, clock)
    user = UserId(new_id())
    received: list[bytes] = []

    async def receive() -> None:
        async for message in bus.subscribe(f"tradsy.users.{user}.>", after_sequence=0):
            received.append(message.data)
            return

    event: Event = new_event("orders.accepted", {"price": "1.5"}, at=clock.now(), user_id=user)
    async with database.as_engine() as session:
        await emit(session, [event])
    await publisher.start()
    publisher.hand_over([event])
    await asyncio.wait_for(receive(), 5)
    await publisher.stop()
    await bus.close()
    assert str(event.id).encode() in received[0]
    async with database.as_engine() as session:
        assert (
            await session.execute(sql("select count(*) from outbox where id = :id"), {"id": event.id})
        ).scalar() == 0


async def test_bus_that_cannot_make_its_stream_leaves_no_connection_behind(engines: TestEngines) -> None:
    # A server that is no cluster refuses three replicas after the connection stands.
    bus = Bus(engines.nats.url, replicas=3)
    with pytest.raises(BusUnavailable):
        await bus.connect()
    assert bus.client.is_closed


async def test_hint_is_heard_at_once_and_stored_nowhere(engines: TestEngines, database: Database) -> None:
    bus, other, clock = Bus(engines.nats.url), Bus(engines.nats.url), SystemClock()
    await bus.connect()
    await other.connect()
    heard: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()

    async def hear(message: Msg) -> None:
        heard.set_result(message)

    await other.client.subscribe("tradsy.hints.>", cb=hear)  # pyright: ignore[reportUnknownMemberType]
    await other.client.flush()
    stored = (await other.js.stream_info(EVENTS_STREAM)).state.last_seq
    publisher, here = OutboxPublisher(database, bus, clock), list[Event]()
    publisher.listen(here.append)
    hint = new_hint("signals.accepted", {"partitions": [3]}, at=clock.now())
    async with database.as_engine() as session:
        await emit(session, [hint])
        count = sql("select count(*) from outbox where id = :id")
        assert (await session.execute(count, {"id": hint.id})).scalar() == 0
    assert emitted(session) == [hint]
    await publisher.start()
    publisher.hand_over([hint])
    message = await asyncio.wait_for(heard, 5)
    assert (message.subject, here) == ("tradsy.hints.signals.accepted", [hint])
    assert orjson.loads(message.data)["payload"] == {"partitions": [3]}
    await publisher.stop()
    assert (await other.js.stream_info(EVENTS_STREAM)).state.last_seq == stored
    await bus.close()
    await other.close()


async def test_hint_without_a_bus_is_heard_in_its_own_process(database: Database) -> None:
    clock = SystemClock()
    publisher, here = OutboxPublisher(database, Bus("nats://127.0.0.1:1"), clock), list[Event]()
    publisher.listen(here.append)
    hints = [new_hint("signals.accepted", {}, at=clock.now()) for _ in range(2)]
    await publisher.start()
    for hint in hints:
        publisher.hand_over([hint])
        await asyncio.sleep(0.01)
    assert here == hints
    await publisher.stop()


async def test_sweeper_publishes_what_a_crash_left_behind(engines: TestEngines, database: Database) -> None:
    bus, clock = Bus(engines.nats.url), SystemClock()
    await bus.connect()
    async with database.as_engine() as session:
        await emit(session, [new_event("signals.received", {}, at=clock.now())])
        await session.execute(sql("update outbox set created_at = created_at - interval '1 hour'"))
    assert await OutboxPublisher(database, bus, clock).sweep() >= 1
    async with database.as_engine() as session:
        assert (await session.execute(sql("select count(*) from outbox"))).scalar() == 0
    await bus.close()


async def test_killed_postgres_is_started_again_and_keeps_committed_rows(engines: TestEngines, tmp_path: Path) -> None:
    child = engines.postgres.child
    assert child is not None
    before = child.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)

    async def back() -> None:
        while child.restarts == 0:
            await asyncio.sleep(0.05)
        await child.ready.wait()

    await asyncio.wait_for(back(), 20)
    async with engines.database() as database:
        await database.ping()


async def test_second_start_on_the_same_folder_says_so(engines: TestEngines) -> None:
    first, second = Installation(engines.installation.settings), Installation(engines.installation.settings)
    first.lock()
    try:
        with pytest.raises(AlreadyRunning, match="already runs on"):
            second.lock()
    finally:
        first.unlock()
    second.lock()
    second.unlock()


async def test_stale_pid_file_of_a_killed_cluster_does_not_keep_it_from_starting(engines: TestEngines) -> None:
    await engines.postgres.stop()
    pid_file = engines.installation.root / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    fresh = EmbeddedPostgres(engines.installation)
    await fresh.start()
    engines.postgres.child = fresh.child
