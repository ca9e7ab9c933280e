"""Which venues there are, and how to open a connection to one; adapters are imported when first used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

import aiohttp
from pydantic import SecretStr

from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.brokers.errors import UnsupportedByBroker
from tradsy.brokers.port import Broker
from tradsy.platform.clock import Clock

Config = Mapping[str, SecretStr | str]

_VENUES = ("sim",)


class _AdapterModule(Protocol):
    """What `adapters/<venue>/factory.py` offers."""

    def capabilities(self, config: Config) -> Capabilities: ...

    def open_broker(self, config: Config, http: aiohttp.ClientSession, clock: Clock) -> Broker: ...


class BrokerRegistry:
    """All venues of this build."""

    def venues(self) -> tuple[str, ...]:
        """Return the names of the venues."""
        return _VENUES

    def capabilities(self, venue: str, config: Config | None = None) -> Capabilities:
        """Return what a venue can do; `config` matters where accounts of one venue differ (`idempotency` of sim).

        Raises:
            UnsupportedByBroker: there is no such venue.
        """
        return self._adapter(venue).capabilities(config or {"idempotency": IdempotencyClass.STRONG.value})

    def open(self, venue: str, config: Config, http: aiohttp.ClientSession, clock: Clock) -> Broker:
        """Return a broker for one connection; nothing is sent before `connect`.

        Raises:
            UnsupportedByBroker: there is no such venue, or a field of `config` is missing or wrong.
        """
        try:
            return self._adapter(venue).open_broker(config, http, clock)
        except (KeyError, ValueError) as error:
            raise UnsupportedByBroker("the connection's fields are not complete", venue=venue) from error

    def _adapter(self, venue: str) -> _AdapterModule:
        if venue not in _VENUES:
            raise UnsupportedByBroker("there is no such broker", venue=venue)
        return cast("_AdapterModule", import_module(f"tradsy.brokers.adapters.{venue}.factory"))
