"""Background work of follows."""

from __future__ import annotations

from tradsy.follows import service
from tradsy.platform.jobs import JobContext, job

_BATCH = 500


@job("follows.expire_plans", cron="* * * * *")
async def expire_plans(context: JobContext) -> None:
    """Expire plans that nobody decided in time."""
    expired = _BATCH
    while expired == _BATCH:
        async with context.database.as_engine() as session:
            expired = await service.expire_plans(session, context.clock.now())
