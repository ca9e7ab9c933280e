"""A connection's queue: priority, slots, and the half of the budget that entries may not touch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.unit.execution.samples import NOW, order
from tradsy.domain.orders import OrderRole
from tradsy.execution import lane as lane_module
from tradsy.execution.lane import Lane, Priority, priority_of
from tradsy.platform.clock import FrozenClock


class Road:
    """Work that is noted when it runs and ends when it is let go."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.gate = asyncio.Event()

    def work(self, name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            self.ran.append(name)
            await self.gate.wait()

        return run


async def test_what_lowers_risk_goes_first_and_equals_keep_their_order() -> None:
    road, lane = Road(), Lane(FrozenClock(NOW), requests_per_minute=200, slots=1)
    for name, priority in (
        ("entry 1", Priority.ENTRY),
        ("entry 2", Priority.ENTRY),
        ("exit", Priority.EXIT),
        ("stop", Priority.PROTECT),
        ("cancel", Priority.CANCEL),
    ):
        lane.put(priority, road.work(name))
    road.gate.set()
    await lane.drain()
    assert road.ran == ["cancel", "stop", "exit", "entry 1", "entry 2"]
    assert lane.calls_in_last_minute() == 5


async def test_no_more_than_its_slots_are_under_way() -> None:
    road, lane = Road(), Lane(FrozenClock(NOW), requests_per_minute=200, slots=2)
    for n in range(5):
        lane.put(Priority.ENTRY, road.work(str(n)))
    for _ in range(5):
        await asyncio.sleep(0)
    assert road.ran == ["0", "1"]
    road.gate.set()
    await lane.drain()
    assert len(road.ran) == 5


async def test_entries_leave_half_of_the_budget_to_what_lowers_risk(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FrozenClock(NOW)
    road, lane = Road(), Lane(clock, requests_per_minute=4, slots=1)
    road.gate.set()
    waits: list[tuple[float, list[str]]] = []
    original = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append((seconds, list(road.ran)))
        if len(waits) == 1:
            # While entries wait for their half, a cancel comes and passes them.
            lane.put(Priority.CANCEL, road.work("cancel"))
        clock.advance(timedelta(seconds=30))
        await original(0)

    monkeypatch.setattr(lane_module.asyncio, "sleep", sleep)
    for n in range(3):
        lane.put(Priority.ENTRY, road.work(f"entry {n}"))
    await lane.drain()
    assert waits[0] == (1.0, ["entry 0", "entry 1"])
    assert road.ran == ["entry 0", "entry 1", "cancel", "entry 2"]
    assert lane.calls_in_last_minute() <= 2


async def test_work_that_fails_does_not_hold_the_lane() -> None:
    lane, road = Lane(FrozenClock(NOW), requests_per_minute=200, slots=1), Road()
    road.gate.set()

    async def fail() -> None:
        raise ValueError

    lane.put(Priority.ENTRY, fail)
    await lane.drain()
    lane.put(Priority.ENTRY, road.work("next"))
    await lane.drain()
    assert road.ran == ["next"]


@pytest.mark.parametrize(
    ("role", "priority"),
    [
        (OrderRole.STOP, Priority.PROTECT),
        (OrderRole.TARGET, Priority.PROTECT),
        (OrderRole.EXIT, Priority.EXIT),
        (OrderRole.ENTRY, Priority.ENTRY),
    ],
)
def test_priority_follows_the_role(role: OrderRole, priority: Priority) -> None:
    assert priority_of(order(role=role)) is priority
