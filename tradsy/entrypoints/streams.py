"""The realtime gateway of one process, with everything that a snapshot tells."""

from __future__ import annotations

from typing import Any

from tradsy.domain.ids import UserId
from tradsy.entrypoints.container import Container
from tradsy.execution import kill, queries
from tradsy.execution.schemas import KillRead, OrderRead
from tradsy.follows.decisions import list_plans
from tradsy.follows.plans import PlanState
from tradsy.follows.schemas import PlanRead
from tradsy.platform.db import DbSession
from tradsy.realtime.gateway import RealtimeGateway
from tradsy.realtime.schema import message_schema
from tradsy.realtime.snapshots import base_snapshots

_MOST = 200
"""Rows of one topic: what a screen shows; the rest is read by paging."""


def build_gateway(container: Container) -> RealtimeGateway:
    """Return the gateway; it listens to nothing before it is started."""
    return RealtimeGateway(
        database=container.database,
        bus=container.bus,
        clock=container.clock,
        quotes=container.quotes,
        snapshots={
            **base_snapshots(container.quotes, container.clock),
            "orders": _open_orders,
            "plans": _pending_plans,
            "kills": _kills,
        },
        session_idle=container.settings.session_idle,
        replicas=container.settings.nats_replicas,
    )


async def _open_orders(session: DbSession, _: UserId) -> Any:
    orders = await queries.list_orders(session, account_id=None, symbol=None, only_open=True, before=None, limit=_MOST)
    return [OrderRead.of(order).model_dump(mode="json") for order in orders]


async def _pending_plans(session: DbSession, user_id: UserId) -> Any:
    plans = await list_plans(session, user_id, state=PlanState.PENDING, limit=_MOST)
    return [PlanRead.from_row(plan).model_dump(mode="json") for plan in plans]


async def _kills(session: DbSession, _: UserId) -> Any:
    return [KillRead.of(view).model_dump(mode="json") for view in await kill.list_kills(session)]


def describe_messages() -> dict[str, Any]:
    """Return the JSON schemas of all messages of the socket, for the web client."""
    return message_schema()
