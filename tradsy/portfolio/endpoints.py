"""`/positions` and `/portfolio`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from tradsy.connections.errors import AccountNotFound
from tradsy.domain.errors import Forbidden, Unauthenticated
from tradsy.domain.ids import AccountId
from tradsy.identity.deps import UserSession, require
from tradsy.market_data.deps import QuotesDep
from tradsy.platform.deps import ClockDep
from tradsy.platform.web import problem_responses
from tradsy.portfolio import reads
from tradsy.portfolio.schemas import PortfolioRead, PositionList

router = APIRouter(
    tags=["portfolio"],
    dependencies=[Depends(require("read"))],
    responses=problem_responses(Unauthenticated, Forbidden),
)


@router.get("/positions", responses=problem_responses(AccountNotFound))
async def list_positions(
    session: UserSession,
    quotes: QuotesDep,
    clock: ClockDep,
    account_id: Annotated[UUID | None, Query(description="Only this account.")] = None,
) -> PositionList:
    """Return the caller's open positions at market."""
    account = None if account_id is None else AccountId(account_id)
    return await reads.read_positions(session, quotes.get, clock.now(), account_id=account)


@router.get("/portfolio")
async def get_portfolio(session: UserSession, quotes: QuotesDep) -> PortfolioRead:
    """Return the caller's accounts at market: equity, cash, profit of the day, realised and unrealised."""
    return await reads.read_portfolio(session, quotes.get)
