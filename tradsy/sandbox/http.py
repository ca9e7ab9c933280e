"""A small HTTP server on aiohttp's protocol that knows when the first byte of each request came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class StampingProtocol(web.RequestHandler):
    """aiohttp's protocol, with the monotonic time of the first byte of the request that is coming in."""

    __slots__ = ("_busy", "first_byte_ns")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first_byte_ns: int | None = None
        self._busy = False

    def data_received(self, data: bytes) -> None:
        if self.first_byte_ns is None and not self._busy:
            self.first_byte_ns = time.monotonic_ns()
        super().data_received(data)

    def take_first_byte(self) -> int:
        """Return the time of the present request's first byte; what comes until `release` is the rest of it."""
        taken, self.first_byte_ns, self._busy = self.first_byte_ns, None, True
        return time.monotonic_ns() if taken is None else taken

    def release(self) -> None:
        """The request is answered: the next byte is another one's first."""
        self._busy = False


class StampingServer(web.Server):
    def __call__(self) -> web.RequestHandler:
        return StampingProtocol(self, loop=asyncio.get_running_loop(), access_log=None, keepalive_timeout=75.0)


@dataclass(slots=True)
class Listener:
    """A bound server on 127.0.0.1."""

    handler: Handler
    port: int = 0
    _server: asyncio.Server | None = None
    _web: StampingServer | None = field(default=None)

    async def start(self) -> None:
        self._web = StampingServer(self.handler)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._web, "127.0.0.1", self.port, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server and self._web:
            self._server.close()
            self._web.pre_shutdown()
            await self._web.shutdown(1.0)


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=headers)
