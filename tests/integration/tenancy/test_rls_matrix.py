"""Row-level security of every table, read from the catalogue: statement x whose row x who asks x role."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from tests.integration.tenancy.catalog import Table, drop_checks, put, read_rights, read_tables, updatable_column
from tradsy.platform.db import APP_ROLE, AUTH_ROLE, ENGINE_ROLE, LOGIN_ROLES, OWNER_ROLE, parse_url, role_password
from tradsy.testing.engines import TestEngines

WRITE_ONLY = {"outbox"}
"""Tables with a `user_id` and no policy: requests may add rows and never see or change one."""
SHARED: dict[str, set[str]] = {
    "alembic_version": set(),
    "audit_checkpoints": {"select"},
    "audit_tiles": {"select"},
    "dead_letters": set(),
    "idempotency_keys": {"select", "insert", "update", "delete"},
    "instruments": {"select"},
    "job_runs": {"insert"},
    "leases": set(),
    "legal_documents": {"select"},
    "login_throttles": {"select", "insert", "update", "delete"},
    "partition_leases": set(),
    "setup_links": set(),
    "signups": {"insert"},
}
"""Tables of no tenant, with what requests may do there; those with every right hold keyed hashes alone."""
SITUATIONS = ("none", "other", "after rollback", "reused connection", "garbage")
RANKLESS = {"role": "user", "state": "active", "is_demo": False}
"""What a user must be for a request to create it."""


@dataclass(slots=True)
class Ground:
    """A database in which two users have a row in every table that has a user."""

    engines: TestEngines
    url: str
    admin: asyncpg.Connection
    tables: dict[str, Table]
    victim: UUID
    stranger: UUID

    def tenant_tables(self) -> list[Table]:
        return [t for t in self.tables.values() if t.tenant_column and t.name not in WRITE_ONLY]

    @asynccontextmanager
    async def as_role(self, role: str) -> AsyncGenerator[asyncpg.Connection]:
        """Log in the way the product does."""
        arguments: dict[str, Any] = {
            **parse_url(self.url),
            "user": role,
            "password": role_password(self.engines.installation, role),
        }
        connection: asyncpg.Connection = await asyncpg.connect(**arguments)
        try:
            yield connection
        finally:
            await connection.close()

    async def digest(self) -> dict[str, str]:
        """Return the content of every table, shortened."""
        return {
            name: await self.admin.fetchval(
                f"select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from tradsy.{name} t"
            )
            for name in self.tables
        }


@pytest_asyncio.fixture(scope="module")
async def ground(engines: TestEngines) -> AsyncGenerator[Ground]:
    """Two users with a row in every table."""
    url = await engines.create_database()
    admin: asyncpg.Connection = await asyncpg.connect(**parse_url(url))
    try:
        await drop_checks(admin)
        made = Ground(engines, url, admin, await read_tables(admin), uuid4(), uuid4())
        for owner in (made.victim, made.stranger):
            for table in made.tables.values():
                if table.tenant_column:
                    await put(admin, table.name, table.row(owner, **RANKLESS))
        yield made
    finally:
        await admin.close()


async def become(connection: asyncpg.Connection, user: object) -> None:
    await connection.execute("select set_config('app.user_id', $1, true)", str(user))


@asynccontextmanager
async def situation(connection: asyncpg.Connection, name: str, ground: Ground) -> AsyncGenerator[None]:
    """Open a transaction that must not reach the victim's rows, and roll it back."""
    if name in {"after rollback", "reused connection"}:
        before = connection.transaction()
        await before.start()
        await become(connection, ground.victim)
        await (before.rollback() if name == "after rollback" else before.commit())
    transaction = connection.transaction()
    await transaction.start()
    try:
        if name == "other":
            await become(connection, ground.stranger)
        elif name == "garbage":
            await become(connection, "")
        yield
    finally:
        await transaction.rollback()


async def attempt(connection: asyncpg.Connection, statement: str, *values: Any) -> int:
    """Return the number of rows a statement reached; 0 when it was refused for want of rights or by a policy."""
    try:
        async with connection.transaction():
            tag = await connection.execute(statement, *values)
    except asyncpg.InsufficientPrivilegeError:
        return 0
    return int(tag.rpartition(" ")[2])


def test_every_table_is_classified(ground: Ground):
    tenants = {t.name for t in ground.tables.values() if t.tenant_column}
    assert {name for name in ground.tables if name not in tenants} == set(SHARED)
    assert tenants >= WRITE_ONLY


def test_every_table_with_a_user_forces_its_policies(ground: Ground):
    assert [t.name for t in ground.tenant_tables() if not (t.is_forced and t.policies)] == []
    assert len(ground.tenant_tables()) >= 30


async def test_a_table_without_policy_would_be_found(ground: Ground):
    transaction = ground.admin.transaction()
    await transaction.start()
    try:
        await ground.admin.execute("create table tradsy.planted (user_id uuid not null)")
        planted = (await read_tables(ground.admin))["planted"]
        assert planted.tenant_column == "user_id"
        assert not planted.is_forced
    finally:
        await transaction.rollback()


async def test_rights_of_requests_on_shared_tables(ground: Ground):
    for name, rights in SHARED.items():
        assert await read_rights(ground.admin, APP_ROLE, name) == rights, name
    for name in WRITE_ONLY:
        assert await read_rights(ground.admin, APP_ROLE, name) == {"insert"}, name


async def test_nobody_may_truncate_or_hang_triggers_on_a_table(ground: Ground):
    for name in ground.tables:
        for role in LOGIN_ROLES:
            assert not await read_rights(ground.admin, role, name) & {"truncate", "references", "trigger"}, name


async def test_requests_see_their_own_rows(ground: Ground):
    seen: list[str] = []
    async with ground.as_role(APP_ROLE) as connection, connection.transaction():
        await become(connection, ground.victim)
        for table in ground.tenant_tables():
            if "select" in await read_rights(ground.admin, APP_ROLE, table.name):
                query = f"select array_agg(distinct {table.tenant_column}) from tradsy.{table.name}"
                assert await connection.fetchval(query) == [ground.victim], table.name
                seen.append(table.name)
    assert len(seen) >= 28, "a policy that hides everything would pass all other tests"


@pytest.mark.parametrize("name", SITUATIONS)
async def test_requests_never_see_rows_of_others(ground: Ground, name: str):
    async with ground.as_role(APP_ROLE) as connection, situation(connection, name, ground):
        for table in ground.tenant_tables():
            if "select" not in await read_rights(ground.admin, APP_ROLE, table.name):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with connection.transaction():
                        await connection.fetchval(f"select count(*) from tradsy.{table.name}")
                continue
            query = f"select count(*) from tradsy.{table.name} where {table.tenant_column} = $1"
            assert await connection.fetchval(query, ground.victim) == 0, table.name


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("statement", ["insert", "update", "delete", "steal", "give away"])
async def test_requests_never_change_rows_of_others(ground: Ground, name: str, statement: str):
    before = await ground.digest()
    async with ground.as_role(APP_ROLE) as connection, situation(connection, name, ground):
        for table in ground.tenant_tables():
            reached = await _try(connection, statement, table, ground)
            assert reached == 0, f"{statement} on {table.name}: {reached} rows"
    assert await ground.digest() == before


async def _try(connection: asyncpg.Connection, statement: str, table: Table, ground: Ground) -> int:
    tenant = table.tenant_column
    if statement == "insert":
        # The policy is asked before the index: a key that is taken says nothing.
        try:
            async with connection.transaction():
                await put(connection, table.name, table.row(ground.victim, **RANKLESS))
        except asyncpg.InsufficientPrivilegeError:
            return 0
        return 1
    if statement == "delete":
        return await attempt(connection, f"delete from tradsy.{table.name} where {tenant} = $1", ground.victim)
    if statement == "steal":
        return await attempt(
            connection,
            f"update tradsy.{table.name} set {table.written_column} = $1 where {tenant} = $2",
            ground.stranger,
            ground.victim,
        )
    if statement == "give away":
        return await attempt(
            connection,
            f"update tradsy.{table.name} set {table.written_column} = $1 where {tenant} = $2",
            ground.victim,
            ground.stranger,
        )
    column = await updatable_column(ground.admin, APP_ROLE, table) or table.written_column
    return await attempt(
        connection, f'update tradsy.{table.name} set "{column}" = "{column}" where {tenant} = $1', ground.victim
    )


async def test_requests_change_their_own_rows_as_granted(ground: Ground):
    """The positive side: what is refused above is refused for whose row it is, not for a broken statement."""
    reached = {"insert": 0, "update": 0, "delete": 0}
    async with ground.as_role(APP_ROLE) as connection:
        for table in ground.tenant_tables():
            rights = await read_rights(ground.admin, APP_ROLE, table.name)
            for statement in reached.keys() & rights:
                transaction = connection.transaction()
                await transaction.start()
                owner = uuid4() if (table.name, statement) == ("users", "insert") else ground.victim
                await become(connection, owner)
                reached[statement] += await _own(connection, statement, table, owner, ground)
                await transaction.rollback()
    assert reached["insert"] >= 14
    assert reached["update"] >= 12
    assert reached["delete"] >= 3


async def _own(connection: asyncpg.Connection, statement: str, table: Table, owner: UUID, ground: Ground) -> int:
    tenant = table.tenant_column
    if statement == "insert":
        row = table.row(owner, **RANKLESS)
        if not await ground.admin.fetchval(
            "select has_table_privilege($1::name, $2::text, 'insert')", APP_ROLE, f"tradsy.{table.name}"
        ):
            return 0
        try:
            async with connection.transaction():
                return int((await put(connection, table.name, row)).rpartition(" ")[2])
        except asyncpg.UniqueViolationError:
            # One row per user: the policy let it through to the index.
            return 1
    if statement == "delete":
        return await attempt(connection, f"delete from tradsy.{table.name} where {tenant} = $1", owner)
    column = await updatable_column(ground.admin, APP_ROLE, table)
    return await attempt(
        connection, f'update tradsy.{table.name} set "{column}" = "{column}" where {tenant} = $1', owner
    )


async def test_a_prepared_statement_follows_the_user(ground: Ground):
    async with ground.as_role(APP_ROLE) as connection:
        for table in ground.tenant_tables():
            if "select" not in await read_rights(ground.admin, APP_ROLE, table.name):
                continue
            query = f"select array_agg(distinct {table.tenant_column}) from tradsy.{table.name}"
            statement = await connection.prepare(query)
            # More often than PostgreSQL keeps custom plans, so that the last runs use the generic one.
            for user in [ground.victim, ground.stranger] * 4:
                async with connection.transaction():
                    await become(connection, user)
                    assert await statement.fetchval() == [user], table.name
            assert await statement.fetchval() is None, table.name


async def test_the_engine_role_reaches_what_it_was_granted_and_no_more(ground: Ground):
    async with ground.as_role(ENGINE_ROLE) as connection:
        for table in ground.tables.values():
            rights = await read_rights(ground.admin, ENGINE_ROLE, table.name)
            count = f"select count(*) from tradsy.{table.name}"
            if "select" in rights:
                assert await connection.fetchval(count) == await ground.admin.fetchval(count), table.name
            else:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetchval(count)
            for statement in {"update", "delete"} - rights:
                column = next(iter(table.columns))
                change = f'update tradsy.{table.name} set "{column}" = "{column}"'
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(change if statement == "update" else f"delete from tradsy.{table.name}")


async def test_append_only_tables_are_so_for_every_login(ground: Ground):
    for name in (
        "audit_events",
        "audit_leaves",
        "executions",
        "ledger_entries",
        "order_events",
        "verdicts",
        "consents",
    ):
        for role in LOGIN_ROLES:
            assert not await read_rights(ground.admin, role, name) & {"update", "delete"}, f"{role} {name}"


@pytest.mark.parametrize("role", [OWNER_ROLE, AUTH_ROLE])
async def test_roles_that_own_cannot_log_in(ground: Ground, role: str):
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        async with ground.as_role(role):
            pass


@pytest.mark.parametrize("role", LOGIN_ROLES)
async def test_login_roles_have_no_power(ground: Ground, role: str):
    row = await ground.admin.fetchrow("select * from pg_roles where rolname = $1", role)
    assert row is not None
    powers = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")
    assert [power for power in powers if row[power]] == []
    assert await ground.admin.fetchval("select count(*) from pg_auth_members where member = $1", row["oid"]) == 0
    assert await ground.admin.fetchval("select count(*) from pg_class where relowner = $1", row["oid"]) == 0
    assert await ground.admin.fetchval("select count(*) from pg_proc where proowner = $1", row["oid"]) == 0
    for schema in ("tradsy", "public"):
        assert not await ground.admin.fetchval("select has_schema_privilege($1::name, $2, 'create')", role, schema)
    assert not await ground.admin.fetchval(
        "select has_database_privilege($1::name, current_database(), 'create')", role
    )


@pytest.mark.parametrize("role", LOGIN_ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "set role tradsy_owner",
        "set role tradsy_auth",
        "set session authorization tradsy_owner",
        "create table tradsy.planted (a int)",
        "create function tradsy.planted() returns int language sql as 'select 1'",
        "create schema planted",
        "alter table tradsy.users disable row level security",
        "alter table tradsy.users no force row level security",
        "create policy planted on tradsy.users using (true)",
        "drop policy users_own on tradsy.users",
        "alter role tradsy_app bypassrls",
        "alter role tradsy_engine superuser",
        "grant tradsy_owner to tradsy_app",
        "copy tradsy.users to program 'true'",
        "select pg_read_file('/etc/passwd')",
        "set session_replication_role = replica",
    ],
)
async def test_login_roles_cannot_take_power(ground: Ground, role: str, statement: str):
    async with ground.as_role(role) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_row_security_cannot_be_switched_off(ground: Ground):
    async with ground.as_role(APP_ROLE) as connection:
        await connection.execute("set row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.fetchval("select count(*) from tradsy.users")


async def test_views_and_functions_keep_to_their_caller(ground: Ground):
    views = await ground.admin.fetch(
        "select relname, reloptions from pg_class where relnamespace = 'tradsy'::regnamespace and relkind in ('v', 'm')"
    )
    assert views
    for view in views:
        assert "security_invoker=true" in (view["reloptions"] or []), view["relname"]
    functions = await ground.admin.fetch(
        "select proname, pg_get_userbyid(proowner) as owner, proconfig, "
        "has_function_privilege('public', oid, 'execute') as is_public "
        "from pg_proc where pronamespace = 'tradsy'::regnamespace and prosecdef"
    )
    assert len(functions) >= 10
    for function in functions:
        assert function["owner"] == AUTH_ROLE, function["proname"]
        assert function["proconfig"] == ["search_path=tradsy, pg_temp"], function["proname"]
        assert not function["is_public"], function["proname"]
