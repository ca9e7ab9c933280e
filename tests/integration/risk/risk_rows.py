"""Users with accounts and sources, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from tradsy.domain.ids import AccountId, SourceId, UserId
from tradsy.platform.db import Database, DbSession, sql
from tradsy.platform.ids import new_id
from tradsy.risk.service import LimitSubject

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Tenant:
    """One user with one account and one private source."""

    user_id: UserId
    account_id: AccountId
    source_id: SourceId

    @property
    def subject(self) -> LimitSubject:
        return LimitSubject(self.user_id, self.account_id, self.source_id)


async def add_tenants(database: Database, count: int) -> list[Tenant]:
    tenants = [Tenant(UserId(new_id()), AccountId(new_id()), SourceId(new_id())) for _ in range(count)]
    async with database.as_engine() as session:
        for tenant in tenants:
            connection = new_id()
            await session.execute(
                sql(
                    "insert into connections (id, user_id, venue, label, environment, partition, idempotency, state, "
                    "created_at, updated_at) values (:id, :user, 'sim', 'x', 'paper', 0, 'A', 'active', :now, :now)"
                ),
                {"id": connection, "user": tenant.user_id, "now": NOW},
            )
            await session.execute(
                sql(
                    "insert into accounts (id, user_id, connection_id, venue, venue_account_id, label, partition, "
                    "is_paper, state, created_at) values (:id, :user, :connection, 'sim', :venue_id, 'x', 0, true, "
                    "'active', :now)"
                ),
                {
                    "id": tenant.account_id,
                    "user": tenant.user_id,
                    "connection": connection,
                    "venue_id": str(tenant.account_id),
                    "now": NOW,
                },
            )
            await add_source(session, tenant.user_id, tenant.source_id)
    return tenants


async def add_source(session: DbSession, user_id: UserId, source_id: UUID, *, visibility: str = "private") -> None:
    await session.execute(
        sql(
            "insert into sources (id, user_id, name, kind, visibility, state, created_at) "
            "values (:id, :user, :name, 'api', :visibility, 'active', :now)"
        ),
        {"id": source_id, "user": user_id, "name": str(source_id), "visibility": visibility, "now": NOW},
    )


async def add_tenant(database: Database) -> Tenant:
    (tenant,) = await add_tenants(database, 1)
    return tenant
