"""What admins do to users: see that they exist, disable them, set roles. No secret, no order, no trading row."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tradsy.domain.errors import Forbidden, NotFound
from tradsy.domain.ids import UserId
from tradsy.identity import repository
from tradsy.identity.authentication import AuthContext
from tradsy.identity.errors import LastAdmin
from tradsy.identity.model import Role, User, UserState
from tradsy.identity.records import announce, entry, record, system_entry
from tradsy.identity.sessions import revoke_sessions
from tradsy.platform.db import DbSession, IntegrityError, sql
from tradsy.platform.outbox import emitted


async def list_users(
    session: DbSession, admin_id: UserId, *, after: UUID | None, limit: int, query: str, at: datetime
) -> list[User]:
    """Return users in the order of their making, in the admin's own transaction; that they looked is recorded."""
    rows = await session.execute(
        sql("select * from admin_list_users(:admin, :after, :limit, :query)"),
        {"admin": admin_id, "after": after, "limit": limit, "query": query},
    )
    users = [repository.to_user(row) for row in rows]
    looked = system_entry("admin.users_listed", actor=f"user:{admin_id}", subject="users", count=len(users))
    await record(session, [looked], at=at)
    return users


async def get_user(session: DbSession, admin_id: UserId, user_id: UUID, *, at: datetime) -> User:
    """Return one user, in the admin's own transaction; that they looked is recorded.

    Raises:
        NotFound: there is none.
    """
    user = await _find(session, admin_id, user_id)
    looked = system_entry("admin.user_viewed", actor=f"user:{admin_id}", subject=f"user:{user_id}")
    await record(session, [looked], at=at)
    return user


async def _find(session: DbSession, admin_id: UserId, user_id: UUID) -> User:
    query = sql("select * from admin_find_user(:admin, :user)")
    row = (await session.execute(query, {"admin": admin_id, "user": user_id})).one_or_none()
    if row is None:
        raise NotFound
    return repository.to_user(row)


async def change_user(
    context: AuthContext,
    admin_id: UserId,
    user_id: UUID,
    *,
    role: Role | None = None,
    state: UserState | None = None,
) -> User:
    """Set a user's role or state. Disabling kills every session, token and key of the user within a second.

    Raises:
        NotFound: there is no such user.
        Forbidden: the admin is none any more.
        LastAdmin: nobody would be left to administer.
    """
    now = context.clock.now()
    async with context.database.as_user(admin_id) as session:
        before = await _find(session, admin_id, user_id)
        await apply_change(session, admin_id, before, role, state, now)
        # The admin is proved; what follows (sessions, the user's own chain) are rows of the user.
        await session.execute(sql("select set_config('app.user_id', :user, true)"), {"user": str(before.id)})
        if state is UserState.DISABLED or (role is not None and role is not before.role):
            await revoke_sessions(session, before.id, at=now, because="admin")
        data = {"role": role or before.role, "state": state or before.state}
        await announce(session, "users.changed", data, at=now, user_id=before.id)
        actor, subject = f"user:{admin_id}", f"user:{before.id}"
        changed = [
            entry(before.id, "user.changed", actor=actor, **data),
            system_entry("admin.user_changed", actor=actor, subject=subject, **data),
        ]
        await record(session, changed, at=now)
    context.identity.callers.forget_user(before.id)
    context.outbox.hand_over(emitted(session))
    async with context.database.as_user(admin_id) as session:
        return await _find(session, admin_id, user_id)


async def apply_change(
    session: DbSession, admin_id: UserId, user: User, role: Role | None, state: UserState | None, at: datetime
) -> None:
    """Write a user's new role or state, in the admin's transaction; the database proves the admin again.

    Raises:
        Forbidden: the admin is none any more.
        LastAdmin: nobody would be left to administer.
    """
    try:
        done = await session.execute(
            sql("select admin_change_user(:admin, :user, :role, :state, :at)"),
            {"admin": admin_id, "user": user.id, "role": role, "state": state, "at": at},
        )
    except IntegrityError as error:
        raise LastAdmin from error
    if not done.scalar_one():
        raise Forbidden
