"""What a venue checks before it takes an order; each refusal has its reason."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.instruments import Instrument
from tradsy.domain.money import HUNDRED, ZERO, is_multiple, round_cents
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.simulation.ledger import NEVER_SHORT, InstrumentOf, PriceOf, SimAccount
from tradsy.simulation.model import MarketPhase, NewOrder, Reason, Refused, Tick
from tradsy.simulation.pricing import touch

_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_IMMEDIATE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_AUCTION = frozenset({TimeInForce.OPG, TimeInForce.CLS})


def check_terms(terms: OrderTerms, instrument: Instrument) -> None:
    """Check prices and size against the kind of order and the instrument's steps.

    Raises:
        Refused: a field is missing, too many, or off its step.
    """
    if not instrument.tradable:
        raise Refused(Reason.NOT_TRADABLE)
    if terms.quantity < instrument.min_quantity or not is_multiple(terms.quantity, instrument.lot_size):
        raise Refused(Reason.QUANTITY, f"quantity must be a multiple of {instrument.lot_size}")
    _require_price(terms.limit_price, instrument, needed=terms.order_type in _LIMITED, what="limit_price")
    _require_price(terms.stop_price, instrument, needed=terms.order_type in _STOPPED, what="stop_price")
    _check_trail(terms)
    if terms.extended_hours and (terms.order_type is not OrderType.LIMIT or terms.time_in_force in _AUCTION):
        raise Refused(Reason.ORDER, "extended hours take limit orders only")
    if terms.time_in_force in _AUCTION and terms.order_type not in {OrderType.MARKET, OrderType.LIMIT}:
        raise Refused(Reason.ORDER, "auctions take market and limit orders only")
    if terms.time_in_force in _IMMEDIATE and terms.order_type not in {OrderType.MARKET, OrderType.LIMIT}:
        raise Refused(Reason.ORDER, "a stop cannot be immediate")


def _require_price(price: Decimal | None, instrument: Instrument, *, needed: bool, what: str) -> None:
    if needed != (price is not None):
        raise Refused(Reason.ORDER, f"{what} is {'missing' if needed else 'not taken by this order type'}")
    if price is not None and (price <= ZERO or not is_multiple(price, instrument.tick_size)):
        raise Refused(Reason.PRICE, f"{what} must be a positive multiple of {instrument.tick_size}")


def _check_trail(terms: OrderTerms) -> None:
    trails = [t for t in (terms.trail_amount, terms.trail_percent) if t is not None]
    trailing = terms.order_type is OrderType.TRAILING_STOP
    if len(trails) != (1 if trailing else 0):
        raise Refused(Reason.ORDER, "a trailing stop, and only it, takes one of trail_amount and trail_percent")
    if any(t <= ZERO for t in trails) or (terms.trail_percent or ZERO) >= HUNDRED:
        raise Refused(Reason.PRICE, "the trail must be positive and below 100 percent")


def check_session(terms: OrderTerms, tick: Tick) -> None:
    """Check the order against the market's phase.

    Raises:
        Refused: halted, or the order cannot wait for the session that it needs.
    """
    immediate = terms.time_in_force in _IMMEDIATE
    if tick.halted and (immediate or terms.order_type is OrderType.MARKET):
        raise Refused(Reason.HALTED)
    open_for_it = tick.phase is MarketPhase.OPEN or (tick.phase is MarketPhase.EXTENDED and terms.extended_hours)
    if immediate and not open_for_it:
        raise Refused(Reason.CLOSED)
    if terms.time_in_force is TimeInForce.OPG and tick.phase is MarketPhase.OPEN:
        raise Refused(Reason.CLOSED, "the opening auction is over")
    if terms.time_in_force is TimeInForce.CLS and tick.phase is not MarketPhase.OPEN:
        raise Refused(Reason.CLOSED, "orders for the close are taken while the market is open")


def check_bracket(new: NewOrder, instrument: Instrument) -> None:
    """Check a bracket's exits.

    Raises:
        Refused: an exit is off its step or on the wrong side of the other.
    """
    for what, price in (
        ("take_profit", new.take_profit),
        ("stop_loss", new.stop_loss),
        ("stop_loss_limit", new.stop_loss_limit),
    ):
        _require_price(price, instrument, needed=price is not None, what=what)
    if new.stop_loss_limit is not None and new.stop_loss is None:
        raise Refused(Reason.ORDER, "stop_loss_limit needs stop_loss")
    entry = new.terms.limit_price
    sign = new.terms.side.sign
    if new.take_profit and new.stop_loss and (new.take_profit - new.stop_loss) * sign <= ZERO:
        raise Refused(Reason.PRICE, "take_profit and stop_loss are on the wrong sides")
    if entry and new.stop_loss and (entry - new.stop_loss) * sign <= ZERO:
        raise Refused(Reason.PRICE, "stop_loss is on the wrong side of the entry")


def check_position(terms: OrderTerms, account: SimAccount, instrument: Instrument) -> None:
    """Check reduce-only and short selling against the position.

    Raises:
        Refused: the order would open what it may not.
    """
    held = account.position(terms.symbol).quantity
    if terms.reduce_only and held * terms.side.sign >= ZERO:
        raise Refused(Reason.REDUCE_ONLY, "there is no position to reduce")
    if terms.side is Side.BUY or terms.reduce_only or may_short(account, instrument):
        return
    if terms.quantity > max(held, ZERO):
        raise Refused(Reason.NO_SHORT)


def may_short(account: SimAccount, instrument: Instrument) -> bool:
    """Whether the account may hold a short position in the instrument."""
    return account.rules.short_selling and instrument.asset_class not in NEVER_SHORT


def reservation(
    terms: OrderTerms,
    account: SimAccount,
    instrument: Instrument,
    tick: Tick,
    price_of: PriceOf,
    instruments: InstrumentOf,
) -> Decimal:
    """Return the margin to hold for the order, in whole cents.

    Raises:
        Refused: the account's free margin does not cover it.
    """
    if terms.reduce_only:
        return ZERO
    held = account.position(terms.symbol).quantity
    after = held + terms.quantity * terms.side.sign
    if abs(after) <= abs(held) and after * held >= ZERO:
        return ZERO
    price = terms.limit_price or terms.stop_price or touch(terms.side, tick)
    needed = round_cents(account.margin(instrument, after, price) - account.margin(instrument, held, price))
    if needed > account.free_margin(price_of, instruments):
        raise Refused(Reason.FUNDS, "buying power does not cover the order")
    return max(needed, ZERO)
