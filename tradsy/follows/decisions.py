"""What a person does with a waiting plan: see it, complete it, approve it, ignore it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tradsy.audit.service import AuditEntry, append
from tradsy.domain.ids import PlanId, UserId
from tradsy.domain.instruments import parse_asset_class
from tradsy.domain.money import ONE
from tradsy.domain.orders import OrderType
from tradsy.follows import repository
from tradsy.follows.errors import IncompleteIntent, PlanDecided, PlanNotFound
from tradsy.follows.model import Action, SizingMode, TradeIntent
from tradsy.follows.plans import PlanState
from tradsy.platform.db import DbSession, Row, dump_json
from tradsy.platform.outbox import emit, new_event

APPROVAL_LIFE = timedelta(seconds=120)
"""How long an approval stays good when nothing can act on it."""


async def list_plans(
    session: DbSession,
    user_id: UserId,
    *,
    state: str | None = None,
    account_id: UUID | None = None,
    signal_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Row]:
    """Return the user's plans, newest first."""
    return await repository.list_plans(
        session, user_id, state=state, account_id=account_id, signal_id=signal_id, before=before, limit=limit
    )


async def get_plan(session: DbSession, user_id: UserId, plan_id: PlanId, *, lock: bool = False) -> Row:
    """Return one plan of the user.

    Raises:
        PlanNotFound: there is none.
    """
    row = await repository.find_plan(session, user_id, plan_id, lock=lock)
    if row is None:
        raise PlanNotFound
    return row


async def approve_plan(
    session: DbSession,
    user_id: UserId,
    plan_id: PlanId,
    *,
    correction: Mapping[str, Any],
    confirmation: Mapping[str, Any] | None,
    at: datetime,
    actor: str,
) -> Row:
    """Approve a waiting plan, with the corrected intent fields where some are given.

    Raises:
        PlanNotFound: there is none.
        PlanDecided: it waits no more.
        IncompleteIntent: it cannot become an order as it stands.
    """
    row = await _get_waiting(session, user_id, plan_id, at)
    before = TradeIntent.from_json(row["intent"])
    intent = complete_intent(before, correction)
    sizing_mode, sizing_value = row["sizing_mode"], row["sizing_value"]
    if intent.action.is_opening and correction.get("quantity") is not None:
        # A quantity that the person typed is what is meant, whatever the follow's own sizing.
        sizing_mode, sizing_value = SizingMode.MULTIPLIER.value, ONE
    await repository.decide_plan(
        session,
        id=plan_id,
        state=PlanState.APPROVED.value,
        reason="",
        sizing_mode=sizing_mode,
        sizing_value=sizing_value,
        intent=dump_json(intent.to_json()),
        confirmation=None if confirmation is None else dump_json(confirmation),
        at=at,
        by=user_id,
        expires_at=at + APPROVAL_LIFE,
    )
    payload = {"plan_id": str(plan_id), "signal_id": str(row["signal_id"]), "partition": row["partition"]}
    await emit(session, [new_event("plans.approved", payload, at=at, user_id=user_id)])
    data = {
        "trace_id": str(row["trace_id"]),
        "intent": intent.to_json(),
        "corrected": intent != before,
        "confirmation": None if confirmation is None else dict(confirmation),
    }
    await append(session, [AuditEntry(user_id, actor, "plan.approved", f"plan:{plan_id}", data)], at=at)
    return await get_plan(session, user_id, plan_id)


async def ignore_plan(session: DbSession, user_id: UserId, plan_id: PlanId, *, at: datetime, actor: str) -> Row:
    """Set a waiting plan aside.

    Raises:
        PlanNotFound: there is none.
        PlanDecided: it waits no more.
    """
    row = await _get_waiting(session, user_id, plan_id, at)
    await repository.decide_plan(
        session,
        id=plan_id,
        state=PlanState.IGNORED.value,
        reason=row["reason"],
        sizing_mode=row["sizing_mode"],
        sizing_value=row["sizing_value"],
        intent=dump_json(row["intent"]),
        confirmation=None,
        at=at,
        by=user_id,
        expires_at=row["expires_at"],
    )
    payload = {"plan_id": str(plan_id), "signal_id": str(row["signal_id"])}
    await emit(session, [new_event("plans.ignored", payload, at=at, user_id=user_id)])
    data = {"trace_id": str(row["trace_id"])}
    await append(session, [AuditEntry(user_id, actor, "plan.ignored", f"plan:{plan_id}", data)], at=at)
    return await get_plan(session, user_id, plan_id)


async def _get_waiting(session: DbSession, user_id: UserId, plan_id: PlanId, at: datetime) -> Row:
    row = await get_plan(session, user_id, plan_id, lock=True)
    if row["state"] != PlanState.PENDING.value or row["expires_at"] <= at:
        state = row["state"] if row["state"] != PlanState.PENDING.value else PlanState.EXPIRED.value
        raise PlanDecided(state=state)
    return row


def complete_intent(intent: TradeIntent, correction: Mapping[str, Any]) -> TradeIntent:
    """Return the intent with the corrected fields.

    Raises:
        IncompleteIntent: it lacks a symbol, or prices that its order type needs, or anything to change.
    """
    values = dict(correction)
    if symbol := values.get("symbol"):
        values["asset_class"] = parse_asset_class(symbol)
    if "fraction" in values and "quantity" not in values:
        values |= {"quantity": None, "quantity_unit": None}
    if "quantity" in values and "fraction" not in values:
        values["fraction"] = None
    completed = replace(intent, **values)
    if completed.symbol is None and completed.action is not Action.CANCEL:
        raise IncompleteIntent("Name the symbol.", field="symbol")
    if missing := _missing_price(completed):
        raise IncompleteIntent(f"A {completed.order_type.value} order needs a {missing}.", field=missing)
    if completed.action is Action.UPDATE and completed.stop_loss is None and not completed.take_profits:
        raise IncompleteIntent("An update changes a stop or a target.", field="stop_loss")
    return completed


def _missing_price(intent: TradeIntent) -> str:
    needs_limit = intent.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    needs_stop = intent.order_type in {OrderType.STOP, OrderType.STOP_LIMIT}
    if needs_limit and intent.limit_price is None:
        return "limit_price"
    return "stop_price" if needs_stop and intent.stop_price is None else ""
