"""The values that plans are made from, claimed as and finished with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from tradsy.domain.ids import AccountId, ConnectionId, FollowId, OrderId, PlanId, SignalId, SourceId, TraceId, UserId
from tradsy.follows.model import ExitPolicy, SizingMode, TradeIntent


class PlanState(StrEnum):
    """Life of a plan: pending, approved and ignored or expired are the user's; the others are execution's."""

    PENDING = "pending"
    APPROVED = "approved"
    IGNORED = "ignored"
    EXPIRED = "expired"
    EXECUTED = "executed"
    """Its order's intent is committed."""
    REFUSED = "refused"
    DONE = "done"
    """Acted on without an order of its own: a cancel, an update."""


@dataclass(frozen=True, slots=True)
class PlannedSignal:
    """What planning needs to know of a signal that is being stored."""

    signal_id: SignalId
    trace_id: TraceId
    source_id: SourceId
    intent: TradeIntent
    hold_reason: str
    """Why a person must look at it whatever the follow says; empty when nobody must."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class PlansCreated:
    """What became of one signal."""

    count: int
    approved: int
    partitions: tuple[int, ...]
    """Distinct partitions of the approved plans, ascending."""


@dataclass(frozen=True, slots=True)
class ApprovedPlan:
    """One plan that execution took, with everything it needs to know about its origin."""

    plan_id: PlanId
    user_id: UserId
    trace_id: TraceId
    signal_id: SignalId
    source_id: SourceId
    source_state: str
    follow_id: FollowId | None
    follow_state: str | None
    account_id: AccountId
    account_state: str
    connection_id: ConnectionId
    connection_state: str
    venue: str
    partition: int
    is_paper: bool
    intent: TradeIntent
    sizing_mode: SizingMode
    sizing_value: Decimal
    exit_policy: ExitPolicy
    origin: str
    """`automatic`, or `person` where somebody approved it."""
    confirmation: Mapping[str, Any] | None
    """The typed confirmation of a soft breach: symbol, notional, reason."""
    confidence: Decimal
    received_at: datetime
    signal_at: datetime | None
    """The time that the signal itself bears."""
    created_at: datetime
    decided_at: datetime | None
    expires_at: datetime
    may_trade: bool
    """Whether the user is active and has accepted the current terms, as of now."""
    is_demo: bool


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What execution did with one plan."""

    plan_id: PlanId
    state: PlanState
    reason: str = ""
    order_id: OrderId | None = None


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """One plan as its owner sees it."""

    id: PlanId
    user_id: UserId
    trace_id: TraceId
    signal_id: SignalId
    source_id: SourceId
    source_name: str | None
    follow_id: FollowId | None
    account_id: AccountId
    partition: int
    state: PlanState
    reason: str
    intent: TradeIntent
    sizing_mode: SizingMode
    sizing_value: Decimal
    exit_policy: ExitPolicy
    origin: str
    confirmation: Mapping[str, Any] | None
    order_id: UUID | None
    is_demo: bool
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: UUID | None
