"""Values of the matching engine: orders as a venue keeps them, executions and events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tradsy.domain.errors import DomainError
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderTerms, OrderType


class Status(StrEnum):
    """State of an order in the venue's book."""

    HELD = "held"
    """A bracket's exit that waits for its entry to fill."""
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REPLACED = "replaced"
    EXPIRED = "expired"


OPEN = frozenset({Status.HELD, Status.NEW, Status.PARTIALLY_FILLED})


class Reason(StrEnum):
    """Why an order was refused or ended; the venue's codes."""

    UNKNOWN_ACCOUNT = "account_not_found"
    UNKNOWN_SYMBOL = "unknown_symbol"
    NOT_TRADABLE = "not_tradable"
    HALTED = "symbol_halted"
    BLOCKED = "account_blocked"
    FUNDS = "insufficient_funds"
    NO_SHORT = "shorting_not_allowed"
    QUANTITY = "invalid_quantity"
    PRICE = "invalid_price"
    ORDER = "invalid_order"
    REDUCE_ONLY = "reduce_only"
    CLOSED = "market_closed"
    DUPLICATE_OPEN = "duplicate_open"
    DUPLICATE_CLOSED = "duplicate_closed"
    NOT_FOUND = "order_not_found"
    NOT_OPEN = "order_not_open"
    CLIENT = "client"
    OCO = "oco"
    BUST = "bust"
    PARENT = "parent"
    IOC = "ioc"
    FOK = "fok"
    SESSION_END = "session_end"
    NO_AUCTION = "no_auction"
    MARGIN = "margin"


class Refused(DomainError):
    """The engine refuses a request; `reason` is the venue's code."""

    code = "simulation_refused"
    title = "The simulated venue refuses the order"

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as a client enters it."""

    account_id: str
    terms: OrderTerms
    client_order_id: str | None = None
    oco_group: str | None = None
    """Orders of one account with the same group cancel and reduce each other."""
    take_profit: Decimal | None = None
    """Bracket: limit price of the profit target."""
    stop_loss: Decimal | None = None
    """Bracket: stop price of the protective stop."""
    stop_loss_limit: Decimal | None = None
    max_fill: Decimal | None = None
    """Units that fill at most per tick."""


@dataclass(slots=True)
class SimOrder:
    """An order in the book. Invariant: cumulative + reduced <= terms.quantity."""

    order_id: str
    account_id: str
    terms: OrderTerms
    client_order_id: str | None
    entered_at: datetime
    updated_at: datetime
    status: Status = Status.NEW
    cumulative: Decimal = ZERO
    """Units filled."""
    filled_notional: Decimal = ZERO
    """Sum of quantity x price of the fills, multiplier not included."""
    reduced: Decimal = ZERO
    """Units that a linked order's fill, or a bust of its own, took away."""
    oco_group: str | None = None
    parent_id: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    reason: str = ""
    triggered: bool = False
    """Whether the stop price was reached."""
    watermark: Decimal | None = None
    """Best last price since entry, of a trailing stop."""
    rested: bool = False
    """Whether it has stood in the book while the market was open."""
    reserved: Decimal = ZERO
    """Margin held for it."""
    max_fill: Decimal | None = None
    """Units that fill at most per tick."""

    @property
    def leaves(self) -> Decimal:
        """Units still open."""
        return self.terms.quantity - self.cumulative - self.reduced

    @property
    def is_open(self) -> bool:
        """Whether it may still fill."""
        return self.status in OPEN

    @property
    def average_price(self) -> Decimal | None:
        """Average price of the fills."""
        return self.filled_notional / self.cumulative if self.cumulative else None

    @property
    def has_stop(self) -> bool:
        """Whether it waits for a stop price."""
        return self.terms.order_type in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill, with the account's cash and position right after it."""

    execution_id: str
    order_id: str
    account_id: str
    client_order_id: str | None
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    amount: Decimal
    """Change of cash, fee included."""
    cash: Decimal
    position: Decimal
    average_price: Decimal
    realized_pnl: Decimal
    at: datetime


class EventKind(StrEnum):
    """What happened to an order."""

    NEW = "new"
    FILL = "fill"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    CHANGED = "changed"
    """A held exit woke, a linked fill reduced it, a stop triggered or a trailing stop moved."""
    BUST = "bust"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Event:
    """One change of the book; `status` and `cumulative` are those right after it."""

    kind: EventKind
    at: datetime
    order: SimOrder
    status: Status
    cumulative: Decimal
    execution: Execution | None = None
    corrects: str | None = None
    """Execution id that a bust or correction supersedes."""


class MarketPhase(StrEnum):
    """Phase of an instrument's session."""

    OPEN = "open"
    EXTENDED = "extended"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Tick:
    """What the market shows an order at one instant."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    at: datetime
    liquidity: Decimal | None = None
    """Units that one order can fill at this tick; None is no limit."""
    halted: bool = False
    phase: MarketPhase = MarketPhase.OPEN
