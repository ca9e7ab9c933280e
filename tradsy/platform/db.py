"""Database transactions by role: who asks decides which rows exist.

| role | used by | sees |
|---|---|---|
| `tradsy_owner` | migrations only; owns the schema; cannot log in | everything |
| `tradsy_app` | request handlers | rows of the user that `app.user_id` names |
| `tradsy_engine` | intake, fan-out, account owners, sweeper, checkpointer, jobs | named tables, all tenants |
| `tradsy_auth` | owner of the SECURITY DEFINER look-ups; cannot log in | one row per look-up |

One `async with` is one transaction: it commits at the end and rolls back on any error. Statements are SQL with named
parameters; they go straight to asyncpg, for the reason that `docs/decisions/0007-statements.md` measures.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import URL

from tradsy.domain.ids import UserId
from tradsy.platform.installation import Installation

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    _Pooled = PoolConnectionProxy["Row"]
    """Only the stubs know its type argument."""

OWNER_ROLE = "tradsy_owner"
APP_ROLE = "tradsy_app"
ENGINE_ROLE = "tradsy_engine"
AUTH_ROLE = "tradsy_auth"
LOGIN_ROLES = (APP_ROLE, ENGINE_ROLE)

_CONNECT_TIMEOUT = 5
_ACQUIRE_TIMEOUT = 10
_STATEMENT_TIMEOUT = 30
_STATEMENTS_KEPT = 1000
"""More than all statements of the product: preparing one anew costs several round trips."""
_NEVER = 1_000_000_000
_UNSTORABLE = "22000"
"""data_exception, for a value that the driver already knows PostgreSQL cannot hold."""


class DatabaseError(Exception):
    """The database refused a statement; the text never holds parameters, which may be secrets."""

    def __init__(self, message: str, sqlstate: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        """PostgreSQL's error code (manual, appendix A); empty where there is none."""


class IntegrityError(DatabaseError):
    """A constraint was violated (class 23)."""


class DatabaseUnavailable(DatabaseError):
    """No connection is free, or it was lost: whether an open transaction committed is not known."""


class UnexpectedRows(DatabaseError):
    """A statement that had to return one row returned none or several."""


def dump_json(value: Any) -> str:
    """Serialise a JSON column; decimals must have been written as strings by the caller."""
    return orjson.dumps(value).decode()


class Row(asyncpg.Record):
    """One row: by column name as attribute or key, by place, and unpacked in the order of columns."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Result:
    """The rows that a statement returned."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def all(self) -> Sequence[Row]:
        """Return every row."""
        return self._rows

    def first(self) -> Row | None:
        """Return the first row, if there is one."""
        return self._rows[0] if self._rows else None

    def one(self) -> Row:
        """Return the only row.

        Raises:
            UnexpectedRows: there is none, or more than one.
        """
        if len(self._rows) != 1:
            raise UnexpectedRows(f"one row was expected, {len(self._rows)} came")
        return self._rows[0]

    def one_or_none(self) -> Row | None:
        """Return the only row, or None where there is none.

        Raises:
            UnexpectedRows: there is more than one.
        """
        return self.one() if self._rows else None

    def scalars(self) -> list[Any]:
        """Return the first column of every row."""
        return [row[0] for row in self._rows]

    def scalar(self) -> Any:
        """Return the first column of the first row, if there is one."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """Return the first column of the only row.

        Raises:
            UnexpectedRows: there is none, or more than one.
        """
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """Return the first column of the only row, or None where there is none.

        Raises:
            UnexpectedRows: there is more than one.
        """
        return self.one()[0] if self._rows else None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in the form that PostgreSQL takes: `$1`, `$2` ... and the names that stand for them."""

    text: str
    names: tuple[str, ...]


class Write(NamedTuple):
    """A statement that changes rows, with its parameters: what a module hands to whoever runs it with others."""

    statement: Statement
    parameters: Mapping[str, Any]


_DIALECT = dialect()


@lru_cache(maxsize=2048)
def sql(statement: str) -> Statement:
    """Return a statement with `:name` parameters, read once for the whole process; it is a constant, never input."""
    compiled = text(statement).compile(dialect=_DIALECT)
    return Statement(str(compiled), tuple(cast("Sequence[str]", getattr(compiled, "positiontup", None) or ())))


_PLACE = re.compile(r"\$(\d+)")


@lru_cache(maxsize=512)
def _join(statements: tuple[Statement, ...]) -> Statement:
    """Return one statement that runs all of `statements`, of which the last is a bare `select`."""
    texts: list[str] = []
    names: list[str] = []
    for number, statement in enumerate(statements):
        first = len(names)
        texts.append(_PLACE.sub(lambda place, first=first: f"${int(place[1]) + first}", statement.text))
        names.extend(f"{number}.{name}" for name in statement.names)
    *writes, last = texts
    parts = ", ".join(f"w{number} as ({write} returning 1)" for number, write in enumerate(writes))
    # Counting their rows makes PostgreSQL run them before the select is evaluated, not after it.
    ran = " and ".join(f"(select count(*) from w{number}) >= 0" for number in range(len(writes)))
    return Statement(f"with {parts} {last} where {ran}", tuple(names))


class DbSession:
    """One open transaction."""

    __slots__ = ("connection", "info")

    def __init__(self, connection: _Pooled) -> None:
        self.connection = connection
        """The driver's own connection, for what only it can do: cursors and COPY."""
        self.info: dict[str, Any] = {}
        """What a module keeps until after the commit."""

    async def execute(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Result:
        """Run one statement.

        Raises:
            IntegrityError: a constraint forbids it.
            DatabaseUnavailable: the connection was lost.
            DatabaseError: anything else that PostgreSQL refuses.
        """
        values = [parameters[name] for name in statement.names] if parameters else ()
        try:
            return Result(await self.connection.fetch(statement.text, *values))
        except _DRIVER_ERRORS as error:
            raise _translate(error) from None

    async def execute_after(self, writes: Sequence[Write], last: Write) -> Result:
        """Run `writes` and then `last`, in one round trip.

        They share one view of the rows: none sees what another has written, and no two may write the same row.

        Args:
            writes: inserts, updates and deletes without `with` and `returning`.
            last: a `select` of one expression, without `from` and `where`; evaluated when all writes are done.
        """
        if not writes:
            return await self.execute(*last)
        parts = (*writes, last)
        parameters = {f"{n}.{name}": value for n, part in enumerate(parts) for name, value in part.parameters.items()}
        return await self.execute(_join(tuple(part.statement for part in parts)), parameters)

    async def scalar(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> Any:
        """Run one statement; return the first column of its first row, if there is one."""
        return (await self.execute(statement, parameters)).scalar()

    async def scalars(self, statement: Statement, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        """Run one statement; return the first column of every row."""
        return (await self.execute(statement, parameters)).scalars()

    @asynccontextmanager
    async def undone(self) -> AsyncGenerator[None]:
        """Undo what the block did when it ends, whatever came of it; the transaction goes on."""
        await self.connection.execute("savepoint undone")
        try:
            yield
        finally:
            await self.connection.execute("rollback to savepoint undone")


_DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # A connection that broke in the middle of an answer says this of its own state.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


def _translate(error: Exception) -> DatabaseError:
    """Return our error for one of the driver's, without its detail, which quotes the values of rows."""
    if isinstance(error, asyncpg.DataError) and error.__cause__ is not None:
        # The driver could not encode a value, and its text quotes it. A wrong type is our mistake, the rest is data.
        is_ours = isinstance(error.__cause__, TypeError | AttributeError)
        return DatabaseError("the driver cannot encode a parameter", "" if is_ours else _UNSTORABLE)
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        message = str(getattr(error, "message", "") or type(error).__name__)
        if isinstance(error, asyncpg.PostgresConnectionError):
            return DatabaseUnavailable(message, state)
        return (IntegrityError if state.startswith("23") else DatabaseError)(message, state)
    return DatabaseUnavailable(type(error).__name__)


def role_password(installation: Installation, role: str) -> str:
    """Return a login role's password: derived, so every process of the installation knows it."""
    return installation.derive_password(f"database-role/{role}")


def parse_url(url: str) -> dict[str, Any]:
    """Return the asyncpg connection arguments of a `postgresql://` address (unix sockets as `?host=`)."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    arguments: dict[str, Any] = {
        "host": query.get("host") or parts.hostname or "localhost",
        "port": parts.port or int(query.get("port", 5432)),
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password or "") or None,
        "database": parts.path.lstrip("/") or "postgres",
    }
    if query.get("sslmode") in {"require", "verify-ca", "verify-full"}:
        arguments["ssl"] = query["sslmode"]
    return arguments


def sqlalchemy_url(arguments: dict[str, Any]) -> URL:
    """Return the SQLAlchemy address of asyncpg connection arguments, for migrations."""
    query = {"host": arguments["host"], "port": str(arguments["port"])}
    if "ssl" in arguments:
        query["ssl"] = arguments["ssl"]
    return URL.create(
        "postgresql+asyncpg",
        username=arguments["user"],
        password=arguments["password"],
        database=arguments["database"],
        query=query,
    )


class Database:
    """Connection pools of one process, one per login role."""

    def __init__(self, url: str, installation: Installation, *, pool_size: int = 18) -> None:
        self._arguments = parse_url(url)
        self._installation = installation
        self._pool_size = pool_size
        self._pools: dict[str, asyncpg.Pool[Row]] = {}
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def as_user(self, user_id: UserId) -> AsyncGenerator[DbSession]:
        """Open one transaction that sees the rows of `user_id` alone."""
        # A UUID's text is hexadecimal: one round trip for both statements.
        async with self._transaction(APP_ROLE, f"begin; set local app.user_id = '{user_id}'") as session:
            yield session

    @asynccontextmanager
    async def as_anonymous(self) -> AsyncGenerator[DbSession]:
        """Open one transaction of the request role that sees no tenant's row: for look-ups before sign-in."""
        async with self._transaction(APP_ROLE, "begin") as session:
            yield session

    @asynccontextmanager
    async def as_engine(self) -> AsyncGenerator[DbSession]:
        """Open one transaction of the engine role; never reachable from a request handler's dependencies."""
        async with self._transaction(ENGINE_ROLE, "begin") as session:
            yield session

    async def ping(self) -> None:
        """Prove that the database answers.

        Raises:
            DatabaseError: it does not.
        """
        async with self.as_engine() as session:
            await session.execute(sql("select 1"))

    async def close(self) -> None:
        """Close all pools, with what is still under way."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            try:
                await asyncio.wait_for(pool.close(), _CONNECT_TIMEOUT)
            except (TimeoutError, *_DRIVER_ERRORS):
                pool.terminate()

    @asynccontextmanager
    async def _transaction(self, role: str, begin: str) -> AsyncGenerator[DbSession]:
        pool = self._pools.get(role) or await self._open(role)
        connection = await _acquire(pool)
        try:
            await _run(connection, begin)
            try:
                yield DbSession(connection)
            except BaseException:
                # The block's own error is what counts; a connection that is gone rolls back by itself.
                try:
                    await connection.execute("rollback")
                except _DRIVER_ERRORS:
                    connection.terminate()
                raise
            await _run(connection, "commit")
        finally:
            if not connection.is_closed() and connection.is_in_transaction():
                connection.terminate()
            await pool.release(connection)

    async def _open(self, role: str) -> asyncpg.Pool[Row]:
        async with self._opening:
            if role not in self._pools:
                address: Any = {
                    **self._arguments,
                    "user": role,
                    "password": role_password(self._installation, role),
                }
                self._pools[role] = await asyncpg.create_pool(
                    **address,
                    min_size=0,
                    max_size=self._pool_size,
                    max_queries=_NEVER,
                    max_inactive_connection_lifetime=0,
                    record_class=Row,
                    init=_set_codecs,
                    # Each transaction ends before its connection goes back, and nothing else is set on one.
                    reset=_leave_as_is,
                    timeout=_CONNECT_TIMEOUT,
                    command_timeout=_STATEMENT_TIMEOUT,
                    statement_cache_size=_STATEMENTS_KEPT,
                    max_cached_statement_lifetime=0,
                    server_settings={"application_name": "tradsy", "idle_in_transaction_session_timeout": "60000"},
                )
            return self._pools[role]


async def _acquire(pool: asyncpg.Pool[Row]) -> _Pooled:
    try:
        return await pool.acquire(timeout=_ACQUIRE_TIMEOUT)
    except _DRIVER_ERRORS as error:
        failed = _translate(error)
        raise DatabaseUnavailable(str(failed), failed.sqlstate) from None


async def _run(connection: _Pooled, statement: str) -> None:
    try:
        await connection.execute(statement)
    except _DRIVER_ERRORS as error:
        raise _translate(error) from None


async def _set_codecs(connection: asyncpg.Connection[Row]) -> None:
    """Read JSON columns as Python values; what is written is JSON text already."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=_as_text, decoder=orjson.loads)


def _as_text(value: str) -> str:
    return value


async def _leave_as_is(_connection: asyncpg.Connection[Row]) -> None:
    pass
