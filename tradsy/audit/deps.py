"""Who reads. Audit stands below identity, so it names what it needs and the composition root binds it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from tradsy.domain.errors import Unauthenticated
from tradsy.domain.ids import UserId
from tradsy.platform.db import DbSession


@dataclass(frozen=True, slots=True)
class AuditReader:
    """A proved caller who may read, as far as audit cares."""

    user_id: UserId
    actor: str
    """`user:<id>` or `api_key:<id>`."""
    is_admin: bool
    session: DbSession
    """The caller's transaction; it commits before the answer leaves."""


ReaderOpener = Callable[[Request], AbstractAsyncContextManager[AuditReader]]
"""Turns a request's credential into a reader with a transaction; raises as every route does for a bad one."""


async def get_reader(request: Request) -> AsyncGenerator[AuditReader]:
    """Yield who is reading, as `app.state.open_audit_reader` tells: identity stands above audit.

    Raises:
        Unauthenticated: nobody tells in this process.
    """
    opener = cast("ReaderOpener | None", getattr(request.app.state, "open_audit_reader", None))
    if opener is None:
        raise Unauthenticated
    async with opener(request) as reader:
        yield reader


ReaderDep = Annotated[AuditReader, Depends(get_reader, scope="function")]
