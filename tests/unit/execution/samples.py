"""An order, an account and a venue's answers; tests change one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.brokers.port import Broker, OrderReport, ReportKind, VenueOrder, VenueOrderStatus
from tradsy.domain.ids import (
    AccountId,
    ClientOrderId,
    ConnectionId,
    FollowId,
    OrderId,
    PlanId,
    SignalId,
    SourceId,
    TraceId,
    UserId,
    VenueAccountId,
    VenueOrderId,
)
from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.market import Quote
from tradsy.domain.orders import Fill, OrderRole, OrderState, OrderTerms, OrderType, Side, TimeInForce
from tradsy.execution.lane import Lane
from tradsy.execution.model import Order
from tradsy.execution.state import AccountState, ConnectionState
from tradsy.follows.model import Action, ExitPolicy, SizingMode, TradeIntent
from tradsy.follows.plans import ApprovedPlan
from tradsy.platform.clock import FrozenClock

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
D = Decimal
ACCOUNT = AccountId(UUID(int=1))
USER = UserId(UUID(int=2))
SOURCE = SourceId(UUID(int=3))
CONNECTION = ConnectionId(UUID(int=4))
VENUE_ACCOUNT = VenueAccountId("SA000001")
BTC = Instrument(
    "BTC/USD", AssetClass.CRYPTO, lot_size=D("0.01"), min_quantity=D("0.01"), tick_size=D("0.1"), calendar="24/7"
)
QUOTE = Quote("BTC/USD", D("99.9"), D("100.1"), D(100), NOW, adv=D(1000), session_open=True)
CAPABILITIES = Capabilities(
    venue="sim",
    idempotency=IdempotencyClass.STRONG,
    asset_classes=frozenset(AssetClass),
    order_types=frozenset(OrderType),
    time_in_force=frozenset(TimeInForce),
    native_oco=True,
)

_ORDER = Order(
    id=OrderId(UUID(int=10)),
    user_id=USER,
    account_id=ACCOUNT,
    connection_id=CONNECTION,
    partition=0,
    venue="sim",
    trace_id=TraceId(UUID(int=11)),
    signal_id=None,
    plan_id=None,
    source_id=SOURCE,
    parent_order_id=None,
    role=OrderRole.ENTRY,
    origin="automatic",
    client_order_id=ClientOrderId("c1"),
    generation=1,
    venue_order_id=None,
    symbol="BTC/USD",
    asset_class=AssetClass.CRYPTO,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=D(10),
    limit_price=D(100),
    stop_price=None,
    trail_amount=None,
    trail_percent=None,
    time_in_force=TimeInForce.GTC,
    reduce_only=False,
    multiplier=D(1),
    oco_group=None,
    exits=None,
    exits_covered=D(0),
    state=OrderState.SUBMITTING,
    cumulative_quantity=D(0),
    average_price=None,
    fees=D(0),
    reason_code="",
    reason="",
    epoch=1,
    attempt=1,
    baseline=None,
    evidence=[],
    created_at=NOW,
    sent_at=None,
    accepted_at=None,
    unknown_at=None,
    finished_at=None,
    updated_at=NOW,
)


def order(**changes: Any) -> Order:
    """A buy of 10 BTC at 100 that is being submitted."""
    return replace(_ORDER, **changes)


def fill(name: str, quantity: str = "1", price: str = "100", fee: str = "0.1") -> Fill:
    return Fill(name, D(quantity), D(price), D(fee), NOW)


def report(kind: ReportKind, **changes: Any) -> OrderReport:
    """Something that the stream says of the order."""
    values: dict[str, Any] = {"client_order_id": "c1", "venue_order_id": VenueOrderId("v1"), **changes}
    return OrderReport(kind, VENUE_ACCOUNT, NOW, **values)


def shown(status: VenueOrderStatus = VenueOrderStatus.NEW, **changes: Any) -> VenueOrder:
    """The order as the venue shows it."""
    values: dict[str, Any] = {
        "venue_account_id": VENUE_ACCOUNT,
        "venue_order_id": VenueOrderId("v1"),
        "client_order_id": ClientOrderId("c1"),
        "terms": order().terms,
        "status": status,
        "cumulative_quantity": D(0),
        "average_price": None,
        "entered_at": NOW,
        "updated_at": NOW + timedelta(seconds=1),
        **changes,
    }
    return VenueOrder(**values)


def account(broker: Any = None, **changes: Any) -> AccountState:
    """An open account that holds nothing."""
    connection = ConnectionState(
        CONNECTION, "sim", 0, cast("Broker", broker), Lane(FrozenClock(NOW), requests_per_minute=200)
    )
    return AccountState(ACCOUNT, USER, connection, VENUE_ACCOUNT, 0, 1, is_paper=True, **changes)


def terms(**changes: Any) -> OrderTerms:
    return replace(order().terms, **changes)


def plan(action: Action = Action.OPEN_LONG, **intent: Any) -> ApprovedPlan:
    """An approved plan for 10 BTC, times one."""
    values: dict[str, Any] = {"symbol": "BTC/USD", "asset_class": AssetClass.CRYPTO, "quantity": D(10), **intent}
    return ApprovedPlan(
        plan_id=PlanId(UUID(int=20)),
        user_id=USER,
        trace_id=TraceId(UUID(int=11)),
        signal_id=SignalId(UUID(int=21)),
        source_id=SOURCE,
        source_state="active",
        follow_id=FollowId(UUID(int=22)),
        follow_state="active",
        account_id=ACCOUNT,
        account_state="active",
        connection_id=CONNECTION,
        connection_state="active",
        venue="sim",
        partition=0,
        is_paper=True,
        intent=TradeIntent(action, **values),
        sizing_mode=SizingMode.MULTIPLIER,
        sizing_value=D(1),
        exit_policy=ExitPolicy(),
        origin="automatic",
        confirmation=None,
        confidence=D(1),
        received_at=NOW,
        signal_at=None,
        created_at=NOW,
        decided_at=None,
        expires_at=NOW + timedelta(seconds=30),
        may_trade=True,
        is_demo=False,
    )
