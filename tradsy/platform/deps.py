"""What request handlers may ask for: things that `entrypoints` built once and put on the application's state.

All of them are coroutines: FastAPI runs a plain function in a thread, which costs more than what these do.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from tradsy.platform.bus import Bus
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database
from tradsy.platform.installation import Installation
from tradsy.platform.outbox import OutboxPublisher
from tradsy.platform.settings import Settings


async def get_database(connection: HTTPConnection) -> Database:
    """Return the process's database pools."""
    return cast("Database", connection.app.state.database)


async def get_clock(connection: HTTPConnection) -> Clock:
    """Return the process's clock."""
    return cast("Clock", connection.app.state.clock)


async def get_outbox(connection: HTTPConnection) -> OutboxPublisher:
    """Return the process's publisher of committed events."""
    return cast("OutboxPublisher", connection.app.state.outbox)


async def get_bus(connection: HTTPConnection) -> Bus:
    """Return the process's bus."""
    return cast("Bus", connection.app.state.bus)


async def get_settings(connection: HTTPConnection) -> Settings:
    """Return the installation's settings."""
    return cast("Settings", connection.app.state.settings)


async def get_installation(connection: HTTPConnection) -> Installation:
    """Return the installation."""
    return cast("Installation", connection.app.state.installation)


DatabaseDep = Annotated[Database, Depends(get_database)]
ClockDep = Annotated[Clock, Depends(get_clock)]
OutboxDep = Annotated[OutboxPublisher, Depends(get_outbox)]
BusDep = Annotated[Bus, Depends(get_bus)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
InstallationDep = Annotated[Installation, Depends(get_installation)]
