"""The load generator, a process of its own: sends what its plan says, when it says, whatever the product does.

`python -m tradsy.bench.generator PLAN OUTPUT`. Open loop: each request leaves at its scheduled time of
CLOCK_MONOTONIC, however many are under way, so a stalled product does not thin out its own load. With `retry`, a
request that got no answer or a 5xx is sent again with the same body and id until it is answered. SIGTERM ends the
schedule; what is under way is still brought to its end.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop

MAX_PAUSE = 5.0
"""Seconds between two tries at most."""
RETRIES_AT_ONCE = 200
"""Repeats under way at most: without a bound, all that piled up while nobody answered would drown the generator."""
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5)


@dataclass(frozen=True, slots=True)
class Shot:
    """One webhook."""

    after: float
    """Seconds after the start of the run."""
    path: str
    body: str


@dataclass(slots=True)
class Result:
    """What came of a shot; times are CLOCK_MONOTONIC in nanoseconds."""

    number: int
    scheduled_ns: int
    sent_ns: int
    answered_ns: int
    status: int
    signal_id: str | None
    tries: int


def write_plan(path: Path, urls: Sequence[str], shots: Sequence[Shot], *, retry: bool) -> None:
    """Write what `python -m tradsy.bench.generator` sends."""
    plan = {"urls": list(urls), "retry": retry, "shots": [asdict(shot) for shot in shots]}
    path.write_bytes(orjson.dumps(plan))


def read_results(path: Path) -> list[Result]:
    """Return what the generator wrote so far, in the order of the answers."""
    if not path.exists():
        return []
    return [Result(**json.loads(line)) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


async def _send(http: aiohttp.ClientSession, url: str, body: str) -> tuple[int, str | None]:
    headers = {"Content-Type": "application/json"}
    try:
        async with http.post(url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False) as answer:
            raw = await answer.read()
            content: Any = orjson.loads(raw) if raw else {}
            return answer.status, content.get("signal_id")
    except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError):
        return 0, None


async def _fire(
    http: aiohttp.ClientSession,
    urls: Sequence[str],
    number: int,
    shot: Shot,
    scheduled_ns: int,
    *,
    repeating: asyncio.Semaphore | None,
) -> Result:
    sent_ns, tries = time.monotonic_ns(), 1
    status, signal_id = await _send(http, urls[number % len(urls)] + shot.path, shot.body)
    while repeating is not None and not 0 < status < 500:
        # As a careful sender does: ever longer and never in step, or what piled up would keep the product down.
        pause = min(0.1 * 2 ** min(tries, 10), MAX_PAUSE)
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
        async with repeating:
            status, signal_id = await _send(http, urls[(number + tries) % len(urls)] + shot.path, shot.body)
        tries += 1
    return Result(number, scheduled_ns, sent_ns, time.monotonic_ns(), status, signal_id, tries)


async def run(plan: dict[str, Any], output: Path) -> None:
    """Send all shots; write one line per result as it comes."""
    shots = [Shot(**shot) for shot in plan["shots"]]
    tasks: list[asyncio.Task[None]] = []
    with output.open("a", buffering=1) as file:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=120)) as http:
            start = time.monotonic_ns() + 200_000_000
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

            repeating = asyncio.Semaphore(RETRIES_AT_ONCE) if plan["retry"] else None

            async def fire(number: int, shot: Shot, at: int) -> None:
                result = await _fire(http, plan["urls"], number, shot, at, repeating=repeating)
                file.write(json.dumps(asdict(result)) + "\n")

            for number, shot in enumerate(shots):
                if stop.is_set():
                    break
                at = start + int(shot.after * 1e9)
                # uvloop's timers count whole milliseconds: sleep up to the last one, then turn the loop.
                while (left := at - time.monotonic_ns()) > 0:
                    await asyncio.sleep(max(left / 1e9 - 0.001, 0))
                tasks.append(asyncio.create_task(fire(number, shot, at)))
            await asyncio.gather(*tasks)


def main() -> None:
    """Run the plan of the command line."""
    plan_path, output = map(Path, sys.argv[1:3])
    uvloop.run(run(orjson.loads(plan_path.read_bytes()), output))


if __name__ == "__main__":
    main()
