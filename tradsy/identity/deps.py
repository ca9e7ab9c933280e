"""What request handlers ask identity for.

`CallerDep` (401 without a credential), `Depends(require("trade"))`, `Depends(require_role(Role.ADMIN))`, `StepUpDep`,
`PersonDep` (no API key), `ConsentedCallerDep`, `UserSession` (the caller's transaction).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import cache
from typing import Annotated, cast

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection, Request

from tradsy.domain.errors import Forbidden, Unauthenticated
from tradsy.identity import repository
from tradsy.identity.errors import ConsentRequired, InteractiveOnly, StepUpRequired
from tradsy.identity.guard import check_same_site
from tradsy.identity.model import Caller, CallerKind, Role
from tradsy.identity.runtime import Identity, build_identity
from tradsy.platform.db import DbSession
from tradsy.platform.deps import ClockDep, DatabaseDep, OutboxDep
from tradsy.platform.keyring import KeyRing
from tradsy.platform.outbox import emitted
from tradsy.platform.vault import Vault
from tradsy.platform.web import bind_claim

SESSION_COOKIE = "__Host-tradsy"


def get_identity(connection: HTTPConnection) -> Identity:
    """Return the process's identity services (`runtime.install`)."""
    return cast("Identity", connection.app.state.identity)


async def provide_identity(connection: HTTPConnection) -> Identity:
    """Return the same to a handler; a plain function would cost each request a hop to a thread."""
    return get_identity(connection)


IdentityDep = Annotated[Identity, Depends(provide_identity)]


def read_bearer(connection: HTTPConnection) -> str | None:
    """Return the bearer token of the Authorization header."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value else None


async def find_caller(connection: HTTPConnection, identity: Identity) -> Caller | None:
    """Return who is calling; an Authorization header wins over a cookie, so that a bad one is never papered over."""
    if "authorization" in connection.headers:
        bearer = read_bearer(connection)
        return await identity.callers.find_bearer_caller(bearer) if bearer else None
    cookie = connection.cookies.get(SESSION_COOKIE)
    return await identity.callers.find_session_caller(cookie) if cookie else None


async def get_caller(request: Request, identity: IdentityDep) -> Caller:
    """Return who is calling.

    Raises:
        Unauthenticated: no credential, or none that is alive.
        CrossSiteRequest: a cookie came with a changing request of another site.
        Limited: the caller asks too often.
    """
    caller = await prove_caller(request, identity)
    identity.limiter.check("api", str(caller.user_id))
    return caller


CallerDep = Annotated[Caller, Depends(get_caller)]


async def prove_caller(request: Request, identity: Identity) -> Caller:
    """Return who is calling, or raise what a route raises for a caller without a valid credential."""
    caller = await find_caller(request, identity)
    if caller is None:
        raise Unauthenticated
    if caller.kind is CallerKind.SESSION:
        check_same_site(request, identity.site_url)
    return caller


async def idempotency_caller(request: Request) -> str:
    """Return whom an Idempotency-Key belongs to: the person or key, whatever their token is at the moment."""
    return (await prove_caller(request, get_identity(request))).actor


def install(app: FastAPI) -> Identity:
    """Build identity from what `app.state` holds (settings, installation, database, clock, vault) and put it there."""
    state = app.state
    vault = getattr(state, "vault", None) or Vault(KeyRing(state.installation, state.clock), state.clock)
    state.identity = build_identity(state.settings, state.installation, state.database, state.clock, vault)
    state.idempotency_caller = idempotency_caller
    return state.identity


@cache
def require(scope: str) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that lets callers with `scope` through (403 for others)."""

    async def check(caller: CallerDep) -> Caller:
        if not caller.can(scope):
            raise Forbidden(f"The credential lacks the scope {scope}.", scope=scope)
        return caller

    return check


@cache
def require_role(*roles: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that lets signed-in people of these roles through (403 for others and for API keys)."""

    async def check(caller: PersonDep) -> Caller:
        if caller.role not in roles:
            raise Forbidden
        return caller

    return check


async def get_person(caller: CallerDep) -> Caller:
    """Return a caller who signed in with a password, not with an API key."""
    if caller.kind is CallerKind.API_KEY:
        raise InteractiveOnly
    return caller


PersonDep = Annotated[Caller, Depends(get_person)]


async def get_stepped_up(caller: PersonDep, clock: ClockDep) -> Caller:
    """Return a caller who proved themselves within the last five minutes."""
    if not caller.is_stepped_up(clock.now()):
        raise StepUpRequired
    return caller


StepUpDep = Annotated[Caller, Depends(get_stepped_up)]


async def get_user_session(
    connection: HTTPConnection, caller: CallerDep, database: DatabaseDep, outbox: OutboxDep
) -> AsyncGenerator[DbSession]:
    """Yield the caller's transaction; it commits before the answer leaves, then its events are handed over.

    An Idempotency-Key commits with it, so that no crash lets the same request act again.
    """
    async with database.as_user(caller.user_id) as session:
        yield session
        await bind_claim(connection, session)
    outbox.hand_over(emitted(session))


UserSession = Annotated[DbSession, Depends(get_user_session, scope="function")]


async def get_consented(caller: CallerDep, session: UserSession) -> Caller:
    """Return a caller who accepted the current disclaimer and terms."""
    if not await repository.is_trading_allowed(session, caller.user_id):
        raise ConsentRequired
    return caller


ConsentedCallerDep = Annotated[Caller, Depends(get_consented, scope="function")]
