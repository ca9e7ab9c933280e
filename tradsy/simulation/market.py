"""A seeded synthetic market: a random walk per symbol, quotes, volume and switchable conditions.

Same seed and same conditions at the same times give the same quotes, whatever the rhythm of `advance` calls: the
walk moves in fixed steps counted from the start. Prices are whole ticks; the walk keeps its fraction aside.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.instruments import AssetClass, OptionTerms, parse_asset_class, parse_option_symbol
from tradsy.domain.market import Bar, Quote
from tradsy.domain.money import ZERO, round_nearest
from tradsy.simulation.model import MarketPhase, Tick
from tradsy.simulation.options import option_value
from tradsy.simulation.sessions import AlwaysOpen, SessionCalendar
from tradsy.simulation.universe import Listing, default_listings, option_listing

STEP = timedelta(milliseconds=250)
_STEPS_PER_YEAR = 4 * 86400 * 365
_MAX_STEPS = 2400
"""A longer pause (ten minutes) is walked in one stride of the same variance."""
_PULL = 2e-6
"""Share of the way back to the anchor per step: keeps prices familiar over weeks."""
_HISTORY_BARS = 5000


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is switched on for one symbol."""

    halted: bool = False
    spread_factor: Decimal = Decimal(1)
    stale: bool = False
    """The quote keeps its old time and price."""
    liquidity: Decimal | None = None
    """Units that one order can fill per tick."""
    adv: Decimal | None = None


@dataclass(slots=True)
class _Walk:
    listing: Listing
    rng: random.Random
    ticks: float
    anchor_ticks: int
    step: int
    quote: Quote
    option: OptionTerms | None = None
    pinned: tuple[Decimal, Decimal, Decimal] | None = None
    conditions: Conditions = Conditions()


class SyntheticMarket:
    """Quotes of all listed symbols; options and dated futures are listed when first asked for."""

    def __init__(
        self,
        rng: random.Random,
        start: datetime,
        *,
        listings: Mapping[str, Listing] | None = None,
        calendars: Mapping[str, SessionCalendar] | None = None,
    ) -> None:
        self.running = True
        self._seed = rng.getrandbits(64)
        self._start = start
        self._now = start
        self._listings = dict(default_listings() if listings is None else listings)
        self._calendars = calendars or {}
        self._walks: dict[str, _Walk] = {}
        self._bars: dict[str, list[Bar]] = {}
        for symbol in self._listings:
            self._walk(symbol)

    # reading ----------------------------------------------------------------------------------------------------

    @property
    def symbols(self) -> list[str]:
        """Symbols that have a quote now."""
        return list(self._walks)

    def listing(self, symbol: str) -> Listing | None:
        """Return the listing of a symbol, listing an option or dated future of a known root; None is unknown."""
        known = self._listings.get(symbol)
        if known is None:
            known = self._list_on_demand(symbol)
            if known is not None:
                self._listings[symbol] = known
        return known

    def calendar(self, listing: Listing) -> SessionCalendar:
        """Return the calendar that the instrument trades by."""
        return self._calendars.get(listing.instrument.calendar) or _ALWAYS

    def quote(self, symbol: str) -> Quote | None:
        """Return the present quote, None for an unknown symbol."""
        walk = self._walk(symbol)
        return walk.quote if walk else None

    def tick(self, symbol: str) -> Tick | None:
        """Return what the matching engine is shown of a symbol now."""
        walk = self._walk(symbol)
        if walk is None:
            return None
        quote = walk.quote
        phase = self.calendar(walk.listing).phase(self._now)
        return Tick(quote.bid, quote.ask, quote.last, self._now, walk.conditions.liquidity, quote.halted, phase)

    def conditions(self, symbol: str) -> Conditions | None:
        """Return what is switched on for a symbol."""
        walk = self._walk(symbol)
        return walk.conditions if walk else None

    def bars(self, symbol: str, start: datetime, end: datetime, step: timedelta) -> list[Bar]:
        """Return bars with start <= at < end, oldest first: made up before the market began, walked after it."""
        walk = self._walk(symbol)
        if walk is None:
            return []
        made = self._history(symbol, walk, start, step) + _join(self._bars.get(symbol, []), step)
        return [bar for bar in made if start <= bar.at < end]

    # steering ---------------------------------------------------------------------------------------------------

    def advance(self, to: datetime) -> list[Quote]:
        """Move to `to` and return the present quotes of all symbols."""
        self._now = max(self._now, to)
        return [self._move(walk) for walk in list(self._walks.values())]

    def pin(self, symbol: str, bid: Decimal, ask: Decimal, last: Decimal | None = None) -> Quote | None:
        """Hold a symbol at a quote until `unpin`; options follow a pinned underlying."""
        walk = self._walk(symbol)
        if walk is None:
            return None
        walk.pinned = (bid, ask, (bid + ask) / 2 if last is None else last)
        return self._move(walk)

    def unpin(self, symbol: str) -> None:
        """Let a symbol walk on from the pinned price."""
        walk = self._walk(symbol)
        if walk and walk.pinned:
            _stand_at(walk, walk.pinned[2])
            walk.pinned = None

    def resume(self, symbol: str, last: Decimal) -> None:
        """Let a symbol walk on from a price of a former run."""
        walk = self._walk(symbol)
        if walk and not walk.option:
            _stand_at(walk, last)
            self._move(walk)

    def set_conditions(self, symbol: str, conditions: Conditions) -> Quote | None:
        """Switch a symbol's conditions."""
        walk = self._walk(symbol)
        if walk is None:
            return None
        walk.conditions = conditions
        return self._move(walk)

    # inside -----------------------------------------------------------------------------------------------------

    def _list_on_demand(self, symbol: str) -> Listing | None:
        try:
            asset_class = parse_asset_class(symbol)
            if asset_class is AssetClass.OPTION:
                root = parse_option_symbol(symbol).root
                underlying = self._listings.get(root) or self._listings.get(f"{root[:-1]}.{root[-1:]}")
                return option_listing(symbol, underlying) if underlying else None
        except UnknownInstrument:
            return None
        front = self._listings.get(f"{symbol[:-3]}1!") if asset_class is AssetClass.FUTURE else None
        return replace(front, instrument=replace(front.instrument, symbol=symbol)) if front else None

    def _walk(self, symbol: str) -> _Walk | None:
        walk = self._walks.get(symbol)
        if walk is None and (listing := self.listing(symbol)):
            ticks = int(listing.anchor / listing.instrument.tick_size)
            blank = Quote(symbol, ZERO, ZERO, ZERO, self._now)
            walk = _Walk(listing, random.Random(f"{self._seed}:{symbol}"), ticks, ticks, self._steps(), blank)  # noqa: S311 - market noise
            if listing.instrument.asset_class is AssetClass.OPTION:
                walk.option = parse_option_symbol(symbol)
            self._walks[symbol] = walk
            self._move(walk)
        return walk

    def _steps(self) -> int:
        return (self._now - self._start) // STEP

    def _move(self, walk: _Walk) -> Quote:
        due, walk_from = self._steps(), walk.step
        walk.step = due
        phase = self.calendar(walk.listing).phase(self._now)
        moving = self.running and not walk.pinned and not walk.option and not walk.conditions.halted
        if moving and phase is not MarketPhase.CLOSED and due > walk_from:
            self._stride(walk, due - walk_from)
        if not (walk.conditions.stale and walk.quote.bid):
            walk.quote = self._make_quote(walk, is_open=phase is MarketPhase.OPEN)
            self._note_bar(walk.quote)
        elif walk.quote.halted != walk.conditions.halted:
            walk.quote = replace(walk.quote, halted=walk.conditions.halted)
        return walk.quote

    def _stride(self, walk: _Walk, steps: int) -> None:
        deviation = walk.anchor_ticks * walk.listing.volatility / math.sqrt(_STEPS_PER_YEAR)
        if steps > _MAX_STEPS:
            walk.ticks += walk.rng.gauss(0.0, deviation * math.sqrt(steps))
        else:
            for _ in range(steps):
                walk.ticks += walk.rng.gauss(0.0, deviation) + (walk.anchor_ticks - walk.ticks) * _PULL
        walk.ticks = min(max(walk.ticks, walk.anchor_ticks * 0.2), walk.anchor_ticks * 5.0)

    def _make_quote(self, walk: _Walk, *, is_open: bool) -> Quote:
        conditions = walk.conditions
        bid, ask, last = walk.pinned or self._prices(walk)
        if conditions.spread_factor != 1:
            bid, ask = self._widen(walk, bid, ask)
        return Quote(
            symbol=walk.listing.instrument.symbol,
            bid=bid,
            ask=ask,
            last=last,
            at=self._now,
            halted=conditions.halted,
            adv=walk.listing.adv if conditions.adv is None else conditions.adv,
            session_open=is_open,
        )

    def _prices(self, walk: _Walk) -> tuple[Decimal, Decimal, Decimal]:
        tick = walk.listing.instrument.tick_size
        spread = walk.listing.spread_ticks
        if walk.option:
            middle = int(self._option_mid(walk, walk.option) / tick)
            spread = max(spread, middle // 50)
        else:
            middle = round(walk.ticks)
        low = max(middle - spread // 2, 1)
        return low * tick, (low + spread) * tick, max(middle, 1) * tick

    def _option_mid(self, walk: _Walk, terms: OptionTerms) -> Decimal:
        root = terms.root if terms.root in self._walks else f"{terms.root[:-1]}.{terms.root[-1:]}"
        spot = self._walks[root].quote.last
        return option_value(terms, spot, Decimal(str(walk.listing.volatility)), self._now)

    def _widen(self, walk: _Walk, bid: Decimal, ask: Decimal) -> tuple[Decimal, Decimal]:
        tick = walk.listing.instrument.tick_size
        half = round_nearest((ask - bid) * walk.conditions.spread_factor / 2, tick)
        middle = round_nearest((bid + ask) / 2, tick)
        return max(middle - half, tick), middle + half

    def _note_bar(self, quote: Quote) -> None:
        minute = quote.at.replace(second=0, microsecond=0)
        bars = self._bars.setdefault(quote.symbol, [])
        if bars and bars[-1].at == minute:
            b, p = bars[-1], quote.last
            bars[-1] = Bar(b.symbol, minute, b.open, max(b.high, p), min(b.low, p), p, b.volume)
            return
        volume = round_nearest((quote.adv or ZERO) / 390, Decimal(1))
        bars.append(Bar(quote.symbol, minute, quote.last, quote.last, quote.last, quote.last, volume))
        del bars[:-_HISTORY_BARS]

    def _history(self, symbol: str, walk: _Walk, start: datetime, step: timedelta) -> list[Bar]:
        """Walk backwards from the anchor, with a generator of its own per symbol and step."""
        rng = random.Random(f"{self._seed}:{symbol}:{step}")  # noqa: S311 - market noise
        seconds = int(step.total_seconds())
        begun = self._start.replace(microsecond=0)
        edge = begun - timedelta(seconds=int(begun.timestamp()) % seconds)
        size, tick = walk.listing, walk.listing.instrument.tick_size
        deviation = walk.anchor_ticks * size.volatility * math.sqrt(seconds / (86400 * 365))
        close, bars, at = walk.anchor_ticks, list[Bar](), edge - step
        while at >= start and len(bars) < _HISTORY_BARS:
            opened = max(close - round(rng.gauss(0.0, deviation)), 1)
            wick = abs(round(rng.gauss(0.0, deviation / 2)))
            high, low = max(opened, close) + wick, max(min(opened, close) - wick, 1)
            volume = round_nearest(size.adv * min(seconds, 23400) / 23400, Decimal(1))
            bars.append(Bar(symbol, at, opened * tick, high * tick, low * tick, close * tick, volume))
            close, at = opened, at - step
        return bars[::-1]


_ALWAYS = AlwaysOpen()


def _stand_at(walk: _Walk, price: Decimal) -> None:
    """Put the walk at a price, to a millionth of the anchor."""
    walk.ticks = walk.anchor_ticks * (int(price / walk.listing.anchor * 1_000_000) / 1_000_000)


def _join(minutes: list[Bar], step: timedelta) -> list[Bar]:
    """Join one-minute bars into bars of `step`."""
    seconds = int(step.total_seconds())
    joined: list[Bar] = []
    for m in minutes:
        at = m.at - timedelta(seconds=int(m.at.timestamp()) % seconds)
        if joined and joined[-1].at == at:
            b = joined[-1]
            joined[-1] = Bar(b.symbol, at, b.open, max(b.high, m.high), min(b.low, m.low), m.close, b.volume + m.volume)
        else:
            joined.append(replace(m, at=at))
    return joined
