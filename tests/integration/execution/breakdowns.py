"""What breaks in one room while the rest of the product goes on: a statement that fails, a lease that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tradsy.platform.db import DatabaseUnavailable, DbSession, Result, Statement
from tradsy.platform.partitions import PartitionLeases
from tradsy.testing.product import Product

FENCE = "for key share of l"
"""What only the statement holds by which a transaction proves that its leases stand."""


@dataclass(slots=True)
class Breakdown:
    """Something that fails so many times, or until it is mended."""

    times: int
    struck: int = 0

    def strikes(self, room: str | None = None) -> bool:
        """Count one more failure, if one is left and the task of `room` is running."""
        if self.struck >= self.times or room not in {None, current_room()}:
            return False
        self.struck += 1
        return True

    def mend(self) -> None:
        """Let it work again."""
        self.times = 0

    async def is_over(self) -> bool:
        """Whether it has failed as often as it should."""
        return self.struck >= self.times


ALWAYS = 1_000_000
"""Until it is mended."""


async def again(product: Product, breakdown: Breakdown) -> None:
    """Wait until a room has run into the breakdown from beginning to end since this was called."""
    before = breakdown.struck

    async def twice() -> bool:
        return breakdown.struck >= before + 2

    await product.until(twice, what="breakdown")


def current_room() -> str:
    """Return the name of the running task: the long ones are called after their room."""
    task = asyncio.current_task()
    return task.get_name() if task else ""


def break_statement(
    monkeypatch: pytest.MonkeyPatch, text: str, *, room: str | None = None, times: int = 1
) -> Breakdown:
    """Lose the connection whenever `room` runs a statement that contains `text`."""
    breakdown, original = Breakdown(times), DbSession.execute

    async def execute(session: DbSession, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Result:
        if text in statement.text and breakdown.strikes(room):
            raise DatabaseUnavailable("the connection was lost")
        return await original(session, statement, parameters)

    monkeypatch.setattr(DbSession, "execute", execute)
    return breakdown


def lose_lease(monkeypatch: pytest.MonkeyPatch, room: str, *, times: int = 1) -> Breakdown:
    """Let `room` find its leases gone when it proves them in a transaction."""
    breakdown, original = Breakdown(times), DbSession.execute

    async def execute(session: DbSession, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Result:
        if FENCE in statement.text and breakdown.strikes(room):
            return Result(())
        return await original(session, statement, parameters)

    monkeypatch.setattr(DbSession, "execute", execute)
    return breakdown


def outlive_lease(monkeypatch: pytest.MonkeyPatch, room: str, *, times: int = 1) -> Breakdown:
    """Let `room` see by the clock alone that its leases have run out."""
    breakdown, original = Breakdown(times), PartitionLeases.epoch

    def epoch(leases: PartitionLeases, partition: int) -> int | None:
        return None if breakdown.strikes(room) else original(leases, partition)

    monkeypatch.setattr(PartitionLeases, "epoch", epoch)
    return breakdown
