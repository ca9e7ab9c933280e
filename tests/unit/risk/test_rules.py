"""Each rule at limit - 1, limit and limit + 1, with each of its codes, and without each of its facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.unit.risk.risk_cases import (
    BUY,
    CAPABILITIES,
    EQUITY,
    EXIT,
    LIMITS,
    MARKET,
    NOW,
    OTHER_ACCOUNT,
    QUOTE,
    STOCK,
    by_person,
    check_of,
    counted,
    entry,
    leaving,
    limited,
    resting,
)
from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.orders import OrderRole, OrderTerms, OrderType, Side, TimeInForce
from tradsy.risk.engine import P28, evaluate
from tradsy.risk.limits import FIELDS
from tradsy.risk.model import (
    RISK_UNAVAILABLE,
    EngineFacts,
    EquityFacts,
    KillScope,
    Outcome,
    ParentFacts,
    PositionsFacts,
    RecentOrder,
    RiskInput,
    RiskMode,
)
from tradsy.risk.rules import RULES

D = Decimal
PASS, WARN, SOFT, REFUSE = Outcome.PASS, Outcome.WARN, Outcome.SOFT, Outcome.REFUSE
MICRO = timedelta(microseconds=1)


def seconds(value: float | str) -> timedelta:
    return timedelta(microseconds=int(D(str(value)) * 1_000_000))


@dataclass(frozen=True)
class Edge:
    """A rule below, at and above its limit."""

    rule: str
    code: str
    make: Callable[[Any], RiskInput]
    values: tuple[Any, Any, Any]
    outcomes: tuple[Outcome, Outcome, Outcome] = (PASS, PASS, REFUSE)
    """The first that does not pass bears the code."""


def order(**changes: Any) -> OrderTerms:
    return replace(BUY, **changes)


def exit_order(**changes: Any) -> OrderTerms:
    return replace(EXIT, **changes)


def quoted(**changes: Any) -> Any:
    return replace(QUOTE, **changes)


def priced(mid: str, **changes: Any) -> RiskInput:
    """A buy of 1 AAPL at a limit, with the market at `mid`."""
    quote = quoted(bid=D(mid) - D("0.01"), ask=D(mid) + D("0.01"), last=D(mid))
    return entry(quote=quote, **changes)


def collared(mid: str) -> Callable[[str], RiskInput]:
    return lambda price: priced(mid, order=order(quantity=D(1), limit_price=D(price)))


def holding(notional: str, quantity: str = "0", count: int = 1, **changes: Any) -> RiskInput:
    positions = PositionsFacts(count, D(notional), {"MSFT": D(notional)} if D(quantity) == 0 else {"AAPL": D(notional)})
    return entry(position=D(quantity), positions=positions, **changes)


def worth(equity: str, **changes: str) -> Any:
    return replace(EQUITY, equity=D(equity), **{k: D(v) for k, v in changes.items()})


def many(count: int, **changes: Any) -> tuple[Any, ...]:
    return tuple(resting(notional=D(0), limit_price=D(1), **{"symbol": f"S{i}", **changes}) for i in range(count))


def recent(terms: OrderTerms, age: timedelta, link: str | None = None) -> tuple[RecentOrder, ...]:
    return (RecentOrder(terms, NOW - age, link),)


SPREAD = {
    "0.0199": quoted(bid=D("99.005"), ask=D("100.995")),
    "0.02": quoted(bid=D(99), ask=D(101)),
    "0.0201": quoted(bid=D("98.995"), ask=D("101.005")),
}
CONTRACT = Instrument("AAPL270115C00190000", AssetClass.OPTION)

EDGES = [
    Edge("R-P3", "SIGNAL_STALE", lambda s: entry(order=MARKET, signal_at=NOW - seconds(s)), (29, 30, "30.000001")),
    Edge("R-P3", "SIGNAL_STALE", lambda s: entry(signal_at=NOW - seconds(s)), (119, 120, "120.000001")),
    Edge("R-P3", "SIGNAL_FROM_FUTURE", lambda s: entry(signal_at=NOW + seconds(s)), (4, 5, "5.000001")),
    Edge(
        "R-P7",
        "MAX_ORDER_NOTIONAL",
        lambda n: entry(order=order(quantity=D(1), limit_price=D(n)), instrument=replace(STOCK, tick_size=D("0.01"))),
        ("4999.99", "5000", "5000.01"),
        (PASS, PASS, SOFT),
    ),
    Edge(
        "R-P7",
        "MAX_ORDER_NOTIONAL",
        lambda n: entry(order=order(quantity=D(1), limit_price=D(n))),
        ("9999.99", "10000", "10000.01"),
        (SOFT, SOFT, REFUSE),
    ),
    Edge(
        "R-P7",
        "MAX_ORDER_NOTIONAL",
        lambda n: entry(order=order(quantity=D(1), limit_price=D(n)), account=worth("20000")),
        ("2999.99", "3000", "3000.01"),
        (PASS, PASS, SOFT),
    ),
    Edge(
        "R-P7",
        "MAX_ORDER_NOTIONAL",
        lambda n: entry(
            order=order(quantity=D(1), limit_price=D(n)),
            account=worth("10000000"),
            limits=limited(max_order_notional=D(60_000)),
        ),
        ("99999.99", "100000", "100000.01"),
        (SOFT, SOFT, REFUSE),
    ),
    Edge("R-P8", "MAX_ORDER_QUANTITY", lambda q: entry(order=order(quantity=D(q))), (999, 1000, 1001)),
    Edge(
        "R-P8",
        "MAX_ORDER_QUANTITY",
        lambda q: entry(instrument=CONTRACT, order=order(quantity=D(q), symbol=CONTRACT.symbol)),
        (9, 10, 11),
    ),
    Edge(
        "R-P8",
        "MAX_ADV_FRACTION",
        lambda q: entry(quote=quoted(adv=D(10_000)), order=order(quantity=D(q))),
        (99, 100, 101),
        (WARN, WARN, REFUSE),
    ),
    Edge(
        "R-P8",
        "MAX_ADV_FRACTION",
        lambda q: entry(quote=quoted(adv=D(10_000)), order=order(quantity=D(q))),
        (9, 10, 11),
        (PASS, PASS, WARN),
    ),
    Edge("R-P9", "PRICE_COLLAR", collared("40"), ("41.99", "42", "42.01")),
    Edge("R-P9", "PRICE_COLLAR", collared("40"), ("38.01", "38", "37.99")),
    Edge("R-P9", "PRICE_COLLAR", collared("20"), ("21.99", "22", "22.01")),
    Edge("R-P9", "PRICE_COLLAR", collared("100"), ("102.99", "103", "103.01")),
    Edge(
        "R-P9",
        "PRICE_COLLAR",
        lambda p: priced("100", order=order(quantity=D(1), limit_price=D(p), extended_hours=True)),
        ("109.99", "110", "110.01"),
    ),
    Edge(
        "R-P9",
        "PRICE_COLLAR",
        lambda p: priced(
            "100",
            order=order(quantity=D(1), limit_price=D(p), symbol="BTC/USD"),
            instrument=Instrument("BTC/USD", AssetClass.CRYPTO),
        ),
        ("104.99", "105", "105.01"),
    ),
    Edge("R-P9", "QUOTE_STALE", lambda s: entry(quote=quoted(at=NOW - seconds(s))), (14, 15, "15.000001")),
    Edge("R-P10", "QUOTE_STALE", lambda s: entry(order=MARKET, quote=quoted(at=NOW - seconds(s))), (4, 5, "5.000001")),
    Edge("R-P10", "SPREAD_TOO_WIDE", lambda s: entry(order=MARKET, quote=SPREAD[s]), ("0.0199", "0.02", "0.0201")),
    Edge(
        "R-P11",
        "BUYING_POWER",
        lambda q: entry(order=order(quantity=D(q)), account=worth("100000", buying_power="1000")),
        ("23.74", "23.75", "23.76"),
    ),
    Edge(
        "R-P11",
        "BUYING_POWER",
        lambda n: entry(open_orders=(resting(notional=D(n)),), account=worth("100000", buying_power="1000")),
        ("549.99", "550", "550.01"),
    ),
    Edge(
        "R-P11",
        "ACCOUNT_STALE",
        lambda s: entry(account=replace(EQUITY, snapshot_at=NOW - seconds(s))),
        (59, 60, "60.000001"),
    ),
    Edge("R-P12", "GROSS_EXPOSURE", lambda n: holding(n), ("99599.99", "99600", "99600.01")),
    Edge(
        "R-P12",
        "GROSS_EXPOSURE",
        lambda n: holding("50000", open_orders=(resting(symbol="TSLA", notional=D(n)),)),
        ("49599.99", "49600", "49600.01"),
    ),
    Edge(
        "R-P12",
        "SYMBOL_EXPOSURE",
        lambda n: entry(open_orders=(resting(notional=D(n)),)),
        ("14599.99", "14600", "14600.01"),
    ),
    Edge("R-P12", "SYMBOL_EXPOSURE", lambda q: holding(str(40 * q), str(q)), (364, 365, 366)),
    Edge(
        "R-P12",
        "OPEN_ORDER_EXPOSURE",
        lambda n: entry(open_orders=(resting(notional=D(n), symbol="MSFT"),), limits=limited(max_gross_exposure=D(2))),
        ("99599.99", "99600", "99600.01"),
    ),
    Edge("R-P13", "MAX_OPEN_ORDERS", lambda n: entry(open_orders=many(n)), (48, 49, 50)),
    Edge("R-P13", "MAX_OPEN_ORDERS_PER_SIDE", lambda n: entry(open_orders=many(n, symbol="AAPL")), (8, 9, 10)),
    Edge("R-P14", "ACCOUNT_RATE_10S", lambda n: entry(counters=counted(account_messages_10s=n)), (8, 9, 10)),
    Edge("R-P14", "ACCOUNT_RATE_60S", lambda n: entry(counters=counted(account_messages_60s=n)), (58, 59, 60)),
    Edge("R-P14", "SOURCE_RATE_60S", lambda n: entry(counters=counted(source_messages_60s=n)), (18, 19, 20)),
    Edge("R-P14", "BROKER_BUDGET", lambda n: entry(counters=counted(broker_messages_60s=n)), (98, 99, 100)),
    Edge(
        "R-P14",
        "BROKER_BUDGET",
        lambda n: leaving(role=OrderRole.STOP, counters=counted(broker_messages_60s=n)),
        (198, 199, 200),
    ),
    Edge("R-P14", "BROKER_BUDGET", lambda n: leaving(counters=counted(broker_messages_60s=n)), (98, 99, 100)),
    Edge(
        "R-P14",
        "BROKER_BUDGET",
        lambda n: entry(role=OrderRole.STOP, counters=counted(broker_messages_60s=n)),
        (98, 99, 100),
    ),
    Edge("R-P15", "REPEATED_EXECUTION", lambda n: entry(counters=counted(repeat_fills_5min=n)), (3, 4, 5)),
    Edge("R-P15", "REPEATED_EXECUTION", lambda n: entry(counters=counted(repeat_fills_today=n)), (18, 19, 20)),
    Edge(
        "R-P16",
        "MAX_ORDERS_PER_DAY",
        lambda n: entry(counters=counted(orders_today=n)),
        (98, 99, 100),
        (PASS, PASS, SOFT),
    ),
    Edge(
        "R-P16",
        "MAX_ORDERS_PER_DAY",
        lambda n: entry(counters=counted(orders_today=n)),
        (298, 299, 300),
        (SOFT, SOFT, REFUSE),
    ),
    Edge(
        "R-P16",
        "MAX_ORDERS_PER_DAY",
        lambda n: entry(counters=counted(orders_today=n), limits=limited(max_orders_per_day=500)),
        (998, 999, 1000),
        (SOFT, SOFT, REFUSE),
    ),
    Edge(
        "R-P17",
        "DUPLICATE_ORDER",
        lambda s: entry(recent_orders=recent(BUY, seconds(s))),
        (11, "10.000001", 10),
        (PASS, PASS, SOFT),
    ),
    Edge(
        "R-P18",
        "SELF_MATCH",
        lambda p: entry(open_orders=(resting(side=Side.SELL, limit_price=D(p), account_id=OTHER_ACCOUNT),)),
        ("40.02", "40.01", "40"),
    ),
    Edge(
        "R-P18",
        "SELF_MATCH",
        lambda p: leaving(open_orders=(resting(limit_price=D(p), account_id=OTHER_ACCOUNT),)),
        ("39.98", "39.99", "40"),
    ),
    Edge("R-P19", "DAILY_LOSS", lambda e: entry(account=worth(e)), ("98001", "98000.01", "98000")),
    Edge(
        "R-P19",
        "DAILY_LOSS_HALT",
        lambda e: entry(account=worth(e), limits=limited(daily_loss_reduce_only=D("0.05"))),
        ("95001", "95000.01", "95000"),
    ),
    Edge(
        "R-P19",
        "DRAWDOWN",
        lambda p: entry(account=worth("90000", day_start_equity="90000", peak_equity=p)),
        ("99999", "99999.99", "100000"),
    ),
    Edge("R-P20", "SOURCE_REJECTS", lambda n: entry(counters=counted(source_rejects_60s=n)), (3, 4, 5)),
    Edge("R-P20", "ACCOUNT_REJECTS", lambda n: entry(counters=counted(account_rejects_5min=n)), (18, 19, 20)),
    Edge("R-P21", "RECONCILIATION_STALE", lambda s: entry(reconciled_at=NOW - seconds(s)), (119, 120, "120.000001")),
    Edge("R-P21", "RECONCILIATION_BREAK", lambda n: entry(open_breaks=n), (0, 0, 1)),
    Edge("R-P22", "PARENT_EXCEEDED", lambda n: entry(parent=ParentFacts(D(100), D(n))), (89, 90, 91)),
    Edge("R-P22", "WOULD_FLIP", lambda q: leaving(position=D(q)), (11, 10, 9)),
    Edge(
        "R-P25",
        "LIMIT_RAISE_PENDING",
        lambda s: entry(limits=limited(effective_at=NOW + s)),
        (-MICRO, 0 * MICRO, MICRO),
    ),
    Edge(
        "R-P26",
        "CLOCK_OFFSET",
        lambda s: entry(database_clock_offset=seconds(s)),
        ("1.999999", 2, "2.000001"),
        (WARN, WARN, REFUSE),
    ),
    Edge(
        "R-P26",
        "CLOCK_OFFSET",
        lambda s: entry(venue_clock_offset=-seconds(s)),
        ("0.499999", "0.5", "0.500001"),
        (PASS, PASS, WARN),
    ),
    Edge(
        "R-X6",
        "USER_DAILY_LOSS",
        lambda e: entry(user_equity=EquityFacts(D(e), D(100_000), D(100_000))),
        ("98001", "98000.01", "98000"),
    ),
    Edge(
        "R-X6",
        "USER_DAILY_LOSS_HALT",
        lambda e: entry(
            user_equity=EquityFacts(D(e), D(100_000), D(100_000)), limits=limited(daily_loss_reduce_only=D("0.05"))
        ),
        ("95001", "95000.01", "95000"),
    ),
    Edge(
        "R-X6",
        "USER_DRAWDOWN",
        lambda p: entry(user_equity=EquityFacts(D(90_000), D(90_000), D(p))),
        ("99999", "99999.99", "100000"),
    ),
    Edge("R-X7", "MAX_POSITION_SIZE", lambda q: holding(str(40 * q), str(q)), (364, 365, 366)),
    Edge("R-X7", "MAX_POSITIONS", lambda n: entry(positions=PositionsFacts(n, D(0))), (8, 9, 10)),
    Edge("R-X7", "MAX_POSITIONS", lambda n: entry(open_orders=many(n)), (8, 9, 10)),
    Edge(
        "R-X7",
        "ACCOUNT_TOO_SMALL",
        lambda e: entry(account=worth(e), order=order(quantity=D(1))),
        ("1000.01", "1000", "999.99"),
    ),
]


@pytest.mark.parametrize("edge", EDGES, ids=lambda e: f"{e.rule}-{e.code}-{e.values[1]}")
def test_rule_below_at_and_above_its_limit(edge: Edge) -> None:
    checks = [check_of(evaluate(edge.make(value)), edge.rule) for value in edge.values]

    assert tuple(check.outcome for check in checks) == edge.outcomes
    assert checks[2].code == edge.code
    if edge.code != "LIMIT_RAISE_PENDING":
        assert checks[2].limit is not None
        assert checks[2].value is not None


STOP_EXIT = exit_order(order_type=OrderType.STOP, limit_price=None, stop_price=D(30))
VENUE = CAPABILITIES

REFUSALS: list[tuple[str, str, RiskInput]] = [
    *[("R-P1", "KILLED", entry(kills=frozenset({scope}))) for scope in KillScope],
    ("R-P1", "KILLED", by_person(kills=frozenset({KillScope.SITE}))),
    ("R-P1", "KILLED", leaving(kills=frozenset({KillScope.SITE}))),
    ("R-P4", "DUPLICATE_SIGNAL", entry(duplicate_of=UUID(int=9))),
    ("R-P5", "SYMBOL_LIST_REQUIRED", entry(limits=limited(any_symbol=False))),
    ("R-P5", "SYMBOL_NOT_ALLOWED", entry(limits=limited(allowed_symbols=frozenset({"MSFT"})))),
    ("R-P5", "SYMBOL_NOT_ALLOWED", entry(limits=limited(allowed_symbols=frozenset()))),
    ("R-P5", "ASSET_CLASS_NOT_ALLOWED", entry(limits=limited(asset_classes=frozenset({AssetClass.CRYPTO})))),
    ("R-P5", "NOT_TRADABLE", entry(instrument=replace(STOCK, tradable=False))),
    ("R-P5", "NOT_TRADABLE", leaving(instrument=replace(STOCK, tradable=False))),
    ("R-P5", "SYMBOL_HALTED", entry(quote=quoted(halted=True))),
    ("R-P5", "SESSION_CLOSED", entry(quote=quoted(session_open=False))),
    ("R-P5", "SESSION_CLOSED", leaving(quote=quoted(session_open=False))),
    ("R-P6", "NUMBER_NOT_FINITE", entry(order=order(quantity=D("NaN")))),
    ("R-P6", "NUMBER_NOT_FINITE", entry(order=order(quantity=D("sNaN")))),
    ("R-P6", "NUMBER_NOT_FINITE", entry(order=order(quantity=D("Infinity")))),
    ("R-P6", "NUMBER_NOT_FINITE", entry(order=order(limit_price=D("-Infinity")))),
    ("R-P6", "NUMBER_NOT_POSITIVE", entry(order=order(quantity=D(0)))),
    ("R-P6", "NUMBER_NOT_POSITIVE", entry(order=order(quantity=D(-1)))),
    ("R-P6", "NUMBER_NOT_POSITIVE", entry(order=order(limit_price=D(0)))),
    ("R-P6", "TOO_MANY_DIGITS", entry(order=order(quantity=D("1234567890123456789")))),
    ("R-P6", "TOO_MANY_DIGITS", entry(order=order(quantity=D("1E+18")))),
    ("R-P6", "TOO_MANY_DIGITS", entry(order=order(limit_price=D("1E-19")))),
    ("R-P6", "PRICE_MISSING", entry(order=order(limit_price=None))),
    ("R-P6", "PRICE_MISSING", entry(order=order(order_type=OrderType.STOP, limit_price=None))),
    ("R-P6", "PRICE_MISSING", entry(order=order(order_type=OrderType.STOP_LIMIT))),
    ("R-P6", "PRICE_MISSING", entry(order=order(order_type=OrderType.TRAILING_STOP, limit_price=None))),
    ("R-P6", "TICK_SIZE", entry(order=order(limit_price=D("40.005")))),
    ("R-P6", "TICK_SIZE", leaving(order=replace(STOP_EXIT, stop_price=D("30.001")), role=OrderRole.STOP)),
    ("R-P6", "LOT_SIZE", entry(order=order(quantity=D("1.5")))),
    ("R-P6", "LOT_SIZE", leaving(order=exit_order(quantity=D("1.5")))),
    ("R-P6", "BELOW_MIN_QUANTITY", entry(instrument=replace(STOCK, min_quantity=D(11)))),
    ("R-P6", "BELOW_MIN_NOTIONAL", entry(instrument=replace(STOCK, min_notional=D("400.01")))),
    ("R-P11", "ACCOUNT_BLOCKED", entry(account=replace(EQUITY, trading_blocked=True))),
    ("R-P15", "SOURCE_DISABLED", entry(source_mode=RiskMode.DISABLED)),
    (
        "R-P18",
        "SELF_MATCH",
        entry(open_orders=(resting(side=Side.SELL, order_type=OrderType.MARKET, limit_price=None),)),
    ),
    ("R-P18", "SELF_MATCH", entry(order=MARKET, open_orders=(resting(side=Side.SELL, limit_price=D("40.41")),))),
    (
        "R-P18",
        "SELF_MATCH",
        leaving(
            order=exit_order(order_type=OrderType.MARKET, limit_price=None),
            open_orders=(resting(limit_price=D("39.60")),),
        ),
    ),
    ("R-P19", "ACCOUNT_HALTED", entry(account_mode=RiskMode.HALTED)),
    ("R-P19", "ACCOUNT_REDUCE_ONLY", entry(account_mode=RiskMode.REDUCE_ONLY)),
    ("R-P21", "UNKNOWN_ORDER", entry(unknown_in_symbol=True)),
    (
        "R-P22",
        "WOULD_FLIP",
        leaving(open_orders=(resting(side=Side.SELL, role=OrderRole.EXIT, reduce_only=True, leaves_quantity=D(1)),)),
    ),
    ("R-P23", "NOT_REDUCING", leaving(position=D(0))),
    ("R-P23", "NOT_REDUCING", leaving(position=D(-10))),
    ("R-P27", "LEASE_LOST", entry(engine=EngineFacts(False, True, True))),
    ("R-P27", "EPOCH_STALE", entry(engine=EngineFacts(True, False, True))),
    ("R-P27", "BUILD_MISMATCH", entry(engine=EngineFacts(True, True, False))),
    ("R-B8", "UNSUPPORTED_BY_BROKER", entry(capabilities=replace(VENUE, asset_classes=frozenset({AssetClass.CRYPTO})))),
    ("R-B8", "UNSUPPORTED_BY_BROKER", entry(capabilities=replace(VENUE, order_types=frozenset({OrderType.MARKET})))),
    ("R-B8", "UNSUPPORTED_BY_BROKER", entry(capabilities=replace(VENUE, time_in_force=frozenset({TimeInForce.GTC})))),
    (
        "R-B8",
        "UNSUPPORTED_BY_BROKER",
        entry(capabilities=replace(VENUE, extended_hours=False), order=order(extended_hours=True)),
    ),
    (
        "R-B8",
        "SHORT_NOT_SUPPORTED",
        entry(capabilities=replace(VENUE, short_selling=False), order=order(side=Side.SELL)),
    ),
    ("R-X6", "USER_HALTED", entry(user_mode=RiskMode.HALTED)),
    ("R-X6", "USER_REDUCE_ONLY", entry(user_mode=RiskMode.REDUCE_ONLY)),
]


@pytest.mark.parametrize(("rule", "code", "facts"), REFUSALS, ids=lambda v: v if isinstance(v, str) else "")
def test_rule_refuses_with_its_code(rule: str, code: str, facts: RiskInput) -> None:
    verdict = evaluate(facts)

    check = check_of(verdict, rule)
    assert (check.outcome, check.code) == (REFUSE, code)
    assert not verdict.approved
    assert code in verdict.reasons


NO_VOLUME = quoted(adv=None)
PART_OF_COUNTS = {
    "account_messages_10s": "R-P14",
    "account_messages_60s": "R-P14",
    "source_messages_60s": "R-P14",
    "broker_messages_60s": "R-P14",
    "repeat_fills_5min": "R-P15",
    "repeat_fills_today": "R-P15",
    "orders_today": "R-P16",
    "source_rejects_60s": "R-P20",
    "account_rejects_5min": "R-P20",
}

MISSING: list[tuple[str, RiskInput]] = [
    ("R-P1", entry(kills=None)),
    ("R-P3", entry(signal_at=None)),
    ("R-P4", entry(deduplicated=None)),
    ("R-P4", entry(deduplicated=False)),
    ("R-P5", entry(instrument=None)),
    ("R-P5", entry(instrument=replace(STOCK, symbol="MSFT"))),
    ("R-P5", entry(quote=None)),
    ("R-P5", entry(quote=quoted(session_open=None))),
    ("R-P6", entry(instrument=None)),
    ("R-P6", entry(order=MARKET, quote=None, instrument=replace(STOCK, min_notional=D(1)))),
    ("R-P7", entry(account=None)),
    ("R-P7", entry(order=MARKET, quote=None)),
    ("R-P7", entry(instrument=None)),
    ("R-P7", entry(instrument=replace(STOCK, currency="EUR"))),
    ("R-P7", entry(account=worth("NaN"))),
    ("R-P8", entry(instrument=None)),
    ("R-P8", entry(quote=None)),
    ("R-P8", entry(quote=NO_VOLUME)),
    ("R-P9", entry(quote=None)),
    ("R-P9", entry(quote=quoted(bid=D(41)))),
    ("R-P9", entry(quote=quoted(bid=D(0)))),
    ("R-P9", entry(quote=quoted(ask=D("NaN")))),
    ("R-P9", entry(quote=quoted(at=NOW + timedelta(seconds=6)))),
    ("R-P9", entry(instrument=None)),
    ("R-P10", entry(order=MARKET, quote=None)),
    ("R-P11", entry(account=None)),
    ("R-P11", entry(position=None)),
    ("R-P11", entry(open_orders=None)),
    ("R-P11", entry(open_orders=(resting(notional=None),))),
    ("R-P11", leaving(position=None)),
    ("R-P12", entry(account=None)),
    ("R-P12", entry(positions=None)),
    ("R-P12", entry(position=None)),
    ("R-P12", entry(open_orders=None)),
    ("R-P12", entry(position=D(5))),
    ("R-P12", entry(quote=None, order=MARKET)),
    ("R-P13", entry(open_orders=None)),
    ("R-P14", entry(capabilities=None)),
    *[(rule, entry(counters=counted(**{name: None}))) for name, rule in PART_OF_COUNTS.items()],
    ("R-P15", entry(source_mode=None)),
    ("R-P17", entry(recent_orders=None)),
    ("R-P18", entry(open_orders=None)),
    ("R-P18", entry(order=MARKET, quote=None, open_orders=(resting(side=Side.SELL),))),
    ("R-P19", entry(account=None)),
    ("R-P19", entry(account_mode=None)),
    ("R-P19", entry(account=replace(EQUITY, day_start_equity=D(0)))),
    ("R-P19", entry(account=replace(EQUITY, peak_equity=D(0)))),
    ("R-P21", entry(reconciled_at=None)),
    ("R-P21", entry(open_breaks=None)),
    ("R-P21", entry(unknown_in_symbol=None)),
    ("R-P22", entry(parent=None)),
    ("R-P22", leaving(position=None)),
    ("R-P22", leaving(open_orders=None)),
    ("R-P23", leaving(position=None)),
    # A limit set whose time cannot be compared is as unusable as one that is not there.
    ("R-P25", entry(limits=limited(effective_at=NOW.replace(tzinfo=None)))),
    ("R-P26", entry(database_clock_offset=None)),
    ("R-P26", entry(venue_clock_offset=None)),
    ("R-P27", entry(engine=EngineFacts())),
    ("R-P27", entry(engine=EngineFacts(True, None, True))),
    ("R-P27", entry(engine=EngineFacts(True, True, None))),
    ("R-B8", entry(capabilities=None)),
    ("R-B8", entry(instrument=None)),
    ("R-B8", entry(capabilities=replace(VENUE, short_selling=False), order=order(side=Side.SELL), position=None)),
    ("R-X6", entry(user_equity=None)),
    ("R-X6", entry(user_mode=None)),
    ("R-X7", entry(account=None)),
    ("R-X7", entry(positions=None)),
    ("R-X7", entry(position=None)),
    ("R-X7", entry(open_orders=None)),
]


@pytest.mark.parametrize(("rule", "facts"), MISSING, ids=lambda v: v if isinstance(v, str) else "")
def test_rule_without_its_fact_refuses(rule: str, facts: RiskInput) -> None:
    verdict = evaluate(facts)

    check = check_of(verdict, rule)
    assert (check.outcome, check.code) == (Outcome.UNAVAILABLE, RISK_UNAVAILABLE)
    assert check.detail
    assert not verdict.approved
    assert not verdict.held
    assert RISK_UNAVAILABLE in verdict.reasons


TABLE = {f"R-P{n}" for n in range(1, 29)} - {"R-P2", "R-P24"} | {"R-B8", "R-X6", "R-X7"}


def test_every_control_of_the_table_has_a_rule_with_tests_for_each_code() -> None:
    rules = {rule.id: rule for rule in (*RULES, P28)}
    tested = {(e.rule, e.code) for e in EDGES} | {(rule, code) for rule, code, _ in REFUSALS}

    assert rules.keys() == TABLE
    assert len(RULES) + 1 == len(rules)
    for rule in RULES:
        assert rule.codes
        assert rule.default
        assert "R-" in (rule.judge.__doc__ or "")
        assert {(rule.id, code) for code in rule.codes} <= tested
        assert rule.id in {name for name, _ in MISSING}


def test_codes_are_unique_to_their_rule_but_for_shared_ones() -> None:
    owners: dict[str, set[str]] = {}
    for rule in RULES:
        for code in rule.codes:
            owners.setdefault(code, set()).add(rule.id)

    assert {code for code, ids in owners.items() if len(ids) > 1} == {"QUOTE_STALE"}


def test_every_limit_belongs_to_a_rule() -> None:
    assert {field.rule for field in FIELDS.values()} <= TABLE


def test_entry_that_breaks_nothing_is_approved() -> None:
    for facts in (entry(), entry(order=MARKET), by_person(), leaving(), leaving(origin=by_person().origin)):
        verdict = evaluate(facts)

        assert verdict.approved, [check.text for check in verdict.refusals]
        assert verdict.config_hash == LIMITS.config_hash
