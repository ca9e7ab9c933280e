"""Losses: R-P19 per account, R-X6 over all accounts, brokers and sources of the user."""

from __future__ import annotations

from decimal import Decimal

from tradsy.domain.money import ZERO
from tradsy.risk.case import Case, Missing, need
from tradsy.risk.limits import EffectiveLimits
from tradsy.risk.model import AccountFacts, Check, EquityFacts, ModeChange, Outcome, RiskMode
from tradsy.risk.rules.base import Kind, Rule, refused

_REDUCE_ONLY_CODES = frozenset({"DAILY_LOSS", "USER_DAILY_LOSS"})
_HALT_CODES = frozenset({"DAILY_LOSS_HALT", "DRAWDOWN", "USER_DAILY_LOSS_HALT", "USER_DRAWDOWN"})


def loss_fraction(start: Decimal, now: Decimal) -> Decimal:
    """Return what was lost of `start`, as a part of it; zero for a gain.

    Raises:
        Missing: there is no start to compare with.
    """
    if start <= ZERO:
        raise Missing("equity to compare with")
    return max((start - now) / start, ZERO)


def judge_loss(case: Case) -> Check:
    """R-P19: a day's loss of 2 % leaves reduce-only, 5 %, or 10 % below the peak, halts the account."""
    mode = need(case.facts.account_mode, "state of the account")
    check = _judge_mode("R-P19", "ACCOUNT", mode)
    return check or _judge_equity("R-P19", "", need(case.facts.account, "account"), case.limits)


def judge_user_loss(case: Case) -> Check:
    """R-X6: the same guards over everything that the user owns with Tradsy, in one sum."""
    mode = need(case.facts.user_mode, "state of the user")
    check = _judge_mode("R-X6", "USER", mode)
    return check or _judge_equity("R-X6", "USER_", need(case.facts.user_equity, "equity of all accounts"), case.limits)


def _judge_mode(rule: str, who: str, mode: RiskMode) -> Check | None:
    """A state that was set earlier holds until it is lifted."""
    if mode is RiskMode.NORMAL:
        return None
    if mode is RiskMode.REDUCE_ONLY:
        return refused(rule, f"{who}_REDUCE_ONLY", "only orders that reduce a position")
    return refused(rule, f"{who}_HALTED", "a person must enable it again")


def _judge_equity(rule: str, prefix: str, facts: AccountFacts | EquityFacts, limits: EffectiveLimits) -> Check:
    """Equity against the day's start and the peak."""
    lost = loss_fraction(facts.day_start_equity, facts.equity)
    if lost >= limits.daily_loss_halt:
        return Check(rule, f"{prefix}DAILY_LOSS_HALT", Outcome.REFUSE, limits.daily_loss_halt, lost, "of equity")
    fallen = loss_fraction(facts.peak_equity, facts.equity)
    if fallen >= limits.drawdown_halt:
        return Check(rule, f"{prefix}DRAWDOWN", Outcome.REFUSE, limits.drawdown_halt, fallen, "of peak")
    outcome = Outcome.REFUSE if lost >= limits.daily_loss_reduce_only else Outcome.PASS
    return Check(rule, f"{prefix}DAILY_LOSS", outcome, limits.daily_loss_reduce_only, lost, "of equity")


def stop_scope(check: Check) -> ModeChange | None:
    """Return the state that a loss demands.

    A halt is stored; reduce-only follows from the figures each time and ends with the day.
    """
    if check.code in _HALT_CODES:
        scope = "user" if check.rule == "R-X6" else "account"
        return ModeChange(scope, RiskMode.HALTED, check.rule, check.code)
    return None


P19 = Rule(
    "R-P19",
    "Daily loss and drawdown",
    Kind.HARD,
    ("DAILY_LOSS", "DAILY_LOSS_HALT", "DRAWDOWN", "ACCOUNT_HALTED", "ACCOUNT_REDUCE_ONLY"),
    "-2 % of equity in a day: reduce-only; -5 %, or 10 % below the peak: halt",
    judge_loss,
    change=stop_scope,
)
X6 = Rule(
    "R-X6",
    "Daily guard over all accounts",
    Kind.HARD,
    ("USER_DAILY_LOSS", "USER_DAILY_LOSS_HALT", "USER_DRAWDOWN", "USER_HALTED", "USER_REDUCE_ONLY"),
    "as R-P19, over all brokers and sources at once",
    judge_user_loss,
    change=stop_scope,
)
