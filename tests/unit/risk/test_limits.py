"""Limits: layers only tighten, and everybody can see which layer bound."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.risk.risk_cases import MARKET, NOW, QUOTE
from tradsy.domain.instruments import AssetClass
from tradsy.domain.orders import OrderType, Side, TimeInForce
from tradsy.risk.limits import (
    FIELDS,
    PLATFORM_CAPS,
    STARTING_LIMITS,
    EffectiveLimits,
    Layer,
    LimitSet,
    Scope,
    Tolerance,
    combine,
    is_raise,
    tightest,
)
from tradsy.risk.rules.price import protect_market_order

D = Decimal
PERSON = Layer(Scope.USER, STARTING_LIMITS[Tolerance.MODERATE])


def values(limits: EffectiveLimits) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in FIELDS}


def test_moderate_starting_limits_are_the_table() -> None:
    assert values(combine((PERSON,))) == values(EffectiveLimits(any_symbol=True))


def test_without_layers_the_table_holds_and_a_symbol_list_is_required() -> None:
    assert values(combine(())) == values(EffectiveLimits())


def test_defaults_are_those_of_the_table() -> None:
    table = EffectiveLimits()

    assert (table.max_order_notional, table.max_order_equity_fraction) == (5_000, D("0.15"))
    assert (table.order_notional_soft_factor, table.hard_order_notional) == (2, 100_000)
    assert (table.max_order_shares, table.max_order_contracts) == (1_000, 10)
    assert (table.max_adv_fraction, table.warn_adv_fraction) == (D("0.01"), D("0.001"))
    assert (table.max_spread, table.market_protection, table.buying_power_fraction) == (D("0.02"), D("0.01"), D("0.95"))
    assert (table.max_gross_exposure, table.max_symbol_exposure, table.max_open_order_exposure) == (1, D("0.15"), 1)
    assert (table.max_open_orders, table.max_open_orders_per_side) == (50, 10)
    assert (table.messages_10s, table.messages_60s, table.source_messages_60s) == (10, 60, 20)
    assert (table.repeat_fills_5min, table.repeat_fills_day) == (5, 20)
    assert table.max_orders_per_day * table.orders_per_day_soft_factor == 300
    assert table.hard_orders_per_day == 1_000
    assert (table.daily_loss_reduce_only, table.daily_loss_halt, table.drawdown_halt) == (
        D("0.02"),
        D("0.05"),
        D("0.1"),
    )
    assert (table.source_rejects_60s, table.account_rejects_5min) == (5, 20)
    assert (table.max_position_fraction, table.max_positions, table.min_account_equity) == (D("0.15"), 10, 1_000)
    assert {name: value.total_seconds() for name, value in values(table).items() if isinstance(value, timedelta)} == {
        "signal_age_market": 30,
        "signal_age_limit": 120,
        "signal_future": 5,
        "collar_quote_age": 15,
        "market_quote_age": 5,
        "account_snapshot_age": 60,
        "duplicate_window": 10,
        "reconcile_age": 120,
        "clock_warn": 0.5,
        "clock_refuse": 2,
        "evaluation_budget": 0.25,
    }


@pytest.mark.parametrize("tolerance", Tolerance)
def test_starting_limits_stay_within_the_platform(tolerance: Tolerance) -> None:
    for name, value in STARTING_LIMITS[tolerance].given().items():
        cap = getattr(PLATFORM_CAPS, name)
        assert cap is None or tightest(name, cap, value) == value


def test_conservative_is_tighter_than_moderate_in_all_it_sets() -> None:
    conservative, moderate = (combine((Layer(Scope.USER, STARTING_LIMITS[t]),)) for t in list(Tolerance)[:2])

    for name in FIELDS:
        mine, theirs = getattr(conservative, name), getattr(moderate, name)
        assert theirs is None or tightest(name, mine, theirs) == mine


def test_tightest_layer_binds_and_is_named() -> None:
    limits = combine(
        (
            PERSON,
            Layer(Scope.SOURCE, LimitSet(max_order_notional=D(3_000), max_open_orders=80)),
            Layer(Scope.ACCOUNT, LimitSet(max_order_notional=D(2_000), duplicate_window=timedelta(seconds=20))),
            Layer(Scope.OPERATOR, LimitSet(max_positions=4)),
        )
    )

    assert (limits.max_order_notional, limits.max_positions, limits.max_open_orders) == (2_000, 4, 50)
    assert limits.duplicate_window == timedelta(seconds=20)
    bound = limits.provenance()
    assert bound["max_order_notional"] is Scope.ACCOUNT
    assert bound["max_positions"] is Scope.OPERATOR
    assert bound["max_open_orders"] is Scope.PLATFORM
    assert bound["any_symbol"] is Scope.USER
    assert "allowed_symbols" not in bound


def test_user_raise_stops_at_the_platform_cap() -> None:
    wide = LimitSet(max_order_notional=D(10**6), max_orders_per_day=10**6, max_spread=D(1), reconcile_age=timedelta(1))
    limits = combine((Layer(Scope.USER, wide),))

    assert limits.max_order_notional == 100_000
    assert limits.max_orders_per_day == 1_000
    assert (limits.max_spread, limits.reconcile_age) == (D("0.02"), timedelta(seconds=120))


def test_user_layer_that_is_silent_keeps_its_starting_values() -> None:
    limits = combine((Layer(Scope.USER, LimitSet(max_positions=3)),))

    assert (limits.max_positions, limits.max_order_notional, limits.any_symbol) == (3, 5_000, False)


def test_symbol_lists_intersect() -> None:
    limits = combine(
        (
            Layer(Scope.USER, LimitSet(allowed_symbols=frozenset({"AAPL", "MSFT"}))),
            Layer(Scope.SOURCE, LimitSet(allowed_symbols=frozenset({"MSFT", "TSLA"}))),
        )
    )

    assert limits.allowed_symbols == {"MSFT"}
    assert limits.provenance()["allowed_symbols"] is Scope.SOURCE


@pytest.mark.parametrize(
    ("granted", "expected"),
    [((), False), ((True,), True), ((True, False), False), ((None, True), True), ((False, True), False)],
)
def test_trading_without_a_list_needs_a_grant_and_no_denial(granted: tuple[bool | None, ...], expected: bool) -> None:
    scopes = (Scope.USER, Scope.ACCOUNT)
    layers = tuple(Layer(scope, LimitSet(any_symbol=g)) for scope, g in zip(scopes, granted, strict=False))

    assert combine(layers).any_symbol is expected


def test_symbol_limits_tighten_their_symbol_alone() -> None:
    own = LimitSet(by_symbol=(("TSLA", LimitSet(max_order_notional=D(100))),))
    layers = (PERSON, Layer(Scope.ACCOUNT, own))

    assert combine(layers, "TSLA").max_order_notional == 100
    assert combine(layers, "TSLA").provenance()["max_order_notional"] is Scope.SYMBOL
    assert combine(layers, "AAPL").max_order_notional == 5_000
    assert combine(layers).max_order_notional == 5_000


def test_user_row_without_symbols_keeps_those_of_its_base() -> None:
    base = LimitSet(by_symbol=(("TSLA", LimitSet(max_positions=1)),))

    assert LimitSet(max_positions=2).over(base).by_symbol == base.by_symbol


def test_limits_come_into_force_with_their_youngest_layer() -> None:
    layers = (Layer(Scope.USER, LimitSet(), NOW), Layer(Scope.ACCOUNT, LimitSet(), NOW + timedelta(minutes=1)))

    assert combine(layers).effective_at == NOW + timedelta(minutes=1)


def test_hash_changes_with_any_value_and_with_nothing_else() -> None:
    base = combine((PERSON,))

    assert combine((PERSON, Layer(Scope.ACCOUNT, LimitSet(), NOW))).config_hash == base.config_hash
    assert combine((PERSON, Layer(Scope.ACCOUNT, LimitSet(max_positions=9)))).config_hash != base.config_hash
    assert len(base.config_hash) == 64


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("max_order_notional", D(10), D(11), True),
        ("max_order_notional", D(10), D(9), False),
        ("max_order_notional", D(10), D(10), False),
        ("max_order_notional", D(10), None, True),
        ("max_order_notional", None, D(10), False),
        ("min_account_equity", D(2_000), D(1_500), True),
        ("min_account_equity", D(1_000), D(1_500), False),
        ("allowed_symbols", frozenset({"A"}), frozenset({"A", "B"}), True),
        ("allowed_symbols", frozenset({"A", "B"}), frozenset({"A"}), False),
        ("allowed_symbols", frozenset({"A"}), frozenset({"B"}), True),
        ("any_symbol", None, True, True),
        ("any_symbol", False, True, True),
        ("any_symbol", True, False, False),
        ("any_symbol", True, None, False),
    ],
)
def test_raise_is_whatever_loosens(name: str, old: Any, new: Any, expected: bool) -> None:
    assert is_raise(name, old, new) is expected


amounts = st.none() | st.integers(1, 200_000).map(Decimal)
sets = st.builds(
    LimitSet,
    max_order_notional=amounts,
    min_account_equity=amounts,
    max_positions=st.none() | st.integers(1, 20),
    asset_classes=st.none() | st.frozensets(st.sampled_from(AssetClass)),
    any_symbol=st.none() | st.booleans(),
)


@given(sets, sets)
def test_a_further_layer_never_loosens(user: LimitSet, account: LimitSet) -> None:
    user = replace(user, any_symbol=True)
    before = combine((Layer(Scope.USER, user),))
    after = combine((Layer(Scope.USER, user), Layer(Scope.ACCOUNT, account)))

    for name in set(FIELDS) - {"allowed_symbols"}:
        assert tightest(name, getattr(before, name), getattr(after, name)) == getattr(after, name)


LIMITS = EffectiveLimits()


@pytest.mark.parametrize(
    ("side", "tick", "price"),
    [
        (Side.BUY, "0.01", "40.41"),
        (Side.SELL, "0.01", "39.60"),
        (Side.BUY, "0.25", "40.25"),
        (Side.SELL, "0.25", "39.75"),
        (Side.BUY, "5", "45"),
        (Side.SELL, "5", "35"),
    ],
)
def test_market_order_becomes_a_limit_within_one_percent(side: Side, tick: str, price: str) -> None:
    sent = protect_market_order(replace(MARKET, side=side), QUOTE, LIMITS, tick_size=D(tick))

    assert (sent.order_type, sent.limit_price) == (OrderType.LIMIT, D(price))
    assert (sent.quantity, sent.time_in_force) == (MARKET.quantity, MARKET.time_in_force)


@given(st.sampled_from(Side), st.integers(100, 10**6), st.sampled_from(["0.01", "0.05", "0.25", "0.00001"]))
def test_protected_price_reaches_the_touch(side: Side, cents: int, tick: str) -> None:
    bid = D(cents) / 100
    quote = replace(QUOTE, bid=bid, ask=bid + D("0.01"))
    price = protect_market_order(replace(MARKET, side=side), quote, LIMITS, tick_size=D(tick)).limit_price

    assert price is not None
    assert price % D(tick) == 0
    assert price >= quote.ask if side is Side.BUY else price <= quote.bid


@pytest.mark.parametrize(
    "change", [{"order_type": OrderType.LIMIT, "limit_price": D(1)}, {"time_in_force": TimeInForce.CLS}]
)
def test_other_orders_are_left_as_they_are(change: dict[str, Any]) -> None:
    terms = replace(MARKET, **change)

    assert protect_market_order(terms, QUOTE, LIMITS) is terms
