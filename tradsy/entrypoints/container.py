"""Builds what one process shares, once: pools, bus, clock, keys, registry. Nothing module-level holds I/O."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import aiohttp

from tradsy.brokers.capabilities import Capabilities
from tradsy.brokers.port import Broker
from tradsy.brokers.registry import BrokerRegistry
from tradsy.connections import service as connections
from tradsy.connections.model import ConnectionRecord
from tradsy.connections.paper import PaperVenue
from tradsy.execution.kill import KillSwitches
from tradsy.execution.owner import Owner
from tradsy.execution.runtime import Runtime
from tradsy.identity.legal import publish_documents
from tradsy.market_data.calendars import TradingCalendars, trading_day
from tradsy.market_data.instruments import InstrumentCatalog, ensure_instruments
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.bus import Bus
from tradsy.platform.clock import Clock, SystemClock
from tradsy.platform.db import Database
from tradsy.platform.installation import EngineAddresses, Installation
from tradsy.platform.keyring import KeyRing
from tradsy.platform.logging import register_secret
from tradsy.platform.outbox import OutboxPublisher
from tradsy.platform.partitions import PartitionLeases
from tradsy.platform.settings import Settings
from tradsy.platform.vault import Vault


def build_id() -> str:
    """Return this build's version: workers of an older one hand over (R-P27)."""
    try:
        return version("tradsy")
    except PackageNotFoundError:
        return "0.1.0"


@dataclass(slots=True)
class Container:
    """What the rooms of one process are built from."""

    settings: Settings
    installation: Installation
    addresses: EngineAddresses
    clock: Clock
    database: Database
    bus: Bus
    outbox: OutboxPublisher
    http: aiohttp.ClientSession
    vault: Vault
    registry: BrokerRegistry
    catalog: InstrumentCatalog
    quotes: QuoteCache
    calendars: TradingCalendars
    paper: PaperVenue
    kills: KillSwitches

    def open_broker(self, record: ConnectionRecord) -> Broker:
        """Return the session of a connection, at the addresses where its venue listens today."""
        base = self.addresses.sim_url
        addresses = {"url": base, "ws_url": base.replace("http", "ws", 1)} if record.venue == "sim" else {}
        config = connections.broker_config(record, connections.open_credential(self.vault, record), addresses)
        return self.registry.open(record.venue, config, self.http, self.clock)

    def capabilities_of(self, record: ConnectionRecord) -> Capabilities:
        """Return what can be done through a connection."""
        return self.open_broker(record).capabilities

    async def keep_calendars(self) -> None:
        """Keep the sessions of the exchanges known, for ever."""
        await self.calendars.run(self.catalog.calendars(), self.clock)

    def build_owner(self) -> Owner:
        """Return this process's owner of accounts; it claims nothing before it is started."""
        settings = self.settings
        leases = PartitionLeases(
            self.database,
            self.clock,
            count=settings.partitions,
            lease_time=settings.lease_time,
            margin=settings.lease_margin,
            build=build_id(),
        )
        runtime = Runtime(self.database, self.clock, self.outbox, leases, self.catalog, self.quotes, day_of=trading_day)
        return Owner(runtime, self.open_broker)


@asynccontextmanager
async def open_container(settings: Settings, addresses: EngineAddresses) -> AsyncGenerator[Container]:
    """Connect to the engines; close everything at the end."""
    installation = Installation(settings)
    clock = SystemClock()
    register_secret(addresses.database_url)
    async with AsyncExitStack() as stack:
        database = Database(addresses.database_url, installation, pool_size=settings.database_pool)
        stack.push_async_callback(database.close)
        bus = Bus(addresses.nats_url, replicas=settings.nats_replicas)
        await bus.connect()
        stack.push_async_callback(bus.close)
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, limit_per_host=0, ttl_dns_cache=60))
        )
        outbox = OutboxPublisher(database, bus, clock)
        await outbox.start()
        stack.push_async_callback(outbox.stop)
        catalog, calendars = InstrumentCatalog(), TradingCalendars()
        async with database.as_engine() as session:
            await ensure_instruments(session, at=clock.now())
            await publish_documents(session, at=clock.now())
            await catalog.load(session)
        yield Container(
            settings=settings,
            installation=installation,
            addresses=addresses,
            clock=clock,
            database=database,
            bus=bus,
            outbox=outbox,
            http=http,
            vault=Vault(KeyRing(installation, clock), clock),
            registry=BrokerRegistry(),
            catalog=catalog,
            quotes=QuoteCache(),
            calendars=calendars,
            paper=PaperVenue(http, lambda: addresses.sim_control_url),
            kills=KillSwitches(database, outbox, clock),
        )
