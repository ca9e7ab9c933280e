"""Market data values: quotes, bars, sessions, trading status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask of one instrument, quote currency per unit."""

    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    at: datetime
    """When the market made it, aware UTC; its age decides whether it may be used."""
    halted: bool = False
    adv: Decimal | None = None
    """Average daily volume over 20 days, in units."""
    session_open: bool | None = None
    """Whether the instrument's regular session is open; None is unknown."""

    @property
    def mid(self) -> Decimal:
        """Midpoint of bid and ask."""
        return (self.bid + self.ask) / 2

    @property
    def spread_fraction(self) -> Decimal:
        """Spread as a fraction of the midpoint."""
        return (self.ask - self.bid) / self.mid if self.mid else Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `at` is its opening time, aware UTC; prices in quote currency, volume in units."""

    symbol: str
    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class BarStep(StrEnum):
    """Length of a bar."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def length(self) -> timedelta:
        """The same as a time span."""
        return _LENGTHS[self]


_LENGTHS = {
    BarStep.MINUTE: timedelta(minutes=1),
    BarStep.FIVE_MINUTES: timedelta(minutes=5),
    BarStep.QUARTER: timedelta(minutes=15),
    BarStep.HOUR: timedelta(hours=1),
    BarStep.DAY: timedelta(days=1),
}
