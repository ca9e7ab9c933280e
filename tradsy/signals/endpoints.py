"""Routes of sources and signals, and the native intake."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from tradsy.domain.errors import Forbidden, Limited, TooLarge
from tradsy.domain.ids import SignalId, SourceId
from tradsy.follows.decisions import list_plans
from tradsy.follows.paging import read_position
from tradsy.follows.schemas import PlanRead
from tradsy.identity.deps import IdentityDep, UserSession, require
from tradsy.identity.model import Caller
from tradsy.platform.db import Row
from tradsy.platform.deps import ClockDep, DatabaseDep, OutboxDep, SettingsDep
from tradsy.platform.settings import Settings
from tradsy.platform.web import (
    CursorPage,
    IdempotentRoute,
    PagingDep,
    cut_page,
    problem_responses,
)
from tradsy.platform.web.idempotent import IdempotencyKeyRequired
from tradsy.signals import service
from tradsy.signals.answers import answer_receipt, answer_unreadable, read_incoming
from tradsy.signals.errors import (
    IdempotencyKeyReused,
    SignalNotFound,
    SourceClosed,
    SourceNameTaken,
    SourceNotFound,
    Unreadable,
    UnreadableSignal,
)
from tradsy.signals.intake import Intake
from tradsy.signals.model import SignalState
from tradsy.signals.schemas import (
    SIGNAL_SCHEMA,
    BodySecretChange,
    HookRotate,
    SignalDetail,
    SignalRead,
    SignalReceipt,
    SourceCreate,
    SourceRead,
    SourceSecrets,
    SourceUpdate,
)
from tradsy.signals.service import NewSource

router = APIRouter()
"""Mounted under `/api/v1`."""
changes = APIRouter(route_class=IdempotentRoute, tags=["signals"])
reads = APIRouter(tags=["signals"])

Reader = Annotated[Caller, Depends(require("read"))]
Trader = Annotated[Caller, Depends(require("trade"))]
Sender = Annotated[Caller, Depends(require("signals:write"))]
_SECRET = {"x-secret-response": True}
_PLANS_SHOWN = 200
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The signal's id: it is taken once, for ever.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[\x21-\x7e]{1,128}$"},
}


async def get_intake(database: DatabaseDep, outbox: OutboxDep) -> Intake:
    return Intake(database, outbox)


IntakeDep = Annotated[Intake, Depends(get_intake)]


@changes.post(
    "/sources",
    status_code=201,
    openapi_extra=_SECRET,
    responses=problem_responses(Forbidden, SourceNameTaken),
    summary="Make a source",
)
async def create_source(
    body: SourceCreate, caller: Trader, session: UserSession, clock: ClockDep, settings: SettingsDep
) -> SourceSecrets:
    made = await service.create_source(
        session, user_id=caller.user_id, at=clock.now(), actor=caller.actor, **body.model_dump()
    )
    row = await service.get_source(session, caller.user_id, made.id)
    return _secrets(row, made, settings)


@changes.post(
    "/sources/{source_id}/rotate",
    openapi_extra=_SECRET,
    responses=problem_responses(Forbidden, SourceNotFound, SourceClosed),
    summary="Give a source a new hook address",
)
async def rotate_hook(
    source_id: UUID, body: HookRotate, caller: Trader, session: UserSession, clock: ClockDep, settings: SettingsDep
) -> SourceSecrets:
    made = await service.rotate_hook(
        session,
        caller.user_id,
        SourceId(source_id),
        at=clock.now(),
        actor=caller.actor,
        revoke_old=body.revoke_old,
    )
    return _secrets(await service.get_source(session, caller.user_id, made.id), made, settings)


@changes.post(
    "/sources/{source_id}/body-secret",
    openapi_extra=_SECRET,
    responses=problem_responses(Forbidden, SourceNotFound, SourceClosed),
    summary="Ask for a secret in each message, or no more",
)
async def set_body_secret(
    source_id: UUID,
    body: BodySecretChange,
    caller: Trader,
    session: UserSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> SourceSecrets:
    made = await service.set_body_secret(
        session, caller.user_id, SourceId(source_id), wanted=body.wanted, at=clock.now(), actor=caller.actor
    )
    return _secrets(await service.get_source(session, caller.user_id, made.id), made, settings)


@changes.patch(
    "/sources/{source_id}",
    responses=problem_responses(Forbidden, SourceNotFound, SourceClosed, SourceNameTaken),
    summary="Change, pause or close a source",
)
async def change_source(
    source_id: UUID, body: SourceUpdate, caller: Trader, session: UserSession, clock: ClockDep
) -> SourceRead:
    row = await service.change_source(
        session, caller.user_id, SourceId(source_id), body.to_changes(), at=clock.now(), actor=caller.actor
    )
    return SourceRead.from_row(row)


@reads.get("/sources", responses=problem_responses(Forbidden), summary="List sources")
async def list_sources(
    caller: Reader,
    session: UserSession,
    paging: PagingDep,
    *,
    public: Annotated[bool, Query(description="Everybody's public sources instead of your own.")] = False,
) -> CursorPage[SourceRead]:
    rows = await service.list_sources(
        session, caller.user_id, public=public, before=read_position(paging), limit=paging.limit + 1
    )
    return cut_page([SourceRead.from_row(row) for row in rows], paging, lambda read: (read.created_at, read.id))


@reads.get("/sources/{source_id}", responses=problem_responses(Forbidden, SourceNotFound), summary="Get a source")
async def get_source(source_id: UUID, caller: Reader, session: UserSession) -> SourceRead:
    return SourceRead.from_row(await service.get_source(session, caller.user_id, SourceId(source_id)))


@reads.get("/signals", responses=problem_responses(Forbidden), summary="List signals")
async def list_signals(
    caller: Reader,
    session: UserSession,
    paging: PagingDep,
    source_id: Annotated[UUID | None, Query(description="Only this source's.")] = None,
    state: Annotated[SignalState | None, Query(description="Only those in this state.")] = None,
) -> CursorPage[SignalRead]:
    rows = await service.list_signals(
        session,
        caller.user_id,
        source_id=source_id,
        state=state and state.value,
        before=read_position(paging),
        limit=paging.limit + 1,
    )
    return cut_page([SignalRead.from_row(row) for row in rows], paging, lambda read: (read.received_at, read.id))


@reads.get(
    "/signals/{signal_id}",
    responses=problem_responses(Forbidden, SignalNotFound),
    summary="Get a signal: its text, what was read where, and your plans",
)
async def get_signal(signal_id: UUID, caller: Reader, session: UserSession) -> SignalDetail:
    row = await service.get_signal(session, caller.user_id, SignalId(signal_id))
    plans = await list_plans(session, caller.user_id, signal_id=signal_id, limit=_PLANS_SHOWN)
    return SignalDetail.from_parts(row, [PlanRead.from_row(plan) for plan in plans])


@reads.post(
    "/signals",
    status_code=202,
    response_model=SignalReceipt,
    responses={
        200: {"model": SignalReceipt, "description": "The key came before: the first one's ids."},
        **problem_responses(
            IdempotencyKeyRequired, Forbidden, SourceNotFound, TooLarge, UnreadableSignal, IdempotencyKeyReused, Limited
        ),
    },
    openapi_extra={
        "parameters": [_KEY_PARAMETER],
        "requestBody": {"required": True, "content": {"application/json": {"schema": SIGNAL_SCHEMA}}},
    },
    summary="Send a signal to one of your sources",
)
async def send_signal(
    request: Request,
    caller: Sender,
    intake: IntakeDep,
    clock: ClockDep,
    identity: IdentityDep,
) -> Response:
    """Store a signal, plan it for every follower, and answer after the commit."""
    key = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyRequired
    incoming = await read_incoming(request, clock)
    identity.limiter.check("hooks", f"user:{caller.user_id}")
    try:
        receipt = await intake.take_native(caller.user_id, caller.actor, incoming, idempotency_key=key)
    except Unreadable as problem:
        return answer_unreadable(problem.code, problem.field)
    return answer_receipt(receipt)


def _secrets(row: Row, made: NewSource, settings: Settings) -> SourceSecrets:
    url = f"{settings.url}/hooks/tradingview/{made.hook_token}" if made.hook_token else None
    return SourceSecrets(source=SourceRead.from_row(row), hook_url=url, body_secret=made.body_secret)


router.include_router(changes)
router.include_router(reads)
