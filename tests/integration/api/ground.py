"""What the tests of the whole API stand on: the application, its document, people and the things they own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher
from fastapi import FastAPI

from tests.integration.api.surface import API, Operation, read_operations
from tradsy.domain.ids import UserId
from tradsy.entrypoints.http import create_app
from tradsy.entrypoints.streams import build_gateway
from tradsy.identity import api_keys, service
from tradsy.identity.limits import DEFAULT_RATES, Rate, RateLimiter
from tradsy.identity.model import Role, Scope
from tradsy.identity.passwords import PasswordPool
from tradsy.identity.runtime import Identity
from tradsy.platform.clock import Clock
from tradsy.platform.db import sql
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.product import Product, Trader

PASSWORD = "kelp vantage 9 ochre"
_networks = count()


@dataclass(slots=True)
class Person:
    """A user who signs in, with everything that can be theirs."""

    trader: Trader
    email: str
    session: str
    """Their browser's session token."""
    ids: dict[str, str] = field(default_factory=dict[str, str])
    """Ids of what is theirs, by path parameter."""


@dataclass(slots=True)
class Ground:
    """One application, in this process: no socket between the test and every byte of the answer."""

    product: Product
    app: FastAPI
    document: dict[str, Any]
    operations: list[Operation]
    _keys: dict[tuple[UserId, tuple[Scope, ...]], str] = field(
        default_factory=dict[tuple[UserId, tuple[Scope, ...]], str]
    )

    @property
    def identity(self) -> Identity:
        return self.app.state.identity

    @property
    def clock(self) -> Clock:
        return self.product.container.clock

    def program(self, token: str | None = None) -> AsgiClient:
        """Return a program, with a bearer token when it has one."""
        return self._client({"authorization": f"Bearer {token}"} if token else {})

    def browser(self, session: str | None = None, *, own_page: bool = True) -> AsgiClient:
        """Return a browser; `own_page` sends what only our pages can."""
        site = self.product.container.settings.url
        client = self._client({"x-requested-with": "tradsy", "origin": site} if own_page else {})
        if session is not None:
            client.cookies["__Host-tradsy"] = session
        return client

    def _client(self, headers: dict[str, str]) -> AsgiClient:
        # Each from a network of its own, so that limits by address are those of one caller.
        number = next(_networks)
        address = f"10.{number >> 8 & 255}.{number & 255}.7"
        return AsgiClient(self.app, client=(address, 50000), headers=headers)

    async def key(self, user_id: UserId, scopes: Iterable[Scope]) -> str:
        """Return an API key with these scopes alone; there are not many to a user."""
        wanted = tuple(scopes)
        if (user_id, wanted) not in self._keys:
            async with self.product.container.database.as_user(user_id) as session:
                _, self._keys[user_id, wanted] = await api_keys.create_api_key(
                    session, user_id, Role.USER, name=uuid4().hex, scopes=wanted, at=self.clock.now()
                )
        return self._keys[user_id, wanted]

    async def sign_in(self, email: str) -> str:
        """Return the session token of a new browser session, proved a moment ago."""
        client = self.browser()
        answer = await client.post(f"{API}/auth/sign-in", json={"email": email, "password": PASSWORD})
        assert answer.status == 200, answer.text
        return client.cookies["__Host-tradsy"]

    async def admin(self) -> tuple[UserId, str]:
        """Return a new admin and their session."""
        user_id, email = service.new_user_id(), f"admin-{uuid4().hex[:8]}@example.com"
        hashed = await self.identity.passwords.hash(PASSWORD)
        async with self.product.container.database.as_engine() as session:
            await service.create_user(
                session, user_id=user_id, email=email, at=self.clock.now(), role=Role.ADMIN, password_hash=hashed
            )
        return user_id, await self.sign_in(email)

    async def person(self) -> Person:
        """Return a trader who can sign in and owns one of everything."""
        trader = await self.product.trader(follow={"mode": "approve"})
        hashed = await self.identity.passwords.hash(PASSWORD)
        email = f"u{trader.user_id.hex}@example.com"
        async with self.product.container.database.as_engine() as session:
            await session.execute(
                sql("insert into password_credentials (user_id, hash, changed_at) values (:user, :hash, :at)"),
                {"user": trader.user_id, "hash": hashed, "at": self.clock.now()},
            )
        made = Person(trader, email, await self.sign_in(email))
        await self._own_things(made)
        return made

    async def _own_things(self, person: Person) -> None:
        product, trader = self.product, person.trader
        browser = self.browser(person.session)
        sessions = (await browser.get(f"{API}/me/sessions")).json()
        await product.pin("ETH/USD", "2000.00", "2001.00")
        trace_id = await product.send(trader, ticker="ETHUSD", action="buy", quantity="0.5")

        async def plan() -> list[dict[str, Any]]:
            return (await product.call("GET", f"{API}/plans?state=pending", trader)).body["items"]

        async def order() -> list[dict[str, Any]]:
            return await product.orders(trader)

        (waiting,) = await product.until(plan, what="a waiting plan")
        for attempt in range(5):
            approved = await product.call("POST", f"{API}/plans/{waiting['id']}/approve", trader, json={})
            assert approved.status == 200, approved.body
            try:
                await product.until(order, what="an order", timeout=4)
                break
            except AssertionError:
                # On a starved machine risk runs out of its time and holds the plan, as it should.
                await product.call("POST", f"{API}/plans/{waiting['id']}/ignore", trader)
                trace_id = await product.send(trader, ticker="ETHUSD", action="buy", quantity=f"0.{attempt + 6}")
                (waiting,) = await product.until(plan, what="a waiting plan")
        await product.until_step(trader, trace_id, "filled")
        (placed,) = await product.orders(trader)
        await product.send(trader, ticker="ETHUSD", action="buy", quantity="0.25")
        (later,) = await product.until(plan, what="a second plan")
        keys = (await browser.get(f"{API}/me/api-keys")).json()
        person.ids = {
            "session_id": sessions["items"][0]["id"],
            "key_id": keys["items"][0]["id"],
            "user_id": str(trader.user_id),
            "source_id": str(trader.source_id),
            "signal_id": waiting["signal_id"],
            "follow_id": str(trader.follow_id),
            "plan_id": later["id"],
            "connection_id": str(trader.connection.id),
            "account_id": str(trader.account_id),
            "order_id": placed["id"],
            "trace_id": trace_id,
            "chain_id": str(trader.user_id),
        }


def unlimited(clock: Clock) -> RateLimiter:
    """Return limits that a test does not reach; the limits themselves have tests of their own."""
    return RateLimiter(clock, {kind: Rate(per_second=1e6, burst=1_000_000) for kind in DEFAULT_RATES})


@asynccontextmanager
async def open_ground(product: Product) -> AsyncGenerator[Ground]:
    """Compose the application as a process does, streams included."""
    gateway = build_gateway(product.container)
    app = create_app(product.container, gateway=gateway)
    identity: Identity = app.state.identity
    identity.limiter = unlimited(product.container.clock)
    # Real Argon2id, made cheap: what is tested is who passes, not how long it takes.
    identity.passwords.close()
    identity.passwords = PasswordPool(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    await gateway.start()
    document: dict[str, Any] = app.openapi()
    try:
        yield Ground(product, app, document, read_operations(document))
    finally:
        await gateway.stop()
        identity.close()


def idem() -> dict[str, str]:
    """Return a fresh Idempotency-Key header."""
    return {"idempotency-key": uuid4().hex}


def is_problem(answer: AsgiAnswer) -> bool:
    """Whether an answer has the one shape of errors."""
    if answer.headers.get("content-type") != "application/problem+json":
        return False
    body = answer.json()
    return body["status"] == answer.status and {"type", "title", "status", "code", "detail"} <= set(body)
