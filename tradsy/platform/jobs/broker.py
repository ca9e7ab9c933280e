"""taskiq's pull-based JetStream broker, on the process's own bus connection, with acks that a long job keeps alive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import nats.errors
import nats.js.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from taskiq import AckableMessage, AsyncBroker, BrokerMessage, TaskiqMessage
from taskiq_nats import PullBasedJetStreamBroker

from tradsy.platform.bus import EVENTS_STREAM, Bus
from tradsy.platform.ids import new_id
from tradsy.platform.jobs.queue import QUEUED_EVENT

log = structlog.get_logger(__name__)

SUBJECT = f"tradsy.events.{QUEUED_EVENT}"
RUN_TASK = "tradsy.run"
_FETCH_TIMEOUT = 5.0
_RETRY = 1.0
_DELIVERIES = 5
"""Deliveries of one message; what is still undone then is the sweeper's."""


class JobBroker(PullBasedJetStreamBroker):
    """Reads `jobs.queued` events as tasks; one durable consumer is shared by all workers."""

    def __init__(self, bus: Bus, *, ack_wait: timedelta, durable: str = "tradsy-jobs") -> None:
        super().__init__(
            [],
            subject=SUBJECT,
            stream_name=EVENTS_STREAM,
            durable=durable,
            pull_consume_timeout=_FETCH_TIMEOUT,
            consumer_config=ConsumerConfig(
                durable_name=durable,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ack_wait.total_seconds(),
                max_deliver=_DELIVERIES,
                filter_subject=SUBJECT,
            ),
        )
        self._bus = bus
        self._beat = ack_wait.total_seconds() / 3
        self._keepers: set[asyncio.Task[None]] = set()

    async def startup(self) -> None:
        """Join the shared consumer over the bus, which is connected, authenticated and has made the stream."""
        await AsyncBroker.startup(self)
        self.js = self._bus.js
        await self._startup_consumer()

    async def shutdown(self) -> None:
        """Leave the consumer; the connection is the bus's."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await self.consumer.unsubscribe()
        await AsyncBroker.shutdown(self)

    async def kick(self, message: BrokerMessage) -> None:
        """Tell the workers of a run that is already a row of `job_runs`; its task id is the run's id."""
        body = orjson.dumps({"payload": {"run_id": message.task_id}})
        await self._bus.publish_all([(SUBJECT, body, str(new_id()))])

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Yield runs to do, each acknowledged once it is settled and kept from being redelivered until then."""
        while True:
            try:
                messages: list[Msg] = await self.consumer.fetch(batch=1, timeout=_FETCH_TIMEOUT)
            except nats.errors.TimeoutError:
                continue
            except (nats.errors.Error, nats.js.errors.Error, OSError) as error:
                # The bus reconnects by itself, and the sweeper tells of what was missed meanwhile.
                log.warning("jobs cannot be read", error=type(error).__name__)
                await asyncio.sleep(_RETRY)
                continue
            for message in messages:
                task = self._read(message)
                if task is None:
                    await message.term()
                else:
                    yield self._keep_alive(message, task)

    def _read(self, message: Msg) -> bytes | None:
        """Return the task that an event stands for, or None for what is not ours."""
        try:
            run_id = orjson.loads(message.data)["payload"]["run_id"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            log.error("a message of the job queue cannot be read")
            return None
        task = TaskiqMessage(task_id=str(run_id), task_name=RUN_TASK, labels={}, args=[str(run_id)], kwargs={})
        return self.formatter.dumps(task).message

    def _keep_alive(self, message: Msg, task: bytes) -> AckableMessage:
        async def keep() -> None:
            while True:
                await asyncio.sleep(self._beat)
                try:
                    await message.in_progress()
                except (nats.errors.Error, OSError) as error:
                    log.warning("job's delivery not kept alive", error=type(error).__name__)

        keeper = asyncio.create_task(keep(), name="job ack")
        self._keepers.add(keeper)

        async def ack() -> None:
            self._keepers.discard(keeper)
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            try:
                await message.ack()
            except (nats.errors.Error, OSError) as error:
                # Delivered again, it is found settled.
                log.warning("job not acknowledged", error=type(error).__name__)

        return AckableMessage(data=task, ack=ack)
