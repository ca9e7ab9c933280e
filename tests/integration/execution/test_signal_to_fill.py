"""From a webhook to a fill and a position, and the timeline that tells of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.testing.product import Product

STEPS = ("received", "parsed", "planned", "risk", "intent", "sent", "accepted", "filled")


@pytest.mark.parametrize("idempotency", list(IdempotencyClass))
async def test_webhook_becomes_one_order_one_fill_and_a_position(
    product: Product, idempotency: IdempotencyClass
) -> None:
    trader = await product.trader(idempotency=idempotency)
    trace = await product.send(trader, ticker="ETHUSD", action="buy", quantity="0.5")
    await product.until_step(trader, trace, "filled")
    # A fill may overtake the acknowledgement, which alone tells when the order was sent.
    steps = await product.until_step(trader, trace, "sent")
    assert [s["step"] for s in steps if s["step"] in STEPS] == list(STEPS)
    assert all(s["at"].endswith("Z") and len(s["at"]) == 27 for s in steps)
    truth = product.truth()
    placed = [o for o in truth.orders.values() if o.account == trader.venue_account_id]
    assert len(placed) == 1
    positions = await product.rows("select * from positions where account_id = :a", a=trader.account_id)
    assert [(p["symbol"], p["quantity"]) for p in positions] == [("ETH/USD", Decimal("0.5"))]
    assert truth.positions[trader.venue_account_id, "ETH/USD"] == Decimal("0.5")


async def test_closing_signal_sells_what_is_held_and_no_more(product: Product) -> None:
    trader = await product.trader()
    trace = await product.send(trader, ticker="SOLUSD", action="buy", quantity="10")
    await product.until_step(trader, trace, "filled")
    trace = await product.send(trader, ticker="SOLUSD", action="exit")
    await product.until_step(trader, trace, "filled")
    held = await product.rows("select quantity from positions where account_id = :a", a=trader.account_id)
    assert [row["quantity"] for row in held] == [0]
    trace = await product.send(trader, ticker="SOLUSD", action="exit")
    steps = await product.until_step(trader, trace, "risk")
    assert steps[-1]["data"]["outcome"] == "refused"
    assert steps[-1]["data"]["reasons"] == ["NO_POSITION"]


async def test_entry_with_stop_and_targets_is_protected_for_what_was_filled(product: Product) -> None:
    trader = await product.trader()
    await product.pin("AVAX/USD", "30.00", "30.02")
    trace = await product.send(
        trader,
        ticker="AVAXUSD",
        action="buy",
        quantity="20",
        stopLoss={"type": "stop", "stopPrice": "28"},
        takeProfit={"limitPrice": "33"},
    )
    await product.until_step(trader, trace, "accepted", count=3)
    orders = {o["role"]: o for o in await product.orders(trader)}
    assert orders["stop"]["stop_price"] == "28"
    assert orders["target"]["limit_price"] == "33"
    assert orders["stop"]["quantity"] == orders["target"]["quantity"] == "20"
    assert orders["stop"]["parent_order_id"] == orders["entry"]["id"]
    # The stop triggers: the target goes with it, and nothing is held or rests any more.
    await product.control("POST", "/price", {"symbol": "AVAX/USD", "bid": "27.50", "ask": "27.52", "last": "27.51"})

    async def flat() -> bool:
        still_open = await product.orders(trader, state="open")
        held = await product.rows("select quantity from positions where account_id = :a", a=trader.account_id)
        return not still_open and held[0]["quantity"] == 0

    await product.until(flat, on_timeout=lambda: product.orders(trader))
    states = {o["role"]: o["state"] for o in await product.orders(trader)}
    assert states == {"entry": "filled", "stop": "filled", "target": "canceled"}


async def test_exits_follow_partial_fills(product: Product) -> None:
    trader = await product.trader()
    await product.control(
        "POST", "/fault", {"knob": "partial_fills", "account": trader.venue_account_id, "n": 3, "count": 1}
    )
    trace = await product.send(
        trader, ticker="LTCUSD", action="buy", quantity="9", stopLoss={"type": "stop", "percent": "5"}
    )
    await product.until_step(trader, trace, "filled", count=3)

    async def covered() -> bool:
        stops = [o for o in await product.orders(trader, state="open") if o["role"] == "stop"]
        return sum(Decimal(o["quantity"]) for o in stops) == 9

    await product.until(covered, on_timeout=lambda: product.orders(trader))


async def test_resting_order_is_canceled_by_hand(product: Product) -> None:
    trader = await product.trader()
    await product.pin("LINK/USD", "15.00", "15.02")
    trace = await product.send(
        trader, ticker="LINKUSD", action="buy", quantity="10", orderType="limit", limitPrice="14.50"
    )
    await product.until_step(trader, trace, "accepted")
    (order,) = await product.orders(trader, state="open")
    answer = await product.call("POST", f"/api/v1/orders/{order['id']}/cancel", trader)
    assert (answer.status, answer.body["requested"]) == (202, True)
    await product.until_step(trader, trace, "canceled")
    again = await product.call("POST", f"/api/v1/orders/{order['id']}/cancel", trader)
    assert (again.status, again.body["code"]) == (409, "order_finished")


async def test_other_tenants_orders_and_traces_do_not_exist(product: Product) -> None:
    owner, other = await product.trader(), await product.trader()
    trace = await product.send(owner, ticker="ETHUSD", action="buy", quantity="0.1")
    await product.until_step(owner, trace, "filled")
    (order,) = await product.orders(owner)
    for path in (f"/api/v1/orders/{order['id']}", f"/api/v1/traces/{trace}"):
        assert (await product.call("GET", path, other)).status == 404
    assert (await product.call("POST", f"/api/v1/orders/{order['id']}/cancel", other)).status == 404
    assert await product.orders(other) == []
