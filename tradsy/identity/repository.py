"""SQL of users and of the look-ups that find who is calling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tradsy.domain.ids import UserId
from tradsy.identity.model import Role, User, UserState
from tradsy.platform.db import DbSession, Row, sql


@dataclass(frozen=True, slots=True)
class Login:
    """What a sign-in needs to know of an account."""

    user_id: UserId
    password_hash: str | None
    display_name: str
    has_totp: bool


def to_user(row: Row) -> User:
    """Return the user that a row describes."""
    return User(
        UserId(row.id),
        row.email,
        row.display_name,
        Role(row.role),
        UserState(row.state),
        row.is_demo,
        row.created_at,
        country=getattr(row, "country", None),
        risk_tolerance=getattr(row, "risk_tolerance", None),
        experience=getattr(row, "experience", None),
    )


async def find_login(session: DbSession, email: str) -> Login | None:
    row = (await session.execute(sql("select * from auth_find_login(:email)"), {"email": email})).one_or_none()
    return Login(UserId(row.user_id), row.password_hash, row.display_name, row.has_totp) if row else None


async def insert_user(session: DbSession, user: User) -> bool:
    """Write a user; return False when the e-mail address has one already."""
    done = await session.execute(
        sql(
            "insert into users (id, email, display_name, role, state, is_demo, created_at) "
            "values (:id, :email, :name, :role, :state, :demo, :at) on conflict (email) do nothing returning 1"
        ),
        {
            "id": user.id,
            "email": user.email,
            "name": user.display_name,
            "role": user.role,
            "state": user.state,
            "demo": user.is_demo,
            "at": user.created_at,
        },
    )
    return done.first() is not None


async def find_user(session: DbSession, user_id: UserId) -> User | None:
    row = (
        await session.execute(
            sql(
                "select id, email, display_name, role, state, is_demo, created_at, country, risk_tolerance, experience "
                "from users where id = :id"
            ),
            {"id": user_id},
        )
    ).one_or_none()
    return to_user(row) if row else None


async def update_profile(session: DbSession, user_id: UserId, changes: dict[str, str | None]) -> None:
    """Change the columns that a user may change; `changes` has only declared names."""
    columns = [c for c in ("display_name", "country", "risk_tolerance", "experience") if c in changes]
    if columns:
        await session.execute(
            sql(f"update users set {', '.join(f'{c} = :{c}' for c in columns)} where id = :id"),
            {"id": user_id, **{c: changes[c] for c in columns}},
        )


async def save_password(session: DbSession, user_id: UserId, password_hash: str, at: datetime) -> None:
    await session.execute(
        sql(
            "insert into password_credentials (user_id, hash, changed_at) values (:user, :hash, :at) "
            "on conflict (user_id) do update set hash = excluded.hash, changed_at = excluded.changed_at"
        ),
        {"user": user_id, "hash": password_hash, "at": at},
    )


async def find_password(session: DbSession, user_id: UserId) -> str | None:
    return (
        await session.execute(sql("select hash from password_credentials where user_id = :user"), {"user": user_id})
    ).scalar()


async def find_session(session: DbSession, token_hash: bytes, at: datetime) -> Row | None:
    return (
        await session.execute(sql("select * from auth_find_session(:hash, :at)"), {"hash": token_hash, "at": at})
    ).one_or_none()


async def find_access_token(session: DbSession, token_hash: bytes, at: datetime) -> Row | None:
    return (
        await session.execute(sql("select * from auth_find_access_token(:hash, :at)"), {"hash": token_hash, "at": at})
    ).one_or_none()


async def find_api_key(session: DbSession, token_hash: bytes, at: datetime) -> Row | None:
    return (
        await session.execute(sql("select * from auth_find_api_key(:hash, :at)"), {"hash": token_hash, "at": at})
    ).one_or_none()


async def touch_session(session: DbSession, session_id: UUID, at: datetime) -> None:
    await session.execute(
        sql("update sessions set last_seen_at = :at where id = :id and last_seen_at < :at"),
        {"id": session_id, "at": at},
    )


async def touch_api_key(session: DbSession, api_key_id: UUID, at: datetime) -> None:
    await session.execute(sql("update api_keys set last_used_at = :at where id = :id"), {"id": api_key_id, "at": at})


async def is_trading_allowed(session: DbSession, user_id: UserId) -> bool:
    return (
        await session.execute(sql("select 1 from identity_trading_users where user_id = :user"), {"user": user_id})
    ).first() is not None


async def list_trading_allowed(session: DbSession, user_ids: Sequence[UserId]) -> set[UserId]:
    rows = await session.execute(
        sql("select user_id from identity_trading_users where user_id = any(:users)"), {"users": list(user_ids)}
    )
    return {UserId(row.user_id) for row in rows}
