"""The first admin: made through a one-time link that is printed at start while there is none."""

from __future__ import annotations

from datetime import datetime, timedelta

from tradsy.identity import repository, service, tokens
from tradsy.identity.authentication import AuthContext
from tradsy.identity.emails import normalize_email
from tradsy.identity.errors import EmailTaken, LinkInvalid
from tradsy.identity.model import SessionId, User
from tradsy.identity.passwords import check_password
from tradsy.identity.records import announce, entry, record, system_entry
from tradsy.identity.sessions import open_browser_session
from tradsy.platform.db import DbSession, sql
from tradsy.platform.logging import register_secret
from tradsy.platform.outbox import emitted

LINK_LIFE = timedelta(hours=24)


async def ensure_setup_link(session: DbSession, *, site_url: str, at: datetime) -> str | None:
    """Return a fresh link for the first admin, in an engine transaction at start; None once there is an admin.

    Older links die: the one that was printed last works. It is for the terminal, never for a log.
    """
    if (await session.execute(sql("select 1 from users where role = 'admin' limit 1"))).first() is not None:
        return None
    token = tokens.new_token(tokens.SETUP)
    register_secret(token)
    await session.execute(sql("delete from setup_links where used_at is null"))
    await session.execute(
        sql("insert into setup_links (token_hash, created_at, expires_at) values (:hash, :at, :expires)"),
        {"hash": tokens.hash_secret(token), "at": at, "expires": at + LINK_LIFE},
    )
    made = system_entry("setup.link_made", actor="engine", subject="installation")
    await record(session, [made], at=at)
    return f"{site_url}/setup/{token}"


async def check_setup_link(context: AuthContext, token: str) -> None:
    """Raise unless the link works.

    Raises:
        LinkInvalid: unknown, used or expired, or there is an admin already.
        Limited: too many attempts from this network.
    """
    context.identity.limiter.check("login", context.network)
    async with context.database.as_anonymous() as session:
        works = await session.execute(
            sql("select auth_setup_link_works(:hash, :at)"),
            {"hash": tokens.hash_secret(token), "at": context.clock.now()},
        )
    if not works.scalar_one():
        raise LinkInvalid
    context.identity.limiter.refund("login", context.network)


async def create_first_admin(
    context: AuthContext, token: str, email: str, password: str, display_name: str
) -> tuple[User, SessionId, str]:
    """Use the link: create the admin and sign them in; return the session with its cookie's token.

    Raises:
        LinkInvalid: see `check_setup_link`.
        Invalid: the address is none.
        WeakPassword: the password may not be chosen; the link stays usable.
        EmailTaken: a user has this address; the link stays usable.
    """
    await check_setup_link(context, token)
    address, now = normalize_email(email), context.clock.now()
    password_hash = await context.identity.passwords.hash(check_password(password, [address, display_name]))
    user_id = service.new_user_id()
    async with context.database.as_user(user_id) as session:
        create = sql("select auth_create_first_admin(:hash, :id, :email, :name, :at)")
        values = {
            "hash": tokens.hash_secret(token),
            "id": user_id,
            "email": address,
            "name": display_name or address.partition("@")[0],
            "at": now,
        }
        if await _find_taken(session, address):
            raise EmailTaken
        if not (await session.execute(create, values)).scalar_one():
            raise LinkInvalid
        await repository.save_password(session, user_id, password_hash, now)
        user = await service.get_user(session, user_id)
        session_id, cookie = await open_browser_session(
            session, user_id, context.origin, at=now, lifetime=context.settings.session_absolute
        )
        await announce(session, "users.created", {"role": user.role, "is_demo": False}, at=now, user_id=user_id)
        made = [
            entry(user_id, "user.created", role=user.role, is_demo=False),
            entry(user_id, "auth.signed_in", subject=f"session:{session_id}", kind="browser"),
            system_entry("setup.first_admin", actor=f"user:{user_id}", subject=f"user:{user_id}"),
        ]
        await record(session, made, at=now)
    context.outbox.hand_over(emitted(session))
    return user, session_id, cookie


async def _find_taken(session: DbSession, email: str) -> bool:
    """Return whether an active account has the address; only the holder of the link learns it."""
    return await repository.find_login(session, email) is not None
