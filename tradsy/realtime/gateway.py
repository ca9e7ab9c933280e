"""Everything of realtime that lives as long as the process: the tail, the hub, session checks, throttled figures."""

# pyright: reportUnknownMemberType=false
# nats-py leaves its callbacks untyped.

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tradsy.domain.ids import UserId
from tradsy.identity.sessions import list_live_sessions
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.bus import Bus
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError, DbSession
from tradsy.platform.metrics import counter, gauge
from tradsy.portfolio.live import LIVE_SUBJECT, WATCH_SUBJECT
from tradsy.realtime.errors import TooManyStreams
from tradsy.realtime.feed import Feed
from tradsy.realtime.hub import Hub
from tradsy.realtime.messages import CloseCode
from tradsy.realtime.tail import StreamEvent, StreamTail, read_range
from tradsy.realtime.tickets import Holder, Tickets

log = structlog.get_logger(__name__)

SnapshotProvider = Callable[[DbSession, UserId], Awaitable[Any]]
"""One topic of the snapshot, read in the user's own transaction; JSON, decimals as text."""

MAX_STREAMS = 10
REPLAY_LIMIT = 2000
"""More missed events than this are told by a snapshot."""
SESSION_CHECK_SECONDS = 2.0
_WATCH_SECONDS = 5.0
FOR_EVERYBODY = ("tradsy.events.kills.changed",)
"""Events of nobody in particular that everybody sees: switches of the site and of brokers."""
STREAMS = gauge("tradsy_realtime_streams_count", "Streams open in this process.")
ENDED = counter("tradsy_realtime_streams_ended_total", "Streams ended by the server.", ("code",))


class RealtimeGateway:
    """Streams of one process. `snapshots` are the topics of the snapshot, by name."""

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        clock: Clock,
        quotes: QuoteCache,
        snapshots: Mapping[str, SnapshotProvider],
        session_idle: timedelta,
        replicas: int = 1,
    ) -> None:
        self.tickets = Tickets(bus, clock, replicas=replicas)
        self.hub = Hub(clock)
        self._database = database
        self._bus = bus
        self._clock = clock
        self._quotes = quotes
        self._snapshots = dict(snapshots)
        self._session_idle = session_idle
        self._tail = StreamTail(
            bus,
            clock,
            ["tradsy.users.>", *FOR_EVERYBODY],
            on_event=self._on_event,
            on_gap=lambda after: self.hub.tell_gap(after, self._tail.position),
        )
        self._tail_turn = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._live: Subscription | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._watch_now = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen; call it once the bus is connected, before the first request."""
        self._live = await self._bus.client.subscribe(f"{LIVE_SUBJECT}.*", cb=self._receive_live)
        self._unsubscribe = self._quotes.subscribe(self.hub.put_quote)
        self._tasks = [
            asyncio.create_task(self._check_sessions(), name="realtime sessions"),
            asyncio.create_task(self._tell_watched(), name="realtime watched"),
        ]

    async def stop(self) -> None:
        """End every stream and stop listening."""
        for feed in self.hub.feeds:
            feed.close(CloseCode.GOING_AWAY, f"the server stops; cursor={feed.cursor}")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._live is not None:
            with suppress(nats.errors.Error):
                await self._live.unsubscribe()
        await self._tail.stop()

    @asynccontextmanager
    async def open_feed(self, holder: Holder, *, after: int | None) -> AsyncGenerator[Feed]:
        """Yield a client's feed that goes on after the cursor `after`, or begins with a snapshot.

        Raises:
            TooManyStreams: the user has `MAX_STREAMS` open in this process.
            BusUnavailable: what was missed cannot be read now.
        """
        if self.hub.count(holder.user_id) >= MAX_STREAMS:
            raise TooManyStreams(limit=MAX_STREAMS)
        feed = Feed(holder, self._clock, lambda: self.make_snapshot(holder.user_id))
        async with self._tail_turn:
            if not self._tail.is_running:
                await self._tail.start()
            position = self._tail.position
            is_known = after is not None and after <= position
            remembered = self.hub.remembered(holder.user_id, after) if after is not None and is_known else None
            self.hub.attach(feed, position)
        STREAMS.inc()
        self._watch_now.set()
        try:
            replay = remembered
            if after is not None and is_known and remembered is None:
                replay = await self._read_missed(holder.user_id, after, position)
            feed.begin(position, replay, after=after)
            yield feed
        finally:
            self.hub.detach(feed)
            STREAMS.dec()
            if feed.closed is not None:
                ENDED.labels(str(int(feed.closed.code))).inc()

    def watch(self, feed: Feed, symbols: frozenset[str]) -> None:
        """Send `feed` the prices of `symbols` from now on, beginning with the last ones known."""
        self.hub.watch(feed, symbols)
        for quote in self._quotes.many(symbols):
            feed.put_quote(quote)

    async def _read_missed(self, user_id: UserId, after: int, position: int) -> list[StreamEvent] | None:
        subjects = [f"tradsy.users.{user_id}.>", *FOR_EVERYBODY]
        return await read_range(self._bus, subjects, after=after, upto=position, limit=REPLAY_LIMIT)

    async def make_snapshot(self, user_id: UserId) -> Mapping[str, Any]:
        """Return everything as it stands, read in one transaction of the user."""
        async with self._database.as_user(user_id) as session:
            return {name: await provider(session, user_id) for name, provider in self._snapshots.items()}

    def _on_event(self, event: StreamEvent) -> None:
        self.hub.publish(event)

    async def _receive_live(self, message: Msg) -> None:
        user_id = UserId(UUID(message.subject.rpartition(".")[2]))
        if self.hub.count(user_id):
            self.hub.put_accounts(user_id, orjson.loads(message.data)["accounts"])

    async def _check_sessions(self) -> None:
        """End the streams of sessions that are over, disabled users included."""
        while True:
            await asyncio.sleep(SESSION_CHECK_SECONDS)
            try:
                await self.end_dead_sessions()
                await self.rest()
            except (DatabaseError, OSError, TimeoutError):
                log.warning("sessions of streams not checked", exc_info=True)

    async def rest(self) -> None:
        """Forget who left a while ago; where nobody is left, read no events until somebody comes."""
        async with self._tail_turn:
            self.hub.forget_old()
            if self.hub.is_idle:
                await self._tail.stop()

    async def end_dead_sessions(self) -> None:
        """Ask once which sessions still live."""
        feeds = self.hub.feeds
        if not feeds:
            return
        async with self._database.as_engine() as session:
            alive = await list_live_sessions(
                session,
                list({feed.holder.session_id for feed in feeds}),
                at=self._clock.now(),
                idle=self._session_idle,
            )
        for feed in feeds:
            if feed.holder.session_id not in alive:
                feed.close(CloseCode.SESSION_ENDED, "the session has ended")

    async def _tell_watched(self) -> None:
        """Tell the owners of accounts whose profits are looked at: nobody else's are computed."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_SECONDS):
                    await self._watch_now.wait()
            self._watch_now.clear()
            users = [str(user) for user in self.hub.users]
            if users:
                with suppress(nats.errors.Error):
                    await self._bus.client.publish(WATCH_SUBJECT, orjson.dumps({"users": users}))
            await asyncio.sleep(0.2)
