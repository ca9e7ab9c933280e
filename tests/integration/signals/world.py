"""A small product for tests of intake and follows: the routers over a real database, users, accounts, keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI

from tradsy.domain.ids import AccountId, SourceId, UserId
from tradsy.follows import endpoints as follow_endpoints
from tradsy.follows.management import create_follow
from tradsy.follows.schemas import FollowSettings
from tradsy.identity import service as identity_service
from tradsy.identity.api_keys import create_api_key
from tradsy.identity.model import Role, Scope
from tradsy.identity.runtime import build_identity
from tradsy.platform.bus import Bus
from tradsy.platform.clock import FrozenClock
from tradsy.platform.db import Database, sql
from tradsy.platform.ids import new_id
from tradsy.platform.keyring import KeyRing
from tradsy.platform.outbox import Event, OutboxPublisher
from tradsy.platform.settings import Settings
from tradsy.platform.vault import Vault
from tradsy.platform.web import install_web
from tradsy.signals import endpoints, hooks
from tradsy.signals.model import SourceKind, Visibility
from tradsy.signals.service import create_source
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.engines import TestEngines

NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
"""A Friday, 12:00 in New York."""
ALL_SCOPES = (Scope.READ, Scope.TRADE, Scope.SIGNALS_WRITE)
ORDER = {"symbol": "AAPL", "side": "buy", "quantity": "10", "type": "market"}
_numbers = count(1)


@dataclass(slots=True)
class Person:
    """A user with one account and one API key."""

    user_id: UserId
    account_id: AccountId
    key: str


@dataclass(slots=True)
class SourceAt:
    """A source and where to post to it."""

    id: SourceId
    name: str
    path: str
    body_secret: str | None


@dataclass(slots=True)
class World:
    """One application over one database; the clock stands still."""

    database: Database
    app: FastAPI
    clock: FrozenClock
    events: list[Event] = field(default_factory=list[Event])

    def client(self, person: Person | None = None, **headers: str) -> AsgiClient:
        sent = {"authorization": f"Bearer {person.key}"} if person else {}
        return AsgiClient(self.app, headers={**sent, **headers})

    async def person(
        self, *, partition: int = 0, consented: bool = True, scopes: Iterable[Scope] = ALL_SCOPES
    ) -> Person:
        user_id = identity_service.new_user_id()
        email = f"user{next(_numbers)}-{uuid4().hex[:6]}@example.com"
        async with self.database.as_engine() as session:
            await identity_service.create_user(session, user_id=user_id, email=email, at=self.clock.now())
        if consented:
            await self.consent(user_id)
        return Person(user_id, await self.account(user_id, partition), await self.key(user_id, scopes))

    async def key(self, user_id: UserId, scopes: Iterable[Scope]) -> str:
        async with self.database.as_user(user_id) as session:
            _, key = await create_api_key(
                session, user_id, Role.USER, name=uuid4().hex, scopes=list(scopes), at=self.clock.now()
            )
        return key

    async def consent(self, user_id: UserId) -> None:
        await self.execute(
            "insert into legal_documents (document, version, published_at) values ('disclaimer', 'v1', now()), "
            "('terms', 'v1', now()) on conflict do nothing"
        )
        await self.execute(
            "update users set disclaimer_version = 'v1', terms_version = 'v1' where id = :id", id=user_id
        )

    async def account(self, user_id: UserId, partition: int = 0) -> AccountId:
        account, connection, at = new_id(), new_id(), self.clock.now()
        await self.execute(
            "insert into connections (id, user_id, venue, label, environment, partition, idempotency, state, "
            "created_at, updated_at) values (:c, :u, 'sim', 'Paper', 'paper', :p, 'A', 'active', :at, :at)",
            c=connection,
            u=user_id,
            p=partition,
            at=at,
        )
        await self.execute(
            "insert into accounts (id, user_id, connection_id, venue, venue_account_id, label, partition, is_paper, "
            "state, created_at) values (:a, :u, :c, 'sim', 'S1', 'Paper', :p, true, 'active', :at)",
            a=account,
            u=user_id,
            c=connection,
            p=partition,
            at=at,
        )
        return AccountId(account)

    async def source(
        self,
        owner: Person,
        *,
        kind: SourceKind = SourceKind.TRADINGVIEW,
        visibility: Visibility = Visibility.PRIVATE,
        with_body_secret: bool = False,
    ) -> SourceAt:
        name = f"source {next(_numbers)}"
        async with self.database.as_user(owner.user_id) as session:
            made = await create_source(
                session,
                user_id=owner.user_id,
                name=name,
                kind=kind,
                at=self.clock.now(),
                actor="test",
                visibility=visibility,
                with_body_secret=with_body_secret,
            )
        return SourceAt(made.id, name, f"/hooks/tradingview/{made.hook_token}", made.body_secret)

    async def follow(self, person: Person, source: SourceAt, **changes: Any) -> UUID:
        settings = FollowSettings.model_validate(
            {"sizing_mode": "fixed_quantity", "sizing_value": "1", "mode": "auto", **changes}
        )
        async with self.database.as_user(person.user_id) as session:
            return await create_follow(
                session,
                user_id=person.user_id,
                source_id=source.id,
                account_id=person.account_id,
                settings=settings,
                at=self.clock.now(),
                actor="test",
            )

    async def post(self, source: SourceAt, message: Any) -> AsgiAnswer:
        """Post a webhook: text as it is, everything else as JSON."""
        self.advance(1)
        client = self.client()
        if isinstance(message, str | bytes):
            body = message.encode() if isinstance(message, str) else message
            return await client.post(source.path, content=body, headers={"content-type": "text/plain"})
        return await client.post(source.path, json=message)

    async def send(self, person: Person, body: Any, *, key: str | None = None) -> AsgiAnswer:
        """Send a native signal."""
        self.advance(1)
        return await self.client(person).post(
            "/api/v1/signals", json=body, headers={"idempotency-key": key or uuid4().hex}
        )

    def advance(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def execute(self, statement: str, **arguments: Any) -> None:
        async with self.database.as_engine() as session:
            await session.execute(sql(statement), arguments)

    async def rows(self, query: str, **arguments: Any) -> list[dict[str, Any]]:
        async with self.database.as_engine() as session:
            return [{str(k): v for k, v in row.items()} for row in (await session.execute(sql(query), arguments))]

    async def row(self, query: str, **arguments: Any) -> dict[str, Any]:
        (found,) = await self.rows(query, **arguments)
        return found

    async def signal(self, answer: AsgiAnswer) -> dict[str, Any]:
        return await self.row("select * from signals where id = :id", id=UUID(answer.json()["signal_id"]))

    async def plans(self, answer: AsgiAnswer) -> list[dict[str, Any]]:
        return await self.rows(
            "select * from plans where signal_id = :id order by account_id", id=UUID(answer.json()["signal_id"])
        )

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]


def make_world(database: Database, engines: TestEngines, **changes: Any) -> World:
    settings = Settings(data_dir=engines.installation.root, **changes)
    clock = FrozenClock(NOON)
    app = FastAPI()
    app.state.settings = settings
    app.state.installation = engines.installation
    app.state.database = database
    app.state.clock = clock
    app.state.bus = Bus("nats://127.0.0.1:1")
    app.state.outbox = OutboxPublisher(database, app.state.bus, clock)
    app.state.vault = Vault(KeyRing(engines.installation, clock), clock)
    app.state.identity = build_identity(settings, engines.installation, database, clock, app.state.vault)
    app.include_router(endpoints.router, prefix="/api/v1")
    app.include_router(follow_endpoints.router, prefix="/api/v1")
    app.include_router(hooks.router)
    install_web(app, settings)
    world = World(database, app, clock)
    app.state.outbox.listen(world.events.append)
    return world
