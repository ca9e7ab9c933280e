"""A connection's queue of requests: what lowers risk goes first, and half of the venue's budget is kept for it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from enum import IntEnum

from tradsy.domain.orders import OrderRole
from tradsy.execution.model import Order
from tradsy.platform.clock import Clock

SLOTS = 4
"""Requests that one connection has under way at once."""


class Priority(IntEnum):
    """Order of a connection's lane: what lowers risk goes first."""

    CANCEL = 0
    PROTECT = 1
    EXIT = 2
    ENTRY = 5


def priority_of(order: Order) -> Priority:
    """Return the lane of an order."""
    if order.role in {OrderRole.STOP, OrderRole.TARGET}:
        return Priority.PROTECT
    return Priority.EXIT if order.role is OrderRole.EXIT else Priority.ENTRY


class Lane:
    """One connection's queue: ordered by priority, bounded in parallel requests, paced by the venue's budget."""

    def __init__(self, clock: Clock, *, requests_per_minute: int, slots: int = SLOTS) -> None:
        self._clock = clock
        self._half = max(requests_per_minute // 2, 1)
        self._all = max(requests_per_minute, 1)
        self._slots = slots
        self._running = 0
        self._heap: list[tuple[int, int, Callable[[], Awaitable[None]]]] = []
        self._order = itertools.count()
        self._calls: deque[float] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def calls_in_last_minute(self) -> int:
        """Return the requests that left in the last minute."""
        limit = self._clock.monotonic() - 60
        while self._calls and self._calls[0] <= limit:
            self._calls.popleft()
        return len(self._calls)

    def put(self, priority: Priority, work: Callable[[], Awaitable[None]]) -> None:
        """Queue one request."""
        heapq.heappush(self._heap, (priority, next(self._order), work))
        if self._running < self._slots:
            self._running += 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait until nothing is queued or under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._heap:
                await self._pace(self._heap[0][0])
                _, _, work = heapq.heappop(self._heap)
                self._calls.append(self._clock.monotonic())
                await work()
        finally:
            self._running -= 1

    async def _pace(self, priority: int) -> None:
        """Entries use half of the budget; the other half is kept for what lowers risk."""
        budget = self._half if priority >= Priority.ENTRY else self._all
        while self.calls_in_last_minute() >= budget:
            await asyncio.sleep(min(1.0, 60 - (self._clock.monotonic() - self._calls[0])))
