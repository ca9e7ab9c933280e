"""Position arithmetic at average cost: positions are the sum of executions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from tradsy.domain.money import ONE, ZERO
from tradsy.domain.orders import Side


@dataclass(frozen=True, slots=True)
class Position:
    """A position in one instrument on one account.

    Invariant: `average_price` is zero exactly when `quantity` is zero.
    """

    quantity: Decimal = ZERO
    """Units; negative is short."""
    average_price: Decimal = ZERO
    """Average entry price of the open quantity, quote currency per unit, fees not included."""
    realized_pnl: Decimal = ZERO
    """Profit of what was closed, quote currency, before fees."""
    fees: Decimal = ZERO

    @property
    def is_flat(self) -> bool:
        """Whether nothing is held."""
        return self.quantity == ZERO

    def unrealized_pnl(self, price: Decimal, multiplier: Decimal = ONE) -> Decimal:
        """Return the profit of the open quantity at `price`, quote currency."""
        return (price - self.average_price) * self.quantity * multiplier

    def apply_execution(
        self, side: Side, quantity: Decimal, price: Decimal, fee: Decimal = ZERO, multiplier: Decimal = ONE
    ) -> Position:
        """Return the position after `quantity` (> 0) units were bought or sold at `price`."""
        signed = quantity * side.sign
        after = self.quantity + signed
        fees = self.fees + fee
        if self.quantity * signed >= ZERO:
            return replace(self, quantity=after, average_price=self._blend(signed, price), fees=fees)
        closed = min(abs(signed), abs(self.quantity))
        direction = 1 if self.quantity > ZERO else -1
        realized = self.realized_pnl + (price - self.average_price) * closed * direction * multiplier
        if after == ZERO:
            average = ZERO
        else:
            average = self.average_price if after * self.quantity > ZERO else price
        return Position(after, average, realized, fees)

    def _blend(self, signed: Decimal, price: Decimal) -> Decimal:
        """Average of what is held and what is added on the same side."""
        total = self.quantity + signed
        return (self.average_price * self.quantity + price * signed) / total if total else ZERO
