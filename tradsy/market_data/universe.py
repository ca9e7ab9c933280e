"""The instruments that an installation starts with: what the paper venue lists, in exchange terms.

Steps and contract sizes follow the listing exchanges' rules: Regulation NMS rule 612 for stocks, CME Group contract
specifications for futures (ES 50 USD a point in steps of 0.25, NQ 20, MES 5, MNQ 2, CL 1,000 barrels, GC 100 ounces).
"""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.instruments import AssetClass, Instrument

_STOCKS = {
    "AAPL": "Apple",
    "AMD": "Advanced Micro Devices",
    "AMZN": "Amazon",
    "BAC": "Bank of America",
    "BRK.B": "Berkshire Hathaway B",
    "COIN": "Coinbase",
    "DIS": "Walt Disney",
    "F": "Ford Motor",
    "GOOGL": "Alphabet",
    "INTC": "Intel",
    "JPM": "JPMorgan Chase",
    "META": "Meta Platforms",
    "MSFT": "Microsoft",
    "NFLX": "Netflix",
    "NVDA": "NVIDIA",
    "PLTR": "Palantir",
    "TSLA": "Tesla",
    "XOM": "Exxon Mobil",
}
_ETFS = {
    "GLD": "SPDR Gold",
    "IWM": "iShares Russell 2000",
    "QQQ": "Invesco QQQ",
    "SPY": "SPDR S&P 500",
    "TLT": "iShares 20+ Year Treasury",
}
# Name and price step; sizes go down to a hundred-millionth.
_CRYPTO = {
    "BTC/USD": ("Bitcoin", "0.01"),
    "ETH/USD": ("Ether", "0.01"),
    "SOL/USD": ("Solana", "0.01"),
    "XRP/USD": ("XRP", "0.0001"),
    "DOGE/USD": ("Dogecoin", "0.00001"),
    "LTC/USD": ("Litecoin", "0.01"),
    "LINK/USD": ("Chainlink", "0.001"),
    "AVAX/USD": ("Avalanche", "0.01"),
    "ADA/USD": ("Cardano", "0.0001"),
}
_FOREX = {
    "EURUSD": ("Euro / US dollar", "0.00001"),
    "GBPUSD": ("Pound / US dollar", "0.00001"),
    "AUDUSD": ("Australian / US dollar", "0.00001"),
    "XAUUSD": ("Gold / US dollar", "0.01"),
}
# Name, price step, cash per point.
_FUTURES = {
    "ES": ("E-mini S&P 500", "0.25", "50"),
    "NQ": ("E-mini Nasdaq-100", "0.25", "20"),
    "MES": ("Micro E-mini S&P 500", "0.25", "5"),
    "MNQ": ("Micro E-mini Nasdaq-100", "0.25", "2"),
    "CL": ("Crude oil", "0.01", "1000"),
    "GC": ("Gold", "0.10", "100"),
}
_SATOSHI = Decimal("0.00000001")


def default_instruments() -> tuple[Instrument, ...]:
    """Return the instruments of a new installation; futures as their front month."""
    stocks = [Instrument(symbol, AssetClass.STOCK, name) for symbol, name in _STOCKS.items()]
    funds = [Instrument(symbol, AssetClass.ETF, name) for symbol, name in _ETFS.items()]
    crypto = [
        Instrument(
            symbol,
            AssetClass.CRYPTO,
            name,
            tick_size=Decimal(tick),
            lot_size=_SATOSHI,
            min_quantity=_SATOSHI,
            calendar="24/7",
        )
        for symbol, (name, tick) in _CRYPTO.items()
    ]
    forex = [
        Instrument(symbol, AssetClass.FOREX, name, tick_size=Decimal(tick), calendar="24/5")
        for symbol, (name, tick) in _FOREX.items()
    ]
    futures = [
        Instrument(
            f"{root}1!",
            AssetClass.FUTURE,
            name,
            tick_size=Decimal(tick),
            multiplier=Decimal(point),
            calendar="24/5",
        )
        for root, (name, tick, point) in _FUTURES.items()
    ]
    return (*stocks, *funds, *crypto, *forex, *futures)
