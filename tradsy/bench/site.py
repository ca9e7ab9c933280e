"""One installation under test: its folder, its product processes, and a side door for provisioning."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tradsy.connections.paper import PaperVenue
from tradsy.domain.errors import TradsyError
from tradsy.platform.clock import Clock, SystemClock
from tradsy.platform.db import Database
from tradsy.platform.engines.child import Child, until
from tradsy.platform.engines.ports import free_port
from tradsy.platform.installation import EngineAddresses, Installation
from tradsy.platform.keyring import KeyRing
from tradsy.platform.settings import Settings
from tradsy.platform.vault import Vault

CLI = "tradsy.entrypoints.cli.app"
"""What the product's processes run; by name, because a bench never imports what it drives."""


class BenchFailed(TradsyError):
    """The run cannot stand as a measurement or proof; the text says why."""

    code = "bench_failed"
    title = "The bench failed"


@dataclass(slots=True)
class SideDoor:
    """Services' way into the installation, for provisioning and for reading results."""

    settings: Settings
    addresses: EngineAddresses
    clock: Clock
    database: Database
    vault: Vault
    paper: PaperVenue
    http: aiohttp.ClientSession


@asynccontextmanager
async def side_door(settings: Settings, addresses: EngineAddresses) -> AsyncGenerator[SideDoor]:
    """Open the side door while the block runs."""
    installation, clock = Installation(settings), SystemClock()
    database = Database(addresses.database_url, installation, pool_size=4)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            paper = PaperVenue(http, lambda: addresses.sim_control_url)
            vault = Vault(KeyRing(installation, clock), clock)
            yield SideDoor(settings, addresses, clock, database, vault, paper, http)
    finally:
        await database.close()


@asynccontextmanager
async def data_folder(chosen: Path | None) -> AsyncGenerator[Path]:
    """Yield the folder of the installation: the chosen one stays, one of our own is removed."""
    if chosen is not None:
        yield await asyncio.to_thread(chosen.resolve)
        return
    folder = Path(tempfile.mkdtemp(prefix="tradsy-bench-"))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def product_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a product process: nobody's own settings leak into a measurement."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TRADSY_")}
    return {**kept, "TRADSY_DEMO": "false", "TRADSY_LOG_LEVEL": "WARNING", **changes}


async def is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    """Whether the process at `url` serves and, where it trades, has its accounts open."""
    try:
        async with http.get(f"{url}/readyz", timeout=aiohttp.ClientTimeout(total=5)) as answer:
            return answer.status == 200 and bool((await answer.json())["trading_ready"])
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


class WholeProduct:
    """`tradsy up` as a child process."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = product_environment(environment or {})
        self._child: Child | None = None

    @property
    def settings(self) -> Settings:
        """The settings that this process sees the installation with."""
        return Settings(data_dir=self.folder, demo=False)

    @property
    def truth_path(self) -> Path:
        """The venue's own file."""
        return self.folder / "sim" / "truth.jsonl"

    async def start(self) -> EngineAddresses:
        """Start it and wait until it trades."""
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        self._child = Child(
            "product",
            self._command,
            ready=self._ready,
            log_path=self.folder / "logs" / "product.log",
            environment=self._environment,
        )
        await self._child.start()
        addresses = Installation(self.settings).load_addresses()
        if addresses is None:
            raise BenchFailed("the product names no engines")
        return addresses

    async def stop(self) -> None:
        """Stop it in order."""
        if self._child is not None:
            child, self._child = self._child, None
            await child.stop()

    @property
    def pid(self) -> int:
        """Its process id."""
        if self._child is None or self._child.pid is None:
            raise BenchFailed("the product does not run")
        return self._child.pid

    @property
    def restarts(self) -> int:
        """How often it died."""
        return self._child.restarts if self._child else 0

    def _command(self) -> Sequence[str]:
        return [sys.executable, "-m", CLI, "up", "--data", str(self.folder), "--port", str(self.port)]

    async def _ready(self) -> None:
        async with aiohttp.ClientSession() as http:
            await until(lambda: is_ready(http, self.url))


def cpu_seconds(root: int) -> dict[str, float]:
    """Return the CPU time that a process and each of its children have used, by name (proc_pid_stat(5))."""
    tick = os.sysconf("SC_CLK_TCK")
    found: dict[str, float] = {}
    pending = [root]
    while pending:
        pid = pending.pop()
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        fields = stat.rpartition(")")[2].split()
        name = _process_name(stat[stat.index("(") + 1 : stat.rindex(")")], command)
        # utime and stime, and those of children that have ended.
        found[name] = found.get(name, 0) + sum(int(fields[place]) for place in (11, 12, 13, 14)) / tick
        pending.extend(int(child) for child in children)
    return found


def _process_name(name: str, command: Sequence[bytes]) -> str:
    if b"tradsy.sandbox" in command:
        return "venue"
    return "product" if CLI.encode() in command else name
