"""A request that never arrived: only time on the venue's own clock turns "not found" into proof.

A module of its own, for it moves the venue's clock.
"""

from __future__ import annotations

import asyncio

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.testing.product import Product

ENDPOINTS_NEEDED = 2


async def test_lost_requests_stay_unknown_until_the_settle_time_and_are_then_proved_absent(product: Product) -> None:
    traders = [await product.trader(idempotency=kind) for kind in IdempotencyClass]
    await product.pin("DOGE/USD", "0.2000", "0.2001")
    traces: list[str] = []
    for trader in traders:
        fault = {"knob": "drop_request", "account": trader.venue_account_id, "endpoint": "orders.submit", "count": 1}
        await product.control("POST", "/fault", fault)
        trace = await product.send(
            trader, ticker="DOGEUSD", action="buy", quantity="100", orderType="limit", limitPrice="0.1950"
        )
        traces.append(trace)
    pairs = list(zip(traders, traces, strict=True))
    await asyncio.gather(*(product.until_step(trader, trace, "unknown") for trader, trace in pairs))
    for trader in traders:
        (order,) = await product.orders(trader)
        assert order["state"] == "unknown"
    await product.control("POST", "/clock", {"advance_s": 200})
    for trader, trace in pairs:
        steps = await product.until_step(trader, trace, "not_placed")
        evidence = next(s for s in steps if s["step"] == "not_placed")["data"]["evidence"]
        assert len({negative["endpoint"] for negative in evidence}) >= ENDPOINTS_NEEDED
    assert not product.truth().orders
