"""An answer that never came: the order is looked up, adopted once, and never sent again."""

from __future__ import annotations

from typing import Any

import pytest

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.testing.product import Product, Trader

CLASSES = list(IdempotencyClass)


async def _fault(product: Product, trader: Trader, knob: str, **options: Any) -> None:
    body = {"knob": knob, "account": trader.venue_account_id, "endpoint": "orders.submit", "count": 1, **options}
    await product.control("POST", "/fault", body)


def _placed(product: Product, trader: Trader) -> list[Any]:
    return [o for o in product.truth().orders.values() if o.account == trader.venue_account_id]


@pytest.mark.parametrize("knob", ["drop_response", "half_response", "invalid_json", "error_after_accept"])
@pytest.mark.parametrize("idempotency", CLASSES)
async def test_lost_answer_to_a_placed_order_is_found_and_booked_once(
    product: Product, idempotency: IdempotencyClass, knob: str
) -> None:
    trader = await product.trader(idempotency=idempotency)
    await product.pin("DOGE/USD", "0.2000", "0.2001")
    await _fault(product, trader, knob)
    trace = await product.send(
        trader, ticker="DOGEUSD", action="buy", quantity="100", orderType="limit", limitPrice="0.1950"
    )
    await product.until_step(trader, trace, "accepted")
    (order,) = await product.orders(trader)
    assert order["state"] == "new"
    (placed,) = _placed(product, trader)
    assert placed.order_id == order["venue_order_id"]
    assert len([r for r in product.truth().requests if r["account"] == trader.venue_account_id]) == 1


async def test_refusal_is_proof_and_tells_why(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()

    async def nothing_new(_: object) -> bool:
        return True

    # A look at the venue between the block and the order would have risk refuse it before anything is sent.
    monkeypatch.setattr(product.owner.reconciler, "run", nothing_new)
    await product.control("POST", "/accounts/state", {"account": trader.venue_account_id, "blocked": True})
    trace = await product.send(trader, ticker="ETHUSD", action="buy", quantity="0.1")
    steps = await product.until_step(trader, trace, "rejected")
    rejected = next(s for s in steps if s["step"] == "rejected")
    assert rejected["data"]["reason_code"] == "not_tradable"
    assert _placed(product, trader) == []


@pytest.mark.parametrize("knob", ["duplicate_fill", "fill_before_ack", "stream_disconnect", "stream_replay"])
async def test_disturbed_stream_books_each_execution_once(product: Product, knob: str) -> None:
    trader = await product.trader()
    await product.control("POST", "/fault", {"knob": knob, "account": trader.venue_account_id, "count": 1})
    trace = await product.send(trader, ticker="XRPUSD", action="buy", quantity="50")
    await product.until_step(trader, trace, "filled")
    booked = await product.rows("select quantity from executions where account_id = :a", a=trader.account_id)
    real = [e for e in product.truth().executions.values() if e.account == trader.venue_account_id]
    assert sum(row["quantity"] for row in booked) == sum(e.quantity for e in real) == 50


async def test_fill_after_cancel_is_booked(product: Product) -> None:
    trader = await product.trader()
    await product.pin("ADA/USD", "0.8000", "0.8001")
    trace = await product.send(
        trader, ticker="ADAUSD", action="buy", quantity="100", orderType="limit", limitPrice="0.7800"
    )
    await product.until_step(trader, trace, "accepted")
    await product.control(
        "POST", "/fault", {"knob": "fill_after_cancel", "account": trader.venue_account_id, "count": 1, "seconds": 0.3}
    )
    (order,) = await product.orders(trader)
    await product.call("POST", f"/api/v1/orders/{order['id']}/cancel", trader)
    await product.until_step(trader, trace, "filled")
    held = await product.rows("select quantity from positions where account_id = :a", a=trader.account_id)
    assert [row["quantity"] for row in held] == [100]
