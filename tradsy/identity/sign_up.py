"""New accounts, forgotten and changed passwords.

An account exists only after its address is confirmed, and confirming asks for the password that was chosen: whoever
signs up with a foreign address cannot have its owner finish the job for them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tradsy.domain.errors import Limited
from tradsy.domain.ids import UserId
from tradsy.identity import mails, repository, service, throttle, tokens
from tradsy.identity.authentication import AuthContext
from tradsy.identity.emails import fold_email, normalize_email
from tradsy.identity.errors import EmailTaken, InvalidCredentials, LinkInvalid
from tradsy.identity.model import SessionId, User
from tradsy.identity.passwords import check_password
from tradsy.identity.records import entry, record, system_entry
from tradsy.identity.sessions import open_browser_session, revoke_sessions
from tradsy.platform.db import DbSession, sql
from tradsy.platform.logging import register_secret
from tradsy.platform.outbox import emitted

SIGNUP_LIFE = timedelta(hours=24)
RESET_LIFE = timedelta(minutes=30)


async def sign_up(context: AuthContext, email: str, password: str, display_name: str) -> None:
    """Take a sign-up and mail the link that finishes it; the same for known and unknown addresses.

    Raises:
        Invalid: the address is none.
        WeakPassword: the password may not be chosen.
        Limited: too many attempts from this network.
    """
    context.identity.limiter.check("login", context.network)
    address, now = normalize_email(email), context.clock.now()
    normal = check_password(password, [address, display_name])
    password_hash = await context.identity.passwords.hash(normal)
    token = _new_token(tokens.SIGNUP)
    async with context.database.as_anonymous() as session:
        known = await repository.find_login(session, address)
        await _insert_signup(session, context, token, address, display_name, password_hash)
        rendered = (
            mails.render_known_address(context.identity.site_url)
            if known
            else mails.render_confirmation(context.identity.site_url, token)
        )
        if _mail_allowed(context, address):
            await mails.request_mail(session, context.identity.vault, address, rendered, at=now)
        requested = system_entry("user.sign_up_requested", actor="anonymous", subject="user:unknown")
        await record(session, [requested], at=now)
    context.outbox.hand_over(emitted(session))


async def _insert_signup(
    session: DbSession, context: AuthContext, token: str, email: str, display_name: str, password_hash: str
) -> None:
    now = context.clock.now()
    await session.execute(
        sql(
            "insert into signups (token_hash, email, display_name, password_hash, created_at, expires_at) "
            "values (:token, :email, :name, :hash, :at, :expires)"
        ),
        {
            "token": tokens.hash_secret(token),
            "email": email,
            "name": display_name,
            "hash": password_hash,
            "at": now,
            "expires": now + SIGNUP_LIFE,
        },
    )


async def verify(context: AuthContext, token: str, password: str) -> tuple[User, SessionId, str]:
    """Finish a sign-up: create the user and a browser session; return it with its cookie's token.

    Raises:
        LinkInvalid: the token is unknown, used or expired, or the address has an account by now.
        InvalidCredentials: the password is not the one of this sign-up.
        Limited: too many attempts.
    """
    context.identity.limiter.check("login", context.network)
    now, token_hash = context.clock.now(), tokens.hash_secret(token)
    key = tokens.keyed_hash(context.identity.hash_key, "signup", token)
    async with context.database.as_anonymous() as session:
        await throttle.reserve(session, key, at=now)
        query = sql("select * from auth_find_signup(:hash, :at)")
        row = (await session.execute(query, {"hash": token_hash, "at": now})).one_or_none()
    matches = await context.identity.passwords.verify(row.password_hash if row else None, password)
    if row is None:
        raise LinkInvalid
    if not matches:
        raise InvalidCredentials("The password is not the one of this sign-up.")
    user_id = service.new_user_id()
    async with context.database.as_user(user_id) as session:
        take = sql("select auth_take_signup(:hash, :at)")
        if not (await session.execute(take, {"hash": token_hash, "at": now})).scalar_one():
            raise LinkInvalid
        try:
            user = await service.insert_user(
                session,
                user_id=user_id,
                email=row.email,
                at=now,
                display_name=row.display_name,
                password_hash=row.password_hash,
            )
        except EmailTaken:
            raise LinkInvalid from None
        session_id, cookie = await open_browser_session(
            session, user_id, context.origin, at=now, lifetime=context.settings.session_absolute
        )
        await throttle.clear(session, key)
        made = [
            entry(user_id, "user.created", role=user.role, is_demo=False),
            entry(user_id, "auth.signed_in", subject=f"session:{session_id}", kind="browser"),
        ]
        await record(session, made, at=now)
    context.identity.limiter.refund("login", context.network)
    context.outbox.hand_over(emitted(session))
    return user, session_id, cookie


async def request_reset(context: AuthContext, email: str) -> None:
    """Mail a link to choose a new password; the answer does not tell whether an account exists.

    Raises:
        Limited: too many attempts from this network.
    """
    context.identity.limiter.check("login", context.network)
    address, now = fold_email(email), context.clock.now()
    token = _new_token(tokens.RESET)
    async with context.database.as_anonymous() as session:
        login = await repository.find_login(session, address)
    if not _mail_allowed(context, address):
        return
    if login is None:
        async with context.database.as_anonymous() as session:
            await mails.request_mail(session, context.identity.vault, address, mails.render_unknown_address(), at=now)
            asked = system_entry("auth.reset_requested", actor="anonymous", subject="user:unknown")
            await record(session, [asked], at=now)
    else:
        async with context.database.as_user(login.user_id) as session:
            await session.execute(
                sql(
                    "insert into one_time_tokens (token_hash, user_id, purpose, created_at, expires_at) "
                    "values (:hash, :user, 'reset_password', :at, :expires)"
                ),
                {
                    "hash": tokens.hash_secret(token),
                    "user": login.user_id,
                    "at": now,
                    "expires": now + RESET_LIFE,
                },
            )
            rendered = mails.render_reset(context.identity.site_url, token)
            await mails.request_mail(session, context.identity.vault, address, rendered, at=now, user_id=login.user_id)
            await record(session, [entry(login.user_id, "auth.reset_requested", actor="anonymous")], at=now)
    context.outbox.hand_over(emitted(session))


async def reset_password(context: AuthContext, token: str, password: str) -> None:
    """Set a new password by a mailed link. Ends every session, and signs nobody in: the second factor still stands.

    Raises:
        LinkInvalid: the token is unknown, used or expired.
        WeakPassword: the password may not be chosen; the link stays usable.
        Limited: too many attempts from this network.
    """
    context.identity.limiter.check("login", context.network)
    now, token_hash = context.clock.now(), tokens.hash_secret(token)
    async with context.database.as_anonymous() as session:
        query = sql("select * from auth_find_one_time_token(:hash, 'reset_password', :at)")
        row = (await session.execute(query, {"hash": token_hash, "at": now})).one_or_none()
    if row is None:
        raise LinkInvalid
    user_id = UserId(row.user_id)
    normal = check_password(password, [row.email, row.display_name])
    password_hash = await context.identity.passwords.hash(normal)
    async with context.database.as_user(user_id) as session:
        # One use spends every link that is under way.
        spend = sql(
            "update one_time_tokens set used_at = :at where user_id = :user and used_at is null "
            "returning token_hash = :hash as is_this"
        )
        spent = (await session.execute(spend, {"user": user_id, "hash": token_hash, "at": now})).all()
        if not any(each.is_this for each in spent):
            raise LinkInvalid
        await _save_and_end(context, session, user_id, row.email, password_hash, None)
        await record(session, [entry(user_id, "auth.password_reset")], at=now)
    context.identity.callers.forget_user(user_id)
    context.identity.limiter.refund("login", context.network)
    context.outbox.hand_over(emitted(session))


async def change_password(context: AuthContext, user_id: UserId, keep: SessionId | None, password: str) -> None:
    """Set a new password for somebody who has just proved themselves; ends their other sessions.

    Raises:
        WeakPassword: the password may not be chosen.
    """
    now = context.clock.now()
    async with context.database.as_user(user_id) as session:
        user = await service.get_user(session, user_id)
    password_hash = await context.identity.passwords.hash(check_password(password, [user.email, user.display_name]))
    async with context.database.as_user(user_id) as session:
        await _save_and_end(context, session, user_id, user.email, password_hash, keep)
        await record(session, [entry(user_id, "auth.password_changed")], at=now)
    context.identity.callers.forget_user(user_id)
    context.outbox.hand_over(emitted(session))


async def _save_and_end(
    context: AuthContext,
    session: DbSession,
    user_id: UserId,
    email: str,
    password_hash: str,
    keep: SessionId | None,
) -> None:
    now = context.clock.now()
    await repository.save_password(session, user_id, password_hash, now)
    await revoke_sessions(session, user_id, at=now, because="password_changed", keep=keep)
    await throttle.clear(session, throttle.throttle_key(context.identity.hash_key, email, None))
    notice = mails.render_notice("The password of your Tradsy account was changed.")
    await mails.request_mail(session, context.identity.vault, email, notice, at=now, user_id=user_id)


def _mail_allowed(context: AuthContext, email: str) -> bool:
    """Return whether one more mail may go to an address; a flood of requests must not fill somebody's mailbox."""
    try:
        context.identity.limiter.check("mails", email)
    except Limited:
        return False
    return True


def _new_token(prefix: str) -> str:
    token = tokens.new_token(prefix)
    register_secret(token)
    return token


async def purge_links(session: DbSession, *, at: datetime) -> int:
    """Delete sign-ups and mailed tokens that have run out, in an engine transaction; return how many."""
    gone = 0
    for table in ("signups", "one_time_tokens"):
        done = await session.execute(sql(f"delete from {table} where expires_at <= :at returning 1"), {"at": at})
        gone += len(done.all())
    return gone
