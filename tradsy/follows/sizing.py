"""How large a follower's order is, and where its stop and targets stand: pure arithmetic."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.money import HUNDRED, ONE, ZERO, format_decimal, round_down, round_nearest
from tradsy.domain.orders import Side
from tradsy.follows.errors import SizingRefused
from tradsy.follows.model import (
    ExitPolicy,
    LevelUnit,
    PriceLevel,
    QuantityUnit,
    SizingMode,
    StopLevel,
    TradeIntent,
)


def size_entry(
    intent: TradeIntent,
    mode: SizingMode,
    value: Decimal,
    *,
    equity: Decimal,
    price: Decimal,
    stop_price: Decimal | None,
    instrument: Instrument,
) -> Decimal:
    """Return the units to open, rounded down to the lot.

    Args:
        intent: what the signal asks for; its quantity counts for `multiplier` alone.
        mode: how `value` is meant.
        value: the follow's sizing value (`SizingMode` says its unit).
        equity: account equity, account currency.
        price: expected entry price, quote currency per unit.
        stop_price: resolved stop price; needed where the loss at the stop decides.
        instrument: gives lot, minimum sizes and the cash per point.

    Raises:
        SizingRefused: the input is missing, or the result is below the smallest order.
    """
    if price <= ZERO:
        raise SizingRefused("SIZE_PRICE_UNKNOWN", "no price to size by", price=format_decimal(price))
    match mode:
        case SizingMode.FIXED_QUANTITY:
            units = value
        case SizingMode.FIXED_CASH:
            units = _by_cash(value, price, instrument)
        case SizingMode.PERCENT_EQUITY:
            units = _by_cash(_share(value, equity), price, instrument)
        case SizingMode.RISK_TO_STOP:
            units = _by_risk(_share(value, equity), price, stop_price, instrument)
        case SizingMode.MULTIPLIER:
            units = value * _signal_units(intent, equity, price, stop_price, instrument)
    return fit_quantity(units, price, instrument)


def _signal_units(
    intent: TradeIntent, equity: Decimal, price: Decimal, stop_price: Decimal | None, instrument: Instrument
) -> Decimal:
    if intent.quantity is None:
        raise SizingRefused("SIZE_NO_SIGNAL_QUANTITY", "the signal names no quantity to multiply")
    match intent.quantity_unit or QuantityUnit.UNITS:
        case QuantityUnit.UNITS:
            return intent.quantity
        case QuantityUnit.CASH:
            return _by_cash(intent.quantity, price, instrument)
        case QuantityUnit.PERCENT_EQUITY:
            return _by_cash(_share(intent.quantity, equity), price, instrument)
        case QuantityUnit.RISK_CASH:
            return _by_risk(intent.quantity, price, stop_price, instrument)
        case QuantityUnit.RISK_PERCENT:
            return _by_risk(_share(intent.quantity, equity), price, stop_price, instrument)
        case QuantityUnit.PERCENT_POSITION:
            raise SizingRefused("SIZE_NO_POSITION", "a percentage of a position cannot open one")


def _share(percent: Decimal, equity: Decimal) -> Decimal:
    if equity <= ZERO:
        raise SizingRefused("SIZE_NO_EQUITY", "the account has no equity to size by", equity=format_decimal(equity))
    return equity * percent / HUNDRED


def _by_cash(cash: Decimal, price: Decimal, instrument: Instrument) -> Decimal:
    return cash / (price * instrument.multiplier)


def _by_risk(cash: Decimal, price: Decimal, stop_price: Decimal | None, instrument: Instrument) -> Decimal:
    if stop_price is None:
        raise SizingRefused("SIZE_NO_STOP", "sizing by risk needs a stop price")
    distance = abs(price - stop_price)
    if distance < instrument.tick_size or distance == ZERO:
        raise SizingRefused(
            "SIZE_STOP_TOO_NEAR",
            "the stop is nearer than one price step",
            distance=format_decimal(distance),
            tick_size=format_decimal(instrument.tick_size),
        )
    return cash / (distance * instrument.multiplier)


def fit_quantity(units: Decimal, price: Decimal, instrument: Instrument) -> Decimal:
    """Return `units` rounded down to the lot.

    Raises:
        SizingRefused: what is left is below the instrument's minimum quantity or notional.
    """
    quantity = round_down(units, instrument.lot_size)
    if quantity <= ZERO or quantity < instrument.min_quantity:
        raise SizingRefused(
            "SIZE_BELOW_MIN_QUANTITY",
            "the size is below the smallest order",
            quantity=format_decimal(max(quantity, ZERO)),
            min_quantity=format_decimal(instrument.min_quantity),
        )
    notional = instrument.notional(quantity, price)
    if notional < instrument.min_notional:
        raise SizingRefused(
            "SIZE_BELOW_MIN_NOTIONAL",
            "the order's value is below the smallest",
            notional=format_decimal(notional),
            min_notional=format_decimal(instrument.min_notional),
        )
    return quantity


def size_exit(
    intent: TradeIntent, *, held: Decimal, own_share: Decimal, price: Decimal, instrument: Instrument
) -> Decimal:
    """Return the units to close of `held` (> 0), rounded down to the lot and never more than is held.

    A closing quantity counts the sender's units: it is scaled by `own_share`, the follower's entry over the sender's
    (1 where that is unknown). Without quantity and fraction everything is closed, remainders below a lot too.
    """
    if intent.quantity is not None:
        match intent.quantity_unit or QuantityUnit.UNITS:
            case QuantityUnit.PERCENT_POSITION:
                wanted = held * intent.quantity / HUNDRED
            case QuantityUnit.CASH:
                wanted = _by_cash(intent.quantity, price, instrument) * own_share
            case QuantityUnit.UNITS:
                wanted = intent.quantity * own_share
            case _:
                raise SizingRefused("SIZE_EXIT_UNIT", "a close cannot be measured by equity or risk")
    elif intent.fraction is not None:
        wanted = held * intent.fraction
    else:
        wanted = held
    if wanted >= held:
        return held
    quantity = round_down(wanted, instrument.lot_size)
    # A trim of the last lot closes it: rounding it to nothing would leave the position for ever.
    return quantity if quantity > ZERO else min(held, max(instrument.lot_size, instrument.min_quantity))


def effective_exits(intent: TradeIntent, policy: ExitPolicy) -> tuple[StopLevel | None, tuple[PriceLevel, ...]]:
    """Return the stop and targets that count: the follow's own before the signal's."""
    signal_stop = intent.stop_loss if policy.use_signal_exits else None
    signal_targets = intent.take_profits if policy.use_signal_exits else ()
    return policy.stop or signal_stop, policy.targets or signal_targets


def resolve_stop(stop: StopLevel | None, *, entry_price: Decimal, side: Side, instrument: Instrument) -> Decimal | None:
    """Return the stop's price on the tick grid, quote currency; a trailing stop's is where it starts.

    Raises:
        SizingRefused: it would stand at or above the entry of a long, at or below that of a short, or at or below zero.
    """
    if stop is None:
        return None
    if stop.unit is LevelUnit.BREAKEVEN:
        return round_nearest(entry_price, instrument.tick_size)
    if stop.unit is LevelUnit.PRICE and not stop.trailing:
        price = stop.value
    else:
        price = entry_price - side.sign * _distance(stop.value, stop.unit, entry_price, None, instrument)
    price = round_nearest(price, instrument.tick_size)
    if price <= ZERO or (entry_price - price) * side.sign <= ZERO:
        raise SizingRefused(
            "STOP_WRONG_SIDE",
            "the stop is on the wrong side of the entry",
            stop_price=format_decimal(price),
            entry_price=format_decimal(entry_price),
        )
    return price


def resolve_targets(
    targets: tuple[PriceLevel, ...],
    *,
    entry_price: Decimal,
    stop_price: Decimal | None,
    side: Side,
    instrument: Instrument,
) -> tuple[Decimal, ...]:
    """Return the targets' prices on the tick grid, nearest to the entry first, without repeats.

    Raises:
        SizingRefused: one is on the losing side of the entry, or is a multiple of a risk that is not known.
    """
    prices: set[Decimal] = set()
    for target in targets:
        if target.unit is LevelUnit.PRICE:
            price = target.value
        else:
            price = entry_price + side.sign * _distance(target.value, target.unit, entry_price, stop_price, instrument)
        price = round_nearest(price, instrument.tick_size)
        if price <= ZERO or (price - entry_price) * side.sign <= ZERO:
            raise SizingRefused(
                "TARGET_WRONG_SIDE",
                "a target is on the wrong side of the entry",
                target_price=format_decimal(price),
                entry_price=format_decimal(entry_price),
            )
        prices.add(price)
    return tuple(sorted(prices, reverse=side is Side.SELL))


def resolve_levels(
    stop: StopLevel | None,
    targets: tuple[PriceLevel, ...],
    *,
    entry_price: Decimal,
    side: Side,
    instrument: Instrument,
) -> tuple[Decimal | None, tuple[Decimal, ...]]:
    """Return (stop price, target prices) for an entry of `side` at `entry_price`.

    Raises:
        SizingRefused: see `resolve_stop` and `resolve_targets`.
    """
    stop_price = resolve_stop(stop, entry_price=entry_price, side=side, instrument=instrument)
    return stop_price, resolve_targets(
        targets, entry_price=entry_price, stop_price=stop_price, side=side, instrument=instrument
    )


def _distance(
    value: Decimal, unit: LevelUnit, entry_price: Decimal, stop_price: Decimal | None, instrument: Instrument
) -> Decimal:
    match unit:
        case LevelUnit.PERCENT:
            return entry_price * value / HUNDRED
        case LevelUnit.AMOUNT | LevelUnit.PRICE:
            return value
        case LevelUnit.POINTS:
            return value * point_size(instrument)
        case LevelUnit.PIPS:
            return value * pip_size(instrument)
        case LevelUnit.RISK:
            if stop_price is None or stop_price == entry_price:
                raise SizingRefused("TARGET_NEEDS_STOP", "a target in multiples of risk needs a stop")
            return abs(entry_price - stop_price) * value
        case LevelUnit.BREAKEVEN:
            return Decimal(0)


def pip_size(instrument: Instrument) -> Decimal:
    """Return one pip, quote currency: 0.01 for yen pairs, 0.1 for gold, 0.01 for silver, else 0.0001.

    Elsewhere a pip is one price step.
    """
    if instrument.asset_class is not AssetClass.FOREX:
        return instrument.tick_size
    if instrument.symbol.startswith("XAU"):
        return Decimal("0.1")
    if instrument.symbol.startswith("XAG") or instrument.symbol.endswith("JPY"):
        return Decimal("0.01")
    return Decimal("0.0001")


def point_size(instrument: Instrument) -> Decimal:
    """Return one point, quote currency: 1, but for currency pairs, where it is the smallest price step."""
    return instrument.tick_size if instrument.asset_class is AssetClass.FOREX else ONE
