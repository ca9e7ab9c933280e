from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tradsy.domain.orders import OrderType, TimeInForce
from tradsy.follows.model import Action, LevelUnit, PriceLevel, QuantityUnit, StopLevel, TradeIntent
from tradsy.signals.dialects import traderspost
from tradsy.signals.errors import Unreadable
from tradsy.signals.fields import Fields
from tradsy.signals.model import Envelope

D = Decimal
CALL, PUT = "SPY 261218C680", "SPY 261218P680"


def read(**fields: Any) -> tuple[TradeIntent, str]:
    return traderspost.read_order(Fields({"ticker": "AAPL", "action": "buy", **fields}), Envelope())


def intent(**fields: Any) -> TradeIntent:
    return read(**fields)[0]


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ({"action": "buy"}, Action.OPEN_LONG),
        ({"action": "BUY", "sentiment": "bullish"}, Action.OPEN_LONG),
        ({"action": "buy", "sentiment": "long"}, Action.OPEN_LONG),
        ({"action": "buy", "sentiment": "flat", "quantity": D(5)}, Action.CLOSE_SHORT),
        ({"action": "buy", "sentiment": "bearish", "quantity": D(5)}, Action.CLOSE_SHORT),
        ({"action": "sell"}, Action.OPEN_SHORT),
        ({"action": "sell", "sentiment": "short"}, Action.OPEN_SHORT),
        ({"action": "sell", "sentiment": "flat"}, Action.CLOSE_LONG),
        ({"action": "sell", "sentiment": "long", "quantity": D(5)}, Action.CLOSE_LONG),
        ({"action": "exit"}, Action.CLOSE),
        ({"action": "exit", "quantity": D(5)}, Action.REDUCE),
        ({"action": "exit", "quantity": D(5), "sentiment": "flat"}, Action.CLOSE),
        ({"action": "add", "sentiment": "bullish"}, Action.OPEN_LONG),
        ({"action": "add", "sentiment": "bearish"}, Action.OPEN_SHORT),
        ({"action": "cancel"}, Action.CANCEL),
        ({"ticker": CALL, "action": "buy", "sentiment": "bullish"}, Action.OPEN_LONG),
        ({"ticker": CALL, "action": "sell"}, Action.CLOSE_LONG),
        ({"ticker": PUT, "action": "sell", "sentiment": "bearish"}, Action.OPEN_LONG),
        ({"ticker": PUT, "action": "sell"}, Action.OPEN_LONG),
        ({"ticker": PUT, "action": "buy", "sentiment": "bullish"}, Action.CLOSE_LONG),
        ({"ticker": PUT, "action": "exit"}, Action.CLOSE),
    ],
)
def test_action_and_sentiment(fields: dict[str, Any], action: Action):
    assert intent(**fields).action is action


def test_flat_closes_everything_whatever_the_quantity():
    closed = intent(action="sell", sentiment="flat", quantity=D(5))
    assert (closed.quantity, closed.quantity_unit) == (None, None)


def test_a_side_without_sentiment_closes_the_other_side_first():
    assert intent(action="sell").close_opposite
    assert not intent(action="sell", sentiment="bearish").close_opposite
    assert not intent(action="add", sentiment="bullish").close_opposite


@pytest.mark.parametrize("fields", [{"action": "add"}, {"ticker": PUT, "action": "buy"}])
def test_an_unclear_side_waits_for_a_person(fields: dict[str, Any]):
    assert read(**fields)[1] == "side_unclear"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("fixed_quantity", QuantityUnit.UNITS),
        ("dollar_amount", QuantityUnit.CASH),
        ("risk_dollar_amount", QuantityUnit.RISK_CASH),
        ("risk_percent", QuantityUnit.RISK_PERCENT),
        ("percent_of_equity", QuantityUnit.PERCENT_EQUITY),
    ],
)
def test_quantity_types(name: str, unit: QuantityUnit):
    sized = intent(quantity="5", quantityType=name)
    assert (sized.quantity, sized.quantity_unit) == (D(5), unit)


def test_part_of_a_position_can_be_closed_but_not_opened():
    trim = intent(action="exit", quantity="50", quantityType="percent_of_position")
    assert (trim.action, trim.quantity_unit) == (Action.REDUCE, QuantityUnit.PERCENT_POSITION)
    with pytest.raises(Unreadable) as caught:
        intent(quantity="50", quantityType="percent_of_position")
    assert caught.value.code == "quantity_conflict"


def test_order_types_and_their_prices():
    assert intent(orderType="limit", limitPrice="9").limit_price == 9
    assert intent(orderType="limit", price="9").limit_price == 9
    assert intent(orderType="stop", price="9").stop_price == 9
    both = intent(orderType="stop_limit", limitPrice="9", stopPrice="8")
    assert (both.order_type, both.limit_price, both.stop_price) == (OrderType.STOP_LIMIT, D(9), D(8))
    trailing = intent(orderType="trailing_stop", trailPercent="2")
    assert (trailing.order_type, trailing.trail_percent, trailing.limit_price) == (OrderType.TRAILING_STOP, D(2), None)
    market = intent(limitPrice="9")
    assert (market.order_type, market.limit_price) == (OrderType.MARKET, None)


def test_other_fields_are_taken_over():
    full = intent(price="9", extendedHours=True, timeInForce="gtc", cancel="true", delay="0", strategy="mine")
    assert (full.signal_price, full.extended_hours, full.cancel_open) == (D(9), True, True)
    assert full.time_in_force is TimeInForce.GTC
    assert not intent(action="cancel", cancel=True).cancel_open
    assert intent(optionType="both", strikeCount=D(3)).symbol == "AAPL"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"limitPrice": "9"}, PriceLevel(D(9))),
        ({"percent": "9"}, PriceLevel(D(9), LevelUnit.PERCENT)),
        ({"amount": "9"}, PriceLevel(D(9), LevelUnit.AMOUNT)),
    ],
)
def test_take_profit_shapes(fields: dict[str, Any], wanted: PriceLevel):
    assert intent(takeProfit=fields).take_profits == (wanted,)
    assert intent(action="exit", takeProfit=fields).take_profits == ()


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"stopPrice": "9"}, StopLevel(D(9))),
        ({"type": "stop", "percent": "9"}, StopLevel(D(9), LevelUnit.PERCENT)),
        ({"amount": "9"}, StopLevel(D(9), LevelUnit.AMOUNT)),
        ({"type": "stop_limit", "stopPrice": "9", "limitPrice": "8"}, StopLevel(D(9), limit_price=D(8))),
        ({"type": "trailing_stop", "trailAmount": "2"}, StopLevel(D(2), LevelUnit.AMOUNT, trailing=True)),
        ({"type": "trailing_stop", "trailPercent": "2"}, StopLevel(D(2), LevelUnit.PERCENT, trailing=True)),
    ],
)
def test_stop_loss_shapes(fields: dict[str, Any], wanted: StopLevel):
    assert intent(stopLoss=fields).stop_loss == wanted


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"ticker": "??"}, "unknown_symbol", "ticker"),
        ({"action": "hold"}, "unknown_value", "action"),
        ({"sentiment": "bored"}, "unknown_value", "sentiment"),
        ({"sentiment": "bearish"}, "sentiment_conflict", "sentiment"),
        ({"action": "add", "sentiment": "flat"}, "sentiment_conflict", "sentiment"),
        ({"delay": D(5)}, "delay_unsupported", "delay"),
        ({"delay": "5"}, "delay_unsupported", "delay"),
        ({"optionType": "call", "strikesAway": D(2)}, "option_selection_unsupported", "optionType"),
        ({"optionType": "put"}, "option_selection_unsupported", "optionType"),
        ({"quantity": "=account.equity*0.1"}, "formula_unsupported", "quantity"),
        ({"action": "=x"}, "formula_unsupported", "action"),
        ({"ticker": "=x"}, "formula_unsupported", "ticker"),
        ({"quantityType": "lots", "quantity": "1"}, "unknown_value", "quantityType"),
        ({"orderType": "limit"}, "price_conflict", "orderType"),
        ({"orderType": "stop_limit", "stopPrice": "1"}, "price_conflict", "orderType"),
        ({"orderType": "trailing_stop"}, "price_conflict", "orderType"),
        ({"takeProfit": {}}, "level_conflict", "takeProfit"),
        ({"takeProfit": {"percent": "1", "amount": "1"}}, "level_conflict", "takeProfit"),
        ({"takeProfit": "5"}, "wrong_type", "takeProfit"),
        ({"stopLoss": {"type": "trailing_stop", "percent": "1"}}, "level_conflict", "stopLoss"),
        ({"stopLoss": {"type": "stop_limit", "stopPrice": "1"}}, "level_conflict", "stopLoss"),
        ({"stopLoss": {"type": "mental"}}, "unknown_value", "stopLoss.type"),
    ],
)
def test_what_is_not_taken_is_named(fields: dict[str, Any], code: str, field: str):
    with pytest.raises(Unreadable) as caught:
        read(**fields)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_envelope():
    envelope = traderspost.read_envelope(Fields({"time": "2026-01-05T14:30:00Z", "test": "true", "id": "7"}))
    assert (envelope.test, envelope.sender_id) == (True, "7")
    assert traderspost.matches(Fields({"ticker": "A", "action": "buy"}))
    assert not traderspost.matches(Fields({"ticker": "A"}))
