"""Pure: what an outcome, a report or a look-up does to one order. No I/O; the ledger stores the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tradsy.brokers.port import OrderReport, ReportKind, VenueOrder, VenueOrderStatus
from tradsy.domain.ids import VenueOrderId
from tradsy.domain.orders import (
    TERMINAL,
    UNPROVED,
    Fill,
    OrderEvent,
    OrderState,
    Side,
    after_fill,
    can_apply,
    next_state,
)
from tradsy.execution.model import Order, OrderSeen, OutcomeLearned, filled_value, to_json

_EVENT_OF_REPORT = {
    ReportKind.NEW: OrderEvent.ACCEPT,
    ReportKind.CANCELED: OrderEvent.CANCEL,
    ReportKind.EXPIRED: OrderEvent.EXPIRE,
    ReportKind.REJECTED: OrderEvent.REJECT,
    ReportKind.REPLACED: OrderEvent.REPLACE,
    ReportKind.CANCEL_REJECTED: OrderEvent.CANCEL_REFUSED,
}
_EVENT_OF_STATUS = {
    VenueOrderStatus.CANCELED: OrderEvent.CANCEL,
    VenueOrderStatus.EXPIRED: OrderEvent.EXPIRE,
    VenueOrderStatus.REJECTED: OrderEvent.REJECT,
    VenueOrderStatus.REPLACED: OrderEvent.REPLACE,
}


@dataclass(frozen=True, slots=True)
class Booking:
    """One execution to book; `side` is the position's change, so a bust has the opposite one."""

    kind: str
    """fill, bust or correction."""
    fill: Fill
    side: Side
    corrects: str | None = None


@dataclass(slots=True)
class Fold:
    """One order while a batch of what was learned about it is applied."""

    order: Order
    booked: Mapping[str, frozenset[str]]
    """Venue execution id -> the kinds of rows that are booked already."""
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    bookings: list[Booking] = field(default_factory=list[Booking])
    _seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    _original: Order | None = None

    def __post_init__(self) -> None:
        self._original = self.order

    @property
    def changed(self) -> bool:
        """Whether anything has to be stored: a step of its life, or a fact such as when it was sent."""
        return self.order is not self._original

    def learn(self, item: OutcomeLearned) -> None:
        """Apply the outcome of a submit, a cancel or a resolution."""
        self._note_sent(item.sent_at, item.baseline)
        self._note_venue_id(item.venue_order_id)
        data = {"reason_code": item.reason_code, "reason": item.reason, "evidence": list(item.evidence)}
        self._apply(item.event, item.at, {key: value for key, value in data.items() if value})

    def report(self, report: OrderReport) -> None:
        """Apply one event of the venue's stream or history."""
        self._note_venue_id(report.venue_order_id)
        if report.kind is ReportKind.FILL and report.fill is not None:
            self._fill(report.fill)
        elif report.kind is ReportKind.BUST and report.fill is not None and report.corrects:
            self._bust(report.fill, report.corrects)
        elif report.kind is ReportKind.CORRECTION and report.fill is not None and report.corrects:
            self._bust(report.fill, report.corrects)
            self._fill(report.fill)
        elif report.kind in _EVENT_OF_REPORT:
            data = {"reason": report.reason} if report.reason else {}
            self._apply(_EVENT_OF_REPORT[report.kind], report.at, data)

    def seen(self, item: OrderSeen) -> None:
        """Apply what a look-up shows; its executions were applied before it."""
        venue = item.order
        self._note_venue_id(venue.venue_order_id)
        data: dict[str, Any] = {"evidence": list(item.evidence)} if item.evidence else {}
        if self.order.state in UNPROVED or self.order.state is OrderState.NOT_PLACED:
            self._apply(OrderEvent.ACCEPT, venue.updated_at, data)
        event = _EVENT_OF_STATUS.get(venue.status)
        if event is not None and self._explained(venue):
            self._apply(event, venue.updated_at, {**data, "reason": venue.reason} if venue.reason else data)

    def _explained(self, venue: VenueOrder) -> bool:
        """Whether the venue's filled quantity is what we booked: a final state waits for its executions."""
        return venue.cumulative_quantity <= self.order.cumulative_quantity

    def _note_sent(self, sent_at: datetime | None, baseline: tuple[str, ...] | None) -> None:
        if sent_at is not None and self.order.sent_at is None:
            self.order = self.order.changed(sent_at=sent_at)
        if baseline is not None:
            self.order = self.order.changed(baseline=list(baseline))

    def _note_venue_id(self, venue_order_id: VenueOrderId | None) -> None:
        if venue_order_id is not None and self.order.venue_order_id is None:
            self.order = self.order.changed(venue_order_id=venue_order_id)

    def _apply(self, event: OrderEvent, at: datetime, data: Mapping[str, Any]) -> None:
        order = self.order
        if event is OrderEvent.ACCEPT and order.state not in UNPROVED and order.state is not OrderState.NOT_PLACED:
            # The acknowledgement came after a report that proved as much: kept for the timeline, changes no state.
            if order.accepted_at is None:
                self._record(event, at, order.state, data, accepted_at=at)
            return
        if not can_apply(order.state, event):
            return
        state = next_state(order.state, event)
        if state is OrderState.NEW and order.cumulative_quantity:
            state = OrderState.PARTIALLY_FILLED
        changes: dict[str, Any] = {}
        if event is OrderEvent.ACCEPT and order.accepted_at is None:
            changes["accepted_at"] = at
        if event is OrderEvent.LOSE and order.unknown_at is None:
            changes["unknown_at"] = at
        if data.get("evidence"):
            changes["evidence"] = [*order.evidence, *data["evidence"]]
        if "reason_code" in data or "reason" in data:
            changes["reason_code"] = data.get("reason_code", order.reason_code)
            changes["reason"] = data.get("reason", order.reason)
        self._record(event, at, state, data, **changes)

    def _fill(self, fill: Fill) -> None:
        key = (fill.venue_execution_id, "fill")
        if "fill" in self.booked.get(fill.venue_execution_id, frozenset()) or key in self._seen:
            return
        self._seen.add(key)
        if self.order.accepted_at is None and can_apply(self.order.state, OrderEvent.ACCEPT):
            self._apply(OrderEvent.ACCEPT, fill.at, {"proved_by": "fill"})
        order = self.order
        cumulative = order.cumulative_quantity + fill.quantity
        state = after_fill(order.state, quantity=order.quantity, cumulative=cumulative)
        self.bookings.append(Booking("fill", fill, order.side))
        data = {
            "quantity": to_json(fill.quantity),
            "price": to_json(fill.price),
            "fee": to_json(fill.fee),
            "cumulative_quantity": to_json(cumulative),
            "venue_execution_id": fill.venue_execution_id,
        }
        self._record(
            OrderEvent.FILL,
            fill.at,
            state,
            data,
            cumulative_quantity=cumulative,
            average_price=filled_value(order, fill.quantity, fill.price),
            fees=order.fees + fill.fee,
        )

    def _bust(self, fill: Fill, corrects: str) -> None:
        key = (corrects, "bust")
        if "bust" in self.booked.get(corrects, frozenset()) or key in self._seen:
            return
        self._seen.add(key)
        order = self.order
        self.bookings.append(Booking("bust", fill, order.side.opposite, corrects))
        left = max(order.cumulative_quantity - fill.quantity, Decimal(0))
        state = order.state if order.state is not OrderState.FILLED else OrderState.PARTIALLY_FILLED
        data = {"quantity": to_json(fill.quantity), "corrects": corrects}
        self._record(OrderEvent.FILL, fill.at, state, data, cumulative_quantity=left, fees=order.fees - fill.fee)

    def _record(
        self, event: OrderEvent, at: datetime, state: OrderState, data: Mapping[str, Any], **changes: Any
    ) -> None:
        order = self.order
        if state in TERMINAL and order.state not in TERMINAL:
            changes["finished_at"] = at
        elif state not in TERMINAL:
            changes["finished_at"] = None
        self.events.append(
            {
                "order_id": order.id,
                "seq": len(self.events) + 1,
                "user_id": order.user_id,
                "account_id": order.account_id,
                "trace_id": order.trace_id,
                "at": at,
                "event": str(event),
                "from_state": str(order.state),
                "to_state": str(state),
                "data": dict(data),
            }
        )
        self.order = order.changed(state=state, updated_at=at, **changes)
