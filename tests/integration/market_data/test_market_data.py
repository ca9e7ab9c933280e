"""The catalogue's table, its routes, and quotes that cross processes."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest_asyncio
from fastapi import FastAPI

from tradsy.domain.ids import UserId
from tradsy.domain.market import Quote
from tradsy.identity import service as identity_service
from tradsy.identity.deps import install
from tradsy.identity.model import Origin
from tradsy.identity.sessions import open_program_session
from tradsy.market_data.calendars import TradingCalendars
from tradsy.market_data.endpoints import router
from tradsy.market_data.feed import QuoteRelay
from tradsy.market_data.instruments import InstrumentCatalog, ensure_instruments
from tradsy.market_data.quotes import QuoteCache
from tradsy.market_data.universe import default_instruments
from tradsy.platform.bus import Bus
from tradsy.platform.clock import FrozenClock
from tradsy.platform.db import Database, sql
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import OutboxPublisher
from tradsy.platform.web import install_web
from tradsy.testing.asgi import AsgiClient
from tradsy.testing.engines import TestEngines

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


async def load(database: Database) -> InstrumentCatalog:
    catalog = InstrumentCatalog()
    async with database.as_engine() as session:
        await ensure_instruments(session, at=NOW)
        await catalog.load(session)
    return catalog


async def test_seeding_again_changes_nothing_and_keeps_an_operators_change(database: Database) -> None:
    catalog = await load(database)
    assert [catalog.get(i.symbol) for i in default_instruments()] == list(default_instruments())
    async with database.as_engine() as session:
        await session.execute(sql("update instruments set tradable = false where symbol = 'F'"))
    again = await load(database)
    assert len(again) == len(catalog)
    assert again.get("F").tradable is False
    assert again.get("F270115C00011000").tradable is False
    async with database.as_engine() as session:
        await session.execute(sql("update instruments set tradable = true where symbol = 'F'"))


class Api:
    def __init__(self, app: FastAPI, token: str) -> None:
        self.app, self.token = app, token

    async def get(self, path: str, *, anonymous: bool = False) -> tuple[int, Any]:
        headers = {} if anonymous else {"authorization": f"Bearer {self.token}"}
        answer = await AsgiClient(self.app).request("GET", f"/api/v1{path}", headers=headers)
        return answer.status, answer.json()


@pytest_asyncio.fixture(scope="module")
async def api(engines: TestEngines, database: Database) -> AsyncGenerator[Api]:
    app, clock, user = FastAPI(), FrozenClock(NOW), UserId(new_id())
    state = app.state
    state.settings, state.installation = engines.installation.settings, engines.installation
    state.database, state.clock, state.quotes = database, clock, QuoteCache()
    state.outbox = OutboxPublisher(database, Bus(engines.nats.url), clock)
    state.catalog, state.calendars = await load(database), TradingCalendars()
    await state.calendars.prepare(state.catalog.calendars(), NOW)
    state.quotes.put(quote("AAPL", 230))
    identity = install(app)
    install_web(app, state.settings)
    app.include_router(router, prefix="/api/v1")
    async with database.as_engine() as session:
        await identity_service.create_user(session, user_id=user, email=f"{user.hex}@example.com", at=NOW)
    async with database.as_user(user) as session:
        pair = await open_program_session(session, user, Origin(), at=NOW, lifetime=timedelta(days=1))
    yield Api(app, pair.access_token)
    identity.close()


def quote(symbol: str, last: int, *, seconds: int = -3) -> Quote:
    price = Decimal(last)
    return Quote(symbol, price - 1, price + 1, price, NOW + timedelta(seconds=seconds), adv=Decimal(5))


async def test_instruments_are_searched_and_paged(api: Api) -> None:
    status, body = await api.get("/instruments?query=apple")
    assert status == 200
    (apple,) = body["items"]
    assert (apple["symbol"], apple["tick_size"], apple["multiplier"], apple["is_open"]) == ("AAPL", "0.01", "1", True)
    assert apple["closes_at"] == "2026-11-20T21:00:00Z"
    seen: list[str] = []
    cursor = ""
    while True:
        _, page = await api.get(f"/instruments?limit=10{cursor}")
        seen += [i["symbol"] for i in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == sorted(i.symbol for i in default_instruments())
    assert (await api.get("/instruments?cursor=x"))[0] == 422
    assert (await api.get("/instruments", anonymous=True))[0] == 401


async def test_instrument_is_found_by_any_spelling(api: Api) -> None:
    assert (await api.get("/instruments/NASDAQ:AAPL"))[1]["symbol"] == "AAPL"
    assert (await api.get("/instruments/BTC/USD"))[1]["calendar"] == "24/7"
    assert (await api.get("/instruments/ESZ26"))[1]["multiplier"] == "50"
    for path in ("/instruments/ZZZZ", "/instruments/%00", "/instruments/" + "x" * 500):
        status, body = await api.get(path)
        assert (status, body["code"]) == (422, "unknown_instrument")


async def test_quotes_carry_their_age(api: Api) -> None:
    _, body = await api.get("/quotes?symbols=MSFT,AAPL,%20AAPL")
    (shown,) = body["items"]
    assert (shown["symbol"], shown["last"], shown["age_ms"]) == ("AAPL", "230", 3000)
    assert (await api.get("/quotes?symbols=" + ",".join(f"A{n}" for n in range(201))))[0] == 422
    assert (await api.get("/quotes"))[0] == 422


async def test_quotes_reach_processes_without_a_stream(engines: TestEngines) -> None:
    buses = [Bus(engines.nats.url) for _ in range(2)]
    for bus in buses:
        await bus.connect()
    owner, reader = QuoteCache(), QuoteCache()
    giving, taking = QuoteRelay(buses[0], owner), QuoteRelay(buses[1], reader)
    await taking.start(publish=True)
    await giving.start(publish=True)
    try:
        first = replace(quote("BTC/USD", 95_000), session_open=True)
        owner.put(first)
        async with asyncio.timeout(5):
            while reader.get("BTC/USD") is None:
                await asyncio.sleep(0.01)
        assert reader.get("BTC/USD") == first
        # What came from elsewhere is not sent back, and an older quote never replaces a newer one.
        assert not taking._changed
        owner.put(quote("BTC/USD", 1, seconds=-9))
        owner.put(quote("ETH/USD", 2))
        async with asyncio.timeout(5):
            while reader.get("ETH/USD") is None:
                await asyncio.sleep(0.01)
        assert reader.get("BTC/USD") == first
    finally:
        await giving.stop()
        await taking.stop()
        for bus in buses:
            await bus.close()
