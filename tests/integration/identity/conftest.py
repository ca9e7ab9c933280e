"""One site for each test module."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest_asyncio

from tests.integration.identity.site import Site, open_site
from tradsy.platform.db import Database
from tradsy.testing.engines import TestEngines


@pytest_asyncio.fixture(scope="module")
async def site(engines: TestEngines, database: Database) -> AsyncGenerator[Site]:
    """Identity's routes over a fresh database."""
    async with open_site(engines, database) as running:
        yield running
