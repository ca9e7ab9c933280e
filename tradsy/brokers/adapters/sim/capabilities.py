"""What `sim` can do; source of each line: docs/reference/sim.md, section "Orders" unless named."""

from __future__ import annotations

from datetime import timedelta

from tradsy.brokers.adapters.sim.constants import VENUE
from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.domain.instruments import AssetClass
from tradsy.domain.market import BarStep
from tradsy.domain.orders import OrderType, TimeInForce


def sim_capabilities(idempotency: IdempotencyClass, settle_time: timedelta | None = None) -> Capabilities:
    """Return the capabilities of an account that treats client order ids as `idempotency` says."""
    return Capabilities(
        venue=VENUE,
        idempotency=idempotency,  # "Idempotency classes"
        asset_classes=frozenset(  # "Instruments"
            {
                AssetClass.STOCK,
                AssetClass.ETF,
                AssetClass.OPTION,
                AssetClass.CRYPTO,
                AssetClass.FOREX,
                AssetClass.FUTURE,
            }
        ),
        order_types=frozenset(OrderType),
        time_in_force=frozenset(TimeInForce),
        max_client_order_id=64,
        settle_time=settle_time,
        native_oco=True,
        native_bracket=False,  # the venue has it, the port does not ask for it
        native_trailing_stop=True,
        native_replace=True,
        fractional=frozenset({AssetClass.CRYPTO}),  # "Instruments"
        short_selling=True,
        extended_hours=True,
        paper=True,
        bar_steps=frozenset(BarStep),  # "Wire"
        requests_per_minute=60_000,  # "Limits": ours, measured: one core serves 3,000 orders a second
    )
