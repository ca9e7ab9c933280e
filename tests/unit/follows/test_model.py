from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.instruments import AssetClass
from tradsy.domain.orders import OrderType, Side, TimeInForce
from tradsy.follows.model import (
    Action,
    ExitPolicy,
    LevelUnit,
    PriceLevel,
    QuantityUnit,
    StopLevel,
    TradeIntent,
)

numbers = st.decimals(min_value="0.00000001", max_value=10**9, places=8, allow_nan=False, allow_infinity=False)
maybe = st.none() | numbers
targets = st.builds(PriceLevel, numbers, st.sampled_from(LevelUnit))
stops = st.builds(
    StopLevel, numbers, st.sampled_from(LevelUnit), trailing=st.booleans(), limit_price=st.none() | numbers
)
intents = st.builds(
    TradeIntent,
    action=st.sampled_from(Action),
    symbol=st.none() | st.sampled_from(["AAPL", "BTC/USD", "AAPL270115C00190000"]),
    asset_class=st.none() | st.sampled_from(AssetClass),
    order_type=st.sampled_from(OrderType),
    limit_price=maybe,
    stop_price=maybe,
    trail_amount=maybe,
    trail_percent=maybe,
    quantity=maybe,
    quantity_unit=st.none() | st.sampled_from(QuantityUnit),
    fraction=maybe,
    take_profits=st.lists(targets, max_size=4).map(tuple),
    stop_loss=st.none() | stops,
    time_in_force=st.sampled_from(TimeInForce),
    signal_price=maybe,
    extended_hours=st.booleans(),
    close_opposite=st.booleans(),
    cancel_open=st.booleans(),
    signal_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(intents)
def test_intent_survives_storage(intent: TradeIntent):
    assert TradeIntent.from_json(orjson.loads(orjson.dumps(intent.to_json()))) == intent


@given(st.builds(ExitPolicy, stops | st.none(), st.lists(targets, max_size=3).map(tuple), st.booleans()))
def test_exit_policy_survives_storage(policy: ExitPolicy):
    assert ExitPolicy.from_json(orjson.loads(orjson.dumps(policy.to_json()))) == policy


def test_stored_intent_is_short_and_exact():
    intent = TradeIntent(
        Action.OPEN_LONG,
        "AAPL",
        quantity=Decimal("10.0"),
        quantity_unit=QuantityUnit.UNITS,
        signal_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    assert intent.to_json() == {
        "action": "open_long",
        "symbol": "AAPL",
        "quantity": "10",
        "quantity_unit": "units",
        "signal_at": "2026-01-02T03:04:05+00:00",
    }


def test_empty_exit_policy_of_an_old_row_reads_as_the_default():
    assert ExitPolicy.from_json({}) == ExitPolicy()


def test_actions_tell_side_and_kind():
    assert {action: action.side for action in Action} == {
        Action.OPEN_LONG: Side.BUY,
        Action.OPEN_SHORT: Side.SELL,
        Action.CLOSE_LONG: Side.SELL,
        Action.CLOSE_SHORT: Side.BUY,
        Action.CLOSE: None,
        Action.REDUCE: None,
        Action.CANCEL: None,
        Action.UPDATE: None,
    }
    assert {action for action in Action if action.is_opening} == {Action.OPEN_LONG, Action.OPEN_SHORT}
    assert {action for action in Action if action.is_closing} == {
        Action.CLOSE,
        Action.CLOSE_LONG,
        Action.CLOSE_SHORT,
        Action.REDUCE,
    }
