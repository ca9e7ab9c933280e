"""Facts of an order that every rule approves; tests change one of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.domain.ids import AccountId, SourceId
from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.market import Quote
from tradsy.domain.orders import OrderRole, OrderTerms, OrderType, Side, TimeInForce
from tradsy.risk.limits import EffectiveLimits
from tradsy.risk.model import (
    AccountFacts,
    Check,
    Counters,
    EngineFacts,
    EquityFacts,
    OpenOrderFacts,
    Origin,
    ParentFacts,
    PositionsFacts,
    RiskInput,
    RiskMode,
    Verdict,
)

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ACCOUNT = AccountId(UUID(int=1))
OTHER_ACCOUNT = AccountId(UUID(int=2))
SOURCE = SourceId(UUID(int=3))
D = Decimal
LIMITS = EffectiveLimits(any_symbol=True, config_hash="c0ffee")

CAPABILITIES = Capabilities(
    venue="sim",
    idempotency=IdempotencyClass.STRONG,
    asset_classes=frozenset(AssetClass),
    order_types=frozenset(OrderType),
    time_in_force=frozenset(TimeInForce),
    short_selling=True,
    extended_hours=True,
    requests_per_minute=200,
)
STOCK = Instrument("AAPL", AssetClass.STOCK)
QUOTE = Quote("AAPL", D("39.99"), D("40.01"), D(40), NOW, adv=D(1_000_000), session_open=True)
EQUITY = AccountFacts(D(100_000), D(100_000), D(200_000), NOW, D(100_000), D(100_000))
BUY = OrderTerms("AAPL", Side.BUY, OrderType.LIMIT, D(10), limit_price=D(40))
MARKET = OrderTerms("AAPL", Side.BUY, OrderType.MARKET, D(10))
EXIT = OrderTerms("AAPL", Side.SELL, OrderType.LIMIT, D(10), limit_price=D(40), reduce_only=True)
NO_COUNTS = Counters(
    account_messages_10s=0,
    account_messages_60s=0,
    source_messages_60s=0,
    broker_messages_60s=0,
    repeat_fills_5min=0,
    repeat_fills_today=0,
    orders_today=0,
    source_rejects_60s=0,
    account_rejects_5min=0,
)

_ENTRY = RiskInput(
    now=NOW,
    account_id=ACCOUNT,
    order=BUY,
    role=OrderRole.ENTRY,
    origin=Origin.AUTOMATIC,
    limits=LIMITS,
    capabilities=CAPABILITIES,
    instrument=STOCK,
    quote=QUOTE,
    account=EQUITY,
    user_equity=EquityFacts(D(100_000), D(100_000), D(100_000)),
    position=D(0),
    positions=PositionsFacts(0, D(0)),
    open_orders=(),
    recent_orders=(),
    counters=NO_COUNTS,
    parent=ParentFacts(D(1_000_000)),
    kills=frozenset(),
    account_mode=RiskMode.NORMAL,
    user_mode=RiskMode.NORMAL,
    source_mode=RiskMode.NORMAL,
    source_id=SOURCE,
    signal_at=NOW,
    deduplicated=True,
    reconciled_at=NOW,
    open_breaks=0,
    unknown_in_symbol=False,
    database_clock_offset=timedelta(0),
    venue_clock_offset=timedelta(0),
    engine=EngineFacts(holds_lease=True, epoch_current=True, build_current=True),
)


def entry(**changes: Any) -> RiskInput:
    """An automatic buy of 10 AAPL at 40 that every rule approves, with changes."""
    return replace(_ENTRY, **changes)


def by_person(**changes: Any) -> RiskInput:
    """The same by a person's ticket, without a source."""
    return entry(**{"origin": Origin.PERSON, "source_id": None, "signal_at": None, **changes})


def leaving(**changes: Any) -> RiskInput:
    """A reduce-only sell of 10 of 10 AAPL held."""
    held = PositionsFacts(1, D(400), {"AAPL": D(400)})
    return entry(**{"order": EXIT, "role": OrderRole.EXIT, "position": D(10), "positions": held, **changes})


def limited(**changes: Any) -> EffectiveLimits:
    """The table's limits with changes."""
    return replace(LIMITS, **changes)


def counted(**changes: int | None) -> Counters:
    return replace(NO_COUNTS, **changes)


def resting(**changes: Any) -> OpenOrderFacts:
    """A buy of 10 AAPL that rests at 40."""
    return replace(
        OpenOrderFacts(ACCOUNT, "AAPL", Side.BUY, OrderType.LIMIT, D(10), D(400), D(40)),
        **changes,
    )


def check_of(verdict: Verdict, rule: str) -> Check:
    (check,) = [check for check in verdict.checks if check.rule == rule]
    return check
