"""The registry opens what it lists and imports no adapter before."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import aiohttp
import pytest

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import UnsupportedByBroker
from tradsy.brokers.registry import BrokerRegistry
from tradsy.platform.clock import FrozenClock

CLOCK = FrozenClock(datetime(2026, 3, 2, tzinfo=UTC))
FIELDS = {"url": "http://127.0.0.1:1", "ws_url": "ws://127.0.0.1:1", "api_key": "k", "api_secret": "s"}


@pytest.mark.parametrize("venue", BrokerRegistry().venues())
def test_every_venue_says_what_it_can_do(venue: str) -> None:
    capabilities = BrokerRegistry().capabilities(venue)
    assert capabilities.venue == venue
    assert capabilities.order_types
    assert capabilities.max_client_order_id >= 32


@pytest.mark.parametrize("idempotency", IdempotencyClass)
async def test_the_class_of_sim_comes_with_the_connection(idempotency: IdempotencyClass) -> None:
    config = FIELDS | {"idempotency": idempotency.value}
    assert BrokerRegistry().capabilities("sim", config).idempotency is idempotency
    async with aiohttp.ClientSession() as http:
        broker = BrokerRegistry().open("sim", config, http, CLOCK)
    assert broker.capabilities.idempotency is idempotency


@pytest.mark.parametrize("fields", [{}, FIELDS | {"idempotency": "Z"}, FIELDS | {"settle_seconds": "soon"}])
async def test_wrong_fields_are_refused(fields: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(UnsupportedByBroker):
            BrokerRegistry().open("sim", fields, http, CLOCK)


def test_an_unknown_venue_is_refused() -> None:
    with pytest.raises(UnsupportedByBroker):
        BrokerRegistry().capabilities("etrade")


def test_adapters_are_imported_when_first_used() -> None:
    code = "import sys, tradsy.brokers.registry; sys.exit(any('adapters' in m for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
