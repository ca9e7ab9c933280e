"""What happened while the stream was silent or the worker away: seen at the venue or in the rows, and never guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.execution.breakdowns import ALWAYS, break_statement, current_room
from tests.integration.execution.scenes import (
    blind,
    bought,
    buy,
    fault,
    pin_all,
    reconciled,
    resting,
    state_of,
    tighten,
    verdict,
)
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import BrokerReadFailed, OrderNotFound
from tradsy.brokers.port import OrderRequest, SubmitAck
from tradsy.domain.ids import AccountId, UserId, VenueAccountId, VenueOrderId, format_client_order_id
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.execution import owner as owner_module
from tradsy.execution import reconcile as reconcile_module
from tradsy.platform.db import sql
from tradsy.platform.ids import new_id
from tradsy.testing.logs import captured_logs
from tradsy.testing.product import Product, Trader


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _silence(product: Product, trader: Trader) -> None:
    """Let the venue's stream say nothing of the account."""
    await product.control(
        "POST", "/fault", {"knob": "stream_stall", "account": trader.venue_account_id, "count": 1, "seconds": 600}
    )


async def _by_hand(product: Product, trader: Trader, terms: OrderTerms) -> SubmitAck:
    """Place an order at the venue as its own app would: without Tradsy."""
    request = OrderRequest(format_client_order_id(new_id()), VenueAccountId(trader.venue_account_id), terms)
    return await state_of(product, trader).broker.submit(request, lambda: True)


async def _canceled_by_hand(product: Product, trader: Trader) -> None:
    (order,) = await product.orders(trader, state="open")
    account = VenueAccountId(trader.venue_account_id)
    await state_of(product, trader).broker.cancel(account, VenueOrderId(order["venue_order_id"]), lambda: True)


async def test_order_canceled_at_the_venue_without_a_word_is_ended_by_reconciliation(product: Product) -> None:
    trader = await product.trader()
    await resting(product, trader)
    await _silence(product, trader)
    await _canceled_by_hand(product, trader)

    async def ended() -> bool:
        # Orders may be on their way for two seconds before a list without them counts.
        state_of(product, trader).reconcile_asked = True
        return (await product.orders(trader))[0]["state"] == "canceled"

    await product.until(ended)
    assert state_of(product, trader).orders == {}


async def test_order_that_the_venue_neither_lists_nor_finds_stays_open(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    await resting(product, trader)
    await _silence(product, trader)
    state, asked = state_of(product, trader), list[object]()
    original = state.broker.get_order

    async def get_order(*arguments: Any) -> Any:
        asked.append(arguments)
        raise OrderNotFound("no such order")

    monkeypatch.setattr(state.broker, "get_order", get_order)
    monkeypatch.setattr(reconcile_module, "SETTLING", -reconcile_module.SETTLING)
    await _canceled_by_hand(product, trader)
    assert await product.owner.reconciler.run(state)
    assert asked
    # Not found is no proof of anything: it counts as resting until the venue shows its end.
    assert (await product.orders(trader))[0]["state"] == "new"
    monkeypatch.setattr(state.broker, "get_order", original)
    assert await product.owner.reconciler.run(state)
    assert (await product.orders(trader))[0]["state"] == "canceled"


async def test_order_by_hand_that_could_be_ours_is_left_alone_until_ours_is_found(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader(idempotency=IdempotencyClass.NONE)
    state = state_of(product, trader)
    original = state.broker.list_orders

    reads: list[object] = []

    async def only_before_the_send(*arguments: Any) -> Any:
        reads.append(arguments)
        if len(reads) > 1:
            raise BrokerReadFailed("down")
        return await original(*arguments)

    monkeypatch.setattr(state.broker, "list_orders", only_before_the_send)
    await fault(product, trader, "drop_response", "orders.submit", count=1)
    await _silence(product, trader)
    trace = await buy(product, trader, "LINKUSD", "10", orderType="limit", limitPrice="14.900")
    await product.until_step(trader, trace, "unknown")
    terms = OrderTerms("LINK/USD", Side.BUY, OrderType.LIMIT, Decimal(7), TimeInForce.GTC, limit_price=Decimal("14.5"))
    ack = await _by_hand(product, trader, terms)
    assert await product.owner.reconciler.run(state)
    (ours,) = await product.orders(trader)
    monkeypatch.setattr(state.broker, "list_orders", original)
    await product.until_step(trader, trace, "accepted")
    await reconciled(product, trader)
    orders = {o["quantity"]: o for o in await product.orders(trader)}
    assert orders["10"]["id"] == ours["id"]
    assert (orders["7"]["origin"], orders["7"]["venue_order_id"]) == ("external", ack.venue_order_id)
    assert orders["7"]["client_order_id"] == f"external-{ack.venue_order_id}"


async def test_reload_brings_refused_orders_back_into_the_counters_of_risk(product: Product) -> None:
    trader = await product.trader()
    # No reconciliation tells risk of it, so that it is the venue that refuses.
    await blind(product, trader)
    await product.control("POST", "/accounts/state", {"account": trader.venue_account_id, "blocked": True})
    await product.until_step(trader, await buy(product, trader, quantity="0.1"), "rejected")
    await product.control("POST", "/accounts/state", {"account": trader.venue_account_id, "blocked": False})
    await bought(product, trader, quantity="0.2")
    state = state_of(product, trader)
    state.rejects.clear()
    await product.owner.reload([trader.account_id])
    assert (len(state.rejects), state.orders_on[1], len(state.recent)) == (1, 2, 2)
    assert state.quantity("ETH/USD") == Decimal("0.2")
    await tighten(product, trader, account_rejects_5min=1)
    shown = await verdict(product, trader, await buy(product, trader, quantity="0.3"))
    assert "ACCOUNT_REJECTS" in shown["reasons"]


async def test_reload_of_accounts_of_somebody_else_reads_nothing(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = break_statement(monkeypatch, "select", room=current_room(), times=ALWAYS)
    await product.owner.reload([AccountId(uuid4())])
    assert refused.struck == 0


async def test_owner_knows_whose_accounts_it_has_and_whether_all_are_open(product: Product) -> None:
    trader = await product.trader()
    owner, state = product.owner, state_of(product, trader)
    assert owner.owns_user(trader.user_id)
    assert not owner.owns_user(UserId(uuid4()))

    async def ready() -> bool:
        return owner.is_trading_ready

    await product.until(ready)
    state.is_open = False
    assert not owner.is_trading_ready
    await product.until(ready)


async def test_connection_that_could_not_be_read_when_it_was_linked_is_opened_by_the_next_takeover(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    breakdown = break_statement(monkeypatch, "from connections where id")
    with captured_logs(owner_module) as logs:
        record = await product.open_account(trader.user_id)

        async def given_up() -> bool:
            return "a linked connection was not opened" in [entry["event"] for entry in logs]

        await product.until(given_up)
    account_id = record.accounts[0].id
    assert breakdown.struck == 1
    assert product.owner.find_account(account_id) is None
    async with product.container.database.as_engine() as session:
        await session.execute(sql("update partition_leases set lease_until = '-infinity'"))

    async def is_open() -> bool:
        state = product.owner.find_account(account_id)
        return state is not None and state.is_open

    await product.until(is_open)
