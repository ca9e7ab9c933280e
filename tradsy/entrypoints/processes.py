"""What a Tradsy process does from start to stop: everything in one, or one role of many."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
import uvicorn
from nats.aio.msg import Msg

from tradsy.audit.checkpoints import Checkpointer
from tradsy.audit.self_test import self_test
from tradsy.domain.errors import TradsyError, Unavailable
from tradsy.entrypoints.container import Container, open_container
from tradsy.entrypoints.http import Rooms, create_app
from tradsy.entrypoints.jobs import JOBS
from tradsy.entrypoints.streams import build_gateway
from tradsy.entrypoints.supervisor import Supervisor
from tradsy.execution.bars import BarsDesk
from tradsy.execution.owner import Owner
from tradsy.execution.preview import Previewer
from tradsy.identity.setup import ensure_setup_link
from tradsy.market_data.feed import QuoteRelay
from tradsy.platform.engines.ports import free_port
from tradsy.platform.failpoints import arm_from_environment
from tradsy.platform.installation import EngineAddresses, Installation, UnsafeInstallation
from tradsy.platform.jobs import JobWorker, Scheduler
from tradsy.platform.logging import forbid_core_dumps
from tradsy.platform.migrate import migrate
from tradsy.platform.outbox import Event
from tradsy.platform.settings import Settings
from tradsy.portfolio.live import PnlPublisher

log = structlog.get_logger(__name__)

NUDGES = ("plans.approved", "commands.requested", "connections.opened")
"""Events that a worker wants to hear of at once, from whichever process they come; all hints are meant for workers."""


class Nudges:
    """Brings the events of other processes to this one's owner; what it misses, the owner's sweeps find."""

    def __init__(self, container: Container, owner: Owner) -> None:
        self._container = container
        self._owner = owner
        self._own: deque[str] = deque(maxlen=4096)
        self._known: set[str] = set()

    async def start(self) -> None:
        """Listen to the bus."""
        self._container.outbox.listen(self._remember)
        for name in NUDGES:
            await self._hear(f"tradsy.events.{name}")
            await self._hear(f"tradsy.users.*.{name}")
        await self._hear("tradsy.hints.>")

    async def _hear(self, subject: str) -> None:
        await self._container.bus.client.subscribe(subject, cb=self._receive)  # pyright: ignore[reportUnknownMemberType] - nats-py leaves its callbacks untyped

    def _remember(self, event: Event) -> None:
        """The owner heard of this process's own events when they were committed."""
        if len(self._own) == self._own.maxlen:
            self._known.discard(self._own[0])
        self._own.append(str(event.id))
        self._known.add(str(event.id))

    async def _receive(self, message: Msg) -> None:
        body: dict[str, Any] = orjson.loads(message.data)
        if body["id"] not in self._known:
            self._owner.hear(body["name"], body["payload"])


@asynccontextmanager
async def running_worker(container: Container, *, is_alone: bool = False) -> AsyncGenerator[Owner]:
    """Own accounts while the block runs: claim partitions, execute, keep checkpoints of the audit log.

    With `is_alone` no other process serves requests, so none needs this one's quotes.
    """
    owner = container.build_owner()
    nudges = Nudges(container, owner)
    checkpointer = Checkpointer(container.database, container.installation, container.clock)
    scheduler = Scheduler(container.database, container.outbox, container.clock, JOBS)
    jobs = JobWorker(container.database, container.bus, container.clock, JOBS)
    await nudges.start()
    await owner.start()
    await jobs.start()
    await scheduler.start()
    live = PnlPublisher(container.database, container.bus, container.clock, container.quotes, owns=owner.owns_user)
    container.outbox.listen(live.hear)
    await live.start()
    previewer = Previewer(container.database, container.bus, container.clock, container.quotes, owner.planner)
    await previewer.start()
    bars = BarsDesk(container.bus, container.clock, find=owner.find_account)
    await bars.start()
    relay = QuoteRelay(container.bus, container.quotes)
    if not is_alone:
        await relay.start(publish=True)
    tasks = [
        asyncio.create_task(checkpointer.run(), name="audit checkpoints"),
        asyncio.create_task(container.keep_calendars(), name="calendars"),
    ]
    try:
        yield owner
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bars.stop()
        await previewer.stop()
        await live.stop()
        await relay.stop()
        await scheduler.stop()
        await jobs.stop()
        await owner.stop()


class _Server(uvicorn.Server):
    """uvicorn inside our own loop: signals are ours to handle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class PortTaken(TradsyError):
    """Something else listens on the product's port."""

    code = "port_taken"
    title = "The port is taken"


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that holds the port; 0 takes a free one.

    Raises:
        PortTaken: it cannot be had.
    """
    try:
        # Only a live listener is in the way: SO_REUSEADDR passes over connections that still linger.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror
        raise PortTaken(
            f"Port {port} of {host} cannot be opened: {reason}. Stop that program, or choose another with --port."
        ) from None


@asynccontextmanager
async def serving(
    container: Container, *, owner: Owner | None, port: int, rooms: Rooms = Rooms.ALL
) -> AsyncGenerator[int]:
    """Serve HTTP while the block runs; yield the port."""

    async def trading_ready() -> None:
        if owner is not None and not owner.is_trading_ready:
            raise Unavailable("accounts are being opened")

    listener = listening_socket(container.settings.host, port)
    relay = QuoteRelay(container.bus, container.quotes)
    if owner is None:
        await relay.start(publish=False)
    gateway = build_gateway(container) if rooms.has_streams else None
    forbid_core_dumps()
    app = create_app(container, rooms=rooms, gateway=gateway, trading_ready=trading_ready if owner else None)
    if gateway is not None:
        await gateway.start()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        lifespan="off",
        timeout_graceful_shutdown=5,
        ws_max_size=65_536,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        backlog=2048,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    while not server.started:
        if task.done():
            task.result()
            raise Unavailable("the web server ended while it started")
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        # Streams are told to come back elsewhere before the server stops taking requests.
        if gateway is not None:
            await gateway.stop()
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        if owner is None:
            await relay.stop()
        app.state.identity.close()


def settle_memory() -> None:
    """Take what start-up made out of the garbage collector's sight: a full collection of it would stall orders."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


@dataclass(frozen=True, slots=True)
class Started:
    """The product, serving."""

    container: Container
    owner: Owner
    url: str
    setup_link: str | None
    """For the first admin, while there is none."""


@asynccontextmanager
async def everything(settings: Settings) -> AsyncGenerator[Started]:
    """Run the whole product while the block runs, on embedded engines where the settings name none.

    Raises:
        AlreadyRunning: another process holds the data folder.
        PortTaken: something else listens on the port.
    """
    settings = with_port(settings)
    installation = Installation(settings)
    installation.lock()
    supervisor = Supervisor(installation)
    try:
        listening_socket(settings.host, settings.port).close()
        addresses = await supervisor.start()
        await migrate(addresses.database_url, installation)
        async with open_container(settings, addresses) as container:
            await self_test(container.database)
            async with (
                running_worker(container, is_alone=True) as owner,
                serving(container, owner=owner, port=settings.port),
            ):
                async with container.database.as_engine() as session:
                    link = await ensure_setup_link(session, site_url=settings.url, at=container.clock.now())
                settle_memory()
                yield Started(container, owner, settings.url, link)
    finally:
        await supervisor.stop()
        installation.unlock()


def with_port(settings: Settings) -> Settings:
    """Return settings that name the port: links and hook addresses must know it before anything listens."""
    return settings if settings.port else settings.model_copy(update={"port": free_port()})


def required_addresses(settings: Settings) -> EngineAddresses:
    """Return where the engines of this installation listen.

    Raises:
        UnsafeInstallation: neither the settings nor a running supervisor tell.
    """
    addresses = Installation(settings).load_addresses()
    if addresses is None:
        raise UnsafeInstallation(
            "No engines: set TRADSY_DATABASE_URL and TRADSY_NATS_URL, or start `tradsy up` on this data folder first."
        )
    return addresses


async def run_role(settings: Settings, role: str, *, announce: Callable[[str], None]) -> None:
    """Run one role (`api`, `worker` or `stream`) against engines that run elsewhere."""
    arm_from_environment()
    stop = stop_on_signals()
    async with open_container(settings, required_addresses(settings)) as container:
        if role == "worker":
            async with running_worker(container):
                settle_memory()
                announce("The worker owns accounts now.")
                await stop.wait()
        else:
            async with serving(container, owner=None, port=settings.port, rooms=Rooms(role)) as port:
                announce(f"Tradsy's {role} is at http://localhost:{port}")
                await stop.wait()
