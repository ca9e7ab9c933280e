"""Fixtures that every test may use; the engines start only for tests that ask for them."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings

from tradsy.platform.db import Database
from tradsy.testing.engines import TestEngines
from tradsy.testing.engines import engines as start_engines

# A busy machine is no failure: nothing in a test depends on how long it takes.
settings.register_profile("tradsy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tradsy")

# Unconfigured, structlog draws each traceback with its local variables: seconds in which leases run out.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest_asyncio.fixture(scope="session")
async def engines() -> AsyncGenerator[TestEngines]:
    """PostgreSQL and NATS of this test process."""
    with tempfile.TemporaryDirectory(prefix="tradsy-test-") as folder:
        Path(folder).chmod(0o711)
        async with start_engines(Path(folder)) as running:
            yield running


@pytest_asyncio.fixture(scope="module")
async def database(engines: TestEngines) -> AsyncGenerator[Database]:
    """Pools on a fresh migrated database, one per test module."""
    async with engines.database() as database:
        yield database
