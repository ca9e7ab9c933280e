"""All SQL of connections."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from tradsy.connections.model import AccountRecord, AccountState, ConnectionRecord, ConnectionState
from tradsy.domain.ids import AccountId, ConnectionId, UserId
from tradsy.platform.db import DbSession, Row, dump_json, sql

_CONNECTION = (
    "id, user_id, venue, label, environment, partition, idempotency, config, credential, credential_hint, state, "
    "state_reason, is_demo, created_at, updated_at"
)
_ACCOUNT = (
    "id, user_id, connection_id, venue, venue_account_id, label, currency, partition, is_paper, is_primary, is_demo, "
    "state, created_at"
)


async def insert_connections(session: DbSession, records: Sequence[ConnectionRecord]) -> None:
    """Insert connections and their accounts: two statements."""
    await session.execute(
        sql(
            f"insert into connections ({_CONNECTION}) select n.id, n.user_id, n.venue, n.label, n.environment, "
            "n.partition, n.idempotency, cast(n.config as jsonb), n.credential, n.hint, n.state, '', n.is_demo, n.at, "
            "n.at from unnest(cast(:id as uuid[]), cast(:user_id as uuid[]), cast(:venue as text[]), "
            "cast(:label as text[]), cast(:environment as text[]), cast(:partition as int[]), "
            "cast(:idempotency as text[]), cast(:config as text[]), cast(:credential as bytea[]), "
            "cast(:hint as text[]), cast(:state as text[]), cast(:is_demo as boolean[]), cast(:at as timestamptz[])) "
            "as n (id, user_id, venue, label, environment, partition, idempotency, config, credential, hint, state, "
            "is_demo, at)"
        ),
        {
            "id": [r.id for r in records],
            "user_id": [r.user_id for r in records],
            "venue": [r.venue for r in records],
            "label": [r.label for r in records],
            "environment": [r.environment for r in records],
            "partition": [r.partition for r in records],
            "idempotency": [r.idempotency.value for r in records],
            "config": [dump_json(dict(r.config)) for r in records],
            "credential": [r.credential for r in records],
            "hint": [r.credential_hint for r in records],
            "state": [r.state.value for r in records],
            "is_demo": [r.is_demo for r in records],
            "at": [r.created_at for r in records],
        },
    )
    accounts = [account for record in records for account in record.accounts]
    await session.execute(
        sql(
            f"insert into accounts ({_ACCOUNT}) select * from unnest(cast(:id as uuid[]), cast(:user_id as uuid[]), "
            "cast(:connection_id as uuid[]), cast(:venue as text[]), cast(:venue_account_id as text[]), "
            "cast(:label as text[]), cast(:currency as text[]), cast(:partition as int[]), "
            "cast(:is_paper as boolean[]), cast(:is_primary as boolean[]), cast(:is_demo as boolean[]), "
            "cast(:state as text[]), cast(:created_at as timestamptz[]))"
        ),
        {name: [_plain(getattr(account, name)) for account in accounts] for name in _ACCOUNT.split(", ")},
    )


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, AccountState) else value


async def users_with_primary(session: DbSession, users: Collection[UserId]) -> set[UserId]:
    """Return those of `users` who have a primary account."""
    rows = await session.execute(
        sql("select distinct user_id from accounts where user_id = any(:u) and is_primary and state <> 'closed'"),
        {"u": list(users)},
    )
    return {UserId(row.user_id) for row in rows}


async def count_open(session: DbSession, user_id: UserId) -> int:
    """Return how many connections of the user are not closed."""
    rows = await session.execute(
        sql("select count(*) from connections where user_id = :u and state <> 'closed'"), {"u": user_id}
    )
    return rows.scalar_one()


async def list_owned(session: DbSession, partitions: Sequence[int]) -> list[ConnectionRecord]:
    """Return all connections of the partitions that are not closed, with their accounts: two statements."""
    rows = await session.execute(
        sql(f"select {_CONNECTION} from connections where partition = any(:p) and state <> 'closed' order by id"),
        {"p": list(partitions)},
    )
    accounts = await session.execute(
        sql(f"select {_ACCOUNT} from accounts where partition = any(:p) and state <> 'closed' order by id"),
        {"p": list(partitions)},
    )
    return _join(rows.all(), accounts.all())


async def list_missing(
    session: DbSession, partitions: Sequence[int], known: Collection[ConnectionId]
) -> list[ConnectionId]:
    """Return the connections of the partitions that are not closed and not among `known`."""
    rows = await session.scalars(
        sql("select id from connections where partition = any(:p) and state <> 'closed' and id <> all(:known)"),
        {"p": list(partitions), "known": list(known)},
    )
    return [ConnectionId(connection_id) for connection_id in rows]


async def list_connections(
    session: DbSession, *, after: ConnectionId | None = None, limit: int | None = None
) -> list[ConnectionRecord]:
    """Return the connections that the session's role may see, oldest first."""
    found = await session.execute(
        sql(
            f"select {_CONNECTION} from connections where cast(:after as uuid) is null or id > :after "
            "order by id limit :limit"
        ),
        {"after": after, "limit": limit},
    )
    rows = found.all()
    accounts = await session.execute(
        sql(f"select {_ACCOUNT} from accounts where connection_id = any(:ids) order by id"),
        {"ids": [row["id"] for row in rows]},
    )
    return _join(rows, accounts.all())


async def find_connection(
    session: DbSession, connection_id: ConnectionId, *, lock: bool = False
) -> ConnectionRecord | None:
    """Return one connection, locked when it is about to change."""
    found = await session.execute(
        sql(f"select {_CONNECTION} from connections where id = :id {'for update' if lock else ''}"),
        {"id": connection_id},
    )
    row = found.first()
    if row is None:
        return None
    accounts = await session.execute(
        sql(f"select {_ACCOUNT} from accounts where connection_id = :id order by id"), {"id": connection_id}
    )
    return _join([row], accounts.all())[0]


def _join(rows: Sequence[Row], accounts: Sequence[Row]) -> list[ConnectionRecord]:
    of: dict[ConnectionId, list[AccountRecord]] = {}
    for row in accounts:
        account = AccountRecord.from_row(dict(row))
        of.setdefault(account.connection_id, []).append(account)
    return [ConnectionRecord.from_row(dict(row), of.get(row["id"], [])) for row in rows]


async def set_state(
    session: DbSession, connection_id: ConnectionId, state: ConnectionState, reason: str, at: datetime
) -> None:
    """Write a connection's state, and its accounts' after it; closing erases the credential."""
    await session.execute(
        sql(
            "with c as (update connections set state = :state, state_reason = :reason, updated_at = :at, "
            "credential = case when :state = 'closed' then null else credential end where id = :id returning id) "
            "update accounts a set state = :account_state, "
            "is_primary = a.is_primary and :account_state <> 'closed' from c where a.connection_id = c.id"
        ),
        {
            "id": connection_id,
            "state": state.value,
            "account_state": _ACCOUNT_STATES[state].value,
            "reason": reason,
            "at": at,
        },
    )


_ACCOUNT_STATES = {
    ConnectionState.ACTIVE: AccountState.ACTIVE,
    ConnectionState.PAUSED: AccountState.PAUSED,
    ConnectionState.EXPIRED: AccountState.PAUSED,
    ConnectionState.CLOSED: AccountState.CLOSED,
}


async def list_accounts(
    session: DbSession, *, after: AccountId | None = None, limit: int | None = None
) -> list[AccountRecord]:
    """Return the accounts that the session's role may see, oldest first."""
    rows = await session.execute(
        sql(
            f"select {_ACCOUNT} from accounts where cast(:after as uuid) is null or id > :after "
            "order by id limit :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [AccountRecord.from_row(dict(row)) for row in rows]


async def find_account(session: DbSession, account_id: AccountId, *, lock: bool = False) -> AccountRecord | None:
    """Return one account, locked when it is about to change."""
    found = await session.execute(
        sql(f"select {_ACCOUNT} from accounts where id = :id {'for update' if lock else ''}"), {"id": account_id}
    )
    row = found.first()
    return AccountRecord.from_row(dict(row)) if row else None


async def rename_account(session: DbSession, account_id: AccountId, label: str) -> None:
    """Write an account's label."""
    await session.execute(sql("update accounts set label = :label where id = :id"), {"id": account_id, "label": label})


async def set_primary(session: DbSession, user_id: UserId, account_id: AccountId) -> None:
    """Make one account the user's primary one, and no other."""
    await session.execute(
        sql(
            "update accounts set is_primary = (id = :id) where id in (select id from accounts "
            "where user_id = :u and is_primary <> (id = :id) order by id for update)"
        ),
        {"u": user_id, "id": account_id},
    )
