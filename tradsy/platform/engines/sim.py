"""The paper venue `sim` as a child process: on ports that stay the same over restarts, with its own ground truth."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

import aiohttp

from tradsy.platform.engines.child import Child, until
from tradsy.platform.engines.ports import free_port
from tradsy.platform.installation import Installation


class EmbeddedSim:
    """One paper venue in `<data>/sim`."""

    def __init__(self, installation: Installation, *, always_open: bool = True, options: Sequence[str] = ()) -> None:
        self._installation = installation
        self._home = installation.root / "sim"
        self._always_open = always_open
        self._options = options
        self.port = 0
        self.control_port = 0
        self.child: Child | None = None

    @property
    def url(self) -> str:
        """Base of the venue's REST routes."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def control_url(self) -> str:
        """Base of the venue's control API."""
        return f"http://127.0.0.1:{self.control_port}"

    async def start(self) -> None:
        """Start the venue and wait until it answers."""
        await asyncio.to_thread(self._choose_ports)
        self.child = Child(
            "sim",
            self._command,
            ready=self._ready,
            log_path=self._installation.root / "logs" / "sim.log",
        )
        await self.child.start()

    def _choose_ports(self) -> None:
        """Keep the ports of the last start where nobody took them: linked accounts reconnect by themselves."""
        self._home.mkdir(exist_ok=True, mode=0o700)
        path = self._home / "ports.json"
        if not self.port and path.exists():
            self.port, self.control_port = json.loads(path.read_text())
        self.port = free_port(self.port)
        self.control_port = free_port(self.control_port)
        path.write_text(json.dumps([self.port, self.control_port]))

    def _command(self) -> Sequence[str]:
        return [
            sys.executable,
            "-m",
            "tradsy.sandbox",
            "sim",
            "--port",
            str(self.port),
            "--control-port",
            str(self.control_port),
            "--data",
            str(self._home),
            *(["--always-open"] if self._always_open else []),
            *self._options,
        ]

    async def stop(self) -> None:
        """Stop the venue; its accounts stay in its truth file."""
        if self.child is not None:
            await self.child.stop()

    @property
    def _pid(self) -> int | None:
        return self.child.pid if self.child else None

    async def _ready(self) -> None:
        async with aiohttp.ClientSession() as http:

            async def probe() -> bool:
                try:
                    async with http.get(f"{self.control_url}/health") as answer:
                        # The port was free a moment ago: somebody else's venue may listen there by now.
                        return answer.status == 200 and (await answer.json())["pid"] == self._pid
                except (aiohttp.ClientError, ValueError, LookupError):
                    return False

            await until(probe)
