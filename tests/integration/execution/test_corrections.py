"""Executions that the venue takes back or corrects: new events that supersede, never updates."""

from __future__ import annotations

from decimal import Decimal

import pytest
import pytest_asyncio

from tests.integration.execution.scenes import bought, pin_all, state_of
from tradsy.testing.product import Product


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


@pytest.mark.parametrize(
    ("knob", "kinds", "held"), [("bust", ["bust", "fill"], 0), ("correction", ["bust", "fill", "fill"], 2)]
)
async def test_superseded_execution_is_booked_beside_the_first(
    product: Product, knob: str, kinds: list[str], held: int
) -> None:
    trader = await product.trader()
    await product.control(
        "POST",
        "/fault",
        {"knob": knob, "account": trader.venue_account_id, "count": 1, "seconds": 0.2, "ticks": 3},
    )
    await bought(product, trader, "SOLUSD", "2")

    async def booked() -> list[str]:
        rows = await product.rows("select kind from executions where account_id = :a", a=trader.account_id)
        found = sorted(row["kind"] for row in rows)
        return found if found == kinds else []

    await product.until(booked)

    async def as_at_the_venue() -> bool:
        return state_of(product, trader).quantity("SOL/USD") == held

    await product.until(as_at_the_venue)
    assert product.truth().positions.get((trader.venue_account_id, "SOL/USD"), Decimal(0)) == held
    (order,) = await product.orders(trader)
    assert Decimal(order["cumulative_quantity"]) == held
