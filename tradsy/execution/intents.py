"""C1: verdict, order rows, events, audit and outbox of one batch, committed before any byte leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tradsy.audit import service as audit
from tradsy.audit.service import AuditEntry
from tradsy.domain.ids import ConnectionId, OrderId, PlanId, SignalId, SourceId, TraceId, format_client_order_id
from tradsy.domain.instruments import Instrument
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderRole, OrderState, OrderTerms
from tradsy.execution import repository
from tradsy.execution.model import Order
from tradsy.execution.state import AccountState
from tradsy.execution.views import order_payload
from tradsy.platform.db import DbSession, Write
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import Event, new_event
from tradsy.risk.model import Verdict, check_to_json


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where an order comes from."""

    trace_id: TraceId
    signal_id: SignalId | None = None
    plan_id: PlanId | None = None
    source_id: SourceId | None = None
    parent_order_id: OrderId | None = None


@dataclass(slots=True)
class Batch:
    """What one C1 transaction will write."""

    orders: list[Order] = field(default_factory=list[Order])
    verdicts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    events: list[Event] = field(default_factory=list[Event])
    audit: list[AuditEntry] = field(default_factory=list[AuditEntry])
    writes: list[Write] = field(default_factory=list[Write])
    """What goes along: rows that intents replace."""

    def add_order(self, order: Order, verdict: Verdict, now: datetime) -> None:
        """Add an approved order with its verdict."""
        self.orders.append(order)
        self.verdicts.append(
            verdict_row(
                verdict,
                "approved",
                lineage=Lineage(order.trace_id, order.signal_id, order.plan_id),
                user_id=order.user_id,
                account_id=order.account_id,
                order_id=order.id,
                now=now,
            )
        )
        self.events.append(new_event("orders.updated", order_payload(order), at=now, user_id=order.user_id))
        self.audit.append(
            AuditEntry(
                order.user_id,
                "engine",
                "order.submitting",
                f"order:{order.id}",
                {
                    "to": "submitting",
                    "plan": str(order.plan_id or ""),
                    "symbol": order.symbol,
                    "side": str(order.side),
                    "type": str(order.order_type),
                    "quantity": str(order.quantity),
                    "client_order_id": order.client_order_id,
                    "epoch": order.epoch,
                    "config": verdict.config_hash,
                },
            )
        )

    def add_refusal(
        self, account: AccountState, lineage: Lineage, verdict: Verdict, *, outcome: str, now: datetime
    ) -> None:
        """Add a verdict without an order: refused, or held for a person."""
        self.verdicts.append(
            verdict_row(
                verdict,
                outcome,
                lineage=lineage,
                user_id=account.user_id,
                account_id=account.account_id,
                order_id=None,
                now=now,
            )
        )
        reasons = [*verdict.reasons, *verdict.soft]
        payload = {
            "plan_id": str(lineage.plan_id or ""),
            "account_id": str(account.account_id),
            "trace_id": str(lineage.trace_id),
            "outcome": outcome,
            "reasons": reasons,
        }
        self.events.append(new_event(f"plans.{outcome}", payload, at=now, user_id=account.user_id))
        self.audit.append(
            AuditEntry(
                account.user_id,
                "engine",
                f"plan.{outcome}",
                f"plan:{lineage.plan_id or ''}",
                {"account": str(account.account_id), "reasons": list(reasons), "config": verdict.config_hash},
            )
        )

    async def write(self, session: DbSession, now: datetime) -> None:
        """Write everything; the audit chain heads are locked last."""
        intents = repository.intent_writes(self.orders, [_submit_event(o) for o in self.orders], self.verdicts)
        await audit.append(session, self.audit, at=now, events=self.events, after=[*self.writes, *intents])


def new_order(
    account: AccountState,
    connection_id: ConnectionId,
    lineage: Lineage,
    terms: OrderTerms,
    instrument: Instrument,
    *,
    role: OrderRole,
    origin: str,
    now: datetime,
    exits: Mapping[str, Any] | None = None,
    oco_group: str | None = None,
) -> Order:
    """Return a fresh order row in `submitting`, under the account's epoch."""
    order_id = OrderId(new_id())
    return Order(
        id=order_id,
        user_id=account.user_id,
        account_id=account.account_id,
        connection_id=connection_id,
        partition=account.partition,
        venue=account.venue,
        trace_id=lineage.trace_id,
        signal_id=lineage.signal_id,
        plan_id=lineage.plan_id,
        source_id=lineage.source_id,
        parent_order_id=lineage.parent_order_id,
        role=role,
        origin=origin,
        client_order_id=format_client_order_id(new_id()),
        generation=1,
        venue_order_id=None,
        symbol=terms.symbol,
        asset_class=instrument.asset_class,
        side=terms.side,
        order_type=terms.order_type,
        quantity=terms.quantity,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        trail_amount=terms.trail_amount,
        trail_percent=terms.trail_percent,
        time_in_force=terms.time_in_force,
        reduce_only=terms.reduce_only,
        multiplier=instrument.multiplier,
        oco_group=oco_group,
        exits=dict(exits) if exits else None,
        exits_covered=ZERO,
        state=OrderState.SUBMITTING,
        cumulative_quantity=ZERO,
        average_price=None,
        fees=Decimal(0),
        reason_code="",
        reason="",
        epoch=account.epoch,
        attempt=1,
        baseline=None,
        evidence=[],
        created_at=now,
        sent_at=None,
        accepted_at=None,
        unknown_at=None,
        finished_at=None,
        updated_at=now,
    )


def verdict_row(
    verdict: Verdict,
    outcome: str,
    *,
    lineage: Lineage,
    user_id: UUID,
    account_id: UUID,
    order_id: OrderId | None,
    now: datetime,
) -> dict[str, Any]:
    """Return the row of a verdict, with every check and its numbers."""
    return {
        "id": new_id(),
        "user_id": user_id,
        "trace_id": lineage.trace_id,
        "plan_id": lineage.plan_id,
        "signal_id": lineage.signal_id,
        "account_id": account_id,
        "order_id": order_id,
        "outcome": outcome,
        "reasons": [*verdict.reasons, *verdict.soft],
        "checks": [check_to_json(check) for check in verdict.checks],
        "config_hash": verdict.config_hash,
        "at": now,
    }


def _submit_event(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "seq": 1,
        "user_id": order.user_id,
        "account_id": order.account_id,
        "trace_id": order.trace_id,
        "at": order.created_at,
        "event": "submit",
        "from_state": "",
        "to_state": str(order.state),
        "data": {},
    }
