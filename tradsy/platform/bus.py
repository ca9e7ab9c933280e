"""NATS JetStream: durable movement of events between processes."""

# pyright: reportUnknownMemberType=false
# nats-py types its keyword arguments loosely; every value that leaves this module is typed.

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StorageType, StreamConfig

from tradsy.domain.errors import Unavailable

log = structlog.get_logger(__name__)

EVENTS_STREAM = "TRADSY_EVENTS"
EVENT_SUBJECTS = ["tradsy.events.>", "tradsy.users.>"]
EVENTS_KEPT = timedelta(hours=24)
_DUPLICATE_WINDOW = timedelta(minutes=2)
_PUBLISH_TIMEOUT = 5.0


class BusUnavailable(Unavailable):
    """NATS does not answer."""

    code = "bus_unavailable"
    title = "The message bus is not available"


@dataclass(frozen=True, slots=True)
class BusMessage:
    """One delivered message."""

    subject: str
    data: bytes
    sequence: int
    """Position in the stream: the cursor to resume from."""
    ack: Callable[[], Awaitable[None]]


class Bus:
    """One process's connection to NATS."""

    def __init__(self, url: str, *, replicas: int = 1) -> None:
        self._servers = [server.strip() for server in url.split(",")]
        self._replicas = replicas
        self._client: Client | None = None
        self._js: JetStreamContext | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands now."""
        return self._client is not None and self._client.is_connected

    @property
    def client(self) -> Client:
        """The connected client, for the job broker."""
        if self._client is None:
            raise BusUnavailable
        return self._client

    @property
    def js(self) -> JetStreamContext:
        """The JetStream context."""
        if self._js is None:
            raise BusUnavailable
        return self._js

    async def connect(self) -> None:
        """Connect, reconnect for ever, and make the stream.

        Raises:
            BusUnavailable: nobody answers.
        """
        try:
            self._client = await nats.connect(
                self._servers,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.25,
                ping_interval=5,
                max_outstanding_pings=2,
                connect_timeout=3,
                error_cb=_log_error,
            )
        except (OSError, nats.errors.Error, TimeoutError) as error:
            raise BusUnavailable from error
        self._js = self._client.jetstream(timeout=_PUBLISH_TIMEOUT, publish_async_max_pending=4000)
        try:
            await self._ensure_stream()
        except BaseException:
            # Nobody holds a bus that never came up: left open, its client would reconnect for ever.
            await self.close()
            raise

    async def _ensure_stream(self) -> None:
        config = StreamConfig(
            name=EVENTS_STREAM,
            subjects=EVENT_SUBJECTS,
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_age=EVENTS_KEPT.total_seconds(),
            duplicate_window=_DUPLICATE_WINDOW.total_seconds(),
            num_replicas=self._replicas,
            allow_direct=True,
        )
        try:
            try:
                await self.js.add_stream(config)
            except nats.js.errors.BadRequestError:
                await self.js.update_stream(config)
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise BusUnavailable from error

    async def publish_all(self, messages: Sequence[tuple[str, bytes, str]]) -> None:
        """Publish (subject, body, message id) in order and wait until the server has stored all of them.

        Raises:
            BusUnavailable: at least one was not acknowledged; publishing all again is safe (deduplicated by id).
        """
        try:
            futures = [
                await self.js.publish_async(subject, body, headers={"Nats-Msg-Id": message_id})
                for subject, body, message_id in messages
            ]
            await asyncio.wait_for(asyncio.gather(*futures), _PUBLISH_TIMEOUT)
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
            raise BusUnavailable from error

    async def tell(self, subject: str, body: bytes) -> None:
        """Send a message to who listens now; it is not stored, and nobody knows whether it arrived.

        Raises:
            BusUnavailable: it cannot even be sent.
        """
        try:
            await self.client.publish(subject, body)
        except (nats.errors.Error, OSError) as error:
            raise BusUnavailable from error

    async def subscribe(
        self,
        subject: str,
        *,
        after_sequence: int | None = None,
        durable: str | None = None,
    ) -> AsyncIterator[BusMessage]:
        """Yield messages of `subject`: new ones, or those after a sequence, or where the durable consumer left off.

        An ephemeral subscription needs no ack and ends with the process; a durable one is shared by all that name it.
        """
        policy = DeliverPolicy.NEW if after_sequence is None else DeliverPolicy.BY_START_SEQUENCE
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.ALL if durable else policy,
            opt_start_seq=None if after_sequence is None else after_sequence + 1,
            ack_policy=AckPolicy.EXPLICIT if durable else AckPolicy.NONE,
            ack_wait=30,
            max_deliver=10 if durable else None,
        )
        if durable:
            subscription = await self.js.subscribe(
                subject, queue=durable, durable=durable, config=config, manual_ack=True
            )
        else:
            subscription = await self.js.subscribe(subject, config=config, ordered_consumer=False, manual_ack=True)
        try:
            async for message in subscription.messages:
                yield _wrap(message, acks=durable is not None)
        finally:
            await subscription.unsubscribe()

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None and not self._client.is_closed:
            # A server that is gone already is no reason to fail.
            with suppress(OSError, nats.errors.Error):
                await self._client.close()


def _wrap(message: Msg, *, acks: bool) -> BusMessage:
    async def no_ack() -> None:
        return None

    return BusMessage(
        subject=message.subject,
        data=message.data,
        sequence=message.metadata.sequence.stream,
        ack=message.ack if acks else no_ack,
    )


async def _log_error(error: Exception) -> None:
    log.warning("bus", error=type(error).__name__)
