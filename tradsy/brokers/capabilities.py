"""What a venue can do, as data: read by risk, execution, the web app and the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from tradsy.domain.instruments import AssetClass
from tradsy.domain.market import BarStep
from tradsy.domain.orders import OrderType, TimeInForce


class IdempotencyClass(StrEnum):
    """What our client order id is worth at the venue after an unknown outcome."""

    STRONG = "A"
    """Unique for ever: sending the same id again is safe, a refusal as duplicate proves that it exists."""
    WEAK = "B"
    """Unique among open orders only: sending again can double a filled order."""
    SESSION = "C"
    """Kept for the order's life, not unique."""
    NONE = "D"
    """The venue keeps no id of ours: match by fingerprint against a baseline."""

    @property
    def settle_time(self) -> timedelta:
        """How long after the last possible send a complete look-up without the order counts as evidence."""
        return _SETTLE_TIMES[self]


_SETTLE_TIMES = {
    IdempotencyClass.STRONG: timedelta(seconds=30),
    IdempotencyClass.WEAK: timedelta(seconds=120),
    IdempotencyClass.SESSION: timedelta(seconds=120),
    IdempotencyClass.NONE: timedelta(seconds=180),
}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one venue can do; each adapter cites a source per line."""

    venue: str
    idempotency: IdempotencyClass
    asset_classes: frozenset[AssetClass]
    order_types: frozenset[OrderType]
    time_in_force: frozenset[TimeInForce]
    max_client_order_id: int = 32
    settle_time: timedelta | None = None
    """Overrides the class's settle time where the venue's source allows a shorter one."""
    native_oco: bool = False
    native_bracket: bool = False
    native_trailing_stop: bool = False
    native_replace: bool = False
    fractional: frozenset[AssetClass] = field(default_factory=frozenset[AssetClass])
    short_selling: bool = False
    extended_hours: bool = False
    paper: bool = False
    bar_steps: frozenset[BarStep] = field(default_factory=frozenset[BarStep])
    """Lengths of the bars that the venue keeps; empty where it keeps none."""
    requests_per_minute: int = 200
    """Published limit of order writes and reads per account; half of it is used in steady state."""

    @property
    def settles_after(self) -> timedelta:
        """How long to wait before a negative look-up counts as evidence."""
        return self.settle_time or self.idempotency.settle_time
