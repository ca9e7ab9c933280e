"""What the venue knows and Tradsy does not, and the other way round: adopted, booked, or held up as a break."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
import pytest_asyncio

from tests.integration.execution.scenes import (
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
from tradsy.brokers.port import OrderRequest, SubmitAck
from tradsy.domain.ids import VenueAccountId, format_client_order_id
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.platform.db import DatabaseUnavailable
from tradsy.platform.ids import new_id
from tradsy.portfolio import service as portfolio
from tradsy.testing.product import Product, Trader


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _by_hand(product: Product, trader: Trader, terms: OrderTerms) -> SubmitAck:
    """Place an order at the venue as its own app would: without Tradsy."""
    request = OrderRequest(format_client_order_id(new_id()), VenueAccountId(trader.venue_account_id), terms)
    return await state_of(product, trader).broker.submit(request, lambda: True)


async def _transfer(product: Product, trader: Trader, quantity: str) -> None:
    """Move SOL/USD in or out at the venue: no order and no execution tells of it."""
    body = {"account": trader.venue_account_id, "symbol": "SOL/USD", "quantity": quantity, "price": "150"}
    await product.control("POST", "/accounts/transfer", body)


async def _no_rounds_but_ours(product: Product, patch: pytest.MonkeyPatch) -> None:
    """Let no round be due, and wait until none is under way."""
    owner = product.owner
    patch.setattr(owner, "_is_due", Mock(return_value=False))

    async def idle() -> bool:
        return not owner._reconciling

    await product.until(idle, what="the rounds under way")


async def _breaks(product: Product, trader: Trader) -> list[dict[str, Any]]:
    answer = await product.call("GET", "/api/v1/breaks", trader)
    assert answer.status == 200, answer.body
    return answer.body


def _market(side: Side, quantity: str = "1", symbol: str = "SOL/USD") -> OrderTerms:
    return OrderTerms(symbol, side, OrderType.MARKET, Decimal(quantity))


async def test_order_placed_by_hand_is_adopted_and_counts(product: Product) -> None:
    trader = await product.trader()
    terms = OrderTerms(
        "LINK/USD", Side.BUY, OrderType.LIMIT, Decimal(10), TimeInForce.GTC, limit_price=Decimal("14.500")
    )
    ack = await _by_hand(product, trader, terms)
    await reconciled(product, trader)
    (order,) = await product.orders(trader, state="open")
    assert (order["origin"], order["venue_order_id"], order["role"]) == ("external", ack.venue_order_id, "entry")
    assert (order["state"], order["quantity"], order["limit_price"]) == ("new", "10", "14.5")
    await tighten(product, trader, max_open_orders=1)
    shown = await verdict(product, trader, await buy(product, trader))
    assert "MAX_OPEN_ORDERS" in shown["reasons"]
    # It may be canceled like any other.
    answer = await product.call("POST", f"/api/v1/orders/{order['id']}/cancel", trader)
    assert answer.status == 202

    async def canceled() -> bool:
        return (await product.orders(trader))[0]["state"] == "canceled"

    await product.until(canceled)


async def test_fill_of_an_order_placed_by_hand_is_booked_as_external(product: Product) -> None:
    trader = await product.trader()
    ack = await _by_hand(product, trader, _market(Side.BUY))
    await reconciled(product, trader)

    async def booked() -> bool:
        return [order["state"] for order in await product.orders(trader)] == ["filled"]

    await product.until(booked)
    (order,) = await product.orders(trader)
    assert (order["origin"], order["venue_order_id"], order["cumulative_quantity"]) == (
        "external",
        ack.venue_order_id,
        "1",
    )
    # What the venue holds is explained, now and in every later round: no break, and a signal may trade.
    await reconciled(product, trader)
    await reconciled(product, trader)
    assert await _breaks(product, trader) == []
    executions = await product.rows("select count(*) as n from executions where user_id = :u", u=trader.user_id)
    assert executions[0]["n"] == 1
    await bought(product, trader)


async def test_difference_in_a_position_becomes_a_break_in_two_rounds_and_closes_when_it_is_gone(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    state = state_of(product, trader)
    with monkeypatch.context() as held:
        # The second round follows the first within a second; here each is asked for, to look between them.
        await _no_rounds_but_ours(product, held)
        await _transfer(product, trader, "1")
        assert await product.owner.reconciler.run(state)
        (seen,) = await _breaks(product, trader)
        assert (seen["state"], seen["subject"], seen["cycles"]) == ("seen", "SOL/USD", 1)
        assert (state.open_breaks, state.reconcile_asked) == (0, True)
        assert await product.owner.reconciler.run(state)
    (opened,) = await _breaks(product, trader)
    assert opened["state"] == "open"
    assert (Decimal(opened["ours"]), Decimal(opened["theirs"])) == (0, 1)
    shown = await verdict(product, trader, await buy(product, trader))
    assert shown["reasons"] == ["RECONCILIATION_BREAK"]
    # Nothing is ever traded to repair it: a person does.
    assert await product.orders(trader) == []
    await _transfer(product, trader, "-1")
    await reconciled(product, trader)

    async def is_closed() -> bool:
        return await _breaks(product, trader) == [] and state.open_breaks == 0

    await product.until(is_closed)
    await bought(product, trader)


async def test_events_that_the_stream_lost_are_found(product: Product) -> None:
    trader = await product.trader()
    await resting(product, trader, price="14.700")
    await product.control(
        "POST", "/fault", {"knob": "stream_stall", "account": trader.venue_account_id, "count": 1, "seconds": 600}
    )
    await product.control("POST", "/price", {"symbol": "LINK/USD", "bid": "14.500", "ask": "14.600"})
    try:

        async def filled() -> bool:
            # Orders may be on their way for two seconds before a list without them counts.
            state_of(product, trader).reconcile_asked = True
            return (await product.orders(trader))[0]["state"] == "filled"

        await product.until(filled)
    finally:
        await product.pin("LINK/USD", "15.000", "15.020")
    held = await product.rows("select quantity from positions where account_id = :a", a=trader.account_id)
    assert [row["quantity"] for row in held] == [10]
    assert await _breaks(product, trader) == []


@pytest.mark.parametrize("endpoint", ["positions", "executions", "orders.list", "accounts.get"])
async def test_failed_read_is_never_flat(product: Product, endpoint: str) -> None:
    trader = await product.trader()
    await bought(product, trader, "SOLUSD", "1")
    await reconciled(product, trader)
    state = state_of(product, trader)
    before = state.reconciled_at
    await fault(product, trader, "error_before_accept", endpoint)
    assert not await product.owner.reconciler.run(state)
    assert (state.reconciled_at, state.quantity("SOL/USD")) == (before, 1)
    assert await _breaks(product, trader) == []


async def test_incomplete_list_is_no_good_reconciliation(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()
    state = state_of(product, trader)
    await reconciled(product, trader)
    before = state.reconciled_at
    original = state.broker.list_executions

    async def cut_short(*arguments: Any) -> Any:
        page = await original(*arguments)
        return type(page)(page.items, complete=False, venue_time=page.venue_time)

    monkeypatch.setattr(state.broker, "list_executions", cut_short)
    assert not await product.owner.reconciler.run(state)
    assert state.reconciled_at == before


async def test_unstored_round_does_not_count(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()
    state = state_of(product, trader)
    before = state.reconciled_at

    async def fail(*_: object) -> None:
        raise DatabaseUnavailable("the connection was lost")

    monkeypatch.setattr(portfolio, "save_balances", fail)
    assert not await product.owner.reconciler.run(state)
    assert state.reconciled_at == before


async def test_refused_credential_closes_the_account_and_relinking_opens_it(product: Product) -> None:
    trader = await product.trader()
    state = state_of(product, trader)
    await product.control(
        "POST",
        "/fault",
        {"knob": "auth_expired", "account": trader.venue_account_id, "endpoint": "orders.submit", "count": 1},
    )
    trace = await buy(product, trader)
    steps = await product.until_step(trader, trace, "rejected")
    assert next(s for s in steps if s["step"] == "rejected")["data"]["reason_code"] == "broker_auth_expired"
    assert not [o for o in product.truth().orders.values() if o.account == trader.venue_account_id]

    async def open_again() -> bool:
        # The next attempt to read the account proves that the credential works.
        return state.is_open

    await product.until(open_again)
    await bought(product, trader, quantity="0.2")
