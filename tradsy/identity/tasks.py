"""Background work of identity: what has run out is deleted."""

from __future__ import annotations

from tradsy.identity import mails, sessions, sign_up, throttle
from tradsy.platform.jobs import JobContext, job


@job("identity.purge_expired", cron="23 * * * *")
async def purge_expired(context: JobContext) -> None:
    """Delete old mails, throttles that no longer count, sessions that ended long ago, links that have run out."""
    async with context.database.as_engine() as session:
        await mails.purge_mails(session, at=context.clock.now())
        await throttle.purge(session, at=context.clock.now())
        await sessions.purge_sessions(session, at=context.clock.now())
        await sign_up.purge_links(session, at=context.clock.now())
