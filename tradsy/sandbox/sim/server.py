"""The process: two ports, the market's beat, one line on standard output when ready."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Self

import orjson

from tradsy.sandbox.control import ControlApi
from tradsy.sandbox.http import Listener
from tradsy.sandbox.sim.rest import RestApi, quotes_message
from tradsy.sandbox.sim.venue import AccountSpec, Idempotency, SimVenue

BEAT_S = 0.25
log = logging.getLogger("tradsy.sandbox.sim")


@dataclass(frozen=True, slots=True)
class SimOptions:
    """Command line of `python -m tradsy.sandbox sim`."""

    data: Path
    port: int = 0
    """0 takes a free one."""
    control_port: int = 0
    seed: int = 1
    accounts: int = 1
    """Opened at the first start on a data folder."""
    idempotency: Idempotency = Idempotency.UNIQUE
    always_open: bool = False
    slippage_bps: Decimal = Decimal(0)
    cash: Decimal = Decimal(100_000)


class SimServer:
    """The venue on its sockets; `async with` starts and stops it."""

    def __init__(self, options: SimOptions) -> None:
        self.options = options
        self.venue: SimVenue
        self._beat: asyncio.Task[None] | None = None

    async def start(self) -> None:
        o = self.options
        self.venue = SimVenue(
            o.data, seed=o.seed, idempotency=o.idempotency, always_open=o.always_open, slippage_bps=o.slippage_bps
        )
        self._rest = RestApi(self.venue)
        self._public = Listener(self._rest.handle, o.port)
        control = ControlApi(self.venue)
        self._control = Listener(control.handle, o.control_port)
        if self.venue.is_new:
            for _ in range(o.accounts):
                self.venue.open_account(AccountSpec(o.cash, o.idempotency))
        await self.venue.truth.commit()
        await self._public.start()
        await self._control.start()
        control.addresses = {key: self.ready[key] for key in ("url", "ws_url")}
        self._beat = asyncio.create_task(self._run_market())

    async def stop(self) -> None:
        if self._beat:
            self._beat.cancel()
            with suppress(asyncio.CancelledError):
                await self._beat
        await self._public.stop()
        await self._control.stop()
        await self.venue.truth.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def ready(self) -> dict[str, Any]:
        """What is printed when ready; `credentials` are those of the accounts opened by the command line."""
        port, control = self._public.port, self._control.port
        first = [(a.account_id, a.login) for a in islice(self.venue.engine.accounts.values(), self.options.accounts)]
        return {
            "venue": "sim",
            "url": f"http://127.0.0.1:{port}",
            "ws_url": f"ws://127.0.0.1:{port}",
            "control_url": f"http://127.0.0.1:{control}",
            "credentials": [
                {"account": account, "fields": {"api_key": key, "api_secret": self.venue.logins[key].secret}}
                for account, key in first
            ],
        }

    async def _run_market(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            quotes = self.venue.step()
            if self._rest.quote_sockets:
                message = quotes_message(quotes, self.venue)
                for socket in self._rest.quote_sockets:
                    socket.put(message)


def run(options: SimOptions) -> None:
    """Run the venue until SIGTERM or SIGINT; prints the ready line."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    _raise_file_limit()
    try:
        from uvloop import new_event_loop
    except ImportError:
        from asyncio import new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_main(options))


def _raise_file_limit() -> None:
    """Take as many sockets as the system gives: one per stream."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _main(options: SimOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with SimServer(options) as server:
        sys.stdout.write(orjson.dumps(server.ready).decode() + "\n")
        sys.stdout.flush()
        log.info("sim venue ready, truth in %s", server.venue.path)
        await stop.wait()
