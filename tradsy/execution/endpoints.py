"""Routes of execution: orders, executions, verdicts, timelines, breaks, kill switches."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from tradsy.audit.service import append as append_audit
from tradsy.domain.errors import Forbidden, Invalid
from tradsy.domain.ids import OrderId, TraceId
from tradsy.execution import kill, queries
from tradsy.execution.commands import request_cancels
from tradsy.execution.errors import KillSubjectNotFound, NotKilled, OrderFinished, OrderNotFound, TraceNotFound
from tradsy.execution.kill import KillSwitches, KillTarget
from tradsy.execution.schemas import (
    BreakRead,
    CancelRequested,
    ExecutionRead,
    KillCreate,
    KillRead,
    KillRelease,
    OrderRead,
    Timeline,
    TimelineStep,
    VerdictRead,
)
from tradsy.identity.deps import StepUpDep, UserSession, require
from tradsy.identity.model import Caller, Scope
from tradsy.platform.db import DbSession
from tradsy.platform.deps import ClockDep
from tradsy.platform.outbox import emit
from tradsy.platform.web import CursorPage, IdempotentRoute, PagingDep, cut_page, decode_cursor, problem_responses
from tradsy.platform.web.paging import Paging
from tradsy.risk.model import KillScope

router = APIRouter(route_class=IdempotentRoute, tags=["execution"])

Reader = Annotated[Caller, Depends(require("read"))]
Trader = Annotated[Caller, Depends(require("trade"))]
AccountFilter = Annotated[UUID | None, Query(description="Only this account.")]


async def get_kills(request: Request) -> KillSwitches:
    """Return the process's kill switches."""
    return cast("KillSwitches", request.app.state.kills)


KillsDep = Annotated[KillSwitches, Depends(get_kills)]


def _before(paging: Paging) -> tuple[datetime, UUID] | None:
    return decode_cursor(paging.cursor, datetime, UUID) if paging.cursor else None


@router.get("/orders", responses=problem_responses())
async def list_orders(
    _: Reader,
    session: UserSession,
    paging: PagingDep,
    account_id: AccountFilter = None,
    symbol: Annotated[str | None, Query(max_length=32, description="Canonical symbol.")] = None,
    state: Annotated[Literal["any", "open"], Query(description="`open`: only orders that rest or may rest.")] = "any",
) -> CursorPage[OrderRead]:
    """List the caller's orders, newest first."""
    orders = await queries.list_orders(
        session,
        account_id=account_id,
        symbol=symbol,
        only_open=state == "open",
        before=_before(paging),
        limit=paging.limit + 1,
    )
    return cut_page([OrderRead.of(order) for order in orders], paging, lambda o: (o.created_at, o.id))


@router.get("/orders/{order_id}", responses=problem_responses(OrderNotFound))
async def get_order(order_id: UUID, _: Reader, session: UserSession) -> OrderRead:
    """Return one order."""
    return OrderRead.of(await queries.get_order(session, OrderId(order_id)))


@router.post("/orders/{order_id}/cancel", status_code=202, responses=problem_responses(OrderNotFound, OrderFinished))
async def cancel_order(order_id: UUID, caller: Trader, session: UserSession, clock: ClockDep) -> CancelRequested:
    """Ask for the cancel of one order; cancels pass every kill switch."""
    order = await queries.get_order(session, OrderId(order_id))
    if not order.is_open:
        raise OrderFinished(state=str(order.state))
    now = clock.now()
    requested = await request_cancels(session, [order.id], by=caller.actor, origin="person", now=now)
    await emit(session, requested.events)
    await append_audit(session, requested.audit, at=now)
    return CancelRequested(order_id=order.id, requested=bool(requested.count))


@router.get("/executions", responses=problem_responses())
async def list_executions(
    _: Reader, session: UserSession, paging: PagingDep, account_id: AccountFilter = None
) -> CursorPage[ExecutionRead]:
    """List the caller's executions, newest first."""
    rows = await queries.list_executions(session, account_id=account_id, before=_before(paging), limit=paging.limit + 1)
    return cut_page([ExecutionRead.of(row) for row in rows], paging, lambda e: (e.executed_at, e.id))


@router.get("/verdicts", responses=problem_responses())
async def list_verdicts(
    _: Reader, session: UserSession, paging: PagingDep, account_id: AccountFilter = None
) -> CursorPage[VerdictRead]:
    """List risk verdicts, approved and refused, newest first."""
    rows = await queries.list_verdicts(session, account_id=account_id, before=_before(paging), limit=paging.limit + 1)
    return cut_page([VerdictRead.of(row) for row in rows], paging, lambda v: (v.at, v.id))


@router.get("/breaks", responses=problem_responses())
async def list_breaks(_: Reader, session: UserSession) -> list[BreakRead]:
    """List the differences with brokers that are not closed."""
    return [BreakRead.of(row) for row in await queries.list_breaks(session)]


@router.get("/traces/{trace_id}", responses=problem_responses(TraceNotFound))
async def get_trace(trace_id: UUID, _: Reader, session: UserSession) -> Timeline:
    """Return the timeline of one signal: what the caller may see of it, in time order."""
    steps = await queries.get_timeline(session, TraceId(trace_id))
    return Timeline(
        trace_id=trace_id,
        steps=[TimelineStep(**{key: value for key, value in step.items() if key != "rank"}) for step in steps],
    )


@router.get("/kills", responses=problem_responses())
async def list_kills(_: Reader, session: UserSession) -> list[KillRead]:
    """List the kill switches that concern the caller, each with what still rests in its scope."""
    return [KillRead.of(view) for view in await kill.list_kills(session)]


@router.post("/kills", status_code=201, responses=problem_responses(KillSubjectNotFound, Forbidden, Invalid))
async def set_kill(body: KillCreate, caller: Trader, session: UserSession, kills: KillsDep) -> KillRead:
    """Stop the site, a broker, all of the caller's trading, an account or a source."""
    if body.cancel_stops and body.confirm != "CANCEL STOPS":
        raise Invalid("Canceling protective stops leaves positions bare: confirm with CANCEL STOPS.")
    target = await _target(body.scope, body.subject, caller, session)
    view = await kills.kill(target, reason=body.reason, by=caller.actor, cancel_stops=body.cancel_stops)
    return KillRead.of(view)


@router.post("/kills/{scope}/{subject}/release", responses=problem_responses(NotKilled, KillSubjectNotFound, Forbidden))
async def release_kill(
    scope: KillScope, subject: str, body: KillRelease, caller: StepUpDep, session: UserSession, kills: KillsDep
) -> KillRead:
    """Let a stopped scope run again; needs a fresh second proof of the person."""
    target = await _target(scope, subject, caller, session)
    return KillRead.of(await kills.release(target, reason=body.reason, by=caller.actor))


async def _target(scope: KillScope, subject: str | None, caller: Caller, session: DbSession) -> KillTarget:
    """Return what the caller may stop; another tenant's id is as unknown as a missing one."""
    if scope in {KillScope.SITE, KillScope.BROKER}:
        if not caller.can(Scope.OPERATE):
            raise Forbidden("Only an operator stops the site or a broker.")
        return KillTarget(scope, kill.SITE if scope is KillScope.SITE else (subject or ""), None)
    if scope is KillScope.USER:
        if subject not in {None, str(caller.user_id)}:
            raise KillSubjectNotFound
        return KillTarget(scope, str(caller.user_id), caller.user_id)
    try:
        identifier = UUID(subject or "")
    except ValueError:
        raise KillSubjectNotFound from None
    if not await kill.owns_subject(session, scope, identifier):
        raise KillSubjectNotFound
    return KillTarget(scope, str(identifier), caller.user_id)
