"""What the owner of an account remembers between two orders; rebuilt from the database at each takeover.

One process writes an account, so this memory is exact; after any failed transaction it is loaded again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile

from tradsy.brokers.port import Broker
from tradsy.domain.ids import AccountId, ConnectionId, OrderId, SourceId, UserId, VenueAccountId
from tradsy.domain.market import Quote
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderRole, OrderTerms, Side
from tradsy.domain.positions import Position
from tradsy.execution.lane import Lane
from tradsy.execution.model import Order
from tradsy.risk.model import (
    AccountFacts,
    Counters,
    OpenOrderFacts,
    PositionsFacts,
    RecentOrder,
)

QuoteLookup = Callable[[str], Quote | None]
"""The last quote of a symbol, however old; the reader judges its age."""

RECENT = timedelta(days=1)
"""How long equal orders can be told: more than any window of R-P17 that makes sense."""
_MINUTE = timedelta(seconds=60)
_FIVE_MINUTES = timedelta(minutes=5)


@dataclass(slots=True, eq=False)
class ConnectionState:
    """One owned connection: its broker session and its lane."""

    connection_id: ConnectionId
    venue: str
    partition: int
    broker: Broker
    lane: Lane


@dataclass(slots=True)
class HeldPosition:
    """A position with what its value needs."""

    position: Position
    multiplier: Decimal


@dataclass(slots=True, eq=False)
class AccountState:
    """One owned account."""

    account_id: AccountId
    user_id: UserId
    connection: ConnectionState
    venue_account_id: VenueAccountId
    partition: int
    epoch: int
    is_paper: bool
    positions: dict[str, HeldPosition] = field(default_factory=dict[str, HeldPosition])
    orders: dict[OrderId, Order] = field(default_factory=dict[OrderId, Order])
    """Orders that rest or may rest."""
    drafts: set[OrderId] = field(default_factory=set[OrderId])
    """Those of them whose intent is being committed: no row may show them yet."""
    balance: AccountFacts | None = None
    peak_since: datetime | None = None
    """When a person last lifted a halt: peaks before it no longer count."""
    reconciled_at: datetime | None = None
    reconcile_asked: bool = False
    open_breaks: int | None = None
    venue_offset: timedelta | None = None
    is_loaded: bool = False
    """Whether the rows are in memory and what a dead owner was submitting is marked unknown."""
    is_open: bool = False
    """Whether start-up reconciliation is done; before it nothing is planned."""
    messages: deque[datetime] = field(default_factory=deque[datetime])
    recent: deque[RecentOrder] = field(default_factory=deque[RecentOrder])
    orders_on: tuple[str, int] = ("", 0)
    """Trading day and the number of orders made on it."""
    rejects: deque[datetime] = field(default_factory=deque[datetime])
    fills: dict[tuple[SourceId, str, Side], deque[datetime]] = field(
        default_factory=dict[tuple[SourceId, str, Side], "deque[datetime]"]
    )
    finished_venue_ids: deque[str] = field(default_factory=lambda: deque[str](maxlen=500))
    """Venue ids of our finished orders: an execution of theirs is explained."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def venue(self) -> str:
        """Name of the venue."""
        return self.connection.venue

    @property
    def broker(self) -> Broker:
        """The session through which its orders go."""
        return self.connection.broker

    def note_order(self, order: Order, day: str, asked: OrderTerms | None = None) -> None:
        """Count an order whose intent is being committed; `asked` where its terms were changed on the way (R-P10)."""
        self.orders[order.id] = order
        self.drafts.add(order.id)
        self.messages.append(order.created_at)
        link = str(order.parent_order_id) if order.parent_order_id else None
        self.recent.append(RecentOrder(asked or order.terms, order.created_at, link))
        counted = self.orders_on[1] if self.orders_on[0] == day else 0
        self.orders_on = (day, counted + 1)

    def note_fill(self, order: Order, at: datetime) -> None:
        """Count a filled order for the repeated-execution throttle."""
        if order.source_id is not None and order.role is OrderRole.ENTRY:
            self.fills.setdefault((order.source_id, order.symbol, order.side), deque()).append(at)

    def count_peak_from(self, since: datetime | None) -> None:
        """Measure drawdown from the present equity once a person has lifted a halt at `since`."""
        if since is None or self.balance is None or (self.peak_since is not None and since <= self.peak_since):
            return
        self.peak_since = since
        self.balance = replace(self.balance, peak_equity=self.balance.equity)

    def set_balance(self, balance: AccountFacts) -> None:
        """Take what the venue said; a peak that a person has let go of does not come back from the database."""
        if self.peak_since is not None and self.balance is not None:
            balance = replace(balance, peak_equity=max(self.balance.peak_equity, balance.equity))
        self.balance = balance

    def put(self, order: Order) -> None:
        """Remember the present row of an order, or forget it once nothing rests."""
        if order.is_open:
            self.orders[order.id] = order
        elif self.orders.pop(order.id, None) is not None and order.venue_order_id:
            self.finished_venue_ids.append(order.venue_order_id)

    def put_position(self, symbol: str, position: Position, multiplier: Decimal) -> None:
        """Remember a position as it is now."""
        self.positions[symbol] = HeldPosition(position, multiplier)

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed quantity held."""
        held = self.positions.get(symbol)
        return held.position.quantity if held else ZERO

    def average_price(self, symbol: str) -> Decimal | None:
        """Return what the held quantity cost on average; None where nothing is held."""
        held = self.positions.get(symbol)
        return held.position.average_price if held and held.position.quantity else None

    def has_unknown(self, symbol: str) -> bool:
        """Whether an order in the symbol is unknown or quarantined; one being submitted right now is neither."""
        return any(o.symbol == symbol and o.state in {"unknown", "quarantined"} for o in self.orders.values())

    def counters(
        self, now: datetime, day: str, *, symbol: str, side: Side, source: SourceId | None, sources: SourceCounters
    ) -> Counters:
        """Return the counts that risk asks for, without the order at hand."""
        drop_before(self.messages, now - _MINUTE)
        drop_before(self.rejects, now - _FIVE_MINUTES)
        fills = self.fills.get((source, symbol, side)) if source else None
        return Counters(
            account_messages_10s=sum(1 for at in self.messages if at > now - timedelta(seconds=10)),
            account_messages_60s=len(self.messages),
            source_messages_60s=sources.messages(source, self.account_id, now) if source else 0,
            broker_messages_60s=self.connection.lane.calls_in_last_minute(),
            repeat_fills_5min=sum(1 for at in fills if at > now - _FIVE_MINUTES) if fills else 0,
            repeat_fills_today=sum(1 for at in fills if at > now - timedelta(days=1)) if fills else 0,
            orders_today=self.orders_on[1] if self.orders_on[0] == day else 0,
            source_rejects_60s=sources.rejects(source, self.account_id, now) if source else 0,
            account_rejects_5min=len(self.rejects),
        )

    def recent_orders(self, now: datetime, window: timedelta) -> tuple[RecentOrder, ...]:
        """Return the orders of the duplicate window, the latest first."""
        while self.recent and self.recent[0].at < now - RECENT:
            self.recent.popleft()
        return tuple(takewhile(lambda order: order.at >= now - window, reversed(self.recent)))

    def positions_facts(self, quotes: QuoteLookup) -> PositionsFacts | None:
        """Return the positions at market, or None where one cannot be priced at all."""
        gross, by_symbol = ZERO, dict[str, Decimal]()
        for symbol, held in self.positions.items():
            if held.position.is_flat:
                continue
            quote = quotes(symbol)
            price = quote.mid if quote else held.position.average_price
            value = abs(held.position.quantity) * price * held.multiplier
            gross += value
            by_symbol[symbol] = value
        return PositionsFacts(len(by_symbol), gross, by_symbol)

    def open_order_facts(self, quotes: QuoteLookup) -> Iterable[OpenOrderFacts]:
        """Yield the open orders as risk counts them."""
        for order in self.orders.values():
            price = order.limit_price or order.stop_price
            if price is None:
                quote = quotes(order.symbol)
                price = quote.ask if quote else order.average_price
            yield OpenOrderFacts(
                account_id=self.account_id,
                symbol=order.symbol,
                side=order.side,
                order_type=order.order_type,
                leaves_quantity=order.leaves,
                notional=None if price is None else order.leaves * price * order.multiplier,
                limit_price=order.limit_price,
                role=order.role,
                reduce_only=order.reduce_only,
                unproved=order.is_unproved,
            )

    def spend(self, terms: OrderTerms, quantity: Decimal, price: Decimal, multiplier: Decimal) -> None:
        """Lower the buying power by a fill until the broker is asked again; sales free nothing before that."""
        balance = self.balance
        if balance is None or terms.reduce_only:
            return
        used = quantity * price * multiplier
        self.balance = replace(
            balance,
            cash=balance.cash - (used if terms.side is Side.BUY else ZERO),
            buying_power=balance.buying_power - used,
        )


def drop_before(times: deque[datetime], limit: datetime) -> None:
    """Forget times at or before `limit`."""
    while times and times[0] <= limit:
        times.popleft()


class SourceCounters:
    """Messages and rejects per source and account; a source that reaches a thousand accounts is one message to each."""

    def __init__(self) -> None:
        self._messages: dict[tuple[SourceId, AccountId], deque[datetime]] = {}
        self._rejects: dict[tuple[SourceId, AccountId], deque[datetime]] = {}

    def note_message(self, source: SourceId, account: AccountId, at: datetime) -> None:
        """Count an order that a source caused."""
        self._messages.setdefault((source, account), deque(maxlen=256)).append(at)

    def note_reject(self, source: SourceId, account: AccountId, at: datetime) -> None:
        """Count an order of a source that was refused by the venue."""
        self._rejects.setdefault((source, account), deque(maxlen=256)).append(at)

    def messages(self, source: SourceId, account: AccountId, now: datetime) -> int:
        """Return the orders of the last minute."""
        return _count(self._messages.get((source, account)), now)

    def rejects(self, source: SourceId, account: AccountId, now: datetime) -> int:
        """Return the refusals of the last minute."""
        return _count(self._rejects.get((source, account)), now)


def _count(times: deque[datetime] | None, now: datetime) -> int:
    if times is None:
        return 0
    drop_before(times, now - _MINUTE)
    return len(times)
