"""Gates: is anything allowed to be sent at all? R-P1, R-P21, R-P25, R-P26, R-P27."""

from __future__ import annotations

from tradsy.risk.case import Case, need
from tradsy.risk.model import Check, Outcome
from tradsy.risk.rules.base import Kind, Rule, passed, refused


def judge_kill(case: Case) -> Check:
    """R-P1: refuse while a kill switch applies to the order.

    The committing transaction reads the switches again under a lock; this judges the facts that were gathered.
    """
    kills = need(case.facts.kills, "kill switches")
    if kills:
        return refused("R-P1", "KILLED", ", ".join(sorted(kills)))
    return _KILL_PASS


def judge_reconciliation(case: Case) -> Check:
    """R-P21: no new risk unless the account was lately reconciled, without breaks or unknown orders."""
    facts, limit = case.facts, case.limits.reconcile_age
    breaks = need(facts.open_breaks, "open breaks")
    unknown = need(facts.unknown_in_symbol, "unknown orders")
    age = facts.now - need(facts.reconciled_at, "last reconciliation")
    if age > limit:
        return Check("R-P21", "RECONCILIATION_STALE", Outcome.REFUSE, limit, age, "s")
    if breaks:
        return Check("R-P21", "RECONCILIATION_BREAK", Outcome.REFUSE, 0, breaks, "breaks")
    if unknown:
        return refused("R-P21", "UNKNOWN_ORDER", "an order in this symbol has no proved outcome")
    return Check("R-P21", "RECONCILIATION_STALE", Outcome.PASS, limit, age, "s")


def judge_limits_in_force(case: Case) -> Check:
    """R-P25: a raised limit counts only once its delay has passed; limits from the future refuse."""
    since = case.limits.effective_at
    if since is not None and since > case.facts.now:
        return refused("R-P25", "LIMIT_RAISE_PENDING", f"in force from {since.isoformat()}")
    return _RAISE_PASS


def judge_clock(case: Case) -> Check:
    """R-P26: the clock must agree with the database's and the venue's."""
    facts, limits = case.facts, case.limits
    database = abs(need(facts.database_clock_offset, "offset to the database clock"))
    venue = abs(need(facts.venue_clock_offset, "offset to the venue's clock"))
    worst = max(database, venue)
    if worst > limits.clock_refuse:
        return Check("R-P26", "CLOCK_OFFSET", Outcome.REFUSE, limits.clock_refuse, worst, "s")
    outcome = Outcome.WARN if worst > limits.clock_warn else Outcome.PASS
    return Check("R-P26", "CLOCK_OFFSET", outcome, limits.clock_warn, worst, "s")


def judge_engine(case: Case) -> Check:
    """R-P27: only the holder of the lease, at its current epoch, running the current build, submits."""
    engine = case.facts.engine
    if not need(engine.holds_lease, "lease"):
        return refused("R-P27", "LEASE_LOST", "this process does not hold the partition")
    if not need(engine.epoch_current, "epoch"):
        return refused("R-P27", "EPOCH_STALE", "the partition has a newer owner")
    if not need(engine.build_current, "build"):
        return refused("R-P27", "BUILD_MISMATCH", "a newer build owns the partition's accounts")
    return _ENGINE_PASS


_KILL_PASS = passed("R-P1", "KILLED")
_RAISE_PASS = passed("R-P25", "LIMIT_RAISE_PENDING")
_ENGINE_PASS = passed("R-P27", "LEASE_LOST")

P1 = Rule("R-P1", "Kill switch", Kind.HARD, ("KILLED",), "off", judge_kill)
P21 = Rule(
    "R-P21",
    "Reconciliation gate",
    Kind.HARD,
    ("RECONCILIATION_STALE", "RECONCILIATION_BREAK", "UNKNOWN_ORDER"),
    "reconciled within 120 s, no open break, no unknown order in the symbol",
    judge_reconciliation,
)
P25 = Rule(
    "R-P25",
    "Limit raise",
    Kind.HARD,
    ("LIMIT_RAISE_PENDING",),
    "step-up, 10 min delay and notice; tightening at once",
    judge_limits_in_force,
)
P26 = Rule("R-P26", "Clock", Kind.HARD, ("CLOCK_OFFSET",), "warn above 500 ms, refuse above 2 s", judge_clock)
P27 = Rule(
    "R-P27",
    "Build and lease",
    Kind.HARD,
    ("LEASE_LOST", "EPOCH_STALE", "BUILD_MISMATCH"),
    "lease held, epoch current, build current",
    judge_engine,
)
