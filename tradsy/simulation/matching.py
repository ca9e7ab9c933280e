"""The matching engine: orders against quotes, account by account."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from tradsy.domain.instruments import Instrument
from tradsy.domain.money import ZERO, round_cents
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.simulation import entry
from tradsy.simulation.book import OrderBook, event
from tradsy.simulation.booking import Booking
from tradsy.simulation.fees import FeeSchedule
from tradsy.simulation.ledger import AccountRules, SimAccount
from tradsy.simulation.model import (
    Event,
    EventKind,
    Execution,
    MarketPhase,
    NewOrder,
    Reason,
    Refused,
    SimOrder,
    Status,
    Tick,
)
from tradsy.simulation.pricing import (
    Slippage,
    fill_price,
    is_stop_reached,
    may_trade,
    next_watermark,
    slips,
    stop_level,
)
from tradsy.simulation.sessions import AlwaysOpen, SessionCalendar

InstrumentLookup = Callable[[str], Instrument | None]
CalendarLookup = Callable[[Instrument], SessionCalendar]
_ALWAYS = AlwaysOpen()
_TRAIL_TELLS = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class EngineRules:
    """What a venue's engine is told once."""

    fees: FeeSchedule = field(default_factory=FeeSchedule)
    slippage: Slippage = field(default_factory=Slippage)
    order_prefix: str = "SO"
    execution_prefix: str = "SX"


class MatchingEngine:
    """One venue's book and accounts. Same calls with the same times and seed give the same events."""

    def __init__(
        self,
        instruments: InstrumentLookup,
        rng: random.Random,
        rules: EngineRules | None = None,
        calendar: CalendarLookup = lambda _: _ALWAYS,
    ) -> None:
        self.book = OrderBook()
        self.accounts: dict[str, SimAccount] = {}
        self._find_instrument = instruments
        self._rng = rng
        self._rules = rules or EngineRules()
        self._calendar = calendar
        self._ticks: dict[str, Tick] = {}
        self._order_count = 0
        self._booking = Booking(
            self.book, self.accounts, self.instrument, self._rules.fees, self._rules.execution_prefix
        )

    # accounts ---------------------------------------------------------------------------------------------------

    def open_account(self, account_id: str, login: str, cash: Decimal, rules: AccountRules | None = None) -> SimAccount:
        """Open an account with `cash` in whole cents."""
        cash = round_cents(cash)
        account = SimAccount(account_id, login, cash, cash, rules=rules or AccountRules())
        self.accounts[account_id] = account
        return account

    def price_of(self, symbol: str) -> Decimal:
        """Return the last price of a symbol, zero when it never traded."""
        tick = self._ticks.get(symbol)
        return tick.last if tick else ZERO

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument of `symbol`.

        Raises:
            Refused: it is not known.
        """
        found = self._find_instrument(symbol)
        if found is None:
            raise Refused(Reason.UNKNOWN_SYMBOL)
        return found

    def equity(self, account: SimAccount) -> Decimal:
        """Return the account's equity."""
        return account.equity(self.price_of, self.instrument)

    def buying_power(self, account: SimAccount) -> Decimal:
        """Return the account's buying power."""
        return account.buying_power(self.price_of, self.instrument)

    # commands ---------------------------------------------------------------------------------------------------

    def submit(self, new: NewOrder, at: datetime) -> list[Event]:
        """Take an order and match it; the first event is its NEW.

        Raises:
            Refused: with the venue's reason; nothing changed.
        """
        account = self._account(new.account_id)
        instrument = self.instrument(new.terms.symbol)
        entry.check_terms(new.terms, instrument)
        entry.check_bracket(new, instrument)
        tick = self._tick(new.terms.symbol)
        if account.blocked:
            raise Refused(Reason.BLOCKED)
        entry.check_session(new.terms, tick)
        entry.check_position(new.terms, account, instrument)
        reserved = entry.reservation(new.terms, account, instrument, tick, self.price_of, self.instrument)
        order = self._new_order(new, at)
        order.reserved = reserved
        account.reserved += reserved
        self.book.add(order, self._ends_at(order.terms, instrument, at))
        events = [event(EventKind.NEW, order, at)]
        events += self._add_exits(new, order, at)
        events += self._first_match(order, tick, at)
        return events

    def cancel(self, order_id: str, at: datetime) -> list[Event]:
        """Cancel an open order. A bracket's entry takes its unfilled exits with it; an exit leaves the other.

        Raises:
            Refused: not known, or finished.
        """
        return self._finish(self.open_order(order_id), EventKind.CANCELED, Status.CANCELED, Reason.CLIENT, at)

    def cancel_all(self, account_id: str, at: datetime) -> list[Event]:
        """Cancel every open order of an account."""
        events: list[Event] = []
        for order in self.book.open_of(account_id):
            if order.is_open:
                events += self._finish(order, EventKind.CANCELED, Status.CANCELED, Reason.CLIENT, at)
        return events

    def replace(self, order_id: str, terms: OrderTerms, client_order_id: str | None, at: datetime) -> list[Event]:
        """End an open order as REPLACED and enter `terms` under a new id; its quantity is what is still wanted.

        Raises:
            Refused: the old order is not open, or the new one is refused; the old one then stays.
        """
        old = self.open_order(order_id)
        if (terms.symbol, terms.side) != (old.terms.symbol, old.terms.side):
            raise Refused(Reason.ORDER, "symbol and side cannot be replaced")
        parent = self.book.orders.get(old.parent_id or "")
        if parent and parent.is_open:
            raise Refused(Reason.ORDER, "an exit cannot be replaced while its entry may still fill")
        account = self._account(old.account_id)
        held, old.reserved = old.reserved, ZERO
        account.reserved -= held
        try:
            events = self.submit(NewOrder(old.account_id, terms, client_order_id), at)
        except Refused:
            old.reserved = held
            account.reserved += held
            raise
        new = events[0].order
        new.replaces, old.replaced_by = old.order_id, new.order_id
        self._join_group(old, new)
        return self._finish(old, EventKind.REPLACED, Status.REPLACED, Reason.CLIENT, at) + events

    def open_order(self, order_id: str) -> SimOrder:
        """Return an open order.

        Raises:
            Refused: not known, or finished.
        """
        order = self.book.orders.get(order_id)
        if order is None:
            raise Refused(Reason.NOT_FOUND)
        if not order.is_open:
            raise Refused(Reason.NOT_OPEN, f"the order is {order.status}")
        return order

    # market and time --------------------------------------------------------------------------------------------

    def on_tick(self, symbol: str, tick: Tick) -> list[Event]:
        """Take the symbol's new quote and match what rests in it."""
        self._ticks[symbol] = tick
        events: list[Event] = []
        for order in self.book.resting(symbol):
            if order.is_open:
                events += self._match(order, tick, tick.at)
        return events

    def on_time(self, at: datetime) -> list[Event]:
        """End the orders whose time is over; those for the close fill at the last price first."""
        events: list[Event] = []
        for order in self.book.due(at):
            if order.terms.time_in_force is TimeInForce.CLS:
                events += self._match_close(order, at)
            if order.is_open:
                events += self._finish(order, EventKind.EXPIRED, Status.EXPIRED, Reason.SESSION_END, at)
        return events

    def bust(self, execution_id: str, at: datetime) -> list[Event]:
        """Undo an execution: position and cash are as if it had not been; its order does not work that part again."""
        made = self.book.executions[execution_id]
        undone = self._booking.reverse(made, at)
        self.book.orders[made.order_id].reduced += made.quantity
        return [Event(EventKind.BUST, at, *self._seen(made), undone, corrects=execution_id)]

    def correct(self, execution_id: str, price: Decimal, at: datetime) -> list[Event]:
        """Supersede an execution by one at another price; the new execution has its own id."""
        made = self.book.executions[execution_id]
        self._booking.reverse(made, at)
        order = self.book.orders[made.order_id]
        again = self._booking.book(order, made.quantity, price, at)
        return [Event(EventKind.CORRECTION, at, *self._seen(made), again, corrects=execution_id)]

    def late_fill(self, order_id: str, quantity: Decimal, price: Decimal, at: datetime) -> list[Event]:
        """Fill a canceled order all the same, as a venue does whose cancel lost the race."""
        order = self.book.orders[order_id]
        execution = self._booking.book(order, quantity, price, at)
        if order.cumulative == order.terms.quantity:
            order.status, order.reason = Status.FILLED, ""
        return [event(EventKind.FILL, order, at, execution)]

    # restart ----------------------------------------------------------------------------------------------------

    def restore(self, orders: Iterable[SimOrder], executions: Iterable[Execution]) -> None:
        """Take back what a former run of the venue stored; accounts must be open, positions set by the caller."""
        for order in orders:
            self.book.add(order, self._restored_end(order))
            self._order_count = max(self._order_count, int(order.order_id[len(self._rules.order_prefix) :]))
            if order.is_open:
                self.accounts[order.account_id].reserved += order.reserved
        self._booking.restore(executions)

    # inside -----------------------------------------------------------------------------------------------------

    def _account(self, account_id: str) -> SimAccount:
        account = self.accounts.get(account_id)
        if account is None:
            raise Refused(Reason.UNKNOWN_ACCOUNT)
        return account

    def _tick(self, symbol: str) -> Tick:
        tick = self._ticks.get(symbol)
        if tick is None:
            raise Refused(Reason.NOT_TRADABLE, "there is no market in this symbol yet")
        return tick

    def _restored_end(self, order: SimOrder) -> datetime | None:
        instrument = self._find_instrument(order.terms.symbol)
        return self._ends_at(order.terms, instrument, order.entered_at) if instrument else None

    def _ends_at(self, terms: OrderTerms, instrument: Instrument, at: datetime) -> datetime | None:
        if terms.time_in_force not in {TimeInForce.DAY, TimeInForce.CLS}:
            return None
        calendar = self._calendar(instrument)
        return calendar.extended_day_end(at) if terms.extended_hours else calendar.day_end(at)

    def _new_order(self, new: NewOrder, at: datetime, **kwargs: str | None) -> SimOrder:
        self._order_count += 1
        order_id = f"{self._rules.order_prefix}{self._order_count:010d}"
        order = SimOrder(order_id, new.account_id, new.terms, new.client_order_id, at, at)
        order.oco_group = kwargs.get("oco_group", new.oco_group)
        order.parent_id = kwargs.get("parent_id")
        order.max_fill = new.max_fill
        return order

    def _add_exits(self, new: NewOrder, parent: SimOrder, at: datetime) -> list[Event]:
        """Enter a bracket's exits: held, their whole quantity counted as reduced until the entry fills."""
        events: list[Event] = []
        kind = OrderType.STOP_LIMIT if new.stop_loss_limit else OrderType.STOP
        legs = (
            (new.take_profit, OrderType.LIMIT, new.take_profit, None),
            (new.stop_loss, kind, new.stop_loss_limit, new.stop_loss),
        )
        for wanted, order_type, limit, stop in legs:
            if wanted is None:
                continue
            terms = OrderTerms(
                symbol=new.terms.symbol,
                side=new.terms.side.opposite,
                order_type=order_type,
                quantity=new.terms.quantity,
                time_in_force=TimeInForce.GTC,
                limit_price=limit,
                stop_price=stop,
                reduce_only=True,
            )
            leg = self._new_order(
                NewOrder(new.account_id, terms), at, oco_group=f"bracket:{parent.order_id}", parent_id=parent.order_id
            )
            leg.status, leg.reduced = Status.HELD, terms.quantity
            self.book.add(leg, None)
            events.append(event(EventKind.NEW, leg, at))
        return events

    def _join_group(self, old: SimOrder, new: SimOrder) -> None:
        if old.oco_group and new.is_open:
            new.oco_group, new.parent_id = old.oco_group, old.parent_id
            self.book.close(new)
            self.book.add(new, self._restored_end(new))

    def _first_match(self, order: SimOrder, tick: Tick, at: datetime) -> list[Event]:
        tif = order.terms.time_in_force
        if tif is TimeInForce.FOK and not self._fills_whole(order, tick):
            return self._finish(order, EventKind.CANCELED, Status.CANCELED, Reason.FOK, at)
        events = self._match(order, tick, at)
        if order.is_open and tif in {TimeInForce.IOC, TimeInForce.FOK}:
            events += self._finish(order, EventKind.CANCELED, Status.CANCELED, Reason.IOC, at)
        return events

    def _fills_whole(self, order: SimOrder, tick: Tick) -> bool:
        enough = tick.liquidity is None or tick.liquidity >= order.leaves
        return enough and not tick.halted and fill_price(order, tick) is not None

    def _match(self, order: SimOrder, tick: Tick, at: datetime) -> list[Event]:
        if tick.halted or order.status is Status.HELD or not may_trade(order.terms, tick.phase):
            return []
        events: list[Event] = []
        if order.has_stop and not order.triggered and not self._trigger(order, tick, at, events):
            return events
        price = fill_price(order, tick)
        if price is not None and order.leaves > ZERO:
            if slips(order.terms.order_type):
                price = self._rules.slippage.apply(
                    price, order.terms.side, self.instrument(order.terms.symbol), self._rng
                )
            events += self._fill(order, price, tick.liquidity, at)
        order.rested = True
        if order.is_open and order.terms.time_in_force is TimeInForce.OPG:
            events += self._finish(order, EventKind.CANCELED, Status.CANCELED, Reason.NO_AUCTION, at)
        return events

    def _trigger(self, order: SimOrder, tick: Tick, at: datetime, events: list[Event]) -> bool:
        """Move a trailing stop and see whether the stop is reached."""
        if order.terms.order_type is OrderType.TRAILING_STOP:
            moved = next_watermark(order, tick.last)
            # Told at most every few seconds: each telling is a record that a venue must store.
            if moved != order.watermark and (order.watermark is None or at - order.updated_at >= _TRAIL_TELLS):
                order.updated_at = at
                events.append(event(EventKind.CHANGED, order, at))
            order.watermark = moved
        level = stop_level(order, self.instrument(order.terms.symbol))
        if level is None or not is_stop_reached(order.terms.side, level, tick.last):
            return False
        order.triggered, order.rested, order.updated_at = True, False, at
        events.append(event(EventKind.CHANGED, order, at))
        return True

    def _match_close(self, order: SimOrder, at: datetime) -> list[Event]:
        tick = self._ticks.get(order.terms.symbol)
        if tick is None or tick.halted or tick.phase is MarketPhase.EXTENDED:
            return []
        at_last = replace(tick, bid=tick.last, ask=tick.last)
        price = fill_price(order, at_last)
        return self._fill(order, price, tick.liquidity, at) if price is not None else []

    def _fill(self, order: SimOrder, price: Decimal, liquidity: Decimal | None, at: datetime) -> list[Event]:
        quantity, why = self._fillable(order)
        if quantity <= ZERO:
            return self._finish(order, EventKind.CANCELED, Status.CANCELED, why, at)
        quantity = min(q for q in (quantity, liquidity, order.max_fill) if q is not None)
        if quantity <= ZERO:
            return []
        before = order.leaves
        execution = self._booking.book(order, quantity, price, at)
        self._hold(order, round_cents(order.reserved * order.leaves / before))
        done = order.cumulative == order.terms.quantity
        order.status = Status.FILLED if done else Status.PARTIALLY_FILLED
        if done:
            self._close(order)
        events = [event(EventKind.FILL, order, at, execution)]
        events += self._after_fill(order, quantity, at)
        return events

    def _fillable(self, order: SimOrder) -> tuple[Decimal, Reason]:
        """Return how much may fill without opening what the order or account may not."""
        account, terms = self.accounts[order.account_id], order.terms
        held = account.position(terms.symbol).quantity
        reducible = max(-held * terms.side.sign, ZERO)
        if terms.reduce_only:
            return min(order.leaves, reducible), Reason.REDUCE_ONLY
        if terms.side is Side.SELL and not entry.may_short(account, self.instrument(terms.symbol)):
            return min(order.leaves, reducible), Reason.NO_SHORT
        return order.leaves, Reason.CLIENT

    def _seen(self, made: Execution) -> tuple[SimOrder, Status, Decimal]:
        order = self.book.orders[made.order_id]
        return order, order.status, order.cumulative

    def _after_fill(self, order: SimOrder, quantity: Decimal, at: datetime) -> list[Event]:
        events: list[Event] = []
        for leg in self.book.children(order.order_id):
            if leg.is_open:
                leg.reduced -= quantity
                leg.status = Status.PARTIALLY_FILLED if leg.cumulative else Status.NEW
                events.append(event(EventKind.CHANGED, leg, at))
        for other in self.book.linked(order):
            other.reduced += min(quantity, other.leaves)
            events += self._end_or_tell(order, other, at)
        events += self._end_if_used_up(order, at)
        return events

    def _end_or_tell(self, filled: SimOrder, other: SimOrder, at: datetime) -> list[Event]:
        other.updated_at = at
        if filled.status is Status.FILLED or self._is_used_up(other):
            return self._finish(other, EventKind.CANCELED, Status.CANCELED, Reason.OCO, at)
        return [event(EventKind.CHANGED, other, at)]

    def _is_used_up(self, order: SimOrder) -> bool:
        parent = self.book.orders.get(order.parent_id or "")
        return order.leaves == ZERO and not (parent and parent.is_open)

    def _end_if_used_up(self, order: SimOrder, at: datetime) -> list[Event]:
        if order.is_open and self._is_used_up(order):
            reason = Reason.OCO if order.oco_group else Reason.BUST
            return self._finish(order, EventKind.CANCELED, Status.CANCELED, reason, at)
        return []

    def _finish(self, order: SimOrder, kind: EventKind, status: Status, reason: Reason, at: datetime) -> list[Event]:
        if not order.is_open:
            return []
        order.status, order.reason, order.updated_at = status, reason.value, at
        self._close(order)
        events = [event(kind, order, at)]
        for leg in self.book.children(order.order_id):
            if leg.is_open and leg.leaves == ZERO:
                events += self._finish(leg, EventKind.CANCELED, Status.CANCELED, Reason.PARENT, at)
        return events

    def _close(self, order: SimOrder) -> None:
        self._hold(order, ZERO)
        self.book.close(order)

    def _hold(self, order: SimOrder, reserved: Decimal) -> None:
        self.accounts[order.account_id].reserved += reserved - order.reserved
        order.reserved = reserved
