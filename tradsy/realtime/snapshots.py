"""Topics of the snapshot that come from the modules below execution; `entrypoints` adds the others."""

from __future__ import annotations

from typing import Any

from tradsy.connections import service as connections
from tradsy.connections.schemas import read_connection
from tradsy.domain.ids import UserId
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.clock import Clock
from tradsy.platform.db import DbSession
from tradsy.portfolio import reads
from tradsy.realtime.gateway import SnapshotProvider


def base_snapshots(quotes: QuoteCache, clock: Clock) -> dict[str, SnapshotProvider]:
    """Return `connections`, `positions` and `portfolio`, of the forms that the REST routes answer."""

    async def connected(session: DbSession, _: UserId) -> Any:
        rows = await connections.list_connections(session)
        return [read_connection(row).model_dump(mode="json") for row in rows]

    async def positions(session: DbSession, _: UserId) -> Any:
        return (await reads.read_positions(session, quotes.get, clock.now())).model_dump(mode="json")

    async def portfolio(session: DbSession, _: UserId) -> Any:
        return (await reads.read_portfolio(session, quotes.get)).model_dump(mode="json")

    return {"connections": connected, "positions": positions, "portfolio": portfolio}
