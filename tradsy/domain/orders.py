"""Orders in FIX's words, and the one table of their state transitions.

An order's life: `submitting` when its intent is committed, then by proof alone `new`, `rejected` or `not_placed`;
without proof `unknown`, and `quarantined` once no proof can be found. Fills win in every state: a fill
after a cancel, or after a rejection, is booked and the state follows the quantities.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradsy.domain.errors import InvalidTransition
from tradsy.domain.money import ZERO


class Side(StrEnum):
    """Side of an order; a sell of what is not held opens a short position."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: the direction of the position change."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """Kind of order."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    """How long an order rests."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    OPG = "opg"
    CLS = "cls"


class OrderRole(StrEnum):
    """Why the order exists; decides its lane and which controls apply."""

    ENTRY = "entry"
    EXIT = "exit"
    """Reduces or closes a position, by a signal or by hand."""
    STOP = "stop"
    """Protective stop of a position."""
    TARGET = "target"
    """Profit target of a position."""


class OrderState(StrEnum):
    """State of an order."""

    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    PENDING_REPLACE = "pending_replace"
    REPLACED = "replaced"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_PLACED = "not_placed"
    QUARANTINED = "quarantined"


class OrderEvent(StrEnum):
    """What can happen to an order."""

    ACCEPT = "accept"
    """Proof that the venue has it: an acknowledgement, or found by a look-up."""
    REJECT = "reject"
    """Proof that the venue refused it."""
    LOSE = "lose"
    """No proof either way: time-out, lost socket, crash."""
    PROVE_ABSENT = "prove_absent"
    """Proof that it never reached the venue."""
    QUARANTINE = "quarantine"
    FILL = "fill"
    REQUEST_CANCEL = "request_cancel"
    CANCEL_REFUSED = "cancel_refused"
    CANCEL = "cancel"
    REQUEST_REPLACE = "request_replace"
    REPLACE_REFUSED = "replace_refused"
    REPLACE = "replace"
    EXPIRE = "expire"


_S, _E = OrderState, OrderEvent

TERMINAL = frozenset({_S.FILLED, _S.CANCELED, _S.REPLACED, _S.REJECTED, _S.EXPIRED, _S.NOT_PLACED})
"""States in which nothing rests at the venue."""
WORKING = frozenset({_S.NEW, _S.PARTIALLY_FILLED, _S.PENDING_CANCEL, _S.PENDING_REPLACE})
"""States in which the venue is known to hold the order."""
UNPROVED = frozenset({_S.SUBMITTING, _S.UNKNOWN, _S.QUARANTINED})
"""States in which the order may or may not rest at the venue."""

TRANSITIONS: dict[tuple[OrderState, OrderEvent], OrderState] = {
    (_S.SUBMITTING, _E.ACCEPT): _S.NEW,
    (_S.SUBMITTING, _E.REJECT): _S.REJECTED,
    (_S.SUBMITTING, _E.LOSE): _S.UNKNOWN,
    (_S.SUBMITTING, _E.PROVE_ABSENT): _S.NOT_PLACED,
    # A stream report may say canceled or expired before the acknowledgement is read (IOC, FOK, halts).
    (_S.SUBMITTING, _E.CANCEL): _S.CANCELED,
    (_S.SUBMITTING, _E.EXPIRE): _S.EXPIRED,
    (_S.UNKNOWN, _E.ACCEPT): _S.NEW,
    (_S.UNKNOWN, _E.REJECT): _S.REJECTED,
    (_S.UNKNOWN, _E.LOSE): _S.UNKNOWN,
    (_S.UNKNOWN, _E.PROVE_ABSENT): _S.NOT_PLACED,
    (_S.UNKNOWN, _E.QUARANTINE): _S.QUARANTINED,
    (_S.UNKNOWN, _E.CANCEL): _S.CANCELED,
    (_S.UNKNOWN, _E.EXPIRE): _S.EXPIRED,
    # A person, or late evidence, ends a quarantine.
    (_S.QUARANTINED, _E.ACCEPT): _S.NEW,
    (_S.QUARANTINED, _E.REJECT): _S.REJECTED,
    (_S.QUARANTINED, _E.PROVE_ABSENT): _S.NOT_PLACED,
    (_S.QUARANTINED, _E.CANCEL): _S.CANCELED,
    (_S.QUARANTINED, _E.EXPIRE): _S.EXPIRED,
    (_S.NEW, _E.ACCEPT): _S.NEW,
    # Asynchronous refusal after the acknowledgement (Schwab, IBKR).
    (_S.NEW, _E.REJECT): _S.REJECTED,
    (_S.NEW, _E.REQUEST_CANCEL): _S.PENDING_CANCEL,
    (_S.NEW, _E.CANCEL): _S.CANCELED,
    (_S.NEW, _E.REQUEST_REPLACE): _S.PENDING_REPLACE,
    (_S.NEW, _E.REPLACE): _S.REPLACED,
    (_S.NEW, _E.EXPIRE): _S.EXPIRED,
    (_S.PARTIALLY_FILLED, _E.ACCEPT): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _E.REQUEST_CANCEL): _S.PENDING_CANCEL,
    (_S.PARTIALLY_FILLED, _E.CANCEL): _S.CANCELED,
    (_S.PARTIALLY_FILLED, _E.REQUEST_REPLACE): _S.PENDING_REPLACE,
    (_S.PARTIALLY_FILLED, _E.REPLACE): _S.REPLACED,
    (_S.PARTIALLY_FILLED, _E.EXPIRE): _S.EXPIRED,
    (_S.PENDING_CANCEL, _E.ACCEPT): _S.PENDING_CANCEL,
    (_S.PENDING_CANCEL, _E.REQUEST_CANCEL): _S.PENDING_CANCEL,
    (_S.PENDING_CANCEL, _E.CANCEL): _S.CANCELED,
    (_S.PENDING_CANCEL, _E.CANCEL_REFUSED): _S.NEW,
    (_S.PENDING_CANCEL, _E.REJECT): _S.REJECTED,
    (_S.PENDING_CANCEL, _E.EXPIRE): _S.EXPIRED,
    (_S.PENDING_CANCEL, _E.REPLACE): _S.REPLACED,
    (_S.PENDING_REPLACE, _E.ACCEPT): _S.PENDING_REPLACE,
    (_S.PENDING_REPLACE, _E.REPLACE): _S.REPLACED,
    (_S.PENDING_REPLACE, _E.REPLACE_REFUSED): _S.NEW,
    (_S.PENDING_REPLACE, _E.REQUEST_CANCEL): _S.PENDING_CANCEL,
    (_S.PENDING_REPLACE, _E.CANCEL): _S.CANCELED,
    (_S.PENDING_REPLACE, _E.REJECT): _S.REJECTED,
    (_S.PENDING_REPLACE, _E.EXPIRE): _S.EXPIRED,
    # Evidence that comes late against a proof of absence or a refusal: the venue's word wins.
    (_S.NOT_PLACED, _E.ACCEPT): _S.NEW,
    (_S.NOT_PLACED, _E.CANCEL): _S.CANCELED,
    (_S.NOT_PLACED, _E.EXPIRE): _S.EXPIRED,
}
"""(state, event) -> state, for every event but a fill, whose state follows the quantities (`after_fill`)."""


def next_state(state: OrderState, event: OrderEvent) -> OrderState:
    """Return the state that `event` leads to from `state`.

    Raises:
        InvalidTransition: the table has no such row.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise InvalidTransition(f"{event} is not possible while {state}") from None


def can_apply(state: OrderState, event: OrderEvent) -> bool:
    """Whether the table has a row for `event` in `state`."""
    return (state, event) in TRANSITIONS


def after_fill(state: OrderState, *, quantity: Decimal, cumulative: Decimal) -> OrderState:
    """Return the state after a fill brought the filled quantity to `cumulative` of `quantity`.

    A canceled, expired or replaced order that is filled late keeps its state while something was left
    unfilled: what was left still does not rest at the venue.
    """
    if cumulative >= quantity:
        return _S.FILLED
    if state in {_S.CANCELED, _S.EXPIRED, _S.REPLACED, _S.PENDING_CANCEL, _S.PENDING_REPLACE}:
        return state
    return _S.PARTIALLY_FILLED


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What an order asks for: all that a venue is told, but for ids."""

    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    """Units of the instrument: shares, coins, contracts."""
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    """Distance of a trailing stop, in quote currency."""
    trail_percent: Decimal | None = None
    reduce_only: bool = False
    """The order must never open or flip a position."""
    extended_hours: bool = False


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution as the venue reports it."""

    venue_execution_id: str
    quantity: Decimal
    """Always positive; the side is the order's."""
    price: Decimal
    fee: Decimal
    """In the instrument's currency; negative is a rebate."""
    at: datetime


def leaves_quantity(quantity: Decimal, cumulative: Decimal) -> Decimal:
    """Return what is still open of an order (FIX LeavesQty), never below zero."""
    return max(quantity - cumulative, ZERO)
