"""Real engines for tests: one PostgreSQL and one NATS per test process, one database per test module."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg

from tradsy.platform.db import Database, parse_url
from tradsy.platform.engines.nats import EmbeddedNats
from tradsy.platform.engines.postgres import EmbeddedPostgres
from tradsy.platform.installation import Installation
from tradsy.platform.migrate import migrate
from tradsy.platform.settings import Settings


@dataclass(slots=True)
class TestEngines:
    """What `engines()` yields."""

    __test__ = False

    installation: Installation
    postgres: EmbeddedPostgres
    nats: EmbeddedNats

    async def _admin(self) -> asyncpg.Connection:
        arguments = parse_url(self.postgres.url)
        arguments["database"] = "postgres"
        return await asyncpg.connect(**arguments)

    async def create_database(self, template: str = "tradsy") -> str:
        """Return the address of a fresh migrated database, copied from the template."""
        name = f"test_{uuid4().hex[:12]}"
        admin = await self._admin()
        try:
            await admin.execute(f'create database "{name}" template "{template}"')
        finally:
            await admin.close()
        return self.postgres.url.replace("/tradsy?", f"/{name}?")

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[Database]:
        """Yield pools on a fresh migrated database."""
        database = Database(await self.create_database(), self.installation, pool_size=6)
        try:
            yield database
        finally:
            await database.close()


@asynccontextmanager
async def engines(folder: Path, *, fsync: bool = False) -> AsyncGenerator[TestEngines]:
    """Start PostgreSQL (migrated) and NATS in `folder`, and stop them at the end."""
    installation = Installation(Settings(data_dir=folder, database_fsync=fsync))
    installation.prepare()
    postgres, nats = EmbeddedPostgres(installation), EmbeddedNats(installation)
    await asyncio.gather(postgres.start(), nats.start())
    try:
        await migrate(postgres.url, installation)
        yield TestEngines(installation, postgres, nats)
    finally:
        await asyncio.gather(postgres.stop(), nats.stop())
