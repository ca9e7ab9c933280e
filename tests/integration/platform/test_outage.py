"""Requests while the database dies: 503 that says when to try again, then service as before, in the same process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter

from fastapi import FastAPI

from tradsy.platform.db import Database, sql
from tradsy.platform.settings import Settings
from tradsy.platform.web import install_web
from tradsy.testing.asgi import AsgiClient
from tradsy.testing.engines import TestEngines


async def test_lost_database_answers_503_until_it_is_back(engines: TestEngines, database: Database) -> None:
    app = FastAPI()
    install_web(app, Settings())

    @app.get("/api/v1/rows")
    async def rows() -> dict[str, int]:
        async with database.as_anonymous() as session:
            return {"one": (await session.execute(sql("select 1"))).scalar_one()}

    client = AsgiClient(app)
    seen: Counter[int] = Counter()
    assert (await client.get("/api/v1/rows")).status == 200
    child = engines.postgres.child
    assert child is not None
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        while seen[200] < 20 or not seen[503]:
            answers = await asyncio.gather(*(client.get("/api/v1/rows") for _ in range(8)))
            seen.update(answer.status for answer in answers)
            for answer in answers:
                if answer.status == 503:
                    assert answer.headers["retry-after"]
                    assert answer.json()["code"] == "unavailable"
                    # Nothing of the address, the statement or the driver.
                    assert set(answer.json()) == {"type", "title", "status", "code", "detail", "trace_id"}
            await asyncio.sleep(0.02)
    assert set(seen) == {200, 503}
