"""The same again: R-P15 repeated execution, R-P17 duplicate order, R-P18 self-match."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.money import ONE
from tradsy.domain.orders import OrderTerms, OrderType, Side
from tradsy.risk.case import Case, need
from tradsy.risk.model import Check, ModeChange, OpenOrderFacts, Origin, Outcome, RecentOrder, RiskMode
from tradsy.risk.rules.base import Kind, Rule, passed, refused, skipped
from tradsy.risk.rules.size import confirms

MARKET_REACH = Decimal("0.01")
"""How far beyond the touch a market order is taken to reach for the self-match."""
_RESTS_IN_BOOK = frozenset({OrderType.LIMIT, OrderType.MARKET})


def judge_repeats(case: Case) -> Check:
    """R-P15: the same source, symbol and side filled again and again disables the source until a person acts."""
    facts, limits, counters = case.facts, case.limits, case.facts.counters
    if facts.source_id is None:
        return _NO_SOURCE
    mode = need(facts.source_mode, "state of the source")
    if mode is not RiskMode.NORMAL:
        return refused("R-P15", "SOURCE_DISABLED", "a person must enable the source again")
    soon = need(counters.repeat_fills_5min, "fills in 5 min")
    if soon >= limits.repeat_fills_5min:
        return Check("R-P15", "REPEATED_EXECUTION", Outcome.REFUSE, limits.repeat_fills_5min, soon, "fills in 5 min")
    today = need(counters.repeat_fills_today, "fills of the day")
    outcome = Outcome.REFUSE if today >= limits.repeat_fills_day else Outcome.PASS
    return Check("R-P15", "REPEATED_EXECUTION", outcome, limits.repeat_fills_day, today, "fills in a day")


def disable_source(check: Check) -> ModeChange | None:
    """Return the state that a repeated execution puts its source in."""
    if check.code == "REPEATED_EXECUTION":
        return ModeChange("source", RiskMode.DISABLED, check.rule, check.code)
    return None


def judge_duplicate_order(case: Case) -> Check:
    """R-P17: an equal order of the account within 10 s, from any source, is a duplicate until a person confirms it.

    An automatic reduce-only order of another link is not: two positions may be closed alike.
    """
    recent = need(case.facts.recent_orders, "recent orders")
    for other in recent:
        if _is_equal(case, other):
            age = case.facts.now - other.at
            if confirms(case):
                return Check(
                    "R-P17", "DUPLICATE_ORDER", Outcome.PASS, case.limits.duplicate_window, age, "s", "confirmed"
                )
            return Check("R-P17", "DUPLICATE_ORDER", Outcome.SOFT, case.limits.duplicate_window, age, "s")
    return _NO_DUPLICATE


def _is_equal(case: Case, other: RecentOrder) -> bool:
    """Whether `other` is the same order within the window."""
    mine, theirs = case.order, other.terms
    if mine.symbol != theirs.symbol or mine.side is not theirs.side or mine.quantity != theirs.quantity:
        return False
    if case.facts.now - other.at > case.limits.duplicate_window or not _has_equal_price(case, theirs):
        return False
    apart = case.reduce_only and case.facts.origin is Origin.AUTOMATIC
    return not (apart and case.facts.link is not None and case.facts.link != other.link)


def _has_equal_price(case: Case, theirs: OrderTerms) -> bool:
    """Same type and prices; a market order was sent as a limit through the touch (R-P10), and equals such a one."""
    mine = case.order
    if mine.order_type is theirs.order_type:
        return mine.limit_price == theirs.limit_price and mine.stop_price == theirs.stop_price
    if mine.order_type is not OrderType.MARKET or theirs.order_type is not OrderType.LIMIT:
        return False
    quote = case.facts.quote
    if quote is None or theirs.limit_price is None:
        return True
    return theirs.limit_price >= quote.ask if theirs.side is Side.BUY else theirs.limit_price <= quote.bid


def judge_self_match(case: Case) -> Check:
    """R-P18: the order must not trade against a resting order of the same user, on whatever account."""
    orders = need(case.facts.open_orders, "open orders")
    order = case.order
    if order.order_type not in _RESTS_IN_BOOK:
        return _NOT_AT_ONCE
    against = [o for o in orders if o.symbol == order.symbol and o.side is not order.side]
    if not against:
        return _NO_MATCH
    reach = _reach(case)
    for other in against:
        if _crosses(order.side, reach, other):
            return Check("R-P18", "SELF_MATCH", Outcome.REFUSE, other.limit_price, reach, detail="own resting order")
    return _NO_MATCH


def _reach(case: Case) -> Decimal:
    """The worst price at which the order may trade."""
    if case.order.limit_price is not None:
        return case.order.limit_price
    quote = case.usable_quote()
    if case.order.side is Side.BUY:
        return quote.ask * (ONE + MARKET_REACH)
    return quote.bid * (ONE - MARKET_REACH)


def _crosses(side: Side, reach: Decimal, other: OpenOrderFacts) -> bool:
    """Whether a resting opposite order would be hit; stops are not in the book, market orders always meet."""
    if other.order_type is OrderType.MARKET:
        return True
    if other.order_type is not OrderType.LIMIT or other.limit_price is None:
        return False
    return other.limit_price <= reach if side is Side.BUY else other.limit_price >= reach


_NO_SOURCE = skipped("R-P15", "REPEATED_EXECUTION", "no source")
_NO_DUPLICATE = passed("R-P17", "DUPLICATE_ORDER")
_NO_MATCH = passed("R-P18", "SELF_MATCH")
_NOT_AT_ONCE = skipped("R-P18", "SELF_MATCH", "rests outside the book until it is triggered")

P15 = Rule(
    "R-P15",
    "Repeated execution",
    Kind.HARD,
    ("REPEATED_EXECUTION", "SOURCE_DISABLED"),
    "5 fills of a source, symbol and side in 5 min, or 20 in a day",
    judge_repeats,
    change=disable_source,
)
P17 = Rule(
    "R-P17",
    "Duplicate order",
    Kind.SOFT,
    ("DUPLICATE_ORDER",),
    "an equal order of the account within 10 s",
    judge_duplicate_order,
    relief="an automatic one of another link is no duplicate",
)
P18 = Rule(
    "R-P18",
    "Self-match",
    Kind.HARD,
    ("SELF_MATCH",),
    "no cross with an own resting order on any account",
    judge_self_match,
)
