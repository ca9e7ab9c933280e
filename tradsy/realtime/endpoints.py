"""`POST /realtime/tickets`, `GET /realtime/events` (SSE), and the websocket `/ws`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from tradsy.domain.errors import Forbidden, Unauthenticated, Unavailable
from tradsy.identity.deps import IdentityDep, PersonDep
from tradsy.identity.errors import InteractiveOnly
from tradsy.identity.model import Caller
from tradsy.platform.deps import ClockDep, SettingsDep
from tradsy.platform.web import StrictModel, problem_responses
from tradsy.realtime.errors import TooManyStreams
from tradsy.realtime.feed import Feed
from tradsy.realtime.gateway import RealtimeGateway
from tradsy.realtime.sockets import serve_websocket
from tradsy.realtime.tickets import Holder


async def get_gateway(connection: HTTPConnection) -> RealtimeGateway:
    """Return the process's gateway."""
    return cast("RealtimeGateway", connection.app.state.realtime)


GatewayDep = Annotated[RealtimeGateway, Depends(get_gateway)]

router = APIRouter(
    prefix="/realtime", tags=["realtime"], responses=problem_responses(Unauthenticated, Forbidden, InteractiveOnly)
)
socket_router = APIRouter()
"""The websocket, which stands outside the API's prefix."""

_GRACE_SECONDS = 1.0


class TicketRead(StrictModel):
    """A ticket for one websocket handshake."""

    ticket: str = Field(description="Give it as `?ticket=` of `/ws`; good once.")
    expires_at: datetime = Field(description="UTC; thirty seconds from now.")


def _holder(caller: Caller) -> Holder:
    """Return who streams: somebody signed in, so that the stream ends with the session."""
    if caller.session_id is None:
        raise InteractiveOnly
    return Holder(caller.user_id, caller.session_id)


@router.post("/tickets", status_code=201, responses=problem_responses(Unavailable))
async def create_ticket(
    caller: PersonDep, gateway: GatewayDep, identity: IdentityDep, response: Response
) -> TicketRead:
    """Return a one-time ticket, bound to the caller's session."""
    identity.limiter.check("tickets", str(caller.user_id))
    ticket, expires_at = await gateway.tickets.issue(_holder(caller))
    response.headers["cache-control"] = "no-store"
    return TicketRead(ticket=ticket, expires_at=expires_at)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        **problem_responses(TooManyStreams, Unavailable),
    },
)
async def stream_events(
    caller: PersonDep,
    gateway: GatewayDep,
    last_event_id: Annotated[str | None, Header(description="Cursor to go on after.")] = None,
) -> StreamingResponse:
    """Stream the frames of the websocket as server-sent events; `id` is the cursor."""
    cursor = int(last_event_id) if last_event_id and last_event_id.isdigit() and len(last_event_id) < 19 else None
    stack = AsyncExitStack()
    # Opened here, so that a refusal is an answer; closed by the stream's end, however that comes.
    feed = await stack.enter_async_context(gateway.open_feed(_holder(caller), after=cursor))
    return _FeedResponse(feed, stack)


class _FeedResponse(StreamingResponse):
    """A stream that lets its feed go also when the client was gone before the first byte."""

    def __init__(self, feed: Feed, stack: AsyncExitStack) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(_sse(feed), media_type="text/event-stream", headers=headers)
        self._feed = feed
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            streaming = asyncio.create_task(super().__call__(scope, receive, send), name="realtime sse")
            ended = asyncio.create_task(self._feed.ended.wait(), name="realtime end")
            try:
                await asyncio.wait({streaming, ended}, return_when=asyncio.FIRST_COMPLETED)
                # A client that does not read what is left is dropped.
                await asyncio.wait({streaming}, timeout=_GRACE_SECONDS)
            finally:
                streaming.cancel()
                ended.cancel()
                await asyncio.gather(streaming, ended, return_exceptions=True)


async def _sse(feed: Feed) -> AsyncGenerator[bytes]:
    async for frame in feed.frames():
        yield b"id: %d\ndata: %b\n\n" % (feed.cursor, frame)


@socket_router.websocket("/ws")
async def open_websocket(socket: WebSocket, gateway: GatewayDep, settings: SettingsDep, clock: ClockDep) -> None:
    """Serve one websocket."""
    await serve_websocket(socket, gateway, settings, clock)
