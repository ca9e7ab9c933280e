"""Limits as JSON, changes of a layer parted, and the reference page."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.instruments import AssetClass
from tradsy.risk.catalogue import render_reference
from tradsy.risk.changes import USER_BASE, split_change
from tradsy.risk.codec import effective_to_json, limits_from_json, limits_to_json
from tradsy.risk.errors import LimitInvalid
from tradsy.risk.limits import FIELDS, PLATFORM_CAPS, EffectiveLimits, LimitSet, Scope, is_raise, tightest
from tradsy.risk.schemas import LayerValues, LimitValues
from tradsy.risk.service import TOLERANCES

D = Decimal
amounts = st.integers(0, 10**9).map(lambda cents: D(cents) / 100)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    Decimal: amounts,
    timedelta: st.integers(0, 10**12).map(lambda us: timedelta(microseconds=us)),
    int: st.integers(0, 10**6),
    bool: st.booleans(),
    frozenset[str]: st.frozensets(st.sampled_from(["AAPL", "BRK.B", "BTC/USD", "ESZ26", "EURUSD"])),
    frozenset[AssetClass]: st.frozensets(st.sampled_from(AssetClass)),
}
HINTS = {
    name: next(part for part in typing.get_args(hint) if part is not types.NoneType)
    for name, hint in typing.get_type_hints(LimitSet).items()
    if name in FIELDS
}
plain_sets = st.builds(LimitSet, **{name: st.none() | VALUES[hint] for name, hint in HINTS.items()})


@st.composite
def any_limits(draw: st.DrawFn) -> LimitSet:
    """Any layer, with limits of up to two symbols."""
    own = {symbol: draw(plain_sets) for symbol in draw(st.sets(st.sampled_from(["AAPL", "BTC/USD"])))}
    return replace(draw(plain_sets), by_symbol=tuple(sorted(own.items())))


limit_sets = any_limits()


@given(limit_sets)
def test_limits_survive_json(limits: LimitSet) -> None:
    plain = limits_to_json(limits)

    assert limits_from_json(plain) == limits
    assert limits_from_json(LayerValues.model_validate(plain).model_dump(exclude_defaults=True)) == limits


def test_null_says_nothing() -> None:
    assert limits_from_json({"max_positions": None, "any_symbol": False}) == LimitSet(any_symbol=False)


def test_schema_has_every_limit() -> None:
    assert list(LimitValues.model_fields) == list(FIELDS)
    for name, field in LimitValues.model_fields.items():
        assert FIELDS[name].text in (field.description or "")


def test_effective_limits_as_json_hold_every_name() -> None:
    plain = effective_to_json(EffectiveLimits())

    assert list(plain) == list(FIELDS)
    assert (plain["max_order_notional"], plain["clock_warn"], plain["allowed_symbols"]) == ("5000", "0.5", None)


@pytest.mark.parametrize(
    ("plain", "limit"),
    [
        ({"no_such_limit": 1}, None),
        ({"by_symbol": {"AAPL": {"by_symbol": {}}}}, None),
        ({"by_symbol": []}, "by_symbol"),
        ({"by_symbol": {"AAPL": 1}}, "by_symbol"),
        ({"by_symbol": {7: {}}}, "by_symbol"),
        ({"max_positions": "3"}, "max_positions"),
        ({"max_positions": True}, "max_positions"),
        ({"any_symbol": 1}, "any_symbol"),
        ({"allowed_symbols": "AAPL"}, "allowed_symbols"),
        ({"asset_classes": "stock"}, "asset_classes"),
        ({"asset_classes": ["moon"]}, "asset_classes"),
        ({"max_order_notional": 1.5}, "max_order_notional"),
        ({"reconcile_age": "-1"}, "reconcile_age"),
    ],
)
def test_malformed_limits_are_refused_by_name(plain: dict[str, Any], limit: str | None) -> None:
    with pytest.raises(LimitInvalid) as refused:
        limits_from_json(plain)

    assert refused.value.context.get("limit") == limit


def in_force(scope: Scope, limits: LimitSet, name: str) -> Any:
    value = getattr(limits, name)
    return getattr(USER_BASE, name) if value is None and scope is Scope.USER else value


@given(st.sampled_from([Scope.USER, Scope.ACCOUNT]), limit_sets, limit_sets)
def test_what_holds_at_once_is_never_looser_than_before_or_after(scope: Scope, old: LimitSet, new: LimitSet) -> None:
    at_once = split_change(scope, old, new).at_once

    for name in FIELDS:
        now, before, after = (in_force(scope, limits, name) for limits in (at_once, old, new))
        assert not is_raise(name, before, now)
        if name not in split_change(scope, old, new).raised:
            assert now == after


@given(st.sampled_from([Scope.USER, Scope.ACCOUNT]), limit_sets)
def test_change_to_the_same_raises_nothing(scope: Scope, limits: LimitSet) -> None:
    split = split_change(scope, limits, limits)

    assert split.raised == ()
    assert {n: v for n, v in split.at_once.by_symbol if v.given()} == {n: v for n, v in limits.by_symbol if v.given()}
    assert split.at_once.given() == limits.given()


def test_removing_the_limits_of_a_symbol_is_a_raise() -> None:
    old = LimitSet(by_symbol=(("AAPL", LimitSet(max_positions=1)),))
    split = split_change(Scope.ACCOUNT, old, LimitSet())

    assert split.raised == ("AAPL.max_positions",)
    assert split.at_once.by_symbol == old.by_symbol


def test_every_cap_is_its_own_tightest() -> None:
    for name, cap in PLATFORM_CAPS.given().items():
        assert tightest(name, cap, cap) == cap


def test_onboardings_words_name_a_tolerance() -> None:
    assert set(TOLERANCES) == {"cautious", "balanced", "bold", "conservative", "moderate", "aggressive"}
    assert {field.name for field in fields(LimitSet)} - FIELDS.keys() == {"by_symbol"}


def test_reference_page_is_what_the_code_says() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "risk.md"

    assert page.read_text() == render_reference()
