"""Executions folded into positions, and taken out again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.ids import AccountId, UserId
from tradsy.domain.instruments import AssetClass
from tradsy.domain.money import ZERO
from tradsy.domain.orders import Side
from tradsy.domain.positions import Position
from tradsy.platform.ids import new_id
from tradsy.portfolio.model import ExecutionItem, as_stored

USER, ACCOUNT = UserId(new_id()), AccountId(new_id())


def execution(side: Side, quantity: Decimal, price: Decimal, fee: Decimal) -> ExecutionItem:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return ExecutionItem(ACCOUNT, USER, "ES1!", AssetClass.FUTURE, Decimal(50), side, quantity, price, fee, at)


items = st.lists(
    st.builds(
        execution,
        st.sampled_from(Side),
        st.decimals("0.001", "1000", places=3),
        st.decimals("0.01", "9999", places=2),
        st.decimals("0", "5", places=2),
    ),
    min_size=1,
    max_size=12,
)


def cash_of(executions: list[ExecutionItem]) -> Decimal:
    return sum((-e.side.sign * e.quantity * e.price * e.multiplier for e in executions), ZERO)


@given(items, st.data())
def test_reversal_equals_a_history_without_it(executions: list[ExecutionItem], data: st.DataObject) -> None:
    busted = data.draw(st.sampled_from(executions))
    standing = [e for e in executions if e is not busted]
    mark = Decimal("123.45")
    with localcontext(prec=60):
        position = Position()
        for item in [*executions, busted.reversed()]:
            position = item.apply_to(position)
        assert position.quantity == sum((e.side.sign * e.quantity for e in standing), ZERO)
        assert position.fees == sum((e.fee for e in standing), ZERO)
        total = position.realized_pnl + position.unrealized_pnl(mark, Decimal(50))
        expected = cash_of(standing) + position.quantity * mark * 50
        assert abs(total - expected) < Decimal("1e-30")


def test_reversing_twice_is_the_execution_itself() -> None:
    bought = execution(Side.BUY, Decimal(1), Decimal(590), ZERO)
    assert bought.reversed() != bought
    assert bought.reversed().reversed() == bought


def test_what_is_stored_has_eighteen_decimals_at_most() -> None:
    third = Position(Decimal(3), Decimal(1) / 3, Decimal(-2) / 3, ZERO)
    assert as_stored(third).average_price == Decimal("0.333333333333333333")
    assert as_stored(third).realized_pnl == Decimal("-0.666666666666666667")
