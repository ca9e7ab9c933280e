"""A served application with realtime, and clients that speak to it over sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import uvicorn
from fastapi import FastAPI

from tradsy.domain.ids import UserId
from tradsy.identity import service as identity_service
from tradsy.identity.model import Origin
from tradsy.identity.runtime import build_identity
from tradsy.identity.sessions import TokenPair, open_program_session, revoke_session
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.bus import Bus
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database, DbSession
from tradsy.platform.ids import new_id
from tradsy.platform.keyring import KeyRing
from tradsy.platform.outbox import OutboxPublisher, emit, new_event
from tradsy.platform.vault import Vault
from tradsy.platform.web import install_web
from tradsy.realtime.endpoints import router, socket_router
from tradsy.realtime.gateway import RealtimeGateway
from tradsy.realtime.snapshots import base_snapshots
from tradsy.testing.engines import TestEngines

PATIENCE = 10.0


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@dataclass
class Person:
    """Somebody signed in."""

    user_id: UserId
    pair: TokenPair

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.pair.access_token}"}


class Client:
    """One open websocket and every frame it has received."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        """Return the next frame that is no heartbeat."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE)
            assert message.type is aiohttp.WSMsgType.TEXT, (message, self.socket.close_code)
            frame = orjson.loads(message.data)
            self.frames.append(frame)
            assert frame["seq"] == len(self.frames)
            if frame["type"] != "heartbeat":
                return frame

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(frame := await self.next()):
            pass
        return frame

    async def events(self, count: int) -> list[str]:
        """Return the numbers of the next `count` events of ours; identity tells of sign-outs, too."""
        found: list[str] = []
        while len(found) < count:
            frame = await self.next()
            if frame["type"] == "event" and "n" in frame["data"]["payload"]:
                found.append(frame["data"]["payload"]["n"])
        return found

    async def closing_code(self) -> int | None:
        """Read to the end and return the close code."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE)
            if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
                return self.socket.close_code
            if message.type is aiohttp.WSMsgType.TEXT:
                self.frames.append(orjson.loads(message.data))
            else:
                return self.socket.close_code


@dataclass
class Site:
    """One process that serves realtime."""

    url: str
    app: FastAPI
    database: Database
    bus: Bus
    gateway: RealtimeGateway
    quotes: QuoteCache
    http: aiohttp.ClientSession
    outbox: OutboxPublisher

    async def add_person(self) -> Person:
        user, at = UserId(new_id()), SystemClock().now()
        async with self.database.as_engine() as session:
            await identity_service.create_user(session, user_id=user, email=f"{user.hex}@example.com", at=at)
        return await self.sign_in(user)

    async def sign_in(self, user: UserId) -> Person:
        async with self.database.as_user(user) as session:
            at = SystemClock().now()
            return Person(user, await open_program_session(session, user, Origin(), at=at, lifetime=timedelta(days=1)))

    async def revoke(self, person: Person) -> None:
        async with self.database.as_user(person.user_id) as session:
            at = SystemClock().now()
            await revoke_session(session, person.user_id, person.pair.session_id, because="test", at=at)

    async def ticket(self, person: Person) -> str:
        async with self.http.post(f"{self.url}/api/v1/realtime/tickets", headers=person.headers) as answer:
            assert answer.status == 201, await answer.text()
            return (await answer.json())["ticket"]

    @asynccontextmanager
    async def connect(
        self, person: Person, *, cursor: int | None = None, ticket: str | None = None, origin: str | None = None
    ) -> AsyncGenerator[Client]:
        params = {"ticket": ticket or await self.ticket(person)}
        if cursor is not None:
            params["cursor"] = str(cursor)
        headers = {"origin": origin} if origin else {}
        async with self.http.ws_connect(f"{self.url}/ws", params=params, headers=headers) as socket:
            yield Client(socket)

    async def refused(self, person: Person, **how: Any) -> int:
        """Return the status with which a handshake is refused."""
        try:
            async with self.connect(person, **how):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status

    async def tell(self, user: UserId | None, *numbers: str, name: str = "orders.updated") -> None:
        """Commit events and publish them."""
        events = [new_event(name, {"n": n}, at=SystemClock().now(), user_id=user) for n in numbers]
        async with self.database.as_engine() as session:
            await emit(session, events)
        self.outbox.hand_over(events)


async def eventually(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not check():
            await asyncio.sleep(0.01)


async def _kills(session: DbSession, user_id: UserId) -> Any:
    return [{"scope": "user", "subject": str(user_id), "active": False}]


@asynccontextmanager
async def serve(engines: TestEngines, database: Database) -> AsyncGenerator[Site]:
    clock, quotes = SystemClock(), QuoteCache()
    settings = engines.installation.settings
    bus = Bus(engines.nats.url)
    await bus.connect()
    outbox = OutboxPublisher(database, bus, clock)
    await outbox.start()
    gateway = RealtimeGateway(
        database=database,
        bus=bus,
        clock=clock,
        quotes=quotes,
        snapshots={**base_snapshots(quotes, clock), "kills": _kills},
        session_idle=settings.session_idle,
    )
    await gateway.start()
    app = FastAPI()
    app.state.settings, app.state.installation, app.state.database = settings, engines.installation, database
    app.state.bus, app.state.outbox, app.state.clock, app.state.realtime = bus, outbox, clock, gateway
    app.state.identity = identity = build_identity(
        settings, engines.installation, database, clock, Vault(KeyRing(engines.installation, clock), clock)
    )
    install_web(app, settings)
    app.include_router(router, prefix="/api/v1")
    app.include_router(socket_router)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        lifespan="off",
        ws_max_size=65536,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with aiohttp.ClientSession() as http:
            yield Site(f"http://127.0.0.1:{port}", app, database, bus, gateway, quotes, http, outbox)
    finally:
        await gateway.stop()
        server.should_exit = True
        await task
        identity.close()
        await outbox.stop()
        await bus.close()
