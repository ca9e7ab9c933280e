"""A small site with identity's routes, a browser and a program that call it, and a held clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Annotated, Any, cast
from uuid import uuid4

from argon2 import PasswordHasher
from fastapi import Depends, FastAPI

from tradsy.domain.ids import UserId
from tradsy.identity import deps, legal, mails, service
from tradsy.identity.api_keys import create_api_key
from tradsy.identity.deps import ConsentedCallerDep, require
from tradsy.identity.endpoints import router, setup_router
from tradsy.identity.model import Caller, Role, Scope
from tradsy.identity.passwords import PasswordPool
from tradsy.identity.runtime import Identity
from tradsy.platform.clock import FrozenClock
from tradsy.platform.db import Database, sql
from tradsy.platform.outbox import Event
from tradsy.platform.web import install_web
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.engines import TestEngines

PASSWORD = "kelp vantage 9 ochre"
SITE = "http://localhost:8321"


class HeldOutbox:
    """Keeps what was handed over after commits."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def hand_over(self, events: list[Event]) -> None:
        self.events.extend(events)

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]


_networks = count()


@dataclass(slots=True)
class Site:
    app: FastAPI
    database: Database
    clock: FrozenClock
    identity: Identity
    outbox: HeldOutbox

    def browser(self, address: str | None = None) -> AsgiClient:
        """Return a browser on one of our pages, in a network of its own unless told otherwise."""
        number = next(_networks)
        address = address or f"10.{number >> 8 & 255}.{number & 255}.7"
        return AsgiClient(
            self.app,
            client=(address, 50000),
            headers={"x-requested-with": "tradsy", "origin": SITE, "user-agent": "Browser/1"},
        )

    def program(self, token: str | None = None, address: str = "203.0.113.5") -> AsgiClient:
        """Return a program, with a bearer token when it has one."""
        headers = {"user-agent": "bot/1", **({"authorization": f"Bearer {token}"} if token else {})}
        return AsgiClient(self.app, client=(address, 50000), headers=headers)

    async def make_user(self, email: str | None = None, role: Role = Role.USER, password: str = PASSWORD) -> UserId:
        """Create a user who can sign in."""
        user_id = service.new_user_id()
        password_hash = await self.identity.passwords.hash(password)
        async with self.database.as_engine() as session:
            await service.create_user(
                session,
                user_id=user_id,
                email=email or f"{user_id.hex}@example.com",
                at=self.clock.now(),
                role=role,
                password_hash=password_hash,
            )
        return user_id

    async def email_of(self, user_id: UserId) -> str:
        async with self.database.as_engine() as session:
            return (await service.get_user(session, user_id)).email

    async def signed_in(self, role: Role = Role.USER) -> tuple[UserId, AsgiClient]:
        """Return a new user and their signed-in browser."""
        user_id = await self.make_user(role=role)
        browser = self.browser()
        answer = await sign_in(browser, await self.email_of(user_id))
        assert answer.status == 200, answer.text
        return user_id, browser

    async def key_of(self, user_id: UserId, *scopes: Scope, role: Role = Role.USER) -> str:
        async with self.database.as_user(user_id) as session:
            _, secret = await create_api_key(
                session, user_id, role, name="bot", scopes=scopes or (Scope.READ,), at=self.clock.now()
            )
        return secret

    async def last_mail(self, recipient: str) -> mails.Mail:
        async with self.database.as_engine() as session:
            found = await mails.list_mails(session, self.identity.vault, limit=100)
        return next(mail for mail in found if mail.recipient == recipient)

    async def audit_actions(self, chain: Any) -> list[str]:
        async with self.database.as_engine() as session:
            rows = await session.execute(
                sql("select action from audit_events where chain_id = :chain order by seq"), {"chain": chain}
            )
            return [row.action for row in rows]

    async def scalar(self, query: str, **values: Any) -> Any:
        async with self.database.as_engine() as session:
            return (await session.execute(sql(query), values)).scalar()


def idem() -> dict[str, str]:
    """Return a fresh Idempotency-Key header."""
    return {"idempotency-key": uuid4().hex}


async def sign_in(client: AsgiClient, email: str, password: str = PASSWORD, **more: str) -> AsgiAnswer:
    return await client.post("/api/v1/auth/sign-in", json={"email": email, "password": password, **more})


def _add_probe_routes(app: FastAPI) -> None:
    """Add routes that use the dependencies which other modules use."""

    @app.post("/api/v1/probe/trade")
    async def trade(caller: Annotated[Caller, Depends(require("trade"))]) -> dict[str, str]:
        return {"user_id": str(caller.user_id)}

    @app.post("/api/v1/probe/consented")
    async def consented(caller: ConsentedCallerDep) -> dict[str, str]:
        return {"user_id": str(caller.user_id)}


@asynccontextmanager
async def open_site(engines: TestEngines, database: Database) -> AsyncGenerator[Site]:
    """Yield the site on `database`."""
    app, clock, outbox = FastAPI(), FrozenClock(datetime(2026, 3, 2, 15, tzinfo=UTC)), HeldOutbox()
    state = app.state
    state.settings = engines.installation.settings
    state.installation = engines.installation
    state.database, state.clock, state.outbox = database, clock, outbox
    identity = deps.install(app)
    # Real Argon2id, made cheap: what is tested is when it runs, not how long.
    identity.passwords.close()
    identity.passwords = PasswordPool(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    install_web(app, state.settings)
    app.include_router(router, prefix="/api/v1")
    app.include_router(setup_router)
    _add_probe_routes(app)
    async with database.as_engine() as session:
        await legal.publish_documents(session, at=clock.now())
    try:
        yield Site(app, database, clock, identity, outbox)
    finally:
        identity.close()


def code_of(answer: AsgiAnswer) -> str:
    """Return the stable code of a problem."""
    return cast("dict[str, str]", answer.json())["code"]
