"""Refresh tokens of programs: each works once, and one that comes back betrays a thief."""

from __future__ import annotations

from tradsy.domain.ids import UserId
from tradsy.identity import tokens
from tradsy.identity.authentication import AuthContext
from tradsy.identity.errors import InvalidCredentials
from tradsy.identity.model import SessionId
from tradsy.identity.records import announce_revoked, entry, record
from tradsy.identity.sessions import REFRESH_GRACE, TokenPair, binding_of, issue_pair
from tradsy.platform.db import DbSession, sql
from tradsy.platform.outbox import emitted


async def refresh(context: AuthContext, refresh_token: str) -> TokenPair:
    """Swap a refresh token for a new pair.

    A token sent twice within ten seconds from the same network and program gets one more pair, because the first
    answer may have been lost; any other second use ends the whole family.

    Raises:
        InvalidCredentials: the token is unknown, spent, or its family has ended.
        Limited: too many attempts from this network.
    """
    context.identity.limiter.check("login", context.network)
    token_hash = tokens.hash_secret(refresh_token)
    async with context.database.as_anonymous() as session:
        query = sql("select * from auth_find_refresh_token(:hash)")
        found = (await session.execute(query, {"hash": token_hash})).one_or_none()
    if found is None:
        raise InvalidCredentials("The refresh token is not valid.")
    user_id, session_id = UserId(found.user_id), SessionId(found.session_id)
    async with context.database.as_user(user_id) as session:
        pair = await _swap(context, session, user_id, session_id, token_hash)
    context.outbox.hand_over(emitted(session))
    if pair is None:
        context.identity.callers.forget_user(user_id)
        raise InvalidCredentials("The refresh token is not valid.")
    context.identity.limiter.refund("login", context.network)
    return pair


async def _swap(
    context: AuthContext, session: DbSession, user_id: UserId, session_id: SessionId, token_hash: bytes
) -> TokenPair | None:
    """Return the next pair; None when there is none, whatever that did to the family being committed."""
    now = context.clock.now()
    # The family's row lock puts racing refreshes in a row: each sees what the one before it did.
    alive = await session.execute(
        sql(
            "update sessions set last_seen_at = :at "
            "where id = :id and revoked_at is null and expires_at > :at returning 1"
        ),
        {"id": session_id, "at": now},
    )
    if alive.first() is None:
        return None
    row = (
        await session.execute(
            sql("select binding, spent_at, grace_used from refresh_tokens where token_hash = :hash"),
            {"hash": token_hash},
        )
    ).one()
    if row.spent_at is None:
        await _mark(session, token_hash, "spent_at = :at", at=now)
        return await issue_pair(session, user_id, session_id, context.origin, at=now)
    in_time = now - row.spent_at <= REFRESH_GRACE
    if in_time and not row.grace_used and row.binding == binding_of(context.origin):
        await _mark(session, token_hash, "grace_used = true, spent_at = least(spent_at, :at)", at=now)
        return await issue_pair(session, user_id, session_id, context.origin, at=now)
    await session.execute(
        sql("update sessions set revoked_at = :at, revoked_because = 'refresh_reuse' where id = :id"),
        {"id": session_id, "at": now},
    )
    await announce_revoked(session, user_id, [session_id], at=now)
    reused = entry(user_id, "auth.refresh_reused", actor="anonymous", subject=f"session:{session_id}")
    await record(session, [reused], at=now)
    return None


async def _mark(session: DbSession, token_hash: bytes, change: str, *, at: object) -> None:
    await session.execute(
        sql(f"update refresh_tokens set {change} where token_hash = :hash"), {"hash": token_hash, "at": at}
    )
