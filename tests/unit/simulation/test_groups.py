"""Brackets and OCO groups: one exit takes from the other, never both in full."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.simulation.sim_cases import START, build_engine, order, place, tick
from tradsy.simulation.matching import MatchingEngine
from tradsy.simulation.model import Refused, SimOrder, Status


def _bracket(engine: MatchingEngine, **more: str) -> list[SimOrder]:
    """Enter a bracket at 100 with exits at 110 and 90; returns entry, target, stop."""
    events = engine.submit(order("buy", take_profit="110", stop_loss="90", **more), START)
    return [e.order for e in events if e.kind == "new"]


def test_a_brackets_exits_wake_with_the_entry_and_one_cancels_the_other() -> None:
    engine = build_engine()
    entry, target, stop = _bracket(engine, kind="limit", limit_price="99")
    assert {target.status, stop.status} == {Status.HELD}
    engine.on_tick("ACME", tick("98"))
    assert (entry.status, target.status, stop.status) == (Status.FILLED, Status.NEW, Status.NEW)
    engine.on_tick("ACME", tick("89"))
    assert (stop.status, target.status, target.reason) == (Status.FILLED, Status.CANCELED, "oco")
    assert engine.accounts["A"].position("ACME").is_flat


def test_exits_follow_partial_fills_of_the_entry() -> None:
    engine = build_engine()
    entry, target, stop = _bracket(engine, max_fill="4")
    assert (entry.cumulative, target.leaves, stop.leaves) == (Decimal(4), Decimal(4), Decimal(4))
    engine.cancel(entry.order_id, START)
    engine.on_tick("ACME", tick("111"))
    assert target.cumulative == 4
    assert {target.status, stop.status} == {Status.CANCELED}
    assert engine.accounts["A"].position("ACME").is_flat


def test_canceling_an_unfilled_entry_takes_its_exits_with_it() -> None:
    engine = build_engine()
    entry, target, stop = _bracket(engine, kind="limit", limit_price="95")
    engine.cancel(entry.order_id, START)
    assert [o.status for o in (entry, target, stop)] == [Status.CANCELED] * 3
    assert (target.reason, stop.reason) == ("parent", "parent")


def test_canceling_one_exit_leaves_the_other() -> None:
    engine = build_engine()
    _, target, stop = _bracket(engine)
    engine.cancel(target.order_id, START)
    assert (target.status, stop.status) == (Status.CANCELED, Status.NEW)


def test_a_partial_fill_of_one_reduces_the_other() -> None:
    engine = build_engine()
    place(engine, "buy", "10")
    target = place(engine, "sell", "10", kind="limit", limit_price="110", reduce_only=True, oco_group="g", max_fill="3")
    stop = place(engine, "sell", "10", kind="stop", stop_price="90", reduce_only=True, oco_group="g")
    engine.on_tick("ACME", tick("111"))
    assert (target.cumulative, stop.leaves, stop.status) == (Decimal(3), Decimal(7), Status.NEW)
    engine.on_tick("ACME", tick("89"))
    assert (stop.cumulative, stop.status, target.status) == (Decimal(7), Status.CANCELED, Status.CANCELED)
    assert engine.accounts["A"].position("ACME").is_flat


def test_a_whole_fill_cancels_the_others_whatever_their_size() -> None:
    engine = build_engine()
    place(engine, "buy", "10")
    small = place(engine, "sell", "4", kind="limit", limit_price="110", oco_group="g")
    large = place(engine, "sell", "10", kind="stop", stop_price="90", oco_group="g")
    engine.on_tick("ACME", tick("111"))
    assert (small.status, large.status) == (Status.FILLED, Status.CANCELED)


def test_an_exit_is_not_replaced_while_its_entry_may_still_fill() -> None:
    engine = build_engine()
    entry, target, stop = _bracket(engine, max_fill="4")
    terms = replace(stop.terms, stop_price=Decimal(95))
    with pytest.raises(Refused):
        engine.replace(stop.order_id, terms, None, START)
    assert (stop.status, stop.leaves, target.leaves) == (Status.NEW, Decimal(4), Decimal(4))
    engine.cancel(entry.order_id, START)
    assert engine.replace(stop.order_id, replace(terms, quantity=Decimal(4)), None, START)


def test_a_replaced_exit_stays_in_its_group() -> None:
    engine = build_engine()
    _, target, stop = _bracket(engine)
    terms = replace(stop.terms, stop_price=Decimal(95))
    moved = engine.replace(stop.order_id, terms, None, START)[1].order
    assert moved.oco_group == target.oco_group
    engine.on_tick("ACME", tick("94"))
    assert (moved.status, target.status) == (Status.FILLED, Status.CANCELED)
