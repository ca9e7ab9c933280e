"""Sockets of order events by login and of quotes for all, with bounded queues: who cannot keep up is cut off."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

QUEUE_SIZE = 4096
REPLAY_SIZE = 2000
HEARTBEAT_S = 5.0


class Subscriber:
    """One open socket and what is waiting to be sent on it; None asks to close."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_SIZE)
        self.stalled_until = 0.0
        """Loop time until which nothing is sent, while the socket stays open."""

    def put(self, message: bytes | None) -> None:
        if self.queue.full():
            self.queue = asyncio.Queue()
            message = None
        self.queue.put_nowait(message)


@dataclass(slots=True)
class Channel:
    """One login's stream: its sequence, its recent messages and its sockets."""

    sequence: int = 0
    recent: deque[tuple[int, bytes]] = field(default_factory=lambda: deque[tuple[int, bytes]](maxlen=REPLAY_SIZE))
    subscribers: set[Subscriber] = field(default_factory=set[Subscriber])

    def skip(self) -> None:
        """Use a sequence number up without sending anything."""
        self.sequence += 1

    def publish(self, message: dict[str, Any]) -> None:
        """Number a message and send it to all sockets of the login."""
        self.sequence += 1
        data = orjson.dumps({"seq": self.sequence} | message)
        self.recent.append((self.sequence, data))
        for subscriber in self.subscribers:
            subscriber.put(data)

    def replay(self, count: int) -> None:
        """Send the last messages again."""
        for _, data in list(self.recent)[-count:]:
            for subscriber in self.subscribers:
                subscriber.put(data)

    def since(self, sequence: int) -> Iterable[bytes] | None:
        """Return the messages after `sequence`, None when they are no longer all here."""
        if sequence > self.sequence or (self.recent and sequence < self.recent[0][0] - 1):
            return None
        if not self.recent and sequence < self.sequence:
            return None
        return [data for number, data in self.recent if number > sequence]

    def disconnect(self) -> None:
        for subscriber in self.subscribers:
            subscriber.put(None)

    def stall(self, until: float) -> None:
        for subscriber in self.subscribers:
            subscriber.stalled_until = until


async def serve_socket(
    request: web.BaseRequest, subscribers: set[Subscriber], greeting: Iterable[bytes]
) -> web.WebSocketResponse:
    """Serve one socket until either side closes it."""
    socket = web.WebSocketResponse(max_msg_size=65536, compress=False)
    await socket.prepare(request)
    subscriber = Subscriber()
    for message in greeting:
        subscriber.put(message)
    subscribers.add(subscriber)
    sender = asyncio.create_task(_send(socket, subscriber))
    try:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
    finally:
        subscribers.discard(subscriber)
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
    return socket


async def _send(socket: web.WebSocketResponse, subscriber: Subscriber) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                message = await subscriber.queue.get()
        except TimeoutError:
            message = b'{"type":"heartbeat"}'
        while (wait := subscriber.stalled_until - loop.time()) > 0:
            await asyncio.sleep(wait)
        if message is None:
            await socket.close(code=1012)
            return
        try:
            await socket.send_frame(message, WSMsgType.TEXT)
        except ConnectionError:
            return
