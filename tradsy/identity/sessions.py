"""Sign-ins that last: browser sessions, and the token families of programs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tradsy.domain.errors import NotFound
from tradsy.domain.ids import UserId
from tradsy.identity import tokens
from tradsy.identity.limits import network_of
from tradsy.identity.model import Origin, SessionId
from tradsy.identity.records import announce_revoked
from tradsy.platform.db import DbSession, sql
from tradsy.platform.ids import new_id
from tradsy.platform.logging import register_secret

STEP_UP_TIME = timedelta(minutes=5)
ACCESS_TIME = timedelta(minutes=10)
KEEP_ENDED = timedelta(days=30)
REFRESH_GRACE = timedelta(seconds=10)
"""A program that sent its refresh token twice (a lost answer) is not a thief within this time."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One sign-in of a user, as they see it in their list."""

    id: SessionId
    kind: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a program gets: shown once, hashed at rest."""

    access_token: str
    refresh_token: str
    access_expires_at: datetime
    session_id: SessionId

    def __repr__(self) -> str:
        return f"TokenPair(session_id={self.session_id})"


def _new_token(prefix: str) -> str:
    token = tokens.new_token(prefix)
    register_secret(token)
    return token


async def _insert_session(
    session: DbSession,
    user_id: UserId,
    kind: str,
    origin: Origin,
    *,
    at: datetime,
    lifetime: timedelta,
    token_hash: bytes | None = None,
) -> SessionId:
    session_id = SessionId(new_id())
    await session.execute(
        sql(
            "insert into sessions (id, user_id, kind, token_hash, created_at, last_seen_at, expires_at, "
            "stepped_up_until, address, agent) "
            "values (:id, :user, :kind, :hash, :at, :at, :expires, :stepped, :address, :agent)"
        ),
        {
            "id": session_id,
            "user": user_id,
            "kind": kind,
            "hash": token_hash,
            "at": at,
            "expires": at + lifetime,
            "stepped": at + STEP_UP_TIME,
            "address": origin.address,
            "agent": origin.agent[:200],
        },
    )
    return session_id


async def open_browser_session(
    session: DbSession, user_id: UserId, origin: Origin, *, at: datetime, lifetime: timedelta
) -> tuple[SessionId, str]:
    """Start a browser session; return its id and the cookie's token. A sign-in is also a step-up."""
    token = _new_token(tokens.SESSION)
    session_id = await _insert_session(
        session, user_id, "browser", origin, at=at, lifetime=lifetime, token_hash=tokens.hash_secret(token)
    )
    return session_id, token


async def open_program_session(
    session: DbSession, user_id: UserId, origin: Origin, *, at: datetime, lifetime: timedelta
) -> TokenPair:
    """Start a program's sign-in: the first pair of its token family."""
    session_id = await _insert_session(session, user_id, "program", origin, at=at, lifetime=lifetime)
    return await issue_pair(session, user_id, session_id, origin, at=at)


async def issue_pair(
    session: DbSession, user_id: UserId, session_id: SessionId, origin: Origin, *, at: datetime
) -> TokenPair:
    """Write and return one more pair of a family."""
    refresh = _new_token(tokens.REFRESH)
    await session.execute(
        sql(
            "insert into refresh_tokens (token_hash, user_id, session_id, binding, issued_at) "
            "values (:hash, :user, :session, :binding, :at)"
        ),
        {
            "hash": tokens.hash_secret(refresh),
            "user": user_id,
            "session": session_id,
            "binding": binding_of(origin),
            "at": at,
        },
    )
    access = await issue_access_token(session, user_id, session_id, at=at)
    return TokenPair(access, refresh, at + ACCESS_TIME, session_id)


async def issue_access_token(session: DbSession, user_id: UserId, session_id: SessionId, *, at: datetime) -> str:
    """Write and return one short access token; clear away the family's expired ones."""
    access = _new_token(tokens.ACCESS)
    await session.execute(
        sql("delete from access_tokens where session_id = :session and expires_at <= :at"),
        {"session": session_id, "at": at},
    )
    await session.execute(
        sql(
            "insert into access_tokens (token_hash, user_id, session_id, expires_at) "
            "values (:hash, :user, :session, :expires)"
        ),
        {
            "hash": tokens.hash_secret(access),
            "user": user_id,
            "session": session_id,
            "expires": at + ACCESS_TIME,
        },
    )
    return access


def binding_of(origin: Origin) -> bytes:
    """Return what a refresh token is bound to for the double-submit grace: the network and the program's name."""
    return hashlib.sha256(f"{network_of(origin.address)}\0{origin.agent[:200]}".encode()).digest()


async def step_up_session(
    session: DbSession, session_id: SessionId, *, at: datetime, new_token: bool
) -> tuple[datetime, str | None]:
    """Note that the person proved themselves again; a browser gets a new token and its old one dies.

    Raises:
        NotFound: the session ended meanwhile.
    """
    token = _new_token(tokens.SESSION) if new_token else None
    done = await session.execute(
        sql(
            "update sessions set stepped_up_until = :until, token_hash = coalesce(:hash, token_hash) "
            "where id = :id and revoked_at is null returning 1"
        ),
        {"id": session_id, "until": at + STEP_UP_TIME, "hash": tokens.hash_secret(token) if token else None},
    )
    if done.first() is None:
        raise NotFound
    return at + STEP_UP_TIME, token


async def list_sessions(session: DbSession, *, at: datetime, idle: timedelta) -> list[SessionRecord]:
    """Return the live sign-ins of the session's user, the latest used first."""
    rows = await session.execute(
        sql(
            "select id, kind, created_at, last_seen_at, expires_at, address, agent from sessions "
            "where revoked_at is null and expires_at > :at and (kind = 'program' or last_seen_at > :idle_since) "
            "order by last_seen_at desc, id limit 200"
        ),
        {"at": at, "idle_since": at - idle},
    )
    return [
        SessionRecord(SessionId(r.id), r.kind, r.created_at, r.last_seen_at, r.expires_at, r.address, r.agent)
        for r in rows
    ]


async def revoke_session(session: DbSession, user_id: UserId, session_id: UUID, *, at: datetime, because: str) -> None:
    """End one sign-in of the session's user.

    Raises:
        NotFound: the user has no such live sign-in.
    """
    done = await _revoke(session, "id = :id", {"id": session_id}, at=at, because=because)
    if not done:
        raise NotFound
    await announce_revoked(session, user_id, done, at=at)


async def revoke_sessions(
    session: DbSession, user_id: UserId, *, at: datetime, because: str, keep: SessionId | None = None
) -> Sequence[UUID]:
    """End all sign-ins of a user but `keep`; return which."""
    condition = "user_id = :user and (cast(:keep as uuid) is null or id <> :keep)"
    done = await _revoke(session, condition, {"user": user_id, "keep": keep}, at=at, because=because)
    if done:
        await announce_revoked(session, user_id, done, at=at)
    return done


async def revoke_token(session: DbSession, user_id: UserId, token: str, *, at: datetime) -> None:
    """End the browser session of this user that a cookie's token belongs to, if there is one."""
    values: dict[str, object] = {"hash": tokens.hash_secret(token)}
    done = await _revoke(session, "token_hash = :hash", values, at=at, because="signed_in_again")
    if done:
        await announce_revoked(session, user_id, done, at=at)


async def _revoke(
    session: DbSession, condition: str, values: dict[str, object], *, at: datetime, because: str
) -> Sequence[UUID]:
    rows = await session.execute(
        sql(
            f"update sessions set revoked_at = :at, revoked_because = :because "
            f"where revoked_at is null and {condition} returning id"
        ),
        {"at": at, "because": because, **values},
    )
    return [row.id for row in rows]


async def list_live_sessions(
    session: DbSession, session_ids: Sequence[UUID], *, at: datetime, idle: timedelta
) -> set[UUID]:
    """Return which of `session_ids` are still alive, in an engine transaction: for sockets that outlive a request."""
    rows = await session.execute(
        sql(
            "select s.id from sessions s join users u on u.id = s.user_id and u.state = 'active' "
            "where s.id = any(:ids) and s.revoked_at is null and s.expires_at > :at "
            "and (s.kind = 'program' or s.last_seen_at > :idle_since)"
        ),
        {"ids": list(session_ids), "at": at, "idle_since": at - idle},
    )
    return {row.id for row in rows}


async def purge_sessions(session: DbSession, *, at: datetime) -> int:
    """Delete what ended a month ago, its tokens with it, in an engine transaction; return how many sessions."""
    done = await session.execute(
        sql("delete from sessions where least(expires_at, coalesce(revoked_at, expires_at)) < :before returning 1"),
        {"before": at - KEEP_ENDED},
    )
    await session.execute(sql("delete from access_tokens where expires_at <= :at"), {"at": at})
    return len(done.all())
