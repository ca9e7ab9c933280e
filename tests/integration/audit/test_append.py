"""Appending: linked, gap-free, in one statement, for both roles, each within its rights."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tradsy.audit.canonical import ZERO_HASH, event_hash
from tradsy.audit.errors import NotCanonical
from tradsy.audit.service import SYSTEM_CHAIN, AuditEntry, append
from tradsy.domain.ids import UserId
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database, DatabaseError, sql
from tradsy.platform.ids import new_id
from tradsy.testing.statements import counted_statements

NOW = SystemClock().now


def entry(chain: UUID, n: int = 0) -> AuditEntry:
    return AuditEntry(chain, "engine", "order.accepted", f"order:{n}", {"price": "1.50", "n": n})


async def chain_rows(database: Database, chain: UUID) -> list[Any]:
    async with database.as_engine() as session:
        statement = sql("select * from audit_events where chain_id = :id order by seq")
        return list((await session.execute(statement, {"id": chain})).all())


async def assert_linked(database: Database, chain: UUID, count: int) -> None:
    rows = await chain_rows(database, chain)
    assert [row.seq for row in rows] == list(range(1, count + 1))
    previous = ZERO_HASH
    for row in rows:
        assert row.prev_hash == previous
        assert row.hash == event_hash(chain, row.seq, previous, row.canonical)
        assert row.user_id == chain
        previous = row.hash


async def test_user_appends_to_own_chain_and_reads_it_alone(database: Database) -> None:
    user, other = UserId(new_id()), UserId(new_id())
    async with database.as_user(user) as session:
        await append(session, [entry(user, 1), entry(user, 2), entry(SYSTEM_CHAIN)], at=NOW())
    async with database.as_user(user) as session:
        assert (await session.execute(sql("select count(*) from audit_events"))).scalar() == 2
    async with database.as_user(other) as session:
        assert (await session.execute(sql("select count(*) from audit_events"))).scalar() == 0
    await assert_linked(database, user, 2)


async def test_anonymous_request_appends_to_the_system_chain_only(database: Database) -> None:
    async with database.as_anonymous() as session:
        await append(session, [entry(SYSTEM_CHAIN)], at=NOW())
    with pytest.raises(DatabaseError, match="row-level security"):
        async with database.as_anonymous() as session:
            await append(session, [entry(new_id())], at=NOW())


async def test_user_cannot_append_to_the_chain_of_another(database: Database) -> None:
    with pytest.raises(DatabaseError, match="row-level security"):
        async with database.as_user(UserId(new_id())) as session:
            await append(session, [entry(new_id())], at=NOW())


async def test_many_chains_take_one_statement(database: Database) -> None:
    chains = [new_id() for _ in range(50)]
    async with database.as_engine() as session:
        with counted_statements() as seen:
            await append(session, [entry(chain, n) for n in range(5) for chain in chains], at=NOW())
    assert len(seen) == 1
    for chain in chains:
        await assert_linked(database, chain, 5)


async def test_eight_appenders_to_the_same_chains_leave_no_gap(database: Database) -> None:
    chains = [new_id() for _ in range(5)]

    async def work(worker: int) -> None:
        for n in range(12):
            # Every worker names the chains in another order; the heads are locked in chain order all the same.
            turned = chains[worker % 5 :] + chains[: worker % 5]
            async with database.as_engine() as session:
                await append(session, [entry(chain, n) for chain in turned], at=NOW())

    await asyncio.gather(*(work(worker) for worker in range(8)))
    for chain in chains:
        await assert_linked(database, chain, 96)


async def test_rolled_back_entries_leave_nothing(database: Database) -> None:
    chain = new_id()

    async def fail() -> None:
        async with database.as_engine() as session:
            await append(session, [entry(chain)], at=NOW())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.as_engine() as session:
        await append(session, [entry(chain)], at=NOW())
    await assert_linked(database, chain, 1)


async def test_nothing_to_record_touches_nothing(database: Database) -> None:
    async with database.as_anonymous() as session:
        await append(session, [], at=NOW())


async def test_float_is_refused_before_anything_is_locked(database: Database) -> None:
    chain = new_id()
    bad: Any = {"price": 1.5}
    with pytest.raises(NotCanonical):
        async with database.as_engine() as session:
            await append(session, [AuditEntry(chain, "engine", "x.y", "z:1", bad)], at=NOW())
    assert await chain_rows(database, chain) == []
