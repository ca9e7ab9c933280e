"""The TradersPost webhook (TradersPost/docs webhook-spec.json, OpenAPI 3.1.1), told by `ticker` and `action`.

`action` and `sentiment` are meant as on a strategy's chart: the sentiment is the position that is left afterwards.
For a put the direction is that of the underlying, so `sell` opens one. Unknown fields are ignored, as the sender
expects.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from enum import Enum

from tradsy.domain.instruments import AssetClass, Right, parse_asset_class, parse_option_symbol
from tradsy.domain.orders import OrderType, TimeInForce
from tradsy.follows.model import Action, LevelUnit, PriceLevel, QuantityUnit, StopLevel, TradeIntent
from tradsy.signals.dialects.native import default_time_in_force
from tradsy.signals.errors import Unreadable
from tradsy.signals.fields import Fields
from tradsy.signals.model import Envelope


class Sentiment(Enum):
    """Position that is meant to be left."""

    UNSAID = "unsaid"
    LONG = "long"
    SHORT = "short"
    FLAT = "flat"


_ACTIONS = {name: name for name in ("buy", "sell", "exit", "cancel", "add")}
_SENTIMENTS = {
    "bullish": Sentiment.LONG,
    "long": Sentiment.LONG,
    "bearish": Sentiment.SHORT,
    "short": Sentiment.SHORT,
    "flat": Sentiment.FLAT,
}
_ORDER_TYPES = {kind.value: kind for kind in OrderType}
_TIMES_IN_FORCE = {kind.value: kind for kind in TimeInForce}
_QUANTITY_UNITS = {
    "fixed_quantity": QuantityUnit.UNITS,
    "dollar_amount": QuantityUnit.CASH,
    "risk_dollar_amount": QuantityUnit.RISK_CASH,
    "risk_percent": QuantityUnit.RISK_PERCENT,
    "percent_of_equity": QuantityUnit.PERCENT_EQUITY,
    "percent_of_position": QuantityUnit.PERCENT_POSITION,
}
_STRIKE_RULES = ("optionType", "intrinsicValue", "expiration", "strikeCount", "strikesAway", "strikePrice")
_STOP_TYPES = {"stop": "stop", "stop_limit": "stop_limit", "trailing_stop": "trailing_stop"}


def matches(fields: Fields) -> bool:
    """Whether an object is a TradersPost message."""
    return fields.has("ticker") and fields.has("action")


def read_envelope(fields: Fields) -> Envelope:
    """Return identity, time and secret; `id` is an extension that their format tolerates."""
    return Envelope(
        sender_id=fields.text("id") or None,
        signal_at=fields.time("time"),
        secret=fields.text("secret"),
        test=fields.flag("test"),
    )


def read_order(fields: Fields, envelope: Envelope) -> tuple[TradeIntent, str]:
    """Return the intent, and why a person has to look at it (empty when nobody has to).

    Raises:
        Unreadable: a field is missing, unknown or contradicts another, or asks for what Tradsy does not do.
    """
    _refuse_unsupported(fields)
    symbol = fields.symbol("ticker")
    asset_class = parse_asset_class(symbol)
    base = TradeIntent(
        action=Action.CANCEL,
        symbol=symbol,
        asset_class=asset_class,
        time_in_force=fields.choice("timeInForce", _TIMES_IN_FORCE, default_time_in_force(asset_class)),
        signal_price=fields.number("price"),
        extended_hours=fields.flag("extendedHours"),
        cancel_open=fields.flag("cancel"),
        signal_at=envelope.signal_at,
    )
    if fields.required_text("action").lower() == "cancel":
        return replace(base, cancel_open=False), ""
    quantity, unit = _read_quantity(fields)
    action, hold_reason = _read_action(fields, symbol, asset_class, sized=quantity is not None)
    intent = replace(_with_prices(base, fields), action=action, quantity=quantity, quantity_unit=unit)
    if action.is_opening:
        _require_opening_unit(intent, fields)
        sided = fields.choice("sentiment", _SENTIMENTS, Sentiment.UNSAID) is Sentiment.UNSAID
        intent = replace(
            intent,
            close_opposite=sided and fields.required_text("action").lower() != "add",
            take_profits=_read_target(fields),
            stop_loss=_read_stop(fields),
        )
    return intent, hold_reason


def _refuse_unsupported(fields: Fields) -> None:
    delay = fields.value("delay")
    if delay not in (None, "", "0", 0):
        raise Unreadable("delay_unsupported", "delay")
    chosen_by_rule = any(fields.has(name) for name in _STRIKE_RULES)
    if chosen_by_rule and (fields.text("optionType") or "both").lower() != "both":
        raise Unreadable("option_selection_unsupported", "optionType")
    for name in ("ticker", "action", "sentiment", "orderType"):
        if (fields.text(name) or "").startswith("="):
            raise Unreadable("formula_unsupported", name)


def _read_action(fields: Fields, symbol: str, asset_class: AssetClass, *, sized: bool) -> tuple[Action, str]:
    name = fields.choice("action", _ACTIONS, "")
    sentiment = fields.choice("sentiment", _SENTIMENTS, Sentiment.UNSAID)
    hold_reason = ""
    if asset_class is AssetClass.OPTION and parse_option_symbol(symbol).right is Right.PUT:
        # An unexplained `buy` of a named put may be meant as it is written: a person decides.
        hold_reason = "side_unclear" if name == "buy" and sentiment is Sentiment.UNSAID else ""
        name = {"buy": "sell", "sell": "buy"}.get(name, name)
        sentiment = {Sentiment.LONG: Sentiment.SHORT, Sentiment.SHORT: Sentiment.LONG}.get(sentiment, sentiment)
    if name == "exit":
        return (Action.REDUCE if sized and sentiment is not Sentiment.FLAT else Action.CLOSE), ""
    if name == "add":
        if sentiment is Sentiment.FLAT:
            raise Unreadable("sentiment_conflict", "sentiment")
        action = Action.OPEN_SHORT if sentiment is Sentiment.SHORT else Action.OPEN_LONG
        return action, "side_unclear" if sentiment is Sentiment.UNSAID else ""
    action = _sided(name, sentiment, sized=sized)
    if asset_class is AssetClass.OPTION and action is Action.OPEN_SHORT:
        # Their options strategies only buy contracts: selling one never writes it.
        action = Action.CLOSE_LONG
    return action, hold_reason


def _sided(name: str, sentiment: Sentiment, *, sized: bool) -> Action:
    """Return what buying or selling means for the position that is meant to be left."""
    opens, closes = (Action.OPEN_LONG, Action.CLOSE_SHORT) if name == "buy" else (Action.OPEN_SHORT, Action.CLOSE_LONG)
    own, other = (Sentiment.LONG, Sentiment.SHORT) if name == "buy" else (Sentiment.SHORT, Sentiment.LONG)
    if sentiment is other:
        # A buy that leaves a short covers part of it: how much must be said.
        if not sized:
            raise Unreadable("sentiment_conflict", "sentiment")
        return closes
    return opens if sentiment in {own, Sentiment.UNSAID} else closes


def _read_quantity(fields: Fields) -> tuple[Decimal | None, QuantityUnit | None]:
    quantity = fields.number("quantity")
    unit = fields.choice("quantityType", _QUANTITY_UNITS, QuantityUnit.UNITS)
    # Flat means all of it, whatever quantity the strategy reports beside it.
    if quantity is None or fields.choice("sentiment", _SENTIMENTS, Sentiment.UNSAID) is Sentiment.FLAT:
        return None, None
    return quantity, unit


def _require_opening_unit(intent: TradeIntent, fields: Fields) -> None:
    if intent.quantity_unit is QuantityUnit.PERCENT_POSITION:
        raise Unreadable("quantity_conflict", fields.path("quantityType"))


def _with_prices(base: TradeIntent, fields: Fields) -> TradeIntent:
    order_type = fields.choice("orderType", _ORDER_TYPES, OrderType.MARKET)
    limit_price, stop_price = fields.number("limitPrice"), fields.number("stopPrice")
    trail_amount, trail_percent = fields.number("trailAmount"), fields.number("trailPercent")
    # Their `price` stands in for a limit or stop price that is left out.
    if order_type is OrderType.LIMIT:
        limit_price = limit_price or base.signal_price
    if order_type is OrderType.STOP:
        stop_price = stop_price or base.signal_price
    needs_limit = order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    needs_stop = order_type in {OrderType.STOP, OrderType.STOP_LIMIT}
    if (needs_limit and limit_price is None) or (needs_stop and stop_price is None):
        raise Unreadable("price_conflict", "orderType")
    trailing = order_type is OrderType.TRAILING_STOP
    if trailing and (trail_amount is None) == (trail_percent is None):
        raise Unreadable("price_conflict", "orderType")
    return replace(
        base,
        order_type=order_type,
        limit_price=limit_price if needs_limit else None,
        stop_price=stop_price if needs_stop else None,
        trail_amount=trail_amount if trailing else None,
        trail_percent=trail_percent if trailing else None,
    )


def _read_target(fields: Fields) -> tuple[PriceLevel, ...]:
    parts = fields.object("takeProfit")
    if parts is None:
        return ()
    level = parts.one_of(
        (
            ("limitPrice", PriceLevel),
            ("percent", lambda value: PriceLevel(value, LevelUnit.PERCENT)),
            ("amount", lambda value: PriceLevel(value, LevelUnit.AMOUNT)),
        ),
        where="takeProfit",
    )
    if level is None:
        raise Unreadable("level_conflict", "takeProfit")
    return (level,)


def _read_stop(fields: Fields) -> StopLevel | None:
    parts = fields.object("stopLoss")
    if parts is None:
        return None
    kind = parts.choice("type", _STOP_TYPES, "stop")
    if kind == "trailing_stop":
        level = parts.one_of(
            (
                ("trailAmount", lambda value: StopLevel(value, LevelUnit.AMOUNT, trailing=True)),
                ("trailPercent", lambda value: StopLevel(value, LevelUnit.PERCENT, trailing=True)),
            ),
            where="stopLoss",
        )
    else:
        level = parts.one_of(
            (
                ("stopPrice", StopLevel),
                ("percent", lambda value: StopLevel(value, LevelUnit.PERCENT)),
                ("amount", lambda value: StopLevel(value, LevelUnit.AMOUNT)),
            ),
            where="stopLoss",
        )
    if level is None:
        raise Unreadable("level_conflict", "stopLoss")
    if kind == "stop_limit":
        limit_price = parts.number("limitPrice")
        if limit_price is None:
            raise Unreadable("level_conflict", "stopLoss")
        level = replace(level, limit_price=limit_price)
    return level
