"""Profit and loss of users who are looking, pushed at most twice a second while prices move.

Gateways say on `tradsy.watch` whose figures are shown; the owner of those users' accounts answers on
`tradsy.live.<user_id>`. Both are plain NATS messages: what is lost is replaced half a second later.
"""

# pyright: reportUnknownMemberType=false
# nats-py leaves its callbacks untyped.

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tradsy.domain.ids import AccountId, UserId
from tradsy.domain.market import Quote
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.bus import Bus
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError
from tradsy.platform.outbox import Event
from tradsy.portfolio import service
from tradsy.portfolio.model import BalanceRecord, PositionRecord
from tradsy.portfolio.valuation import live_figures, value_account

log = structlog.get_logger(__name__)

LIVE_SUBJECT = "tradsy.live"
WATCH_SUBJECT = "tradsy.watch"
INTERVAL = 0.5
WATCH_LIFE = 15.0
"""Seconds after which nobody is taken to look any more; gateways repeat themselves every five."""
_BALANCES_EVERY = 5.0


@dataclass(slots=True)
class _Watched:
    """One user whose figures are shown somewhere."""

    until: float
    stale: bool = True
    loaded_at: float = 0.0
    positions: dict[AccountId, list[PositionRecord]] = field(default_factory=dict[AccountId, "list[PositionRecord]"])
    balances: dict[AccountId, BalanceRecord] = field(default_factory=dict[AccountId, BalanceRecord])

    @property
    def symbols(self) -> set[str]:
        return {record.symbol for records in self.positions.values() for record in records}


class PnlPublisher:
    """Runs beside the owner of accounts; `owns` tells which users are this process's."""

    def __init__(
        self, database: Database, bus: Bus, clock: Clock, quotes: QuoteCache, *, owns: Callable[[UserId], bool]
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._quotes = quotes
        self._owns = owns
        self._watched: dict[UserId, _Watched] = {}
        self._holders: dict[str, set[UserId]] = {}
        self._dirty: set[UserId] = set()
        self._subscription: Subscription | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to answer; also pass `hear` to `OutboxPublisher.listen`."""
        self._subscription = await self._bus.client.subscribe(WATCH_SUBJECT, cb=self._receive)
        self._unsubscribe = self._quotes.subscribe(self._on_quote)
        self._task = asyncio.create_task(self._run(), name="live profit and loss")

    async def stop(self) -> None:
        """Stop answering."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._subscription is not None:
            with suppress(nats.errors.Error):
                await self._subscription.unsubscribe()

    def hear(self, event: Event) -> None:
        """Take note of a committed change of positions."""
        if event.name == "positions.updated" and event.user_id is not None:
            watched = self._watched.get(event.user_id)
            if watched is not None:
                watched.stale = True

    def watch(self, users: Sequence[UserId]) -> None:
        """Compute the figures of those of `users` whose accounts are this process's."""
        until = self._clock.monotonic() + WATCH_LIFE
        for user in users:
            if user in self._watched:
                self._watched[user].until = until
            elif self._owns(user):
                self._watched[user] = _Watched(until)

    async def _receive(self, message: Msg) -> None:
        self.watch([UserId(UUID(user)) for user in orjson.loads(message.data)["users"]])

    def _on_quote(self, quote: Quote) -> None:
        self._dirty.update(self._holders.get(quote.symbol, ()))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.publish_once()
            except (DatabaseError, OSError, TimeoutError, nats.errors.Error):
                log.warning("live figures not published", exc_info=True)

    async def publish_once(self) -> None:
        """Publish the figures of each watched user whose prices or positions have changed."""
        await self._refresh()
        dirty, self._dirty = self._dirty, set()
        for user in dirty:
            watched = self._watched.get(user)
            if watched is None:
                continue
            accounts = watched.positions.keys() | watched.balances.keys()
            figures = [
                live_figures(value_account(a, watched.positions.get(a, []), watched.balances.get(a), self._quotes.get))
                for a in sorted(accounts)
            ]
            await self._bus.client.publish(f"{LIVE_SUBJECT}.{user}", orjson.dumps({"accounts": figures}))

    async def _refresh(self) -> None:
        """Forget who is not watched or owned any more; load who changed, and balances every few seconds."""
        now = self._clock.monotonic()
        for user in [u for u, w in self._watched.items() if w.until < now or not self._owns(u)]:
            del self._watched[user]
        for user, watched in self._watched.items():
            if watched.stale or now - watched.loaded_at >= _BALANCES_EVERY:
                await self._load(user, watched)
                watched.loaded_at = now
                self._dirty.add(user)
        self._holders = {}
        for user, watched in self._watched.items():
            for symbol in watched.symbols:
                self._holders.setdefault(symbol, set()).add(user)

    async def _load(self, user: UserId, watched: _Watched) -> None:
        watched.stale = False
        try:
            async with self._database.as_user(user) as session:
                watched.positions = await service.load_positions(session)
                watched.balances = dict(await service.load_balances(session))
        except BaseException:
            watched.stale = True
            raise
