"""The tail of the event stream while NATS is killed, purged and begun anew."""

# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tradsy.platform.bus import EVENTS_STREAM, Bus, BusUnavailable
from tradsy.platform.clock import SystemClock
from tradsy.platform.engines.nats import EmbeddedNats
from tradsy.platform.installation import Installation
from tradsy.platform.settings import Settings
from tradsy.realtime.tail import StreamEvent, StreamTail, read_range

SUBJECT = "tradsy.users.u.orders.updated"
PATIENCE = 20.0


async def eventually(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not check():
            await asyncio.sleep(0.02)


class Running:
    """A NATS server of this test alone, a bus and a tail."""

    def __init__(self, nats: EmbeddedNats, bus: Bus) -> None:
        self.nats, self.bus = nats, bus
        self.events: list[StreamEvent] = []
        self.gaps: list[int] = []
        self.tail = StreamTail(
            bus, SystemClock(), ["tradsy.users.>"], on_event=self.events.append, on_gap=self.gaps.append
        )
        self._count = 0

    @property
    def bodies(self) -> list[int]:
        return [int(event.data) for event in self.events]

    async def publish(self, count: int) -> None:
        """Publish, again and again until the server has stored it."""
        numbers = range(self._count, self._count + count)
        self._count += count
        messages = [(SUBJECT, str(n).encode(), f"{id(self)}-{n}") for n in numbers]
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await self.bus.publish_all(messages)
                    return
                except BusUnavailable:
                    await asyncio.sleep(0.1)


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Running]:
    installation = Installation(Settings(data_dir=folder))
    installation.prepare()
    nats = EmbeddedNats(installation)
    await nats.start()
    bus = Bus(nats.url)
    await bus.connect()
    setup = Running(nats, bus)
    await setup.tail.start()
    try:
        yield setup
    finally:
        await setup.tail.stop()
        await bus.close()
        await nats.stop()


async def test_killed_server_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as r:
        await r.publish(200)
        await eventually(lambda: len(r.events) == 200)
        child = r.nats.child
        assert child is not None
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        await r.publish(200)
        await eventually(lambda: len(r.events) >= 400)
        assert r.bodies == list(range(400))
        assert r.gaps == []


async def _created_anew(bus: Bus) -> bool:
    # The server still clears the old stream's folder when it has confirmed the deletion.
    try:
        await bus._ensure_stream()
    except BusUnavailable:
        return False
    return True


async def test_stream_begun_anew_is_a_gap(tmp_path: Path) -> None:
    async with running(tmp_path) as r:
        await r.publish(5)
        await eventually(lambda: len(r.events) == 5)
        await r.bus.js.delete_stream(EVENTS_STREAM)
        async with asyncio.timeout(5):
            while not await _created_anew(r.bus):
                await asyncio.sleep(0.05)
        await eventually(lambda: r.gaps == [0])
        await r.publish(1)
        await eventually(lambda: len(r.events) == 6)


async def test_purged_events_are_a_gap_not_silence(tmp_path: Path) -> None:
    async with running(tmp_path) as r:
        await r.publish(3)
        await eventually(lambda: len(r.events) == 3)
        await r.tail.stop()
        await r.publish(4)
        await r.bus.js.purge_stream(EVENTS_STREAM, seq=6)
        assert await read_range(r.bus, [SUBJECT], after=3, upto=7, limit=10) is None
        assert [e.sequence for e in await read_range(r.bus, [SUBJECT], after=5, upto=6, limit=10) or []] == [6]
        assert await read_range(r.bus, [SUBJECT], after=5, upto=7, limit=1) is None
        assert await read_range(r.bus, ["tradsy.users.other.>"], after=5, upto=7, limit=1) == []
        assert await read_range(r.bus, [SUBJECT], after=8, upto=9, limit=10) is None
        await r.tail._subscribe()
        assert r.gaps == [3]
        await eventually(lambda: r.bodies == [0, 1, 2, 5, 6])


async def test_lost_message_is_noticed_and_read_again(tmp_path: Path) -> None:
    async with running(tmp_path) as r:
        await r.publish(2)
        await eventually(lambda: len(r.events) == 2)
        r.tail._delivered -= 1  # as if one had been lost on the way
        await r.publish(3)
        await eventually(lambda: len(r.events) >= 5)
        assert r.bodies == list(range(5))


async def test_reading_without_a_server_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as r:
        await r.publish(1)
        await r.tail.stop()
        await r.nats.stop()
        monkeypatch.setattr(r.bus.js, "_timeout", 0.3)
        with pytest.raises(BusUnavailable):
            await read_range(r.bus, [SUBJECT], after=0, upto=1, limit=10)
