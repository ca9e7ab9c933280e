"""`tradsy bench sockets`: from the commit of an event to its arrival in each of many browsers."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tradsy.bench.listeners import EVENT, Listening
from tradsy.bench.site import BenchFailed, SideDoor, WholeProduct, cpu_seconds, data_folder, side_door
from tradsy.bench.wire import spread
from tradsy.domain.ids import UserId
from tradsy.identity import service as identity
from tradsy.identity.model import Origin
from tradsy.identity.sessions import open_program_session
from tradsy.platform.bus import Bus
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import OutboxPublisher, emit, new_event

EVENT_BYTES = 300
TICK = 0.02
"""Seconds between two transactions of the writer: each holds the events of that share of the clients."""
STALLED = 1
CONNECTS_PER_SECOND = 150.0
SETTLE_SECONDS = 5.0
_READY_SECONDS = 300
_USERS_AT_ONCE = 100
_ORIGIN = Origin("127.0.0.1", "bench")


@dataclass(slots=True)
class Written:
    """What the writer committed, by event id: for which client, and when."""

    clients: dict[str, int] = field(default_factory=dict[str, int])
    committed_ns: dict[str, int] = field(default_factory=dict[str, int])
    late_max_ms: float = 0.0


async def make_users(door: SideDoor, count: int) -> list[tuple[UserId, str]]:
    """Make users with a program's session each; return them with their access tokens."""
    made: list[tuple[UserId, str]] = []
    now = door.clock.now()
    users = [UserId(new_id()) for _ in range(count)]
    for first in range(0, count, _USERS_AT_ONCE):
        async with door.database.as_engine() as session:
            for user in users[first : first + _USERS_AT_ONCE]:
                await identity.create_user(session, user_id=user, email=f"bench-{user.hex}@example.com", at=now)
    for user in users:
        async with door.database.as_user(user) as session:
            pair = await open_program_session(session, user, _ORIGIN, at=door.clock.now(), lifetime=timedelta(hours=1))
        made.append((user, pair.access_token))
    return made


async def write_events(door: SideDoor, users: Sequence[UserId], seconds: float) -> Written:
    """Commit one event per user and second, open loop, in the transactions of a module; return what was written."""
    written, bus = Written(), Bus(door.addresses.nats_url)
    await bus.connect()
    outbox = OutboxPublisher(door.database, bus, door.clock)
    await outbox.start()
    try:
        slices = int(1 / TICK)
        start = time.monotonic()
        for number in range(int(seconds * slices)):
            due = start + number * TICK
            await asyncio.sleep(max(due - time.monotonic(), 0))
            written.late_max_ms = max(written.late_max_ms, (time.monotonic() - due) * 1000)
            turn = range(number % slices, len(users), slices)
            await _commit(door, outbox, [(client, users[client]) for client in turn], written)
    finally:
        await outbox.stop()
        await bus.close()
    return written


async def _commit(
    door: SideDoor, outbox: OutboxPublisher, turn: Sequence[tuple[int, UserId]], written: Written
) -> None:
    if not turn:
        return
    now, pad = door.clock.now(), "x" * (EVENT_BYTES - 60)
    events = [new_event(EVENT, {"client": client, "pad": pad}, at=now, user_id=user) for client, user in turn]
    async with door.database.as_engine() as session:
        await emit(session, events)
    at = time.monotonic_ns()
    for (client, _), event in zip(turn, events, strict=True):
        written.clients[str(event.id)] = client
        written.committed_ns[str(event.id)] = at
    outbox.hand_over(events)


def judge(written: Written, lines: Sequence[str], stalled: Sequence[int]) -> dict[str, Any]:
    """Compare what was heard with what was written; the stalled clients' own events are nobody's loss."""
    heard: dict[str, int] = {}
    crossed = doubled = ended = 0
    for line in lines:
        first, _, rest = line.partition(" ")
        if first == "ended":
            ended = int(rest)
            continue
        event, _, at = rest.partition(" ")
        if written.clients.get(str(UUID(event))) != int(first):
            crossed += 1
        elif event in heard:
            doubled += 1
        else:
            heard[event] = int(at)
    meant = [event for event, client in written.clients.items() if client not in stalled]
    delays = [(heard[event] - written.committed_ns[event]) / 1e6 for event in meant if event in heard]
    return {
        **spread(delays),
        "events": len(meant),
        "lost": len(meant) - len(delays),
        "crossed": crossed,
        "doubled": doubled,
        "ended": ended,
    }


async def sockets(data: Path | None, *, clients: int, seconds: float) -> dict[str, Any]:
    """Hold `clients` sockets of as many users and time their events."""
    async with data_folder(data) as folder:
        product = WholeProduct(folder)
        try:
            addresses = await product.start()
            async with side_door(product.settings, addresses) as door:
                return await _measure(product, door, clients=clients, seconds=seconds)
        finally:
            await product.stop()


async def _measure(product: WholeProduct, door: SideDoor, *, clients: int, seconds: float) -> dict[str, Any]:
    users = await make_users(door, clients)
    stalled = list(range(clients, clients + STALLED)) if clients else []
    extra = await make_users(door, STALLED)
    everyone = [*users, *extra]
    plan, output = product.folder / "listeners.json", product.folder / "heard.txt"
    Listening(product.url, [token for _, token in everyone], stalled, CONNECTS_PER_SECOND).write(plan)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradsy.bench.listeners", str(plan), str(output)
    )
    try:
        await _until_ready(process, output.with_suffix(".ready"))
        before = cpu_seconds(product.pid)
        written = await write_events(door, [user for user, _ in everyone], seconds)
        used = {name: used - before.get(name, 0) for name, used in cpu_seconds(product.pid).items()}
        await asyncio.sleep(SETTLE_SECONDS)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    lines = (await asyncio.to_thread(output.read_text)).splitlines()
    return {
        **judge(written, lines, stalled),
        "clients": clients,
        "stalled": len(stalled),
        "seconds": seconds,
        "writer_late_max": round(written.late_max_ms, 1),
        "cpu_ms_per_event": {name: round(value * 1000 / len(written.clients), 3) for name, value in used.items()},
        "cores": os.cpu_count(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


async def _until_ready(process: asyncio.subprocess.Process, ready: Path) -> None:
    for _ in range(_READY_SECONDS * 10):
        if await asyncio.to_thread(ready.exists):
            return
        if process.returncode is not None:
            raise BenchFailed("the listeners failed")
        await asyncio.sleep(0.1)
    raise BenchFailed("the listeners did not connect in time")
