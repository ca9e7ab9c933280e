"""What the API says of orders, executions, verdicts, kills and timelines. Decimals are strings, times UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, field_serializer

from tradsy.domain.orders import OrderRole, OrderState, OrderType, Side, TimeInForce
from tradsy.execution.kill import KillView
from tradsy.execution.model import Order
from tradsy.platform.web import DecimalText, StrictModel
from tradsy.risk.model import KillScope


class OrderRead(StrictModel):
    """One order."""

    id: UUID = Field(description="The order.")
    account_id: UUID = Field(description="Account it belongs to.")
    trace_id: UUID = Field(description="Timeline that the order belongs to.")
    plan_id: UUID | None = Field(description="Plan it comes from.")
    source_id: UUID | None = Field(description="Source it comes from.")
    parent_order_id: UUID | None = Field(description="Entry that a protective order belongs to.")
    role: OrderRole = Field(description="Entry, or which kind of exit.")
    origin: str = Field(description="automatic, person, or external: placed at the broker without Tradsy.")
    venue: str = Field(description="Where it is traded.")
    client_order_id: str = Field(description="Tradsy's id for it at the venue.")
    venue_order_id: str | None = Field(description="The venue's id for it.")
    symbol: str = Field(description="Canonical symbol.")
    side: Side = Field(description="Direction.")
    order_type: OrderType = Field(description="How the order is priced.")
    quantity: DecimalText = Field(description="Units of the instrument.")
    limit_price: DecimalText | None = Field(description="Quote currency per unit.")
    stop_price: DecimalText | None = Field(description="Quote currency per unit.")
    time_in_force: TimeInForce = Field(description="How long the order stands.")
    reduce_only: bool = Field(description="It can make a position smaller, never larger.")
    state: OrderState = Field(description="Where in its life the order is.")
    cumulative_quantity: DecimalText = Field(description="Filled units.")
    average_price: DecimalText | None = Field(description="Average fill price, quote currency per unit.")
    fees: DecimalText = Field(description="Fees so far, quote currency.")
    reason_code: str = Field(description="Stable reason for a refusal or an end; empty without one.")
    reason: str = Field(description="Reason in words.")
    created_at: datetime = Field(description="UTC.")
    sent_at: datetime | None = Field(description="When the first byte left, UTC.")
    accepted_at: datetime | None = Field(description="When the venue took it, UTC.")
    finished_at: datetime | None = Field(description="When its last state was reached, UTC.")
    updated_at: datetime = Field(description="Last change, UTC.")

    @classmethod
    def of(cls, order: Order) -> OrderRead:
        """Return the order as the API shows it."""
        return cls(**{name: getattr(order, name) for name in cls.model_fields})


class ExecutionRead(StrictModel):
    """One execution."""

    id: UUID = Field(description="The execution.")
    account_id: UUID = Field(description="Account it belongs to.")
    order_id: UUID | None = Field(description="Order it belongs to.")
    trace_id: UUID | None = Field(description="Timeline it belongs to.")
    symbol: str = Field(description="Canonical symbol.")
    side: Side = Field(description="Direction.")
    quantity: DecimalText = Field(description="Units of the instrument.")
    price: DecimalText = Field(description="Quote currency per unit.")
    fee: DecimalText = Field(description="Quote currency.")
    kind: Literal["fill", "bust", "correction"] = Field(
        description="A fill, or its undoing or correction by the venue."
    )
    executed_at: datetime = Field(description="The venue's time.")
    booked_at: datetime = Field(description="When Tradsy booked it, UTC.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> ExecutionRead:
        """Return the execution of a row."""
        return cls(**{name: row[name] for name in cls.model_fields})


class VerdictRead(StrictModel):
    """One risk verdict with the numbers of every check."""

    id: UUID = Field(description="The verdict.")
    account_id: UUID = Field(description="Account it belongs to.")
    trace_id: UUID = Field(description="Timeline it belongs to.")
    plan_id: UUID | None = Field(description="Plan it comes from.")
    order_id: UUID | None = Field(description="Order it belongs to.")
    outcome: Literal["approved", "held", "refused"] = Field(description="What risk decided.")
    reasons: list[str] = Field(description="Codes of the rules that decided.")
    checks: list[dict[str, Any]] = Field(description="rule, code, outcome, numbers, text.")
    config_hash: str = Field(description="Hash of the limits that applied.")
    at: datetime = Field(description="When it was decided, UTC.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> VerdictRead:
        """Return the verdict of a row."""
        return cls(**{name: row[name] for name in cls.model_fields})


class BreakRead(StrictModel):
    """One difference with a broker that is not closed."""

    id: UUID = Field(description="The break.")
    account_id: UUID = Field(description="Account it belongs to.")
    kind: str = Field(description="What differs.")
    subject: str = Field(description="Symbol or order.")
    ours: str = Field(description="What Tradsy's books say.")
    theirs: str = Field(description="What the venue says.")
    cause: str = Field(description="What is believed to have caused it.")
    state: Literal["seen", "open"] = Field(description="`seen` once, or `open`: confirmed and blocking.")
    cycles: int = Field(description="Rounds in a row that showed it.")
    first_seen_at: datetime = Field(description="UTC.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> BreakRead:
        """Return the break of a row."""
        return cls(**{name: row[name] for name in cls.model_fields})


class TimelineStep(StrictModel):
    """One step of a timeline."""

    at: datetime = Field(description="UTC with microseconds.")
    step: str = Field(description="received, parsed, planned, decided, risk, intent, sent, accepted, filled, ...")
    account_id: UUID | None = Field(default=None, description="Account it belongs to.")
    order_id: UUID | None = Field(default=None, description="Order it belongs to.")
    data: dict[str, Any] = Field(description="Facts of the step; decimals as strings.")

    @field_serializer("at")
    def _microseconds(self, at: datetime) -> str:
        return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Timeline(StrictModel):
    """Everything that became of one signal, as far as the caller may see it."""

    trace_id: UUID = Field(description="Timeline it belongs to.")
    steps: list[TimelineStep] = Field(description="What happened, in its order.")


class CancelRequested(StrictModel):
    """A cancel that will be sent at once; its outcome shows in the order's state."""

    order_id: UUID = Field(description="The order.")
    requested: bool = Field(description="False when a cancel of this order is under way already.")


class KillCreate(StrictModel):
    """Stop something."""

    scope: KillScope = Field(description="How much it covers.")
    subject: str | None = Field(
        default=None, max_length=64, description="Venue name or id; left out for `site` and for the caller's `user`."
    )
    reason: str = Field(min_length=1, max_length=200, description="Why, for the record.")
    cancel_stops: bool = Field(
        default=False, description="Cancel protective stops and targets too; needs confirm = CANCEL STOPS."
    )
    confirm: str | None = Field(
        default=None, max_length=40, description="`CANCEL STOPS`, where protective stops go too."
    )


class KillRelease(StrictModel):
    """Let something run again."""

    reason: str = Field(min_length=1, max_length=200, description="Why, for the record.")


class KillRead(StrictModel):
    """One kill switch."""

    scope: KillScope = Field(description="How much it covers.")
    subject: str = Field(description="What of that scope it covers.")
    active: bool = Field(description="Whether orders are stopped now.")
    reason: str = Field(description="Why it was last changed.")
    changed_by: str = Field(description="Who changed it last.")
    changed_at: datetime = Field(description="Last change, UTC.")
    cancel_stops: bool = Field(description="Whether protective stops were cancelled too.")
    resting: int = Field(
        description="Orders in its scope that are not proved canceled yet; 0 proves that nothing rests."
    )

    @classmethod
    def of(cls, view: KillView) -> KillRead:
        """Return the switch as the API shows it."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})
