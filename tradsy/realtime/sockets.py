"""The websocket: handshake with a ticket, frames out, few and small messages in."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import structlog
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from tradsy.domain.errors import TradsyError
from tradsy.platform.clock import Clock
from tradsy.platform.db import DatabaseError
from tradsy.platform.settings import Settings
from tradsy.realtime.errors import TicketRefused, TooManyStreams
from tradsy.realtime.feed import Feed
from tradsy.realtime.gateway import RealtimeGateway
from tradsy.realtime.messages import CloseCode, Ping, Renew, Watch, client_messages

log = structlog.get_logger(__name__)

MAX_MESSAGE = 64 * 1024
"""Bytes of one incoming message."""
MESSAGES_PER_MINUTE = 100
_CLOSE_SECONDS = 1.0
"""A client that does not even take the close frame is dropped."""


def is_allowed_origin(origin: str | None, settings: Settings) -> bool:
    """Whether a handshake may come from here: our own pages, or a program, which sends no Origin."""
    if origin is None:
        return True
    own = urlsplit(settings.url)
    return origin == f"{own.scheme}://{own.netloc}"


async def serve_websocket(socket: WebSocket, gateway: RealtimeGateway, settings: Settings, clock: Clock) -> None:
    """Answer one handshake and serve the stream to its end."""
    if not is_allowed_origin(socket.headers.get("origin"), settings):
        await socket.close(CloseCode.VIOLATION)
        return
    try:
        holder = await gateway.tickets.take(socket.query_params.get("ticket", ""))
    except TradsyError:
        # Before the handshake is taken this answers 403: nobody learns what was wrong with a ticket.
        await socket.close(CloseCode.VIOLATION)
        return
    await socket.accept()
    try:
        async with gateway.open_feed(holder, after=_cursor(socket.query_params.get("cursor"))) as feed:
            await _Conversation(socket, feed, gateway, clock).run()
    except TooManyStreams:
        await socket.close(CloseCode.TOO_MANY, "too many streams")
    except TradsyError:
        await socket.close(CloseCode.TRY_AGAIN, "try again")


def _cursor(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


class _Conversation:
    """One open websocket."""

    def __init__(self, socket: WebSocket, feed: Feed, gateway: RealtimeGateway, clock: Clock) -> None:
        self._socket = socket
        self._feed = feed
        self._gateway = gateway
        self._clock = clock
        self._came: deque[float] = deque()

    async def run(self) -> None:
        """Send and receive until either side ends it."""
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._send(), name="realtime send"),
            asyncio.create_task(self._receive(), name="realtime receive"),
            asyncio.create_task(self._feed.ended.wait(), name="realtime end"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                self._feed.close(CloseCode.TRY_AGAIN, f"try again; cursor={self._feed.cursor}")
                if not isinstance(result, DatabaseError | OSError | TradsyError | RuntimeError):
                    log.error("stream failed", exc_info=result)
        await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        closed = self._feed.closed
        if closed is None:
            return
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect, OSError):
            await asyncio.wait_for(self._socket.close(closed.code, closed.reason), _CLOSE_SECONDS)

    async def _send(self) -> None:
        async for frame in self._feed.frames():
            await self._socket.send_text(frame.decode())

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None or not self._admit():
                self._feed.close(CloseCode.VIOLATION, "not a message, or too many of them")
                return
            if len(text) > MAX_MESSAGE:
                self._feed.close(CloseCode.TOO_BIG, "the message is too big")
                return
            try:
                await self._obey(text)
            except (ValidationError, TicketRefused):
                self._feed.close(CloseCode.VIOLATION, "the message is not understood")
                return

    def _admit(self) -> bool:
        now = self._clock.monotonic()
        while self._came and self._came[0] <= now - 60:
            self._came.popleft()
        self._came.append(now)
        return len(self._came) <= MESSAGES_PER_MINUTE

    async def _obey(self, text: str) -> None:
        message = client_messages.validate_json(text)
        match message:
            case Watch():
                self._gateway.watch(self._feed, frozenset(message.symbols))
            case Ping():
                self._feed.beat()
            case Renew():
                holder = await self._gateway.tickets.take(message.ticket)
                if holder.user_id != self._feed.holder.user_id:
                    raise TicketRefused
                self._feed.holder = holder
                self._feed.beat()
