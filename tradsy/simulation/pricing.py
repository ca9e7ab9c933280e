"""Pure price rules: when a stop triggers, when an order is marketable and at which price it fills."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from tradsy.domain.instruments import Instrument
from tradsy.domain.money import BPS, HUNDRED, ZERO, round_nearest, round_price_down, round_price_up
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.simulation.model import MarketPhase, SimOrder, Tick


@dataclass(frozen=True, slots=True)
class Slippage:
    """How far beyond the touch market and stop orders fill: evenly between none and `max_bps`."""

    max_bps: Decimal = ZERO

    def apply(self, price: Decimal, side: Side, instrument: Instrument, rng: random.Random) -> Decimal:
        """Return the worse price, on the tick; never below one tick."""
        if self.max_bps == ZERO:
            return price
        moved = price * (1 + side.sign * self.max_bps * BPS * rng.randrange(1001) / 1000)
        return max(round_nearest(moved, instrument.tick_size), instrument.tick_size)


def stop_level(order: SimOrder, instrument: Instrument) -> Decimal | None:
    """Return the price at which the order's stop triggers now; None without one."""
    terms = order.terms
    if terms.order_type is not OrderType.TRAILING_STOP:
        return terms.stop_price
    if order.watermark is None:
        return None
    distance = terms.trail_amount
    if distance is None:
        distance = order.watermark * (terms.trail_percent or ZERO) / HUNDRED
    if terms.side is Side.SELL:
        return round_price_down(order.watermark - distance, instrument.tick_size)
    return round_price_up(order.watermark + distance, instrument.tick_size)


def next_watermark(order: SimOrder, last: Decimal) -> Decimal:
    """Return the best last price that a trailing stop has seen, `last` included."""
    if order.watermark is None:
        return last
    return max(order.watermark, last) if order.terms.side is Side.SELL else min(order.watermark, last)


def is_stop_reached(side: Side, level: Decimal, last: Decimal) -> bool:
    """Whether the last price reached the stop: stops trigger on trades, not on quotes."""
    return last <= level if side is Side.SELL else last >= level


def touch(side: Side, tick: Tick) -> Decimal:
    """Return the price that an order of `side` meets: the ask for a buy, the bid for a sell."""
    return tick.ask if side is Side.BUY else tick.bid


def fill_price(order: SimOrder, tick: Tick) -> Decimal | None:
    """Return the price at which the order fills at `tick` before slippage, None when it does not.

    A limit order that arrives marketable gets the better market price; one that rested fills at its limit.
    """
    price, limit = touch(order.terms.side, tick), order.terms.limit_price
    if price <= ZERO:
        return None
    if limit is None:
        return price
    marketable = price <= limit if order.terms.side is Side.BUY else price >= limit
    if not marketable:
        return None
    return limit if order.rested else price


def may_trade(terms: OrderTerms, phase: MarketPhase) -> bool:
    """Whether the order takes part in matching during `phase`; orders for the close match only there."""
    if terms.time_in_force is TimeInForce.CLS:
        return False
    if phase is MarketPhase.EXTENDED:
        return terms.extended_hours
    return phase is MarketPhase.OPEN


def slips(order_type: OrderType) -> bool:
    """Whether the kind takes whatever price is there."""
    return order_type in {OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP}
