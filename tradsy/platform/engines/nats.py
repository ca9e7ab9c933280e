"""Embedded NATS JetStream: one child process on a loopback port, durable on every message, with a credential."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tradsy.domain.errors import TradsyError
from tradsy.platform.engines.child import Child, until
from tradsy.platform.engines.ports import free_port
from tradsy.platform.installation import Installation

_CONFIG = """\
server_name: "{name}"
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{store}", sync_interval: always, max_memory_store: 64MB, max_file_store: 8GB }}
authorization {{ user: tradsy, password: "{password}", timeout: 5 }}
max_payload: 1MB
{cluster}"""

_CLUSTER = """\
cluster {{ name: tradsy, listen: "127.0.0.1:{port}", routes: [{routes}],
  authorization {{ user: route, password: "{password}", timeout: 5 }} }}
"""


class NatsMissing(TradsyError):
    """The NATS server binary is not installed."""

    code = "nats_missing"
    title = "nats-server is not installed"


def find_server() -> str:
    """Return the path of the `nats-server` binary beside this Python, or on the PATH.

    Raises:
        NatsMissing: there is none.
    """
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise NatsMissing
    return found


class EmbeddedNats:
    """One NATS server in `<data>/nats`; `cluster_port` and `routes` make it a node of a local cluster."""

    def __init__(
        self,
        installation: Installation,
        *,
        name: str = "nats",
        cluster_port: int | None = None,
        routes: Sequence[int] = (),
    ) -> None:
        self._installation = installation
        self._name = name
        self._home = installation.root / name
        self._password = installation.derive_password("nats")
        self._cluster_port = cluster_port
        self._routes = routes
        self.port = 0
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """Address with the installation's credential."""
        return f"nats://tradsy:{self._password}@127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start the server and wait until it takes connections."""
        self._home.mkdir(exist_ok=True, mode=0o700)
        self.port = free_port(self.port)
        config = self._home / "nats.conf"
        config.touch(mode=0o600)
        config.write_text(
            _CONFIG.format(
                name=f"tradsy-{self._name}",
                port=self.port,
                store=self._home / "jetstream",
                password=self._password,
                cluster=self._cluster_config(),
            )
        )
        self.child = Child(
            self._name,
            lambda: [find_server(), "-c", str(config)],
            ready=self._ready,
            log_path=self._installation.root / "logs" / f"{self._name}.log",
            environment={"PATH": "/usr/bin:/bin"},
        )
        await self.child.start()

    def _cluster_config(self) -> str:
        if self._cluster_port is None:
            return ""
        password = self._installation.derive_password("nats-route")
        routes = ", ".join(f'"nats://route:{password}@127.0.0.1:{port}"' for port in self._routes)
        return _CLUSTER.format(port=self._cluster_port, routes=routes, password=password)

    async def stop(self) -> None:
        """Stop the server in order."""
        if self.child is not None:
            await self.child.stop()

    async def _ready(self) -> None:
        async def probe() -> bool:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return False
            try:
                return (await reader.readline()).startswith(b"INFO")
            finally:
                writer.close()

        await until(probe)
