"""`/bars`: what charts are drawn from."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field

from tradsy.brokers.errors import BrokerAuthExpired, BrokerProtocolChanged, BrokerReadFailed, InvalidSymbol
from tradsy.domain.errors import Forbidden, Unauthenticated, UnknownInstrument
from tradsy.domain.ids import AccountId
from tradsy.domain.market import BarStep
from tradsy.execution import bars
from tradsy.execution.bars import MAX_BARS, Question
from tradsy.execution.errors import BadBarRange
from tradsy.execution.questions import OwnerSilent
from tradsy.follows.errors import NoSuchAccount
from tradsy.follows.placing import find_place
from tradsy.identity.deps import require
from tradsy.identity.model import Caller
from tradsy.market_data.deps import CatalogDep
from tradsy.platform.deps import BusDep, DatabaseDep
from tradsy.platform.web import StrictModel, problem_responses

router = APIRouter(tags=["market data"])

Reader = Annotated[Caller, Depends(require("read"))]


class BarRead(StrictModel):
    """What an instrument did in one step of time."""

    at: datetime = Field(description="When the bar begins, UTC.")
    open: Decimal = Field(description="First price, quote currency per unit.")
    high: Decimal = Field(description="Highest price.")
    low: Decimal = Field(description="Lowest price.")
    close: Decimal = Field(description="Last price; of a bar that still runs, the price now.")
    volume: Decimal = Field(description="Units that changed hands.")


class BarList(StrictModel):
    """Bars of one instrument at one venue."""

    symbol: str = Field(description="Canonical symbol.")
    step: BarStep = Field(description="Length of each bar.")
    items: list[BarRead] = Field(description="Oldest first; hours without trading have none.")


async def get_asked_account(
    caller: Reader, database: DatabaseDep, account_id: Annotated[UUID, Query(description="An own account.")]
) -> AccountId:
    """Return the caller's account whose venue is asked; no connection is held while the venue answers.

    Raises:
        NoSuchAccount: it is not there, closed, or another's.
    """
    async with database.as_user(caller.user_id) as session:
        await find_place(session, caller.user_id, AccountId(account_id))
    return AccountId(account_id)


@router.get(
    "/bars",
    responses=problem_responses(
        Unauthenticated,
        Forbidden,
        NoSuchAccount,
        BrokerAuthExpired,
        BadBarRange,
        UnknownInstrument,
        InvalidSymbol,
        BrokerProtocolChanged,
        BrokerReadFailed,
        OwnerSilent,
    ),
    summary="Read the bars of an instrument",
)
async def list_bars(
    caller: Reader,
    account_id: Annotated[AccountId, Depends(get_asked_account)],
    catalog: CatalogDep,
    bus: BusDep,
    symbol: Annotated[str, Query(max_length=40, description="Canonical symbol.")],
    step: Annotated[BarStep, Query(description="Length of a bar, one of the venue's `bar_steps`.")],
    start: Annotated[AwareDatetime, Query(description="Bars that begin then or later, UTC.")],
    end: Annotated[AwareDatetime, Query(description="Bars that begin before then; at most 1,000 steps later.")],
) -> BarList:
    """Return the bars that the account's venue has with start <= at < end; the last one may still run."""
    if catalog.find(symbol) is None:
        raise UnknownInstrument
    first, last = _range(start, end, step)
    items = await bars.ask(bus, Question(caller.user_id, account_id, symbol, step, first, last))
    return BarList(symbol=symbol, step=step, items=[BarRead.model_validate(item, strict=False) for item in items])


def _range(start: datetime, end: datetime, step: BarStep) -> tuple[datetime, datetime]:
    try:
        first, last = start.astimezone(UTC), end.astimezone(UTC)
    except OverflowError:
        raise BadBarRange("The times are out of range.") from None
    if first >= last:
        raise BadBarRange("The start must lie before the end.")
    if last - first > step.length * MAX_BARS:
        raise BadBarRange(f"At most {MAX_BARS} bars at a time.", limit=MAX_BARS)
    return first, last
