"""The instruments that the synthetic market makes, with the anchors of their random walks.

Prices are round figures near those of 2026, chosen to look familiar; they claim nothing about any real market.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.instruments import AssetClass, Instrument, parse_option_symbol


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument and how its synthetic price behaves."""

    instrument: Instrument
    anchor: Decimal
    """Price at the start, quote currency per unit."""
    volatility: float
    """Standard deviation of the yearly log return."""
    spread_ticks: int
    adv: Decimal
    """Average daily volume, units."""


_STOCKS = (
    ("AAPL", "Apple", "230.00", 0.28, 48_000_000),
    ("MSFT", "Microsoft", "465.00", 0.26, 21_000_000),
    ("NVDA", "NVIDIA", "140.00", 0.50, 210_000_000),
    ("AMZN", "Amazon", "205.00", 0.32, 41_000_000),
    ("GOOGL", "Alphabet", "185.00", 0.30, 28_000_000),
    ("META", "Meta Platforms", "585.00", 0.36, 14_000_000),
    ("TSLA", "Tesla", "320.00", 0.60, 95_000_000),
    ("AMD", "Advanced Micro Devices", "150.00", 0.48, 52_000_000),
    ("NFLX", "Netflix", "890.00", 0.38, 4_000_000),
    ("JPM", "JPMorgan Chase", "240.00", 0.22, 9_000_000),
    ("BAC", "Bank of America", "45.00", 0.26, 38_000_000),
    ("XOM", "Exxon Mobil", "112.00", 0.24, 15_000_000),
    ("DIS", "Walt Disney", "112.00", 0.28, 10_000_000),
    ("COIN", "Coinbase", "270.00", 0.85, 11_000_000),
    ("PLTR", "Palantir", "66.00", 0.65, 60_000_000),
    ("F", "Ford Motor", "11.00", 0.34, 55_000_000),
    ("INTC", "Intel", "24.50", 0.45, 62_000_000),
    ("BRK.B", "Berkshire Hathaway B", "475.00", 0.18, 3_500_000),
)
_ETFS = (
    ("SPY", "SPDR S&P 500", "590.00", 0.16, 52_000_000),
    ("QQQ", "Invesco QQQ", "510.00", 0.21, 36_000_000),
    ("IWM", "iShares Russell 2000", "232.00", 0.22, 27_000_000),
    ("GLD", "SPDR Gold", "245.00", 0.15, 7_000_000),
    ("TLT", "iShares 20+ Year Treasury", "90.00", 0.15, 39_000_000),
)
_CRYPTO = (
    ("BTC/USD", "Bitcoin", "95000.00", "0.01", 0.55, 40_000),
    ("ETH/USD", "Ether", "3300.00", "0.01", 0.65, 450_000),
    ("SOL/USD", "Solana", "210.00", "0.01", 0.85, 6_000_000),
    ("XRP/USD", "XRP", "1.4500", "0.0001", 0.80, 900_000_000),
    ("DOGE/USD", "Dogecoin", "0.38000", "0.00001", 0.95, 5_000_000_000),
    ("LTC/USD", "Litecoin", "95.00", "0.01", 0.70, 3_000_000),
    ("LINK/USD", "Chainlink", "18.000", "0.001", 0.80, 12_000_000),
    ("AVAX/USD", "Avalanche", "42.00", "0.01", 0.85, 8_000_000),
    ("ADA/USD", "Cardano", "0.8500", "0.0001", 0.85, 700_000_000),
)
_FOREX = (
    ("EURUSD", "Euro / US dollar", "1.08500", "0.00001", 0.07),
    ("GBPUSD", "Pound / US dollar", "1.27000", "0.00001", 0.08),
    ("AUDUSD", "Australian / US dollar", "0.65500", "0.00001", 0.10),
    ("XAUUSD", "Gold / US dollar", "2650.00", "0.01", 0.16),
)
_FUTURES = (
    ("ES1!", "E-mini S&P 500", "5950.00", "0.25", 50, 0.16),
    ("NQ1!", "E-mini Nasdaq-100", "20800.00", "0.25", 20, 0.22),
    ("MES1!", "Micro E-mini S&P 500", "5950.00", "0.25", 5, 0.16),
    ("MNQ1!", "Micro E-mini Nasdaq-100", "20800.00", "0.25", 2, 0.22),
    ("CL1!", "Crude oil", "70.00", "0.01", 1000, 0.35),
    ("GC1!", "Gold", "2660.00", "0.10", 100, 0.16),
)
_SMALL = Decimal("0.00000001")


def default_listings() -> dict[str, Listing]:
    """Return the default universe by canonical symbol."""
    listings = [_stock(row, AssetClass.STOCK) for row in _STOCKS] + [_stock(row, AssetClass.ETF) for row in _ETFS]
    for symbol, name, price, tick, volatility, adv in _CRYPTO:
        instrument = Instrument(
            symbol,
            AssetClass.CRYPTO,
            name,
            tick_size=Decimal(tick),
            lot_size=_SMALL,
            min_quantity=_SMALL,
            calendar="24/7",
        )
        listings.append(Listing(instrument, Decimal(price), volatility, 2, Decimal(adv)))
    for symbol, name, price, tick, volatility in _FOREX:
        instrument = Instrument(symbol, AssetClass.FOREX, name, tick_size=Decimal(tick), calendar="24/5")
        listings.append(Listing(instrument, Decimal(price), volatility, 8, Decimal(10**11)))
    for symbol, name, price, tick, point, volatility in _FUTURES:
        instrument = Instrument(
            symbol, AssetClass.FUTURE, name, tick_size=Decimal(tick), multiplier=Decimal(point), calendar="24/5"
        )
        listings.append(Listing(instrument, Decimal(price), volatility, 1, Decimal(1_500_000)))
    return {listing.instrument.symbol: listing for listing in listings}


def _stock(row: tuple[str, str, str, float, int], asset_class: AssetClass) -> Listing:
    symbol, name, price, volatility, adv = row
    return Listing(Instrument(symbol, asset_class, name), Decimal(price), volatility, 2, Decimal(adv))


def option_listing(symbol: str, underlying: Listing) -> Listing:
    """Return the listing of an option contract on `underlying`; its price follows the underlying's.

    Raises:
        UnknownInstrument: the symbol is no option of that root.
    """
    terms = parse_option_symbol(symbol)
    if terms.root != underlying.instrument.symbol.replace(".", ""):
        raise UnknownInstrument("the option has another root")
    instrument = Instrument(symbol, AssetClass.OPTION, f"{terms.root} option", multiplier=Decimal(100))
    return Listing(instrument, underlying.anchor, underlying.volatility, 4, Decimal(5_000))
