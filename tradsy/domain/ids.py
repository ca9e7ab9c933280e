"""Typed identifiers: one `NewType` for each thing, so that no id can stand in for another."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
ConnectionId = NewType("ConnectionId", UUID)
AccountId = NewType("AccountId", UUID)
SourceId = NewType("SourceId", UUID)
FollowId = NewType("FollowId", UUID)
SignalId = NewType("SignalId", UUID)
TraceId = NewType("TraceId", UUID)
PlanId = NewType("PlanId", UUID)
OrderId = NewType("OrderId", UUID)
"""Key of our order row; never sent to a venue."""
ExecutionId = NewType("ExecutionId", UUID)
EventId = NewType("EventId", UUID)

ClientOrderId = NewType("ClientOrderId", str)
"""Our id at the venue: a UUIDv7 as 32 hex digits, new for every generation of an order."""
VenueOrderId = NewType("VenueOrderId", str)
VenueAccountId = NewType("VenueAccountId", str)
VenueExecutionId = NewType("VenueExecutionId", str)


def format_client_order_id(value: UUID) -> ClientOrderId:
    """Return `value` as the 32 hex digits that every venue accepts (Kraken takes no other free text)."""
    return ClientOrderId(value.hex)
