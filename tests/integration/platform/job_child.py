"""A worker whose job never ends; its parent kills it. Arguments: data folder, database address, NATS address."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from tradsy.platform.bus import Bus
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database
from tradsy.platform.installation import Installation
from tradsy.platform.jobs import JobContext, JobRegistry, JobWorker, job
from tradsy.platform.settings import Settings


@job("tests.note_worker")
async def hang(context: JobContext) -> None:
    print("started", context.attempt, flush=True)
    await asyncio.Event().wait()


async def main(folder: str, database_url: str, nats_url: str) -> None:
    database = Database(database_url, Installation(Settings(data_dir=Path(folder))), pool_size=2)
    bus = Bus(nats_url)
    await bus.connect()
    worker = JobWorker(database, bus, SystemClock(), JobRegistry([hang]), ack_wait=timedelta(seconds=2))
    await worker.start()
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
