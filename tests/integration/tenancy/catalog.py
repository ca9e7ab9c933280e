"""What the catalogue of a database says about its tables, and rows made up from it: no table is named here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import asyncpg

_numbers = count(1)
RIGHTS = ("select", "insert", "update", "delete", "truncate", "references", "trigger")

_VALUES: Mapping[str, Callable[[], Any]] = {
    "uuid": uuid4,
    "text": lambda: uuid4().hex,
    "smallint": lambda: next(_numbers) % 30_000,
    "integer": lambda: next(_numbers),
    "bigint": lambda: next(_numbers),
    "numeric": lambda: Decimal("0.5"),
    "boolean": lambda: False,
    "timestamp with time zone": lambda: datetime.now(UTC),
    "date": lambda: date(2026, 11, 20),
    "interval": lambda: timedelta(seconds=next(_numbers)),
    "jsonb": lambda: "{}",
    "bytea": lambda: uuid4().bytes,
    "text[]": lambda: [uuid4().hex],
    "uuid[]": lambda: [uuid4()],
    "bytea[]": lambda: [uuid4().bytes],
    "integer[]": lambda: [next(_numbers)],
}


@dataclass(slots=True)
class Table:
    """One table of the schema."""

    name: str
    is_forced: bool
    """Row-level security is enabled and holds for the owner too."""
    policies: int
    columns: dict[str, str] = field(default_factory=dict[str, str])
    """Columns that a statement may set, with their types."""
    generated: set[str] = field(default_factory=set[str])

    @property
    def tenant_column(self) -> str | None:
        """The column that says whose a row is."""
        if self.name == "users":
            return "id"
        return "user_id" if "user_id" in self.columns.keys() | self.generated else None

    @property
    def written_column(self) -> str:
        """The column that decides whose a row is when it is written: a user's chain has the user's id."""
        return "chain_id" if "user_id" in self.generated else str(self.tenant_column)

    def row(self, owner: UUID, **fixed: Any) -> dict[str, Any]:
        """Return a row of `owner` with something in every column."""
        made = {name: _VALUES[kind.partition("(")[0]]() for name, kind in self.columns.items()}
        known = {name: value for name, value in fixed.items() if name in self.columns}
        return {**made, **known, self.written_column: owner}


async def read_tables(connection: asyncpg.Connection) -> dict[str, Table]:
    """Return every table of the schema."""
    found: dict[str, Table] = {}
    for row in await connection.fetch(
        """
        select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
            (select count(*) from pg_policy p where p.polrelid = c.oid) as policies
        from pg_class c
        where c.relnamespace = 'tradsy'::regnamespace and c.relkind in ('r', 'p') order by 1
        """
    ):
        found[row["name"]] = Table(row["name"], row["forced"], row["policies"])
    for row in await connection.fetch(
        """
        select c.relname as name, a.attname as column, format_type(a.atttypid, a.atttypmod) as kind,
            a.attgenerated <> '' as generated
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'tradsy'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0
            and not a.attisdropped order by a.attnum
        """
    ):
        if row["generated"]:
            found[row["name"]].generated.add(row["column"])
        else:
            found[row["name"]].columns[row["column"]] = row["kind"]
    return found


async def drop_checks(connection: asyncpg.Connection) -> None:
    """Drop CHECK and foreign key constraints of a throw-away database: made-up rows need not make sense."""
    for row in await connection.fetch(
        "select conrelid::regclass::text as table, conname as name from pg_constraint "
        "where connamespace = 'tradsy'::regnamespace and contype in ('c', 'f') and conparentid = 0"
    ):
        await connection.execute(f'alter table {row["table"]} drop constraint "{row["name"]}"')


async def put(connection: asyncpg.Connection, table: str, row: Mapping[str, Any]) -> str:
    """Insert a row; return the command tag."""
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    return await connection.execute(f"insert into tradsy.{table} ({names}) values ({places})", *row.values())


async def read_rights(connection: asyncpg.Connection, role: str, table: str) -> set[str]:
    """Return what a role may do with a table; rights on single columns count."""
    found: set[str] = set()
    for right in RIGHTS:
        check = "has_any_column_privilege" if right in {"select", "insert", "update", "references"} else ""
        query = f"select {check or 'has_table_privilege'}($1::name, $2::text, $3)"
        if await connection.fetchval(query, role, f"tradsy.{table}", right):
            found.add(right)
    return found


async def updatable_column(connection: asyncpg.Connection, role: str, table: Table) -> str | None:
    """Return a column that a role may change: the tenant's own if it may."""
    names = sorted(table.columns, key=lambda name: name != table.written_column)
    for name in names:
        if await connection.fetchval(
            "select has_column_privilege($1::name, $2::text, $3::text, 'update')", role, f"tradsy.{table.name}", name
        ):
            return name
    return None
