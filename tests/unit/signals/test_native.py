from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tradsy.domain.instruments import AssetClass
from tradsy.domain.orders import OrderType, TimeInForce
from tradsy.follows.model import Action, LevelUnit, PriceLevel, QuantityUnit, StopLevel, TradeIntent
from tradsy.signals.dialects.native import read_envelope, read_order
from tradsy.signals.errors import Unreadable
from tradsy.signals.fields import Fields
from tradsy.signals.model import Envelope

D = Decimal
BASE: dict[str, Any] = {"symbol": "NASDAQ:AAPL", "side": "buy"}


def read(**changes: Any) -> TradeIntent:
    return read_order(Fields({**BASE, **changes}), Envelope())


@pytest.mark.parametrize(
    ("side", "effect", "action"),
    [
        ("buy", None, Action.OPEN_LONG),
        ("SELL", "open", Action.OPEN_SHORT),
        ("sell", "close", Action.CLOSE_LONG),
        ("buy", "close", Action.CLOSE_SHORT),
    ],
)
def test_side_and_effect_make_the_action(side: str, effect: str | None, action: Action):
    assert read(side=side, position_effect=effect).action is action


@pytest.mark.parametrize(
    ("fields", "order_type"),
    [
        ({}, OrderType.MARKET),
        ({"limit_price": "5"}, OrderType.LIMIT),
        ({"stop_price": "5"}, OrderType.STOP),
        ({"limit_price": "5", "stop_price": "5"}, OrderType.STOP_LIMIT),
        ({"trail_amount": "1"}, OrderType.TRAILING_STOP),
        ({"trail_percent": "1", "type": "trailing_stop"}, OrderType.TRAILING_STOP),
        ({"limit_price": "5", "type": "limit"}, OrderType.LIMIT),
    ],
)
def test_prices_and_type_agree(fields: dict[str, Any], order_type: OrderType):
    assert read(**fields).order_type is order_type


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "market", "limit_price": "5"},
        {"type": "limit"},
        {"type": "stop", "limit_price": "5"},
        {"type": "stop_limit", "stop_price": "5"},
        {"type": "trailing_stop"},
        {"trail_amount": "1", "trail_percent": "1"},
        {"trail_amount": "1", "limit_price": "5"},
        {"type": "limit", "limit_price": "5", "trail_amount": "1"},
    ],
)
def test_prices_that_do_not_fit_the_type_are_refused(fields: dict[str, Any]):
    with pytest.raises(Unreadable) as caught:
        read(**fields)
    assert caught.value.code == "price_conflict"


def test_full_order():
    intent = read(
        symbol="btcusd",
        notional=D(500),
        limit_price="60000.5",
        take_profit=["61000", {"value": "2", "unit": "risk"}],
        stop_loss={"value": "3", "unit": "percent", "trailing": True},
        time_in_force="ioc",
        price="60010",
        extended_hours="true",
    )
    assert intent == TradeIntent(
        Action.OPEN_LONG,
        "BTC/USD",
        AssetClass.CRYPTO,
        OrderType.LIMIT,
        limit_price=D("60000.5"),
        quantity=D(500),
        quantity_unit=QuantityUnit.CASH,
        take_profits=(PriceLevel(D(61000)), PriceLevel(D(2), LevelUnit.RISK)),
        stop_loss=StopLevel(D(3), LevelUnit.PERCENT, trailing=True),
        time_in_force=TimeInForce.IOC,
        signal_price=D(60010),
        extended_hours=True,
    )


def test_day_orders_have_no_end_where_the_market_never_closes():
    assert read().time_in_force is TimeInForce.DAY
    assert read(symbol="ETH/USD").time_in_force is TimeInForce.GTC


def test_levels_in_their_short_forms():
    intent = read(quantity="5", take_profit="200", stop_loss="180")
    assert (intent.quantity, intent.quantity_unit) == (D(5), QuantityUnit.UNITS)
    assert intent.take_profits == (PriceLevel(D(200)),)
    assert intent.stop_loss == StopLevel(D(180))
    assert read(stop_loss={"unit": "breakeven"}).stop_loss == StopLevel(D(0), LevelUnit.BREAKEVEN)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"symbol": None}, "field_missing", "symbol"),
        ({"symbol": "not a symbol"}, "unknown_symbol", "symbol"),
        ({"side": None}, "field_missing", "side"),
        ({"side": "long"}, "unknown_value", "side"),
        ({"position_effect": "maybe"}, "unknown_value", "position_effect"),
        ({"type": "iceberg"}, "unknown_value", "type"),
        ({"time_in_force": "never"}, "unknown_value", "time_in_force"),
        ({"quantity": "1", "notional": "1"}, "quantity_conflict", "quantity"),
        ({"quantity": "-1"}, "invalid_number", "quantity"),
        ({"quantity": "NaN"}, "invalid_number", "quantity"),
        ({"take_profit": ["1"] * 11}, "level_conflict", "take_profit"),
        ({"take_profit": {"value": "1", "unit": "breakeven"}}, "unknown_value", "take_profit.unit"),
        ({"take_profit": {"value": "1", "extra": "1"}}, "unknown_field", "take_profit"),
        ({"take_profit": {"unit": "percent"}}, "invalid_number", "take_profit"),
        ({"stop_loss": {"value": "1", "unit": "risk"}}, "unknown_value", "stop_loss.unit"),
        ({"stop_loss": {"value": "1", "unit": "breakeven"}}, "level_conflict", "stop_loss"),
        ({"stop_loss": {"value": "1", "trailing": True}}, "level_conflict", "stop_loss"),
        ({"extended_hours": "perhaps"}, "wrong_type", "extended_hours"),
    ],
)
def test_wrong_fields_are_named(changes: dict[str, Any], code: str, field: str):
    with pytest.raises(Unreadable) as caught:
        read(**changes)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_envelope_prefers_the_most_explicit_time():
    envelope = read_envelope(
        Fields({"id": "a", "time": "2026-01-01", "timestamp": "2026-01-02", "secret": "s", "test": True})
    )
    assert envelope.signal_at is not None
    assert (envelope.sender_id, envelope.signal_at.day, envelope.secret, envelope.test) == ("a", 2, "s", True)
    assert read_envelope(Fields({"id": ""})) == Envelope()
    assert "secret" not in repr(Envelope(secret="hidden-value"))
