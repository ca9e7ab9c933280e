"""Instruments and the one canonical symbology.

| asset class | canonical symbol | example |
|---|---|---|
| stock, ETF | ticker, class after a dot | `AAPL`, `BRK.B` |
| option | root, yymmdd, C or P, strike x 1000 in 8 digits (OCC without padding) | `AAPL270115C00190000` |
| crypto | base/quote | `BTC/USD` |
| forex and metals | six letters | `EURUSD`, `XAUUSD` |
| future | root, month letter, two-digit year; `1!` is the front month | `ESZ26`, `ES1!` |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.money import ONE, ZERO


class AssetClass(StrEnum):
    """What kind of thing is traded."""

    STOCK = "stock"
    ETF = "etf"
    OPTION = "option"
    CRYPTO = "crypto"
    FOREX = "forex"
    FUTURE = "future"
    INDEX = "index"


class Right(StrEnum):
    """The right that an option gives."""

    CALL = "C"
    PUT = "P"


@dataclass(frozen=True, slots=True)
class OptionTerms:
    """The terms of one listed option contract; `strike` in quote currency per share."""

    root: str
    expires_on: date
    right: Right
    strike: Decimal


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing, as every venue and screen names it."""

    symbol: str
    """Canonical symbol."""
    asset_class: AssetClass
    name: str = ""
    currency: str = "USD"
    """Currency of price, profit and fees."""
    tick_size: Decimal = Decimal("0.01")
    """Smallest price step, in quote currency."""
    lot_size: Decimal = ONE
    """Smallest size step, in units (shares, coins, contracts)."""
    min_quantity: Decimal = ONE
    min_notional: Decimal = ZERO
    multiplier: Decimal = ONE
    """Cash per point and unit: 100 for an equity option, 50 for ES."""
    calendar: str = "XNYS"
    """Exchange calendar code (ISO 10383 MIC), or `24/7`, or `24/5`."""
    tradable: bool = True

    def notional(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the cash value of `quantity` units at `price`, in `currency`."""
        return abs(quantity) * price * self.multiplier


MONTH_CODES = "FGHJKMNQUVXZ"
"""Futures month letters, January first (CME)."""

_OPTION = re.compile(r"([A-Z]{1,6})(\d{2})(\d{2})(\d{2})([CP])(\d{8})")
_FUTURE = re.compile(rf"([A-Z0-9]{{1,3}}?)([{MONTH_CODES}])(\d{{2}})")
_CONTINUOUS = re.compile(r"[A-Z0-9]{1,3}1!")
_STOCK = re.compile(r"[A-Z]{1,5}(\.[A-Z]{1,2})?")
_PAIR = re.compile(r"[A-Z0-9]{2,10}/[A-Z]{3,5}")

_FOREX_CURRENCIES = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "CHF",
        "AUD",
        "NZD",
        "CAD",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "TRY",
        "ZAR",
        "MXN",
        "SGD",
        "HKD",
        "CNH",
        "ILS",
        "XAU",
        "XAG",
        "XPT",
        "XPD",
    ]
)
_FUTURE_ROOTS = frozenset(
    [
        "ES",
        "NQ",
        "YM",
        "RTY",
        "MES",
        "MNQ",
        "MYM",
        "M2K",
        "CL",
        "MCL",
        "NG",
        "GC",
        "MGC",
        "SI",
        "SIL",
        "HG",
        "PL",
        "ZB",
        "ZN",
        "ZF",
        "ZT",
        "UB",
        "ZC",
        "ZS",
        "ZW",
        "HE",
        "LE",
        "6E",
        "6J",
        "6B",
        "6A",
        "6C",
        "6S",
        "BTC",
        "MBT",
        "ETH",
        "MET",
        "RB",
        "HO",
        "VX",
        "NKD",
    ]
)


def format_option_symbol(terms: OptionTerms) -> str:
    """Return the canonical symbol of an option contract.

    Raises:
        UnknownInstrument: the strike has more than three decimals or more than five digits before them.
    """
    thousandths = terms.strike * 1000
    if thousandths != thousandths.to_integral_value() or not ZERO < thousandths < 10**8:
        raise UnknownInstrument("the strike does not fit an option symbol")
    return f"{terms.root}{terms.expires_on:%y%m%d}{terms.right}{int(thousandths):08d}"


def parse_option_symbol(symbol: str) -> OptionTerms:
    """Return the terms named by a canonical option symbol.

    Raises:
        UnknownInstrument: it is not one.
    """
    match = _OPTION.fullmatch(symbol)
    if match is None:
        raise UnknownInstrument("not an option symbol")
    root, year, month, day, right, strike = match.groups()
    try:
        expires_on = date(2000 + int(year), int(month), int(day))
    except ValueError:
        raise UnknownInstrument("the option symbol names no date") from None
    return OptionTerms(root, expires_on, Right(right), Decimal(int(strike)) / 1000)


def parse_asset_class(symbol: str) -> AssetClass:
    """Return the asset class that a canonical symbol's form shows (ETFs read as stocks).

    Raises:
        UnknownInstrument: the text has the form of no canonical symbol.
    """
    if _PAIR.fullmatch(symbol):
        return AssetClass.CRYPTO
    if _OPTION.fullmatch(symbol):
        parse_option_symbol(symbol)
        return AssetClass.OPTION
    if len(symbol) == 6 and symbol[:3] in _FOREX_CURRENCIES and symbol[3:] in _FOREX_CURRENCIES:
        return AssetClass.FOREX
    future = _FUTURE.fullmatch(symbol)
    if _CONTINUOUS.fullmatch(symbol) or (future and future.group(1) in _FUTURE_ROOTS):
        return AssetClass.FUTURE
    if _STOCK.fullmatch(symbol):
        return AssetClass.STOCK
    raise UnknownInstrument("the symbol has no known form")


def normalize_symbol(text: str) -> str:
    """Return the canonical spelling of a symbol as people and TradingView write it.

    Takes an exchange prefix (`NASDAQ:AAPL`), a leading `$` or `#`, lower case, padded or space-parted OCC
    symbols, `BTCUSD` and `BTC-USD` for crypto pairs, `EUR/USD` for forex.

    Raises:
        UnknownInstrument: it has the form of no instrument.
    """
    symbol = text.strip().upper().lstrip("$#").rsplit(":", 1)[-1]
    compact = symbol.replace(" ", "")
    if _OPTION.fullmatch(compact):
        symbol = compact
    elif short := re.fullmatch(r"([A-Z]{1,6}) ?(\d{6})([CP])(\d{1,5}(?:\.\d{1,3})?)", symbol):
        root, day, right, strike = short.groups()
        symbol = f"{root}{day}{right}{int(Decimal(strike) * 1000):08d}"
    else:
        symbol = _normalize_pair(symbol)
    parse_asset_class(symbol)
    return symbol


_CRYPTO_BASES = frozenset(
    [
        "BTC",
        "ETH",
        "SOL",
        "XRP",
        "DOGE",
        "ADA",
        "DOT",
        "LTC",
        "BCH",
        "LINK",
        "AVAX",
        "MATIC",
        "POL",
        "UNI",
        "ATOM",
        "XLM",
        "ALGO",
        "FIL",
        "TRX",
        "ETC",
        "NEAR",
        "APT",
        "ARB",
        "OP",
        "INJ",
        "SUI",
        "SHIB",
        "PEPE",
        "AAVE",
        "MKR",
        "BNB",
        "TON",
        "FTM",
        "SAND",
        "MANA",
        "GALA",
        "XTZ",
        "EOS",
        "XMR",
        "ZEC",
        "DASH",
    ]
)
_CRYPTO_QUOTES = ("USDT", "USDC", "USD", "EUR", "GBP", "BTC", "ETH")


def _normalize_pair(symbol: str) -> str:
    head, dash, tail = symbol.replace("/", "-").partition("-")
    if dash and f"{head}{tail}" != symbol:
        if head in _FOREX_CURRENCIES and tail in _FOREX_CURRENCIES:
            return head + tail
        return f"{head}/{tail}" if tail in _CRYPTO_QUOTES else symbol
    for quote in _CRYPTO_QUOTES:
        base = symbol.removesuffix(quote)
        if base != symbol and base in _CRYPTO_BASES:
            return f"{base}/{quote}"
    return symbol
