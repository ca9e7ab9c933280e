"""Size of one order: R-P7 notional, R-P8 quantity."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.instruments import AssetClass
from tradsy.domain.money import BPS, HUNDRED
from tradsy.risk.case import Case, need
from tradsy.risk.model import UNITS_OF_CONTRACTS, Check, Confirmation, Outcome
from tradsy.risk.rules.base import Kind, Rule, passed

CONFIRM_TOLERANCE = HUNDRED * BPS
"""A typed notional covers the order while the market moves it by no more than this part of it."""
STEP_UP_FRACTION = Decimal("0.5")
"""Above this part of the hard cap, a confirmation needs a second factor."""
_SHARES = frozenset({AssetClass.STOCK, AssetClass.ETF})


def confirms(case: Case) -> bool:
    """Whether the person typed this order's symbol and notional and a reason, with a second factor where needed."""
    typed: Confirmation | None = case.facts.confirmation
    if typed is None or not case.is_person or case.notional is None:
        return False
    if typed.symbol != case.order.symbol or not typed.reason.strip() or not typed.notional.is_finite():
        return False
    if abs(case.notional - typed.notional) > typed.notional * CONFIRM_TOLERANCE:
        return False
    return typed.stepped_up or case.notional <= case.limits.hard_order_notional * STEP_UP_FRACTION


def soft_breach(case: Case, rule: str, code: str, limit: Decimal | int, value: Decimal | int, unit: str) -> Check:
    """Return a soft breach, or a pass where a person has confirmed it."""
    if confirms(case):
        return Check(rule, code, Outcome.PASS, limit, value, unit, "confirmed by a person")
    return Check(rule, code, Outcome.SOFT, limit, value, unit)


def judge_notional(case: Case) -> Check:
    """R-P7: order notional against the smaller of a fixed amount and a part of equity; soft to twice that."""
    limits = case.limits
    equity = need(case.facts.account, "account").equity
    notional = need(case.notional, "price or exchange rate")
    limit = min(limits.max_order_notional, limits.max_order_equity_fraction * equity)
    if notional <= limit:
        return Check("R-P7", "MAX_ORDER_NOTIONAL", Outcome.PASS, limit, notional, "USD")
    hard = min(limit * limits.order_notional_soft_factor, limits.hard_order_notional)
    if notional <= hard:
        return soft_breach(case, "R-P7", "MAX_ORDER_NOTIONAL", limit, notional, "USD")
    return Check("R-P7", "MAX_ORDER_NOTIONAL", Outcome.REFUSE, hard, notional, "USD")


def judge_quantity(case: Case) -> Check:
    """R-P8: units of one order, and its part of the average daily volume."""
    limits, quantity = case.limits, case.order.quantity
    kind = need(case.facts.instrument, "instrument").asset_class
    if kind in _SHARES and quantity > limits.max_order_shares:
        return Check("R-P8", "MAX_ORDER_QUANTITY", Outcome.REFUSE, limits.max_order_shares, quantity, "shares")
    if kind in UNITS_OF_CONTRACTS and quantity > limits.max_order_contracts:
        return Check("R-P8", "MAX_ORDER_QUANTITY", Outcome.REFUSE, limits.max_order_contracts, quantity, "contracts")
    volume = need(need(case.facts.quote, "quote").adv, "average daily volume")
    most = volume * limits.max_adv_fraction
    if quantity > most:
        return Check("R-P8", "MAX_ADV_FRACTION", Outcome.REFUSE, most, quantity, "units")
    if quantity > volume * limits.warn_adv_fraction:
        return Check("R-P8", "MAX_ADV_FRACTION", Outcome.WARN, volume * limits.warn_adv_fraction, quantity, "units")
    return _QUANTITY_PASS


_QUANTITY_PASS = passed("R-P8", "MAX_ORDER_QUANTITY")

P7 = Rule(
    "R-P7",
    "Max order notional",
    Kind.SOFT_THEN_HARD,
    ("MAX_ORDER_NOTIONAL",),
    "the smaller of $5,000 and 15 % of equity; soft to 2x; hard cap $100,000",
    judge_notional,
)
P8 = Rule(
    "R-P8",
    "Max order quantity",
    Kind.HARD,
    ("MAX_ORDER_QUANTITY", "MAX_ADV_FRACTION"),
    "1,000 shares, 10 contracts; 1 % of 20-day volume (warn at 0.1 %)",
    judge_quantity,
)
