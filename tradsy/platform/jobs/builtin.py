"""The platform's own jobs: they keep its tables from growing for ever."""

from __future__ import annotations

from datetime import timedelta

import structlog

from tradsy.platform.db import sql
from tradsy.platform.idempotency import purge_keys
from tradsy.platform.jobs.registry import JobContext, job

log = structlog.get_logger(__name__)

RUNS_KEPT = timedelta(days=7)
"""More than the scheduler looks back, so that no tick is queued twice."""
DEAD_LETTERS_KEPT = timedelta(days=90)
_BATCH = 10_000


@job("platform.purge_idempotency_keys", cron="*/10 * * * *")
async def purge_idempotency_keys(context: JobContext) -> None:
    """Delete answers that are older than a day."""
    deleted = _BATCH
    while deleted == _BATCH:
        async with context.database.as_engine() as session:
            deleted = await purge_keys(session, limit=_BATCH)


@job("platform.purge_job_runs", cron="17 3 * * *")
async def purge_job_runs(context: JobContext) -> None:
    """Delete runs that ended long ago, and dead letters that nobody looked at for long."""
    deleted = _BATCH
    while deleted == _BATCH:
        async with context.database.as_engine() as session:
            rows = await session.execute(
                sql(
                    "delete from job_runs where id in (select id from job_runs where state in ('done', 'dead') "
                    "and finished_at < clock_timestamp() - cast(:kept as interval) limit :limit) returning 1"
                ),
                {"kept": RUNS_KEPT, "limit": _BATCH},
            )
            deleted = len(rows.all())
    async with context.database.as_engine() as session:
        await session.execute(
            sql("delete from dead_letters where created_at < clock_timestamp() - cast(:kept as interval)"),
            {"kept": DEAD_LETTERS_KEPT},
        )


PLATFORM_JOBS = (purge_idempotency_keys, purge_job_runs)
