"""How the registry opens `sim`."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from pydantic import SecretStr

from tradsy.brokers.adapters.sim.auth import SimConfig
from tradsy.brokers.adapters.sim.broker import SimBroker
from tradsy.brokers.adapters.sim.capabilities import sim_capabilities
from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.brokers.port import Broker
from tradsy.platform.clock import Clock


def capabilities(config: Mapping[str, SecretStr | str]) -> Capabilities:
    """Return what an account of the connection can do."""
    value = config.get("idempotency", IdempotencyClass.STRONG.value)
    return sim_capabilities(IdempotencyClass(value.get_secret_value() if isinstance(value, SecretStr) else value))


def open_broker(config: Mapping[str, SecretStr | str], http: aiohttp.ClientSession, clock: Clock) -> Broker:
    """Return a broker for one login; the venue keeps the times, so the clock is not used."""
    return SimBroker(SimConfig.from_mapping(config), http)
