"""The running product, one per test module."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from tradsy.testing.engines import TestEngines
from tradsy.testing.product import Product, running_product


@pytest_asyncio.fixture(scope="module")
async def product(engines: TestEngines) -> AsyncGenerator[Product]:
    """API, worker and paper venue on a fresh database."""
    with tempfile.TemporaryDirectory(prefix="tradsy-product-") as folder:
        async with running_product(engines, Path(folder)) as running:
            yield running
