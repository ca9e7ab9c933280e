"""The signal behind an order: R-P3 freshness, R-P4 de-duplication."""

from __future__ import annotations

from tradsy.domain.orders import OrderType
from tradsy.risk.case import Case, Missing, need
from tradsy.risk.model import Check, Outcome
from tradsy.risk.rules.base import Kind, Rule, passed, refused, skipped

UNPRICED = frozenset({OrderType.MARKET, OrderType.TRAILING_STOP})


def judge_freshness(case: Case) -> Check:
    """R-P3: refuse a signal that is too old, or from the future.

    Protective stops and targets follow the position, not the signal's age, and a person's ticket has no signal.
    """
    facts, limits = case.facts, case.limits
    if case.protective:
        return _PROTECTIVE
    if facts.signal_at is None:
        if case.is_person:
            return _NO_SIGNAL
        raise Missing("signal time")
    age = facts.now - facts.signal_at
    if -age > limits.signal_future:
        return Check("R-P3", "SIGNAL_FROM_FUTURE", Outcome.REFUSE, limits.signal_future, -age, "s")
    limit = limits.signal_age_market if case.order.order_type in UNPRICED else limits.signal_age_limit
    outcome = Outcome.REFUSE if age > limit else Outcome.PASS
    return Check("R-P3", "SIGNAL_STALE", outcome, limit, age, "s")


def judge_duplicate_signal(case: Case) -> Check:
    """R-P4: intake keeps signals unique; an order of a repeated one is refused here as well."""
    facts = case.facts
    if facts.duplicate_of is not None:
        return refused("R-P4", "DUPLICATE_SIGNAL", f"repeats {facts.duplicate_of}")
    if case.is_person or case.protective:
        return _NOT_A_SIGNAL
    if not need(facts.deduplicated, "result of the search for an earlier signal"):
        raise Missing("result of the search for an earlier signal")
    return _FIRST


_PROTECTIVE = skipped("R-P3", "SIGNAL_STALE", "protects a position")
_NO_SIGNAL = skipped("R-P3", "SIGNAL_STALE", "asked for by a person")
_NOT_A_SIGNAL = skipped("R-P4", "DUPLICATE_SIGNAL", "not placed by a signal")
_FIRST = passed("R-P4", "DUPLICATE_SIGNAL")

P3 = Rule(
    "R-P3",
    "Signal freshness",
    Kind.HARD,
    ("SIGNAL_STALE", "SIGNAL_FROM_FUTURE"),
    "30 s for market orders, 120 s for priced ones; at most 5 s in the future",
    judge_freshness,
)
P4 = Rule(
    "R-P4",
    "Signal de-duplication",
    Kind.HARD,
    ("DUPLICATE_SIGNAL",),
    "by id for ever, else by body within 60 s",
    judge_duplicate_signal,
)
