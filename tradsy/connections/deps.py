"""What the handlers of connections ask for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

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


PaperVenueDep = Annotated[PaperVenue, Depends(get_paper_venue)]
VaultDep = Annotated[Vault, Depends(get_vault)]
ReaderDep = Annotated[Caller, Depends(require("read"))]
TraderDep = Annotated[Caller, Depends(require("trade"))]
