"""One client: a bounded queue of events and the newest of what is throttled, turned into frames.

`offer` and `put_*` are called by the fan-out and never wait; `frames` is read by the client's own task. A client whose
task does not come round lets its queue fill up, and is closed: it can resume from its cursor.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from tradsy.domain.market import Quote
from tradsy.domain.money import format_decimal
from tradsy.platform.clock import Clock
from tradsy.realtime.messages import FRAME_SECONDS, HEARTBEAT_SECONDS, CloseCode
from tradsy.realtime.tail import StreamEvent
from tradsy.realtime.tickets import Holder

QUEUE_LIMIT = 256
PREPARING_LIMIT = 4096
"""While the snapshot is made nothing is read; the backlog may be longer than what a reading client may owe."""

SnapshotMaker = Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Lost:
    """Stands in the queue where events are missing."""

    after: int
    position: int
    is_start: bool = False
    """The client is new: nothing is missing, but nothing is known either."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a feed has ended."""

    code: CloseCode
    reason: str


class Feed:
    """What one client is to be sent."""

    def __init__(self, holder: Holder, clock: Clock, snapshot: SnapshotMaker) -> None:
        self.holder = holder
        self.symbols: frozenset[str] = frozenset()
        """Whose prices the client watches."""
        self.cursor = 0
        """Place in the stream of the last frame that was handed over."""
        self.closed: Closed | None = None
        self.ended = asyncio.Event()
        self._clock = clock
        self._snapshot = snapshot
        self._queue: deque[StreamEvent | Lost] = deque()
        self._limit = PREPARING_LIMIT
        self._quotes: dict[str, Quote] = {}
        self._accounts: dict[str, Mapping[str, Any]] = {}
        self._seq = 0
        self._resumed = False
        self._wake = asyncio.Event()
        self._beat_wanted = False

    # from the fan-out: never waits ------------------------------------------------------------------------------

    def offer(self, event: StreamEvent | Lost) -> None:
        """Queue an event; a full queue ends the feed."""
        if self.closed is not None:
            return
        if len(self._queue) >= self._limit:
            self.close(CloseCode.TRY_AGAIN, f"too slow; cursor={self.cursor}")
            return
        self._queue.append(event)
        self._wake.set()

    def put_quote(self, quote: Quote) -> None:
        """Remember a price for the next throttled frame."""
        self._quotes[quote.symbol] = quote
        self._wake.set()

    def put_account(self, account_id: str, figures: Mapping[str, Any]) -> None:
        """Remember an account's profit for the next throttled frame."""
        self._accounts[account_id] = figures
        self._wake.set()

    def beat(self) -> None:
        """Send a heartbeat now."""
        self._beat_wanted = True
        self._wake.set()

    def close(self, code: CloseCode, reason: str) -> None:
        """End the feed; the first reason stays."""
        if self.closed is None:
            self.closed = Closed(code, reason)
        self.ended.set()
        self._wake.set()

    def begin(self, position: int, replay: Sequence[StreamEvent] | None, *, after: int | None) -> None:
        """Put what the client missed before everything that was queued since `position`; None asks for a snapshot."""
        self._resumed = replay is not None
        self.cursor = position if after is None or replay is None else after
        if replay is None:
            self._queue.appendleft(Lost(after or 0, position, is_start=after is None))
        else:
            self._queue.extendleft(reversed(replay))

    # to the client ----------------------------------------------------------------------------------------------

    async def frames(self) -> AsyncIterator[bytes]:
        """Yield frames until the feed is closed."""
        hello = {
            "resumed": self._resumed,
            "heartbeat_seconds": HEARTBEAT_SECONDS,
            "session_id": str(self.holder.session_id),
        }
        yield self._frame("hello", hello)
        next_live = next_beat = self._clock.monotonic()
        next_beat += HEARTBEAT_SECONDS
        while self.closed is None:
            self._wake.clear()
            while self._queue and self.closed is None:
                async for frame in self._take(self._queue.popleft()):
                    yield frame
            self._limit = QUEUE_LIMIT
            now = self._clock.monotonic()
            if (self._quotes or self._accounts) and now >= next_live:
                next_live = now + FRAME_SECONDS
                yield self._live()
            if self._beat_wanted or now >= next_beat:
                self._beat_wanted = False
                next_beat = now + HEARTBEAT_SECONDS
                yield self._frame("heartbeat", {})
            await self._wait(min(next_beat, next_live) if self._quotes or self._accounts else next_beat)

    async def _wait(self, until: float) -> None:
        """Sleep until something is to be sent: an event at once, throttled figures when their frame is due."""
        while not self._queue and self.closed is None and not self._beat_wanted:
            left = until - self._clock.monotonic()
            if left <= 0:
                return
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._wake.wait()
            if self._quotes or self._accounts:
                until = min(until, self._clock.monotonic() + FRAME_SECONDS)

    async def _take(self, item: StreamEvent | Lost) -> AsyncIterator[bytes]:
        if isinstance(item, Lost):
            self.cursor = item.position
            if not item.is_start:
                yield self._frame("gap", {"after": item.after})
            yield self._frame("snapshot", await self._snapshot())
        elif item.sequence > self.cursor:
            self.cursor = item.sequence
            body = orjson.loads(item.data)
            data = {"id": body["id"], "name": body["name"], "payload": body["payload"]}
            yield self._frame("event", data, at=body["at"])

    def _live(self) -> bytes:
        quotes, self._quotes = self._quotes, {}
        accounts, self._accounts = self._accounts, {}
        shown = [_quote(quote) for quote in quotes.values() if quote.symbol in self.symbols]
        return self._frame("live", {"quotes": shown, "accounts": list(accounts.values())})

    def _frame(self, kind: str, data: Mapping[str, Any], *, at: datetime | str | None = None) -> bytes:
        self._seq += 1
        stamp = at if at is not None else self._clock.now()
        return orjson.dumps(
            {"type": kind, "seq": self._seq, "cursor": self.cursor, "at": stamp, "data": data}, default=str
        )


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "symbol": quote.symbol,
        "bid": format_decimal(quote.bid),
        "ask": format_decimal(quote.ask),
        "last": format_decimal(quote.last),
        "at": quote.at,
        "halted": quote.halted,
    }
