"""An installation in parts: engines and product roles as separate processes, each of which can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tradsy.bench.site import CLI, BenchFailed, is_ready, product_environment
from tradsy.platform.engines.child import Child, until
from tradsy.platform.engines.nats import EmbeddedNats
from tradsy.platform.engines.ports import free_port
from tradsy.platform.engines.postgres import EmbeddedPostgres
from tradsy.platform.engines.sim import EmbeddedSim
from tradsy.platform.installation import EngineAddresses, Installation
from tradsy.platform.migrate import migrate
from tradsy.platform.settings import Settings

PLANTED = "tradsy.bench.planted"
PATIENCE = 90.0
"""Seconds that a killed process may take to stand again on a busy machine."""


@dataclass(slots=True)
class Role:
    """One product process."""

    name: str
    child: Child
    environment: dict[str, str]
    url: str | None = None


@dataclass
class Parts:
    """All processes of one installation."""

    folder: Path
    seed: int = 1
    plant: str | None = None
    """Name of a planted bug; None runs the product as it is."""
    api_count: int = 1
    worker_count: int = 2
    nats_count: int = 1
    roles: dict[str, Role] = field(default_factory=dict[str, Role])

    def __post_init__(self) -> None:
        self.settings = Settings(data_dir=self.folder, demo=False, nats_replicas=self.nats_count)
        self.installation = Installation(self.settings)
        self.installation.prepare()
        self.postgres = EmbeddedPostgres(self.installation)
        self.sim = EmbeddedSim(self.installation, options=["--seed", str(self.seed)])
        self.nats = self._nats_nodes()

    def _nats_nodes(self) -> list[EmbeddedNats]:
        if self.nats_count == 1:
            return [EmbeddedNats(self.installation)]
        ports = [free_port() for _ in range(self.nats_count)]
        return [
            EmbeddedNats(
                self.installation, name=f"nats-{number}", cluster_port=port, routes=[p for p in ports if p != port]
            )
            for number, port in enumerate(ports)
        ]

    @property
    def truth_path(self) -> Path:
        """The venue's own file."""
        return self.folder / "sim" / "truth.jsonl"

    @property
    def journal_path(self) -> Path:
        """Where processes write the fail point that they die at."""
        return self.folder / "failpoints.log"

    @property
    def urls(self) -> list[str]:
        """The API processes."""
        return [role.url for role in self.roles.values() if role.url]

    @property
    def addresses(self) -> EngineAddresses:
        """Where the engines listen."""
        return EngineAddresses(
            self.postgres.url, ",".join(node.url for node in self.nats), self.sim.control_url, self.sim.url
        )

    async def start_engines(self) -> None:
        """Start engines and make the database."""
        await asyncio.gather(self.postgres.start(), self.sim.start(), *(node.start() for node in self.nats))
        self.installation.save_addresses(self.addresses)
        await migrate(self.addresses.database_url, self.installation)

    async def start_roles(self) -> None:
        """Start the product."""
        for number in range(self.api_count):
            port = free_port()
            self._add(f"api-{number}", ["serve", "api", "--port", str(port)], url=f"http://127.0.0.1:{port}")
        for number in range(self.worker_count):
            self._add(f"worker-{number}", ["serve", "worker"])
        await asyncio.gather(*(role.child.start() for role in self.roles.values()))

    def _add(self, name: str, arguments: Sequence[str], *, url: str | None = None) -> None:
        changes = {"TRADSY_NATS_REPLICAS": str(self.nats_count), "TRADSY_DATABASE_POOL": "8"}
        environment = product_environment(changes)
        module = [PLANTED, self.plant] if self.plant else [CLI]
        command = [sys.executable, "-m", *module, *arguments, "--data", str(self.folder)]

        async def ready() -> None:
            # A worker serves nothing; that it owns accounts shows in the database.
            async with aiohttp.ClientSession() as http:
                await until(lambda: is_ready(http, url) if url else _true())

        child = Child(
            name, lambda: command, ready=ready, log_path=self.folder / "logs" / f"{name}.log", environment=environment
        )
        self.roles[name] = Role(name, child, environment, url)

    def children(self, kind: str) -> list[Child]:
        """Return the processes of a kind: api, worker, postgres, nats."""
        engines = {"postgres": [self.postgres.child], "nats": [node.child for node in self.nats]}
        found = engines.get(kind) or [role.child for name, role in self.roles.items() if name.startswith(kind)]
        return [child for child in found if child is not None]

    async def stop(self) -> None:
        """Stop everything in order."""
        await asyncio.gather(*(role.child.stop() for role in self.roles.values()))
        await asyncio.gather(self.sim.stop(), *(node.stop() for node in self.nats))
        await self.postgres.stop()

    async def restart_roles(self) -> None:
        """Stop the product's processes in order, and wait until each runs again."""
        children = [role.child for role in self.roles.values()]
        pids = {child: child.pid for child in children}
        for pid in pids.values():
            send(pid, signal.SIGTERM)
        await asyncio.gather(*(replaced(child, pid) for child, pid in pids.items()))
        await asyncio.gather(*(role.child.ready.wait() for role in self.roles.values()))


async def _true() -> bool:
    return True


def send(pid: int | None, number: signal.Signals) -> None:
    """Signal a process that may have ended by itself."""
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


async def replaced(child: Child, pid: int | None) -> None:
    """Wait until another process stands in the place of `pid`."""

    async def probe() -> bool:
        return child.pid is not None and child.pid != pid

    try:
        async with asyncio.timeout(PATIENCE):
            await until(probe)
    except TimeoutError:
        raise BenchFailed(f"{child.name} did not come back within {PATIENCE:.0f} s") from None


async def kill(children: Sequence[Child]) -> None:
    """Kill processes at once, without a word, and wait until each runs again."""
    pids = {child: child.pid for child in children}
    for pid in pids.values():
        send(pid, signal.SIGKILL)
    await asyncio.gather(*(replaced(child, pid) for child, pid in pids.items()))
    await asyncio.gather(*(asyncio.wait_for(child.ready.wait(), PATIENCE) for child in children))
