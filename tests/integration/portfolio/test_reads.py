"""`/api/v1/positions` and `/portfolio`, and the live figures."""

# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
import pytest_asyncio
from fastapi import FastAPI
from nats.aio.msg import Msg

from tradsy.domain.ids import AccountId, UserId
from tradsy.domain.instruments import AssetClass
from tradsy.domain.market import Quote
from tradsy.domain.orders import Side
from tradsy.identity import service as identity_service
from tradsy.identity.deps import install
from tradsy.identity.model import Origin
from tradsy.identity.sessions import open_program_session
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.bus import Bus
from tradsy.platform.clock import FrozenClock
from tradsy.platform.db import Database
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import OutboxPublisher
from tradsy.platform.web import install_web
from tradsy.portfolio import live, service
from tradsy.portfolio.endpoints import router
from tradsy.portfolio.live import LIVE_SUBJECT, WATCH_SUBJECT, PnlPublisher
from tradsy.portfolio.model import BalanceSnapshot, ExecutionItem
from tradsy.testing.asgi import AsgiClient
from tradsy.testing.engines import TestEngines

NewAccount = Callable[..., Awaitable[tuple[UserId, AccountId]]]
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@dataclass
class Site:
    app: FastAPI
    database: Database
    clock: FrozenClock
    quotes: QuoteCache

    async def get(self, path: str, token: str | None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await AsgiClient(self.app).request("GET", f"/api/v1{path}", headers=headers)
        return answer.status, answer.json()

    async def add_user(self) -> tuple[UserId, str]:
        user = UserId(new_id())
        async with self.database.as_engine() as session:
            await identity_service.create_user(session, user_id=user, email=f"{user.hex}@example.com", at=NOW)
        async with self.database.as_user(user) as session:
            pair = await open_program_session(session, user, Origin(), at=NOW, lifetime=timedelta(days=1))
        return user, pair.access_token


@pytest_asyncio.fixture
async def site(engines: TestEngines, database: Database) -> AsyncGenerator[Site]:
    app, clock, quotes = FastAPI(), FrozenClock(NOW), QuoteCache()
    app.state.settings, app.state.installation = engines.installation.settings, engines.installation
    app.state.database, app.state.clock, app.state.quotes = database, clock, quotes
    app.state.outbox = OutboxPublisher(database, Bus(engines.nats.url), clock)
    identity = install(app)
    install_web(app, app.state.settings)
    app.include_router(router, prefix="/api/v1")
    yield Site(app, database, clock, quotes)
    identity.close()


def bought(user: UserId, account: AccountId, symbol: str, quantity: str, price: str, side: Side = Side.BUY) -> Any:
    future = symbol.endswith("1!")
    return ExecutionItem(
        account,
        user,
        symbol,
        AssetClass.FUTURE if future else AssetClass.STOCK,
        Decimal(50 if future else 1),
        side,
        Decimal(quantity),
        Decimal(price),
        Decimal(1),
        NOW,
    )


def quote(symbol: str, bid: str, ask: str) -> Quote:
    return Quote(symbol, Decimal(bid), Decimal(ask), Decimal(bid), NOW - timedelta(seconds=2))


async def book(database: Database, *items: ExecutionItem, equity: str = "100000") -> None:
    snapshot = BalanceSnapshot(
        items[0].account_id, items[0].user_id, "USD", Decimal(equity), Decimal(5), Decimal(10), False, NOW, NOW
    )
    async with database.as_engine() as session:
        await service.apply_executions(session, items)
        await service.save_balances(session, [snapshot])


async def test_positions_are_shown_at_market_with_the_age_of_the_price(site: Site, new_account: NewAccount) -> None:
    user, token = await site.add_user()
    _, account = await new_account(user)
    await book(
        site.database,
        bought(user, account, "AAPL", "10", "230"),
        bought(user, account, "ES1!", "2", "5950", Side.SELL),
        bought(user, account, "F", "5", "11"),
        bought(user, account, "GONE", "5", "11"),
        bought(user, account, "GONE", "5", "12", Side.SELL),
    )
    site.quotes.put(quote("AAPL", "231", "233"))
    site.quotes.put(quote("ES1!", "5939", "5941"))
    status, body = await site.get("/positions", token)
    assert status == 200
    shown = {p["symbol"]: p for p in body["items"]}
    assert set(shown) == {"AAPL", "ES1!", "F"}
    assert (shown["AAPL"]["price"], shown["AAPL"]["unrealized_pnl"], shown["AAPL"]["market_value"]) == (
        "232",
        "20",
        "2320",
    )
    assert shown["AAPL"]["price_age_ms"] == 2000
    assert (shown["ES1!"]["unrealized_pnl"], shown["ES1!"]["market_value"]) == ("1000", "-594000")
    assert (shown["F"]["price"], shown["F"]["unrealized_pnl"], shown["F"]["price_age_ms"]) == (None, None, None)
    assert (body["unrealized_pnl"], body["is_complete"]) == ("1020", False)


async def test_positions_of_one_account_and_of_strangers(site: Site, new_account: NewAccount) -> None:
    (user, token), (other, others_token) = await site.add_user(), await site.add_user()
    (_, first), (_, second), (_, foreign) = await new_account(user), await new_account(user), await new_account(other)
    await book(site.database, bought(user, first, "AAPL", "1", "1"))
    await book(site.database, bought(user, second, "F", "1", "1"))
    await book(site.database, bought(other, foreign, "XOM", "1", "1"))
    one = (await site.get(f"/positions?account_id={second}", token))[1]
    assert [p["symbol"] for p in one["items"]] == ["F"]
    assert [p["symbol"] for p in (await site.get("/positions", others_token))[1]["items"]] == ["XOM"]
    assert (await site.get(f"/positions?account_id={foreign}", token))[0] == 404
    assert (await site.get("/positions", None))[0] == 401
    assert (await site.get("/portfolio", None))[0] == 401


async def test_portfolio_sums_accounts_and_says_what_is_unknown(site: Site, new_account: NewAccount) -> None:
    user, token = await site.add_user()
    _, first = await new_account(user)
    await new_account(user)
    await book(
        site.database, bought(user, first, "AAPL", "10", "230"), bought(user, first, "AAPL", "5", "240", Side.SELL)
    )
    site.quotes.put(quote("AAPL", "231", "233"))
    body = (await site.get("/portfolio", token))[1]
    known, unknown = sorted(body["accounts"], key=lambda a: a["equity"] is None)
    assert (known["equity"], known["cash"], known["day_pnl"]) == ("100000", "5", "0")
    assert (known["unrealized_pnl"], known["realized_pnl"], known["fees"]) == ("10", "50", "2")
    assert (known["trading_day"], known["is_complete"]) == ("2026-11-20", True)
    assert (unknown["equity"], unknown["day_pnl"], unknown["unrealized_pnl"]) == (None, None, "0")
    (total,) = body["totals"]
    assert (total["equity"], total["realized_pnl"], total["is_complete"]) == ("100000", "50", False)


@dataclass
class Publishing:
    publisher: PnlPublisher
    bus: Bus
    clock: FrozenClock
    quotes: QuoteCache
    owned: set[UserId]
    came: asyncio.Queue[tuple[str, Any]]

    async def next(self) -> tuple[str, Any]:
        return await asyncio.wait_for(self.came.get(), 5)


@pytest_asyncio.fixture
async def publishing(
    engines: TestEngines, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Publishing]:
    monkeypatch.setattr(live, "INTERVAL", 3600)  # the test says when
    bus, clock, quotes, owned = Bus(engines.nats.url), FrozenClock(NOW), QuoteCache(), set[UserId]()
    await bus.connect()
    publisher = PnlPublisher(database, bus, clock, quotes, owns=owned.__contains__)
    came: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def receive(message: Msg) -> None:
        came.put_nowait((message.subject.rpartition(".")[2], orjson.loads(message.data)["accounts"]))

    await bus.client.subscribe(f"{LIVE_SUBJECT}.*", cb=receive)
    await publisher.start()
    yield Publishing(publisher, bus, clock, quotes, owned, came)
    await publisher.stop()
    await bus.close()


async def test_live_figures_follow_prices_of_watched_and_owned_users(
    publishing: Publishing, database: Database, new_account: NewAccount
) -> None:
    p = publishing
    (user, account), (away, _), (unseen, unseen_account) = await new_account(), await new_account(), await new_account()
    p.owned.update({user, unseen})
    await book(database, bought(user, account, "AAPL", "10", "230"))
    await book(database, bought(unseen, unseen_account, "AAPL", "10", "230"))
    await p.bus.client.publish(WATCH_SUBJECT, orjson.dumps({"users": [str(user), str(away)]}))
    async with asyncio.timeout(5):
        while not p.publisher._watched:
            await asyncio.sleep(0.01)
    await p.publisher.publish_once()
    subject, (figures,) = await p.next()
    assert subject == str(user)
    assert (figures["unrealized_pnl"], figures["is_complete"]) == ("0", False)

    p.quotes.put(quote("AAPL", "231", "233"))
    p.quotes.put(quote("F", "1", "2"))
    await p.publisher.publish_once()
    _, (figures,) = await p.next()
    assert (figures["account_id"], figures["unrealized_pnl"], figures["market_value"]) == (str(account), "20", "2320")
    assert figures["positions"][0]["price"] == "232"
    assert figures["equity"] == "100000"

    # Nothing moved: nothing is said. A booked execution is heard of at once.
    await p.publisher.publish_once()
    async with database.as_engine() as session:
        (change,) = await service.apply_executions(session, [bought(user, account, "AAPL", "10", "232")])
    p.publisher.hear(change.event())
    await p.publisher.publish_once()
    _, (figures,) = await p.next()
    assert (figures["unrealized_pnl"], figures["market_value"]) == ("20", "4640")
    assert p.came.empty()

    # Whoever looks away, or belongs to another process now, is forgotten.
    p.clock.advance(timedelta(seconds=16))
    await p.publisher.publish_once()
    assert not p.publisher._watched
    p.publisher.watch([user])
    p.owned.clear()
    await p.publisher.publish_once()
    assert not p.publisher._watched
