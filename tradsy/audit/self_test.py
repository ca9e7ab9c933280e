"""The proof at start that no login role can change what was recorded."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from tradsy.audit.errors import AuditNotAppendOnly
from tradsy.audit.service import SYSTEM_CHAIN
from tradsy.domain.ids import UserId
from tradsy.platform.db import Database, DatabaseError, DbSession, sql

_DENIED = "42501"
"""insufficient_privilege: from a missing right or from an append-only trigger."""
_TABLES = {
    "audit_events": ("chain_id, seq", "hash"),
    "audit_leaves": ("chain_id, seq", "position"),
    "audit_tiles": ("level, tile", "root"),
    "audit_checkpoints": ("size", "note"),
}
_TRIGGERS = sql(
    "select c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
    "join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'tradsy' and t.tgenabled = 'A' "
    "and t.tgname in (c.relname || '_rows', c.relname || '_truncate')"
)


def _attempts(table: str, key: str, column: str) -> list[str]:
    """Return statements that change `table` if they may; none needs a row to be refused."""
    columns = f"{key}, {column}"
    upsert = f"on conflict ({key}) do update set {column} = excluded.{column}"
    return [
        f"update {table} set {column} = {column}",
        f"delete from {table}",
        f"truncate {table}",
        f"insert into {table} ({columns}) select {columns} from {table} limit 0 {upsert}",
        f"alter table {table} disable trigger all",
    ]


async def self_test(database: Database) -> None:
    """Try to change each append-only table as each login role, in savepoints.

    Raises:
        AuditNotAppendOnly: an attempt was not refused, or a trigger is not in place; nothing was changed.
    """
    await _test_role("tradsy_app", database.as_user(UserId(SYSTEM_CHAIN)))
    await _test_role("tradsy_engine", database.as_engine())


async def _test_role(role: str, transaction: AbstractAsyncContextManager[DbSession]) -> None:
    async with transaction as session:
        for table, (key, column) in _TABLES.items():
            for statement in _attempts(table, key, column):
                if not await _is_refused(session, statement):
                    raise AuditNotAppendOnly(f"{role} may run: {statement.split(' ')[0]} on {table}.")
        if not await _is_refused(session, "set session_replication_role = replica"):
            raise AuditNotAppendOnly(f"{role} may switch triggers off.")
        armed = await session.scalars(_TRIGGERS)
        for table in _TABLES:
            if armed.count(table) != 2:
                raise AuditNotAppendOnly(f"The triggers that keep {table} append-only are not always on.")


async def _is_refused(session: DbSession, statement: str) -> bool:
    try:
        async with session.undone():
            await session.execute(sql(statement))
    except DatabaseError as error:
        if error.sqlstate != _DENIED:
            raise
        return True
    return False
