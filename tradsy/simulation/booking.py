"""Booking executions: on the order, on the account, in the list of what stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from tradsy.domain.instruments import Instrument
from tradsy.domain.orders import Side
from tradsy.domain.positions import Position
from tradsy.simulation.book import OrderBook
from tradsy.simulation.fees import FeeSchedule
from tradsy.simulation.ledger import SimAccount
from tradsy.simulation.model import Execution, SimOrder


class Booking:
    """Makes executions with ids of their own, and takes them back."""

    def __init__(
        self,
        book: OrderBook,
        accounts: Mapping[str, SimAccount],
        instrument_of: Callable[[str], Instrument],
        fees: FeeSchedule,
        prefix: str,
    ) -> None:
        self._book = book
        self._accounts = accounts
        self._instrument_of = instrument_of
        self._fees = fees
        self._prefix = prefix
        self._count = 0

    def restore(self, executions: Iterable[Execution]) -> None:
        """Take back executions of a former run, so that their ids are not given again."""
        for execution in executions:
            self._book.executions[execution.execution_id] = execution
            self._count = max(self._count, int(execution.execution_id[len(self._prefix) :]))

    def book(self, order: SimOrder, quantity: Decimal, price: Decimal, at: datetime) -> Execution:
        """Book a fill of `quantity` units at `price`, with its fee."""
        account, instrument = self._accounts[order.account_id], self._instrument_of(order.terms.symbol)
        fee = self._fees.fee(instrument, quantity, price)
        before = account.position(order.terms.symbol)
        amount = account.book(instrument, order.terms.side, quantity, price, fee)
        order.cumulative += quantity
        order.filled_notional += quantity * price
        order.updated_at = at
        execution = self._record(order, quantity, price, fee, amount, before, at)
        self._book.executions[execution.execution_id] = execution
        return execution

    def reverse(self, made: Execution, at: datetime) -> Execution:
        """Book the opposite of an execution, take it off its order, and return what was booked."""
        order, account = self._book.orders[made.order_id], self._accounts[made.account_id]
        before = account.position(made.symbol)
        instrument = self._instrument_of(made.symbol)
        amount = account.book(instrument, Side(made.side).opposite, made.quantity, made.price, -made.fee)
        order.cumulative -= made.quantity
        order.filled_notional -= made.quantity * made.price
        order.updated_at = at
        del self._book.executions[made.execution_id]
        return self._record(order, -made.quantity, made.price, -made.fee, amount, before, at)

    def _record(
        self,
        order: SimOrder,
        quantity: Decimal,
        price: Decimal,
        fee: Decimal,
        amount: Decimal,
        before: Position,
        at: datetime,
    ) -> Execution:
        account = self._accounts[order.account_id]
        after = account.position(order.terms.symbol)
        self._count += 1
        return Execution(
            execution_id=f"{self._prefix}{self._count:010d}",
            order_id=order.order_id,
            account_id=order.account_id,
            client_order_id=order.client_order_id,
            symbol=order.terms.symbol,
            side=order.terms.side.value,
            quantity=quantity,
            price=price,
            fee=fee,
            amount=amount,
            cash=account.cash,
            position=after.quantity,
            average_price=after.average_price,
            realized_pnl=after.realized_pnl - before.realized_pnl,
            at=at,
        )
