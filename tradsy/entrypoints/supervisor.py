"""The embedded engines of one installation, started side by side and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import SecretStr

from tradsy.platform.engines.nats import EmbeddedNats
from tradsy.platform.engines.postgres import EmbeddedPostgres
from tradsy.platform.engines.sim import EmbeddedSim
from tradsy.platform.installation import EngineAddresses, Installation


class Supervisor:
    """Starts what the settings do not place elsewhere."""

    def __init__(self, installation: Installation, *, sim_options: Sequence[str] = ()) -> None:
        settings = installation.settings
        self._installation = installation
        self.postgres = None if settings.database_url else EmbeddedPostgres(installation)
        self.nats = None if settings.nats_url else EmbeddedNats(installation)
        self.sim = (
            None
            if settings.sim_url
            else EmbeddedSim(installation, always_open=settings.sim_always_open, options=sim_options)
        )

    async def start(self) -> EngineAddresses:
        """Start all engines and tell other processes of the installation where they listen."""
        engines = [engine for engine in (self.postgres, self.nats, self.sim) if engine is not None]
        await asyncio.gather(*(engine.start() for engine in engines))
        settings = self._installation.settings
        addresses = EngineAddresses(
            database_url=self.postgres.url if self.postgres else _secret(settings.database_url),
            nats_url=self.nats.url if self.nats else _secret(settings.nats_url),
            sim_control_url=self.sim.control_url if self.sim else settings.sim_control_url,
            sim_url=self.sim.url if self.sim else settings.sim_url,
        )
        self._installation.save_addresses(addresses)
        return addresses

    async def stop(self) -> None:
        """Stop the venue first, then the bus, then the database."""
        for engine in (self.sim, self.nats, self.postgres):
            if engine is not None:
                await engine.stop()


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""
