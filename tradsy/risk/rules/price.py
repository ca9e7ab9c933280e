"""Prices: R-P9 collar, R-P10 market orders."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tradsy.domain.instruments import AssetClass
from tradsy.domain.market import Quote
from tradsy.domain.money import CENT, ONE, round_price_down, round_price_up
from tradsy.domain.orders import OrderRole, OrderTerms, OrderType, Side
from tradsy.risk.case import Case, need
from tradsy.risk.limits import EffectiveLimits
from tradsy.risk.model import Check, Outcome
from tradsy.risk.rules.base import Kind, Rule, skipped
from tradsy.risk.rules.instrument import AUCTIONS

COLLAR = Decimal("0.05")
COLLAR_LOW = Decimal("0.10")
COLLAR_HIGH = Decimal("0.03")
LOW_PRICE = Decimal(25)
HIGH_PRICE = Decimal(50)
EXIT_FACTOR = 2
"""Reduce-only orders may lie twice as far from the market (R-P23)."""


def collar_width(price: Decimal, asset_class: AssetClass, *, extended_hours: bool) -> Decimal:
    """Return the widest allowed distance from the market as a part of the price.

    Tiers after the exchanges' clearly-erroneous rules: +-10 % under $25 or in extended hours, +-5 %, +-3 % above
    $50; crypto +-5 %.
    """
    if asset_class is AssetClass.CRYPTO:
        return COLLAR
    if extended_hours or price < LOW_PRICE:
        return COLLAR_LOW
    return COLLAR_HIGH if price > HIGH_PRICE else COLLAR


def judge_collar(case: Case) -> Check:
    """R-P9: a limit price lies near the market, by a quote of at most 15 s.

    A profit target is bounded on its aggressive side only (far from the market is where it belongs), and a
    protective stop-limit is measured from its own trigger.
    """
    order, limits = case.order, case.limits
    if order.limit_price is None:
        return _NO_LIMIT
    quote = case.usable_quote()
    age = case.quote_age(quote)
    if age > limits.collar_quote_age:
        return Check("R-P9", "QUOTE_STALE", Outcome.REFUSE, limits.collar_quote_age, age, "s")
    reference = quote.mid
    if case.protective and order.order_type is OrderType.STOP_LIMIT:
        reference = need(order.stop_price, "stop price")
    kind = need(case.facts.instrument, "instrument").asset_class
    width = min(collar_width(reference, kind, extended_hours=order.extended_hours), limits.price_collar)
    if case.reduce_only:
        width *= EXIT_FACTOR
    away = (order.limit_price - reference) / reference
    patient = away if order.side is Side.SELL else -away
    if case.facts.role is OrderRole.TARGET and case.reduce_only and patient > 0:
        return Check("R-P9", "PRICE_COLLAR", Outcome.PASS, detail="a target away from the market")
    outcome = Outcome.REFUSE if abs(away) > width else Outcome.PASS
    return Check("R-P9", "PRICE_COLLAR", outcome, width, abs(away), "of price")


def judge_market(case: Case) -> Check:
    """R-P10: a market order needs a quote of at most 5 s and a spread of at most 2 %."""
    limits = case.limits
    if case.order.order_type is not OrderType.MARKET:
        return _NOT_MARKET
    quote = case.usable_quote()
    age = case.quote_age(quote)
    if age > limits.market_quote_age:
        return Check("R-P10", "QUOTE_STALE", Outcome.REFUSE, limits.market_quote_age, age, "s")
    spread = quote.spread_fraction
    outcome = Outcome.REFUSE if spread > limits.max_spread else Outcome.PASS
    return Check("R-P10", "SPREAD_TOO_WIDE", outcome, limits.max_spread, spread, "of mid")


def protect_market_order(
    terms: OrderTerms, quote: Quote, limits: EffectiveLimits, *, tick_size: Decimal = CENT
) -> OrderTerms:
    """Return a market order as a marketable limit order at most 1 % (`market_protection`) beyond the touch.

    The price is rounded to the tick towards the touch, never past it. Other orders, and those for an auction, come
    back unchanged. For venues that take limit orders; judge the market order first (R-P10 needs its type).
    """
    if terms.order_type is not OrderType.MARKET or terms.time_in_force in AUCTIONS:
        return terms
    if terms.side is Side.BUY:
        touch = round_price_up(quote.ask, tick_size)
        price = max(round_price_down(quote.ask * (ONE + limits.market_protection), tick_size), touch)
    else:
        touch = round_price_down(quote.bid, tick_size)
        price = min(round_price_up(quote.bid * (ONE - limits.market_protection), tick_size), touch)
    return replace(terms, order_type=OrderType.LIMIT, limit_price=price)


_NO_LIMIT = skipped("R-P9", "PRICE_COLLAR", "no limit price")
_NOT_MARKET = skipped("R-P10", "SPREAD_TOO_WIDE", "not a market order")

P9 = Rule(
    "R-P9",
    "Price collar",
    Kind.HARD,
    ("PRICE_COLLAR", "QUOTE_STALE"),
    "+-5 %; +-10 % under $25 or in extended hours; +-3 % above $50; crypto +-5 %; quote of 15 s",
    judge_collar,
    relief="twice as wide; targets on their aggressive side only; stop-limits against their trigger",
)
P10 = Rule(
    "R-P10",
    "Market orders",
    Kind.HARD,
    ("SPREAD_TOO_WIDE", "QUOTE_STALE"),
    "quote of 5 s, spread of 2 %; sent as a marketable limit at +-1 %",
    judge_market,
)
