"""One order under judgment: the facts, and the figures that several rules need, computed once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from tradsy.domain.market import Quote
from tradsy.domain.money import ONE, ZERO
from tradsy.domain.orders import OrderRole, OrderType, Side
from tradsy.risk.model import OpenOrderFacts, Origin, RiskInput

T = TypeVar("T")

FUTURE_QUOTE = timedelta(seconds=5)
"""A quote from further in the future than this is as unusable as one that is too old."""


class Missing(Exception):
    """A fact that a rule needs is unknown; the engine turns it into RISK_UNAVAILABLE."""


def need(value: T | None, name: str) -> T:
    """Return a fact that must be known.

    Raises:
        Missing: it is not.
    """
    if value is None:
        raise Missing(name)
    return value


class Case:
    """The facts of a `RiskInput` and what follows from them; amounts are in account currency.

    A figure that cannot be computed is None, so that only the rules that need it refuse.
    """

    __slots__ = (
        "account_orders",
        "facts",
        "is_person",
        "limits",
        "notional",
        "opening_notional",
        "opening_quantity",
        "opening_symbols",
        "order",
        "protective",
        "reduce_only",
        "reserve",
        "symbol_reserve",
        "unit_price",
        "unit_value",
    )

    def __init__(self, facts: RiskInput) -> None:
        order = facts.order
        self.facts = facts
        self.limits = facts.limits
        self.order = order
        self.reduce_only = order.reduce_only
        self.is_person = facts.origin is Origin.PERSON
        self.protective = order.reduce_only and facts.role in {OrderRole.STOP, OrderRole.TARGET}
        usable = order.quantity.is_finite()
        self.unit_price = self._unit_price() if usable else None
        self.unit_value = self._unit_value()
        self.notional = None if self.unit_value is None else abs(order.quantity) * self.unit_value
        self.opening_quantity = self._opening_quantity() if usable else None
        self.opening_notional: Decimal | None = None
        if self.opening_quantity is not None:
            if self.opening_quantity == ZERO:
                self.opening_notional = ZERO
            elif self.unit_value is not None:
                self.opening_notional = self.opening_quantity * self.unit_value
        self._sum_open_orders()

    def _unit_price(self) -> Decimal | None:
        """The highest price that the order can count for: never below what it may trade at."""
        order, quote = self.order, self.facts.quote
        if quote is not None and not (quote.bid.is_finite() and quote.ask.is_finite() and quote.bid > ZERO):
            quote = None
        own = order.limit_price
        if own is None and order.order_type in {OrderType.STOP, OrderType.STOP_LIMIT}:
            own = order.stop_price
        if own is not None and not own.is_finite():
            return None
        if quote is None:
            return own
        if order.side is Side.SELL:
            return max(quote.bid, own) if own is not None else quote.bid
        return own if own is not None else quote.ask

    def _unit_value(self) -> Decimal | None:
        """Cash value of one unit: price, contract multiplier and exchange rate."""
        facts = self.facts
        if self.unit_price is None or facts.instrument is None:
            return None
        multiplier = facts.instrument.multiplier
        value = self.unit_price if multiplier == ONE else self.unit_price * multiplier
        currency = "USD" if facts.account is None else facts.account.currency
        if facts.instrument.currency == currency:
            return value
        return None if facts.fx_rate is None else value * facts.fx_rate

    def _opening_quantity(self) -> Decimal | None:
        """The part of the order that opens or adds to a position, in units."""
        held = self.facts.position
        if held is None:
            # A pure opening is the worst case, but an unknown position is not a position of zero.
            return None
        order = self.order
        against = (held > ZERO) is (order.side is Side.SELL) and held != ZERO
        return max(order.quantity - abs(held), ZERO) if against else order.quantity

    def _sum_open_orders(self) -> None:
        """Sum what open orders of this account may still open; None once one of them is of unknown value."""
        self.account_orders: list[OpenOrderFacts] | None = None
        self.reserve: Decimal | None = None
        self.symbol_reserve: Decimal | None = None
        self.opening_symbols: set[str] = set()
        if self.facts.open_orders is None:
            return
        account_id, symbol = self.facts.account_id, self.order.symbol
        self.account_orders = [o for o in self.facts.open_orders if o.account_id == account_id]
        total, own = ZERO, ZERO
        for other in self.account_orders:
            if other.reduce_only:
                continue
            self.opening_symbols.add(other.symbol)
            if other.notional is None:
                return
            total += other.notional
            if other.symbol == symbol:
                own += other.notional
        self.reserve, self.symbol_reserve = total, own

    def usable_quote(self) -> Quote:
        """Return the quote when its prices make sense.

        Raises:
            Missing: there is none, or it is crossed or without a price.
        """
        quote = need(self.facts.quote, "quote")
        if not (quote.bid.is_finite() and quote.ask.is_finite() and ZERO < quote.bid <= quote.ask):
            raise Missing("quote without usable prices")
        return quote

    def quote_age(self, quote: Quote) -> timedelta:
        """Return the age of the quote.

        Raises:
            Missing: it comes from the future.
        """
        age = self.facts.now - quote.at
        if age < -FUTURE_QUOTE:
            raise Missing("quote from the future")
        return age
