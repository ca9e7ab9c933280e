"""`/admin/demo`: how an admin looks at what the demo user sees."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from tradsy.domain.errors import Forbidden, NotFound
from tradsy.entrypoints.container import Container
from tradsy.entrypoints.demo import VIEW_KEY_LIFE, make_view_key
from tradsy.identity.deps import StepUpDep, require_role
from tradsy.identity.errors import InteractiveOnly, StepUpRequired
from tradsy.identity.model import Caller, Role
from tradsy.platform.web import IdempotentRoute, StrictModel, problem_responses

router = APIRouter(prefix="/admin/demo", tags=["admin"], route_class=IdempotentRoute)
AdminDep = Annotated[Caller, Depends(require_role(Role.ADMIN))]


class ViewKey(StrictModel):
    """A key that reads the demo user's data, and nothing else."""

    api_key: str = Field(description="Send it as a bearer token; shown this once.")
    seconds: int = Field(description="How long it lives.")


@router.post(
    "/view-key",
    status_code=201,
    openapi_extra={"x-secret-response": True},
    responses=problem_responses(Forbidden, InteractiveOnly, StepUpRequired, NotFound),
    summary="Make a key to look at the demo user's data",
)
async def make_demo_view_key(request: Request, caller: AdminDep, _: StepUpDep) -> ViewKey:
    """Make a read-only key of the demo user for a day; who made it stands on the demo user's audit chain."""
    container: Container = request.app.state.container
    key = await make_view_key(container, by=caller.actor)
    return ViewKey(api_key=key, seconds=int(VIEW_KEY_LIFE.total_seconds()))
