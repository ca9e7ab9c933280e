"""`/risk`: limits with their layers and history, states, and the catalogue of rules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from tradsy.domain.errors import Forbidden, Unauthenticated, UnknownInstrument
from tradsy.domain.ids import AccountId, SourceId
from tradsy.domain.instruments import normalize_symbol
from tradsy.identity.deps import StepUpDep, UserSession
from tradsy.identity.errors import StepUpRequired
from tradsy.platform.db import Row
from tradsy.platform.deps import ClockDep
from tradsy.platform.web import CursorPage, IdempotentRoute, PagingDep, cut_page, decode_cursor, problem_responses
from tradsy.risk import service, states
from tradsy.risk.catalogue import CATALOGUE, describe_exemption
from tradsy.risk.codec import effective_to_json, limits_from_json, limits_to_json
from tradsy.risk.deps import LimitUseDep, ReaderDep, TraderDep
from tradsy.risk.errors import (
    LimitAboveCap,
    LimitInvalid,
    LimitsChangedMeanwhile,
    LimitsExist,
    LimitSubjectNotFound,
    NotStopped,
    WrongMode,
)
from tradsy.risk.limits import FIELDS, LimitSet, Scope
from tradsy.risk.model import RiskMode
from tradsy.risk.schemas import (
    EnableRequest,
    LayerRead,
    LayerValues,
    LimitChangeRead,
    LimitRead,
    LimitsRead,
    OwnScope,
    RuleRead,
    StartingLimits,
    StateRead,
    StopRequest,
)
from tradsy.risk.service import LayerView, LimitChange, LimitSubject, LimitsView
from tradsy.risk.states import StateChange

router = APIRouter(
    prefix="/risk", tags=["risk"], route_class=IdempotentRoute, responses=problem_responses(Unauthenticated, Forbidden)
)


@router.get("/limits", responses=problem_responses(LimitSubjectNotFound, UnknownInstrument))
async def get_limits(
    caller: ReaderDep,
    session: UserSession,
    clock: ClockDep,
    limit_use: LimitUseDep,
    account_id: Annotated[UUID | None, Query(description="Limits of this account.")] = None,
    source_id: Annotated[UUID | None, Query(description="Limits of orders from this source.")] = None,
    symbol: Annotated[str | None, Query(max_length=32, description="Limits of orders in this symbol.")] = None,
) -> LimitsRead:
    """Return the limits that hold for the caller, with what bound each, its use and the layers behind them."""
    subject = LimitSubject(
        caller.user_id,
        None if account_id is None else AccountId(account_id),
        None if source_id is None else SourceId(source_id),
    )
    await service.require_visible(session, subject)
    canonical = None if symbol is None else normalize_symbol(symbol)
    view = await service.get_limits(session, subject, now=clock.now(), symbol=canonical)
    return _read_limits(view, await limit_use(session, subject))


@router.put(
    "/limits/{scope}/{subject}",
    responses=problem_responses(
        StepUpRequired, LimitSubjectNotFound, LimitsChangedMeanwhile, LimitAboveCap, LimitInvalid
    ),
)
async def put_limits(
    scope: OwnScope, subject: UUID, body: LayerValues, caller: TraderDep, session: UserSession, clock: ClockDep
) -> LayerRead:
    """Replace one own layer: tightening holds at once, a raise needs a step-up and holds after ten minutes."""
    now = clock.now()
    limits = limits_from_json(body.model_dump(exclude_none=True, exclude_defaults=True))
    change = LimitChange(scope, subject, caller.user_id, limits, caller.actor, caller.is_stepped_up(now))
    return _read_layer(await service.set_limits(session, change, now=now))


@router.post("/limits/starting", status_code=201, responses=problem_responses(LimitsExist))
async def choose_starting_limits(
    body: StartingLimits, caller: TraderDep, session: UserSession, clock: ClockDep
) -> LayerRead:
    """Choose the starting limits of a risk tolerance; once, before any own limit was set."""
    view = await service.choose_starting_limits(
        session, caller.user_id, body.tolerance, actor=caller.actor, now=clock.now()
    )
    return _read_layer(view)


@router.get("/limits/history")
async def list_changes(caller: ReaderDep, session: UserSession, paging: PagingDep) -> CursorPage[LimitChangeRead]:
    """Return the changes of the caller's limits, newest first."""
    before = decode_cursor(paging.cursor, UUID)[0] if paging.cursor else None
    rows = await service.list_changes(session, caller.user_id, before=before, limit=paging.limit + 1)
    return cut_page([_read_change(row) for row in rows], paging, lambda change: (change.id,))


@router.get("/state")
async def list_states(caller: ReaderDep, session: UserSession) -> list[StateRead]:
    """Return every state of the caller's user, accounts and sources that was ever set."""
    return [_read_state(row) for row in await states.list_states(session, caller.user_id)]


@router.put("/state/{scope}/{subject}", responses=problem_responses(LimitSubjectNotFound, WrongMode))
async def stop(
    scope: OwnScope, subject: UUID, body: StopRequest, caller: TraderDep, session: UserSession, clock: ClockDep
) -> StateRead:
    """Stop by hand; a state only gets stricter here."""
    mode = RiskMode(body.mode)
    change = StateChange(Scope(scope), subject, caller.user_id, mode, caller.actor, body.reason)
    return _read_state(await states.set_mode(session, change, now=clock.now()))


@router.post("/state/{scope}/{subject}/enable", responses=problem_responses(StepUpRequired, NotStopped))
async def enable(
    scope: OwnScope, subject: UUID, body: EnableRequest, caller: StepUpDep, session: UserSession, clock: ClockDep
) -> StateRead:
    """Lift a stop, as a person who just proved to be there; a drawdown is measured anew from here."""
    change = StateChange(Scope(scope), subject, caller.user_id, RiskMode.NORMAL, caller.actor, body.reason)
    return _read_state(await states.enable(session, change, stepped_up=True, now=clock.now()))


@router.get("/rules")
async def list_rules(caller: ReaderDep) -> list[RuleRead]:
    """Return the pre-trade controls in the order in which verdicts list them."""
    return [
        RuleRead(
            id=rule.id,
            title=rule.title,
            kind=rule.kind,
            codes=list(rule.codes),
            default=rule.default,
            reduce_only=describe_exemption(rule),
        )
        for rule in CATALOGUE
    ]


def _values(limits: LimitSet) -> LayerValues:
    return LayerValues.model_validate(limits_to_json(limits))


def _read_layer(view: LayerView) -> LayerRead:
    return LayerRead(
        scope=view.scope,
        subject=view.subject,
        limits=_values(view.limits),
        version=view.version,
        changed_at=view.changed_at,
        pending=None if view.pending is None else _values(view.pending),
        pending_at=view.pending_at,
    )


def _read_limits(view: LimitsView, use: Mapping[str, Decimal | int]) -> LimitsRead:
    values, bound = effective_to_json(view.effective), view.effective.provenance()
    limits = [
        LimitRead(
            name=name,
            rule=field.rule,
            text=field.text,
            unit=field.unit,
            tighter=field.tighter,
            value=values[name],
            bound_by=bound.get(name),
            use=None if name not in use else Decimal(use[name]),
        )
        for name, field in FIELDS.items()
    ]
    return LimitsRead(
        config_hash=view.effective.config_hash, limits=limits, layers=[_read_layer(layer) for layer in view.layers]
    )


def _read_change(row: Row) -> LimitChangeRead:
    return LimitChangeRead(
        id=row.id,
        scope=Scope(row.scope),
        subject=row.subject,
        old=LayerValues.model_validate(row.old),
        new=LayerValues.model_validate(row.new),
        is_raise=row.is_raise,
        version=row.version,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        effective_at=row.effective_at,
    )


def _read_state(row: Row) -> StateRead:
    return StateRead(
        scope=Scope(row.scope),
        subject=row.subject,
        mode=RiskMode(row.mode),
        rule=row.rule,
        code=row.code,
        reason=row.reason,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
