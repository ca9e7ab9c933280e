"""Fixtures of the contract suite: each venue is started once per module and healed after every case."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.contract.harness import VENUES, VenueUnderTest


@pytest_asyncio.fixture(scope="module", params=list(VENUES))
async def running_venue(request: pytest.FixtureRequest) -> AsyncGenerator[VenueUnderTest]:
    """One venue for all cases of a module."""
    async with VENUES[request.param]() as venue:
        yield venue


@pytest_asyncio.fixture
async def venue(running_venue: VenueUnderTest) -> AsyncGenerator[VenueUnderTest]:
    """The venue, healthy before and after the case."""
    yield running_venue
    await running_venue.control.heal()
