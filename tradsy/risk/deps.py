"""What the handlers of risk ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from tradsy.identity.deps import require
from tradsy.identity.model import Caller
from tradsy.platform.db import DbSession
from tradsy.risk.service import LimitSubject

LimitUse = Callable[[DbSession, LimitSubject], Awaitable[Mapping[str, Decimal | int]]]
"""How much of each limit is used now, by name; `entrypoints` may put one on `app.state.limit_use`."""


async def no_use(session: DbSession, subject: LimitSubject) -> Mapping[str, Decimal | int]:
    """Return no figures: nobody counts in this process."""
    return {}


async def get_limit_use(connection: HTTPConnection) -> LimitUse:
    """Return who counts the use of limits."""
    return cast("LimitUse", getattr(connection.app.state, "limit_use", no_use))


LimitUseDep = Annotated[LimitUse, Depends(get_limit_use)]
ReaderDep = Annotated[Caller, Depends(require("read"))]
TraderDep = Annotated[Caller, Depends(require("trade"))]
