"""The judge: runs every rule on one order and sums up; no I/O, the same answer for the same facts."""

from __future__ import annotations

import time
from collections.abc import Callable

from tradsy.risk.case import Case, Missing
from tradsy.risk.model import RISK_UNAVAILABLE, Check, ModeChange, Outcome, RiskInput, Verdict
from tradsy.risk.rules import RULES
from tradsy.risk.rules.base import Exemption, Kind, Rule, is_exempt

_REFUSING = frozenset({Outcome.REFUSE, Outcome.UNAVAILABLE})
_EXEMPTIONS = tuple(
    (rule, rule.exemption, Check(rule.id, rule.codes[0], Outcome.SKIPPED, detail="reduce-only")) for rule in RULES
)

P28 = Rule(
    "R-P28",
    "Fail closed",
    Kind.HARD,
    (RISK_UNAVAILABLE,),
    "a missing fact, a failing rule or more than 250 ms refuse",
    lambda case: _PASS_28,
)
"""Judged by `evaluate` around all other rules."""
_PASS_28 = Check("R-P28", RISK_UNAVAILABLE, Outcome.PASS)


def evaluate(facts: RiskInput, *, monotonic: Callable[[], float] = time.monotonic) -> Verdict:
    """Return the verdict on one order: every rule is judged and every refusal listed.

    A missing fact, an exception and an overrun of the time budget each refuse; nothing is raised.

    Args:
        facts: what is known, None being unknown.
        monotonic: seconds that only rise; measures the budget of R-P28 from `facts.started`, or from here.
    """
    started = monotonic() if facts.started is None else facts.started
    checks = _judge(facts)
    budget = facts.limits.evaluation_budget
    elapsed = monotonic() - started
    if elapsed > budget.total_seconds():
        checks.append(Check("R-P28", RISK_UNAVAILABLE, Outcome.UNAVAILABLE, budget, f"{elapsed:.3f}", "s", "too slow"))
    else:
        checks.append(_PASS_28)
    return _sum_up(checks, facts.limits.config_hash)


def _judge(facts: RiskInput) -> list[Check]:
    """One check for each rule, in order."""
    try:
        case = Case(facts)
    except Exception as error:  # noqa: BLE001 - R-P28: whatever fails refuses, and must not stop the other orders
        return [_unavailable(rule, type(error).__name__) for rule in RULES]
    return [_judge_rule(rule, exemption, exempt, case) for rule, exemption, exempt in _EXEMPTIONS]


def _judge_rule(rule: Rule, exemption: Exemption, exempt: Check, case: Case) -> Check:
    if is_exempt(exemption, case):
        return exempt
    try:
        return rule.judge(case)
    except Missing as missing:
        return _unavailable(rule, f"{missing} unknown")
    except Exception as error:  # noqa: BLE001 - R-P28: a rule that fails refuses
        return _unavailable(rule, type(error).__name__)


def _unavailable(rule: Rule, why: str) -> Check:
    return Check(rule.id, RISK_UNAVAILABLE, Outcome.UNAVAILABLE, detail=why)


_CHANGES = {rule.id: rule.change for rule in RULES if rule.change is not None}


def _sum_up(checks: list[Check], config_hash: str) -> Verdict:
    """Collect what refuses, what is soft, and the states that refusals demand."""
    reasons: dict[str, None] = {}
    soft: dict[str, None] = {}
    changes: list[ModeChange] = []
    for check in checks:
        if check.outcome in _REFUSING:
            reasons[check.code] = None
            demand = _CHANGES.get(check.rule)
            change = demand(check) if demand is not None else None
            if change is not None:
                changes.append(change)
        elif check.outcome is Outcome.SOFT:
            soft[check.code] = None
    approved = not reasons and not soft
    return Verdict(approved, tuple(checks), tuple(reasons), tuple(soft), config_hash, tuple(changes))
