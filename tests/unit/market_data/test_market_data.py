"""Catalogue, quotes and sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.instruments import AssetClass, normalize_symbol, parse_asset_class
from tradsy.domain.market import Quote
from tradsy.market_data.calendars import TradingCalendars, trading_day, trading_day_start
from tradsy.market_data.instruments import InstrumentCatalog
from tradsy.market_data.quotes import QuoteCache
from tradsy.market_data.universe import default_instruments
from tradsy.simulation.market import MarketPhase
from tradsy.simulation.nyse import nyse_calendar
from tradsy.simulation.universe import default_listings


@pytest.fixture(scope="module")
def catalog() -> InstrumentCatalog:
    return InstrumentCatalog(default_instruments())


def quote(symbol: str, last: str) -> Quote:
    price = Decimal(last)
    return Quote(symbol, price - 1, price + 1, price, datetime(2026, 11, 20, tzinfo=UTC))


def test_universe_agrees_with_the_paper_venue() -> None:
    ours = {i.symbol: i for i in default_instruments()}
    theirs = {symbol: listing.instrument for symbol, listing in default_listings().items()}
    assert ours == theirs


def test_universe_symbols_are_canonical() -> None:
    for instrument in default_instruments():
        assert normalize_symbol(instrument.symbol) == instrument.symbol
        shown = parse_asset_class(instrument.symbol)
        assert shown == (AssetClass.STOCK if instrument.asset_class is AssetClass.ETF else instrument.asset_class)


def test_catalog_derives_contracts_of_listed_roots(catalog: InstrumentCatalog) -> None:
    option = catalog.get("AAPL270115C00190000")
    assert (option.asset_class, option.multiplier, option.tick_size, option.lot_size) == (
        AssetClass.OPTION,
        Decimal(100),
        Decimal("0.01"),
        Decimal(1),
    )
    assert catalog.find("AAPL270115C00190000") is option
    assert catalog.get("BRKB270115P00400000").name == "BRK.B 2027-01-15 400 put"
    future = catalog.get("ESZ26")
    assert (future.symbol, future.multiplier, future.tick_size) == ("ESZ26", Decimal(50), Decimal("0.25"))


@pytest.mark.parametrize(
    "symbol", ["ZZZZ", "ZZZZ270115C00190000", "YMZ26", "SPY270230C00190000", "", "btc/usd", "DOT/USD"]
)
def test_catalog_unknown_symbol_is_refused(catalog: InstrumentCatalog, symbol: str) -> None:
    assert catalog.find(symbol) is None
    with pytest.raises(UnknownInstrument):
        catalog.get(symbol)


def test_catalog_search_puts_the_best_first(catalog: InstrumentCatalog) -> None:
    assert catalog.search("f")[0].symbol == "F"
    assert [i.symbol for i in catalog.search("apple")] == ["AAPL"]
    assert [i.symbol for i in catalog.search("NQZ26")] == ["NQZ26"]
    assert {i.asset_class for i in catalog.search("", asset_class=AssetClass.FOREX)} == {AssetClass.FOREX}
    assert catalog.search("no such thing") == []


def test_quotes_keep_the_last_and_tell_listeners() -> None:
    cache, seen = QuoteCache(), list[Quote]()
    unsubscribe = cache.subscribe(seen.append)
    cache.put(quote("AAPL", "230"))
    cache.put(quote("AAPL", "231"))
    unsubscribe()
    cache.put(quote("AAPL", "232"))
    assert [q.last for q in seen] == [230, 231]
    assert cache.get("AAPL") == quote("AAPL", "232")
    assert cache.get("MSFT") is None
    assert cache.many(["MSFT", "AAPL"]) == [quote("AAPL", "232")]


def test_trading_day_rolls_at_midnight_in_new_york() -> None:
    assert trading_day(datetime(2026, 11, 21, 4, 59, 59, tzinfo=UTC)) == date(2026, 11, 20)
    assert trading_day(datetime(2026, 11, 21, 5, tzinfo=UTC)) == date(2026, 11, 21)
    assert trading_day(datetime(2026, 7, 2, 4, tzinfo=UTC)) == date(2026, 7, 2)
    assert trading_day_start(date(2026, 7, 2)) == datetime(2026, 7, 2, 4, tzinfo=UTC)


def test_calendars_not_prepared_are_unknown() -> None:
    calendars = TradingCalendars()
    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert calendars.is_open("XNYS", at) is None
    assert calendars.session_bounds("XNYS", at) is None
    assert calendars.is_open("24/7", at) is True


async def test_calendars_of_an_exchange_agree_with_its_published_rules() -> None:
    calendars = TradingCalendars()
    start = datetime(2026, 11, 20, tzinfo=UTC)
    await calendars.prepare(["XNYS", "24/7", "NOSUCH"], start)
    assert calendars.is_open("NOSUCH", start) is None
    rules = nyse_calendar(2026, 2027)
    at, seen = start - timedelta(days=8), set[bool | None]()
    while at < start + timedelta(days=58):
        open_now = calendars.is_open("XNYS", at)
        assert open_now == (rules.phase(at) is MarketPhase.OPEN), at
        seen.add(open_now)
        at += timedelta(minutes=30)
    assert seen == {True, False}
    # Thanksgiving is closed, the day after ends at 13:00 New York time.
    assert calendars.is_open("XNYS", datetime(2026, 11, 26, 16, tzinfo=UTC)) is False
    bounds = calendars.session_bounds("XNYS", datetime(2026, 11, 27, 16, tzinfo=UTC))
    assert bounds is not None
    assert bounds.close_at == datetime(2026, 11, 27, 18, tzinfo=UTC)
    assert calendars.is_open("XNYS", start + timedelta(days=90)) is None


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-20T21:59:59", True),
        ("2026-11-20T22:00:00", False),
        ("2026-11-21T12:00:00", False),
        ("2026-11-22T21:59:59", False),
        ("2026-11-22T22:00:00", True),
        ("2026-07-05T20:59:59", False),
        ("2026-07-05T21:00:00", True),
        ("2026-11-18T22:30:00", True),
    ],
)
def test_forex_week_runs_from_sunday_to_friday_evening(at: str, is_open: bool) -> None:
    assert TradingCalendars().is_open("24/5", datetime.fromisoformat(at).replace(tzinfo=UTC)) is is_open
