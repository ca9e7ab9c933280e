"""`/admin/users`: what admins see and change."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from tradsy.domain.errors import Forbidden, NotFound
from tradsy.identity import admin
from tradsy.identity.deps import StepUpDep, UserSession, require_role
from tradsy.identity.errors import CrossSiteRequest, InteractiveOnly, LastAdmin, StepUpRequired
from tradsy.identity.model import Caller, Role, UserState
from tradsy.identity.schemas import RoleUpdate, UserRead, to_user_read
from tradsy.identity.web_context import ContextDep
from tradsy.platform.deps import ClockDep
from tradsy.platform.web import CursorPage, IdempotentRoute, PagingDep, cut_page, decode_cursor, problem_responses

router = APIRouter(prefix="/admin/users", tags=["admin"], route_class=IdempotentRoute)
AdminDep = Annotated[Caller, Depends(require_role(Role.ADMIN))]
_CHANGES = problem_responses(Forbidden, InteractiveOnly, StepUpRequired, NotFound, LastAdmin, CrossSiteRequest)


@router.get("", responses=problem_responses(Forbidden, InteractiveOnly))
async def get_users(
    caller: AdminDep,
    session: UserSession,
    clock: ClockDep,
    paging: PagingDep,
    query: Annotated[str, Query(max_length=100, description="Part of an address or name.")] = "",
) -> CursorPage[UserRead]:
    """Return users in the order of their making; that you looked is recorded."""
    after = decode_cursor(paging.cursor, UUID)[0] if paging.cursor else None
    found = await admin.list_users(
        session, caller.user_id, after=after, limit=paging.limit + 1, query=query, at=clock.now()
    )
    return cut_page([to_user_read(user) for user in found], paging, lambda user: (user.id,))


@router.get("/{user_id}", responses=problem_responses(Forbidden, InteractiveOnly, NotFound))
async def get_user(user_id: UUID, caller: AdminDep, session: UserSession, clock: ClockDep) -> UserRead:
    """Return one user; that you looked is recorded."""
    return to_user_read(await admin.get_user(session, caller.user_id, user_id, at=clock.now()))


@router.post("/{user_id}/disable", responses=_CHANGES)
async def post_disable(user_id: UUID, caller: AdminDep, _: StepUpDep, context: ContextDep) -> UserRead:
    """Disable a user: sessions, tokens and keys die within seconds, and nothing trades."""
    return to_user_read(await admin.change_user(context, caller.user_id, user_id, state=UserState.DISABLED))


@router.post("/{user_id}/enable", responses=_CHANGES)
async def post_enable(user_id: UUID, caller: AdminDep, _: StepUpDep, context: ContextDep) -> UserRead:
    """Let a disabled user in again; they sign in anew."""
    return to_user_read(await admin.change_user(context, caller.user_id, user_id, state=UserState.ACTIVE))


@router.put("/{user_id}/role", responses=_CHANGES)
async def put_role(user_id: UUID, body: RoleUpdate, caller: AdminDep, _: StepUpDep, context: ContextDep) -> UserRead:
    """Set a user's role; their sessions end, and their keys keep only what the new role carries."""
    return to_user_read(await admin.change_user(context, caller.user_id, user_id, role=body.role))
