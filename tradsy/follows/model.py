"""What a signal asks for, in the one form that every source is turned into; stored as a plan's `intent`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self, cast

from tradsy.domain.instruments import AssetClass
from tradsy.domain.money import format_decimal
from tradsy.domain.orders import OrderType, Side, TimeInForce


class Action(StrEnum):
    """What to do; `close` and `reduce` act on whatever side is held."""

    OPEN_LONG = "open_long"
    OPEN_SHORT = "open_short"
    CLOSE = "close"
    CLOSE_LONG = "close_long"
    CLOSE_SHORT = "close_short"
    REDUCE = "reduce"
    CANCEL = "cancel"
    """Cancel the open orders of the symbol, or of the source without one."""
    UPDATE = "update"
    """Change stop and targets of the open position."""

    @property
    def is_opening(self) -> bool:
        """Whether the action adds risk."""
        return self in {Action.OPEN_LONG, Action.OPEN_SHORT}

    @property
    def is_closing(self) -> bool:
        """Whether the action trades against a held position."""
        return self in {Action.CLOSE, Action.CLOSE_LONG, Action.CLOSE_SHORT, Action.REDUCE}

    @property
    def side(self) -> Side | None:
        """Side of the order, where the action alone tells it."""
        return _SIDES.get(self)


_SIDES = {
    Action.OPEN_LONG: Side.BUY,
    Action.CLOSE_SHORT: Side.BUY,
    Action.OPEN_SHORT: Side.SELL,
    Action.CLOSE_LONG: Side.SELL,
}


class QuantityUnit(StrEnum):
    """What a signal's own quantity counts."""

    UNITS = "units"
    """Shares, coins, contracts."""
    CASH = "cash"
    """Notional in account currency."""
    PERCENT_EQUITY = "percent_equity"
    PERCENT_POSITION = "percent_position"
    RISK_CASH = "risk_cash"
    """Loss at the stop, in account currency."""
    RISK_PERCENT = "risk_percent"
    """Loss at the stop, in percent of equity."""


class LevelUnit(StrEnum):
    """How a stop or target is measured; all but `price` are distances from the entry."""

    PRICE = "price"
    PERCENT = "percent"
    """Percent of the entry price (of the premium for an option)."""
    AMOUNT = "amount"
    """Quote currency per unit."""
    PIPS = "pips"
    POINTS = "points"
    """Whole points of price."""
    RISK = "risk"
    """Multiples of the distance between entry and stop; targets only."""
    BREAKEVEN = "breakeven"
    """The entry price itself; stops only."""


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """A profit target."""

    value: Decimal
    unit: LevelUnit = LevelUnit.PRICE

    def to_json(self) -> dict[str, Any]:
        return {"value": format_decimal(self.value), "unit": self.unit.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(Decimal(data["value"]), LevelUnit(data["unit"]))


@dataclass(frozen=True, slots=True)
class StopLevel:
    """A protective stop; with `trailing` the value is the distance that it keeps."""

    value: Decimal
    unit: LevelUnit = LevelUnit.PRICE
    trailing: bool = False
    limit_price: Decimal | None = None
    """Limit of a stop-limit stop, quote currency."""

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"value": format_decimal(self.value), "unit": self.unit.value}
        if self.trailing:
            data["trailing"] = True
        if self.limit_price is not None:
            data["limit_price"] = format_decimal(self.limit_price)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        limit = data.get("limit_price")
        return cls(
            Decimal(data["value"]),
            LevelUnit(data["unit"]),
            trailing=bool(data.get("trailing", False)),
            limit_price=None if limit is None else Decimal(limit),
        )


@dataclass(frozen=True, slots=True)
class TradeIntent:
    """One trade instruction, independent of who follows it. Prices in quote currency per unit."""

    action: Action
    symbol: str | None
    """Canonical; None means the position or orders that the source opened last, and always waits for a person."""
    asset_class: AssetClass | None = None
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    quantity: Decimal | None = None
    """The signal's own size, measured in `quantity_unit`."""
    quantity_unit: QuantityUnit | None = None
    fraction: Decimal | None = None
    """Part of the held position to close, above 0 and at most 1."""
    take_profits: tuple[PriceLevel, ...] = ()
    stop_loss: StopLevel | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    signal_price: Decimal | None = None
    """Price that the sender saw."""
    extended_hours: bool = False
    close_opposite: bool = False
    """A held position of the other side is closed by this signal instead of a new one opened."""
    cancel_open: bool = False
    """Cancel the open orders of the symbol first."""
    signal_at: datetime | None = None
    """Time that the signal itself bears, aware UTC."""

    def to_json(self) -> dict[str, Any]:
        """Return JSON types: decimals as strings, absent fields left out."""
        data: dict[str, Any] = {"action": self.action.value, "symbol": self.symbol}
        for name, default in _DEFAULTS.items():
            value = getattr(self, name)
            if value != default:
                data[name] = _dump(value)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        known = {name: _load(name, value) for name, value in data.items() if value is not None}
        known.setdefault("symbol", None)
        return cls(**known)


_DEFAULTS = {field.name: field.default for field in fields(TradeIntent) if field.name not in {"action", "symbol"}}


def _load_targets(levels: Sequence[Mapping[str, Any]]) -> tuple[PriceLevel, ...]:
    return tuple(PriceLevel.from_json(level) for level in levels)


_LOADERS: dict[str, Any] = {
    "action": Action,
    "asset_class": AssetClass,
    "order_type": OrderType,
    "quantity_unit": QuantityUnit,
    "time_in_force": TimeInForce,
    "signal_at": datetime.fromisoformat,
    "stop_loss": StopLevel.from_json,
    "take_profits": _load_targets,
    **dict.fromkeys(
        (
            "limit_price",
            "stop_price",
            "trail_amount",
            "trail_percent",
            "quantity",
            "fraction",
            "signal_price",
        ),
        Decimal,
    ),
}


def _load(name: str, value: Any) -> Any:
    loader = _LOADERS.get(name)
    return value if loader is None else loader(value)


def _dump(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format_decimal(value)
    if isinstance(value, PriceLevel | StopLevel):
        return value.to_json()
    if isinstance(value, tuple):
        return [level.to_json() for level in cast("tuple[PriceLevel, ...]", value)]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value


class SizingMode(StrEnum):
    """How a follower's own size is found."""

    FIXED_QUANTITY = "fixed_quantity"
    """Units per signal."""
    FIXED_CASH = "fixed_cash"
    """Notional per signal, account currency."""
    PERCENT_EQUITY = "percent_equity"
    """Notional per signal, percent of equity."""
    RISK_TO_STOP = "risk_to_stop"
    """Loss at the stop, percent of equity."""
    MULTIPLIER = "multiplier"
    """Times the signal's own quantity."""


@dataclass(frozen=True, slots=True)
class ExitPolicy:
    """What a follower puts in place of, or adds to, the signal's own exits."""

    stop: StopLevel | None = None
    """Replaces the signal's stop where set."""
    targets: tuple[PriceLevel, ...] = ()
    """Replace the signal's targets where set."""
    use_signal_exits: bool = True
    """Whether stops, targets and closing signals of the source count."""

    def to_json(self) -> dict[str, Any]:
        return {
            "stop": None if self.stop is None else self.stop.to_json(),
            "targets": [target.to_json() for target in self.targets],
            "use_signal_exits": self.use_signal_exits,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        stop = data.get("stop")
        return cls(
            stop=None if stop is None else StopLevel.from_json(stop),
            targets=tuple(PriceLevel.from_json(target) for target in data.get("targets") or ()),
            use_signal_exits=bool(data.get("use_signal_exits", True)),
        )
