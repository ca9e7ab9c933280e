"""Bars of a venue, asked of the process that owns an account there: only it has the broker's session.

The question goes to every worker as a plain NATS request, as for previews; the owner answers, the others stay silent.
Equal questions within a second share one read, and charts use a tenth of the venue's budget: orders never wait for one.
"""

# pyright: reportUnknownMemberType=false
# nats-py leaves its callbacks untyped.

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from tradsy.brokers.errors import (
    BrokerAuthExpired,
    BrokerError,
    BrokerProtocolChanged,
    BrokerReadFailed,
    InvalidSymbol,
    RateLimited,
    UnsupportedByBroker,
)
from tradsy.domain.ids import AccountId, ConnectionId, UserId
from tradsy.domain.market import Bar, BarStep
from tradsy.domain.money import format_decimal
from tradsy.execution.questions import put_question
from tradsy.execution.state import AccountState, ConnectionState
from tradsy.platform.bus import Bus
from tradsy.platform.clock import Clock

log = structlog.get_logger(__name__)

SUBJECT = "tradsy.bars"
MAX_BARS = 1_000
"""Bars in one answer."""
VENUE_PATIENCE = 2.5
"""Seconds that the owner waits for the venue: its failure is told as such, not as the owner's silence."""
KEEP = 1.0
"""Seconds for which an answer is good for everybody who asks the same."""
_MAX_KEPT = 256
_MAX_AT_ONCE = 64
"""Questions under way in one process; more are dropped, and their askers told to try again."""
_MAX_COUNTED = 1_024
"""Connections whose requests are remembered before those are forgotten that ask no more."""
_SHARE = 10
"""Charts take at most this part of a connection's requests a minute."""
_FAULTS: dict[str, type[BrokerError]] = {
    fault.code: fault
    for fault in (BrokerAuthExpired, BrokerProtocolChanged, BrokerReadFailed, InvalidSymbol, UnsupportedByBroker)
}

Key = tuple[str, str, BarStep, datetime, datetime]


@dataclass(frozen=True, slots=True)
class Question:
    """Bars that somebody wants to see."""

    user_id: UserId
    account_id: AccountId
    symbol: str
    step: BarStep
    start: datetime
    end: datetime

    def encode(self) -> bytes:
        """Return the request's body."""
        return orjson.dumps(
            {
                "user_id": str(self.user_id),
                "account_id": str(self.account_id),
                "symbol": self.symbol,
                "step": self.step.value,
                "start": self.start.isoformat(),
                "end": self.end.isoformat(),
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> Question:
        """Read what `encode` wrote."""
        fields = orjson.loads(body)
        return cls(
            UserId(UUID(fields["user_id"])),
            AccountId(UUID(fields["account_id"])),
            fields["symbol"],
            BarStep(fields["step"]),
            datetime.fromisoformat(fields["start"]),
            datetime.fromisoformat(fields["end"]),
        )


async def ask(bus: Bus, question: Question) -> list[dict[str, Any]]:
    """Return the bars in the fields of `BarRead`, oldest first.

    Raises:
        OwnerSilent: nobody answered in time.
        BusUnavailable: the question could not be asked.
        BrokerReadFailed, BrokerAuthExpired, InvalidSymbol, UnsupportedByBroker: what the venue's read ended in.
    """
    body = await put_question(bus, SUBJECT, question.encode())
    if "fault" in body:
        raise _fault(body)
    return body["items"]


class BarsDesk:
    """The owner's side: answers for the accounts of this process."""

    def __init__(self, bus: Bus, clock: Clock, *, find: Callable[[AccountId], AccountState | None]) -> None:
        self._bus = bus
        self._clock = clock
        self._find = find
        self._subscription: Subscription | None = None
        self._reads: OrderedDict[Key, tuple[float, asyncio.Task[list[dict[str, Any]]]]] = OrderedDict()
        self._calls: dict[ConnectionId, deque[float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to answer."""
        self._subscription = await self._bus.client.subscribe(SUBJECT, cb=self._receive)

    async def stop(self) -> None:
        """Answer no more."""
        if self._subscription is not None:
            with suppress(nats.errors.Error):
                await self._subscription.unsubscribe()
        under_way: list[asyncio.Task[Any]] = [*self._tasks, *(read for _, read in self._reads.values())]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _receive(self, message: Msg) -> None:
        """Answer beside the other questions: a venue that is slow holds up its own readers alone."""
        if len(self._tasks) >= _MAX_AT_ONCE:
            return
        task = asyncio.create_task(self._respond(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _respond(self, message: Msg) -> None:
        try:
            answer = await self.answer(Question.decode(message.data))
            if answer is not None:
                await message.respond(orjson.dumps(answer))
        except (OSError, TimeoutError, nats.errors.Error) as error:
            log.warning("bars were not answered", error=type(error).__name__)

    async def answer(self, question: Question) -> dict[str, Any] | None:
        """Return the bars or what stood in their way, None where the account is not open in this process."""
        account = self._find(question.account_id)
        if account is None or account.user_id != question.user_id or not account.is_open:
            return None
        try:
            return {"items": await self._read(account, question)}
        except RateLimited as error:
            return {"fault": error.code, "venue": account.venue, "retry_after": error.retry_after}
        except BrokerError as error:
            return {"fault": error.code, "venue": account.venue}

    async def _read(self, account: AccountState, question: Question) -> list[dict[str, Any]]:
        """Return the bars; who asks what somebody asked a moment ago gets the same answer."""
        key = (account.venue, question.symbol, question.step, question.start, question.end)
        now = self._clock.monotonic()
        while self._reads and (len(self._reads) >= _MAX_KEPT or next(iter(self._reads.values()))[0] <= now):
            self._reads.popitem(last=False)
        if key in self._reads:
            # What another's login cannot read, this one's may.
            with suppress(BrokerError):
                return await asyncio.shield(self._reads[key][1])
        read = asyncio.create_task(self._fetch(account, question))
        self._reads[key] = (now + KEEP, read)
        try:
            # Somebody who leaves does not take the answer from the others.
            return await asyncio.shield(read)
        except BrokerError:
            if key in self._reads and self._reads[key][1] is read:
                del self._reads[key]
            raise

    async def _fetch(self, account: AccountState, question: Question) -> list[dict[str, Any]]:
        broker = account.broker
        if question.step not in broker.capabilities.bar_steps:
            raise UnsupportedByBroker(venue=account.venue)
        self._count(account.connection, broker.capabilities.requests_per_minute)
        try:
            async with asyncio.timeout(VENUE_PATIENCE):
                bars = await broker.list_bars(question.symbol, question.start, question.end, question.step)
        except TimeoutError as error:
            raise BrokerReadFailed(venue=account.venue) from error
        return [_to_json(bar) for bar in bars[:MAX_BARS]]

    def _count(self, connection: ConnectionState, budget: int) -> None:
        """Take one request from the charts' part of the venue's budget.

        Raises:
            RateLimited: it is used up.
        """
        now = self._clock.monotonic()
        if len(self._calls) >= _MAX_COUNTED:
            self._calls = {id_: calls for id_, calls in self._calls.items() if calls and calls[-1] > now - 60}
        calls = self._calls.setdefault(connection.connection_id, deque())
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= max(budget // _SHARE, 1):
            raise RateLimited(retry_after=60 - (now - calls[0]), venue=connection.venue)
        calls.append(now)


def _to_json(bar: Bar) -> dict[str, Any]:
    figures = {name: format_decimal(getattr(bar, name)) for name in ("open", "high", "low", "close", "volume")}
    return {"at": bar.at.isoformat(), **figures}


def _fault(body: dict[str, Any]) -> BrokerError:
    """Return the error that the owner met; the venue's own words stay with it."""
    if body["fault"] == RateLimited.code:
        error: BrokerError = RateLimited(retry_after=body["retry_after"], venue=body["venue"])
        error.context["retry_after"] = body["retry_after"]
        return error
    return _FAULTS.get(body["fault"], BrokerReadFailed)(venue=body["venue"])
