"""From a parsed alert text to a trade intent: symbols, option expiries, levels, and what a person must complete."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.instruments import (
    AssetClass,
    OptionTerms,
    Right,
    format_option_symbol,
    normalize_symbol,
    parse_asset_class,
)
from tradsy.domain.orders import OrderType
from tradsy.follows.model import Action, LevelUnit, PriceLevel, QuantityUnit, StopLevel, TradeIntent
from tradsy.signals.dialects.native import default_time_in_force
from tradsy.signals.errors import Unreadable
from tradsy.signals.text import model as text

NEW_YORK = ZoneInfo("America/New_York")
EVERYTHING = "ALL"
"""What the parser writes as symbol of "close everything"."""
_FRIDAY = 4
_PM_ROOTS = {"SPX": "SPXW", "NDX": "NDXP", "RUT": "RUTW"}
"""Index roots whose daily and weekly contracts trade under another root."""

_ACTIONS = {
    text.Action.BTO: Action.OPEN_LONG,
    text.Action.STO: Action.OPEN_SHORT,
    text.Action.STC: Action.CLOSE_LONG,
    text.Action.BTC: Action.CLOSE_SHORT,
    text.Action.CLOSE: Action.CLOSE,
    text.Action.CANCEL: Action.CANCEL,
    text.Action.UPDATE: Action.UPDATE,
}
_UNITS = {
    text.LevelUnit.PRICE: LevelUnit.PRICE,
    text.LevelUnit.PERCENT: LevelUnit.PERCENT,
    text.LevelUnit.PIPS: LevelUnit.PIPS,
    text.LevelUnit.POINTS: LevelUnit.POINTS,
    text.LevelUnit.RISK: LevelUnit.RISK,
    text.LevelUnit.BREAKEVEN: LevelUnit.BREAKEVEN,
}


def to_trade_intent(alert: text.AlertIntent, received_at: datetime) -> tuple[TradeIntent, str]:
    """Return the intent of an alert, and why a person has to look at it (empty when nobody has to).

    Raises:
        Unreadable: the alert names an instrument of no known form.
    """
    symbol, hold_reason = _resolve_symbol(alert, received_at)
    action = _ACTIONS[alert.action]
    if action is Action.CLOSE and (alert.partial or alert.fraction not in {None, Decimal(1)} or alert.qty is not None):
        action = Action.REDUCE
    stop, targets, level_hold = _convert_levels(alert)
    asset_class = parse_asset_class(symbol) if symbol else _guess_class(alert)
    order_type, limit_price, stop_price = _entry_prices(alert, action)
    intent = TradeIntent(
        action=action,
        symbol=symbol,
        asset_class=asset_class,
        order_type=order_type,
        limit_price=limit_price,
        stop_price=stop_price,
        quantity=alert.qty,
        quantity_unit=None if alert.qty is None else QuantityUnit.UNITS,
        fraction=alert.fraction if action.is_closing and alert.qty is None else None,
        take_profits=targets,
        stop_loss=stop,
        time_in_force=default_time_in_force(asset_class or AssetClass.STOCK),
        signal_price=alert.price,
    )
    return intent, hold_reason or level_hold or _unsized_trim(alert, action)


def _guess_class(alert: text.AlertIntent) -> AssetClass | None:
    return None if alert.asset is None else AssetClass(alert.asset.value)


def _unsized_trim(alert: text.AlertIntent, action: Action) -> str:
    unsized = alert.partial and alert.fraction is None and alert.qty is None
    return "partial_size_missing" if unsized and action.is_closing else ""


def _resolve_symbol(alert: text.AlertIntent, received_at: datetime) -> tuple[str | None, str]:
    """Return the canonical symbol, or None and what is missing."""
    if alert.symbol is None:
        return None, "symbol_missing"
    if alert.symbol == EVERYTHING and alert.asset is None:
        return None, "all_positions"
    try:
        if alert.option is not None or alert.asset is text.AssetClass.OPTION:
            return _resolve_option(alert.symbol, alert.option, received_at)
        return _canonical(alert.symbol, alert.asset), ""
    except UnknownInstrument:
        raise Unreadable("unknown_symbol", "symbol") from None


def _canonical(symbol: str, asset: text.AssetClass | None) -> str:
    if asset is text.AssetClass.FUTURE:
        try:
            if parse_asset_class(symbol) is AssetClass.FUTURE:
                return symbol
        except UnknownInstrument:
            pass
        return normalize_symbol(f"{symbol}1!")
    if asset is text.AssetClass.CRYPTO and "/" not in symbol:
        known = normalize_symbol(symbol)
        return known if "/" in known else normalize_symbol(f"{symbol}/USD")
    return normalize_symbol(symbol)


def _resolve_option(root: str, terms: text.OptionTerms | None, received_at: datetime) -> tuple[str | None, str]:
    if terms is None or terms.strike is None or terms.right is None:
        return None, "option_terms_missing"
    today = received_at.astimezone(NEW_YORK).date()
    expires_on = resolve_expiry(terms.expiry, today)
    if expires_on is None:
        return None, "option_expiry_missing"
    if expires_on < today:
        return None, "option_expired"
    root = normalize_symbol(root)
    return format_option_symbol(
        OptionTerms(_PM_ROOTS.get(root, root).replace(".", ""), expires_on, Right(terms.right), terms.strike)
    ), ""


def resolve_expiry(expiry: str | None, today: date) -> date | None:
    """Return the day that a written expiry means to somebody in New York on `today`; None when it names none.

    `MM-DD` is the next such day, `weekly` this week's Friday (the next one's on a weekend).
    """
    if expiry is None:
        return None
    friday = today + timedelta(days=(_FRIDAY - today.weekday()) % 7)
    match expiry:
        case "0DTE":
            return today
        case "weekly":
            return friday
        case "next_week":
            monday = today - timedelta(days=today.weekday())
            return monday + timedelta(days=7 + _FRIDAY)
        case _:
            return _read_day(expiry, today)


def _read_day(expiry: str, today: date) -> date | None:
    try:
        if len(expiry) == len("2026-01-16"):
            return date.fromisoformat(expiry)
        month, day = (int(part) for part in expiry.split("-"))
        # Eight years reach over the longest gap between two leap days (1896 to 1904, 2096 to 2104).
        for year in range(today.year, today.year + 9):
            if (month, day) == (2, 29) and not _is_leap(year):
                continue
            if (found := date(year, month, day)) >= today:
                return found
    except ValueError:
        return None
    return None


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _entry_prices(alert: text.AlertIntent, action: Action) -> tuple[OrderType, Decimal | None, Decimal | None]:
    """Return (order type, limit price, stop price).

    A written entry price is a limit, the far end of a range its limit. An exit goes to the market unless the author
    says limit: a price beside an exit tells where the author got out, and being left behind costs more than a step.
    """
    if alert.price is None or alert.order is text.OrderHint.MARKET:
        return OrderType.MARKET, None, None
    if alert.order is text.OrderHint.STOP:
        return OrderType.STOP, None, alert.price
    if alert.order is text.OrderHint.LIMIT:
        return OrderType.LIMIT, alert.price, None
    if not action.is_opening:
        return OrderType.MARKET, None, None
    if alert.entry_zone is not None:
        low, high = alert.entry_zone
        return OrderType.LIMIT, high if action is Action.OPEN_LONG else low, None
    return OrderType.LIMIT, alert.price, None


def _convert_levels(alert: text.AlertIntent) -> tuple[StopLevel | None, tuple[PriceLevel, ...], str]:
    """Return stop, targets and why a person has to look at them."""
    hold_reason = ""
    stop = None
    if alert.stop is not None:
        stop = StopLevel(alert.stop.value, _UNITS[alert.stop.unit])
        if alert.stop.unit is text.LevelUnit.RISK:
            stop, hold_reason = None, "stop_unclear"
    targets = tuple(
        PriceLevel(level.value, _UNITS[level.unit])
        for level in alert.targets
        if level.unit is not text.LevelUnit.BREAKEVEN and level.value > 0
    )
    if alert.underlying_stop is not None or alert.underlying_target is not None:
        # A venue's stop watches the contract itself, not its underlying.
        hold_reason = hold_reason or "levels_on_underlying"
    return stop, targets, hold_reason
