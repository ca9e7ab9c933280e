"""What the routes of identity share: the context of a use case, and the cookies of a browser."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Response
from starlette.requests import Request

from tradsy.domain.errors import Unauthenticated
from tradsy.identity import mails, throttle
from tradsy.identity.authentication import AuthContext
from tradsy.identity.deps import SESSION_COOKIE, IdentityDep, PersonDep
from tradsy.identity.guard import check_json, check_same_site
from tradsy.identity.model import Caller, Origin, SessionId, User
from tradsy.platform.db import DbSession
from tradsy.platform.deps import ClockDep, DatabaseDep, OutboxDep, SettingsDep

DEVICE_COOKIE = "__Host-tradsy-device"
OPEN: dict[str, Any] = {"security": []}
"""Of routes that take no credential, for the OpenAPI document."""
_DEVICE_LIFE = 365 * 24 * 3600


async def get_context(
    request: Request,
    database: DatabaseDep,
    identity: IdentityDep,
    clock: ClockDep,
    outbox: OutboxDep,
    settings: SettingsDep,
) -> AuthContext:
    """Return what a use case of authentication works with."""
    origin = Origin(identity.addresses.read(request), request.headers.get("user-agent", ""))
    return AuthContext(database, identity, clock, outbox, settings, origin)


ContextDep = Annotated[AuthContext, Depends(get_context)]


async def require_own_page(request: Request, identity: IdentityDep) -> None:
    """Let only our own pages through: the route sets or uses a cookie."""
    check_same_site(request, identity.site_url)


async def require_json(request: Request) -> None:
    """Refuse bodies that are not declared as JSON."""
    check_json(request)


OWN_PAGE = Depends(require_own_page)
JSON_BODY = Depends(require_json)


async def get_session_id(caller: PersonDep) -> SessionId:
    """Return the session that the request came with."""
    if caller.session_id is None:
        raise Unauthenticated
    return caller.session_id


SessionIdDep = Annotated[SessionId, Depends(get_session_id)]


def set_session_cookie(response: Response, context: AuthContext, token: str) -> None:
    """Give the browser its session; a script cannot read it, another site cannot send it with a changing request."""
    lifetime = int(context.settings.session_absolute.total_seconds())
    response.set_cookie(SESSION_COOKIE, token, max_age=lifetime, path="/", secure=True, httponly=True, samesite="lax")


def set_device_cookie(response: Response, context: AuthContext, email: str) -> None:
    """Mark the browser as one in which this account signed in."""
    value = throttle.new_device(context.identity.hash_key, email)
    response.set_cookie(
        DEVICE_COOKIE, value, max_age=_DEVICE_LIFE, path="/", secure=True, httponly=True, samesite="lax"
    )


def clear_session_cookie(response: Response) -> None:
    """Take the session back, and whatever the pages stored in the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


async def notify(session: DbSession, context: AuthContext, user: User, what: str) -> None:
    """Mail the owner what was done to their account, in the transaction that does it."""
    rendered = mails.render_notice(what)
    await mails.request_mail(
        session, context.identity.vault, user.email, rendered, at=context.clock.now(), user_id=user.id
    )


def forget_credentials(request: Request, context: AuthContext, caller: Caller) -> None:
    """Ask the database again for everything of this user at their next request."""
    context.identity.callers.forget_user(caller.user_id)
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie:
        context.identity.callers.forget(cookie)
