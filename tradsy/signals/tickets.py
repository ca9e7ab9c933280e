"""Orders that a person places by hand: a signal of the person's own, planned for one account and nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradsy.audit.canonical import JSON
from tradsy.audit.service import AuditEntry, append
from tradsy.domain.ids import AccountId, UserId
from tradsy.follows.model import TradeIntent
from tradsy.follows.placing import Placed, Placement, find_place, place_plan
from tradsy.platform.db import Database, DbSession
from tradsy.platform.failpoints import failpoint
from tradsy.platform.outbox import Event, OutboxPublisher, emitted, new_event, new_hint
from tradsy.signals import repository, service
from tradsy.signals.dialects import native
from tradsy.signals.fields import Fields
from tradsy.signals.intake import new_signal, received_entry, repeat
from tradsy.signals.model import CERTAIN, Dialect, Envelope, Incoming, Reading, Receipt, SignalState, Source

SOURCE_NAME = "Order ticket"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One order by hand."""

    account_id: AccountId
    intent: TradeIntent
    confirmation: Mapping[str, Any] | None


def read_ticket(order: Mapping[str, Any]) -> TradeIntent:
    """Return the intent of an order in the fields of the native dialect.

    Raises:
        Unreadable: a field is missing, unknown or contradicts another.
    """
    return native.read_order(Fields(order), Envelope())


@dataclass(frozen=True, slots=True)
class TicketDesk:
    """Takes orders by hand."""

    database: Database
    outbox: OutboxPublisher

    async def place(self, user_id: UserId, actor: str, ticket: Ticket, incoming: Incoming, *, key: str) -> Receipt:
        """Store the order's signal and its approved plan in one transaction; `key` is taken once, for ever.

        Raises:
            NoSuchAccount: the account is not there, closed, or another's.
            IdempotencyKeyReused: the key came before with another body.
        """
        failpoint("signal_received")
        reading = Reading(
            Dialect.NATIVE,
            SignalState.ACCEPTED,
            incoming.body,
            Envelope(sender_id=key),
            ticket.intent,
            CERTAIN,
        )
        async with self.database.as_engine() as session:
            await find_place(session, user_id, ticket.account_id)
            source = await _ticket_source(session, user_id, actor, incoming)
            signal = new_signal(source, incoming, reading)
            if not await repository.insert_signal(session, signal, plans=1):
                return await repeat(session, signal, same_body=True)
            receipt = await _plan(session, user_id, actor, ticket, signal)
            failpoint("before_signal_commit")
        failpoint("after_signal_commit")
        self.outbox.hand_over(emitted(session))
        return receipt


async def _ticket_source(session: DbSession, user_id: UserId, actor: str, incoming: Incoming) -> Source:
    """Return the user's own source of orders by hand, made with the first one."""
    source = await repository.find_ticket_source(session, user_id)
    if source is None:
        await service.ensure_ticket_source(
            session, user_id=user_id, name=SOURCE_NAME, at=incoming.received_at, actor=actor
        )
        source = await repository.find_ticket_source(session, user_id)
    assert source is not None  # noqa: S101 - made above, or by who came first
    return source


async def _plan(
    session: DbSession, user_id: UserId, actor: str, ticket: Ticket, signal: repository.NewSignal
) -> Receipt:
    at, expires_at = signal.incoming.received_at, signal.expires_at
    assert expires_at is not None  # noqa: S101 - a signal with an intent expires
    placed = await place_plan(
        session,
        Placement(
            user_id,
            ticket.account_id,
            signal.id,
            signal.trace_id,
            signal.source.id,
            ticket.intent,
            ticket.confirmation,
            at,
            expires_at,
        ),
    )
    entries = [
        received_entry(signal, actor, plans=1, approved=1),
        _placed_entry(user_id, actor, ticket, signal, placed),
    ]
    await append(session, entries, at=at, events=_events(signal, placed))
    return Receipt(signal.id, signal.trace_id, duplicate=False, state=SignalState.ACCEPTED, reasons=(), plans=1)


def _events(signal: repository.NewSignal, placed: Placed) -> list[Event]:
    ids = {"signal_id": str(signal.id), "trace_id": str(signal.trace_id)}
    at = signal.incoming.received_at
    received = {**ids, "source_id": str(signal.source.id), "state": SignalState.ACCEPTED.value, "plans": 1}
    return [
        new_hint("signals.accepted", {**ids, "partitions": [placed.partition]}, at=at),
        new_event("signals.received", received, at=at, user_id=signal.source.user_id),
    ]


def _placed_entry(
    user_id: UserId, actor: str, ticket: Ticket, signal: repository.NewSignal, placed: Placed
) -> AuditEntry:
    confirmation: JSON = None if ticket.confirmation is None else dict(ticket.confirmation)
    data: dict[str, JSON] = {
        "trace_id": str(signal.trace_id),
        "account_id": str(ticket.account_id),
        "intent": ticket.intent.to_json(),
        "confirmation": confirmation,
    }
    return AuditEntry(user_id, actor, "plan.placed", f"plan:{placed.plan_id}", data)
