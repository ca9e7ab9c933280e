"""What was learned while the database, the lease or one item fails: booked once, and in the way of nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.execution.breakdowns import (
    ALWAYS,
    Breakdown,
    again,
    break_statement,
    lose_lease,
)
from tests.integration.execution.scenes import bought, buy, pin_all, reconciled, resting, state_of
from tradsy.brokers.port import OrderReport, ReportKind
from tradsy.domain.ids import AccountId, OrderId, VenueAccountId, VenueOrderId
from tradsy.domain.orders import Fill, OrderEvent
from tradsy.execution import ledger as ledger_module
from tradsy.execution.model import Order, OutcomeLearned, ReportReceived
from tradsy.testing.logs import captured_logs
from tradsy.testing.product import Product, Trader

UPDATE = "update orders o set state"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _executions(product: Product, trader: Trader) -> list[Any]:
    rows = await product.rows("select kind, quantity from executions where account_id = :a", a=trader.account_id)
    return [(row["kind"], row["quantity"]) for row in rows]


def _report(product: Product, trader: Trader, kind: ReportKind, **changes: Any) -> OrderReport:
    return OrderReport(kind, VenueAccountId(trader.venue_account_id), product.container.clock.now(), **changes)


def _fill(product: Product, price: Any) -> Fill:
    return Fill(f"made up {uuid4().hex}", Decimal(1), price, Decimal(0), product.container.clock.now())


def _unforeseen(product: Product, trader: Trader, order: Order) -> ReportReceived:
    """Return a report that no adapter may make: a fill without a price."""
    report = _report(product, trader, ReportKind.FILL, venue_order_id=order.venue_order_id, fill=_fill(product, None))
    return ReportReceived(trader.account_id, report)


async def _resting_order(product: Product, trader: Trader) -> Order:
    await resting(product, trader)
    (order,) = state_of(product, trader).orders.values()
    return order


@pytest.mark.parametrize("broken", ["database", "lease"])
async def test_fill_waits_for_database_and_lease_and_is_booked_once(
    product: Product, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    trader = await product.trader()
    breakdown: Breakdown = {
        "database": lambda: break_statement(monkeypatch, UPDATE, room="ledger", times=ALWAYS),
        "lease": lambda: lose_lease(monkeypatch, "ledger", times=ALWAYS),
    }[broken]()
    trace = await buy(product, trader, "SOLUSD", "2")
    await product.until_step(trader, trace, "intent")
    await again(product, breakdown)
    assert await _executions(product, trader) == []
    assert state_of(product, trader).quantity("SOL/USD") == 0
    (order,) = await product.orders(trader)
    assert order["state"] == "submitting"
    breakdown.mend()
    await product.until_step(trader, trace, "filled")
    assert await _executions(product, trader) == [("fill", 2)]
    await reconciled(product, trader)
    assert state_of(product, trader).quantity("SOL/USD") == 2
    assert await _executions(product, trader) == [("fill", 2)]


async def test_item_that_no_rule_foresaw_is_dropped_alone_and_its_account_reconciled(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange, other = await product.trader(), await product.trader()
    bad, good = await _resting_order(product, strange), await _resting_order(product, other)
    rounds: list[AccountId] = []
    original = product.owner.reconciler.run

    async def run(account: Any) -> bool:
        rounds.append(account.account_id)
        return await original(account)

    monkeypatch.setattr(product.owner.reconciler, "run", run)
    canceled = _report(product, other, ReportKind.CANCELED, venue_order_id=good.venue_order_id)
    items = [_unforeseen(product, strange, bad), ReportReceived(other.account_id, canceled)]
    rounds.clear()
    with captured_logs(ledger_module) as logs:
        await product.owner.ledger.store(items)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "ledger batch failed",
        "ledger item dropped, its account will be reconciled",
    ]
    assert (await product.orders(other))[0]["state"] == "canceled"
    assert (await product.orders(strange))[0]["state"] == "new"
    assert await _executions(product, strange) == []

    async def read_again() -> bool:
        return strange.account_id in rounds

    await product.until(read_again)


async def test_items_after_a_dropped_one_wait_for_the_database(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange, other = await product.trader(), await product.trader()
    bad, good = await _resting_order(product, strange), await _resting_order(product, other)
    canceled = _report(product, other, ReportKind.CANCELED, venue_order_id=good.venue_order_id)
    breakdown = break_statement(monkeypatch, UPDATE, room="ledger", times=2)
    with captured_logs(ledger_module) as logs:
        await product.owner.ledger.store(
            [_unforeseen(product, strange, bad), ReportReceived(other.account_id, canceled)]
        )
    assert "ledger item dropped, its account will be reconciled" in [entry["event"] for entry in logs]
    assert breakdown.struck == 2
    assert (await product.orders(other))[0]["state"] == "canceled"
    events = await product.rows("select event from order_events where order_id = :o and event = 'cancel'", o=good.id)
    assert len(events) == 1


async def test_what_is_learned_of_an_account_of_somebody_else_is_not_written(product: Product) -> None:
    trader = await product.trader()
    order = await _resting_order(product, trader)
    now = product.container.clock.now()
    foreign = OutcomeLearned(AccountId(uuid4()), order.id, OrderEvent.CANCEL, now)
    async with asyncio.timeout(20):
        await product.owner.ledger.store([foreign])
    assert (await product.orders(trader))[0]["state"] == "new"


async def test_report_of_an_order_that_nobody_knows_is_kept_for_a_while_and_then_reconciled(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    await reconciled(product, trader)
    state = state_of(product, trader)
    asked: list[bool] = []
    original = product.owner.reconciler.run

    async def run(account: Any) -> bool:
        if account is state:
            asked.append(state.reconcile_asked)
        return await original(account)

    monkeypatch.setattr(product.owner.reconciler, "run", run)
    monkeypatch.setattr(ledger_module, "ORPHAN_GRACE", timedelta(hours=1))
    report = _report(product, trader, ReportKind.NEW, venue_order_id=VenueOrderId("nobody's"))
    await product.owner.ledger.store([ReportReceived(trader.account_id, report)])
    assert not state.reconcile_asked
    monkeypatch.setattr(ledger_module, "ORPHAN_GRACE", timedelta(0))

    async def reconciled_for_it() -> bool:
        return True in asked

    await product.until(reconciled_for_it)
    assert await product.orders(trader) == []


async def test_bust_of_an_execution_that_was_never_booked_changes_nothing(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "SOLUSD", "2")
    (order,) = await product.orders(trader)
    bust = _report(
        product,
        trader,
        ReportKind.BUST,
        venue_order_id=VenueOrderId(order["venue_order_id"]),
        corrects="never booked",
    )
    await product.owner.ledger.store([ReportReceived(trader.account_id, bust)])
    assert await _executions(product, trader) == [("fill", 2)]
    assert state_of(product, trader).quantity("SOL/USD") == 2
    assert (await product.orders(trader))[0]["cumulative_quantity"] == "2"


async def test_outcome_of_an_order_without_a_row_is_not_kept(product: Product) -> None:
    trader = await product.trader()
    now = product.container.clock.now()
    lost = OutcomeLearned(trader.account_id, OrderId(uuid4()), OrderEvent.CANCEL, now)
    async with asyncio.timeout(20):
        await product.owner.ledger.store([lost])
    assert await product.orders(trader) == []
