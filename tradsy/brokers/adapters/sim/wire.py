"""Payloads of `sim` as they come over the wire; numbers are text. What drives an order's state is closed."""

from __future__ import annotations

from enum import StrEnum
from typing import TypedDict


class WireStatus(StrEnum):
    """`status` of an order."""

    HELD = "held"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REPLACED = "replaced"
    EXPIRED = "expired"


class WireKind(StrEnum):
    """`kind` of an order event."""

    NEW = "new"
    FILL = "fill"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    CHANGED = "changed"
    BUST = "bust"
    CORRECTION = "correction"


class WireOrder(TypedDict):
    """An order."""

    order_id: str
    account: str
    client_order_id: str | None
    symbol: str
    side: str
    type: str
    quantity: str
    time_in_force: str
    limit_price: str | None
    stop_price: str | None
    trail_amount: str | None
    trail_percent: str | None
    reduce_only: bool
    extended_hours: bool
    status: str
    filled_quantity: str
    average_price: str | None
    entered_at: str
    updated_at: str
    reason: str


class WireExecution(TypedDict):
    """An execution; `dup_of` marks a repetition under a new id."""

    execution_id: str
    order_id: str
    account: str
    client_order_id: str | None
    symbol: str
    side: str
    quantity: str
    price: str
    fee: str
    at: str


class WireEvent(TypedDict):
    """A message of the stream with `type` order."""

    seq: int
    kind: str
    at: str
    order: WireOrder
    execution: WireExecution | None
    corrects: str | None


class WireAccount(TypedDict):
    """An account."""

    account: str
    currency: str
    cash: str
    equity: str
    buying_power: str
    blocked: bool


class WirePosition(TypedDict):
    """A position; negative is short."""

    symbol: str
    quantity: str
    average_price: str


class WireQuote(TypedDict):
    """A quote."""

    symbol: str
    bid: str
    ask: str
    last: str
    at: str
    halted: bool
    adv: str | None
    session_open: bool | None


class WireBar(TypedDict):
    """A bar."""

    at: str
    open: str
    high: str
    low: str
    close: str
    volume: str
