"""Conservation: R-P22 children never exceed their parent, R-P23 what says reduce-only only reduces."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderRole, Side
from tradsy.risk.case import Case, need
from tradsy.risk.model import Check, Outcome
from tradsy.risk.rules.base import Kind, Rule, passed, refused, skipped


def judge_conservation(case: Case) -> Check:
    """R-P22: the children of a plan never sum to more than it, and an exit never flips its position.

    Other exits that may still fill count against the position; protective stops and targets of the same position
    exclude each other and do not.
    """
    order = case.order
    parent = need(case.facts.parent, "parent quantity")
    total = parent.children + order.quantity
    if total > parent.quantity:
        return Check("R-P22", "PARENT_EXCEEDED", Outcome.REFUSE, parent.quantity, total, "units")
    if not order.reduce_only:
        return Check("R-P22", "PARENT_EXCEEDED", Outcome.PASS, parent.quantity, total, "units")
    held = abs(need(case.facts.position, "position"))
    leaving = order.quantity if case.protective else order.quantity + _leaving(case)
    outcome = Outcome.REFUSE if leaving > held else Outcome.PASS
    return Check("R-P22", "WOULD_FLIP", outcome, held, leaving, "units")


def _leaving(case: Case) -> Decimal:
    """What other exits of this position may still sell or buy back."""
    orders = need(case.account_orders, "open orders")
    order = case.order
    return sum(
        (
            other.leaves_quantity
            for other in orders
            if other.reduce_only
            and other.role is OrderRole.EXIT
            and other.symbol == order.symbol
            and other.side is order.side
        ),
        ZERO,
    )


def judge_reduce_only(case: Case) -> Check:
    """R-P23: an order that says reduce-only stands against a position; only then do its exemptions hold."""
    if not case.reduce_only:
        return _NOT_REDUCE_ONLY
    held = need(case.facts.position, "position")
    if held == ZERO:
        return refused("R-P23", "NOT_REDUCING", "there is no position")
    if (held > ZERO) is not (case.order.side is Side.SELL):
        return refused("R-P23", "NOT_REDUCING", "the order would add to the position")
    return _REDUCING


_NOT_REDUCE_ONLY = skipped("R-P23", "NOT_REDUCING", "not reduce-only")
_REDUCING = passed("R-P23", "NOT_REDUCING")

P22 = Rule(
    "R-P22",
    "Conservation",
    Kind.HARD,
    ("PARENT_EXCEEDED", "WOULD_FLIP"),
    "children at most the parent; an exit at most the position",
    judge_conservation,
)
P23 = Rule(
    "R-P23",
    "Reduce-only",
    Kind.HARD,
    ("NOT_REDUCING",),
    "exemptions hold only for orders that reduce",
    judge_reduce_only,
)
