"""An ordered reader of the event stream: it notices what is missing, and goes on where it was after any reconnect.

JetStream pushes to an inbox without acks. The consumer's own sequence shows a lost message, its heartbeats show a
consumer that is gone (a restarted server forgets it); both end in a new consumer from the last place on.
"""

# pyright: reportUnknownMemberType=false
# nats-py types its keyword arguments loosely; every value that leaves this module is typed.

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import nats.errors
import nats.js.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from tradsy.platform.bus import EVENTS_STREAM, Bus, BusUnavailable
from tradsy.platform.clock import Clock

log = structlog.get_logger(__name__)

_HEARTBEAT = 1.0
_SILENCE = 2.5
"""Without a sign of life for so long, the consumer is taken for gone."""
_BURST = 64
_BUS_ERRORS = (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError)
_READ_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One stored message."""

    sequence: int
    subject: str
    data: bytes


class StreamTail:
    """Delivers every message of `subjects` that comes after the start, in order, once."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        subjects: Sequence[str],
        *,
        on_event: Callable[[StreamEvent], None],
        on_gap: Callable[[int], None],
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._subjects = list(subjects)
        self._on_event = on_event
        self._on_gap = on_gap
        self.position = 0
        """Sequence up to which everything was delivered."""
        self._delivered = 0
        self._heard = 0.0
        self._broken = asyncio.Event()
        self._subscription: Subscription | None = None
        self._consumer: str | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether events are delivered."""
        return self._task is not None

    async def start(self) -> None:
        """Begin with what is published from now on.

        Raises:
            BusUnavailable: the bus is not connected, or does not answer in time.
        """
        try:
            await self._begin()
        except _BUS_ERRORS as error:
            await self._unsubscribe()
            raise BusUnavailable from error

    async def _begin(self) -> None:
        self.position = (await self._bus.js.stream_info(EVENTS_STREAM)).state.last_seq
        await self._subscribe()
        self._task = asyncio.create_task(self._watch(), name="realtime tail")

    async def stop(self) -> None:
        """Stop delivering; `start` begins anew."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._unsubscribe()

    async def _subscribe(self) -> None:
        await self._skip_what_is_gone()
        inbox = self._bus.client.new_inbox()
        self._delivered, self._heard = 0, self._clock.monotonic()
        self._broken.clear()
        self._subscription = await self._bus.client.subscribe(inbox, cb=self._receive)
        info = await self._bus.js.add_consumer(EVENTS_STREAM, config=_config(inbox, self._subjects, self.position))
        self._consumer = info.name

    async def _skip_what_is_gone(self) -> None:
        """Tell of events that the stream does not hold any more, and of a stream that began anew."""
        state = (await self._bus.js.stream_info(EVENTS_STREAM)).state
        if state.last_seq < self.position:
            lost, self.position = 0, state.last_seq
        elif state.first_seq > self.position + 1:
            lost, self.position = self.position, state.first_seq - 1
        else:
            return
        log.warning("events lost", after=lost, position=self.position)
        self._on_gap(lost)

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        consumer, self._consumer = self._consumer, None
        if subscription is not None:
            with suppress(*_BUS_ERRORS):
                await subscription.unsubscribe()
        if consumer is not None:
            with suppress(*_BUS_ERRORS):
                await self._bus.js.delete_consumer(EVENTS_STREAM, consumer)

    async def _receive(self, message: Msg) -> None:
        self._heard = self._clock.monotonic()
        if self._broken.is_set():
            return
        if not message.reply:
            # A heartbeat says how many it has sent: one that we have not seen was lost on the way.
            sent = (message.headers or {}).get("Nats-Last-Consumer")
            if sent is not None and int(sent) > self._delivered:
                self._broken.set()
            return
        sequence = message.metadata.sequence
        if sequence.consumer != self._delivered + 1:
            self._broken.set()
            return
        self._delivered, self.position = sequence.consumer, sequence.stream
        self._on_event(StreamEvent(sequence.stream, message.subject, message.data))
        if self._delivered % _BURST == 0:
            # A burst that is in the socket's buffer already must not fill the queues of clients who do read.
            await asyncio.sleep(0)

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self._broken.wait()
            if not self._broken.is_set() and self._clock.monotonic() - self._heard < _SILENCE:
                continue
            try:
                await self._unsubscribe()
                await self._subscribe()
                log.info("event stream taken up again", position=self.position)
            except _BUS_ERRORS:
                self._broken.set()
                await asyncio.sleep(0.5)


def _config(inbox: str, subjects: Sequence[str], after: int) -> ConsumerConfig:
    return ConsumerConfig(
        deliver_subject=inbox,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=after + 1,
        filter_subjects=list(subjects),
        ack_policy=AckPolicy.NONE,
        idle_heartbeat=_HEARTBEAT,
        inactive_threshold=10,
        mem_storage=True,
        num_replicas=1,
        max_deliver=1,
    )


async def read_range(
    bus: Bus, subjects: Sequence[str], *, after: int, upto: int, limit: int
) -> list[StreamEvent] | None:
    """Return the stored messages with after < sequence <= upto; None when some are gone, or there are too many.

    Raises:
        BusUnavailable: the bus is not connected, or does not answer in time.
    """
    try:
        state = (await bus.js.stream_info(EVENTS_STREAM)).state
        if state.first_seq > after + 1 or state.last_seq < after:
            return None
        return await _read(bus, _config(bus.client.new_inbox(), subjects, after), upto, limit)
    except _BUS_ERRORS as error:
        raise BusUnavailable from error


async def _read(bus: Bus, config: ConsumerConfig, upto: int, limit: int) -> list[StreamEvent] | None:
    subscription = await bus.client.subscribe(config.deliver_subject or "")
    info = None
    try:
        info = await bus.js.add_consumer(EVENTS_STREAM, config=config)
        # The consumer may have begun to send before it answered: those count as delivered already.
        waiting = (info.num_pending or 0) + (info.delivered.consumer_seq if info.delivered else 0)
        if waiting > limit:
            return None
        return await _collect(subscription, upto) if waiting else []
    finally:
        with suppress(*_BUS_ERRORS):
            await subscription.unsubscribe()
            if info is not None:
                await bus.js.delete_consumer(EVENTS_STREAM, info.name)


async def _collect(subscription: Subscription, upto: int) -> list[StreamEvent]:
    found: list[StreamEvent] = []
    while True:
        message = await subscription.next_msg(timeout=_READ_TIMEOUT)
        if not message.reply:
            continue
        meta = message.metadata
        if meta.sequence.stream <= upto:
            found.append(StreamEvent(meta.sequence.stream, message.subject, message.data))
        if meta.num_pending == 0 or meta.sequence.stream >= upto:
            return found
