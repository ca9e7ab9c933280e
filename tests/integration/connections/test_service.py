"""Connections in PostgreSQL: sealed, listed for their owner loop, closed for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.connections import service
from tradsy.connections.errors import (
    AccountNotFound,
    ConnectionNotFound,
    ConnectionStateConflict,
    CredentialMissing,
    TooManyConnections,
)
from tradsy.connections.model import AccountState, ConnectionRecord, ConnectionState, NewPaperConnection, PaperLogin
from tradsy.domain.ids import AccountId, ConnectionId, UserId, VenueAccountId
from tradsy.platform.clock import FrozenClock
from tradsy.platform.db import Database, sql
from tradsy.platform.ids import new_id
from tradsy.platform.keyring import KeyRing
from tradsy.platform.outbox import emitted
from tradsy.platform.partitions import partition_of
from tradsy.platform.vault import SecretDoesNotOpen, Vault
from tradsy.testing.engines import TestEngines

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
PARTITIONS = 64
KEY, SECRET = "canary-key-0123456789wxyz", "canary-secret-9876543210abcd"


@pytest.fixture(scope="module")
def vault(engines: TestEngines) -> Vault:
    clock = FrozenClock(AT)
    return Vault(KeyRing(engines.installation, clock), clock)


def wanted(user: UserId, *accounts: str, label: str = "Paper") -> NewPaperConnection:
    venue_accounts = tuple(VenueAccountId(a) for a in accounts or ("SA1",))
    return NewPaperConnection(user, label, PaperLogin(SecretStr(KEY), SecretStr(SECRET), venue_accounts))


async def open_one(database: Database, vault: Vault, user: UserId, *accounts: str) -> ConnectionRecord:
    async with database.as_user(user) as session:
        return await service.open_paper_connection(
            session, vault, wanted(user, *accounts), partitions=PARTITIONS, actor=f"user:{user}", at=AT
        )


def new_user() -> UserId:
    return UserId(new_id())


async def test_open_connection_is_owned_by_its_users_partition(database: Database, vault: Vault) -> None:
    user = new_user()
    opened = await open_one(database, vault, user, "SA1", "SA2")
    partition = partition_of(user, PARTITIONS)
    async with database.as_engine() as session:
        owned = await service.list_owned(session, [partition])
    record = next(r for r in owned if r.id == opened.id)
    assert record == opened
    assert (record.partition, record.idempotency, record.is_paper) == (partition, IdempotencyClass.STRONG, True)
    assert [a.venue_account_id for a in record.accounts] == ["SA1", "SA2"]
    assert [a.is_primary for a in record.accounts] == [True, False]
    assert [a.label for a in record.accounts] == ["Paper 1", "Paper 2"]
    async with database.as_engine() as session:
        assert await service.list_owned(session, []) == []


async def test_credential_opens_in_its_own_row_only(database: Database, vault: Vault) -> None:
    mine, other = await open_one(database, vault, new_user()), await open_one(database, vault, new_user())
    secrets = service.open_credential(vault, mine)
    assert {name: value.get_secret_value() for name, value in secrets.items()} == {"api_key": KEY, "api_secret": SECRET}
    with pytest.raises(SecretDoesNotOpen):
        service.open_credential(vault, replace(other, credential=mine.credential))
    config = service.broker_config(mine, secrets, {"url": "http://127.0.0.1:1", "ws_url": "ws://127.0.0.1:1"})
    assert config["idempotency"] == "A"
    assert KEY not in repr(config) + repr(mine)
    assert mine.credential_hint == "wxyz"


async def test_database_holds_no_secret_in_clear(database: Database, vault: Vault) -> None:
    opened = await open_one(database, vault, new_user())
    async with database.as_engine() as session:
        row = (await session.execute(sql("select * from connections where id = :i"), {"i": opened.id})).one()
        events = (await session.execute(sql("select payload::text from outbox"))).all()
        audit = (await session.execute(sql("select canonical from audit_events"))).all()
    stored = f"{row} {events} {audit}"
    assert str(opened.id) in stored  # the look was at the right rows
    assert KEY not in stored
    assert SECRET not in stored


async def test_many_connections_open_in_one_batch(database: Database, vault: Vault) -> None:
    users = [new_user() for _ in range(50)]
    async with database.as_engine() as session:
        opened = await service.open_paper_connections(
            session, vault, [wanted(u) for u in [*users, users[0]]], partitions=PARTITIONS, actor="engine", at=AT
        )
        assert len(emitted(session)) == 51
    assert len({r.id for r in opened}) == 51
    # The second one of a user is not primary.
    assert [r.accounts[0].is_primary for r in opened] == [True] * 50 + [False]


async def test_states_follow_their_rules(database: Database, vault: Vault) -> None:
    user = new_user()
    opened = await open_one(database, vault, user)

    async def change(state: ConnectionState) -> ConnectionRecord:
        async with database.as_user(user) as session:
            return await service.change_state(session, opened.id, state, actor=f"user:{user}", at=AT)

    assert (await change(ConnectionState.PAUSED)).accounts[0].state is AccountState.PAUSED
    assert (await change(ConnectionState.PAUSED)).state is ConnectionState.PAUSED
    assert (await change(ConnectionState.ACTIVE)).accounts[0].state is AccountState.ACTIVE
    assert (await change(ConnectionState.EXPIRED)).state is ConnectionState.EXPIRED
    with pytest.raises(ConnectionStateConflict):
        await change(ConnectionState.ACTIVE)
    closed = await change(ConnectionState.CLOSED)
    assert closed.credential is None
    assert (closed.accounts[0].state, closed.accounts[0].is_primary) == (AccountState.CLOSED, False)
    with pytest.raises(CredentialMissing):
        service.open_credential(vault, closed)
    with pytest.raises(ConnectionStateConflict):
        await change(ConnectionState.ACTIVE)
    async with database.as_engine() as session:
        owned = await service.list_owned(session, [opened.partition])
        names = await session.execute(sql("select name from outbox where user_id = :u order by id"), {"u": user})
        actions = await session.execute(
            sql("select action from audit_events where user_id = :u order by seq"), {"u": user}
        )
    assert opened.id not in {r.id for r in owned}
    words = ["opened", "paused", "resumed", "expired", "closed"]
    assert [row.name for row in names] == [f"connections.{word}" for word in words]
    assert [row.action for row in actions] == [f"connection.{word}" for word in words]


async def test_one_account_is_primary(database: Database, vault: Vault) -> None:
    user = new_user()
    first, second = (await open_one(database, vault, user, "SA1", "SA2")).accounts
    async with database.as_user(user) as session:
        changed = await service.update_account(session, second.id, actor="me", at=AT, label="Swing", make_primary=True)
        assert len(emitted(session)) == 1
    assert (changed.label, changed.is_primary) == ("Swing", True)
    async with database.as_user(user) as session:
        same = await service.update_account(session, second.id, actor="me", at=AT, label="Swing", make_primary=True)
        assert emitted(session) == []
        accounts = await service.list_accounts(session)
    assert same == changed
    assert {a.id: a.is_primary for a in accounts} == {first.id: False, second.id: True}


async def test_other_tenants_find_nothing(database: Database, vault: Vault) -> None:
    opened, stranger = await open_one(database, vault, new_user()), new_user()
    async with database.as_user(stranger) as session:
        assert await service.list_connections(session) == []
        assert await service.list_accounts(session) == []
        with pytest.raises(ConnectionNotFound):
            await service.get_connection(session, opened.id)
        with pytest.raises(ConnectionNotFound):
            await service.change_state(session, opened.id, ConnectionState.CLOSED, actor="x", at=AT)
        with pytest.raises(AccountNotFound):
            await service.get_account(session, opened.accounts[0].id)
        with pytest.raises(AccountNotFound):
            await service.update_account(session, opened.accounts[0].id, actor="x", at=AT, label="mine")


async def test_nobody_gets_more_than_the_allowed_number(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_CONNECTIONS", 2)
    user = new_user()
    await open_one(database, vault, user)
    await open_one(database, vault, user)
    with pytest.raises(TooManyConnections):
        await open_one(database, vault, user)


async def test_unknown_ids_are_not_found(database: Database) -> None:
    async with database.as_user(new_user()) as session:
        with pytest.raises(ConnectionNotFound):
            await service.get_connection(session, ConnectionId(new_id()))
        with pytest.raises(AccountNotFound):
            await service.get_account(session, AccountId(new_id()))


async def test_lists_are_paged(database: Database, vault: Vault) -> None:
    user = new_user()
    opened = [await open_one(database, vault, user) for _ in range(3)]
    async with database.as_user(user) as session:
        page = await service.list_connections(session, limit=2)
        rest = await service.list_connections(session, after=page[-1].id, limit=2)
        accounts = await service.list_accounts(session, after=opened[0].accounts[0].id, limit=5)
    assert [r.id for r in (*page, *rest)] == [r.id for r in opened]
    assert len(accounts) == 2
    assert page[0].created_at == AT
    assert timedelta(0) == page[0].updated_at - AT
