"""Tradsy's own order: `{symbol, side, quantity | notional, type, limit_price?, stop_price?, ...}`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from tradsy.domain.instruments import AssetClass, parse_asset_class
from tradsy.domain.orders import OrderType, TimeInForce
from tradsy.follows.model import Action, LevelUnit, PriceLevel, QuantityUnit, StopLevel, TradeIntent
from tradsy.signals.errors import Unreadable
from tradsy.signals.fields import Fields, read_number
from tradsy.signals.model import Envelope

ENVELOPE_FIELDS = ("id", "time", "timenow", "timestamp", "secret", "test", "source")
ORDER_FIELDS = (
    "symbol",
    "side",
    "position_effect",
    "quantity",
    "notional",
    "type",
    "limit_price",
    "stop_price",
    "trail_amount",
    "trail_percent",
    "take_profit",
    "stop_loss",
    "time_in_force",
    "extended_hours",
    "price",
)
_ACTIONS = {
    ("buy", "open"): Action.OPEN_LONG,
    ("sell", "open"): Action.OPEN_SHORT,
    ("buy", "close"): Action.CLOSE_SHORT,
    ("sell", "close"): Action.CLOSE_LONG,
}
_ORDER_TYPES = {kind.value: kind for kind in OrderType}
_TIMES_IN_FORCE = {kind.value: kind for kind in TimeInForce}
_TARGET_UNITS = {
    unit.value: unit
    for unit in (LevelUnit.PRICE, LevelUnit.PERCENT, LevelUnit.AMOUNT, LevelUnit.PIPS, LevelUnit.POINTS, LevelUnit.RISK)
}
_STOP_UNITS = {unit.value: unit for unit in LevelUnit if unit is not LevelUnit.RISK}
_NEEDS = {
    OrderType.MARKET: frozenset[str](),
    OrderType.LIMIT: frozenset({"limit_price"}),
    OrderType.STOP: frozenset({"stop_price"}),
    OrderType.STOP_LIMIT: frozenset({"limit_price", "stop_price"}),
}
MAX_TARGETS = 10


def read_envelope(fields: Fields) -> Envelope:
    """Return identity, time and secret of a native message; the first time that is given counts."""
    signal_at = next((at for name in ("timestamp", "timenow", "time") if (at := fields.time(name))), None)
    return Envelope(
        sender_id=fields.text("id") or None,
        signal_at=signal_at,
        secret=fields.text("secret"),
        test=fields.flag("test"),
    )


def read_order(fields: Fields, envelope: Envelope) -> TradeIntent:
    """Return the intent of a native order.

    Raises:
        Unreadable: a field is missing, unknown or contradicts another.
    """
    symbol = fields.symbol("symbol")
    asset_class = parse_asset_class(symbol)
    order_type = _read_order_type(fields)
    quantity, unit = _read_quantity(fields)
    return TradeIntent(
        action=_read_action(fields),
        symbol=symbol,
        asset_class=asset_class,
        order_type=order_type,
        limit_price=fields.number("limit_price"),
        stop_price=fields.number("stop_price"),
        trail_amount=fields.number("trail_amount"),
        trail_percent=fields.number("trail_percent"),
        quantity=quantity,
        quantity_unit=unit,
        take_profits=_read_targets(fields),
        stop_loss=_read_stop(fields),
        time_in_force=fields.choice("time_in_force", _TIMES_IN_FORCE, default_time_in_force(asset_class)),
        signal_price=fields.number("price"),
        extended_hours=fields.flag("extended_hours"),
        signal_at=envelope.signal_at,
    )


def default_time_in_force(asset_class: AssetClass) -> TimeInForce:
    """A day order has no end where the market never closes."""
    return TimeInForce.GTC if asset_class is AssetClass.CRYPTO else TimeInForce.DAY


def _read_action(fields: Fields) -> Action:
    side = fields.required_text("side").lower()
    effect = (fields.text("position_effect") or "open").lower()
    action = _ACTIONS.get((side, effect))
    if action is None:
        raise Unreadable("unknown_value", fields.path("side" if side not in {"buy", "sell"} else "position_effect"))
    return action


def _read_order_type(fields: Fields) -> OrderType:
    """Return the order type; without one the prices tell it."""
    prices = frozenset(name for name in ("limit_price", "stop_price") if fields.has(name))
    trails = sum(fields.has(name) for name in ("trail_amount", "trail_percent"))
    inferred = next(
        (kind for kind, needed in _NEEDS.items() if needed == prices and not trails), OrderType.TRAILING_STOP
    )
    order_type = fields.choice("type", _ORDER_TYPES, inferred)
    fits = (
        trails == 1 and not prices
        if order_type is OrderType.TRAILING_STOP
        else trails == 0 and prices == _NEEDS[order_type]
    )
    if not fits:
        raise Unreadable("price_conflict", fields.path("type"))
    return order_type


def _read_quantity(fields: Fields) -> tuple[Decimal | None, QuantityUnit | None]:
    quantity, notional = fields.number("quantity"), fields.number("notional")
    if quantity is not None and notional is not None:
        raise Unreadable("quantity_conflict", fields.path("quantity"))
    if quantity is not None:
        return quantity, QuantityUnit.UNITS
    return (notional, QuantityUnit.CASH) if notional is not None else (None, None)


def _read_targets(fields: Fields) -> tuple[PriceLevel, ...]:
    value = fields.value("take_profit")
    if value is None:
        return ()
    levels: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
    if len(levels) > MAX_TARGETS:
        raise Unreadable("level_conflict", fields.path("take_profit"))
    return tuple(_read_target(level, fields.path("take_profit")) for level in levels)


def _read_target(level: Any, name: str) -> PriceLevel:
    if not isinstance(level, dict):
        return PriceLevel(read_number(level, name))
    parts = Fields(cast("dict[str, Any]", level), prefix=f"{name}.")
    parts.allow_only(("value", "unit"))
    return PriceLevel(read_number(parts.value("value"), name), parts.choice("unit", _TARGET_UNITS, LevelUnit.PRICE))


def _read_stop(fields: Fields) -> StopLevel | None:
    value, name = fields.value("stop_loss"), fields.path("stop_loss")
    if value is None:
        return None
    if not isinstance(value, dict):
        return StopLevel(read_number(value, name))
    parts = Fields(cast("dict[str, Any]", value), prefix=f"{name}.")
    parts.allow_only(("value", "unit", "trailing", "limit_price"))
    unit = parts.choice("unit", _STOP_UNITS, LevelUnit.PRICE)
    trailing = parts.flag("trailing")
    if unit is LevelUnit.BREAKEVEN:
        if trailing or parts.has("value"):
            raise Unreadable("level_conflict", name)
        return StopLevel(Decimal(0), unit)
    if trailing and unit is LevelUnit.PRICE:
        raise Unreadable("level_conflict", name)
    return StopLevel(
        read_number(parts.value("value"), name), unit, trailing=trailing, limit_price=parts.number("limit_price")
    )
