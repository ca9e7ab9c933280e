"""The HTTP application: every module's routes under `/api/v1`, hooks and operations beside them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

import aiohttp
from fastapi import APIRouter, FastAPI, Request

from tradsy.audit import endpoints as audit
from tradsy.audit.deps import AuditReader
from tradsy.connections import endpoints as connections
from tradsy.domain.errors import Forbidden
from tradsy.entrypoints import demo_routes, pages
from tradsy.entrypoints.container import Container, build_id
from tradsy.execution import charts, tickets
from tradsy.execution import endpoints as execution
from tradsy.follows import endpoints as follows
from tradsy.identity import deps as identity
from tradsy.identity import endpoints as identity_routes
from tradsy.identity.deps import get_caller, get_identity
from tradsy.identity.model import Role, Scope
from tradsy.market_data import endpoints as market_data
from tradsy.platform import health, metrics
from tradsy.platform.health import ReadinessProbes
from tradsy.platform.outbox import emitted
from tradsy.platform.web import customize_openapi, install_web
from tradsy.portfolio import endpoints as portfolio
from tradsy.realtime import endpoints as realtime
from tradsy.realtime.gateway import RealtimeGateway
from tradsy.risk import endpoints as risk
from tradsy.signals import endpoints as signals
from tradsy.signals import hooks

API = "/api/v1"


class Rooms(StrEnum):
    """Which routes a process serves beside identity and operations."""

    ALL = "all"
    API = "api"
    STREAM = "stream"

    @property
    def has_streams(self) -> bool:
        """Whether sockets are served."""
        return self is not Rooms.API


def create_app(
    container: Container,
    *,
    rooms: Rooms = Rooms.ALL,
    gateway: RealtimeGateway | None = None,
    trading_ready: Callable[[], Awaitable[None]] | None = None,
) -> FastAPI:
    """Return the application of one process."""
    app = _new_app()
    state = app.state
    state.container = container
    state.settings = container.settings
    state.installation = container.installation
    state.database = container.database
    state.bus = container.bus
    state.outbox = container.outbox
    state.clock = container.clock
    state.vault = container.vault
    state.http = container.http
    state.paper = container.paper
    state.quotes = container.quotes
    state.catalog = container.catalog
    state.calendars = container.calendars
    state.kills = container.kills
    state.capabilities_of = container.capabilities_of
    state.readiness = _probes(container, trading_ready)
    identity.install(app)
    install_web(app, container.settings)
    # Audit stands below identity, so who is reading a chain is told to it here.
    state.open_audit_reader = _open_audit_reader
    if gateway is not None:
        state.realtime = gateway
    _add_routes(app, rooms, has_streams=gateway is not None)
    if rooms is not Rooms.STREAM:
        pages.install(app)
    return app


def describe_api() -> dict[str, Any]:
    """Return the OpenAPI document of the whole product, which needs nothing to run."""
    app = _new_app()
    _add_routes(app, Rooms.ALL, has_streams=True)
    customize_openapi(app)
    return app.openapi()


def _new_app() -> FastAPI:
    return FastAPI(
        title="Tradsy",
        version=build_id(),
        description="From trade signals to risk-checked orders, exactly once.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        # The framework's redirect would name whatever host the request claims.
        redirect_slashes=False,
    )


def _add_routes(app: FastAPI, rooms: Rooms, *, has_streams: bool) -> None:
    if rooms is not Rooms.STREAM:
        # Routes are matched in their order, and hooks are the ones that must answer fast.
        app.include_router(hooks.router)
        for router in _api_routers():
            app.include_router(router, prefix=API)
        app.include_router(identity_routes.setup_router)
    if has_streams:
        app.include_router(realtime.router, prefix=API)
        app.include_router(realtime.socket_router)
    app.include_router(health.router)
    app.include_router(metrics.router)


def _api_routers() -> list[APIRouter]:
    return [
        identity_routes.router,
        signals.router,
        follows.router,
        connections.router,
        market_data.router,
        risk.router,
        execution.router,
        tickets.router,
        charts.router,
        portfolio.router,
        audit.router,
        demo_routes.router,
    ]


@asynccontextmanager
async def _open_audit_reader(request: Request) -> AsyncGenerator[AuditReader]:
    caller = await get_caller(request, get_identity(request))
    if not caller.can(Scope.READ):
        raise Forbidden
    state = request.app.state
    async with state.database.as_user(caller.user_id) as session:
        yield AuditReader(caller.user_id, caller.actor, caller.role is Role.ADMIN, session)
    state.outbox.hand_over(emitted(session))


def _probes(container: Container, trading_ready: Callable[[], Awaitable[None]] | None) -> ReadinessProbes:
    probes = ReadinessProbes()

    async def bus() -> None:
        await container.bus.client.flush(timeout=1)

    async def sim() -> None:
        url = f"{container.addresses.sim_control_url}/health"
        async with container.http.get(url, timeout=aiohttp.ClientTimeout(total=1)) as answer:
            answer.raise_for_status()

    probes.add("database", container.database.ping)
    probes.add("bus", bus)
    probes.add("sim", sim, trading_only=True)
    if trading_ready is not None:
        probes.add("accounts", trading_ready, trading_only=True)
    return probes
