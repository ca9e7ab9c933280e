"""What makes an alert unusable: levels on the wrong side, slips in a number, spreads, missing parts."""

from __future__ import annotations

from decimal import Decimal

from tradsy.signals.text.assemble import LEVELLED, Built
from tradsy.signals.text.lexicon import EXPLICIT, Hint
from tradsy.signals.text.model import OPENING, Action, AssetClass
from tradsy.signals.text.scan import Scan
from tradsy.signals.text.tokens import Kind

_WIDEST = {AssetClass.FOREX: Decimal("1.6"), AssetClass.INDEX: Decimal("1.6"), AssetClass.FUTURE: Decimal("1.6")}
_DEAR_COINS = frozenset({"BTC/", "ETH/", "XBT/"})
"""Coins that cost thousands, so that 19,000 can only be one thing."""
_SPREADABLE = frozenset({AssetClass.OPTION, AssetClass.STOCK, AssetClass.INDEX, None})
_WIDEST_OTHER = Decimal(6)
_WIDEST_OPTION = Decimal(50)


def refusal(scan: Scan, built: Built) -> str | None:
    """The code of the first fault of an opening alert; None where it may pass."""
    return _missing(scan, built) or _numbers(scan, built) or _sides(built) or _magnitude(built)


def _missing(scan: Scan, built: Built) -> str | None:
    several = any(hint is Hint.SPREAD and _real_spread(scan, place) for hint, place in scan.draft.hints)
    if (scan.draft.spread or several) and built.asset in _SPREADABLE:
        return "multi_leg"
    if built.symbol is None:
        return "no_instrument"
    if scan.draft.unreadable and built.price is None:
        return "no_price"
    market = any(hint is Hint.MARKET for hint, _ in scan.draft.hints)
    aimless = built.stop is None and (not built.targets or built.verb not in EXPLICIT)
    if built.price is None and aimless and not market:
        return "no_price"
    if built.price is None and built.option is not None and not market:
        return "no_price"
    return None


def _real_spread(scan: Scan, place: int) -> bool:
    return scan.tokens[place].text not in {"box", "fly", "ratio", "credit", "debit"} or bool(scan.draft.strikes)


def _numbers(scan: Scan, built: Built) -> str | None:
    if scan.draft.signed_price:
        return "negative_price"
    levels = [level for level in [built.stop, *built.targets] if level is not None and level.absolute]
    if (built.price is not None and built.price <= 0) or any(level.value <= 0 for level in levels):
        return "negative_price"
    if built.qty is not None and built.qty <= 0:
        return "zero_size"
    return None


def _sides(built: Built) -> str | None:
    if built.price is None:
        return _sides_without_price(built)
    low, high = built.zone or (built.price, built.price)
    long = built.action is Action.BTO
    if built.stop is not None and built.stop.absolute:
        stop = built.stop.value
        if (stop >= high) if long else (stop <= low):
            return "stop_on_wrong_side"
        if low < stop < high:
            built.doubt("stop_inside_zone")
    for target in built.targets:
        if target.absolute and ((target.value <= low) if long else (target.value >= high)):
            return "target_on_wrong_side"
    return None


def _sides_without_price(built: Built) -> str | None:
    """At the market: stop and targets must at least lie on different sides in the right order."""
    if built.stop is None or not built.stop.absolute:
        return None
    for target in built.targets:
        if target.absolute and (target.value <= built.stop.value) == (built.action is Action.BTO):
            return "stop_on_wrong_side"
    return None


def _magnitude(built: Built) -> str | None:
    if built.price is None:
        return None
    if built.option is not None and built.option.strike is not None and built.price > built.option.strike:
        return "misplaced_decimal"
    ratio = _WIDEST_OPTION if built.option else _WIDEST.get(built.asset or AssetClass.STOCK, _WIDEST_OTHER)
    for level in [built.stop, *built.targets]:
        if level is None or not level.absolute:
            continue
        if not (built.price < level.value * ratio and level.value < built.price * ratio):
            return "misplaced_decimal"
    return None


def _grouped(raw: str) -> bool:
    """Whether a number could be 12,345 or 12.345."""
    head, comma, tail = raw.partition(",")
    return bool(comma) and len(tail) == 3 and len(head) <= 3 and tail.isdigit()


def doubts(scan: Scan, built: Built) -> None:
    """Note what lowers the confidence of an alert that passes."""
    draft = scan.draft
    if built.action in OPENING:
        if built.price is None:
            built.doubt("market_order")
        if built.stop is None and built.asset in LEVELLED and built.verb not in EXPLICIT:
            built.doubt("no_stop")
        if built.average:
            built.doubt("averaging")
        if draft.target_hit or draft.stop_hit:
            built.doubt("result_named")
    elif built.symbol is None:
        built.doubt("no_symbol")
    if any(hint is Hint.EDITED and scan.tokens[place].text != "was" for hint, place in draft.hints):
        built.doubt("edited")
    small_coin = built.asset is AssetClass.CRYPTO and (built.symbol or "")[:4] not in _DEAR_COINS
    if small_coin and any(_grouped(token.raw) for token in scan.tokens if token.kind is Kind.NUM):
        built.doubt("thousands_or_decimal")
    if built.option is not None and built.option.strike is None:
        built.doubt("no_strike")
    if any(token.fixed for token in scan.tokens):
        built.doubt("misspelt")
    talk = len(draft.unknown)
    if talk > 12:
        built.doubt("long_talk")
    elif talk > 5:
        built.doubt("unknown_words")
