"""What a plan comes to on one account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.execution.samples import BTC, QUOTE, D, plan
from tradsy.domain.market import Quote
from tradsy.domain.orders import OrderRole, OrderType, Side
from tradsy.execution.draft import (
    CancelOrders,
    Draft,
    DraftRefused,
    MoveExits,
    draft_exits,
    draft_order,
    expected_price,
)
from tradsy.follows.model import Action, ExitPolicy, LevelUnit, PriceLevel, QuantityUnit, SizingMode, StopLevel
from tradsy.follows.plans import ApprovedPlan

DEFAULTS: dict[str, Any] = {
    "instrument": BTC,
    "quote": QUOTE,
    "equity": D(100_000),
    "held": D(0),
    "has_open_entries": False,
}


def draft(approved: ApprovedPlan, **known: Any) -> Draft | CancelOrders | MoveExits | DraftRefused:
    return draft_order(approved, **{**DEFAULTS, **known})


def drafted(approved: ApprovedPlan, **known: Any) -> Draft:
    result = draft(approved, **known)
    assert isinstance(result, Draft)
    return result


def refused(approved: ApprovedPlan, **known: Any) -> DraftRefused:
    result = draft(approved, **known)
    assert isinstance(result, DraftRefused)
    return result


def test_cancel_names_its_symbol_or_none() -> None:
    assert draft(plan(Action.CANCEL)) == CancelOrders("BTC/USD")
    assert draft(plan(Action.CANCEL, symbol=None)) == CancelOrders(None)


def test_what_only_a_person_can_complete_is_held() -> None:
    result = refused(plan(symbol=None))
    verdict = result.verdict("hash")
    assert result.code == "SYMBOL_MISSING"
    assert (verdict.held, verdict.approved, verdict.soft) == (True, False, ("SYMBOL_MISSING",))


def move(**intent: Any) -> ApprovedPlan:
    return plan(Action.UPDATE, **intent)


LONG: dict[str, Any] = {"held": D(5), "average_price": D(90)}


@pytest.mark.parametrize(
    ("stop", "known", "price"),
    [
        (StopLevel(D("95.04")), LONG, "95.0"),
        # It may have passed the entry by then, but never the market.
        (StopLevel(D(85)), LONG, "85.0"),
        (StopLevel(D(0), LevelUnit.BREAKEVEN), LONG, "90.0"),
        (StopLevel(D(10), LevelUnit.PERCENT), LONG, "81.0"),
        (StopLevel(D(110)), {"held": D(-5), "average_price": D(120)}, "110.0"),
        (StopLevel(D(0), LevelUnit.BREAKEVEN), {"held": D(-5), "average_price": D(120)}, "120.0"),
    ],
)
def test_stop_is_moved_by_what_is_held(stop: StopLevel, known: dict[str, Any], price: str) -> None:
    moved = draft(move(stop_loss=stop), **known)
    assert isinstance(moved, MoveExits)
    assert (moved.stop, moved.side) == (D(price), Side.BUY if known["held"] > 0 else Side.SELL)
    assert moved.apply() == ({"stop": f"{D(price).normalize():f}"}, ["trail_amount"])


def test_targets_and_trailing_stops_are_moved_and_what_is_not_named_stays() -> None:
    targets = (PriceLevel(D(130)), PriceLevel(D(20), LevelUnit.PERCENT))
    moved = draft(move(take_profits=targets), **LONG)
    assert isinstance(moved, MoveExits)
    assert moved.apply() == ({"targets": ["108", "130"]}, [])
    trailing = draft(move(stop_loss=StopLevel(D(3), LevelUnit.AMOUNT, trailing=True)), **LONG)
    assert isinstance(trailing, MoveExits)
    assert trailing.apply() == ({"stop": "87", "trail_amount": "3"}, [])


@pytest.mark.parametrize(
    ("intent", "known", "code"),
    [
        ({"stop_loss": StopLevel(D(95))}, {}, "NO_POSITION"),
        ({"stop_loss": StopLevel(D(95))}, {**LONG, "quote": None}, "SIZE_PRICE_UNKNOWN"),
        ({"stop_loss": StopLevel(D(95))}, {**LONG, "instrument": None}, "SYMBOL_UNKNOWN"),
        ({"stop_loss": StopLevel(D("99.9"))}, LONG, "STOP_WRONG_SIDE"),
        ({"stop_loss": StopLevel(D("100.1"))}, {"held": D(-5), "average_price": D(120)}, "STOP_WRONG_SIDE"),
        ({"stop_loss": StopLevel(D(0), LevelUnit.BREAKEVEN)}, {**LONG, "average_price": D(120)}, "STOP_WRONG_SIDE"),
        ({"take_profits": (PriceLevel(D(80)),)}, LONG, "TARGET_WRONG_SIDE"),
        ({"take_profits": (PriceLevel(D(2), LevelUnit.RISK),)}, LONG, "TARGET_NEEDS_STOP"),
        ({}, LONG, "SIGNAL_EXITS_OFF"),
    ],
)
def test_move_that_cannot_be_made_is_refused(intent: dict[str, Any], known: dict[str, Any], code: str) -> None:
    result = refused(move(**intent), **known)
    assert (result.code, result.hold) == (code, False)


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        (ExitPolicy(use_signal_exits=False), None),
        (ExitPolicy(stop=StopLevel(D(5), LevelUnit.PERCENT)), {"targets": ["130"]}),
        (ExitPolicy(targets=(PriceLevel(D(9), LevelUnit.PERCENT),)), {"stop": "95"}),
    ],
)
def test_exits_of_the_follow_are_not_moved_by_a_signal(policy: ExitPolicy, left: dict[str, Any] | None) -> None:
    approved = replace(move(stop_loss=StopLevel(D(95)), take_profits=(PriceLevel(D(130)),)), exit_policy=policy)
    result = draft(approved, **LONG)
    if left is None:
        assert isinstance(result, DraftRefused)
        assert result.code == "SIGNAL_EXITS_OFF"
    else:
        assert isinstance(result, MoveExits)
        assert result.apply()[0] == left


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"instrument": None}, "SYMBOL_UNKNOWN"),
        ({"equity": None}, "EQUITY_UNKNOWN"),
        ({"quote": None}, "SIZE_PRICE_UNKNOWN"),
    ],
)
def test_entry_without_what_it_is_sized_by_is_refused(known: dict[str, Any], code: str) -> None:
    verdict = refused(plan(), **known).verdict("hash")
    assert (verdict.reasons, verdict.held, verdict.config_hash) == ((code,), False, "hash")


def test_entry_takes_its_prices_from_the_message_on_the_tick() -> None:
    order = drafted(plan(order_type=OrderType.STOP_LIMIT, stop_price=D("101.04"), limit_price=D("101.26")))
    assert (order.terms.stop_price, order.terms.limit_price) == (D("101.0"), D("101.3"))
    assert (order.terms.quantity, order.parent_quantity, order.role) == (10, 10, OrderRole.ENTRY)
    # A price that the type does not use is not sent.
    market = drafted(plan(limit_price=D(101)))
    assert (market.terms.order_type, market.terms.limit_price) == (OrderType.MARKET, None)


def test_entry_carries_its_exits() -> None:
    levels = (PriceLevel(D(10), LevelUnit.PERCENT), PriceLevel(D(5), LevelUnit.PERCENT))
    order = drafted(plan(stop_loss=StopLevel(D(5), LevelUnit.PERCENT), take_profits=levels))
    assert order.exits == {"targets": ["105.1", "110.1"], "stop": "95.1"}
    trailing = drafted(plan(stop_loss=StopLevel(D(3), LevelUnit.AMOUNT, trailing=True)))
    assert trailing.exits == {"targets": [], "stop": "97.1", "trail_amount": "3"}
    short = drafted(plan(Action.OPEN_SHORT, stop_loss=StopLevel(D(5), LevelUnit.PERCENT)))
    assert (short.terms.side, short.exits) == (Side.SELL, {"targets": [], "stop": "104.9"})
    assert drafted(plan()).exits is None


def test_sizing_that_fails_tells_its_numbers() -> None:
    small = replace(plan(), sizing_mode=SizingMode.FIXED_QUANTITY, sizing_value=D("0.001"))
    result = refused(small)
    assert (result.code, result.numbers["min_quantity"]) == ("SIZE_BELOW_MIN_QUANTITY", "0.01")
    assert "min_quantity 0.01" in result.verdict("hash").checks[0].text


@pytest.mark.parametrize(
    ("action", "held", "side"),
    [
        (Action.CLOSE, "5", Side.SELL),
        (Action.CLOSE, "-5", Side.BUY),
        (Action.CLOSE_LONG, "5", Side.SELL),
        (Action.CLOSE_SHORT, "-5", Side.BUY),
    ],
)
def test_close_stands_against_the_position_and_takes_no_more(action: Action, held: str, side: Side) -> None:
    order = drafted(plan(action, quantity=D(50)), held=D(held))
    assert (order.terms.side, order.terms.quantity, order.terms.reduce_only) == (side, 5, True)
    assert (order.role, order.parent_quantity, order.cancel_symbol) == (OrderRole.EXIT, 5, "BTC/USD")


@pytest.mark.parametrize(("action", "held"), [("close", "0"), ("close_long", "-5"), ("close_short", "5")])
def test_close_without_its_position_cancels_entries_or_is_refused(action: str, held: str) -> None:
    leave = plan(Action(action))
    assert draft(leave, held=D(held), has_open_entries=True) == CancelOrders("BTC/USD")
    assert refused(leave, held=D(held)).code == "NO_POSITION"


def test_close_without_a_price_is_refused() -> None:
    assert refused(plan(Action.CLOSE), held=D(5), quote=None).code == "SIZE_PRICE_UNKNOWN"


def test_reversing_signal_only_leaves() -> None:
    order = drafted(plan(close_opposite=True), held=D(-4))
    assert (order.terms.side, order.terms.quantity, order.role) == (Side.BUY, 4, OrderRole.EXIT)
    assert drafted(plan(close_opposite=True), held=D(4)).role is OrderRole.ENTRY


def test_close_measured_by_equity_is_refused() -> None:
    result = refused(plan(Action.REDUCE, quantity_unit=QuantityUnit.RISK_CASH), held=D(5))
    assert result.code == "SIZE_EXIT_UNIT"


def test_price_to_size_by() -> None:
    intent = plan().intent
    assert expected_price(intent, Side.BUY, QUOTE) == QUOTE.ask
    assert expected_price(intent, Side.SELL, QUOTE) == QUOTE.bid
    assert expected_price(intent, Side.SELL, None) == 0
    assert expected_price(replace(intent, stop_price=D(7)), Side.BUY, QUOTE) == 7
    assert expected_price(replace(intent, stop_price=D(7), limit_price=D(8)), Side.BUY, None) == 8


def test_quote_without_prices_is_no_price() -> None:
    empty = Quote("BTC/USD", D(0), D(0), D(0), QUOTE.at)
    assert refused(plan(), quote=empty).code == "SIZE_PRICE_UNKNOWN"


LOTS = st.integers(1, 100_000).map(lambda lots: Decimal(lots) / 100)


@given(quantity=LOTS, targets=st.integers(0, 5), stop=st.booleans(), pair=st.booleans())
def test_exits_cover_the_fill_exactly(quantity: Decimal, targets: int, stop: bool, pair: bool) -> None:
    exits: dict[str, Any] = {"targets": [str(110 + n) for n in range(targets)]}
    if stop:
        exits["stop"] = "90"
    legs = draft_exits(symbol="BTC/USD", entry_side=Side.BUY, quantity=quantity, exits=exits, instrument=BTC, pair=pair)
    stops = [leg for leg in legs if leg.role is OrderRole.STOP]
    takes = [leg for leg in legs if leg.role is OrderRole.TARGET]
    assert sum((leg.terms.quantity for leg in stops), D(0)) == (quantity if stop else 0)
    # Two orders that could both fill would turn the position round: without pairs the stop stands alone.
    alone = stop and not pair
    assert sum((leg.terms.quantity for leg in takes), D(0)) == (quantity if targets and not alone else 0)
    for leg in legs:
        assert (leg.terms.side, leg.terms.reduce_only) == (Side.SELL, True)
        assert leg.terms.quantity > 0
        assert leg.terms.quantity % BTC.lot_size == 0
    if stop and takes:
        assert [leg.group for leg in stops] == [leg.group for leg in takes]
        assert [leg.terms.quantity for leg in stops] == [leg.terms.quantity for leg in takes]


def test_less_than_a_lot_for_each_target_stays_whole() -> None:
    legs = draft_exits(
        symbol="BTC/USD",
        entry_side=Side.SELL,
        quantity=D("0.02"),
        exits={"targets": ["90", "80", "70"], "stop": "110", "trail_amount": "10"},
        instrument=BTC,
        pair=True,
    )
    assert [(leg.role, leg.terms.order_type, leg.terms.quantity, leg.terms.side) for leg in legs] == [
        (OrderRole.STOP, OrderType.TRAILING_STOP, D("0.02"), Side.BUY),
        (OrderRole.TARGET, OrderType.LIMIT, D("0.02"), Side.BUY),
    ]
    assert (legs[0].terms.trail_amount, legs[0].terms.stop_price) == (10, None)
