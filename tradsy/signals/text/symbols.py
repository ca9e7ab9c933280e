"""Instrument names: currencies, metals, indices, futures roots, coins, and how a written name becomes a symbol."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tradsy.signals.text.lexicon import WORDS, word_lists
from tradsy.signals.text.model import AssetClass

_LISTS = word_lists("names.txt")

CURRENCIES = _LISTS["currencies"]
METALS = frozenset({"XAU", "XAG", "XPT", "XPD"})

ALIASES: dict[str, tuple[str, AssetClass]] = {
    name: (symbol, asset)
    for symbol, asset, names in (
        ("XAUUSD", AssetClass.FOREX, "gold xau xauusd золото золоту золота oro or xau/usd goldusd gold/usd gld/usd"),
        ("XAGUSD", AssetClass.FOREX, "silver xag xagusd серебро plata silber xag/usd silverusd"),
        ("USOIL", AssetClass.FOREX, "usoil wti oil crude crudeoil xtiusd нефть wtiusd us-oil usoilusd"),
        ("UKOIL", AssetClass.FOREX, "ukoil brent xbrusd"),
        ("NATGAS", AssetClass.FOREX, "natgas xngusd"),
        ("US30", AssetClass.INDEX, "us30 dow dj30 dowjones ws30 djia wallstreet wall30 us30usd usa30"),
        ("NAS100", AssetClass.INDEX, "nas100 nasdaq nasdaq100 us100 ustec nas us100usd nas100usd usa100 ndx100"),
        ("SPX500", AssetClass.INDEX, "spx500 us500 sp500 s&p500 spx500usd usa500"),
        ("GER40", AssetClass.INDEX, "ger40 dax dax40 ger30 de40 de30 dax30"),
        ("UK100", AssetClass.INDEX, "uk100 ftse ftse100"),
        ("JP225", AssetClass.INDEX, "jp225 nikkei nikkei225 jpn225"),
        ("US2000", AssetClass.INDEX, "us2000 rut2000"),
        ("SPX", AssetClass.INDEX, "spx spxw"),
        ("NDX", AssetClass.INDEX, "ndx"),
        ("RUT", AssetClass.INDEX, "rut rutw"),
        ("XSP", AssetClass.INDEX, "xsp"),
        ("VIX", AssetClass.INDEX, "vix"),
        ("DXY", AssetClass.INDEX, "dxy"),
        ("BTC", AssetClass.CRYPTO, "bitcoin биткоин биткоину биткойн биток битку биткоина"),
        ("ETH", AssetClass.CRYPTO, "ethereum ether эфириум эфириуму эфир эфиру"),
        ("SOL", AssetClass.CRYPTO, "solana солана"),
        ("XRP", AssetClass.CRYPTO, "ripple"),
        ("DOGE", AssetClass.CRYPTO, "dogecoin"),
        ("LTC", AssetClass.CRYPTO, "litecoin"),
        ("ADA", AssetClass.CRYPTO, "cardano"),
        ("EURUSD", AssetClass.FOREX, "fiber евродоллар eurodollar"),
        ("GBPUSD", AssetClass.FOREX, "cable"),
    )
    for name in names.split()
}
"""Lower-case names that are an instrument by themselves."""

TWO_WORD_ALIASES: dict[tuple[str, str], str] = {
    ("dow", "jones"): "us30",
    ("wall", "street"): "us30",
    ("nasdaq", "100"): "nas100",
    ("us", "30"): "us30",
    ("us", "oil"): "usoil",
    ("us", "100"): "nas100",
    ("us", "500"): "us500",
    ("nas", "100"): "nas100",
    ("ger", "40"): "ger40",
    ("uk", "100"): "uk100",
    ("jp", "225"): "jp225",
    ("spx", "500"): "us500",
    ("crude", "oil"): "usoil",
    ("brent", "oil"): "ukoil",
    ("natural", "gas"): "natgas",
}

FUTURES = _LISTS["futures"]
SURE_FUTURES = _LISTS["sure_futures"]
"""Roots that mean the future also without a slash, an exclamation mark or a month."""

MAJOR_COINS = _LISTS["major_coins"]
COINS = MAJOR_COINS | _LISTS["coins"]
QUOTES = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "PERP", "USD", "BTC", "ETH", "EUR", "BNB")
_STABLE = frozenset({"USDT", "USDC", "BUSD", "FDUSD", "TUSD"})

NOT_TICKERS = _LISTS["not_tickers"]

_PAIR_SPLIT = re.compile(r"[-_/.]")
_MONTH_CODE = re.compile(r"[FGHJKMNQUVXZ]\d{1,2}")


@dataclass(frozen=True, slots=True)
class Named:
    """An instrument as far as its name alone tells it; `quoted` is False where the quote currency is missing."""

    symbol: str
    asset: AssetClass | None
    quoted: bool = True


@lru_cache(maxsize=4096)
def named(raw: str) -> Named | None:
    """Read a written name that is an instrument by its form or by the tables; None for any other word."""
    alias = ALIASES.get(raw.lower())
    if alias is not None:
        symbol, asset = alias
        return Named(symbol, asset, quoted=asset is not AssetClass.CRYPTO)
    upper = raw.upper()
    return _pair(raw, upper) or _suffixed(raw, upper)


def _pair(raw: str, upper: str) -> Named | None:
    bare = upper[:-2] if upper.endswith(".P") and len(upper) > 5 else upper
    parts = _PAIR_SPLIT.split(bare)
    if len(parts) == 2 and parts[1]:
        return pair_of(parts[0], parts[1])
    if len(bare) == 6 and bare.isalpha() and raw.lower() not in WORDS:
        found = pair_of(bare[:3], bare[3:])
        if found is not None and found.asset is AssetClass.FOREX:
            return found
    return _glued_crypto(raw, bare)


def pair_of(base: str, quote: str) -> Named | None:
    """Join two currency or coin names to a pair."""
    if (base in METALS and quote == "USD") or (base in CURRENCIES and quote in CURRENCIES and base != quote):
        return Named(base + quote, AssetClass.FOREX)
    if quote == "PERP" and len(base) >= 2:
        return Named(f"{base}/USDT", AssetClass.CRYPTO)
    if quote in QUOTES and len(base) >= 2 and base.isalnum() and base not in CURRENCIES:
        return Named(f"{base}/{quote}", AssetClass.CRYPTO)
    return None


def _glued_crypto(raw: str, upper: str) -> Named | None:
    if len(upper) < 5 or not upper.isalnum():
        return None
    if upper.endswith("USDTPERP"):
        return pair_of(upper[:-8], "USDT")
    for quote in QUOTES:
        base = upper[: -len(quote)]
        if not upper.endswith(quote) or len(base) < 2:
            continue
        if quote in _STABLE or (base in COINS and (quote in {"USD", "BTC", "ETH", "EUR", "BNB", "PERP"})):
            return pair_of(base, quote) if raw.isupper() or raw.islower() or base in COINS or quote in _STABLE else None
    return None


def _suffixed(raw: str, upper: str) -> Named | None:
    head, joiner, tail = upper.rpartition(".") if "." in upper else upper.rpartition("-")
    if not joiner or not head.isalnum():
        return _coin(raw, upper)
    if tail == "X" or (tail == "C" and joiner == "-"):
        return Named(head, AssetClass.CRYPTO, quoted=False)
    if tail == "S" and joiner == "-":
        return Named(head, AssetClass.STOCK)
    if tail == "F" and joiner == "-":
        return Named(head, AssetClass.FUTURE)
    if joiner == "." and len(tail) == 1 and raw.isupper() and len(head) <= 5:
        return Named(upper, AssetClass.STOCK)
    return None


def _coin(raw: str, upper: str) -> Named | None:
    if upper in SURE_FUTURES and raw.isupper():
        return Named(upper, AssetClass.FUTURE)
    if upper == "XBT":
        return Named("XBT/USD", AssetClass.CRYPTO)
    if upper in COINS and raw.isupper() and upper not in NOT_TICKERS:
        return Named(upper, AssetClass.CRYPTO, quoted=False)
    return None


def future_root(raw: str) -> str | None:
    """The root of a written contract: MES1, NQ, ESH6, CLZ24; None for anything else."""
    upper = raw.upper()
    if upper in FUTURES:
        return upper
    for length in (2, 3, 4):
        root, rest = upper[:length], upper[length:]
        if root in FUTURES and rest and (rest in {"1", "2"} or _MONTH_CODE.fullmatch(rest)):
            return root
    return None


def plain_ticker(raw: str) -> bool:
    """Whether a word could be a bare ticker: one to five capitals that are no common word."""
    return len(raw) <= 5 and raw.isascii() and raw.isalpha() and raw.isupper() and raw not in NOT_TICKERS
