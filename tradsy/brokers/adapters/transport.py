"""Sending an order write exactly once over aiohttp, and knowing whether its first byte left.

aiohttp buffers the request's head and hands it to the socket together with the first chunk of the body
(`http_writer.StreamWriter`, 3.12 and later). So a body that has not begun to be written proves that nothing was
sent, whatever went wrong before: name resolution, refused connection, TLS, the wait for a pooled connection. The
body also refuses to be written a second time, because aiohttp by itself sends idempotent methods (DELETE, PUT)
again when a kept-alive connection turns out dead (`client.IDEMPOTENT_METHODS`).
"""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

from tradsy.brokers.errors import BrokerNotSent, BrokerOutcomeUnknown
from tradsy.brokers.port import SendPermit
from tradsy.platform.failpoints import failpoint

TIMEOUT = aiohttp.ClientTimeout(total=15, connect=3, sock_connect=3, sock_read=10)
"""RELIABILITY 2.3: `connect` includes the wait for a pooled connection; 10 s is an exchange engine's own limit."""


class WriteRefused(Exception):
    """The body may not be written: no permit, or it was written before.

    Not an `OSError`: aiohttp would take that for a dead connection and send an idempotent method again.
    """


class GatedBody(BytesPayload):
    """A body that asks for the permit right before the first byte, once."""

    def __init__(self, value: bytes, permit: SendPermit) -> None:
        super().__init__(value, content_type="application/json")
        self._permit = permit
        self.started = False
        """Whether any byte may have left."""
        self.denied = False

    def before_write(self) -> None:
        """Called before the permit is asked."""

    def after_first_bytes(self) -> None:
        """Called when the head and a part of the body are with the system."""

    def after_write(self) -> None:
        """Called when all is with the system."""

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write head and body, in two parts so that a crash can lie between them.

        Raises:
            WriteRefused: it was already written, or the permit said no.
        """
        if self.started or self.denied:
            raise WriteRefused("an order write is sent once")
        self.before_write()
        if not self._permit():
            self.denied = True
            raise WriteRefused("the permit to send was refused")
        self.started = True
        half = len(self._value) // 2
        await writer.write(self._value[:half])
        self.after_first_bytes()
        await writer.write(self._value[half:])
        self.after_write()


class OrderBody(GatedBody):
    """The body of an order write."""

    def before_write(self) -> None:
        """Fail point."""
        failpoint("before_socket_write")

    def after_first_bytes(self) -> None:
        """Fail point."""
        failpoint("after_first_byte")

    def after_write(self) -> None:
        """Fail point."""
        failpoint("after_full_write")


class CancelBody(GatedBody):
    """The body of a cancel."""

    def before_write(self) -> None:
        """Fail point."""
        failpoint("before_cancel_send")

    def after_write(self) -> None:
        """Fail point."""
        failpoint("after_cancel_send")


@dataclass(frozen=True, slots=True)
class RawReply:
    """A whole answer: it came, and says nothing yet."""

    status: int
    body: bytes
    retry_after: str | None


async def send_once(
    http: aiohttp.ClientSession, method: str, url: str, body: GatedBody, headers: dict[str, str], *, venue: str
) -> RawReply:
    """Send one write; a cancelled task is an unknown outcome too, and stays a cancelled task.

    Raises:
        BrokerNotSent: no byte left.
        BrokerOutcomeUnknown: bytes may have left and no whole answer came.
    """
    try:
        async with http.request(
            method, url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
        ) as response:
            failpoint("after_response_headers")
            raw = await response.read()
            failpoint("after_body_before_parse")
            return RawReply(response.status, raw, response.headers.get("Retry-After"))
    except (aiohttp.ClientError, TimeoutError, OSError, RuntimeError) as error:
        if body.started:
            raise BrokerOutcomeUnknown(type(error).__name__, venue=venue) from error
        why = "the time left was too short to send" if body.denied else type(error).__name__
        raise BrokerNotSent(why, venue=venue) from error
