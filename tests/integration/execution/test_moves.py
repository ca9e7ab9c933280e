"""Signals that move a stop or a target: the old protection goes first, and the new one stands for all that is held."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.integration.execution.breakdowns import break_statement
from tests.integration.execution.scenes import QUOTES, bought, pin_all, state_of, verdict
from tradsy.execution import exits
from tradsy.platform.db import sql
from tradsy.platform.ids import new_id
from tradsy.testing.product import Product, Trader

STOP = {"type": "stop", "stopPrice": "28"}
TARGET = {"limitPrice": "33"}


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _say(product: Product, trader: Trader, text: str) -> str:
    """Send an alert text; return its trace."""
    return await product.send(trader, text=text)


def _forget(_: object) -> None:
    pass


async def _resting(product: Product, trader: Trader, *wanted: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Wait until exactly these legs (role, price, quantity) rest; return them."""

    async def rest() -> list[dict[str, Any]]:
        legs = [o for o in await product.orders(trader, state="open") if o["state"] == "new"]
        found = sorted((o["role"], o["stop_price"] or o["limit_price"], o["quantity"]) for o in legs)
        return legs if found == sorted(wanted) else []

    return await product.until(rest, on_timeout=lambda: product.orders(trader))


async def _is_flat(product: Product, trader: Trader) -> bool:
    left = await product.orders(trader, state="open")
    return not left and state_of(product, trader).quantity("AVAX/USD") == 0


async def _reason(product: Product, trader: Trader, trace: str) -> tuple[str, str]:
    async def dealt_with() -> tuple[str, str] | None:
        items = (await product.call("GET", "/api/v1/plans", trader)).body["items"]
        (plan,) = [item for item in items if item["trace_id"] == trace]
        return None if plan["state"] == "approved" else (plan["state"], plan["reason"])

    found = await product.until(dealt_with)
    assert found is not None
    return found


async def test_stop_is_moved_and_the_target_stays(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP, takeProfit=TARGET)
    before = await _resting(product, trader, ("stop", "28", "10"), ("target", "33", "10"))
    trace = await _say(product, trader, "AVAX/USD move SL to 29.50")
    assert await _reason(product, trader, trace) == ("done", "exits_moved")
    after = await _resting(product, trader, ("stop", "29.5", "10"), ("target", "33", "10"))
    assert {o["id"] for o in before}.isdisjoint(o["id"] for o in after)
    told = await product.rows(
        "select canonical from audit_events where chain_id = :u and action = 'plan.exits_moved'", u=trader.user_id
    )
    assert len(told) == 1
    assert b'"stop":"29.5"' in told[0]["canonical"]
    # What was moved protects: at the new price it sells, and what was its pair goes.
    try:
        await product.control("POST", "/price", {"symbol": "AVAX/USD", "bid": "29.40", "ask": "29.42", "last": "29.40"})
        await product.until(lambda: _is_flat(product, trader), on_timeout=lambda: product.orders(trader))
    finally:
        await product.pin("AVAX/USD", *QUOTES["AVAX/USD"])
    states = [(o["role"], o["stop_price"], o["state"]) for o in await product.orders(trader)]
    assert ("stop", "29.5", "filled") in states


async def test_targets_are_moved_and_the_trailing_stop_stays(product: Product) -> None:
    trader = await product.trader()
    trailing = {"type": "trailing_stop", "trailAmount": "2"}
    await bought(product, trader, "AVAXUSD", "10", stopLoss=trailing, takeProfit=TARGET)

    async def protected(target: str) -> list[dict[str, Any]]:
        legs = [o for o in await product.orders(trader, state="open") if o["state"] == "new"]
        found = sorted((o["order_type"], o["limit_price"]) for o in legs)
        return legs if found == [("limit", target), ("trailing_stop", None)] else []

    await product.until(lambda: protected("33"))
    await _reason(product, trader, await _say(product, trader, "AVAX/USD new target 34"))
    await product.until(lambda: protected("34"))


async def test_position_without_protection_gets_it(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10")
    await bought(product, trader, "AVAXUSD", "4")
    trace = await _say(product, trader, "AVAX/USD move SL to 29")
    assert await _reason(product, trader, trace) == ("done", "exits_moved")
    await _resting(product, trader, ("stop", "29", "10"), ("stop", "29", "4"))


async def test_what_was_sold_meanwhile_is_not_protected_again(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    await _resting(product, trader, ("stop", "28", "10"))
    half = await product.send(
        trader, ticker="AVAXUSD", action="exit", quantity="50", quantityType="percent_of_position"
    )
    await product.until_step(trader, half, "filled")
    held = state_of(product, trader).quantity("AVAX/USD")
    assert 0 < held < 10
    trace = await _say(product, trader, "AVAX/USD move SL to 29")
    assert await _reason(product, trader, trace) == ("done", "exits_moved")
    await _resting(product, trader, ("stop", "29", "5"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("AVAX/USD move SL to 30.50", "STOP_WRONG_SIDE"),
        ("AVAX/USD new target 29", "TARGET_WRONG_SIDE"),
        ("SOL/USD move SL to 90", "NO_POSITION"),
    ],
)
async def test_move_that_cannot_be_made_leaves_the_protection_alone(product: Product, text: str, reason: str) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    (before,) = await _resting(product, trader, ("stop", "28", "10"))
    trace = await _say(product, trader, text)
    shown = await verdict(product, trader, trace)
    assert (shown["outcome"], shown["reasons"]) == ("refused", [reason])
    (after,) = await _resting(product, trader, ("stop", "28", "10"))
    assert before["id"] == after["id"]


async def test_position_of_another_source_is_not_touched(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    await _resting(product, trader, ("stop", "28", "10"))
    async with product.container.database.as_engine() as session:
        await session.execute(
            sql("update orders set source_id = :other where account_id = :a and role = 'entry'"),
            {"other": new_id(), "a": trader.account_id},
        )
    trace = await _say(product, trader, "AVAX/USD move SL to 29")
    assert (await verdict(product, trader, trace))["reasons"] == ["NO_POSITION"]
    await _resting(product, trader, ("stop", "28", "10"))


async def test_sweep_places_what_a_crash_left_moving(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    await _resting(product, trader, ("stop", "28", "10"))
    # Nobody remembers the move, and the first look at the rows fails: they alone must bring it to its end.
    monkeypatch.setattr(product.owner.planner, "_moved", _forget)
    monkeypatch.setattr(exits, "SWEEP_SECONDS", 0.2)
    breakdown = break_statement(monkeypatch, "exits - 'moving'", room="exits")
    await _say(product, trader, "AVAX/USD move SL to 29")
    await _resting(product, trader, ("stop", "29", "10"))
    assert breakdown.struck == 1
