"""Jobs on the real bus and database: once, again after a crash, never for ever."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from taskiq import BrokerMessage

from tests.integration.audit.audit_cases import make_installation
from tradsy.domain.ids import UserId
from tradsy.platform.bus import Bus
from tradsy.platform.clock import FrozenClock, SystemClock
from tradsy.platform.db import Database, DatabaseError, sql
from tradsy.platform.engines.nats import EmbeddedNats
from tradsy.platform.ids import new_id
from tradsy.platform.jobs import PLATFORM_JOBS, Job, JobContext, JobRegistry, JobWorker, Scheduler, enqueue, job
from tradsy.platform.jobs.broker import SUBJECT, JobBroker
from tradsy.platform.jobs.registry import RunLost
from tradsy.platform.leases import NamedLease
from tradsy.platform.outbox import OutboxPublisher, emitted
from tradsy.testing.engines import TestEngines

CLOCK = SystemClock()


@pytest_asyncio.fixture(scope="module")
async def nats(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[EmbeddedNats]:
    """A server of this module's own: nobody else's worker takes its jobs."""
    nats = EmbeddedNats(make_installation(tmp_path_factory.mktemp("jobs")))
    await nats.start()
    yield nats
    await nats.stop()


@pytest_asyncio.fixture(scope="module")
async def bus(nats: EmbeddedNats) -> AsyncGenerator[Bus]:
    bus = Bus(nats.url)
    await bus.connect()
    yield bus
    await bus.close()


@pytest_asyncio.fixture(scope="module")
async def outbox(database: Database, bus: Bus) -> AsyncGenerator[OutboxPublisher]:
    outbox = OutboxPublisher(database, bus, CLOCK)
    await outbox.start()
    yield outbox
    await outbox.stop()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def row(database: Database, run_id: UUID) -> Any:
    async with database.as_engine() as session:
        return (await session.execute(sql("select * from job_runs where id = :id"), {"id": run_id})).one_or_none()


async def reaches(database: Database, run_id: UUID, state: str) -> None:
    async def there() -> bool:
        found = await row(database, run_id)
        return found is not None and found.state == state

    await until(there)


async def hurry(database: Database, run_id: UUID) -> None:
    """Make the next attempt of a failed run due now."""
    async with database.as_engine() as session:
        await session.execute(
            sql("update job_runs set claimed_until = clock_timestamp() where id = :id and state = 'failed'"),
            {"id": run_id},
        )


@asynccontextmanager
async def working(
    database: Database, bus: Bus, *jobs: Job[...], ack_wait: timedelta = timedelta(seconds=30)
) -> AsyncGenerator[JobWorker]:
    worker = JobWorker(database, bus, CLOCK, JobRegistry(jobs), ack_wait=ack_wait)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop(grace=timedelta(seconds=1))


async def send(database: Database, outbox: OutboxPublisher | None, name: str, key: str, **arguments: Any) -> UUID:
    async with database.as_engine() as session:
        run_id = await enqueue(session, CLOCK, name, key, **arguments)
    if outbox is not None:
        outbox.hand_over(emitted(session))
    return run_id


async def test_committed_job_runs_once_with_its_arguments(
    database: Database, bus: Bus, outbox: OutboxPublisher
) -> None:
    seen: list[tuple[str, int]] = []

    @job("tests.note_argument")
    async def note(context: JobContext, order_id: str) -> None:
        seen.append((order_id, context.attempt))

    async with working(database, bus, note):
        run_id = await send(database, outbox, note.name, "a", order_id="7")
        await reaches(database, run_id, "done")
        # The same key again is nothing new.
        again = await send(database, outbox, note.name, "a", order_id="8")
        other = await send(database, outbox, note.name, "b", order_id="9")
        await reaches(database, other, "done")
    assert seen == [("7", 1), ("9", 1)]
    assert await row(database, again) is None


async def test_request_role_enqueues_and_cannot_read(database: Database) -> None:
    async with database.as_user(UserId(new_id())) as session:
        await enqueue(session, CLOCK, "tests.by_request", "k")
        await enqueue(session, CLOCK, "tests.by_request", "k")
    with pytest.raises(DatabaseError, match="permission denied"):
        async with database.as_user(UserId(new_id())) as session:
            await session.execute(sql("select * from job_runs"))
    async with database.as_engine() as session:
        found = await session.execute(sql("delete from job_runs where job = 'tests.by_request' returning 1"))
        assert len(found.all()) == 1


async def test_rolled_back_job_never_runs(database: Database, bus: Bus, outbox: OutboxPublisher) -> None:
    seen: list[str] = []

    @job("tests.note_rollback")
    async def note(context: JobContext, who: str) -> None:
        seen.append(who)

    class Abort(Exception):
        pass

    async def aborted() -> None:
        async with database.as_engine() as session:
            await enqueue(session, CLOCK, note.name, "rolled-back", who="rolled back")
            # Even a message that got out finds no row.
            outbox.hand_over(emitted(session))
            raise Abort

    async with working(database, bus, note):
        with pytest.raises(Abort):
            await aborted()
        await reaches(database, await send(database, outbox, note.name, "kept", who="kept"), "done")
    assert seen == ["kept"]


async def test_sweeper_runs_what_a_crash_after_the_commit_left(database: Database, bus: Bus) -> None:
    @job("tests.note_sweep")
    async def note(context: JobContext) -> None:
        return None

    run_id = await send(database, None, note.name, "lost")
    async with database.as_engine() as session:
        await session.execute(sql("update job_runs set claimed_until = now() where id = :id"), {"id": run_id})
    async with working(database, bus, note):
        await reaches(database, run_id, "done")


async def test_job_longer_than_the_ack_wait_runs_once(database: Database, bus: Bus, outbox: OutboxPublisher) -> None:
    started: Counter[int] = Counter()
    ack_wait = timedelta(seconds=1)

    @job("tests.take_long")
    async def take_long(context: JobContext) -> None:
        started[context.attempt] += 1
        # Three times what JetStream waits before it delivers again.
        await asyncio.sleep(3)

    async with (
        working(database, bus, take_long, ack_wait=ack_wait),
        working(database, bus, take_long, ack_wait=ack_wait),
    ):
        run_id = await send(database, outbox, take_long.name, "long")
        await reaches(database, run_id, "done")
    assert started == {1: 1}
    assert (await row(database, run_id)).attempts == 1


async def test_failing_job_becomes_a_dead_letter_after_its_deliveries(
    database: Database, bus: Bus, outbox: OutboxPublisher
) -> None:
    attempts: list[int] = []

    @job("tests.fail_always", deliveries=3)
    async def fail_always(context: JobContext, order_id: str) -> None:
        attempts.append(context.attempt)
        raise ValueError("password=hunter2hunter2 refused")

    async with working(database, bus, fail_always):
        run_id = await send(database, outbox, fail_always.name, "x", order_id="7")

        async def dead() -> bool:
            await hurry(database, run_id)
            return (await row(database, run_id)).state == "dead"

        await until(dead)
    async with database.as_engine() as session:
        letter = (await session.execute(sql("select * from dead_letters where job_run_id = :id"), {"id": run_id})).one()
    assert attempts == [1, 2, 3]
    assert (letter.job, letter.payload, letter.deliveries) == ("tests.fail_always", {"order_id": "7"}, 3)
    assert "ValueError" in letter.error
    assert "hunter2" not in letter.error


async def test_job_that_kills_its_worker_each_time_is_given_up(
    database: Database, bus: Bus, outbox: OutboxPublisher
) -> None:
    @job("tests.kill_worker", deliveries=2)
    async def never(context: JobContext) -> None:
        raise AssertionError("it must not run again")

    run_id = await send(database, None, never.name, "poison")
    async with database.as_engine() as session:
        await session.execute(
            sql("update job_runs set state = 'running', attempts = 2, claimed_until = now() where id = :id"),
            {"id": run_id},
        )
    async with working(database, bus, never):
        await reaches(database, run_id, "dead")


async def test_killed_worker_leaves_its_run_to_another(
    engines: TestEngines, nats: EmbeddedNats, bus: Bus, outbox: OutboxPublisher, tmp_path: Path
) -> None:
    attempts: list[int] = []

    @job("tests.note_worker")
    async def note(context: JobContext) -> None:
        attempts.append(context.attempt)

    url = await engines.create_database()
    database = Database(url, engines.installation, pool_size=3)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).parent / "job_child.py"),
        str(engines.installation.root),
        url,
        nats.url,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    try:
        run_id = await send(database, outbox, note.name, "kill")
        assert await asyncio.wait_for(child.stdout.readline(), 30) == b"started 1\n"
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGKILL)
        await child.wait()
    try:
        async with working(database, bus, note, ack_wait=timedelta(seconds=2)):
            await reaches(database, run_id, "done")
    finally:
        await database.close()
    assert attempts == [2]


async def test_stopping_worker_puts_its_run_back_uncounted(
    database: Database, bus: Bus, outbox: OutboxPublisher
) -> None:
    begun = asyncio.Event()

    @job("tests.wait_forever")
    async def wait_forever(context: JobContext) -> None:
        begun.set()
        await asyncio.Event().wait()

    worker = JobWorker(database, bus, CLOCK, JobRegistry([wait_forever]))
    await worker.start()
    run_id = await send(database, outbox, wait_forever.name, "stop")
    await asyncio.wait_for(begun.wait(), 10)
    await worker.stop(grace=timedelta(0))
    found = await row(database, run_id)
    assert (found.state, found.attempts) == ("queued", 0)
    async with database.as_engine() as session:
        await session.execute(sql("delete from job_runs where id = :id"), {"id": run_id})


async def test_run_that_was_taken_over_cannot_finish(database: Database, bus: Bus) -> None:
    run_id = await send(database, None, "tests.finish", "fence")
    async with database.as_engine() as session:
        await session.execute(sql("update job_runs set state = 'running', attempts = 2 where id = :id"), {"id": run_id})
    stale = JobContext(run_id, 1, database, CLOCK)
    with pytest.raises(RunLost):
        async with database.as_engine() as session:
            await stale.finish(session)
    async with database.as_engine() as session:
        await JobContext(run_id, 2, database, CLOCK).finish(session)
    assert (await row(database, run_id)).state == "done"


async def test_cron_of_two_schedulers_fires_once_a_minute(database: Database, outbox: OutboxPublisher) -> None:
    @job("tests.tick_minutely", cron="* * * * *")
    async def minutely(context: JobContext) -> None:
        return None

    async def ticks() -> list[str]:
        async with database.as_engine() as session:
            rows = await session.execute(
                sql("select unique_key from job_runs where job = 'tests.tick_minutely' order by 1")
            )
            return [found.unique_key for found in rows]

    clock = FrozenClock(datetime(2026, 3, 2, 9, 30, 12, tzinfo=UTC))
    leases = [NamedLease(database, clock, "scheduler", lease_time=timedelta(minutes=30)) for _ in range(2)]
    first, second = (Scheduler(database, outbox, clock, JobRegistry([minutely]), lease=lease) for lease in leases)
    assert [await lease.acquire() for lease in leases] == [True, False]
    assert [await first.tick(), await second.tick(), await first.tick()] == [1, 0, 0]
    clock.advance(timedelta(minutes=1))
    assert await first.tick() == 1
    # The second takes over within the same minute and queues nothing twice; later it goes on.
    await leases[0].release()
    assert await leases[1].acquire()
    assert [await first.tick(), await second.tick()] == [0, 0]
    clock.advance(timedelta(minutes=3))
    assert await second.tick() == 1
    assert await ticks() == [f"cron:2026-03-02T09:{minute}:00+00:00" for minute in (30, 31, 34)]


async def test_platform_jobs_purge_what_is_old(database: Database, bus: Bus, outbox: OutboxPublisher) -> None:
    async with database.as_engine() as session:
        await session.execute(
            sql(
                "insert into job_runs (id, job, unique_key, state, created_at, finished_at) values "
                "(:old, 'tests.old', 'o', 'done', now() - interval '9 days', now() - interval '8 days'), "
                "(:new, 'tests.old', 'n', 'done', now() - interval '9 days', now() - interval '6 days')"
            ),
            {"old": (old := new_id()), "new": (new := new_id())},
        )
    async with working(database, bus, *PLATFORM_JOBS):
        for each in PLATFORM_JOBS:
            await reaches(database, await send(database, outbox, each.name, "now"), "done")
    assert await row(database, old) is None
    assert await row(database, new) is not None


async def test_running_schedulers_queue_a_minute_once_between_them(database: Database, outbox: OutboxPublisher) -> None:
    @job("tests.tick_together", cron="* * * * *")
    async def together(context: JobContext) -> None:
        return None

    async with database.as_engine() as session:
        await session.execute(sql("delete from leases where name = 'scheduler'"))
    schedulers = [Scheduler(database, outbox, CLOCK, JobRegistry([together])) for _ in range(2)]
    for scheduler in schedulers:
        await scheduler.start()
    try:

        async def ticked() -> bool:
            async with database.as_engine() as session:
                found = await session.execute(sql("select 1 from job_runs where job = 'tests.tick_together'"))
                return found.first() is not None

        await until(ticked)
        assert sum(scheduler.lease.is_held for scheduler in schedulers) == 1
    finally:
        for scheduler in schedulers:
            await scheduler.stop()
    async with database.as_engine() as session:
        rows = await session.execute(sql("select unique_key from job_runs where job = 'tests.tick_together'"))
        keys = [found.unique_key for found in rows]
    # Two only if the test stood on the turn of a minute.
    assert len(keys) == len(set(keys)) in {1, 2}


async def test_broker_takes_a_kick_and_drops_what_it_cannot_read(database: Database, bus: Bus) -> None:
    @job("tests.note_kick")
    async def note(context: JobContext) -> None:
        return None

    run_id = await send(database, None, note.name, "kicked")
    broker = JobBroker(bus, ack_wait=timedelta(seconds=30))
    for body in (b"\xff not json", b"[]", b'{"payload": {}}', b'{"payload": {"run_id": "no uuid"}}'):
        await bus.publish_all([(SUBJECT, body, str(new_id()))])
    await broker.kick(BrokerMessage(task_id=str(run_id), task_name="tradsy.run", message=b"", labels={}))
    async with working(database, bus, note):
        await reaches(database, run_id, "done")


async def test_job_of_another_build_is_tried_again_then_given_up(
    database: Database, bus: Bus, outbox: OutboxPublisher
) -> None:
    run_id = await send(database, outbox, "tests.not_here", "unknown")
    async with working(database, bus):
        await reaches(database, run_id, "failed")
        found = await row(database, run_id)
        assert (found.attempts, "UnknownJob" in found.error) == (1, True)


@pytest.mark.parametrize(
    ("name", "cron"),
    [("no_module", ""), ("Tests.x", ""), ("tests.x", "* * * *"), ("tests.x", "61 * * * *"), ("tests.x", "0 5-1 * * *")],
)
def test_badly_named_or_timed_job_is_refused(name: str, cron: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        job(name, cron=cron)


@pytest.mark.parametrize(
    ("cron", "minutes"), [("*/15 9-17 * * 1-5", 36), ("5,35 0 2 3 *", 2), ("* * * * *", 1440), ("0 0 * * 0", 0)]
)
def test_timetable_names_its_minutes(cron: str, minutes: int) -> None:
    @job("tests.tick", cron=cron)
    async def tick(context: JobContext) -> None:
        return None

    monday = datetime(2026, 3, 2, tzinfo=UTC)
    assert sum(tick.is_due(monday + timedelta(minutes=n)) for n in range(1440)) == minutes
