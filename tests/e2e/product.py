"""Starts `tradsy up` as a child process and drives it as a user does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tradsy.entrypoints.api_client import Answer, ApiClient, load_client
from tradsy.platform.engines.ports import free_port

T = TypeVar("T")
COMMAND = [sys.executable, "-m", "tradsy.entrypoints.cli.app"]


def until(condition: Callable[[], T], *, what: str, timeout: float = 60) -> T:
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} not reached within {timeout} s")
        time.sleep(0.05)
    return value


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADSY_")}
    return {**kept, "TRADSY_DATABASE_FSYNC": "false", "TRADSY_LOG_LEVEL": "WARNING", **changes}


def tradsy(*arguments: str | Path, data: Path | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments), *(["--data", str(data)] if data else [])]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, timeout=110, env=environment()
    )


@dataclass(slots=True)
class Child:
    """One running product."""

    process: subprocess.Popen[bytes]
    data: Path
    port: int
    said: Path
    hooks: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def api(self) -> ApiClient:
        """A client with the demo user's key."""
        return load_client(self.data, url=self.url)

    def run(self, *arguments: str | Path) -> str:
        """Run a command on this installation; it must succeed."""
        done = tradsy(*arguments, data=self.data)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def hook(self, kind: str = "tradingview", sizing: str = "multiplier", value: str = "1", mode: str = "auto") -> str:
        """Make a source that the demo account follows; return the path of its hook."""
        made = self.api.ask("POST", "/api/v1/sources", {"name": f"test {uuid.uuid4().hex[:8]}", "kind": kind})
        (account,) = [a for a in self.api.pages("/api/v1/accounts", 10) if a["state"] == "active"]
        follow = {
            "source_id": made["source"]["id"],
            "account_id": account["id"],
            "sizing_mode": sizing,
            "sizing_value": value,
            "mode": mode,
        }
        self.api.ask("POST", "/api/v1/follows", follow)
        return "/hooks/" + made["hook_url"].split("/hooks/", 1)[1]

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """Post to a hook, as a stranger."""
        return ApiClient(self.url).call(
            "POST", path, body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    def steps(self, trace_id: str) -> list[dict[str, Any]]:
        return self.api.ask("GET", f"/api/v1/traces/{trace_id}")["steps"]

    def until_step(self, trace_id: str, name: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((s for s in self.steps(trace_id) if s["step"] == name), None)

        step = until(found, what=f"step {name} of {trace_id}")
        assert step is not None
        return step

    def engine(self, name: str) -> psutil.Process:
        """The child process of an engine: `postgres` or `nats-server`."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if child.name().startswith(name))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.said.read_text()


def start(data: Path, variables: Mapping[str, str], port: int = 0) -> Child:
    """Start the product and wait until it may trade."""
    port = port or free_port()
    said = data.with_name(f"{data.name}.said")
    with said.open("wb") as output:
        process = subprocess.Popen(
            [*COMMAND, "up", "--data", str(data), "--port", str(port)],
            stderr=output, stdout=output, env=environment(**variables),
        )  # fmt: skip
    child = Child(process, data, port, said)

    def ready() -> bool:
        assert process.poll() is None, said.read_text()
        return "Ready to trade" in said.read_text()

    until(ready, what="trading", timeout=100)
    return child


@contextmanager
def running(data: Path, **variables: str) -> Generator[Child]:
    child = start(data, variables)
    try:
        yield child
    finally:
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGTERM)
            child.process.wait(60)
