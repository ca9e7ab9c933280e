"""Limits: one value per setting, layers that may only tighten, and which layer bound."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from tradsy.domain.instruments import AssetClass
from tradsy.domain.money import ONE, format_decimal

Value = Decimal | int | timedelta | bool | frozenset[str] | frozenset[AssetClass]
"""What a limit may hold."""


class Scope(StrEnum):
    """Layer of a limit, widest first; a lower one may only tighten."""

    PLATFORM = "platform"
    OPERATOR = "operator"
    USER = "user"
    ACCOUNT = "account"
    SOURCE = "source"
    SYMBOL = "symbol"


class Tighter(StrEnum):
    """Which of two values of a limit is the tighter one."""

    LOWER = "lower"
    HIGHER = "higher"
    SUBSET = "subset"
    """Sets: the intersection of all that are given."""
    FALSE = "false"
    """Permissions: granted when one layer grants and none denies."""


class Tolerance(StrEnum):
    """A person's risk tolerance, asked at onboarding."""

    CONSERVATIVE = "conservative"
    MODERATE = "moderate"
    AGGRESSIVE = "aggressive"


@dataclass(frozen=True, slots=True)
class LimitField:
    """What one limit means."""

    rule: str
    unit: str
    tighter: Tighter
    text: str


_LOW, _HIGH = Tighter.LOWER, Tighter.HIGHER

FIELDS: dict[str, LimitField] = {
    "signal_age_market": LimitField("R-P3", "s", _LOW, "age limit of a signal for a market order"),
    "signal_age_limit": LimitField("R-P3", "s", _LOW, "age limit of a signal for a priced order"),
    "signal_future": LimitField("R-P3", "s", _LOW, "how far in the future a signal's time may lie"),
    "allowed_symbols": LimitField("R-P5", "symbols", Tighter.SUBSET, "symbols that may be traded"),
    "any_symbol": LimitField("R-P5", "yes/no", Tighter.FALSE, "trade without a symbol list"),
    "asset_classes": LimitField("R-P5", "classes", Tighter.SUBSET, "asset classes that may be traded"),
    "max_order_notional": LimitField("R-P7", "USD", _LOW, "largest order"),
    "max_order_equity_fraction": LimitField("R-P7", "of equity", _LOW, "largest order as a part of equity"),
    "order_notional_soft_factor": LimitField("R-P7", "x", _LOW, "soft zone above the largest order"),
    "hard_order_notional": LimitField("R-P7", "USD", _LOW, "hard cap of one order"),
    "max_order_shares": LimitField("R-P8", "shares", _LOW, "most shares in one order"),
    "max_order_contracts": LimitField("R-P8", "contracts", _LOW, "most contracts in one order"),
    "max_adv_fraction": LimitField("R-P8", "of ADV", _LOW, "order size against 20-day average daily volume"),
    "warn_adv_fraction": LimitField("R-P8", "of ADV", _LOW, "the same, warning only"),
    "price_collar": LimitField("R-P9", "of price", _LOW, "widest distance of a limit price from the market"),
    "collar_quote_age": LimitField("R-P9", "s", _LOW, "age of the quote that a price is compared with"),
    "market_quote_age": LimitField("R-P10", "s", _LOW, "age of the quote behind a market order"),
    "max_spread": LimitField("R-P10", "of mid", _LOW, "widest spread for a market order"),
    "market_protection": LimitField("R-P10", "of price", _LOW, "how far a market order may run"),
    "buying_power_fraction": LimitField("R-P11", "of buying power", _LOW, "part of the buying power that may be used"),
    "account_snapshot_age": LimitField("R-P11", "s", _LOW, "age of the broker's account figures"),
    "max_gross_exposure": LimitField("R-P12", "of equity", _LOW, "gross exposure after the fill"),
    "max_symbol_exposure": LimitField("R-P12", "of equity", _LOW, "exposure in one symbol after the fill"),
    "max_open_order_exposure": LimitField("R-P12", "of equity", _LOW, "notional of all open orders"),
    "max_open_orders": LimitField("R-P13", "orders", _LOW, "open orders of an account"),
    "max_open_orders_per_side": LimitField("R-P13", "orders", _LOW, "open orders of one symbol and side"),
    "messages_10s": LimitField("R-P14", "messages", _LOW, "orders of an account in 10 s"),
    "messages_60s": LimitField("R-P14", "messages", _LOW, "orders of an account in a minute"),
    "source_messages_60s": LimitField("R-P14", "messages", _LOW, "orders of a source in a minute"),
    "broker_budget_fraction": LimitField("R-P14", "of budget", _LOW, "part of the broker's rate for new orders"),
    "repeat_fills_5min": LimitField("R-P15", "fills", _LOW, "fills of a source, symbol and side in 5 minutes"),
    "repeat_fills_day": LimitField("R-P15", "fills", _LOW, "fills of a source, symbol and side in a day"),
    "max_orders_per_day": LimitField("R-P16", "orders", _LOW, "orders of an account in a day"),
    "orders_per_day_soft_factor": LimitField("R-P16", "x", _LOW, "soft zone above the orders of a day"),
    "hard_orders_per_day": LimitField("R-P16", "orders", _LOW, "hard cap of the orders of a day"),
    "duplicate_window": LimitField("R-P17", "s", _HIGH, "time in which an equal order is a duplicate"),
    "daily_loss_reduce_only": LimitField("R-P19", "of equity", _LOW, "loss of a day that ends new risk"),
    "daily_loss_halt": LimitField("R-P19", "of equity", _LOW, "loss of a day that halts"),
    "drawdown_halt": LimitField("R-P19", "of peak", _LOW, "drawdown from the peak that halts"),
    "source_rejects_60s": LimitField("R-P20", "rejects", _LOW, "rejects in a minute that pause a source"),
    "account_rejects_5min": LimitField("R-P20", "rejects", _LOW, "rejects in 5 minutes that pause an account"),
    "reconcile_age": LimitField("R-P21", "s", _LOW, "age of the last good reconciliation"),
    "clock_warn": LimitField("R-P26", "s", _LOW, "clock offset that warns"),
    "clock_refuse": LimitField("R-P26", "s", _LOW, "clock offset that stops new orders"),
    "evaluation_budget": LimitField("R-P28", "s", _LOW, "time that judging one order may take"),
    "max_position_fraction": LimitField("R-X7", "of equity", _LOW, "largest position"),
    "max_positions": LimitField("R-X7", "positions", _LOW, "positions held at once"),
    "min_account_equity": LimitField("R-X7", "USD", _HIGH, "smallest account that may trade"),
}
"""Every limit: the rule that uses it, its unit, and which way is tighter."""


@dataclass(frozen=True, slots=True)
class LimitSet:
    """The limits that one layer sets; None says nothing. Fields as in `EffectiveLimits`."""

    signal_age_market: timedelta | None = None
    signal_age_limit: timedelta | None = None
    signal_future: timedelta | None = None
    allowed_symbols: frozenset[str] | None = None
    any_symbol: bool | None = None
    asset_classes: frozenset[AssetClass] | None = None
    max_order_notional: Decimal | None = None
    max_order_equity_fraction: Decimal | None = None
    order_notional_soft_factor: Decimal | None = None
    hard_order_notional: Decimal | None = None
    max_order_shares: Decimal | None = None
    max_order_contracts: Decimal | None = None
    max_adv_fraction: Decimal | None = None
    warn_adv_fraction: Decimal | None = None
    price_collar: Decimal | None = None
    collar_quote_age: timedelta | None = None
    market_quote_age: timedelta | None = None
    max_spread: Decimal | None = None
    market_protection: Decimal | None = None
    buying_power_fraction: Decimal | None = None
    account_snapshot_age: timedelta | None = None
    max_gross_exposure: Decimal | None = None
    max_symbol_exposure: Decimal | None = None
    max_open_order_exposure: Decimal | None = None
    max_open_orders: int | None = None
    max_open_orders_per_side: int | None = None
    messages_10s: int | None = None
    messages_60s: int | None = None
    source_messages_60s: int | None = None
    broker_budget_fraction: Decimal | None = None
    repeat_fills_5min: int | None = None
    repeat_fills_day: int | None = None
    max_orders_per_day: int | None = None
    orders_per_day_soft_factor: int | None = None
    hard_orders_per_day: int | None = None
    duplicate_window: timedelta | None = None
    daily_loss_reduce_only: Decimal | None = None
    daily_loss_halt: Decimal | None = None
    drawdown_halt: Decimal | None = None
    source_rejects_60s: int | None = None
    account_rejects_5min: int | None = None
    reconcile_age: timedelta | None = None
    clock_warn: timedelta | None = None
    clock_refuse: timedelta | None = None
    evaluation_budget: timedelta | None = None
    max_position_fraction: Decimal | None = None
    max_positions: int | None = None
    min_account_equity: Decimal | None = None
    by_symbol: tuple[tuple[str, LimitSet], ...] = ()
    """Tighter values for single symbols, sorted by symbol; these hold no `by_symbol` of their own."""

    def given(self) -> dict[str, Value]:
        """Return the limits that this layer sets, by name."""
        pairs = ((name, getattr(self, name)) for name in FIELDS)
        return {name: value for name, value in pairs if value is not None}

    def for_symbol(self, symbol: str) -> LimitSet | None:
        """Return what this layer sets for one symbol only."""
        return dict(self.by_symbol).get(symbol) if self.by_symbol else None

    def over(self, base: LimitSet) -> LimitSet:
        """Return `base` with what this set gives put in its place: a row over its starting values."""
        merged = replace(base, **self.given())
        return replace(merged, by_symbol=self.by_symbol or base.by_symbol)


@dataclass(frozen=True, slots=True)
class EffectiveLimits:
    """The limits that hold for one order; the defaults are RELIABILITY 1.5 (R-P1 to R-P28) and the rails X7.

    Fractions are parts of one, amounts are in account currency.
    """

    signal_age_market: timedelta = timedelta(seconds=30)
    signal_age_limit: timedelta = timedelta(seconds=120)
    signal_future: timedelta = timedelta(seconds=5)
    allowed_symbols: frozenset[str] | None = None
    any_symbol: bool = False
    asset_classes: frozenset[AssetClass] = frozenset(AssetClass) - {AssetClass.INDEX}
    max_order_notional: Decimal = Decimal(5_000)
    max_order_equity_fraction: Decimal = Decimal("0.15")
    order_notional_soft_factor: Decimal = Decimal(2)
    hard_order_notional: Decimal = Decimal(100_000)
    max_order_shares: Decimal = Decimal(1_000)
    max_order_contracts: Decimal = Decimal(10)
    max_adv_fraction: Decimal = Decimal("0.01")
    warn_adv_fraction: Decimal = Decimal("0.001")
    price_collar: Decimal = Decimal("0.10")
    collar_quote_age: timedelta = timedelta(seconds=15)
    market_quote_age: timedelta = timedelta(seconds=5)
    max_spread: Decimal = Decimal("0.02")
    market_protection: Decimal = Decimal("0.01")
    buying_power_fraction: Decimal = Decimal("0.95")
    account_snapshot_age: timedelta = timedelta(seconds=60)
    max_gross_exposure: Decimal = ONE
    max_symbol_exposure: Decimal = Decimal("0.15")
    max_open_order_exposure: Decimal = ONE
    max_open_orders: int = 50
    max_open_orders_per_side: int = 10
    messages_10s: int = 10
    messages_60s: int = 60
    source_messages_60s: int = 20
    broker_budget_fraction: Decimal = Decimal("0.5")
    repeat_fills_5min: int = 5
    repeat_fills_day: int = 20
    max_orders_per_day: int = 100
    orders_per_day_soft_factor: int = 3
    hard_orders_per_day: int = 1_000
    duplicate_window: timedelta = timedelta(seconds=10)
    daily_loss_reduce_only: Decimal = Decimal("0.02")
    daily_loss_halt: Decimal = Decimal("0.05")
    drawdown_halt: Decimal = Decimal("0.10")
    source_rejects_60s: int = 5
    account_rejects_5min: int = 20
    reconcile_age: timedelta = timedelta(seconds=120)
    clock_warn: timedelta = timedelta(milliseconds=500)
    clock_refuse: timedelta = timedelta(seconds=2)
    evaluation_budget: timedelta = timedelta(milliseconds=250)
    max_position_fraction: Decimal = Decimal("0.15")
    max_positions: int = 10
    min_account_equity: Decimal = Decimal(1_000)
    effective_at: datetime | None = None
    """When the last of the layers came or comes into force; None is always."""
    config_hash: str = ""
    """SHA-256 over all values; stored with each verdict."""
    bound_by: tuple[tuple[str, Scope], ...] = ()
    """Which layer set each value, in field order."""

    def provenance(self) -> dict[str, Scope]:
        """Return the layer that bound each limit."""
        return dict(self.bound_by)


@dataclass(frozen=True, slots=True)
class Layer:
    """The limits of one scope, and since when they hold."""

    scope: Scope
    limits: LimitSet
    effective_at: datetime | None = None


def tightest(name: str, one: Any, other: Any) -> Any:
    """Return the tighter of two values of the limit `name`."""
    match FIELDS[name].tighter:
        case Tighter.LOWER:
            return min(one, other)
        case Tighter.HIGHER:
            return max(one, other)
        case Tighter.SUBSET:
            return one & other
        case Tighter.FALSE:
            return one and other


def is_raise(name: str, old: Value | None, new: Value | None) -> bool:
    """Whether changing a layer's value from `old` to `new` would loosen it; None says nothing and so is widest.

    `any_symbol` is the exception: nothing said means not granted.
    """
    if FIELDS[name].tighter is Tighter.FALSE:
        return bool(new) and not old
    if old is None or new == old:
        return False
    return new is None or tightest(name, old, new) != new


def platform_layer() -> LimitSet:
    """Return the built-in caps: the table's value for each hard control, the hard caps for the two soft ones."""
    table = EffectiveLimits()
    values: dict[str, Any] = {
        name: getattr(table, name) for name in FIELDS if name not in {"allowed_symbols", "any_symbol"}
    }
    values["max_order_notional"] = table.hard_order_notional
    values["max_orders_per_day"] = table.hard_orders_per_day
    return LimitSet(**values)


PLATFORM_CAPS = platform_layer()
"""What no layer and no person can exceed."""

STARTING_LIMITS: dict[Tolerance, LimitSet] = {
    Tolerance.CONSERVATIVE: LimitSet(
        max_order_notional=Decimal(1_000),
        max_order_equity_fraction=Decimal("0.05"),
        order_notional_soft_factor=ONE,
        max_symbol_exposure=Decimal("0.05"),
        max_position_fraction=Decimal("0.05"),
        max_gross_exposure=Decimal("0.5"),
        max_orders_per_day=20,
        orders_per_day_soft_factor=1,
        daily_loss_reduce_only=Decimal("0.01"),
        daily_loss_halt=Decimal("0.025"),
        drawdown_halt=Decimal("0.05"),
        asset_classes=frozenset({AssetClass.STOCK, AssetClass.ETF}),
    ),
    Tolerance.MODERATE: LimitSet(max_order_notional=Decimal(5_000), max_orders_per_day=100, any_symbol=True),
    Tolerance.AGGRESSIVE: LimitSet(max_order_notional=Decimal(10_000), max_orders_per_day=200, any_symbol=True),
}
"""The user layer that a new person begins with; choosing moderate or aggressive is the conscious act by which
R-P5's symbol list is not required. All are visible and editable."""


@lru_cache(maxsize=8192)
def combine(layers: tuple[Layer, ...], symbol: str | None = None) -> EffectiveLimits:
    """Return the tightest of the built-in caps, the starting values and all `layers`, with what bound each.

    A user layer lies over the moderate starting values, which stand in where there is none, but for the symbol
    list: trading without one (R-P5) must have been chosen.
    """
    values: dict[str, Any] = {}
    bound: dict[str, Scope] = {}
    for layer in _expand(layers, symbol):
        for name, value in layer.limits.given().items():
            if name not in values:
                values[name], bound[name] = value, layer.scope
                continue
            tighter = tightest(name, values[name], value)
            if tighter != values[name]:
                values[name], bound[name] = tighter, layer.scope
    since = [layer.effective_at for layer in layers if layer.effective_at is not None]
    return EffectiveLimits(
        **values,
        effective_at=max(since, default=None),
        config_hash=hash_limits(values),
        bound_by=tuple((name, bound[name]) for name in FIELDS if name in bound),
    )


def _expand(layers: tuple[Layer, ...], symbol: str | None) -> Iterable[Layer]:
    """The built-in caps, each layer in order of scope, and last what layers say about `symbol`."""
    yield Layer(Scope.PLATFORM, PLATFORM_CAPS)
    order = list(Scope)
    ordered = sorted(layers, key=lambda layer: order.index(layer.scope))
    start = replace(STARTING_LIMITS[Tolerance.MODERATE], any_symbol=None)
    if not any(layer.scope is Scope.USER for layer in ordered):
        ordered.append(Layer(Scope.USER, LimitSet()))
    for layer in ordered:
        yield Layer(layer.scope, layer.limits.over(start)) if layer.scope is Scope.USER else layer
    for layer in layers:
        own = layer.limits.for_symbol(symbol) if symbol else None
        if own is not None:
            yield Layer(Scope.SYMBOL, own)


def format_value(value: Value | None) -> Any:
    """Return a limit's value as JSON: decimals as strings, times in seconds as strings, sets sorted."""
    match value:
        case Decimal():
            return format_decimal(value)
        case timedelta():
            return format_decimal(Decimal(value // timedelta(microseconds=1)) / 1_000_000)
        case frozenset():
            return sorted(str(item) for item in value)
        case _:
            return value


def hash_limits(values: dict[str, Value]) -> str:
    """Return the SHA-256 of the values in canonical JSON."""
    plain = {name: format_value(value) for name, value in values.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _check_fields() -> None:
    """Both dataclasses must hold exactly the limits of FIELDS, else a limit could be silently ignored."""
    own = {"effective_at", "config_hash", "bound_by", "by_symbol"}
    for kind in (LimitSet, EffectiveLimits):
        names = {field.name for field in fields(kind)} - own
        if names != FIELDS.keys():
            raise TypeError(f"{kind.__name__} and FIELDS differ: {sorted(names ^ FIELDS.keys())}")


_check_fields()
