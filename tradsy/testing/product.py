"""The whole product in one test process: real PostgreSQL, NATS and paper venue, driven over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import aiohttp

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.connections import service as connections
from tradsy.connections.model import ConnectionRecord, NewPaperConnection
from tradsy.domain.ids import AccountId, UserId
from tradsy.entrypoints.container import Container, open_container
from tradsy.entrypoints.processes import running_worker, serving
from tradsy.execution.owner import Owner
from tradsy.identity import api_keys, onboarding
from tradsy.identity import service as identity
from tradsy.identity.model import Role, Scope
from tradsy.platform.db import sql
from tradsy.platform.engines.nats import EmbeddedNats
from tradsy.platform.engines.sim import EmbeddedSim
from tradsy.platform.ids import new_id
from tradsy.platform.installation import EngineAddresses, Installation
from tradsy.platform.outbox import emitted
from tradsy.platform.settings import Settings
from tradsy.risk import service as risk
from tradsy.risk.limits import Tolerance
from tradsy.sandbox.truth import Truth, read_truth
from tradsy.testing.engines import TestEngines

T = TypeVar("T")
ALL_SCOPES = (Scope.READ, Scope.TRADE, Scope.SIGNALS_WRITE)


@dataclass(slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class Trader:
    """A user with a paper account, a source and an API key."""

    user_id: UserId
    api_key: str
    connection: ConnectionRecord
    source_id: UUID
    hook_path: str
    follow_id: UUID | None = None

    @property
    def account_id(self) -> AccountId:
        """The first account."""
        return self.connection.accounts[0].id

    @property
    def venue_account_id(self) -> str:
        """The account's name at the venue."""
        return self.connection.accounts[0].venue_account_id


@dataclass(slots=True)
class Product:
    """What `running_product` yields."""

    container: Container
    owner: Owner
    sim: EmbeddedSim
    url: str
    http: aiohttp.ClientSession
    truth_path: Path
    _names: int = field(default=0)

    async def call(
        self, method: str, path: str, trader: Trader | None = None, *, json: Any = None, **headers: str
    ) -> Answer:
        """Send one request, with an Idempotency-Key of its own unless one is given."""
        sent = {"Idempotency-Key": uuid4().hex, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if trader is not None:
            sent.setdefault("Authorization", f"Bearer {trader.api_key}")
        async with self.http.request(method, self.url + path, json=json, headers=sent) as answer:
            raw = await answer.read()
            body = await answer.json(content_type=None) if raw else None
            return Answer(answer.status, body, dict(answer.headers))

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the paper venue's control API."""
        async with self.http.request(method, self.sim.control_url + path, json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def pin(self, symbol: str, bid: str, ask: str) -> None:
        """Hold a symbol's quote at the venue, and wait until the product has it."""
        await self.control("POST", "/price", {"symbol": symbol, "bid": bid, "ask": ask})

        async def seen() -> bool:
            quote = self.container.quotes.get(symbol)
            return quote is not None and quote.bid == Decimal(bid) and quote.ask == Decimal(ask)

        await self.until(seen)

    async def trader(
        self,
        *,
        cash: int = 100_000,
        idempotency: IdempotencyClass = IdempotencyClass.STRONG,
        tolerance: Tolerance = Tolerance.AGGRESSIVE,
        consent: bool = True,
        follow: Mapping[str, Any] | None = None,
    ) -> Trader:
        """Make a user who may trade, with an open paper account and a source that the account follows."""
        made = await self._user(tolerance, consent=consent)
        record = await self.open_account(made.user_id, cash=cash, idempotency=idempotency)
        made.connection = record
        source = await self.call(
            "POST", "/api/v1/sources", made, json={"name": f"source {self._names}", "kind": "tradingview"}
        )
        assert source.status == 201, source.body
        made.source_id = UUID(source.body["source"]["id"])
        made.hook_path = "/hooks/tradingview/" + source.body["hook_url"].rsplit("/", 1)[-1]
        if follow is not None or consent:
            made.follow_id = await self.follow(made, **(follow or {}))
        await self.until_open(made)
        return made

    async def _user(self, tolerance: Tolerance, *, consent: bool) -> Trader:
        c, now = self.container, self.container.clock.now()
        self._names += 1
        user_id = UserId(new_id())
        async with c.database.as_engine() as session:
            await identity.create_user(session, user_id=user_id, email=f"u{user_id.hex}@example.com", at=now)
        if consent:
            async with c.database.as_engine() as session:
                await onboarding.accept_current_documents(session, user_id, at=now, actor=f"user:{user_id}")
        async with c.database.as_user(user_id) as session:
            await risk.choose_starting_limits(session, user_id, tolerance, actor=f"user:{user_id}", now=now)
        async with c.database.as_user(user_id) as session:
            _, key = await api_keys.create_api_key(session, user_id, Role.USER, name="test", scopes=ALL_SCOPES, at=now)
        return Trader(user_id, key, None, UUID(int=0), "")  # pyright: ignore[reportArgumentType] - set by the caller

    async def open_account(
        self, user_id: UserId, *, cash: int = 100_000, idempotency: IdempotencyClass = IdempotencyClass.STRONG
    ) -> ConnectionRecord:
        """Open a paper connection for a user."""
        c = self.container
        (login,) = await c.paper.open_logins(1, cash=Decimal(cash), idempotency=idempotency)
        wanted = NewPaperConnection(user_id, f"Paper {self._names}", login, idempotency)
        async with c.database.as_engine() as session:
            record = await connections.open_paper_connection(
                session, c.vault, wanted, partitions=c.settings.partitions, actor="test", at=c.clock.now()
            )
            events = emitted(session)
        c.outbox.hand_over(events)
        return record

    async def follow(self, trader: Trader, **settings: Any) -> UUID:
        """Let the trader's account follow the trader's source."""
        body = {
            "source_id": str(trader.source_id),
            "account_id": str(trader.account_id),
            "sizing_mode": "multiplier",
            "sizing_value": "1",
            "mode": "auto",
            **settings,
        }
        made = await self.call("POST", "/api/v1/follows", trader, json=body)
        assert made.status == 201, made.body
        return UUID(made.body["id"])

    async def until_open(self, trader: Trader) -> None:
        """Wait until the trader's account is open for planning."""

        async def is_open() -> bool:
            state = self.owner.find_account(trader.account_id)
            return state is not None and state.is_open

        async def why_not() -> dict[str, Any]:
            partition = trader.connection.partition
            return {
                "lease": self.owner.leases.held.get(partition),
                "now": self.container.clock.monotonic(),
                "state": self.owner.find_account(trader.account_id),
                "venue": await self.control("GET", "/health"),
            }

        await self.until(is_open, what="an open account", on_timeout=why_not)

    async def send(self, trader: Trader, **body: Any) -> str:
        """Post a webhook; return its trace id."""
        answer = await self.call("POST", trader.hook_path, json={"id": uuid4().hex, **body})
        assert answer.status == 202, answer.body
        return str(answer.body["trace_id"])

    async def steps(self, trader: Trader, trace_id: str) -> list[dict[str, Any]]:
        """Return the timeline of a trace."""
        answer = await self.call("GET", f"/api/v1/traces/{trace_id}", trader)
        assert answer.status == 200, answer.body
        return answer.body["steps"]

    async def until_step(self, trader: Trader, trace_id: str, step: str, *, count: int = 1) -> list[dict[str, Any]]:
        """Wait until the timeline has `count` such steps; return the whole of it."""

        async def reached() -> list[dict[str, Any]]:
            steps = await self.steps(trader, trace_id)
            return steps if sum(s["step"] == step for s in steps) >= count else []

        return await self.until(reached, what=f"step {step}", on_timeout=lambda: self.steps(trader, trace_id))

    async def orders(self, trader: Trader, **query: str) -> list[dict[str, Any]]:
        """Return the trader's orders, newest first."""
        answer = await self.call("GET", "/api/v1/orders?" + "&".join(f"{k}={v}" for k, v in query.items()), trader)
        assert answer.status == 200, answer.body
        return answer.body["items"]

    async def rows(self, statement: str, **parameters: Any) -> list[Mapping[str, Any]]:
        """Read the database as the engine."""
        async with self.container.database.as_engine() as session:
            return [dict(row) for row in (await session.execute(sql(statement), parameters))]

    def truth(self) -> Truth:
        """Return what really happened at the venue."""
        return read_truth(self.truth_path)

    async def until(
        self,
        condition: Callable[[], Awaitable[T]],
        *,
        what: str = "condition",
        timeout: float = 90,
        on_timeout: Callable[[], Awaitable[Any]] | None = None,
    ) -> T:
        """Wait for a condition; return its value."""
        try:
            async with asyncio.timeout(timeout):
                while not (value := await condition()):
                    await asyncio.sleep(0.02)
                return value
        except TimeoutError:
            seen = await on_timeout() if on_timeout else ""
            raise AssertionError(f"{what} not reached within {timeout} s: {seen}") from None


@asynccontextmanager
async def running_product(engines: TestEngines, folder: Path, **settings: Any) -> AsyncGenerator[Product]:
    """Run API, worker and paper venue on a fresh database until the block ends."""
    values: dict[str, Any] = {
        "data_dir": folder,
        "port": 0,
        "database_fsync": False,
        "database_pool": 9,
        # Role passwords derive from the master key, so the product takes that of the shared engines.
        "master_key": (engines.installation.root / "master.key").read_text(),
        **settings,
    }
    made = Settings(**values)
    installation = Installation(made)
    installation.prepare()
    # Its own NATS: products of different databases would take jobs and quotes from each other.
    sim, nats = EmbeddedSim(installation), EmbeddedNats(installation)
    await asyncio.gather(sim.start(), nats.start())
    addresses = EngineAddresses(await engines.create_database(), nats.url, sim.control_url, sim.url)
    try:
        async with (
            open_container(made, addresses) as container,
            running_worker(container, is_alone=True) as owner,
            serving(container, owner=owner, port=0) as port,
            aiohttp.ClientSession() as http,
        ):
            yield Product(container, owner, sim, f"http://localhost:{port}", http, folder / "sim" / "truth.jsonl")
    finally:
        await asyncio.gather(sim.stop(), nats.stop())
