"""Cancels: of orders that nobody knows, that filled meanwhile, or whose answer was lost; and lists of orders."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.integration.execution.scenes import blind, bought, buy, fault, pin_all, resting
from tradsy.testing.product import Product, Trader


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _cancel(product: Product, trader: Trader) -> Any:
    (order,) = await product.orders(trader, state="open")
    return await product.call("POST", f"/api/v1/orders/{order['id']}/cancel", trader)


async def _command(product: Product, trader: Trader, state: str) -> None:
    async def reached() -> bool:
        rows = await product.rows("select state from order_commands where account_id = :a", a=trader.account_id)
        return [row["state"] for row in rows] == [state]

    await product.until(reached, what=f"command {state}")


async def test_cancel_of_an_unknown_order_waits_until_it_is_found(product: Product) -> None:
    trader = await product.trader()
    await fault(product, trader, "hide_accepted", "orders.submit", count=1, seconds=3)
    await fault(product, trader, "drop_response", "orders.submit", count=1)
    trace = await buy(product, trader, "LINKUSD", "10", orderType="limit", limitPrice="14.900")
    await product.until_step(trader, trace, "unknown")
    answer = await _cancel(product, trader)
    assert (answer.status, answer.body["requested"]) == (202, True)
    again = await _cancel(product, trader)
    assert (again.status, again.body["requested"]) == (202, False)
    await product.until_step(trader, trace, "canceled")
    await _command(product, trader, "done")
    requests = [r for r in product.truth().requests if r["account"] == trader.venue_account_id]
    assert [r["endpoint"] for r in requests] == ["orders.submit", "orders.cancel"]


@pytest.mark.parametrize("knob", ["drop_response", "drop_request", "error_after_accept", "error_before_accept"])
async def test_lost_answer_to_a_cancel_ends_in_one_cancel(product: Product, knob: str) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    await fault(product, trader, knob, "orders.cancel", count=1)
    await _cancel(product, trader)
    steps = await product.until_step(trader, trace, "canceled")
    assert sum(step["step"] == "canceled" for step in steps) == 1
    await _command(product, trader, "done")


async def test_cancel_that_comes_too_late_books_the_fill(product: Product) -> None:
    trader = await product.trader()
    trace = await resting(product, trader, price="14.700")
    # Neither the stream nor a reconciliation tells of the fill before the cancel does.
    await blind(product, trader)
    await product.control(
        "POST", "/fault", {"knob": "stream_stall", "account": trader.venue_account_id, "count": 1, "seconds": 600}
    )
    await product.control("POST", "/price", {"symbol": "LINK/USD", "bid": "14.500", "ask": "14.600"})
    try:
        answer = await _cancel(product, trader)
        assert answer.status == 202
        await product.until_step(trader, trace, "filled")
    finally:
        await product.pin("LINK/USD", "15.000", "15.020")
    (order,) = await product.orders(trader)
    assert (order["state"], order["cumulative_quantity"]) == ("filled", "10")
    await _command(product, trader, "done")


async def test_signal_cancels_open_orders_of_its_symbol(product: Product) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    stop = await product.send(trader, ticker="LINKUSD", action="cancel")
    await product.until_step(trader, trace, "canceled")
    plans = (await product.call("GET", "/api/v1/plans", trader)).body["items"]
    assert [(p["state"], p["reason"]) for p in plans if p["trace_id"] == stop] == [("done", "cancel_requested")]


async def test_leaving_before_the_entry_filled_cancels_the_entry(product: Product) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    await product.send(trader, ticker="LINKUSD", action="exit")
    await product.until_step(trader, trace, "canceled")
    assert len(await product.orders(trader)) == 1


async def test_entry_that_replaces_open_orders_cancels_them_but_not_itself(product: Product) -> None:
    trader = await product.trader()
    first = await resting(product, trader)
    second = await buy(product, trader, "LINKUSD", "5", orderType="limit", limitPrice="14.800", cancel=True)
    await product.until_step(trader, first, "canceled")
    steps = await product.until_step(trader, second, "accepted")
    assert not [step for step in steps if step["step"] == "canceled"]


async def test_list_of_orders_and_executions_is_paged_and_filtered(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "SOLUSD", "1")
    await bought(product, trader, "SOLUSD", "2")
    await resting(product, trader)
    first = (await product.call("GET", "/api/v1/orders?limit=2", trader)).body
    rest = (await product.call("GET", f"/api/v1/orders?limit=2&cursor={first['next_cursor']}", trader)).body
    assert [o["quantity"] for o in [*first["items"], *rest["items"]]] == ["10", "2", "1"]
    assert rest["next_cursor"] is None
    assert [o["symbol"] for o in await product.orders(trader, symbol="SOL/USD")] == ["SOL/USD"] * 2
    assert await product.orders(trader, account_id=str(trader.user_id)) == []
    path = f"/api/v1/executions?limit=1&account_id={trader.account_id}"
    page = (await product.call("GET", path, trader)).body
    later = (await product.call("GET", f"{path}&cursor={page['next_cursor']}", trader)).body
    assert [e["quantity"] for e in [*page["items"], *later["items"]]] == ["2", "1"]
    (order, *_) = await product.orders(trader)
    assert (await product.call("GET", f"/api/v1/orders/{order['id']}", trader)).body == order
