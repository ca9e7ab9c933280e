"""A random session through the adapter while every fault of the wire strikes: the venue's books stay true."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal

import pytest

from tests.contract.harness import SYMBOL, VenueUnderTest, sim_under_test, until, yes
from tradsy.brokers.errors import BrokerError
from tradsy.domain.ids import VenueOrderId
from tradsy.domain.money import round_cents
from tradsy.sandbox.truth import Truth, TruthExecution

FAULTS = {
    "drop_request": 0.03,
    "drop_response": 0.05,
    "half_response": 0.03,
    "reset_mid_body": 0.03,
    "invalid_json": 0.03,
    "error_after_accept": 0.05,
    "error_before_accept": 0.05,
    "rate_limit": 0.02,
    "fill_after_cancel": 0.2,
    "partial_fills": 0.2,
    "bust": 0.05,
    "correction": 0.05,
    "stream_disconnect": 0.01,
    "sequence_gap": 0.02,
    "duplicate_fill": 0.05,
    "cancel_before_fill": 0.05,
    "fill_before_ack": 0.05,
}


async def _trade(venue: VenueUnderTest, rng: random.Random, count: int, sent: list[str]) -> None:
    """Send orders and cancels without a look at what becomes of them."""
    known: list[str] = []
    for _ in range(count):
        side, quantity = rng.choice(["buy", "buy", "sell"]), f"0.0{rng.randint(1, 9)}"
        price = str(rng.randrange(85_000, 99_000))
        fields = rng.choice(
            [{"kind": "market"}, {"kind": "limit", "limit_price": price}, {"kind": "market", "tif": "ioc"}]
        )
        request = venue.request(side, quantity, reduce_only=side == "sell", **fields)
        sent.append(request.client_order_id)
        try:
            if known and rng.random() < 0.4:
                await venue.broker.cancel(venue.account, VenueOrderId(rng.choice(known)), yes)
            else:
                known.append((await venue.broker.submit(request, yes)).venue_order_id)
        except BrokerError:
            continue


def _cash_flow(e: TruthExecution) -> Decimal:
    return round_cents(e.quantity * e.price) * (-1 if e.side == "buy" else 1) - e.fee


def _check(truth: Truth, account: str, sent: list[str]) -> None:
    doubled = [c for (_, c), orders in truth.orders_by_client_id().items() if len(orders) > 1]
    assert doubled == []
    assert {o.client_order_id for o in truth.orders.values()} <= set(sent)
    made = list(truth.executions.values())
    assert truth.cash[account] == Decimal(1_000_000) + sum(map(_cash_flow, made))
    held = sum((e.quantity if e.side == "buy" else -e.quantity for e in made), Decimal(0))
    assert truth.positions[account, SYMBOL] == held
    for order in truth.orders.values():
        own = sum((e.quantity for e in made if e.order_id == order.order_id), Decimal(0))
        assert own == order.filled_quantity <= order.quantity
    statuses = {"partially_filled", "new", "filled", "canceled"}
    assert {o.status for o in truth.orders.values()} <= statuses


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_books_stay_true_under_every_fault(seed: int) -> None:
    async with sim_under_test("A") as venue:
        rng, sent = random.Random(seed), list[str]()
        for knob, probability in FAULTS.items():
            await venue.control.fault(knob, probability=probability, seconds=0.02)
        await asyncio.gather(*[_trade(venue, random.Random(rng.random()), 60, sent) for _ in range(4)])
        await venue.control.heal()
        await venue.broker.cancel_all(venue.account, yes)
        state = venue.control.server.venue
        await until(lambda: state.pending_faults == 0)
        await state.truth.commit()
        truth = venue.control.truth()
        _check(truth, venue.account, sent)
        assert len(truth.orders) > 60
        snapshot = await venue.broker.get_account(venue.account)
        positions = {p.symbol: p.quantity for p in (await venue.broker.list_positions(venue.account)).items}
        assert snapshot.cash == truth.cash[venue.account]
        assert positions.get(SYMBOL, Decimal(0)) == truth.positions[venue.account, SYMBOL]
        listed = await venue.broker.list_executions(venue.account, snapshot.at.replace(year=2000))
        assert {e.fill.venue_execution_id for e in listed.items} == set(truth.executions)
