"""What the handlers of connections ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from tradsy.brokers.capabilities import Capabilities
from tradsy.connections.model import ConnectionRecord
from tradsy.connections.paper import PaperVenue
from tradsy.identity.deps import require
from tradsy.identity.model import Caller
from tradsy.platform.vault import Vault


async def get_paper_venue(connection: HTTPConnection) -> PaperVenue:
    """Return the client of the paper venue."""
    return cast("PaperVenue", connection.app.state.paper)


async def get_vault(connection: HTTPConnection) -> Vault:
    """Return the process's vault."""
    return cast("Vault", connection.app.state.vault)


CapabilitiesOf = Callable[[ConnectionRecord], Capabilities]


async def get_capabilities_of(connection: HTTPConnection) -> CapabilitiesOf:
    """Return what tells a connection's capabilities: only the composition root knows the adapters."""
    return cast("CapabilitiesOf", connection.app.state.capabilities_of)


CapabilitiesDep = Annotated[CapabilitiesOf, Depends(get_capabilities_of)]
PaperVenueDep = Annotated[PaperVenue, Depends(get_paper_venue)]
VaultDep = Annotated[Vault, Depends(get_vault)]
ReaderDep = Annotated[Caller, Depends(require("read"))]
TraderDep = Annotated[Caller, Depends(require("trade"))]
