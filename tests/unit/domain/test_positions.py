"""Positions are the sum of executions, whatever their order of sides: flips, averages and profit add up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.orders import Side
from tradsy.domain.positions import Position

TOLERANCE = Decimal("1E-15")


@dataclass(frozen=True)
class Trade:
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal


TRADES = st.builds(
    Trade,
    st.sampled_from(Side),
    st.decimals("0.001", "1000", places=3),
    st.decimals("0.01", "10000", places=2),
    st.decimals("-1", "5", places=2),
)
MULTIPLIERS = st.sampled_from([Decimal(1), Decimal(50), Decimal(100)])


def _fold(trades: list[Trade], multiplier: Decimal = Decimal(1)) -> Position:
    position = Position()
    for t in trades:
        position = position.apply_execution(t.side, t.quantity, t.price, t.fee, multiplier)
    return position


@given(st.lists(TRADES, max_size=30))
def test_quantity_and_fees_are_sums(trades: list[Trade]) -> None:
    position = _fold(trades)
    assert position.quantity == sum(t.quantity * t.side.sign for t in trades)
    assert position.fees == sum(t.fee for t in trades)


@given(st.lists(TRADES, max_size=30))
def test_average_is_zero_exactly_when_flat(trades: list[Trade]) -> None:
    position = _fold(trades)
    assert position.is_flat == (position.average_price == 0)


@given(st.lists(TRADES, min_size=1, max_size=30), MULTIPLIERS, st.decimals("0.01", "10000", places=2))
def test_profit_is_what_the_cash_flows_say(trades: list[Trade], multiplier: Decimal, mark: Decimal) -> None:
    position = _fold(trades, multiplier)
    flows = sum((-t.quantity * t.side.sign * t.price * multiplier for t in trades), Decimal(0))
    worth = position.quantity * mark * multiplier
    profit = position.realized_pnl + position.unrealized_pnl(mark, multiplier)
    assert abs(profit - (flows + worth)) <= TOLERANCE * max(abs(flows), abs(worth), Decimal(1)) * len(trades)


@given(st.lists(TRADES, min_size=1, max_size=30))
def test_average_lies_between_the_prices_traded(trades: list[Trade]) -> None:
    position = _fold(trades)
    if not position.is_flat:
        slack = position.average_price * TOLERANCE
        assert min(t.price for t in trades) - slack <= position.average_price <= max(t.price for t in trades) + slack


def test_flip_takes_the_new_price_and_realizes_only_what_was_held() -> None:
    long = Position().apply_execution(Side.BUY, Decimal(10), Decimal(100))
    short = long.apply_execution(Side.SELL, Decimal(15), Decimal(110))
    assert (short.quantity, short.average_price, short.realized_pnl) == (Decimal(-5), Decimal(110), Decimal(100))


def test_partial_close_keeps_the_average() -> None:
    held = Position().apply_execution(Side.SELL, Decimal(4), Decimal(50), Decimal(1), Decimal(100))
    left = held.apply_execution(Side.BUY, Decimal(1), Decimal(40), Decimal(1), Decimal(100))
    assert (left.quantity, left.average_price) == (Decimal(-3), Decimal(50))
    assert (left.realized_pnl, left.fees) == (Decimal(1000), Decimal(2))


def test_adding_blends_the_average() -> None:
    held = (
        Position().apply_execution(Side.BUY, Decimal(1), Decimal(10)).apply_execution(Side.BUY, Decimal(3), Decimal(20))
    )
    assert held.average_price == Decimal("17.5")
