"""Cash, positions and margin of simulated accounts; cash changes are whole cents, so they add up exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.money import ONE, ZERO, round_cents
from tradsy.domain.orders import Side
from tradsy.domain.positions import Position

PriceOf = Callable[[str], Decimal]
InstrumentOf = Callable[[str], Instrument]

MARGINED = frozenset({AssetClass.FUTURE, AssetClass.FOREX})
"""Classes that settle profit only: opening moves no cash."""
NEVER_SHORT = frozenset({AssetClass.CRYPTO})
FLAT = Position()


@dataclass(frozen=True, slots=True)
class AccountRules:
    """What an account may do."""

    stock_margin: Decimal = Decimal("0.5")
    """Share of the notional that a stock position ties up: 0.5 is twofold buying power."""
    future_margin: Decimal = Decimal("0.06")
    forex_margin: Decimal = Decimal("0.03")
    short_option_margin: Decimal = Decimal("0.2")
    """Of the strike's notional."""
    short_selling: bool = True

    def margin_rate(self, asset_class: AssetClass) -> Decimal:
        """Return the share of a notional that a position of the class ties up."""
        if asset_class in {AssetClass.STOCK, AssetClass.ETF}:
            return self.stock_margin
        if asset_class is AssetClass.FUTURE:
            return self.future_margin
        return self.forex_margin if asset_class is AssetClass.FOREX else ONE


@dataclass(slots=True)
class SimAccount:
    """One account of the venue."""

    account_id: str
    login: str
    """The login (API key) that it belongs to."""
    cash: Decimal
    opening_cash: Decimal
    currency: str = "USD"
    rules: AccountRules = field(default_factory=AccountRules)
    blocked: bool = False
    reserved: Decimal = ZERO
    """Margin held for open orders."""
    positions: dict[str, Position] = field(default_factory=dict[str, Position])

    def position(self, symbol: str) -> Position:
        """Return the position in `symbol`, flat when there is none."""
        return self.positions.get(symbol, FLAT)

    def book(self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal, fee: Decimal) -> Decimal:
        """Book an execution and return the change of cash, fee included."""
        before = self.position(instrument.symbol)
        after = before.apply_execution(side, quantity, price, fee, instrument.multiplier)
        if instrument.asset_class in MARGINED:
            amount = round_cents(after.realized_pnl - before.realized_pnl)
        else:
            amount = -round_cents(instrument.notional(quantity, price)) * side.sign
        self.positions[instrument.symbol] = after
        amount -= fee
        self.cash += amount
        return amount

    def equity(self, price_of: PriceOf, instrument_of: InstrumentOf) -> Decimal:
        """Return cash plus the value of what is held, in `currency`."""
        return round_cents(self.cash + sum(self._value(s, price_of, instrument_of) for s in self.positions))

    def buying_power(self, price_of: PriceOf, instrument_of: InstrumentOf) -> Decimal:
        """Return what may still be tied up, in terms of a stock's notional; never below zero."""
        return max(round_cents(self.free_margin(price_of, instrument_of) / self.rules.stock_margin), ZERO)

    def free_margin(self, price_of: PriceOf, instrument_of: InstrumentOf) -> Decimal:
        """Return equity less the margin of positions and open orders."""
        used = sum(
            (self.margin(instrument_of(s), p.quantity, price_of(s)) for s, p in self.positions.items() if p.quantity),
            ZERO,
        )
        return self.equity(price_of, instrument_of) - used - self.reserved

    def margin(self, instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the margin of a position of `quantity` (negative is short) at `price`."""
        notional = instrument.notional(quantity, price)
        if instrument.asset_class is AssetClass.OPTION and quantity < ZERO:
            strike = Decimal(instrument.symbol[-8:]) / 1000
            # Equity has the contract's present value taken off already, so the premium is not counted again.
            return instrument.notional(quantity, strike) * self.rules.short_option_margin
        return notional * self.rules.margin_rate(instrument.asset_class)

    def _value(self, symbol: str, price_of: PriceOf, instrument_of: InstrumentOf) -> Decimal:
        held = self.positions[symbol]
        if held.is_flat:
            return ZERO
        instrument, price = instrument_of(symbol), price_of(symbol)
        if instrument.asset_class in MARGINED:
            return held.unrealized_pnl(price, instrument.multiplier)
        return held.quantity * price * instrument.multiplier
