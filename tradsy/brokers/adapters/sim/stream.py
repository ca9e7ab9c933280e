"""Sockets of `sim`: order events of the login, quotes of the market. Both reconnect by themselves.

Liveness is the age of the last message: the venue sends a heart-beat when nothing happens, so silence is a fault.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from tradsy.brokers.adapters.sim.auth import SimConfig
from tradsy.brokers.adapters.sim.constants import FIRST_BACKOFF_S, LAST_BACKOFF_S, MAX_MESSAGE, STREAM_SILENCE_S, VENUE
from tradsy.brokers.adapters.sim.parse import parse_event, parse_quote, parse_time
from tradsy.brokers.errors import BrokerAuthExpired, BrokerProtocolChanged
from tradsy.brokers.port import OrderReport, ReportKind
from tradsy.domain.errors import InvalidNumber
from tradsy.domain.ids import VenueAccountId
from tradsy.domain.market import Quote

_MALFORMED = (LookupError, ValueError, TypeError, ArithmeticError, InvalidNumber)


@dataclass(slots=True)
class _Position:
    """Where in the venue's sequence we are."""

    epoch: str = ""
    sequence: int | None = None
    accounts: list[str] = field(default_factory=list[str])


class SimStream:
    """The sockets of one login."""

    def __init__(self, config: SimConfig, http: aiohttp.ClientSession) -> None:
        self._url = config.ws_url
        self._headers = config.headers
        self._http = http
        self._closed = False
        self._sockets: set[aiohttp.ClientWebSocketResponse] = set()

    async def close(self) -> None:
        """End all iterators."""
        self._closed = True
        for socket in list(self._sockets):
            await socket.close()

    async def reports(self) -> AsyncIterator[OrderReport]:
        """Yield order events; a GAP per account after each connect (reason `connected` or `reconnected`).

        Raises:
            BrokerAuthExpired: the venue refuses the credential.
            BrokerProtocolChanged: an event that nobody modelled.
        """
        at = _Position()
        async for message in self._messages("/v1/stream", at):
            try:
                for report in _apply(message, at):
                    yield report
            except _MALFORMED as error:
                raise BrokerProtocolChanged(f"stream: {type(error).__name__}", venue=VENUE) from error

    async def quotes(self) -> AsyncIterator[Quote]:
        """Yield quotes of all symbols as they come, each at least twice a second.

        Raises:
            BrokerAuthExpired: the venue refuses the credential.
        """
        async for message in self._messages("/v1/market", _Position()):
            for quote in message.get("quotes", ()):
                yield parse_quote(quote)

    async def _messages(self, path: str, at: _Position) -> AsyncIterator[dict[str, Any]]:
        wait = FIRST_BACKOFF_S
        while not self._closed:
            try:
                async with self._http.ws_connect(
                    self._url + path, params=_since(at), headers=self._headers, max_msg_size=MAX_MESSAGE
                ) as socket:
                    self._sockets.add(socket)
                    try:
                        async for message in _read(socket):
                            wait = FIRST_BACKOFF_S
                            yield message
                    finally:
                        self._sockets.discard(socket)
            except aiohttp.WSServerHandshakeError as error:
                if error.status == 401:
                    raise BrokerAuthExpired("the stream refuses the credential", venue=VENUE) from error
            except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError):
                pass
            if not self._closed:
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnects
                wait = min(wait * 2, LAST_BACKOFF_S)


async def _read(socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[dict[str, Any]]:
    """Yield messages until the socket ends or is silent for too long."""
    while True:
        message = await socket.receive(timeout=STREAM_SILENCE_S)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return
        yield orjson.loads(message.data)


def _since(at: _Position) -> dict[str, str]:
    return {} if at.sequence is None else {"since_seq": str(at.sequence)}


def _apply(message: dict[str, Any], at: _Position) -> list[OrderReport]:
    """Return what a message means, keeping count of the sequence."""
    if message["type"] == "hello":
        return _greet(message, at)
    if message["type"] != "order":
        return []
    number, reports = int(message["seq"]), list[OrderReport]()
    if at.sequence is not None and number <= at.sequence:
        return []
    if at.sequence is not None and number > at.sequence + 1:
        reports += _gaps(at, message["at"], "sequence")
    at.sequence = number
    report = parse_event(message)  # pyright: ignore[reportArgumentType] - checked by use: a wrong shape raises
    return [*reports, report] if report else reports


def _greet(hello: dict[str, Any], at: _Position) -> list[OrderReport]:
    first = at.sequence is None
    at.accounts = [str(a) for a in hello["accounts"]]
    if at.epoch != hello["epoch"] or hello["gap"] or first:
        # A new run of the venue numbers anew; what follows the greeting continues from its number.
        at.sequence = int(hello["seq"])
    at.epoch = hello["epoch"]
    return _gaps(at, hello["venue_time"], "connected" if first else "reconnected")


def _gaps(at: _Position, when: str, reason: str) -> list[OrderReport]:
    moment = parse_time(when)
    return [OrderReport(ReportKind.GAP, VenueAccountId(a), moment, reason=reason) for a in at.accounts]
