"""Whole answers of another shape: a command stays unknown, a read fails, an unmodelled state stops the line."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.contract.harness import new_id, yes
from tradsy.brokers.adapters.sim import stream as sim_stream
from tradsy.brokers.errors import BrokerOutcomeUnknown, BrokerProtocolChanged, BrokerReadFailed
from tradsy.brokers.port import Broker, OrderRequest
from tradsy.brokers.registry import BrokerRegistry
from tradsy.domain.ids import VenueAccountId, VenueOrderId
from tradsy.domain.money import ONE
from tradsy.domain.orders import OrderTerms, OrderType, Side
from tradsy.platform.clock import SystemClock

ACCOUNT = VenueAccountId("SA000001")
REQUEST = OrderRequest(new_id(), ACCOUNT, OrderTerms("BTC/USD", Side.BUY, OrderType.MARKET, ONE))
TIME = "2026-03-02T15:00:00.000000Z"
SHAPES: list[Any] = [
    {},
    [],
    "text",
    7,
    None,
    {"order": None},
    {"order": {}},
    {"order": {"order_id": "SO1"}},
    {"order": {"order_id": "SO1", "status": "surprise", "entered_at": TIME}},
    {"order": {"order_id": "SO1", "status": "new", "entered_at": "yesterday"}},
    {"order": {"order_id": "SO1", "status": "new", "entered_at": None}},
]


@asynccontextmanager
async def _answering(body: Any) -> AsyncGenerator[Broker]:
    """A broker whose venue answers everything with status 200 and `body`."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/v1/stream":
            return web.Response(body=orjson.dumps(body), content_type="application/json")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(orjson.dumps(body).decode())
        await socket.receive()
        return socket

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fields = {"url": f"http://{host}:{port}", "ws_url": f"ws://{host}:{port}", "api_key": "k", "api_secret": "s"}
    try:
        async with aiohttp.ClientSession() as http:
            yield BrokerRegistry().open("sim", fields, http, SystemClock())
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("body", SHAPES)
async def test_an_unreadable_acknowledgement_leaves_the_order_unknown(body: Any) -> None:
    async with _answering(body) as broker:
        with pytest.raises(BrokerOutcomeUnknown) as unknown:
            await broker.submit(REQUEST, yes)
        assert unknown.value.client_order_id == REQUEST.client_order_id
        with pytest.raises(BrokerOutcomeUnknown):
            await broker.cancel(ACCOUNT, VenueOrderId("SO1"), yes)
        with pytest.raises(BrokerOutcomeUnknown):
            await broker.cancel_all(ACCOUNT, yes)


NO_LISTS: list[Any] = [{}, [], 7, {"positions": None}, {"positions": [{}]}, {"positions": []}]


@pytest.mark.parametrize("body", NO_LISTS)
async def test_an_unreadable_list_is_not_an_empty_one(body: Any) -> None:
    async with _answering(body) as broker:
        with pytest.raises(BrokerReadFailed):
            await broker.list_positions(ACCOUNT)
        with pytest.raises(BrokerReadFailed):
            await broker.list_open_orders(ACCOUNT)
        with pytest.raises(BrokerReadFailed):
            await broker.list_executions(ACCOUNT, datetime(2026, 3, 2, tzinfo=UTC))


async def test_a_state_that_nobody_modelled_stops_the_connection() -> None:
    order = {
        "order_id": "SO1",
        "account": ACCOUNT,
        "client_order_id": None,
        "symbol": "BTC/USD",
        "side": "buy",
        "type": "market",
        "quantity": "1",
        "time_in_force": "day",
        **dict.fromkeys(("limit_price", "stop_price", "trail_amount", "trail_percent", "average_price")),
        "reduce_only": False,
        "extended_hours": False,
        "status": "surprise",
        "filled_quantity": "0",
        "entered_at": TIME,
        "updated_at": TIME,
        "reason": "",
    }
    async with _answering({"order": order, "venue_time": TIME}) as broker:
        with pytest.raises(BrokerProtocolChanged):
            await broker.get_order(ACCOUNT, VenueOrderId("SO1"))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "hello"},
        {"type": "order"},
        {"type": "order", "seq": 1, "kind": "surprise", "at": TIME, "order": {}, "execution": None, "corrects": None},
        {"no": "type"},
    ],
)
async def test_a_stream_message_that_nobody_modelled_stops_the_connection(message: dict[str, Any]) -> None:
    async with _answering(message) as broker:
        with pytest.raises(BrokerProtocolChanged):
            await anext(broker.stream_reports())


async def test_a_stream_that_is_no_json_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    connects: list[str] = []
    connect: Any = aiohttp.ClientSession.ws_connect

    def counted(self: aiohttp.ClientSession, url: str, **more: Any) -> Any:
        connects.append(url)
        if len(connects) == 3:
            raise BrokerProtocolChanged("seen enough")
        return connect(self, url, **more)

    monkeypatch.setattr(aiohttp.ClientSession, "ws_connect", counted)
    monkeypatch.setattr(sim_stream, "FIRST_BACKOFF_S", 0.01)
    monkeypatch.setattr(sim_stream.orjson, "loads", _no_json)
    async with _answering({"type": "hello"}) as broker:
        with pytest.raises(BrokerProtocolChanged, match="seen enough"):
            await anext(broker.stream_reports())


def _no_json(_: object) -> object:
    raise orjson.JSONDecodeError("no JSON", "", 0)
