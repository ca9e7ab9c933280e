"""What people read of execution: orders, executions, verdicts, breaks, one signal's timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tradsy.domain.ids import OrderId, TraceId
from tradsy.execution import repository
from tradsy.execution.errors import OrderNotFound, TraceNotFound
from tradsy.execution.model import Order
from tradsy.platform.db import DbSession, sql

Rows = Sequence[Mapping[str, Any]]


async def get_order(session: DbSession, order_id: OrderId) -> Order:
    """Return one order that the session's role may see.

    Raises:
        OrderNotFound: there is none.
    """
    found = await repository.find_orders(session, ids=[order_id])
    if not found:
        raise OrderNotFound
    return found[0]


async def list_orders(
    session: DbSession,
    *,
    account_id: UUID | None,
    symbol: str | None,
    only_open: bool,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Order]:
    """Return orders, newest first."""
    rows = await _page(
        session,
        "select * from orders where true"
        + (f" and state in ({repository.OPEN})" if only_open else "")
        + (" and symbol = :symbol" if symbol else ""),
        "created_at",
        account_id,
        before,
        limit,
        symbol=symbol,
    )
    return [Order.from_row(row) for row in rows]


async def list_executions(
    session: DbSession, *, account_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> Rows:
    """Return executions, newest first."""
    return await _page(session, "select * from executions where true", "executed_at", account_id, before, limit)


async def list_verdicts(
    session: DbSession, *, account_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> Rows:
    """Return risk verdicts, newest first."""
    return await _page(session, "select * from verdicts where true", "at", account_id, before, limit)


async def list_breaks(session: DbSession) -> Rows:
    """Return differences with venues that are not closed."""
    rows = await session.execute(sql("select * from breaks where state <> 'closed' order by first_seen_at"))
    return [dict(row) for row in rows]


async def get_timeline(session: DbSession, trace_id: TraceId) -> Rows:
    """Return the steps of one trace that the session's role may see, in time order.

    Raises:
        TraceNotFound: it may see none.
    """
    steps = await repository.list_trace(session, trace_id)
    if not steps:
        raise TraceNotFound
    return steps


async def _page(
    session: DbSession,
    query: str,
    sort: str,
    account_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
    **parameters: Any,
) -> list[Mapping[str, Any]]:
    statement = query
    if account_id is not None:
        statement += " and account_id = :account_id"
        parameters["account_id"] = account_id
    if before is not None:
        statement += f" and ({sort}, id) < (:before_at, :before_id)"
        parameters["before_at"], parameters["before_id"] = before
    rows = await session.execute(
        sql(f"{statement} order by {sort} desc, id desc limit :limit"),
        {**{key: value for key, value in parameters.items() if value is not None}, "limit": limit},
    )
    return [dict(row) for row in rows]
