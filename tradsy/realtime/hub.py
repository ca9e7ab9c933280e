"""Fan-out in memory: who is connected here, and what each of them may resume from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from tradsy.domain.ids import UserId
from tradsy.domain.market import Quote
from tradsy.platform.clock import Clock
from tradsy.realtime.feed import Feed, Lost
from tradsy.realtime.tail import StreamEvent

RING_SIZE = 512
RING_LIFE = 120.0
"""Seconds for which a user's ring outlives the last connection: most reconnects come sooner."""
BROADCAST = "tradsy.events."
_USERS = "tradsy.users."


class _Ring:
    """The last events of one user; complete for everything after `floor`."""

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self.events: deque[StreamEvent] = deque()
        self.left_at: float | None = None

    def add(self, event: StreamEvent) -> None:
        self.events.append(event)
        if len(self.events) > RING_SIZE:
            self.floor = self.events.popleft().sequence

    def after(self, cursor: int) -> list[StreamEvent] | None:
        if cursor < self.floor:
            return None
        return [event for event in self.events if event.sequence > cursor]


class Hub:
    """All feeds of one process. Every method is synchronous: nobody can come between a position and a registration."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._feeds: dict[UserId, set[Feed]] = {}
        self._rings: dict[UserId, _Ring] = {}
        self._watchers: dict[str, set[Feed]] = {}

    @property
    def users(self) -> Iterable[UserId]:
        """Users with a connection here."""
        return self._feeds.keys()

    @property
    def feeds(self) -> list[Feed]:
        """All connections."""
        return [feed for feeds in self._feeds.values() for feed in feeds]

    @property
    def is_idle(self) -> bool:
        """Whether nobody is connected, nor left so recently that a return is expected."""
        return not self._rings

    def count(self, user_id: UserId) -> int:
        """Return how many connections a user has here."""
        return len(self._feeds.get(user_id, ()))

    def attach(self, feed: Feed, position: int) -> None:
        """Deliver to `feed` everything after `position` from now on."""
        user_id = feed.holder.user_id
        self._feeds.setdefault(user_id, set()).add(feed)
        ring = self._rings.setdefault(user_id, _Ring(position))
        ring.left_at = None

    def detach(self, feed: Feed) -> None:
        """Deliver nothing more to `feed`."""
        self.watch(feed, frozenset())
        user_id = feed.holder.user_id
        feeds = self._feeds.get(user_id)
        if feeds is None:
            return
        feeds.discard(feed)
        if not feeds:
            del self._feeds[user_id]
            self._rings[user_id].left_at = self._clock.monotonic()

    def remembered(self, user_id: UserId, cursor: int) -> list[StreamEvent] | None:
        """Return the user's events after `cursor`; None when not all of them are remembered."""
        ring = self._rings.get(user_id)
        return ring.after(cursor) if ring else None

    def forget_old(self) -> None:
        """Drop the rings of users who left a while ago."""
        before = self._clock.monotonic() - RING_LIFE
        for user_id in [u for u, ring in self._rings.items() if ring.left_at is not None and ring.left_at < before]:
            del self._rings[user_id]

    def publish(self, event: StreamEvent) -> None:
        """Deliver an event to its user, or to everybody."""
        if event.subject.startswith(_USERS):
            self._deliver(UserId(UUID(event.subject[len(_USERS) :].partition(".")[0])), event)
        else:
            for user_id in list(self._rings):
                self._deliver(user_id, event)

    def _deliver(self, user_id: UserId, event: StreamEvent) -> None:
        ring = self._rings.get(user_id)
        if ring is None:
            return
        ring.add(event)
        for feed in self._feeds.get(user_id, ()):
            feed.offer(event)

    def tell_gap(self, after: int, position: int) -> None:
        """Tell every connection that events after `after` are lost; nothing before `position` can be resumed."""
        for user_id in list(self._rings):
            if user_id not in self._feeds:
                del self._rings[user_id]
            else:
                self._rings[user_id] = _Ring(position)
        for feed in self.feeds:
            feed.offer(Lost(after, position))

    def watch(self, feed: Feed, symbols: frozenset[str]) -> None:
        """Send `feed` the prices of `symbols`, and of no others."""
        for symbol in feed.symbols - symbols:
            watching = self._watchers.get(symbol)
            if watching is not None:
                watching.discard(feed)
                if not watching:
                    del self._watchers[symbol]
        for symbol in symbols - feed.symbols:
            self._watchers.setdefault(symbol, set()).add(feed)
        feed.symbols = symbols

    def put_quote(self, quote: Quote) -> None:
        """Pass a price on to those who watch it."""
        for feed in self._watchers.get(quote.symbol, ()):
            feed.put_quote(quote)

    def put_accounts(self, user_id: UserId, accounts: Iterable[Mapping[str, Any]]) -> None:
        """Pass profits on to their user."""
        feeds = self._feeds.get(user_id)
        if not feeds:
            return
        for account in accounts:
            for feed in feeds:
                feed.put_account(str(account["account_id"]), account)
