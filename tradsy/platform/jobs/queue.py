"""All SQL of `job_runs`: a run is queued, claimed, renewed and settled by the database clock.

`claimed_until` says when somebody should look at the run again: a queued one that was not picked up, a running one
whose worker fell silent, a failed one whose next attempt is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from tradsy.domain.ids import EventId
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DbSession, dump_json, sql
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import Event

QUEUED_EVENT = "jobs.queued"
_FIRST_LOOK = timedelta(seconds=5)
"""The process that enqueued publishes within milliseconds; after this the sweeper does it."""
_NEXT_LOOK = timedelta(minutes=2)
BACKOFF = (timedelta(seconds=2), timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))
_ERROR_LENGTH = 500


def queued_event(run_id: UUID, clock: Clock) -> Event:
    """Return the message that tells workers of a run; it holds no argument."""
    return Event(EventId(new_id()), QUEUED_EVENT, None, {"run_id": str(run_id)}, clock.now())


async def enqueue(session: DbSession, clock: Clock, job: str, key: str, **arguments: Any) -> UUID:
    """Queue a run of `job` in the session's transaction; the same `key` again queues nothing.

    `arguments` are ids and other JSON values, never secrets. Once the transaction has committed, the edge hands
    `outbox.emitted(session)` over, which tells the workers; the row itself is what a crash cannot lose, so the message
    has no row in the outbox.

    Returns:
        The id of the run, which stands for nothing if the key was known.
    """
    run_id = new_id()
    # No conflict target and no RETURNING: requests may insert runs and never read them.
    await session.execute(
        sql(
            "insert into job_runs (id, job, unique_key, arguments, created_at, claimed_until) values "
            "(:id, :job, :key, cast(:arguments as jsonb), clock_timestamp(), "
            "clock_timestamp() + cast(:look as interval)) on conflict do nothing"
        ),
        {"id": run_id, "job": job, "key": key, "arguments": dump_json(arguments), "look": _FIRST_LOOK},
    )
    session.info.setdefault("outbox", []).append(queued_event(run_id, clock))
    return run_id


class Settled(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed run."""

    id: UUID
    job: str
    arguments: Mapping[str, Any]
    attempt: int


class JobQueue:
    """The runs, as workers see them."""

    def __init__(self, database: Database, *, claim_time: timedelta) -> None:
        self._database = database
        self._claim_time = claim_time

    async def claim(self, run_id: UUID) -> Run | None:
        """Take a run that waits, is due again or was left by a silent worker; None if it is not to be had."""
        async with self._database.as_engine() as session:
            row = (
                await session.execute(
                    sql(
                        "update job_runs set state = 'running', attempts = attempts + 1, "
                        "started_at = clock_timestamp(), claimed_until = clock_timestamp() + cast(:span as interval) "
                        "where id = :id and (state = 'queued' or (state in ('running', 'failed') "
                        "and claimed_until <= clock_timestamp())) returning id, job, arguments, attempts"
                    ),
                    {"id": run_id, "span": self._claim_time},
                )
            ).one_or_none()
        return None if row is None else Run(row.id, row.job, row.arguments, row.attempts)

    async def renew(self, run: Run) -> bool:
        """Hold a claim longer; whether it still stood."""
        async with self._database.as_engine() as session:
            renewed = await session.execute(
                sql(
                    "update job_runs set claimed_until = clock_timestamp() + cast(:span as interval) "
                    "where id = :id and state = 'running' and attempts = :attempt returning 1"
                ),
                {"id": run.id, "attempt": run.attempt, "span": self._claim_time},
            )
            return renewed.scalar() is not None

    async def complete(self, run: Run) -> Settled:
        """Mark a run done, unless it did so itself."""
        async with self._database.as_engine() as session:
            done = await session.execute(
                sql(
                    "update job_runs set state = 'done', finished_at = coalesce(finished_at, clock_timestamp()), "
                    "claimed_until = null, error = null "
                    "where id = :id and state in ('running', 'done') and attempts = :attempt returning 1"
                ),
                {"id": run.id, "attempt": run.attempt},
            )
            return Settled.LOST if done.scalar() is None else Settled.DONE

    async def fail(self, run: Run, error: str, *, deliveries: int) -> Settled:
        """Set a run back for another attempt, or after `deliveries` of them give it up with a dead letter."""
        dead = run.attempt >= deliveries
        wait = BACKOFF[min(run.attempt, len(BACKOFF)) - 1]
        async with self._database.as_engine() as session:
            failed = await session.execute(
                sql(
                    "update job_runs set state = cast(:state as text), error = :error, "
                    "finished_at = case when :dead then clock_timestamp() end, "
                    "claimed_until = case when :dead then null else clock_timestamp() + cast(:wait as interval) end "
                    "where id = :id and state = 'running' and attempts = :attempt returning 1"
                ),
                {
                    "state": "dead" if dead else "failed",
                    "error": error[:_ERROR_LENGTH],
                    "dead": dead,
                    "wait": wait,
                    "id": run.id,
                    "attempt": run.attempt,
                },
            )
            if failed.scalar() is None:
                return Settled.LOST
            if dead:
                await self._bury(session, run, error)
        return Settled.DEAD if dead else Settled.FAILED

    async def _bury(self, session: DbSession, run: Run, error: str) -> None:
        await session.execute(
            sql(
                "insert into dead_letters (id, job, job_run_id, payload, error, deliveries, created_at) values "
                "(:id, :job, :run, cast(:payload as jsonb), :error, :deliveries, clock_timestamp())"
            ),
            {
                "id": new_id(),
                "job": run.job,
                "run": run.id,
                "payload": dump_json(dict(run.arguments)),
                "error": error[:_ERROR_LENGTH],
                "deliveries": run.attempt,
            },
        )

    async def put_back(self, run: Run) -> None:
        """Let another worker take the run at once: this one is stopping."""
        async with self._database.as_engine() as session:
            await session.execute(
                sql(
                    "update job_runs set state = 'queued', attempts = attempts - 1, claimed_until = clock_timestamp() "
                    "where id = :id and state = 'running' and attempts = :attempt"
                ),
                {"id": run.id, "attempt": run.attempt},
            )

    async def sweep(self, *, limit: int = 200) -> Sequence[UUID]:
        """Return runs that somebody should look at now, queued again; the caller tells the workers."""
        async with self._database.as_engine() as session:
            rows = await session.execute(
                sql(
                    "update job_runs set state = 'queued', claimed_until = clock_timestamp() + cast(:look as interval) "
                    "where id in (select id from job_runs where state in ('queued', 'running', 'failed') "
                    "and claimed_until <= clock_timestamp() order by claimed_until limit :limit "
                    "for update skip locked) returning id"
                ),
                {"look": _NEXT_LOOK, "limit": limit},
            )
            return [row.id for row in rows]
