"""Orders as execution keeps them, and what can be learned about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from tradsy.brokers.port import OrderReport, OrderRequest, VenueOrder
from tradsy.domain.ids import (
    AccountId,
    ClientOrderId,
    ConnectionId,
    OrderId,
    PlanId,
    SignalId,
    SourceId,
    TraceId,
    UserId,
    VenueAccountId,
    VenueOrderId,
)
from tradsy.domain.instruments import AssetClass
from tradsy.domain.money import ZERO, format_decimal
from tradsy.domain.orders import (
    TERMINAL,
    UNPROVED,
    OrderEvent,
    OrderRole,
    OrderState,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
    leaves_quantity,
)


@dataclass(frozen=True, slots=True)
class Order:
    """One order row."""

    id: OrderId
    user_id: UserId
    account_id: AccountId
    connection_id: ConnectionId
    partition: int
    venue: str
    trace_id: TraceId
    signal_id: SignalId | None
    plan_id: PlanId | None
    source_id: SourceId | None
    parent_order_id: OrderId | None
    role: OrderRole
    origin: str
    client_order_id: ClientOrderId
    generation: int
    venue_order_id: VenueOrderId | None
    symbol: str
    asset_class: AssetClass
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_amount: Decimal | None
    trail_percent: Decimal | None
    time_in_force: TimeInForce
    reduce_only: bool
    multiplier: Decimal
    oco_group: str | None
    exits: Mapping[str, Any] | None
    """Prices of the protective orders that each fill of this entry calls for: `{stop, targets: [...]}`."""
    exits_covered: Decimal
    """Filled quantity for which protective orders have been committed."""
    state: OrderState
    cumulative_quantity: Decimal
    average_price: Decimal | None
    fees: Decimal
    reason_code: str
    reason: str
    epoch: int
    attempt: int
    baseline: list[str] | None
    """Class D: the venue's order ids seen right before sending."""
    evidence: list[Any]
    created_at: datetime
    sent_at: datetime | None
    accepted_at: datetime | None
    unknown_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime

    @property
    def terms(self) -> OrderTerms:
        """What the venue is told."""
        return OrderTerms(
            symbol=self.symbol,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            time_in_force=self.time_in_force,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_amount=self.trail_amount,
            trail_percent=self.trail_percent,
            reduce_only=self.reduce_only,
        )

    @property
    def leaves(self) -> Decimal:
        """What is still open."""
        return leaves_quantity(self.quantity, self.cumulative_quantity)

    @property
    def is_open(self) -> bool:
        """Whether it rests or may rest at the venue."""
        return self.state not in TERMINAL

    @property
    def is_protective(self) -> bool:
        """Whether it is a leg that protects a position."""
        return self.role in {OrderRole.STOP, OrderRole.TARGET}

    @property
    def is_unproved(self) -> bool:
        """Whether nobody knows yet if the venue has it."""
        return self.state in UNPROVED

    def request(self, venue_account_id: VenueAccountId) -> OrderRequest:
        """Return what the adapter is asked to place."""
        return OrderRequest(self.client_order_id, venue_account_id, self.terms, self.oco_group)

    def changed(self, **changes: Any) -> Order:
        """Return a copy with `changes`."""
        return replace(self, **changes)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the order of a database row."""
        values = {field.name: _plain(row[field.name]) for field in fields(cls)}
        for name, kind in _ENUMS.items():
            values[name] = kind(values[name])
        return cls(**values)

    def to_row(self) -> dict[str, Any]:
        """Return the JSON row that `json_populate_recordset` reads."""
        return {field.name: to_json(getattr(self, field.name)) for field in fields(self)}


def _plain(value: Any) -> Any:
    """Return a number without the zeros that a numeric column adds: a venue counts digits."""
    return Decimal(format_decimal(value)) if isinstance(value, Decimal) else value


_ENUMS: dict[str, type[Any]] = {
    "role": OrderRole,
    "asset_class": AssetClass,
    "side": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "state": OrderState,
}


def to_json(value: Any) -> Any:
    """Return a JSON value: decimals as plain strings, so that no digit is lost."""
    if isinstance(value, Decimal):
        return format_decimal(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


@dataclass(frozen=True, slots=True)
class OutcomeLearned:
    """What a submit or a look-up proved about one of our orders."""

    account_id: AccountId
    order_id: OrderId
    event: OrderEvent
    at: datetime
    venue_order_id: VenueOrderId | None = None
    sent_at: datetime | None = None
    reason_code: str = ""
    reason: str = ""
    evidence: tuple[Mapping[str, Any], ...] = ()
    baseline: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReportReceived:
    """An event of the venue's stream or history, for an order found by our id or the venue's."""

    account_id: AccountId
    report: OrderReport
    order_id: OrderId | None = None
    """Known when a look-up by us brought it."""


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """An order as the venue shows it, found by reconciliation: its executions come beside it."""

    account_id: AccountId
    order: VenueOrder
    order_id: OrderId | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()


LedgerItem = OutcomeLearned | ReportReceived | OrderSeen


def filled_value(order: Order, quantity: Decimal, price: Decimal) -> Decimal:
    """Return the new average price after `quantity` more was filled at `price`."""
    before = (order.average_price or ZERO) * order.cumulative_quantity
    total = order.cumulative_quantity + quantity
    return (before + quantity * price) / total if total else ZERO
