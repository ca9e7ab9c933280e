"""Plans for the machinery: made by intake, claimed and finished by execution, swept when nobody decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tradsy.audit.service import AuditEntry, append
from tradsy.domain.ids import SignalId, UserId
from tradsy.follows import repository
from tradsy.follows.model import ExitPolicy, SizingMode, TradeIntent
from tradsy.follows.plans import ApprovedPlan, PlannedSignal, PlanOutcome, PlansCreated
from tradsy.platform.db import DbSession, Row, Write
from tradsy.platform.outbox import Event, emit, new_event

CLAIM_LIMIT = 250
"""Plans of one intent transaction."""
_EXPIRE_BATCH = 500


PLANNING, PLANNED = repository.PLANNING, repository.PLANNED
"""Parts of the statement that stores a signal: they plan it for every account that follows its source. `PLANNING` goes
after a part `won`, without rows where the signal is not to be planned; `PLANNED` is a select of what was made."""


def planning_parameters(signal: PlannedSignal) -> dict[str, Any]:
    """Return the parameters of `PLANNING`, but for `intent`, `confidence`, `received_at`, `expires_at` and `is_demo`.

    Those are columns of the signal's own row, which the same statement stores.
    """
    return repository.planning_parameters(signal)


def read_planned(rows: Sequence[Row], signal: PlannedSignal) -> tuple[PlansCreated, list[Event]]:
    """Sum up the rows of `PLANNED`.

    Returns the summary, and a `plans.created` event for each plan that waits or was refused: the caller emits them
    with its own, so that a fan-out costs one more statement at most.
    """
    (summary,) = [row for row in rows if row.id is None]
    others = [row for row in rows if row.id is not None]
    created = PlansCreated(
        count=summary.plans + len(others),
        approved=summary.plans,
        partitions=tuple(summary.partitions or ()),
    )
    return created, [_created_event(row, signal) for row in others]


def _created_event(row: Row, signal: PlannedSignal) -> Event:
    return new_event(
        "plans.created",
        {
            "plan_id": str(row.id),
            "signal_id": str(signal.signal_id),
            "trace_id": str(signal.trace_id),
            "account_id": str(row.account_id),
            "state": row.state,
            "reason": row.reason,
        },
        at=signal.received_at,
        user_id=UserId(row.user_id),
    )


async def claim_approved_plans(
    session: DbSession,
    *,
    partitions: Sequence[int],
    signal_id: SignalId | None = None,
    limit: int = CLAIM_LIMIT,
) -> list[ApprovedPlan]:
    """Lock approved plans of these partitions until the transaction ends, oldest first; held ones are skipped."""
    rows = await repository.claim_plans(session, partitions=partitions, signal_id=signal_id, limit=limit)
    return [_approved_plan(row) for row in rows]


def _approved_plan(row: Row) -> ApprovedPlan:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    values["intent"] = TradeIntent.from_json(row["intent"])
    values["exit_policy"] = ExitPolicy.from_json(row["exit_policy"])
    values["sizing_mode"] = SizingMode(row["sizing_mode"])
    return ApprovedPlan(**values)


def finishing(outcomes: Sequence[PlanOutcome]) -> list[Write]:
    """Return what records that execution has dealt with claimed plans; `pending` holds one for its owner again."""
    return [repository.finishing(outcomes)] if outcomes else []


async def expire_plans(session: DbSession, now: datetime) -> int:
    """Expire pending plans that nobody decided in time, at most 500; return how many."""
    rows = await repository.expire_plans(session, now, _EXPIRE_BATCH)
    await emit(
        session,
        [
            new_event(
                "plans.expired",
                {"plan_id": str(row.id), "signal_id": str(row.signal_id), "account_id": str(row.account_id)},
                at=now,
                user_id=UserId(row.user_id),
            )
            for row in rows
        ],
    )
    entries = [
        AuditEntry(row.user_id, "engine", "plan.expired", f"plan:{row.id}", {"signal_id": str(row.signal_id)})
        for row in rows
    ]
    await append(session, entries, at=now)
    return len(rows)
