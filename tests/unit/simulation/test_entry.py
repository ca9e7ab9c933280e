"""What the engine refuses, each with its reason and without a trace."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.simulation.sim_cases import START, build_engine, order, place
from tradsy.simulation.model import NewOrder, Reason, Refused

CASES: list[tuple[dict[str, Any], Reason]] = [
    ({"quantity": "0"}, Reason.QUANTITY),
    ({"quantity": "1.5"}, Reason.QUANTITY),
    ({"quantity": "-1"}, Reason.QUANTITY),
    ({"kind": "limit"}, Reason.ORDER),
    ({"kind": "market", "limit_price": "100"}, Reason.ORDER),
    ({"kind": "limit", "limit_price": "100.001"}, Reason.PRICE),
    ({"kind": "limit", "limit_price": "-1"}, Reason.PRICE),
    ({"kind": "stop"}, Reason.ORDER),
    ({"kind": "stop", "stop_price": "90", "tif": "ioc"}, Reason.ORDER),
    ({"kind": "stop", "stop_price": "90", "tif": "opg"}, Reason.ORDER),
    ({"kind": "trailing_stop"}, Reason.ORDER),
    ({"kind": "trailing_stop", "trail_amount": "1", "trail_percent": "1"}, Reason.ORDER),
    ({"kind": "trailing_stop", "trail_percent": "100"}, Reason.PRICE),
    ({"kind": "trailing_stop", "trail_amount": "0"}, Reason.PRICE),
    ({"kind": "market", "trail_amount": "1"}, Reason.ORDER),
    ({"take_profit": "90", "stop_loss": "110"}, Reason.PRICE),
    ({"stop_loss_limit": "90"}, Reason.ORDER),
    ({"kind": "limit", "limit_price": "100", "stop_loss": "101"}, Reason.PRICE),
    ({"symbol": "NOPE"}, Reason.UNKNOWN_SYMBOL),
    ({"symbol": "BTC/USD", "side": "sell"}, Reason.NO_SHORT),
    ({"quantity": "2001"}, Reason.FUNDS),
    ({"symbol": "BTC/USD", "quantity": "1000.1"}, Reason.FUNDS),
]


@pytest.mark.parametrize(("fields", "reason"), CASES)
def test_a_wrong_order_is_refused_and_changes_nothing(fields: dict[str, Any], reason: Reason) -> None:
    engine = build_engine()
    with pytest.raises(Refused) as refused:
        engine.submit(order(**fields), START)
    assert refused.value.reason is reason
    assert not engine.book.orders
    assert engine.accounts["A"].reserved == 0


def test_unknown_and_blocked_accounts_are_refused() -> None:
    engine = build_engine()
    with pytest.raises(Refused) as refused:
        engine.submit(NewOrder("B", order().terms), START)
    assert refused.value.reason is Reason.UNKNOWN_ACCOUNT
    rests = place(engine, "buy", kind="limit", limit_price="90")
    engine.accounts["A"].blocked = True
    with pytest.raises(Refused) as refused:
        place(engine, "buy")
    assert refused.value.reason is Reason.BLOCKED
    assert engine.cancel(rests.order_id, START)


def test_buying_power_counts_positions_and_open_orders() -> None:
    engine = build_engine(cash="10000")
    account = engine.accounts["A"]
    assert engine.buying_power(account) == Decimal(20000)
    place(engine, "buy", "100", kind="limit", limit_price="90")
    assert engine.buying_power(account) == Decimal(11000)
    place(engine, "buy", "100")
    assert engine.buying_power(account) < Decimal(1000)
    with pytest.raises(Refused):
        place(engine, "buy", "20")
    assert place(engine, "sell", "100").cumulative == 100


def test_an_account_without_short_selling_sells_what_it_holds() -> None:
    engine = build_engine(short_selling=False)
    with pytest.raises(Refused) as refused:
        place(engine, "sell")
    assert refused.value.reason is Reason.NO_SHORT
    place(engine, "buy", "10")
    first = place(engine, "sell", "10", kind="limit", limit_price="100")
    second = place(engine, "sell", "10")
    assert second.cumulative == 10
    assert first.cumulative == 0
    assert engine.accounts["A"].position("ACME").is_flat


def test_a_future_ties_up_margin_and_moves_cash_only_by_profit() -> None:
    engine = build_engine()
    place(engine, "buy", "2", symbol="ESZ26", kind="limit", limit_price="101")
    account = engine.accounts["A"]
    assert account.cash == Decimal(100000)
    assert engine.buying_power(account) < Decimal(200000)
    place(engine, "sell", "2", symbol="ESZ26")
    assert account.cash == Decimal(100000) - Decimal("0.02") * 50 * 2


def test_a_short_option_needs_margin_on_its_strike() -> None:
    engine = build_engine(cash="11000")
    with pytest.raises(Refused):
        place(engine, "sell", "10", symbol="ACME270115C00100000")
    assert place(engine, "sell", "1", symbol="ACME270115C00100000").cumulative == 1
