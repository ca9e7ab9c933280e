"""The composed application over the running product, one for all tests of the API."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from tests.integration.api.ground import Ground, open_ground
from tradsy.testing.engines import TestEngines
from tradsy.testing.product import running_product


@pytest_asyncio.fixture(scope="package")
async def ground(engines: TestEngines) -> AsyncGenerator[Ground]:
    """API, worker, streams and paper venue on a fresh database."""
    with tempfile.TemporaryDirectory(prefix="tradsy-api-") as folder:
        async with running_product(engines, Path(folder)) as product, open_ground(product) as made:
            yield made
