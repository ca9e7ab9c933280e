"""Money and exposure: R-P11 buying power, R-P12 exposure, R-X7 the rails of position sizing."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.money import ZERO
from tradsy.risk.case import Case, Missing, need
from tradsy.risk.model import Check, Outcome, PositionsFacts
from tradsy.risk.rules.base import Kind, Rule, refused, skipped


def judge_buying_power(case: Case) -> Check:
    """R-P11: what the order opens, with what open orders reserve, fits 95 % of the broker's buying power."""
    opening = need(case.opening_notional, "position, price or exchange rate")
    account = case.facts.account
    if account is not None and account.trading_blocked:
        return refused("R-P11", "ACCOUNT_BLOCKED", "the broker blocks trading on this account")
    if opening == ZERO:
        return _NOTHING_OPENED
    account = need(account, "account")
    age, oldest = case.facts.now - account.snapshot_at, case.limits.account_snapshot_age
    if age > oldest:
        return Check("R-P11", "ACCOUNT_STALE", Outcome.REFUSE, oldest, age, "s")
    reserve = need(case.reserve, "open orders")
    usable = account.buying_power * case.limits.buying_power_fraction
    needed = opening + reserve
    outcome = Outcome.REFUSE if needed > usable else Outcome.PASS
    return Check("R-P11", "BUYING_POWER", outcome, usable, needed, account.currency)


def _projected(case: Case, positions: PositionsFacts) -> tuple[Decimal, Decimal]:
    """Gross and symbol notional once this and all open orders are filled."""
    value = need(case.unit_value, "price or exchange rate")
    held = need(case.facts.position, "position")
    reserve = need(case.reserve, "open orders")
    own = need(case.symbol_reserve, "open orders")
    after = abs(held + case.order.quantity * case.order.side.sign) * value
    now = positions.by_symbol.get(case.order.symbol)
    if now is None:
        if held != ZERO:
            raise Missing("notional of the position")
        now = ZERO
    return positions.gross_notional - now + after + reserve, after + own


def judge_exposure(case: Case) -> Check:
    """R-P12: gross, symbol and open-order exposure after the fill, as parts of equity."""
    limits = case.limits
    positions = need(case.facts.positions, "positions")
    equity = need(case.facts.account, "account").equity
    gross, symbol = _projected(case, positions)
    resting = need(case.reserve, "open orders") + need(case.opening_notional, "position")
    for code, fraction, value in (
        ("SYMBOL_EXPOSURE", limits.max_symbol_exposure, symbol),
        ("GROSS_EXPOSURE", limits.max_gross_exposure, gross),
        ("OPEN_ORDER_EXPOSURE", limits.max_open_order_exposure, resting),
    ):
        if value > equity * fraction:
            return Check("R-P12", code, Outcome.REFUSE, equity * fraction, value, "USD")
    return Check("R-P12", "GROSS_EXPOSURE", Outcome.PASS, equity * limits.max_gross_exposure, gross, "USD")


def judge_rails(case: Case) -> Check:
    """R-X7: 15 % of equity in one position, 10 positions, an account of at least $1,000."""
    facts, limits = case.facts, case.limits
    positions = need(facts.positions, "positions")
    held = need(facts.position, "position")
    equity = need(facts.account, "account").equity
    if equity < limits.min_account_equity:
        return Check("R-X7", "ACCOUNT_TOO_SMALL", Outcome.REFUSE, limits.min_account_equity, equity, "USD")
    value = need(case.unit_value, "price or exchange rate")
    size = abs(held + case.order.quantity * case.order.side.sign) * value
    most = equity * limits.max_position_fraction
    if size > most:
        return Check("R-X7", "MAX_POSITION_SIZE", Outcome.REFUSE, most, size, "USD")
    need(case.account_orders, "open orders")
    pending = {symbol for symbol in case.opening_symbols if not positions.by_symbol.get(symbol)}
    if held == ZERO:
        pending.add(case.order.symbol)
    count = positions.count + len(pending)
    # Adding to what is held opens no further position, even where there are too many already.
    outcome = Outcome.REFUSE if count > limits.max_positions and held == ZERO else Outcome.PASS
    return Check("R-X7", "MAX_POSITIONS", outcome, limits.max_positions, count, "positions")


_NOTHING_OPENED = skipped("R-P11", "BUYING_POWER", "opens nothing")

P11 = Rule(
    "R-P11",
    "Buying power",
    Kind.HARD,
    ("BUYING_POWER", "ACCOUNT_STALE", "ACCOUNT_BLOCKED"),
    "order and open orders within 95 % of buying power; snapshot of 60 s",
    judge_buying_power,
)
P12 = Rule(
    "R-P12",
    "Exposure",
    Kind.HARD,
    ("GROSS_EXPOSURE", "SYMBOL_EXPOSURE", "OPEN_ORDER_EXPOSURE"),
    "after the fill: gross 100 % of equity, one symbol 15 %, open orders 100 %",
    judge_exposure,
)
X7 = Rule(
    "R-X7",
    "Sizing rails",
    Kind.HARD,
    ("MAX_POSITION_SIZE", "MAX_POSITIONS", "ACCOUNT_TOO_SMALL"),
    "15 % of equity in one position, 10 positions, an account of $1,000",
    judge_rails,
)
