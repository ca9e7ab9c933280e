"""The demo user: found and retired by the installation itself, in the engine's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tradsy.domain.ids import UserId
from tradsy.identity.model import UserState
from tradsy.identity.records import announce, entry, record
from tradsy.platform.db import DbSession, sql


@dataclass(frozen=True, slots=True)
class DemoUser:
    """The demo user, also when it was retired: then the demo is not made again."""

    id: UserId
    is_active: bool


async def find_demo_user(session: DbSession) -> DemoUser | None:
    """Return the newest demo user; None on an installation that never had one."""
    row = (
        await session.execute(sql("select id, state from users where is_demo order by id desc limit 1"))
    ).one_or_none()
    return DemoUser(UserId(row.id), row.state == UserState.ACTIVE) if row else None


async def retire_demo_user(session: DbSession, user_id: UserId, *, at: datetime, actor: str) -> None:
    """Disable a demo user and end its keys; nobody else can be retired this way."""
    done = await session.execute(
        sql("update users set state = 'disabled' where id = :id and is_demo and state = 'active' returning id"),
        {"id": user_id},
    )
    if done.one_or_none() is None:
        return
    await session.execute(
        sql("update api_keys set revoked_at = :at where user_id = :id and revoked_at is null"),
        {"id": user_id, "at": at},
    )
    data = {"state": str(UserState.DISABLED)}
    await announce(session, "users.changed", data, at=at, user_id=user_id)
    await record(session, [entry(user_id, "user.changed", actor=actor, **data)], at=at)
