"""Plans that a person makes directly: one order, on one account, approved by being placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tradsy.domain.ids import AccountId, PlanId, SignalId, SourceId, TraceId, UserId
from tradsy.domain.money import ONE
from tradsy.follows import repository
from tradsy.follows.errors import NoSuchAccount
from tradsy.follows.model import SizingMode, TradeIntent
from tradsy.follows.plans import PlanState
from tradsy.platform.db import DbSession, dump_json
from tradsy.platform.ids import new_id

ORIGIN = "person"


@dataclass(frozen=True, slots=True)
class Placement:
    """What a person wants, and under which signal it is recorded."""

    user_id: UserId
    account_id: AccountId
    signal_id: SignalId
    trace_id: TraceId
    source_id: SourceId
    intent: TradeIntent
    confirmation: Mapping[str, Any] | None
    """The typed confirmation of a soft breach: symbol, notional, reason."""
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """The plan that was made, and whose owner acts on it."""

    plan_id: PlanId
    partition: int


async def find_place(session: DbSession, user_id: UserId, account_id: AccountId) -> int:
    """Return the partition of an open account of the user.

    Raises:
        NoSuchAccount: it is not there, closed, or another's.
    """
    partition = await repository.find_partition(session, user_id, account_id)
    if partition is None:
        raise NoSuchAccount
    return partition


async def place_plan(session: DbSession, wanted: Placement) -> Placed:
    """Store an approved plan of the quantity that the person named (as `tradsy_engine`).

    Raises:
        NoSuchAccount: the account is not there, closed, or another's.
    """
    plan_id = PlanId(new_id())
    partition = await repository.insert_placed(
        session,
        id=plan_id,
        user=wanted.user_id,
        account=wanted.account_id,
        trace=wanted.trace_id,
        signal=wanted.signal_id,
        source=wanted.source_id,
        state=PlanState.APPROVED.value,
        intent=dump_json(wanted.intent.to_json()),
        sizing_mode=SizingMode.MULTIPLIER.value,
        sizing_value=ONE,
        origin=ORIGIN,
        confirmation=None if wanted.confirmation is None else dump_json(wanted.confirmation),
        at=wanted.at,
        expires_at=wanted.expires_at,
    )
    if partition is None:
        raise NoSuchAccount
    return Placed(plan_id, partition)
