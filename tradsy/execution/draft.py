"""Pure: what order a plan comes to on one account, before risk judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tradsy.domain.instruments import Instrument
from tradsy.domain.market import Quote
from tradsy.domain.money import ONE, ZERO, format_decimal, round_nearest
from tradsy.domain.orders import OrderRole, OrderTerms, OrderType, Side, TimeInForce
from tradsy.follows.errors import SizingRefused
from tradsy.follows.model import Action, LevelUnit, StopLevel, TradeIntent
from tradsy.follows.plans import ApprovedPlan
from tradsy.follows.sizing import (
    effective_exits,
    resolve_levels,
    resolve_stop,
    resolve_targets,
    size_entry,
    size_exit,
)
from tradsy.risk.model import Check, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that a plan comes to."""

    terms: OrderTerms
    role: OrderRole
    exits: dict[str, Any] | None = None
    """Prices of the protective orders that its fills call for."""
    parent_quantity: Decimal = ZERO
    """What the order is part of (R-P22): the planned size, or the position that it closes."""
    cancel_symbol: str | None = None
    """Open orders of this symbol are to be canceled beside it."""


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """The plan asks for cancels alone; None means every order of its source."""

    symbol: str | None


@dataclass(frozen=True, slots=True)
class MoveExits:
    """The plan asks for other protective prices of what is held."""

    symbol: str
    side: Side
    """Of the entries that are protected."""
    stop: Decimal | None = None
    """None leaves the stops as they are."""
    trail_amount: Decimal | None = None
    targets: tuple[Decimal, ...] = ()
    """Empty leaves the targets as they are."""

    def apply(self) -> tuple[dict[str, Any], list[str]]:
        """Return what an entry's exits are overwritten with, and which of their keys go."""
        changed: dict[str, Any] = {}
        if self.targets:
            changed["targets"] = [format_decimal(target) for target in self.targets]
        if self.stop is None:
            return changed, []
        changed["stop"] = format_decimal(self.stop)
        if self.trail_amount is None:
            return changed, ["trail_amount"]
        return {**changed, "trail_amount": format_decimal(self.trail_amount)}, []


@dataclass(frozen=True, slots=True)
class DraftRefused:
    """The plan comes to no order; the numbers are stored with the verdict."""

    code: str
    detail: str
    numbers: dict[str, Any] = field(default_factory=dict[str, Any])
    hold: bool = False
    """A person could still make something of it."""

    def verdict(self, config_hash: str) -> Verdict:
        """Return the refusal as a verdict, so that one place tells of every reason."""
        figures = ", ".join(f"{key} {value}" for key, value in self.numbers.items())
        outcome = Outcome.SOFT if self.hold else Outcome.REFUSE
        check = Check("SIZING", self.code, outcome, detail=f"{self.detail} {figures}".strip())
        return Verdict(
            approved=False,
            checks=(check,),
            reasons=() if self.hold else (self.code,),
            soft=(self.code,) if self.hold else (),
            config_hash=config_hash,
        )


def draft_order(
    plan: ApprovedPlan,
    *,
    instrument: Instrument | None,
    quote: Quote | None,
    equity: Decimal | None,
    held: Decimal,
    has_open_entries: bool,
    average_price: Decimal | None = None,
) -> Draft | CancelOrders | MoveExits | DraftRefused:
    """Return what `plan` comes to on an account that holds `held` (signed) of the symbol at `average_price`."""
    intent = plan.intent
    if intent.action is Action.CANCEL:
        return CancelOrders(intent.symbol)
    if intent.symbol is None:
        return DraftRefused("SYMBOL_MISSING", "the signal names no symbol", hold=True)
    if instrument is None:
        return DraftRefused("SYMBOL_UNKNOWN", "the symbol is not known")
    try:
        if intent.action is Action.UPDATE:
            return _draft_move(plan, instrument, quote, held, average_price)
        if intent.action.is_closing or _closes_instead(intent, held):
            return _draft_exit(plan, instrument, quote, held, has_open_entries=has_open_entries)
        return _draft_entry(plan, instrument, quote, equity)
    except SizingRefused as refused:
        return DraftRefused(refused.reason, refused.detail, dict(refused.context))


def _closes_instead(intent: TradeIntent, held: Decimal) -> bool:
    side = intent.action.side
    return intent.close_opposite and side is not None and held * side.sign < ZERO


def expected_price(intent: TradeIntent, side: Side, quote: Quote | None) -> Decimal:
    """Return the price to size by: the order's own, else the touch; zero when neither is known."""
    if intent.limit_price is not None:
        return intent.limit_price
    if intent.stop_price is not None:
        return intent.stop_price
    if quote is None:
        return ZERO
    return quote.ask if side is Side.BUY else quote.bid


def _draft_entry(
    plan: ApprovedPlan, instrument: Instrument, quote: Quote | None, equity: Decimal | None
) -> Draft | DraftRefused:
    intent = plan.intent
    side = Side.BUY if intent.action is Action.OPEN_LONG else Side.SELL
    if equity is None:
        return DraftRefused("EQUITY_UNKNOWN", "the account's equity is not known")
    price = expected_price(intent, side, quote)
    if price <= ZERO:
        return DraftRefused("SIZE_PRICE_UNKNOWN", "there is no price to size by")
    stop, targets = effective_exits(intent, plan.exit_policy)
    stop_price, target_prices = resolve_levels(stop, targets, entry_price=price, side=side, instrument=instrument)
    quantity = size_entry(
        intent,
        plan.sizing_mode,
        plan.sizing_value,
        equity=equity,
        price=price,
        stop_price=stop_price,
        instrument=instrument,
    )
    exits = _exits(stop_price, target_prices, price, trailing=stop is not None and stop.trailing)
    terms = _terms(intent, instrument, side, quantity, reduce_only=False)
    return Draft(
        terms,
        OrderRole.ENTRY,
        exits=exits,
        parent_quantity=quantity,
        cancel_symbol=instrument.symbol if intent.cancel_open else None,
    )


def _exits(
    stop_price: Decimal | None, targets: tuple[Decimal, ...], price: Decimal, *, trailing: bool
) -> dict[str, Any] | None:
    if stop_price is None and not targets:
        return None
    exits: dict[str, Any] = {"targets": [format_decimal(target) for target in targets]}
    if stop_price is not None:
        exits["stop"] = format_decimal(stop_price)
        if trailing:
            exits["trail_amount"] = format_decimal(abs(price - stop_price))
    return exits


def _draft_exit(
    plan: ApprovedPlan, instrument: Instrument, quote: Quote | None, held: Decimal, *, has_open_entries: bool
) -> Draft | CancelOrders | DraftRefused:
    intent = plan.intent
    wanted = {Action.CLOSE_LONG: 1, Action.CLOSE_SHORT: -1}.get(intent.action)
    if held == ZERO or (wanted is not None and held * wanted < ZERO):
        if has_open_entries:
            # Nothing is held yet, so leaving means not to enter.
            return CancelOrders(instrument.symbol)
        return DraftRefused("NO_POSITION", "there is no position to close", {"held": format_decimal(held)})
    side = Side.SELL if held > ZERO else Side.BUY
    price = expected_price(intent, side, quote)
    if price <= ZERO:
        return DraftRefused("SIZE_PRICE_UNKNOWN", "there is no price to size by")
    quantity = size_exit(intent, held=abs(held), own_share=ONE, price=price, instrument=instrument)
    terms = _terms(intent, instrument, side, quantity, reduce_only=True)
    return Draft(terms, OrderRole.EXIT, parent_quantity=abs(held), cancel_symbol=instrument.symbol)


def _draft_move(
    plan: ApprovedPlan, instrument: Instrument, quote: Quote | None, held: Decimal, average_price: Decimal | None
) -> MoveExits | DraftRefused:
    intent, policy = plan.intent, plan.exit_policy
    # What the follow sets itself counts before the signal's, for an update as for an entry.
    stop = intent.stop_loss if policy.use_signal_exits and policy.stop is None else None
    levels = intent.take_profits if policy.use_signal_exits and not policy.targets else ()
    if stop is None and not levels:
        return DraftRefused("SIGNAL_EXITS_OFF", "the follow's own exits count, or the signal names none")
    if held == ZERO or average_price is None:
        return DraftRefused("NO_POSITION", "there is no position to protect", {"held": format_decimal(held)})
    if quote is None:
        return DraftRefused("SIZE_PRICE_UNKNOWN", "there is no price to compare with")
    side = Side.BUY if held > ZERO else Side.SELL
    stop_price = None if stop is None else _moved_stop(stop, average_price, side, instrument)
    trailing = stop is not None and stop.trailing
    market = quote.bid if side is Side.BUY else quote.ask
    if stop_price is not None and not trailing and (market - stop_price) * side.sign <= ZERO:
        numbers = {"stop_price": format_decimal(stop_price), "market": format_decimal(market)}
        return DraftRefused("STOP_WRONG_SIDE", "the stop is on the wrong side of the market", numbers)
    targets = resolve_targets(
        levels, entry_price=average_price, stop_price=stop_price, side=side, instrument=instrument
    )
    trail = abs(average_price - stop_price) if stop_price is not None and trailing else None
    return MoveExits(instrument.symbol, side, stop_price, trail, targets)


def _moved_stop(stop: StopLevel, average_price: Decimal, side: Side, instrument: Instrument) -> Decimal | None:
    """Return a stop's new price: it may have passed the entry, but not the market."""
    if stop.unit is LevelUnit.PRICE and not stop.trailing:
        return round_nearest(stop.value, instrument.tick_size)
    return resolve_stop(stop, entry_price=average_price, side=side, instrument=instrument)


def _terms(
    intent: TradeIntent, instrument: Instrument, side: Side, quantity: Decimal, *, reduce_only: bool
) -> OrderTerms:
    tick = instrument.tick_size

    def fit(price: Decimal | None) -> Decimal | None:
        return None if price is None else round_nearest(price, tick)

    return OrderTerms(
        symbol=instrument.symbol,
        side=side,
        order_type=intent.order_type,
        quantity=quantity,
        time_in_force=intent.time_in_force,
        limit_price=fit(intent.limit_price) if intent.order_type in _LIMITED else None,
        stop_price=fit(intent.stop_price) if intent.order_type in _STOPPED else None,
        trail_amount=intent.trail_amount,
        trail_percent=intent.trail_percent,
        reduce_only=reduce_only,
        extended_hours=intent.extended_hours,
    )


_EXIT_TIME = TimeInForce.GTC
"""Protective orders outlive the day: the position does too."""
_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


@dataclass(frozen=True, slots=True)
class ExitLeg:
    """One protective order."""

    role: OrderRole
    terms: OrderTerms
    group: int
    """Legs of one group cancel each other."""


def draft_exits(
    *, symbol: str, entry_side: Side, quantity: Decimal, exits: dict[str, Any], instrument: Instrument, pair: bool
) -> list[ExitLeg]:
    """Return the protective orders for `quantity` more that was filled: a stop for all of it, targets in equal parts.

    Each part is its own pair of stop and target. Without `pair` (the venue knows no one-cancels-other) only the stop
    is placed: two orders that could both fill would turn the position round.
    """
    side = entry_side.opposite
    stop = exits.get("stop")
    targets = [Decimal(target) for target in exits.get("targets", ())] if pair or stop is None else []
    parts = _split(quantity, max(len(targets), 1), instrument.lot_size)
    legs: list[ExitLeg] = []
    for group, part in enumerate(parts):
        if stop is not None:
            legs.append(ExitLeg(OrderRole.STOP, _stop_terms(symbol, side, part, exits), group))
        if targets:
            target = targets[min(group, len(targets) - 1)]
            terms = OrderTerms(symbol, side, OrderType.LIMIT, part, _EXIT_TIME, limit_price=target, reduce_only=True)
            legs.append(ExitLeg(OrderRole.TARGET, terms, group))
    return legs


def _stop_terms(symbol: str, side: Side, quantity: Decimal, exits: dict[str, Any]) -> OrderTerms:
    trail = exits.get("trail_amount")
    if trail is not None:
        return OrderTerms(
            symbol,
            side,
            OrderType.TRAILING_STOP,
            quantity,
            _EXIT_TIME,
            trail_amount=Decimal(trail),
            reduce_only=True,
        )
    return OrderTerms(
        symbol, side, OrderType.STOP, quantity, _EXIT_TIME, stop_price=Decimal(exits["stop"]), reduce_only=True
    )


def _split(quantity: Decimal, parts: int, lot: Decimal) -> list[Decimal]:
    """Split into at most `parts` whole lots that sum to `quantity`; the last takes the remainder."""
    each = (quantity / parts) // lot * lot if lot else quantity / parts
    if each <= ZERO:
        return [quantity]
    return [each] * (parts - 1) + [quantity - each * (parts - 1)]
