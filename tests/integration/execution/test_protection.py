"""Protective orders: halves that cancel each other, targets in parts, trailing stops, and what a close takes along."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.execution.scenes import QUOTES, alter_facts, bought, pin_all, state_of
from tradsy.risk.model import EngineFacts, RiskInput
from tradsy.testing.product import Product, Trader


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _protected(product: Product, trader: Trader, *, stops: int, targets: int) -> list[dict[str, Any]]:
    """Wait until so many stops and targets rest; return them."""

    async def all_rest() -> list[dict[str, Any]]:
        orders = [o for o in await product.orders(trader, state="open") if o["state"] == "new"]
        roles = [o["role"] for o in orders]
        return orders if (roles.count("stop"), roles.count("target")) == (stops, targets) else []

    return await product.until(all_rest, on_timeout=lambda: product.orders(trader))


async def _nothing_left(product: Product, trader: Trader, symbol: str) -> dict[str, str]:
    """Wait until nothing is held of a symbol and nothing rests; return the states by role."""

    async def left() -> bool:
        still_open = await product.orders(trader, state="open")
        return not still_open and state_of(product, trader).quantity(symbol) == 0

    await product.until(left, on_timeout=lambda: product.orders(trader))
    return {o["role"]: o["state"] for o in await product.orders(trader)}


async def _quote(product: Product, symbol: str, bid: str, ask: str) -> None:
    await product.control("POST", "/price", {"symbol": symbol, "bid": bid, "ask": ask, "last": bid})


async def test_filled_target_takes_its_stop_along(product: Product) -> None:
    trader = await product.trader()
    await bought(
        product, trader, "AVAXUSD", "10", stopLoss={"type": "stop", "stopPrice": "28"}, takeProfit={"limitPrice": "33"}
    )
    await _protected(product, trader, stops=1, targets=1)
    try:
        await _quote(product, "AVAX/USD", "33.10", "33.12")
        states = await _nothing_left(product, trader, "AVAX/USD")
    finally:
        await product.pin("AVAX/USD", *QUOTES["AVAX/USD"])
    assert states == {"entry": "filled", "target": "filled", "stop": "canceled"}


async def test_closing_signal_takes_the_protection_along(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss={"type": "stop", "percent": "5"})
    await _protected(product, trader, stops=1, targets=0)
    trace = await product.send(trader, ticker="AVAXUSD", action="exit")
    await product.until_step(trader, trace, "filled")
    states = await _nothing_left(product, trader, "AVAX/USD")
    assert states == {"entry": "filled", "stop": "canceled", "exit": "filled"}


async def test_targets_part_the_position_in_whole_lots(product: Product) -> None:
    targets = [{"value": "5", "unit": "percent"}, {"value": "8", "unit": "percent"}, {"value": "10", "unit": "percent"}]
    stop = {"value": "4", "unit": "percent"}
    trader = await product.trader(follow={"exit_policy": {"stop": stop, "targets": targets}})
    await bought(product, trader, "AVAXUSD", "10")
    orders = await _protected(product, trader, stops=3, targets=3)
    for role in ("stop", "target"):
        sizes = [Decimal(o["quantity"]) for o in orders if o["role"] == role]
        assert (len(sizes), sum(sizes)) == (3, 10)
    prices = sorted(Decimal(o["limit_price"]) for o in orders if o["role"] == "target")
    assert prices == [Decimal("31.52"), Decimal("32.42"), Decimal("33.02")]
    assert {o["stop_price"] for o in orders if o["role"] == "stop"} == {"28.82"}
    # The first target: a third of it is sold, and its own stop goes; the others stay.
    try:
        await _quote(product, "AVAX/USD", "31.60", "31.62")
        await _protected(product, trader, stops=2, targets=2)
    finally:
        await product.pin("AVAX/USD", *QUOTES["AVAX/USD"])
    assert state_of(product, trader).quantity("AVAX/USD") == Decimal("6.66666667")


async def test_trailing_stop_follows_the_price(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss={"type": "trailing_stop", "trailAmount": "2"})
    (stop,) = await _protected(product, trader, stops=1, targets=0)
    assert (stop["order_type"], stop["quantity"], stop["stop_price"]) == ("trailing_stop", "10", None)
    try:
        await _quote(product, "AVAX/USD", "34.00", "34.02")
        # Two below the best price, and far above where it began.
        await _quote(product, "AVAX/USD", "31.50", "31.52")
        states = await _nothing_left(product, trader, "AVAX/USD")
    finally:
        await product.pin("AVAX/USD", *QUOTES["AVAX/USD"])
    assert states == {"entry": "filled", "stop": "filled"}


async def test_refused_protection_is_told_in_the_timeline(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()

    def unreadable(facts: RiskInput) -> dict[str, Any]:
        return {"engine": EngineFacts()} if facts.role == "stop" else {}

    alter_facts(monkeypatch, trader, unreadable)
    trace = await bought(product, trader, "AVAXUSD", "10", stopLoss={"type": "stop", "percent": "5"})
    steps = await product.until_step(trader, trace, "risk", count=2)
    refused = [s["data"] for s in steps if s["step"] == "risk" and s["data"]["outcome"] == "refused"]
    assert [data["reasons"] for data in refused] == [["RISK_UNAVAILABLE"]]
    assert [o["role"] for o in await product.orders(trader)] == ["entry"]


async def test_stop_without_native_pairs_stands_alone(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()
    broker = state_of(product, trader).broker
    capabilities = replace(broker.capabilities, native_oco=False)
    monkeypatch.setattr(type(broker), "capabilities", property(lambda _: capabilities))
    await bought(
        product, trader, "AVAXUSD", "10", stopLoss={"type": "stop", "percent": "5"}, takeProfit={"limitPrice": "33"}
    )
    await _protected(product, trader, stops=1, targets=0)
    assert sorted(o["role"] for o in await product.orders(trader)) == ["entry", "stop"]
