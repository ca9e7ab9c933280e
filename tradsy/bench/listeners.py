"""Many browsers in one process: each holds a socket and notes when which event came.

`python -m tradsy.bench.listeners PLAN OUTPUT`. Connects all clients of the plan at its pace, writes `OUTPUT.ready`,
and listens until SIGTERM; then it writes one line an event: client, event id, CLOCK_MONOTONIC in nanoseconds. Clients
named as stalled stop reading once they are connected.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop

EVENT = "bench.ticked"
"""Name of the events that count; others of these users come as well."""
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=30)


@dataclass(frozen=True, slots=True)
class Listening:
    """What `python -m tradsy.bench.listeners` does."""

    url: str
    tokens: list[str]
    """An access token for each client."""
    stalled: list[int]
    """Clients that read nothing."""
    connects_per_second: float

    def write(self, path: Path) -> None:
        """Store the plan; it holds tokens of a throw-away installation."""
        path.touch(mode=0o600)
        path.write_bytes(orjson.dumps(asdict(self)))


class _Clients:
    def __init__(self, plan: Listening, http: aiohttp.ClientSession) -> None:
        self._plan = plan
        self._http = http
        self.heard: list[tuple[int, str, int]] = []
        self.ended = 0

    async def connect(self, client: int) -> aiohttp.ClientWebSocketResponse:
        headers = {"Authorization": f"Bearer {self._plan.tokens[client]}"}
        async with self._http.post(
            f"{self._plan.url}/api/v1/realtime/tickets", headers=headers, timeout=_TIMEOUT
        ) as answer:
            answer.raise_for_status()
            ticket = (await answer.json())["ticket"]
        socket = await self._http.ws_connect(f"{self._plan.url}/ws?ticket={ticket}", compress=0, max_msg_size=0)
        # The snapshot has come: from here on nothing can be missed.
        while orjson.loads((await socket.receive()).data)["type"] != "snapshot":
            pass
        return socket

    async def listen(self, client: int, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            now = time.monotonic_ns()
            frame: Any = orjson.loads(message.data)
            if frame["type"] == "event" and frame["data"]["name"] == EVENT:
                self.heard.append((client, frame["data"]["id"], now))
        self.ended += 1


async def run(plan: Listening, output: Path) -> None:
    """Connect, listen, and write what was heard."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        clients, sockets, tasks = _Clients(plan, http), list[Any](), list[asyncio.Task[None]]()
        for client in range(len(plan.tokens)):
            socket = await clients.connect(client)
            sockets.append(socket)
            if client not in plan.stalled:
                tasks.append(asyncio.create_task(clients.listen(client, socket)))
            await asyncio.sleep(1 / plan.connects_per_second)
        output.with_suffix(".ready").touch()
        await stop.wait()
        lines = [f"{client} {event} {at}\n" for client, event, at in clients.heard]
        await asyncio.to_thread(output.write_text, "".join([*lines, f"ended {clients.ended}\n"]))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """Run the plan of the command line."""
    plan, output = map(Path, sys.argv[1:3])
    uvloop.run(run(Listening(**orjson.loads(plan.read_bytes())), output))


if __name__ == "__main__":
    main()
