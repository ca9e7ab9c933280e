"""Scoped, expiring API keys: shown once, hashed at rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tradsy.domain.errors import Forbidden, Invalid, NotFound
from tradsy.domain.ids import UserId
from tradsy.identity import tokens
from tradsy.identity.errors import TooManyKeys
from tradsy.identity.model import ROLE_SCOPES, ApiKeyId, Role, Scope
from tradsy.identity.records import entry, record
from tradsy.platform.db import DbSession, sql
from tradsy.platform.ids import new_id
from tradsy.platform.logging import register_secret

MAX_KEYS = 50
MAX_LIFETIME = timedelta(days=365)
DEFAULT_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as its owner sees it."""

    id: ApiKeyId
    name: str
    hint: str
    """Its last four characters."""
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


async def create_api_key(
    session: DbSession,
    user_id: UserId,
    role: Role,
    *,
    name: str,
    scopes: Iterable[Scope],
    at: datetime,
    lifetime: timedelta = DEFAULT_LIFETIME,
    actor: str | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret, which is never shown again.

    Raises:
        Forbidden: the owner's role does not carry a scope.
        Invalid: no scope, or a life longer than a year.
        TooManyKeys: the owner has 50.
    """
    wanted = tuple(sorted(set(scopes)))
    if not wanted or not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise Invalid("A key needs a scope and a life of at most a year.")
    if not set(wanted) <= ROLE_SCOPES[role]:
        raise Forbidden("Your role does not carry one of these scopes.")
    # One request of an owner at a time counts and adds, so that two at once cannot pass the limit together.
    await session.execute(sql("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"keys/{user_id}"})
    count = sql("select count(*) from api_keys where user_id = :user and revoked_at is null and expires_at > :at")
    if (await session.execute(count, {"user": user_id, "at": at})).scalar_one() >= MAX_KEYS:
        raise TooManyKeys
    secret = tokens.new_token(tokens.API_KEY)
    register_secret(secret)
    key = ApiKey(ApiKeyId(new_id()), name, secret[-4:], wanted, at, at + lifetime, None)
    await session.execute(
        sql(
            "insert into api_keys (id, user_id, name, token_hash, hint, scopes, created_at, expires_at) "
            "values (:id, :user, :name, :hash, :hint, :scopes, :at, :expires)"
        ),
        {
            "id": key.id,
            "user": user_id,
            "name": name,
            "hash": tokens.hash_secret(secret),
            "hint": key.hint,
            "scopes": list(wanted),
            "at": at,
            "expires": key.expires_at,
        },
    )
    subject, expires = f"api_key:{key.id}", key.expires_at.isoformat()
    made = entry(user_id, "api_key.created", actor=actor, subject=subject, scopes=list(wanted), expires_at=expires)
    await record(session, [made], at=at)
    return key, secret


async def list_api_keys(session: DbSession, *, at: datetime) -> list[ApiKey]:
    """Return the live keys of the session's user, the newest first."""
    rows = await session.execute(
        sql(
            "select id, name, hint, scopes, created_at, expires_at, last_used_at from api_keys "
            "where revoked_at is null and expires_at > :at order by id desc limit 200"
        ),
        {"at": at},
    )
    return [
        ApiKey(ApiKeyId(r.id), r.name, r.hint, tuple(r.scopes), r.created_at, r.expires_at, r.last_used_at)
        for r in rows
    ]


async def revoke_api_key(session: DbSession, user_id: UserId, key_id: UUID, *, at: datetime) -> None:
    """End a key.

    Raises:
        NotFound: the session's user has no such live key.
    """
    done = await session.execute(
        sql("update api_keys set revoked_at = :at where id = :id and revoked_at is null returning 1"),
        {"id": key_id, "at": at},
    )
    if done.first() is None:
        raise NotFound
    await record(session, [entry(user_id, "api_key.revoked", subject=f"api_key:{key_id}")], at=at)
