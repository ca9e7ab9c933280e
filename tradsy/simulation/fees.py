"""Fee schedules: what a venue takes for an execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.money import BPS, ZERO, round_cents


@dataclass(frozen=True, slots=True)
class FeeRate:
    """Fee of one execution: per unit plus a share of the notional, at least `minimum`, in the instrument's currency."""

    per_unit: Decimal = ZERO
    bps: Decimal = ZERO
    minimum: Decimal = ZERO

    def fee(self, notional: Decimal, quantity: Decimal) -> Decimal:
        """Return the fee, rounded to the cent."""
        return round_cents(max(self.per_unit * quantity + notional * self.bps * BPS, self.minimum))


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """A venue's fees by asset class; what is not listed is free."""

    rates: Mapping[AssetClass, FeeRate] = field(default_factory=dict[AssetClass, FeeRate])

    def fee(self, instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the fee of an execution of `quantity` units at `price`."""
        rate = self.rates.get(instrument.asset_class)
        return rate.fee(instrument.notional(quantity, price), quantity) if rate else ZERO


PAPER_FEES = FeeSchedule(
    {
        AssetClass.OPTION: FeeRate(per_unit=Decimal("0.65")),
        AssetClass.CRYPTO: FeeRate(bps=Decimal(25)),
        AssetClass.FUTURE: FeeRate(per_unit=Decimal("2.25")),
    }
)
"""Charges of the built-in paper venue: ours, of the size that US retail brokers ask."""
