"""Transactions on a real PostgreSQL: what commits, what is undone, and what an error may say."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from tradsy.domain.ids import UserId
from tradsy.platform.db import Database, DatabaseError, DbSession, IntegrityError, UnexpectedRows, Write, sql
from tradsy.platform.ids import new_id
from tradsy.testing.statements import counted_statements

CANARY = "canary-51c0"


async def _shown(session: DbSession) -> str:
    return str(await session.scalar(sql("select coalesce(current_setting('app.user_id', true), '')")))


async def test_rows_are_read_by_name_by_key_by_place_and_unpacked(database: Database) -> None:
    async with database.as_engine() as session:
        row = (await session.execute(sql("select 1 as a, cast(:j as jsonb) as b"), {"j": '{"x": [1]}'})).one()
        rows = await session.execute(sql("select n from generate_series(1, 3) n"))
        with pytest.raises(UnexpectedRows, match="3 came"):
            rows.one_or_none()
    assert (row.a, row["b"], row[0]) == (1, {"x": [1]}, 1)
    assert tuple(row) == (1, {"x": [1]})
    assert dict(row) == {"a": 1, "b": {"x": [1]}}
    with pytest.raises(AttributeError):
        _ = row.c
    assert (rows.scalars(), rows.scalar()) == ([1, 2, 3], 1)


async def test_user_of_a_transaction_is_gone_from_its_connection_afterwards(database: Database) -> None:
    user = UserId(new_id())
    async with database.as_user(user) as session:
        assert await _shown(session) == str(user)
    for _ in range(5):
        async with database.as_anonymous() as session:
            assert await _shown(session) == ""


async def test_error_of_a_statement_undoes_the_transaction_and_leaves_its_connection_usable(
    database: Database,
) -> None:
    async def fail(chain: UUID) -> None:
        async with database.as_engine() as session:
            await session.execute(sql("insert into audit_chains (chain_id) values (:id)"), {"id": chain})
            await session.execute(sql("select 1 / :zero"), {"zero": 0})

    chain = new_id()
    for _ in range(20):
        with pytest.raises(DatabaseError) as raised:
            await fail(chain)
        assert raised.value.sqlstate == "22012"
    async with database.as_engine() as session:
        found = await session.execute(sql("select 1 from audit_chains where chain_id = :id"), {"id": chain})
        assert found.first() is None


async def test_cancelled_transaction_is_undone_and_its_connection_is_not_handed_on_inside_it(
    database: Database,
) -> None:
    chain, inside = new_id(), asyncio.Event()

    async def hang() -> None:
        async with database.as_engine() as session:
            await session.execute(sql("insert into audit_chains (chain_id) values (:id)"), {"id": chain})
            inside.set()
            await session.execute(sql("select pg_sleep(60)"))

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(20):
        async with database.as_engine() as session:
            found = await session.execute(sql("select 1 from audit_chains where chain_id = :id"), {"id": chain})
            assert found.first() is None


async def test_violated_constraint_tells_neither_parameter_nor_row(database: Database) -> None:
    chain = new_id()
    statement = sql(
        "insert into audit_events (chain_id, seq, at, actor, action, subject, canonical, prev_hash, hash) "
        "values (:id, 1, now(), :actor, 'a', 's', '', '', '')"
    )

    async def insert() -> None:
        async with database.as_engine() as session:
            await session.execute(statement, {"id": chain, "actor": CANARY})

    with pytest.raises(IntegrityError) as raised:
        await insert()
    assert raised.value.sqlstate == "23514"
    assert CANARY not in f"{raised.value!r}{raised.value.__cause__!r}"


async def test_block_that_is_undone_leaves_the_rest_of_its_transaction(database: Database) -> None:
    kept, undone = new_id(), new_id()
    insert = sql("insert into audit_chains (chain_id) values (:id)")
    async with database.as_engine() as session:
        await session.execute(insert, {"id": kept})
        async with session.undone():
            await session.execute(insert, {"id": undone})
        with pytest.raises(DatabaseError):
            async with session.undone():
                await session.execute(sql("select 1 / 0"))
    async with database.as_engine() as session:
        found = await session.scalars(
            sql("select chain_id from audit_chains where chain_id = any(:ids)"), {"ids": [kept, undone]}
        )
    assert found == [kept]


async def test_writes_run_with_the_select_that_follows_them_and_before_it(database: Database) -> None:
    add = sql("insert into audit_chains (chain_id) select cast(set_config('test.step', :id, true) as uuid)")
    last = sql("select current_setting('test.step', true) || :mark")
    chains = [new_id() for _ in range(3)]
    async with database.as_engine() as session:
        with counted_statements() as statements:
            writes = [Write(add, {"id": str(chain)}) for chain in chains]
            said = (await session.execute_after(writes, Write(last, {"mark": "!"}))).scalar_one()
        assert len(statements) == 1
        assert said == f"{chains[-1]}!"
        found = await session.scalars(
            sql("select chain_id from audit_chains where chain_id = any(:ids)"), {"ids": chains}
        )
        assert sorted(found) == sorted(chains)
        assert (await session.execute_after([], Write(last, {"mark": "?"}))).scalar_one() == f"{chains[-1]}?"


async def test_write_that_fails_undoes_those_that_went_with_it(database: Database) -> None:
    add = sql("insert into audit_chains (chain_id) values (cast(:id as uuid))")
    known, fresh = new_id(), new_id()
    async with database.as_engine() as session:
        await session.execute(add, {"id": known})
    with pytest.raises(IntegrityError):
        async with database.as_engine() as session:
            await session.execute_after(
                [Write(add, {"id": fresh}), Write(add, {"id": known})], Write(sql("select 1"), {})
            )
    async with database.as_engine() as session:
        found = await session.execute(sql("select 1 from audit_chains where chain_id = :id"), {"id": fresh})
        assert found.first() is None
