"""What the API says about follows and plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.instruments import AssetClass, normalize_symbol
from tradsy.domain.orders import OrderType, TimeInForce
from tradsy.follows.model import Action, ExitPolicy, LevelUnit, PriceLevel, QuantityUnit, SizingMode, StopLevel
from tradsy.follows.plans import PlanState
from tradsy.platform.db import Row
from tradsy.platform.web import StrictModel, refuse_field

Positive = Annotated[Decimal, Field(gt=0)]
Symbols = Annotated[list[str], Field(max_length=500)]


class PriceLevelModel(StrictModel):
    """A profit target."""

    value: Positive = Field(description="Price in quote currency, or a distance in `unit`.")
    unit: Literal["price", "percent", "amount", "pips", "points", "risk"] = Field(
        default="price", description="`risk` counts multiples of the distance between entry and stop."
    )

    def to_level(self) -> PriceLevel:
        return PriceLevel(self.value, LevelUnit(self.unit))


class StopLevelModel(StrictModel):
    """A protective stop."""

    value: Decimal = Field(default=Decimal(0), ge=0, description="Price or distance; 0 for `breakeven` alone.")
    unit: Literal["price", "percent", "amount", "pips", "points", "breakeven"] = Field(
        default="price", description="How `value` is measured."
    )
    trailing: bool = Field(default=False, description="Keeps its distance while the price moves on.")
    limit_price: Positive | None = Field(default=None, description="Makes it a stop-limit, quote currency.")

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        if (self.unit == "breakeven") != (self.value == 0):
            raise refuse_field("give a value above zero, or unit breakeven without one")
        if self.trailing and self.unit in {"price", "breakeven"}:
            raise refuse_field("a trailing stop needs a distance")
        return self

    def to_level(self) -> StopLevel:
        return StopLevel(self.value, LevelUnit(self.unit), trailing=self.trailing, limit_price=self.limit_price)


class ExitPolicyModel(StrictModel):
    """Exits that take the place of the signal's own."""

    stop: StopLevelModel | None = Field(default=None, description="Own stop for every entry.")
    targets: list[PriceLevelModel] = Field(
        default_factory=list[PriceLevelModel], max_length=10, description="Profit targets, nearest first."
    )
    use_signal_exits: bool = Field(
        default=True, description="Take stops, targets and closing signals of the source where no own ones are set."
    )

    @model_validator(mode="after")
    def _check_distances(self) -> Self:
        absolute = [level for level in (self.stop, *self.targets) if level is not None and level.unit == "price"]
        if absolute:
            raise refuse_field("exits of a follow are distances: it meets many symbols")
        return self

    def to_policy(self) -> ExitPolicy:
        return ExitPolicy(
            stop=None if self.stop is None else self.stop.to_level(),
            targets=tuple(target.to_level() for target in self.targets),
            use_signal_exits=self.use_signal_exits,
        )


class WindowModel(StrictModel):
    """Hours in which entries may be planned; one that ends before it begins runs overnight."""

    days: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        min_length=1, max_length=7, description="Days on which the window begins: Monday 1 to Sunday 7."
    )
    begin: time = Field(alias="from", description="Local time, inclusive.")
    end: time = Field(alias="to", description="Local time, exclusive.")
    timezone: str = Field(max_length=64, description="IANA time zone, such as `America/New_York`.")

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise refuse_field("the time zone is not known") from None
        return value

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.begin.tzinfo is not None or self.end.tzinfo is not None:
            raise refuse_field("write local times without an offset")
        if self.begin == self.end:
            raise refuse_field("the window is empty")
        return self

    def to_json(self) -> dict[str, Any]:
        return {
            "days": sorted(set(self.days)),
            "from": self.begin.isoformat(),
            "to": self.end.isoformat(),
            "timezone": self.timezone,
        }


def _canonical_symbols(values: Sequence[str]) -> list[str]:
    try:
        return sorted({normalize_symbol(value) for value in values})
    except UnknownInstrument:
        raise refuse_field("a symbol has the form of no known instrument") from None


class FollowSettings(StrictModel):
    """Everything about a follow that its owner can change."""

    sizing_mode: SizingMode = Field(
        description="fixed_quantity: units; fixed_cash: notional; percent_equity: notional in % of equity; "
        "risk_to_stop: loss at the stop in % of equity; multiplier: times the signal's own quantity."
    )
    sizing_value: Positive = Field(le=1_000_000_000, description="Meant as `sizing_mode` says.")
    mode: Literal["auto", "approve"] = Field(
        default="approve", description="`approve` waits for a person for every signal."
    )
    confidence_bar: Decimal = Field(
        default=Decimal("0.8"), ge=0, le=1, description="Signals below it wait for a person."
    )
    symbols_allowed: Symbols = Field(default_factory=list[str], description="Empty allows all.")
    symbols_blocked: Symbols = Field(default_factory=list[str], description="Never traded, canonical symbols.")
    asset_classes: list[AssetClass] = Field(default_factory=list[AssetClass], description="Empty allows all.")
    windows: list[WindowModel] = Field(
        default_factory=list[WindowModel], max_length=20, description="Entries outside all of them are refused."
    )
    exit_policy: ExitPolicyModel = Field(
        default_factory=ExitPolicyModel, description="Stop and targets that each entry gets."
    )
    approval_minutes: int = Field(default=10, ge=1, le=1440, description="How long a plan waits for a decision.")

    @field_validator("symbols_allowed", "symbols_blocked")
    @classmethod
    def _normalize(cls, values: list[str]) -> list[str]:
        return _canonical_symbols(values)

    @model_validator(mode="after")
    def _check_percent(self) -> Self:
        percent = self.sizing_mode in {SizingMode.PERCENT_EQUITY, SizingMode.RISK_TO_STOP}
        if percent and self.sizing_value > 100:
            raise refuse_field("a percentage is at most 100")
        return self

    def to_columns(self) -> dict[str, Any]:
        return {
            "sizing_mode": self.sizing_mode.value,
            "sizing_value": self.sizing_value,
            "mode": self.mode,
            "confidence_bar": self.confidence_bar,
            "symbols_allowed": self.symbols_allowed,
            "symbols_blocked": self.symbols_blocked,
            "asset_classes": sorted({asset.value for asset in self.asset_classes}),
            "windows": [window.to_json() for window in self.windows],
            "exit_policy": self.exit_policy.to_policy().to_json(),
            "approval_minutes": self.approval_minutes,
        }


class FollowCreate(FollowSettings):
    """A new follow."""

    source_id: UUID = Field(description="An own source or a public one.")
    account_id: UUID = Field(description="An own account.")


class FollowUpdate(FollowSettings):
    """All settings of a follow, replaced."""


class FollowRead(FollowSettings):
    """A follow."""

    id: UUID = Field(description="The follow.")
    source_id: UUID = Field(description="Source that is followed.")
    source_name: str | None = Field(description="None when the source is not visible any more.")
    account_id: UUID = Field(description="Account that trades it.")
    state: Literal["active", "paused", "closed"] = Field(description="Whether new signals are acted on.")
    is_demo: bool = Field(description="Made for the demonstration.")
    created_at: datetime = Field(description="UTC.")
    updated_at: datetime = Field(description="Last change, UTC.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls.model_validate({**row, "exit_policy": _without_none(row["exit_policy"])})


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}


class IntentCorrection(StrictModel):
    """Fields of a plan's intent that its owner fills in or corrects before approving; absent ones stay."""

    symbol: str | None = Field(default=None, max_length=40, description="Canonical, or as people write it.")
    order_type: OrderType | None = Field(default=None, description="How the order is priced.")
    limit_price: Positive | None = Field(default=None, description="Quote currency per unit.")
    stop_price: Positive | None = Field(default=None, description="Trigger of a stop order, quote currency per unit.")
    quantity: Positive | None = Field(
        default=None, description="Size in `quantity_unit`; replaces the follow's own sizing."
    )
    quantity_unit: Literal["units", "cash"] | None = Field(default=None, description="`units` unless given.")
    fraction: Annotated[Decimal, Field(gt=0, le=1)] | None = Field(
        default=None, description="Part of the position to close."
    )
    take_profits: list[PriceLevelModel] | None = Field(
        default=None, max_length=10, description="Profit targets, nearest first."
    )
    stop_loss: StopLevelModel | None = Field(default=None, description="Protective stop.")
    time_in_force: TimeInForce | None = Field(default=None, description="How long the order stands.")

    @field_validator("symbol")
    @classmethod
    def _normalize(cls, value: str | None) -> str | None:
        return None if value is None else _canonical_symbols([value])[0]

    def to_changes(self) -> dict[str, Any]:
        """Return the given fields as those of a `TradeIntent`."""
        given = {name: getattr(self, name) for name in self.model_fields_set if getattr(self, name) is not None}
        if "take_profits" in given and self.take_profits is not None:
            given["take_profits"] = tuple(level.to_level() for level in self.take_profits)
        if self.stop_loss is not None:
            given["stop_loss"] = self.stop_loss.to_level()
        if self.quantity is not None:
            given["quantity_unit"] = QuantityUnit(self.quantity_unit or "units")
        else:
            given.pop("quantity_unit", None)
        return given


class Confirmation(StrictModel):
    """Typed by a person who wants an order that breaks a soft limit."""

    symbol: str = Field(max_length=40, description="The order's symbol, typed again.")
    notional: Positive = Field(description="The order's notional, account currency, typed again.")
    reason: str = Field(min_length=3, max_length=500, description="Why it is done all the same.")

    def to_record(self, *, stepped_up: bool) -> dict[str, Any]:
        """Return what is stored of it; `stepped_up` is never the caller's word but the session's."""
        return {**self.model_dump(mode="json"), "stepped_up": stepped_up}


class PlanApprove(StrictModel):
    """A decision for a plan."""

    intent: IntentCorrection | None = Field(default=None, description="Corrections before it is sent.")
    confirmation: Confirmation | None = Field(default=None, description="Where a soft limit asks for a reason.")


class PriceLevelRead(StrictModel):
    """A profit target."""

    value: Decimal = Field(description="Price, or a distance in `unit`.")
    unit: LevelUnit = Field(description="How `value` is measured.")


class StopLevelRead(StrictModel):
    """A protective stop."""

    value: Decimal = Field(description="Price, or a distance in `unit`.")
    unit: LevelUnit = Field(description="How `value` is measured.")
    trailing: bool = Field(default=False, description="Keeps its distance while the price moves on.")
    limit_price: Decimal | None = Field(default=None, description="Quote currency per unit.")


class IntentRead(StrictModel):
    """What a signal asks for; prices in quote currency per unit."""

    action: Action = Field(description="What the signal asks for.")
    symbol: str | None = Field(default=None, description="Canonical; None where the message names none.")
    asset_class: AssetClass | None = Field(default=None, description="Kind of instrument.")
    order_type: OrderType = Field(default=OrderType.MARKET, description="How the order is priced.")
    limit_price: Decimal | None = Field(default=None, description="Quote currency per unit.")
    stop_price: Decimal | None = Field(default=None, description="Trigger, quote currency per unit.")
    trail_amount: Decimal | None = Field(default=None, description="Distance of a trailing stop, quote currency.")
    trail_percent: Decimal | None = Field(default=None, description="Distance of a trailing stop, percent.")
    quantity: Decimal | None = Field(default=None, description="The signal's own size, in `quantity_unit`.")
    quantity_unit: QuantityUnit | None = Field(default=None, description="What `quantity` counts.")
    fraction: Decimal | None = Field(default=None, description="Part of the position to close, above 0 and at most 1.")
    take_profits: list[PriceLevelRead] = Field(
        default_factory=list[PriceLevelRead], description="Profit targets, nearest first."
    )
    stop_loss: StopLevelRead | None = Field(default=None, description="Protective stop.")
    time_in_force: TimeInForce = Field(default=TimeInForce.DAY, description="How long the order stands.")
    signal_price: Decimal | None = Field(default=None, description="Price that the sender saw.")
    extended_hours: bool = Field(default=False, description="Whether it may fill outside the regular session.")
    close_opposite: bool = Field(
        default=False, description="Closes a held position of the other side instead of opening."
    )
    cancel_open: bool = Field(default=False, description="Cancels the symbol's open orders first.")
    signal_at: datetime | None = Field(default=None, description="Time that the signal bears, UTC.")


class ExitPolicyRead(StrictModel):
    """Exits that take the place of the signal's own."""

    stop: StopLevelRead | None = Field(default=None, description="Protective stop.")
    targets: list[PriceLevelRead] = Field(
        default_factory=list[PriceLevelRead], description="Profit targets, nearest first."
    )
    use_signal_exits: bool = Field(default=True, description="Whether the signal's own stop and targets win.")


class PlanRead(StrictModel):
    """One signal on one account."""

    id: UUID = Field(description="The plan.")
    trace_id: UUID = Field(description="Finds the whole story under /traces.")
    signal_id: UUID = Field(description="The signal.")
    source_id: UUID = Field(description="Source it comes from.")
    source_name: str | None = Field(description="Name of the source, where the caller may see it.")
    follow_id: UUID | None = Field(description="Follow it comes from.")
    account_id: UUID = Field(description="Account it belongs to.")
    state: PlanState = Field(description="Where in its life the plan is.")
    reason: str = Field(description="Code of why it waits, was refused or ended; empty when there is none.")
    intent: IntentRead = Field(description="What is to be done.")
    sizing_mode: SizingMode = Field(description="How the size is found.")
    sizing_value: Decimal = Field(description="Value of the sizing mode.")
    exit_policy: ExitPolicyRead = Field(description="Stop and targets that each entry gets.")
    origin: Literal["automatic", "person"] = Field(description="Who decided.")
    order_id: UUID | None = Field(description="Order it belongs to.")
    is_demo: bool = Field(description="Made for the demonstration.")
    created_at: datetime = Field(description="UTC.")
    expires_at: datetime = Field(description="When a waiting plan expires, or an automatic one is too old.")
    decided_at: datetime | None = Field(description="When it was decided, UTC.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        hidden = {"user_id", "partition", "confirmation", "decided_by"}
        return cls.model_validate({name: value for name, value in row.items() if name not in hidden})
