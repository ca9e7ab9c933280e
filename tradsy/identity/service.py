"""What other modules ask identity for: users and whether their orders may go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradsy.domain.errors import NotFound
from tradsy.domain.ids import UserId
from tradsy.identity import repository
from tradsy.identity.emails import normalize_email
from tradsy.identity.errors import EmailTaken
from tradsy.identity.model import Role, User, UserState
from tradsy.identity.records import announce, entry, record
from tradsy.platform.db import DbSession
from tradsy.platform.ids import new_id


async def create_user(
    session: DbSession,
    *,
    user_id: UserId,
    email: str,
    at: datetime,
    display_name: str = "",
    password_hash: str | None = None,
    role: Role = Role.USER,
    is_demo: bool = False,
    actor: str | None = None,
) -> User:
    """Create a user in a transaction of that very user (`as_user(user_id)`) or of the engine, and record it.

    Only the engine role may give another role than `user` or create a demo user; without a password nobody can
    sign in as them.

    Raises:
        EmailTaken: the address belongs to somebody.
    """
    user = await insert_user(
        session,
        user_id=user_id,
        email=email,
        at=at,
        display_name=display_name,
        password_hash=password_hash,
        role=role,
        is_demo=is_demo,
    )
    await record(session, [entry(user_id, "user.created", actor=actor, role=role, is_demo=is_demo)], at=at)
    return user


async def insert_user(
    session: DbSession,
    *,
    user_id: UserId,
    email: str,
    at: datetime,
    display_name: str = "",
    password_hash: str | None = None,
    role: Role = Role.USER,
    is_demo: bool = False,
) -> User:
    """Create a user without an audit entry, for a use case that records it together with what follows.

    Raises:
        EmailTaken: the address belongs to somebody.
    """
    address = normalize_email(email)
    user = User(user_id, address, display_name or address.partition("@")[0], role, UserState.ACTIVE, is_demo, at)
    if not await repository.insert_user(session, user):
        raise EmailTaken
    if password_hash is not None:
        await repository.save_password(session, user_id, password_hash, at)
    await announce(session, "users.created", {"role": role, "is_demo": is_demo}, at=at, user_id=user_id)
    return user


def new_user_id() -> UserId:
    """Return an id for a user to be created."""
    return UserId(new_id())


async def get_user(session: DbSession, user_id: UserId) -> User:
    """Return a user that the session may see.

    Raises:
        NotFound: there is none.
    """
    user = await repository.find_user(session, user_id)
    if user is None:
        raise NotFound
    return user


async def is_trading_allowed(session: DbSession, user_id: UserId) -> bool:
    """Return whether a user is active and accepted the current disclaimer and terms."""
    return await repository.is_trading_allowed(session, user_id)


async def list_consented(session: DbSession, user_ids: Sequence[UserId]) -> set[UserId]:
    """Return those of `user_ids` whose orders may go out: active, current texts accepted."""
    return await repository.list_trading_allowed(session, user_ids)
