"""The one interface to a broker: what `execution` and `connections` may ask of any venue.

A `Broker` is one *connection* (one login or key) and serves all its accounts. Every method that changes something
at the venue sends at most one request, is never retried below the caller, and raises exactly the errors of
`tradsy.brokers.errors`: whatever is not proved is `BrokerOutcomeUnknown`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from tradsy.brokers.capabilities import Capabilities
from tradsy.domain.ids import ClientOrderId, VenueAccountId, VenueOrderId
from tradsy.domain.market import Bar, Quote
from tradsy.domain.orders import Fill, OrderTerms, Side

T = TypeVar("T", covariant=True)

SendPermit = Callable[[], bool]
"""Asked immediately before the first byte of an order write; False (too little lease left) ends in BrokerNotSent."""


class VenueOrderStatus(StrEnum):
    """State of an order in the venue's own book, mapped from the venue's words."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    REPLACED = "replaced"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One order for one venue account."""

    client_order_id: ClientOrderId
    venue_account_id: VenueAccountId
    terms: OrderTerms
    oco_group: str | None = None
    """Orders of one group cancel each other; only where `native_oco` is declared."""


@dataclass(frozen=True, slots=True)
class SubmitAck:
    """Proof that the venue accepted an order."""

    venue_order_id: VenueOrderId
    status: VenueOrderStatus
    at: datetime
    """Venue time."""


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as the venue shows it in a look-up or list."""

    venue_account_id: VenueAccountId
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None
    """None where the venue keeps no id of ours (class D) or the order is not ours."""
    terms: OrderTerms
    status: VenueOrderStatus
    cumulative_quantity: Decimal
    average_price: Decimal | None
    entered_at: datetime
    updated_at: datetime
    reason: str = ""


class ReportKind(StrEnum):
    """What an order report says."""

    NEW = "new"
    FILL = "fill"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    REPLACED = "replaced"
    CANCEL_REJECTED = "cancel_rejected"
    CORRECTION = "correction"
    """`fill` supersedes the execution named by `corrects`."""
    BUST = "bust"
    """The execution named by `corrects` never happened."""
    GAP = "gap"
    """Events may have been lost (reconnect, sequence gap): reconcile now."""


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One event of the venue's order stream."""

    kind: ReportKind
    venue_account_id: VenueAccountId
    at: datetime
    """Venue time."""
    client_order_id: ClientOrderId | None = None
    venue_order_id: VenueOrderId | None = None
    symbol: str | None = None
    side: Side | None = None
    fill: Fill | None = None
    cumulative_quantity: Decimal | None = None
    corrects: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VenueExecution:
    """One execution in the venue's history."""

    venue_account_id: VenueAccountId
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None
    symbol: str
    side: Side
    fill: Fill


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """A position as the venue shows it; `quantity` is negative when short."""

    symbol: str
    quantity: Decimal
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """Balances of one venue account, in `currency`."""

    venue_account_id: VenueAccountId
    currency: str
    equity: Decimal
    cash: Decimal
    buying_power: Decimal
    at: datetime
    """Venue time of the snapshot."""
    trading_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A list read to its end, with the proof that resolution of unknown orders asks for."""

    items: Sequence[T]
    complete: bool
    """Paging was done to the end and the asked window was covered."""
    venue_time: datetime
    """The venue's clock when it answered (its Date header)."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """The answer to a look-up by our id."""

    order: VenueOrder | None
    """None: the venue knows no such order now, which is evidence and not proof."""
    venue_time: datetime


@dataclass(frozen=True, slots=True)
class CancelAck:
    """The venue took the cancel request; `final` when it says the order is already canceled."""

    final: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """Result of a live test before a connection is saved."""

    accounts: Sequence[AccountSnapshot] = field(default_factory=tuple[AccountSnapshot, ...])


class Broker(Protocol):
    """One connection to one venue."""

    @property
    def capabilities(self) -> Capabilities:
        """What this venue can do; constant."""
        ...

    async def connect(self) -> None:
        """Open the session. Raises BrokerAuthExpired, BrokerReadFailed."""
        ...

    async def close(self) -> None:
        """Release sockets; open orders stay at the venue."""
        ...

    async def list_accounts(self) -> Sequence[AccountSnapshot]:
        """Return all accounts of the connection."""
        ...

    async def get_account(self, account: VenueAccountId) -> AccountSnapshot:
        """Return one account's balances."""
        ...

    async def list_positions(self, account: VenueAccountId) -> Page[VenuePosition]:
        """Return all open positions. A failed read raises BrokerReadFailed: it is never "flat"."""
        ...

    async def submit(self, request: OrderRequest, permit: SendPermit) -> SubmitAck:
        """Place one order; at most one request leaves.

        Raises:
            UnsupportedByBroker: before any I/O.
            BrokerNotSent: proof that no byte left, or `permit` said no.
            BrokerRefused: proof of refusal.
            BrokerAuthExpired: proof that the venue refused the credential, and so the order.
            BrokerOutcomeUnknown: anything else.
        """
        ...

    async def cancel(self, account: VenueAccountId, venue_order_id: VenueOrderId, permit: SendPermit) -> CancelAck:
        """Ask the venue to cancel one order. Raises as `submit`; OrderNotOpen and OrderNotFound are refusals."""
        ...

    async def replace(
        self,
        account: VenueAccountId,
        venue_order_id: VenueOrderId,
        request: OrderRequest,
        permit: SendPermit,
    ) -> SubmitAck:
        """Replace one order by `request` in one step, where `native_replace` is declared. Raises as `submit`."""
        ...

    async def cancel_all(self, account: VenueAccountId, permit: SendPermit) -> Sequence[VenueOrderId]:
        """Cancel all open orders of the account; returns those that the venue took the request for."""
        ...

    async def find_order(self, account: VenueAccountId, client_order_id: ClientOrderId) -> Ticket:
        """Look an order up by our id (classes A to C). Raises BrokerReadFailed, UnsupportedByBroker (class D)."""
        ...

    async def get_order(self, account: VenueAccountId, venue_order_id: VenueOrderId) -> VenueOrder:
        """Return one order by the venue's id. Raises OrderNotFound, BrokerReadFailed."""
        ...

    async def list_open_orders(self, account: VenueAccountId) -> Page[VenueOrder]:
        """Return all orders that rest at the venue."""
        ...

    async def list_orders(self, account: VenueAccountId, since: datetime) -> Page[VenueOrder]:
        """Return orders in any state entered at or after `since`, oldest first."""
        ...

    async def list_executions(self, account: VenueAccountId, since: datetime) -> Page[VenueExecution]:
        """Return executions at or after `since`, oldest first."""
        ...

    def stream_reports(self) -> AsyncIterator[OrderReport]:
        """Yield order events of all accounts; reconnects by itself and yields GAP after each reconnect."""
        ...

    def stream_quotes(self) -> AsyncIterator[Quote]:
        """Yield quotes as the venue pushes them; reconnects by itself. One iterator serves a whole process."""
        ...

    async def get_quote(self, symbol: str) -> Quote:
        """Return the present quote. Raises BrokerReadFailed, InvalidSymbol."""
        ...

    async def list_bars(self, symbol: str, start: datetime, end: datetime, step: str) -> Sequence[Bar]:
        """Return bars of `step`, one of `capabilities.bar_steps`, with start <= at < end, oldest first.

        Raises BrokerReadFailed, InvalidSymbol.
        """
        ...

    async def check_clock(self) -> datetime:
        """Return the venue's clock now."""
        ...
