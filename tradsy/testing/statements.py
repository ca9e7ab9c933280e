"""What a block asks of the database."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tradsy.platform.db import DbSession, Result, Statement

_counting: ContextVar[bool] = ContextVar("counting", default=False)


@contextmanager
def counted_statements() -> Generator[list[str]]:
    """Collect every statement of the block's task and of the tasks that it starts, in any transaction."""
    found: list[str] = []
    execute = DbSession.execute
    token = _counting.set(True)

    async def noting(self: DbSession, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Result:
        if _counting.get():
            found.append(statement.text)
        return await execute(self, statement, parameters)

    DbSession.execute = noting
    try:
        yield found
    finally:
        DbSession.execute = execute
        _counting.reset(token)
