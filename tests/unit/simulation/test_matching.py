"""Each kind of order against quotes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.simulation.sim_cases import FEES, START, build_engine, kinds, order, place, terms, tick
from tradsy.simulation.matching import EngineRules
from tradsy.simulation.model import MarketPhase, Reason, Refused, Status
from tradsy.simulation.pricing import Slippage
from tradsy.simulation.sessions import Session, SessionCalendar

SESSION = Session(START, START + timedelta(hours=6), START - timedelta(hours=2), START + timedelta(hours=8))
NEXT = Session(
    *(
        t + timedelta(days=1)
        for t in (SESSION.open_at, SESSION.close_at, SESSION.extended_open_at, SESSION.extended_close_at)
    )
)
CALENDAR = SessionCalendar([SESSION, NEXT])


def test_market_orders_take_the_touch() -> None:
    engine = build_engine()
    assert place(engine, "buy").average_price == Decimal("100.01")
    assert place(engine, "sell").average_price == Decimal("99.99")
    account = engine.accounts["A"]
    assert account.position("ACME").is_flat
    assert account.cash == Decimal("99999.80")


def test_a_limit_order_fills_at_the_market_on_arrival_and_at_its_limit_after_resting() -> None:
    engine = build_engine()
    assert place(engine, "buy", kind="limit", limit_price="105").average_price == Decimal("100.01")
    rests = place(engine, "buy", kind="limit", limit_price="95")
    assert rests.status is Status.NEW
    engine.on_tick("ACME", tick("95.00"))
    assert rests.status is Status.NEW
    engine.on_tick("ACME", tick("90"))
    assert (rests.status, rests.average_price) == (Status.FILLED, Decimal(95))


@pytest.mark.parametrize(("side", "stop", "through"), [("sell", "95", "94"), ("buy", "105", "106")])
def test_a_stop_triggers_on_the_last_price_and_takes_the_touch(side: str, stop: str, through: str) -> None:
    engine = build_engine()
    waiting = place(engine, side, kind="stop", stop_price=stop)
    assert (waiting.status, waiting.triggered) == (Status.NEW, False)
    engine.on_tick("ACME", tick(through))
    expected = Decimal(through) + (Decimal("0.01") if side == "buy" else Decimal("-0.01"))
    assert (waiting.status, waiting.average_price) == (Status.FILLED, expected)


def test_a_wide_quote_triggers_no_stop() -> None:
    engine = build_engine()
    waiting = place(engine, "sell", kind="stop", stop_price="95")
    engine.on_tick("ACME", tick("100", spread="20"))
    assert not waiting.triggered


def test_a_stop_limit_waits_for_its_limit_after_the_trigger() -> None:
    engine = build_engine()
    waiting = place(engine, "sell", kind="stop_limit", stop_price="95", limit_price="94")
    engine.on_tick("ACME", tick("93"))
    assert (waiting.triggered, waiting.status) == (True, Status.NEW)
    engine.on_tick("ACME", tick("94.50"))
    assert (waiting.status, waiting.average_price) == (Status.FILLED, Decimal(94))


@pytest.mark.parametrize(("trail", "level"), [({"trail_amount": "5"}, "115"), ({"trail_percent": "10"}, "108")])
def test_a_trailing_stop_follows_the_best_price_and_never_loosens(trail: dict[str, str], level: str) -> None:
    engine = build_engine()
    fields: dict[str, Any] = {"kind": "trailing_stop", **trail}
    trailing = place(engine, "sell", **fields)
    for last in ("110", "120", "117"):
        engine.on_tick("ACME", tick(last))
    assert trailing.status is Status.NEW
    above = str(Decimal(level) + Decimal("0.01"))
    engine.on_tick("ACME", tick(above))
    assert trailing.status is Status.NEW
    engine.on_tick("ACME", tick(level))
    assert trailing.status is Status.FILLED


def test_liquidity_and_max_fill_part_an_order_over_ticks() -> None:
    engine = build_engine()
    engine.on_tick("ACME", tick("100", liquidity="4"))
    parts = place(engine, "buy")
    assert (parts.status, parts.cumulative) == (Status.PARTIALLY_FILLED, Decimal(4))
    engine.on_tick("ACME", tick("100", liquidity="4"))
    engine.on_tick("ACME", tick("100", liquidity="4"))
    assert (parts.status, parts.cumulative) == (Status.FILLED, Decimal(10))
    capped = place(engine, "sell", max_fill="3")
    assert capped.cumulative == 3


def test_ioc_cancels_what_is_left_and_fok_fills_whole_or_not() -> None:
    engine = build_engine()
    engine.on_tick("ACME", tick("100", liquidity="4"))
    ioc = place(engine, "buy", tif="ioc")
    assert (ioc.status, ioc.cumulative, ioc.reason) == (Status.CANCELED, Decimal(4), "ioc")
    fok = place(engine, "buy", tif="fok")
    assert (fok.status, fok.cumulative, fok.reason) == (Status.CANCELED, Decimal(0), "fok")
    assert place(engine, "buy", "4", tif="fok").status is Status.FILLED


def test_a_day_order_expires_at_the_close_and_gtc_stays() -> None:
    engine = build_engine(calendar=CALENDAR)
    day = place(engine, "buy", kind="limit", limit_price="90", tif="day")
    extended = place(engine, "buy", kind="limit", limit_price="90", tif="day", extended_hours=True)
    gtc = place(engine, "buy", kind="limit", limit_price="90")
    assert kinds(engine.on_time(SESSION.close_at - timedelta(seconds=1))) == []
    engine.on_time(SESSION.close_at)
    assert (day.status, extended.status) == (Status.EXPIRED, Status.NEW)
    engine.on_time(SESSION.extended_close_at)
    assert (extended.status, gtc.status) == (Status.EXPIRED, Status.NEW)


def test_orders_entered_while_closed_rest_to_the_open() -> None:
    engine = build_engine(calendar=CALENDAR)
    closed = tick("100", at=SESSION.extended_close_at, phase=MarketPhase.CLOSED)
    engine.on_tick("ACME", closed)
    waits = place(engine, "buy", tif="day", at=closed.at)
    limit = place(engine, "buy", kind="limit", limit_price="101", at=closed.at)
    auction = place(engine, "buy", tif="opg", at=closed.at)
    assert {waits.status, limit.status, auction.status} == {Status.NEW}
    with pytest.raises(Refused) as refused:
        place(engine, "buy", tif="ioc", at=closed.at)
    assert refused.value.reason is Reason.CLOSED
    engine.on_tick("ACME", tick("100.50", at=NEXT.open_at))
    assert [o.average_price for o in (waits, limit, auction)] == [Decimal("100.51")] * 3


def test_an_auction_order_that_misses_the_open_is_canceled() -> None:
    engine = build_engine(calendar=CALENDAR)
    engine.on_tick("ACME", tick("100", phase=MarketPhase.CLOSED))
    missed = place(engine, "buy", kind="limit", limit_price="90", tif="opg")
    engine.on_tick("ACME", tick("100"))
    assert (missed.status, missed.reason) == (Status.CANCELED, "no_auction")
    with pytest.raises(Refused):
        place(engine, "buy", tif="opg")


def test_an_order_for_the_close_fills_at_the_last_price() -> None:
    engine = build_engine(calendar=CALENDAR)
    at_close = place(engine, "buy", tif="cls")
    engine.on_tick("ACME", tick("103"))
    assert at_close.status is Status.NEW
    engine.on_time(SESSION.close_at)
    assert (at_close.status, at_close.average_price) == (Status.FILLED, Decimal(103))


def test_extended_hours_are_for_orders_that_ask() -> None:
    engine = build_engine(calendar=CALENDAR)
    engine.on_tick("ACME", tick("100", phase=MarketPhase.EXTENDED))
    plain = place(engine, "buy", kind="limit", limit_price="101")
    asks = place(engine, "buy", kind="limit", limit_price="101", extended_hours=True)
    assert (plain.status, asks.status) == (Status.NEW, Status.FILLED)
    with pytest.raises(Refused):
        place(engine, "buy", extended_hours=True)


def test_a_halt_stops_matching_and_refuses_what_cannot_wait() -> None:
    engine = build_engine()
    engine.on_tick("ACME", tick("100", halted=True))
    rests = place(engine, "buy", kind="limit", limit_price="101")
    assert rests.status is Status.NEW
    with pytest.raises(Refused) as refused:
        place(engine, "buy")
    assert refused.value.reason is Reason.HALTED
    engine.on_tick("ACME", tick("100"))
    assert rests.status is Status.FILLED


def test_reduce_only_never_flips() -> None:
    engine = build_engine()
    with pytest.raises(Refused) as refused:
        place(engine, "sell", reduce_only=True)
    assert refused.value.reason is Reason.REDUCE_ONLY
    place(engine, "buy", "6")
    exits = place(engine, "sell", "10", reduce_only=True)
    assert (exits.cumulative, exits.status) == (Decimal(6), Status.PARTIALLY_FILLED)
    engine.on_tick("ACME", tick("100"))
    assert (exits.status, exits.reason) == (Status.CANCELED, "reduce_only")
    assert engine.accounts["A"].position("ACME").is_flat


def test_fees_and_slippage_are_taken() -> None:
    engine = build_engine(fees=FEES)
    place(engine, "buy", "1000")
    assert engine.accounts["A"].cash == Decimal(100000) - Decimal(100010) - Decimal(5)
    slipping = build_engine(rules=EngineRules(slippage=Slippage(Decimal(50))))
    prices = [place(slipping, "buy", "1").average_price for _ in range(50)]
    assert all(p is not None and Decimal("100.01") <= p <= Decimal("100.52") for p in prices)
    assert len(set(prices)) > 10


def test_busts_and_corrections_restore_cash_and_position() -> None:
    engine = build_engine(fees=FEES)
    place(engine, "buy", "10")
    (made,) = engine.book.executions.values()
    (bust,) = engine.bust(made.execution_id, START)
    account = engine.accounts["A"]
    assert (bust.kind.value, bust.corrects, bust.cumulative) == ("bust", made.execution_id, Decimal(0))
    assert (account.cash, account.position("ACME").quantity) == (Decimal(100000), Decimal(0))
    place(engine, "buy", "10")
    (again,) = engine.book.executions.values()
    (corrected,) = engine.correct(again.execution_id, Decimal(99), START)
    assert corrected.execution is not None
    assert corrected.execution.price == Decimal(99)
    assert account.cash == Decimal(100000) - 990 - 1
    assert (account.position("ACME").quantity, account.position("ACME").average_price) == (Decimal(10), Decimal(99))


def test_a_canceled_order_can_still_fill() -> None:
    engine = build_engine()
    rests = place(engine, "buy", kind="limit", limit_price="90")
    engine.cancel(rests.order_id, START)
    engine.late_fill(rests.order_id, Decimal(4), Decimal(90), START)
    assert (rests.status, rests.cumulative) == (Status.CANCELED, Decimal(4))
    engine.late_fill(rests.order_id, Decimal(6), Decimal(90), START)
    assert rests.status is Status.FILLED


def test_replace_gives_a_new_order_and_a_refused_one_keeps_the_old() -> None:
    engine = build_engine()
    old = place(engine, "buy", kind="limit", limit_price="90")
    events = engine.replace(old.order_id, terms(kind="limit", limit_price="91", quantity="5"), "new-id", START)
    new = events[1].order
    assert (old.status, old.replaced_by, new.replaces) == (Status.REPLACED, new.order_id, old.order_id)
    assert (new.client_order_id, new.leaves) == ("new-id", Decimal(5))
    reserved = engine.accounts["A"].reserved
    with pytest.raises(Refused):
        engine.replace(new.order_id, terms(kind="limit", limit_price="91.001"), None, START)
    assert (new.status, engine.accounts["A"].reserved) == (Status.NEW, reserved)
    with pytest.raises(Refused):
        engine.replace(new.order_id, terms("sell", kind="limit", limit_price="120"), None, START)


def test_cancel_needs_an_open_order() -> None:
    engine = build_engine()
    done = place(engine, "buy")
    for order_id, reason in ((done.order_id, Reason.NOT_OPEN), ("SO9999999999", Reason.NOT_FOUND)):
        with pytest.raises(Refused) as refused:
            engine.cancel(order_id, START)
        assert refused.value.reason is reason


def test_cancel_all_leaves_other_accounts_alone() -> None:
    engine = build_engine()
    engine.open_account("B", "login", Decimal(1000))
    mine = [place(engine, "buy", kind="limit", limit_price="90") for _ in range(3)]
    theirs = order("buy", "1", kind="limit", limit_price="90")
    other = engine.submit(type(theirs)("B", theirs.terms), START)[0].order
    assert len(engine.cancel_all("A", START)) == 3
    assert {o.status for o in mine} == {Status.CANCELED}
    assert other.status is Status.NEW
    assert engine.accounts["A"].reserved == 0
