"""Quotes from the process that has a venue's stream to those that have none, as plain NATS messages.

Several owners may publish the same symbols: the readers keep the newest. What is lost is replaced by the next quote.
"""

# pyright: reportUnknownMemberType=false
# nats-py leaves its callbacks untyped.

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tradsy.domain.market import Quote
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.bus import Bus

log = structlog.get_logger(__name__)

SUBJECT = "tradsy.quotes"
INTERVAL = 0.1


class QuoteRelay:
    """Publishes what comes into this process's cache, and puts there what other processes publish."""

    def __init__(self, bus: Bus, quotes: QuoteCache) -> None:
        self._bus = bus
        self._quotes = quotes
        self._me = uuid4().hex
        self._changed: dict[str, Quote] = {}
        self._receiving = False
        self._subscription: Subscription | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, publish: bool) -> None:
        """Take quotes from others; with `publish`, also give them this process's own."""
        self._subscription = await self._bus.client.subscribe(SUBJECT, cb=self._receive)
        if publish:
            self._unsubscribe = self._quotes.subscribe(self._note)
            self._task = asyncio.create_task(self._run(), name="quote relay")

    async def stop(self) -> None:
        """Stop giving and taking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._subscription is not None:
            with suppress(nats.errors.Error):
                await self._subscription.unsubscribe()

    def _note(self, quote: Quote) -> None:
        if not self._receiving:
            self._changed[quote.symbol] = quote

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.publish_once()
            except nats.errors.Error as error:
                log.warning("quotes not relayed", error=type(error).__name__)

    async def publish_once(self) -> None:
        """Publish what has changed."""
        changed, self._changed = self._changed, {}
        if changed:
            body = {"from": self._me, "quotes": [_write(quote) for quote in changed.values()]}
            await self._bus.client.publish(SUBJECT, orjson.dumps(body))

    async def _receive(self, message: Msg) -> None:
        body = orjson.loads(message.data)
        if body["from"] == self._me:
            return
        self._receiving = True
        try:
            for fields in body["quotes"]:
                quote = _read(fields)
                held = self._quotes.get(quote.symbol)
                if held is None or quote.at > held.at:
                    self._quotes.put(quote)
        finally:
            self._receiving = False


def _write(quote: Quote) -> dict[str, Any]:
    return {
        "symbol": quote.symbol,
        "bid": str(quote.bid),
        "ask": str(quote.ask),
        "last": str(quote.last),
        "at": quote.at,
        "halted": quote.halted,
        "adv": None if quote.adv is None else str(quote.adv),
        "session_open": quote.session_open,
    }


def _read(fields: dict[str, Any]) -> Quote:
    return Quote(
        symbol=fields["symbol"],
        bid=Decimal(fields["bid"]),
        ask=Decimal(fields["ask"]),
        last=Decimal(fields["last"]),
        at=datetime.fromisoformat(fields["at"]),
        halted=fields["halted"],
        adv=None if fields["adv"] is None else Decimal(fields["adv"]),
        session_open=fields["session_open"],
    )
