"""What the API says about limits and states."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt

from tradsy.domain.instruments import AssetClass
from tradsy.platform.web import DecimalText, StrictModel
from tradsy.risk.limits import FIELDS, Scope, Tolerance
from tradsy.risk.model import RiskMode

Count = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
OwnScope = Literal[Scope.USER, Scope.ACCOUNT, Scope.SOURCE]
"""Scopes whose layers and states belong to one user."""
StopMode = Literal[RiskMode.REDUCE_ONLY, RiskMode.HALTED, RiskMode.DISABLED]
Reason = Annotated[str, Field(min_length=1, max_length=500, description="Why, in the person's words.")]


def limit(name: str) -> Any:
    """Return the field of one limit, described from the one table of limits."""
    field = FIELDS[name]
    return Field(default=None, description=f"{field.rule}: {field.text}; in {field.unit}. Null says nothing.")


class LimitValues(StrictModel):
    """Limits by name; times are seconds, fractions are parts of one."""

    signal_age_market: DecimalText | None = limit("signal_age_market")
    signal_age_limit: DecimalText | None = limit("signal_age_limit")
    signal_future: DecimalText | None = limit("signal_future")
    allowed_symbols: list[str] | None = limit("allowed_symbols")
    any_symbol: StrictBool | None = limit("any_symbol")
    asset_classes: list[AssetClass] | None = limit("asset_classes")
    max_order_notional: DecimalText | None = limit("max_order_notional")
    max_order_equity_fraction: DecimalText | None = limit("max_order_equity_fraction")
    order_notional_soft_factor: DecimalText | None = limit("order_notional_soft_factor")
    hard_order_notional: DecimalText | None = limit("hard_order_notional")
    max_order_shares: DecimalText | None = limit("max_order_shares")
    max_order_contracts: DecimalText | None = limit("max_order_contracts")
    max_adv_fraction: DecimalText | None = limit("max_adv_fraction")
    warn_adv_fraction: DecimalText | None = limit("warn_adv_fraction")
    price_collar: DecimalText | None = limit("price_collar")
    collar_quote_age: DecimalText | None = limit("collar_quote_age")
    market_quote_age: DecimalText | None = limit("market_quote_age")
    max_spread: DecimalText | None = limit("max_spread")
    market_protection: DecimalText | None = limit("market_protection")
    buying_power_fraction: DecimalText | None = limit("buying_power_fraction")
    account_snapshot_age: DecimalText | None = limit("account_snapshot_age")
    max_gross_exposure: DecimalText | None = limit("max_gross_exposure")
    max_symbol_exposure: DecimalText | None = limit("max_symbol_exposure")
    max_open_order_exposure: DecimalText | None = limit("max_open_order_exposure")
    max_open_orders: Count | None = limit("max_open_orders")
    max_open_orders_per_side: Count | None = limit("max_open_orders_per_side")
    messages_10s: Count | None = limit("messages_10s")
    messages_60s: Count | None = limit("messages_60s")
    source_messages_60s: Count | None = limit("source_messages_60s")
    broker_budget_fraction: DecimalText | None = limit("broker_budget_fraction")
    repeat_fills_5min: Count | None = limit("repeat_fills_5min")
    repeat_fills_day: Count | None = limit("repeat_fills_day")
    max_orders_per_day: Count | None = limit("max_orders_per_day")
    orders_per_day_soft_factor: Count | None = limit("orders_per_day_soft_factor")
    hard_orders_per_day: Count | None = limit("hard_orders_per_day")
    duplicate_window: DecimalText | None = limit("duplicate_window")
    daily_loss_reduce_only: DecimalText | None = limit("daily_loss_reduce_only")
    daily_loss_halt: DecimalText | None = limit("daily_loss_halt")
    drawdown_halt: DecimalText | None = limit("drawdown_halt")
    source_rejects_60s: Count | None = limit("source_rejects_60s")
    account_rejects_5min: Count | None = limit("account_rejects_5min")
    reconcile_age: DecimalText | None = limit("reconcile_age")
    clock_warn: DecimalText | None = limit("clock_warn")
    clock_refuse: DecimalText | None = limit("clock_refuse")
    evaluation_budget: DecimalText | None = limit("evaluation_budget")
    max_position_fraction: DecimalText | None = limit("max_position_fraction")
    max_positions: Count | None = limit("max_positions")
    min_account_equity: DecimalText | None = limit("min_account_equity")


class LayerValues(LimitValues):
    """What one layer sets."""

    by_symbol: dict[str, LimitValues] = Field(
        default_factory=dict[str, LimitValues], description="Tighter limits of single canonical symbols."
    )


class LimitRead(StrictModel):
    """One limit as it holds."""

    name: str = Field(description="Name of the limit.")
    rule: str = Field(description="Rule that uses it.")
    text: str = Field(description="What it limits.")
    unit: str = Field(description="Unit of value and use.")
    tighter: str = Field(description="Which way is tighter: lower, higher, subset or false.")
    value: str | int | bool | list[str] | None = Field(
        description="What holds; decimals and seconds as text, null where no layer sets one."
    )
    bound_by: Scope | None = Field(description="The layer that it comes from.")
    use: DecimalText | None = Field(description="How much of it is used now, where that is known.")


class LayerRead(StrictModel):
    """One stored layer."""

    scope: Scope = Field(description="Whose layer.")
    subject: UUID = Field(description="User, account or source; zeros for the installation.")
    limits: LayerValues = Field(description="What it sets now.")
    version: int = Field(description="Counts its changes.")
    changed_at: datetime = Field(description="Last change.")
    pending: LayerValues | None = Field(description="What it will set, while a raise waits.")
    pending_at: datetime | None = Field(description="When the raise comes into force.")


class LimitsRead(StrictModel):
    """The limits that hold, and where they come from."""

    config_hash: str = Field(description="SHA-256 over all values; verdicts carry the same.")
    limits: list[LimitRead] = Field(description="Every limit, in a fixed order.")
    layers: list[LayerRead] = Field(description="The stored layers behind them, widest first.")


class LimitChangeRead(StrictModel):
    """One line of the history."""

    id: UUID = Field(description="Id of the change.")
    scope: Scope = Field(description="Whose layer.")
    subject: UUID = Field(description="User, account or source.")
    old: LayerValues = Field(description="What it set before.")
    new: LayerValues = Field(description="What was asked for.")
    is_raise: bool = Field(description="Whether something was loosened.")
    version: int = Field(description="Version of the layer after the change.")
    changed_by: str = Field(description="Who changed it.")
    changed_at: datetime = Field(description="When it was asked for.")
    effective_at: datetime = Field(description="Since when all of it holds.")


class StartingLimits(StrictModel):
    """The choice of starting limits."""

    tolerance: Tolerance = Field(description="Risk tolerance of the person.")


class StateRead(StrictModel):
    """A state of a user, account or source."""

    scope: Scope = Field(description="What it is a state of.")
    subject: UUID = Field(description="User, account or source.")
    mode: RiskMode = Field(description="normal, reduce_only, halted, or disabled (sources).")
    rule: str = Field(description="Rule that set it; empty when a person did.")
    code: str = Field(description="Reason code of that rule.")
    reason: str = Field(description="Why.")
    changed_by: str = Field(description="Who set it.")
    changed_at: datetime = Field(description="Since when.")


class StopRequest(StrictModel):
    """A stop by hand."""

    mode: StopMode = Field(description="reduce_only or halted for users and accounts, disabled for sources.")
    reason: Reason


class EnableRequest(StrictModel):
    """Lifting a stop."""

    reason: Reason


class RuleRead(StrictModel):
    """One pre-trade control."""

    id: str = Field(description="Id, as in verdicts.")
    title: str = Field(description="Name.")
    kind: str = Field(description="H: hard; S: a person may confirm; S, then H: up to a point.")
    codes: list[str] = Field(description="Reason codes.")
    default: str = Field(description="What holds by default.")
    reduce_only: str = Field(description="What reduce-only orders are exempt from.")
