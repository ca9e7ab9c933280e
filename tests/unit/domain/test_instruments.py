"""One symbology: every canonical symbol reads back, whatever way people write it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.instruments import (
    AssetClass,
    Instrument,
    OptionTerms,
    Right,
    format_option_symbol,
    normalize_symbol,
    parse_asset_class,
    parse_option_symbol,
)

ROOTS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=6)
STRIKES = st.integers(1, 10**8 - 1).map(lambda thousandths: Decimal(thousandths) / 1000)
TERMS = st.builds(OptionTerms, ROOTS, st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(Right), STRIKES)


@given(TERMS)
def test_option_symbols_read_back(terms: OptionTerms) -> None:
    symbol = format_option_symbol(terms)
    assert parse_option_symbol(symbol) == terms
    assert parse_asset_class(symbol) is AssetClass.OPTION


@given(TERMS)
def test_option_symbols_are_found_padded_prefixed_and_in_lower_case(terms: OptionTerms) -> None:
    symbol = format_option_symbol(terms)
    padded = terms.root.ljust(6) + symbol[len(terms.root) :]
    for written in (symbol, padded, symbol.lower(), f"OPRA:{symbol}", f"${symbol}"):
        assert normalize_symbol(written) == symbol


@pytest.mark.parametrize("strike", [Decimal("0.0005"), Decimal(0), Decimal(-1), Decimal(100_000)])
def test_a_strike_that_does_not_fit_is_refused(strike: Decimal) -> None:
    with pytest.raises(UnknownInstrument):
        format_option_symbol(OptionTerms("AAPL", date(2027, 1, 15), Right.CALL, strike))


@pytest.mark.parametrize("symbol", ["AAPL271315C00190000", "AAPL270230C00190000", "AAPL", "AAPL270115X00190000"])
def test_what_is_no_option_is_refused(symbol: str) -> None:
    with pytest.raises(UnknownInstrument):
        parse_option_symbol(symbol)


@pytest.mark.parametrize(
    ("written", "symbol", "asset_class"),
    [
        ("NASDAQ:AAPL", "AAPL", AssetClass.STOCK),
        ("$tsla", "TSLA", AssetClass.STOCK),
        ("BRK.B", "BRK.B", AssetClass.STOCK),
        ("btcusd", "BTC/USD", AssetClass.CRYPTO),
        ("BTC-USD", "BTC/USD", AssetClass.CRYPTO),
        ("BINANCE:ETHUSDT", "ETH/USDT", AssetClass.CRYPTO),
        ("EUR/USD", "EURUSD", AssetClass.FOREX),
        ("OANDA:XAUUSD", "XAUUSD", AssetClass.FOREX),
        ("ES1!", "ES1!", AssetClass.FUTURE),
        ("CME_MINI:ESZ26", "ESZ26", AssetClass.FUTURE),
        ("AAPL 270115C190", "AAPL270115C00190000", AssetClass.OPTION),
        ("SPY 270115P450.5", "SPY270115P00450500", AssetClass.OPTION),
    ],
)
def test_symbols_as_people_write_them(written: str, symbol: str, asset_class: AssetClass) -> None:
    assert normalize_symbol(written) == symbol
    assert normalize_symbol(symbol) == symbol
    assert parse_asset_class(symbol) is asset_class


@given(st.text(max_size=40))
def test_normalizing_any_text_is_canonical_or_refused(text: str) -> None:
    try:
        symbol = normalize_symbol(text)
    except UnknownInstrument:
        return
    assert normalize_symbol(symbol) == symbol


@given(st.decimals("-100", "100", places=2), st.decimals("0.01", "1000", places=2))
def test_notional_is_never_negative(quantity: Decimal, price: Decimal) -> None:
    future = Instrument("ES1!", AssetClass.FUTURE, multiplier=Decimal(50))
    assert future.notional(quantity, price) == abs(quantity) * price * 50
