"""Routes of follows and plans."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from tradsy.domain.errors import Forbidden
from tradsy.domain.ids import AccountId, FollowId, PlanId, SourceId
from tradsy.follows import decisions, management
from tradsy.follows.errors import (
    AlreadyFollowed,
    BadFollow,
    FollowClosed,
    FollowNotFound,
    IncompleteIntent,
    NoSuchAccount,
    NoSuchSource,
    PlanDecided,
    PlanNotFound,
)
from tradsy.follows.paging import read_position
from tradsy.follows.plans import PlanState
from tradsy.follows.schemas import FollowCreate, FollowRead, FollowUpdate, PlanApprove, PlanRead
from tradsy.identity.deps import ConsentedCallerDep, UserSession, require
from tradsy.identity.errors import ConsentRequired
from tradsy.identity.model import Caller
from tradsy.platform.deps import ClockDep
from tradsy.platform.web import CursorPage, IdempotentRoute, PagingDep, cut_page, problem_responses

router = APIRouter(route_class=IdempotentRoute, tags=["follows"])
"""Mounted under `/api/v1`."""

Reader = Annotated[Caller, Depends(require("read"))]
Trader = Annotated[Caller, Depends(require("trade"))]
FollowState = Literal["active", "paused", "closed"]


@router.post(
    "/follows",
    status_code=201,
    responses=problem_responses(Forbidden, NoSuchSource, NoSuchAccount, AlreadyFollowed, BadFollow),
    summary="Follow a source with an account",
)
async def create_follow(body: FollowCreate, caller: Trader, session: UserSession, clock: ClockDep) -> FollowRead:
    follow_id = await management.create_follow(
        session,
        user_id=caller.user_id,
        source_id=SourceId(body.source_id),
        account_id=AccountId(body.account_id),
        settings=body,
        at=clock.now(),
        actor=caller.actor,
    )
    return FollowRead.from_row(await management.get_follow(session, caller.user_id, follow_id))


@router.get("/follows", responses=problem_responses(Forbidden), summary="List follows")
async def list_follows(
    caller: Reader,
    session: UserSession,
    paging: PagingDep,
    source_id: Annotated[UUID | None, Query(description="Only this source's.")] = None,
    account_id: Annotated[UUID | None, Query(description="Only this account's.")] = None,
    state: Annotated[FollowState | None, Query(description="Only those in this state.")] = None,
) -> CursorPage[FollowRead]:
    rows = await management.list_follows(
        session,
        caller.user_id,
        source_id=source_id,
        account_id=account_id,
        state=state,
        before=read_position(paging),
        limit=paging.limit + 1,
    )
    return cut_page([FollowRead.from_row(row) for row in rows], paging, lambda read: (read.created_at, read.id))


@router.get("/follows/{follow_id}", responses=problem_responses(Forbidden, FollowNotFound), summary="Get a follow")
async def get_follow(follow_id: UUID, caller: Reader, session: UserSession) -> FollowRead:
    return FollowRead.from_row(await management.get_follow(session, caller.user_id, FollowId(follow_id)))


@router.put(
    "/follows/{follow_id}",
    responses=problem_responses(Forbidden, FollowNotFound, FollowClosed, BadFollow),
    summary="Replace a follow's settings",
)
async def change_follow(
    follow_id: UUID, body: FollowUpdate, caller: Trader, session: UserSession, clock: ClockDep
) -> FollowRead:
    row = await management.change_follow(
        session, caller.user_id, FollowId(follow_id), body, at=clock.now(), actor=caller.actor
    )
    return FollowRead.from_row(row)


_STATE_ERRORS: dict[int | str, dict[str, Any]] = problem_responses(Forbidden, FollowNotFound, FollowClosed)


@router.post("/follows/{follow_id}/pause", responses=_STATE_ERRORS, summary="Pause a follow")
async def pause_follow(follow_id: UUID, caller: Trader, session: UserSession, clock: ClockDep) -> FollowRead:
    return await _set_state(session, caller, follow_id, "paused", clock.now())


@router.post("/follows/{follow_id}/resume", responses=_STATE_ERRORS, summary="Resume a follow")
async def resume_follow(follow_id: UUID, caller: Trader, session: UserSession, clock: ClockDep) -> FollowRead:
    return await _set_state(session, caller, follow_id, "active", clock.now())


@router.post("/follows/{follow_id}/close", responses=_STATE_ERRORS, summary="Close a follow for ever")
async def close_follow(follow_id: UUID, caller: Trader, session: UserSession, clock: ClockDep) -> FollowRead:
    return await _set_state(session, caller, follow_id, "closed", clock.now())


async def _set_state(
    session: UserSession, caller: Caller, follow_id: UUID, state: FollowState, at: datetime
) -> FollowRead:
    row = await management.set_follow_state(
        session, caller.user_id, FollowId(follow_id), state, at=at, actor=caller.actor
    )
    return FollowRead.from_row(row)


@router.get("/plans", responses=problem_responses(Forbidden), summary="List plans")
async def list_plans(
    caller: Reader,
    session: UserSession,
    paging: PagingDep,
    state: Annotated[PlanState | None, Query(description="Only those in this state.")] = None,
    account_id: Annotated[UUID | None, Query(description="Only this account's.")] = None,
    signal_id: Annotated[UUID | None, Query(description="Only this signal's.")] = None,
) -> CursorPage[PlanRead]:
    rows = await decisions.list_plans(
        session,
        caller.user_id,
        state=state and state.value,
        account_id=account_id,
        signal_id=signal_id,
        before=read_position(paging),
        limit=paging.limit + 1,
    )
    return cut_page([PlanRead.from_row(row) for row in rows], paging, lambda read: (read.created_at, read.id))


@router.get("/plans/{plan_id}", responses=problem_responses(Forbidden, PlanNotFound), summary="Get a plan")
async def get_plan(plan_id: UUID, caller: Reader, session: UserSession) -> PlanRead:
    return PlanRead.from_row(await decisions.get_plan(session, caller.user_id, PlanId(plan_id)))


@router.post(
    "/plans/{plan_id}/approve",
    dependencies=[Depends(require("trade"))],
    responses=problem_responses(Forbidden, ConsentRequired, PlanNotFound, PlanDecided, IncompleteIntent),
    summary="Approve a waiting plan, corrected where needed",
)
async def approve_plan(
    plan_id: UUID, body: PlanApprove, caller: ConsentedCallerDep, session: UserSession, clock: ClockDep
) -> PlanRead:
    now = clock.now()
    typed = body.confirmation
    row = await decisions.approve_plan(
        session,
        caller.user_id,
        PlanId(plan_id),
        correction={} if body.intent is None else body.intent.to_changes(),
        confirmation=None if typed is None else typed.to_record(stepped_up=caller.is_stepped_up(now)),
        at=now,
        actor=caller.actor,
    )
    return PlanRead.from_row(row)


@router.post(
    "/plans/{plan_id}/ignore",
    responses=problem_responses(Forbidden, PlanNotFound, PlanDecided),
    summary="Set a waiting plan aside",
)
async def ignore_plan(plan_id: UUID, caller: Trader, session: UserSession, clock: ClockDep) -> PlanRead:
    row = await decisions.ignore_plan(session, caller.user_id, PlanId(plan_id), at=clock.now(), actor=caller.actor)
    return PlanRead.from_row(row)
