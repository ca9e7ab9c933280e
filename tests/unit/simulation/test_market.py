"""The synthetic market: repeatable, plausible, and switchable."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradsy.domain.instruments import OptionTerms, Right
from tradsy.domain.market import Quote
from tradsy.domain.money import is_multiple
from tradsy.simulation.market import Conditions, SyntheticMarket
from tradsy.simulation.options import option_value
from tradsy.simulation.sessions import AlwaysOpen, SessionCalendar, WeekdaySessions

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
OPEN = {"XNYS": AlwaysOpen(), "24/5": AlwaysOpen()}


def _market(seed: int = 1, calendars: dict[str, SessionCalendar] | None = None) -> SyntheticMarket:
    return SyntheticMarket(random.Random(seed), START, calendars=OPEN if calendars is None else calendars)


def _walk(market: SyntheticMarket, offsets: Iterable[int]) -> list[Quote]:
    quotes: list[Quote] = []
    for ms in offsets:
        quotes = market.advance(START + timedelta(milliseconds=ms))
    return quotes


@given(st.lists(st.integers(0, 300_000), max_size=8))
@settings(max_examples=15, deadline=None)
def test_quotes_depend_on_seed_and_time_not_on_the_rhythm(stops: list[int]) -> None:
    straight = _walk(_market(), [300_000])
    assert _walk(_market(), [*sorted(stops), 300_000]) == straight
    assert _walk(_market(seed=2), [300_000]) != straight


def test_quotes_are_sane_and_fresh() -> None:
    market = _market()
    for quote in _walk(market, range(0, 60_000, 250)):
        listing = market.listing(quote.symbol)
        assert listing is not None
        assert 0 < quote.bid < quote.ask
        assert quote.bid <= quote.last <= quote.ask
        assert quote.spread_fraction < Decimal("0.01")
        assert all(is_multiple(p, listing.instrument.tick_size) for p in (quote.bid, quote.ask, quote.last))
        assert quote.at == START + timedelta(milliseconds=59_750)
        assert quote.adv == listing.adv


def test_prices_move_but_stay_familiar_over_a_year() -> None:
    market = _market()
    before = {q.symbol: q.last for q in market.advance(START)}
    for day in range(1, 366):
        market.advance(START + timedelta(days=day))
    after = {s: q.last for s in before if (q := market.quote(s))}
    assert sum(after[s] != before[s] for s in before) > len(before) * 0.9
    assert all(before[s] / 5 <= after[s] <= before[s] * 5 for s in before)


def test_conditions_switch_and_heal() -> None:
    market = _market()
    usual = market.quote("AAPL")
    assert usual is not None
    market.set_conditions(
        "AAPL", Conditions(halted=True, spread_factor=Decimal(10), adv=Decimal(5), liquidity=Decimal(3))
    )
    _walk(market, [1000])
    quote, tick = market.quote("AAPL"), market.tick("AAPL")
    assert quote is not None
    assert tick is not None
    assert (quote.halted, quote.adv, tick.halted, tick.liquidity) == (True, Decimal(5), True, Decimal(3))
    assert quote.ask - quote.bid == (usual.ask - usual.bid) * 10
    market.set_conditions("AAPL", Conditions())
    healed = market.quote("AAPL")
    assert healed is not None
    assert (healed.halted, healed.ask - healed.bid) == (False, usual.ask - usual.bid)


def test_a_stale_quote_keeps_its_time() -> None:
    market = _market()
    market.set_conditions("AAPL", Conditions(stale=True))
    before = market.quote("AAPL")
    _walk(market, [30_000])
    assert market.quote("AAPL") == before
    market.set_conditions("AAPL", Conditions())
    quote = market.quote("AAPL")
    assert quote is not None
    assert quote.at == START + timedelta(seconds=30)


def test_a_pinned_quote_holds_its_price_and_stays_fresh() -> None:
    market = _market()
    market.pin("AAPL", Decimal(150), Decimal(151), Decimal("150.50"))
    _walk(market, [60_000])
    quote = market.quote("AAPL")
    assert quote is not None
    assert (quote.bid, quote.ask, quote.last) == (Decimal(150), Decimal(151), Decimal("150.50"))
    assert quote.at == START + timedelta(minutes=1)
    market.unpin("AAPL")
    _walk(market, [61_000])
    quote = market.quote("AAPL")
    assert quote is not None
    assert abs(quote.last - Decimal("150.50")) < 1


def test_a_market_resumes_at_a_former_price() -> None:
    market = _market()
    market.resume("AAPL", Decimal("310.25"))
    quote = market.quote("AAPL")
    assert quote is not None
    assert abs(quote.last - Decimal("310.25")) <= Decimal("0.01")


def test_a_stopped_market_stands_still_with_fresh_times() -> None:
    market = _market()
    market.running = False
    before = {q.symbol: q.last for q in market.advance(START)}
    after = _walk(market, [60_000])
    assert {q.symbol: q.last for q in after if len(q.symbol) < 9} == before
    assert all(q.at == START + timedelta(minutes=1) for q in after)


def test_a_closed_market_does_not_walk() -> None:
    closed = _market(calendars={"XNYS": SessionCalendar([]), "24/5": WeekdaySessions()})
    before = closed.quote("AAPL")
    _walk(closed, [60_000])
    quote = closed.quote("AAPL")
    assert before is not None
    assert quote is not None
    assert (quote.last, quote.session_open) == (before.last, False)


@pytest.mark.parametrize(
    "symbol", ["AAPL270115C00230000", "SPY270115P00590000", "BRKB270115C00475000", "ESZ26", "NQH27"]
)
def test_options_and_dated_futures_are_listed_on_demand(symbol: str) -> None:
    market = _market()
    quote = market.quote(symbol)
    assert quote is not None
    assert 0 < quote.bid < quote.ask
    assert symbol in market.symbols


@pytest.mark.parametrize("symbol", ["ZZZZZ", "ZZZZ270115C00230000", "AAPL271315C00230000", "nonsense", "ZZZ26", ""])
def test_what_is_not_listed_has_no_quote(symbol: str) -> None:
    assert _market().quote(symbol) is None


@given(st.decimals("50", "400", places=2), st.integers(50, 400), st.integers(0, 700), st.sampled_from(Right))
@settings(max_examples=60, deadline=None)
def test_option_values_are_at_least_intrinsic_and_grow_with_time(
    spot: Decimal, strike: int, days: int, right: Right
) -> None:
    terms = OptionTerms("AAPL", date(2026, 3, 2) + timedelta(days=days), right, Decimal(strike))
    later = OptionTerms("AAPL", date(2026, 3, 2) + timedelta(days=days + 90), right, Decimal(strike))
    value = option_value(terms, spot, Decimal("0.3"), START)
    intrinsic = (spot - strike) * (1 if right is Right.CALL else -1)
    assert value >= max(intrinsic, Decimal("0.01"))
    assert option_value(later, spot, Decimal("0.3"), START) >= value - Decimal("0.01")


def test_bars_cover_the_past_and_the_present() -> None:
    market = _market()
    _walk(market, range(0, 180_000, 1000))
    now = START + timedelta(minutes=3)
    bars = market.bars("AAPL", START - timedelta(hours=2), now, timedelta(minutes=1))
    assert [b.at for b in bars] == [START - timedelta(hours=2) + timedelta(minutes=m) for m in range(123)]
    assert all(b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high for b in bars)
    assert all(b.volume > 0 for b in bars)
    assert market.bars("AAPL", START - timedelta(hours=2), now, timedelta(minutes=1)) == bars
    daily = market.bars("AAPL", START - timedelta(days=30), now, timedelta(days=1))
    assert len(daily) in {30, 31}
    assert market.bars("NOPE", START, now, timedelta(minutes=1)) == []


@pytest.mark.parametrize("minutes", [1, 5, 60])
def test_bars_begin_on_whole_steps_whenever_the_market_began(minutes: int) -> None:
    began, step = START + timedelta(seconds=17, milliseconds=910), timedelta(minutes=minutes)
    market = SyntheticMarket(random.Random(1), began, calendars=OPEN)
    for second in range(150):
        market.advance(began + timedelta(seconds=second))
    bars = market.bars("AAPL", began - 20 * step, began + timedelta(minutes=3), step)
    assert all(int(bar.at.timestamp()) % (minutes * 60) == 0 and bar.at.microsecond == 0 for bar in bars)
    assert [b.at - a.at for a, b in itertools.pairwise(bars)] == [step] * (len(bars) - 1)
