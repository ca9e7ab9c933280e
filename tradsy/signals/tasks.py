"""Background work of signals."""

from __future__ import annotations

from tradsy.platform.jobs import JobContext, job
from tradsy.signals import repository
from tradsy.signals.intake import REPEAT_WINDOW

_BATCH = 1000


@job("signals.purge_keys", cron="*/10 * * * *")
async def purge_keys(context: JobContext) -> None:
    """Delete the keys of bare messages whose minute is over; keys of ids and times stay for ever."""
    deleted = _BATCH
    while deleted == _BATCH:
        async with context.database.as_engine() as session:
            before = context.clock.now() - REPEAT_WINDOW
            deleted = await repository.delete_expired_keys(session, before, _BATCH)
