"""A worker of background jobs: claims runs, keeps the claims alive, settles them, and sweeps what a crash left."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import structlog
from taskiq.receiver import Receiver

from tradsy.domain.errors import Operational
from tradsy.platform.bus import Bus, BusUnavailable
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError
from tradsy.platform.jobs.broker import RUN_TASK, JobBroker
from tradsy.platform.jobs.queue import JobQueue, Run, Settled, queued_event
from tradsy.platform.jobs.registry import DELIVERIES, Job, JobContext, JobRegistry
from tradsy.platform.logging import redact_text
from tradsy.platform.metrics import counter, histogram

log = structlog.get_logger(__name__)

ACK_WAIT = timedelta(seconds=30)
_SWEEP_EVERY = 1.0
_GRACE = timedelta(seconds=10)
RUNS = counter("tradsy_jobs_runs_total", "Attempts at background jobs.", ("job", "outcome"))
SECONDS = histogram("tradsy_jobs_run_seconds", "Time of an attempt.", ("job",), buckets=(0.01, 0.1, 1, 10, 60, 600))


class UnknownJob(Operational):
    """No job of this name is known here: another build sent it."""

    code = "unknown_job"
    title = "The job is not known to this build"


class JobWorker:
    """Runs up to `concurrency` jobs at a time."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        registry: JobRegistry,
        *,
        services: dict[str, Any] | None = None,
        concurrency: int = 4,
        ack_wait: timedelta = ACK_WAIT,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._registry = registry
        self._services = services or {}
        self._concurrency = concurrency
        # A redelivery must find the claim of a dead worker run out.
        self._queue = JobQueue(database, claim_time=ack_wait * 0.8)
        self._beat = ack_wait.total_seconds() / 4
        self._broker = JobBroker(bus, ack_wait=ack_wait)

        async def run(run_id: str) -> None:
            await self.run(run_id)

        # A function of its own, because taskiq renames what it registers.
        self._broker.register_task(run, task_name=RUN_TASK)
        self._finish = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._running: dict[UUID, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Join the queue and begin."""
        await self._broker.startup()
        receiver = Receiver(self._broker, run_startup=False, max_async_tasks=self._concurrency, validate_params=False)
        self._tasks = [
            asyncio.create_task(receiver.listen(self._finish), name="jobs"),
            asyncio.create_task(self._sweep_loop(), name="jobs sweeper"),
        ]

    async def stop(self, *, grace: timedelta = _GRACE) -> None:
        """Take no more, give running jobs `grace`, then put the rest back for others."""
        self._finish.set()
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=grace.total_seconds())
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._broker.shutdown()

    async def run(self, run_id: str) -> None:
        """Do one run, if it is to be had."""
        run = await self._queue.claim(UUID(run_id))
        if run is None:
            return
        job = self._registry.find(run.job)
        limit = job.deliveries if job else DELIVERIES
        if run.attempt > limit:
            # Each attempt so far took its worker down before it could say why.
            await self._settle(run, self._queue.fail(run, "the worker died each time", deliveries=limit))
            return
        attempt = asyncio.create_task(self._attempt(run, job, limit), name=f"job {run.job}")
        self._running[run.id] = attempt
        try:
            await attempt
        except asyncio.CancelledError:
            # The attempt was cancelled because this worker stops; taskiq itself goes on.
            log.info("job put back", job=run.job, run=str(run.id))
        finally:
            self._running.pop(run.id, None)

    async def _attempt(self, run: Run, job: Job[...] | None, limit: int) -> None:
        started = perf_counter()
        context = JobContext(run.id, run.attempt, self._database, self._clock, self._services)
        body = asyncio.create_task(_call(job, context, run))
        keeper = asyncio.create_task(self._keep_claim(run, body))
        try:
            await asyncio.wait([body])
        except asyncio.CancelledError:
            await _cancel(body, keeper)
            await self._queue.put_back(run)
            raise
        await _cancel(keeper)
        SECONDS.labels(_label(job)).observe(perf_counter() - started)
        await self._settle(run, self._outcome(run, body, limit))

    async def _outcome(self, run: Run, body: asyncio.Task[None], limit: int) -> Settled:
        if body.cancelled():
            return Settled.LOST
        error = body.exception()
        if error is None:
            return await self._queue.complete(run)
        log.warning("job failed", job=run.job, run=str(run.id), attempt=run.attempt, exc_info=error)
        return await self._queue.fail(run, redact_text(f"{type(error).__name__}: {error}"), deliveries=limit)

    async def _settle(self, run: Run, outcome: Coroutine[Any, Any, Settled]) -> None:
        settled = await outcome
        RUNS.labels(_label(self._registry.find(run.job)), settled.value).inc()
        if settled in {Settled.DEAD, Settled.LOST}:
            log.error(
                "job given up" if settled is Settled.DEAD else "job lost",
                job=run.job,
                run=str(run.id),
                attempt=run.attempt,
            )

    async def _keep_claim(self, run: Run, body: asyncio.Task[None]) -> None:
        """Renew the claim while the job runs; stop the job when another worker has it."""
        while True:
            await asyncio.sleep(self._beat)
            try:
                if not await self._queue.renew(run) and not body.done():
                    body.cancel()
                    return
            except (DatabaseError, OSError, TimeoutError) as error:
                log.warning("claim not renewed", job=run.job, error=type(error).__name__)

    async def sweep(self) -> int:
        """Tell the workers of runs that a crash, an outage or a wait left behind; return how many."""
        found = await self._queue.sweep()
        events = [queued_event(run_id, self._clock) for run_id in found]
        if events:
            await self._bus.publish_all([(event.subject, event.encode(), str(event.id)) for event in events])
        return len(events)

    async def _sweep_loop(self) -> None:
        while True:
            try:
                await self.sweep()
            except (DatabaseError, OSError, TimeoutError, BusUnavailable) as error:
                log.warning("job sweep failed", error=type(error).__name__)
            await asyncio.sleep(_SWEEP_EVERY)


async def _call(job: Job[...] | None, context: JobContext, run: Run) -> None:
    if job is None:
        raise UnknownJob
    async with asyncio.timeout(job.timeout.total_seconds()):
        await job.run(context, **run.arguments)


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _label(job: Job[...] | None) -> str:
    return job.name if job else "unknown"
