"""What is traded and where: R-P5 instrument, R-P6 numbers, R-B8 what the venue can do."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.money import MAX_DIGITS, ZERO, is_multiple
from tradsy.domain.orders import OrderType, Side, TimeInForce
from tradsy.risk.case import Case, Missing, need
from tradsy.risk.model import Check, Outcome
from tradsy.risk.rules.base import Kind, Rule, passed, refused

AUCTIONS = frozenset({TimeInForce.OPG, TimeInForce.CLS})
FRACTION_STEP = Decimal("0.000000001")
"""Finest fractional share that is ever sent; venues round down below it."""
_FRACTIONAL_KINDS = frozenset({AssetClass.STOCK, AssetClass.ETF})

_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def judge_instrument(case: Case) -> Check:
    """R-P5: the symbol is allowed, tradable, not halted, and its session is open; unknown states refuse.

    Reduce-only orders need no place on the symbol list; resting protective ones may wait for the session.
    """
    facts = case.facts
    instrument = need(facts.instrument, "instrument")
    if instrument.symbol != case.order.symbol:
        raise Missing("instrument of this symbol")
    if not case.reduce_only:
        check = _judge_allowed(case, instrument)
        if check is not None:
            return check
    if not instrument.tradable:
        return refused("R-P5", "NOT_TRADABLE", instrument.symbol)
    quote = need(facts.quote, "quote (halt and session)")
    if quote.halted:
        return refused("R-P5", "SYMBOL_HALTED", instrument.symbol)
    if case.protective and case.order.order_type is not OrderType.MARKET:
        return _INSTRUMENT_PASS
    is_open = need(quote.session_open, "session")
    if not is_open and not case.order.extended_hours and case.order.time_in_force not in AUCTIONS:
        return refused("R-P5", "SESSION_CLOSED", instrument.calendar)
    return _INSTRUMENT_PASS


def _judge_allowed(case: Case, instrument: Instrument) -> Check | None:
    """Asset class and symbol list of the limits."""
    limits = case.limits
    if instrument.asset_class not in limits.asset_classes:
        return refused("R-P5", "ASSET_CLASS_NOT_ALLOWED", instrument.asset_class)
    if limits.allowed_symbols is None:
        if limits.any_symbol:
            return None
        return refused("R-P5", "SYMBOL_LIST_REQUIRED", "no list of symbols is set")
    if instrument.symbol not in limits.allowed_symbols:
        return refused("R-P5", "SYMBOL_NOT_ALLOWED", instrument.symbol)
    return None


def judge_numbers(case: Case) -> Check:
    """R-P6: every number is a finite decimal above zero, of at most 18 digits, on the lot or tick."""
    order = case.order
    instrument = need(case.facts.instrument, "instrument")
    problem = _missing_price(case)
    if problem:
        return refused("R-P6", "PRICE_MISSING", problem)
    for name in ("quantity", "limit_price", "stop_price", "trail_amount", "trail_percent"):
        value = getattr(order, name)
        if value is None:
            continue
        check = _judge_number(name, value)
        if check is not None:
            return check
    for name, price in (("limit_price", order.limit_price), ("stop_price", order.stop_price)):
        if price is not None and not is_multiple(price, instrument.tick_size):
            return Check("R-P6", "TICK_SIZE", Outcome.REFUSE, instrument.tick_size, price, detail=name)
    return _judge_size(case, instrument)


def _missing_price(case: Case) -> str:
    """Name the price that the order's type needs and that is not there."""
    order = case.order
    if order.order_type in _LIMITED and order.limit_price is None:
        return "limit_price"
    if order.order_type in _STOPPED and order.stop_price is None:
        return "stop_price"
    if order.order_type is OrderType.TRAILING_STOP and order.trail_amount is None and order.trail_percent is None:
        return "trail_amount or trail_percent"
    return ""


def _judge_number(name: str, value: object) -> Check | None:
    """Form of one number."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return refused("R-P6", "NUMBER_NOT_FINITE", name)
    if value <= ZERO:
        return Check("R-P6", "NUMBER_NOT_POSITIVE", Outcome.REFUSE, 0, value, detail=name)
    _, digits, exponent = value.as_tuple()
    # A finite decimal has an integer exponent; 5E+20 has one digit but writes 21.
    written = max(len(digits), len(digits) + int(exponent), -int(exponent))
    if written > MAX_DIGITS:
        return Check("R-P6", "TOO_MANY_DIGITS", Outcome.REFUSE, MAX_DIGITS, written, "digits", name)
    return None


def _judge_size(case: Case, instrument: Instrument) -> Check:
    """Lot, smallest quantity and smallest notional."""
    quantity, step, smallest = case.order.quantity, instrument.lot_size, instrument.min_quantity
    if instrument.asset_class in _FRACTIONAL_KINDS and _trades_fractions(case, instrument):
        step, smallest = FRACTION_STEP, FRACTION_STEP
    if not is_multiple(quantity, step):
        return Check("R-P6", "LOT_SIZE", Outcome.REFUSE, step, quantity, "units")
    if case.reduce_only:
        # What is left of a position may be smaller than a new order could be.
        return _NUMBERS_PASS
    if quantity < smallest:
        return Check("R-P6", "BELOW_MIN_QUANTITY", Outcome.REFUSE, smallest, quantity, "units")
    if instrument.min_notional > ZERO:
        price = need(case.unit_price, "price")
        notional = instrument.notional(quantity, price)
        if notional < instrument.min_notional:
            return Check("R-P6", "BELOW_MIN_NOTIONAL", Outcome.REFUSE, instrument.min_notional, notional)
    return _NUMBERS_PASS


def _trades_fractions(case: Case, instrument: Instrument) -> bool:
    capabilities = case.facts.capabilities
    return capabilities is not None and instrument.asset_class in capabilities.fractional


def judge_venue(case: Case) -> Check:
    """R-B8: what the venue does not offer is refused before any I/O."""
    facts, order = case.facts, case.order
    venue = need(facts.capabilities, "capabilities of the venue")
    instrument = need(facts.instrument, "instrument")
    kind = instrument.asset_class
    if kind not in venue.asset_classes:
        return refused("R-B8", "UNSUPPORTED_BY_BROKER", f"{venue.venue} does not trade {kind}")
    if order.order_type not in venue.order_types:
        return refused("R-B8", "UNSUPPORTED_BY_BROKER", f"{venue.venue} takes no {order.order_type} order")
    if order.time_in_force not in venue.time_in_force:
        return refused("R-B8", "UNSUPPORTED_BY_BROKER", f"{venue.venue} takes no {order.time_in_force} order")
    if order.extended_hours and not venue.extended_hours:
        return refused("R-B8", "UNSUPPORTED_BY_BROKER", f"{venue.venue} has no extended hours")
    if order.side is Side.SELL and not venue.short_selling and need(case.opening_quantity, "position") > ZERO:
        return refused("R-B8", "SHORT_NOT_SUPPORTED", f"{venue.venue} sells only what is held")
    return _VENUE_PASS


_INSTRUMENT_PASS = passed("R-P5", "SYMBOL_NOT_ALLOWED")
_NUMBERS_PASS = passed("R-P6", "NUMBER_NOT_FINITE")
_VENUE_PASS = passed("R-B8", "UNSUPPORTED_BY_BROKER")

P5 = Rule(
    "R-P5",
    "Symbol, asset class, state and session",
    Kind.HARD,
    (
        "SYMBOL_NOT_ALLOWED",
        "SYMBOL_LIST_REQUIRED",
        "ASSET_CLASS_NOT_ALLOWED",
        "NOT_TRADABLE",
        "SYMBOL_HALTED",
        "SESSION_CLOSED",
    ),
    "a list of symbols is required, or given up knowingly",
    judge_instrument,
    relief="no symbol list or asset class; resting protective orders may wait for the session",
)
P6 = Rule(
    "R-P6",
    "Number sanity",
    Kind.HARD,
    (
        "NUMBER_NOT_FINITE",
        "NUMBER_NOT_POSITIVE",
        "TOO_MANY_DIGITS",
        "PRICE_MISSING",
        "TICK_SIZE",
        "LOT_SIZE",
        "BELOW_MIN_QUANTITY",
        "BELOW_MIN_NOTIONAL",
    ),
    "decimals, finite, above zero, on lot and tick, at most 18 digits",
    judge_numbers,
)
B8 = Rule(
    "R-B8",
    "Offered by the venue",
    Kind.HARD,
    ("UNSUPPORTED_BY_BROKER", "SHORT_NOT_SUPPORTED"),
    "the venue's declared capabilities",
    judge_venue,
)
