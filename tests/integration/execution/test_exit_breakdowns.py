"""Protective orders while the database or the lease fails: placed once, as soon as they can be, for what is held."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.execution.breakdowns import (
    ALWAYS,
    Breakdown,
    again,
    break_statement,
    lose_lease,
    outlive_lease,
)
from tests.integration.execution.scenes import bought, pin_all, state_of
from tradsy.execution import exits as exits_module
from tradsy.execution import owner as owner_module
from tradsy.execution.loader import load_accounts
from tradsy.platform.db import DatabaseUnavailable
from tradsy.testing.product import Product, Trader

STOP = {"type": "stop", "stopPrice": "28"}
READ = "exits_covered < cumulative_quantity"
COVER = "update orders o set exits_covered"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


@pytest.fixture(autouse=True)
def quick_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exits_module, "SWEEP_SECONDS", 0.2)


async def _stops(product: Product, trader: Trader) -> list[dict[str, Any]]:
    return [o for o in await product.orders(trader) if o["role"] == "stop"]


async def _protected(product: Product, trader: Trader) -> dict[str, Any]:
    """Wait until one stop rests, and return it."""

    async def rests() -> list[dict[str, Any]]:
        return [o for o in await _stops(product, trader) if o["state"] == "new"]

    (stop,) = await product.until(rests, what="resting stop")
    return stop


@pytest.mark.parametrize("broken", ["database", "lease", "clock"])
async def test_entry_stays_uncovered_while_exits_cannot_be_committed(
    product: Product, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    trader = await product.trader()
    breakdown: Breakdown = {
        "database": lambda: break_statement(monkeypatch, READ, room="exits", times=ALWAYS),
        "lease": lambda: lose_lease(monkeypatch, "exits", times=ALWAYS),
        "clock": lambda: outlive_lease(monkeypatch, "exits", times=ALWAYS),
    }[broken]()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    await again(product, breakdown)
    assert await _stops(product, trader) == []
    (entry,) = await product.rows("select exits_covered from orders where account_id = :a", a=trader.account_id)
    assert entry["exits_covered"] == 0
    breakdown.mend()
    assert (await _protected(product, trader))["quantity"] == "10"


async def test_exits_of_a_failed_commit_are_forgotten_and_placed_once(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    # The legs are written after this statement, and noted in memory before it.
    breakdown = break_statement(monkeypatch, COVER, room="exits", times=ALWAYS)
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    await again(product, breakdown)
    breakdown.mend()
    stop = await _protected(product, trader)
    state = state_of(product, trader)
    assert [str(order_id) for order_id in state.orders] == [stop["id"]]
    assert (state.orders_on[1], len(state.messages), len(state.recent)) == (2, 2, 2)
    assert len(await _stops(product, trader)) == 1
    placed = [o for o in product.truth().orders.values() if o.account == trader.venue_account_id]
    assert len(placed) == 2


async def test_position_closed_before_its_exits_were_placed_gets_none(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    breakdown = break_statement(monkeypatch, READ, room="exits", times=ALWAYS)
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    trace = await product.send(trader, ticker="AVAXUSD", action="exit")
    await product.until_step(trader, trace, "filled")
    breakdown.mend()

    async def covered() -> bool:
        rows = await product.rows(
            "select exits_covered from orders where account_id = :a and role = 'entry'", a=trader.account_id
        )
        return [row["exits_covered"] for row in rows] == [Decimal(10)]

    await product.until(covered)
    assert await _stops(product, trader) == []
    assert not [order for order in state_of(product, trader).orders.values() if order.role == "stop"]


async def test_protection_stays_when_the_position_was_opened_again_meanwhile(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    await _protected(product, trader)
    tasks = asyncio.all_tasks()
    # Heard late: by now something is held again.
    product.owner.exits.position_closed(state_of(product, trader), "AVAX/USD")
    (late,) = asyncio.all_tasks() - tasks
    await late
    asked = await product.rows("select 1 from order_commands where account_id = :a", a=trader.account_id)
    assert asked == []
    assert (await _protected(product, trader))["quantity"] == "10"


async def test_closed_position_without_protection_leaves_nothing_to_do(product: Product) -> None:
    trader = await product.trader()
    tasks = asyncio.all_tasks()
    product.owner.exits.position_closed(state_of(product, trader), "AVAX/USD")
    assert asyncio.all_tasks() == tasks


async def _sell(product: Product, trader: Trader) -> None:
    trace = await product.send(trader, ticker="AVAXUSD", action="exit")
    await product.until_step(trader, trace, "filled")


async def test_protection_whose_cancel_was_not_stored_does_not_stop_the_exits_of_others(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader, other = await product.trader(), await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    await _protected(product, trader)
    breakdown = break_statement(monkeypatch, "insert into order_commands")
    await _sell(product, trader)
    await product.until(breakdown.is_over)
    await bought(product, other, "AVAXUSD", "5", stopLoss=STOP)
    assert (await _protected(product, other))["quantity"] == "5"


async def test_cancel_of_idle_protection_that_was_lost_is_asked_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exits_module, "IDLE_AGE", timedelta(0))
    trader = await product.trader()
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    await _protected(product, trader)
    breakdown = break_statement(monkeypatch, "insert into order_commands")
    await _sell(product, trader)

    async def canceled() -> bool:
        return [stop["state"] for stop in await _stops(product, trader)] == ["canceled"]

    await product.until(canceled)
    # The sweep asks again; the first time it failed.
    assert await breakdown.is_over()


async def test_legs_of_a_failed_commit_are_forgotten_though_the_rows_could_not_be_read_at_once(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    loads: list[int] = []

    async def load(session: Any, runtime: Any, accounts: Any) -> None:
        loads.append(len(accounts))
        if len(loads) == 1:
            raise DatabaseUnavailable("the connection was lost")
        await load_accounts(session, runtime, accounts)

    monkeypatch.setattr(owner_module, "load_accounts", load)
    breakdown = break_statement(monkeypatch, COVER, room="exits")
    await bought(product, trader, "AVAXUSD", "10", stopLoss=STOP)
    stop = await _protected(product, trader)
    assert await breakdown.is_over()
    assert loads == [1, 1]
    assert [str(order_id) for order_id in state_of(product, trader).orders] == [stop["id"]]
