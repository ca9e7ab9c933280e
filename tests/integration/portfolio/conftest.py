"""Users with accounts, written straight into the tables that another module owns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tradsy.domain.ids import AccountId, UserId
from tradsy.platform.db import Database, sql
from tradsy.platform.ids import new_id

NewAccount = Callable[..., Awaitable[tuple[UserId, AccountId]]]


@pytest.fixture
def new_account(database: Database) -> NewAccount:
    async def make(user_id: UUID | None = None) -> tuple[UserId, AccountId]:
        user, connection, account = user_id or new_id(), new_id(), new_id()
        at = datetime(2026, 11, 20, tzinfo=UTC)
        async with database.as_engine() as session:
            await session.execute(
                sql(
                    "insert into connections (id, user_id, venue, label, environment, partition, idempotency, state, "
                    "created_at, updated_at) values (:c, :u, 'sim', 'Paper', 'paper', 0, 'A', 'active', :at, :at)"
                ),
                {"c": connection, "u": user, "at": at},
            )
            await session.execute(
                sql(
                    "insert into accounts (id, user_id, connection_id, venue, venue_account_id, label, partition, "
                    "is_paper, state, created_at) values (:a, :u, :c, 'sim', 'S1', 'Paper', 0, true, 'active', :at)"
                ),
                {"a": account, "u": user, "c": connection, "at": at},
            )
        return UserId(user), AccountId(account)

    return make
