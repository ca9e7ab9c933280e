"""How many, how fast: R-P13 open orders, R-P14 messages, R-P16 orders of a day, R-P20 rejects."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.orders import OrderRole
from tradsy.risk.case import Case, need
from tradsy.risk.model import Check, Outcome
from tradsy.risk.rules.base import Kind, Rule
from tradsy.risk.rules.size import soft_breach


def judge_open_orders(case: Case) -> Check:
    """R-P13: open orders of the account, and of one symbol and side, this one counted."""
    limits, order = case.limits, case.order
    orders = need(case.account_orders, "open orders")
    count = len(orders) + 1
    if count > limits.max_open_orders:
        return Check("R-P13", "MAX_OPEN_ORDERS", Outcome.REFUSE, limits.max_open_orders, count, "orders")
    beside = 1 + sum(1 for other in orders if other.symbol == order.symbol and other.side is order.side)
    most = limits.max_open_orders_per_side
    if beside > most:
        return Check("R-P13", "MAX_OPEN_ORDERS_PER_SIDE", Outcome.REFUSE, most, beside, "orders")
    return Check("R-P13", "MAX_OPEN_ORDERS", Outcome.PASS, limits.max_open_orders, count, "orders")


def judge_messages(case: Case) -> Check:
    """R-P14: orders per account, per source and of the broker's rate, this one counted.

    Half of the broker's rate is kept for cancels, look-ups and protective stops, which therefore may use all of it.
    """
    facts, limits, counters = case.facts, case.limits, case.facts.counters
    fast = need(counters.account_messages_10s, "messages of the account in 10 s") + 1
    if fast > limits.messages_10s:
        return Check("R-P14", "ACCOUNT_RATE_10S", Outcome.REFUSE, limits.messages_10s, fast, "messages")
    slow = need(counters.account_messages_60s, "messages of the account in 60 s") + 1
    if slow > limits.messages_60s:
        return Check("R-P14", "ACCOUNT_RATE_60S", Outcome.REFUSE, limits.messages_60s, slow, "messages")
    if facts.source_id is not None:
        mine = need(counters.source_messages_60s, "messages of the source in 60 s") + 1
        if mine > limits.source_messages_60s:
            return Check("R-P14", "SOURCE_RATE_60S", Outcome.REFUSE, limits.source_messages_60s, mine, "messages")
    budget = Decimal(need(facts.capabilities, "capabilities of the venue").requests_per_minute)
    used = need(counters.broker_messages_60s, "messages to the broker in 60 s") + 1
    is_stop = case.reduce_only and facts.role is OrderRole.STOP
    allowed = budget if is_stop else budget * limits.broker_budget_fraction
    if used > allowed:
        return Check("R-P14", "BROKER_BUDGET", Outcome.REFUSE, allowed, used, "messages")
    return Check("R-P14", "ACCOUNT_RATE_60S", Outcome.PASS, limits.messages_60s, slow, "messages")


def judge_orders_today(case: Case) -> Check:
    """R-P16: orders of the account in a day; soft to three times the limit, never above the hard cap."""
    limits = case.limits
    count = need(case.facts.counters.orders_today, "orders of the day") + 1
    limit = limits.max_orders_per_day
    hard = min(limit * limits.orders_per_day_soft_factor, limits.hard_orders_per_day)
    if count > hard:
        return Check("R-P16", "MAX_ORDERS_PER_DAY", Outcome.REFUSE, hard, count, "orders")
    if count > limit:
        return soft_breach(case, "R-P16", "MAX_ORDERS_PER_DAY", limit, count, "orders")
    return Check("R-P16", "MAX_ORDERS_PER_DAY", Outcome.PASS, limit, count, "orders")


def judge_rejects(case: Case) -> Check:
    """R-P20: a storm of rejects pauses the source, then the account."""
    limits, counters = case.limits, case.facts.counters
    if case.facts.source_id is not None:
        mine = need(counters.source_rejects_60s, "rejects of the source in 60 s")
        if mine >= limits.source_rejects_60s:
            return Check("R-P20", "SOURCE_REJECTS", Outcome.REFUSE, limits.source_rejects_60s, mine, "rejects")
    count = need(counters.account_rejects_5min, "rejects of the account in 5 min")
    outcome = Outcome.REFUSE if count >= limits.account_rejects_5min else Outcome.PASS
    return Check("R-P20", "ACCOUNT_REJECTS", outcome, limits.account_rejects_5min, count, "rejects")


P13 = Rule(
    "R-P13",
    "Open orders",
    Kind.HARD,
    ("MAX_OPEN_ORDERS", "MAX_OPEN_ORDERS_PER_SIDE"),
    "50 per account, 10 per symbol and side",
    judge_open_orders,
)
P14 = Rule(
    "R-P14",
    "Message throttle",
    Kind.HARD,
    ("ACCOUNT_RATE_60S", "ACCOUNT_RATE_10S", "SOURCE_RATE_60S", "BROKER_BUDGET"),
    "account 10 in 10 s and 60 in a minute; source 20 in a minute; half of the broker's rate",
    judge_messages,
    relief="protective stops may use all of the broker's rate",
)
P16 = Rule(
    "R-P16",
    "Orders per day",
    Kind.SOFT_THEN_HARD,
    ("MAX_ORDERS_PER_DAY",),
    "100 per account; soft to 300; hard cap 1,000",
    judge_orders_today,
)
P20 = Rule(
    "R-P20",
    "Reject storm",
    Kind.HARD,
    ("ACCOUNT_REJECTS", "SOURCE_REJECTS"),
    "5 rejects in 60 s pause the source, 20 in 5 min the account",
    judge_rejects,
)
