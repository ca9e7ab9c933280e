"""Statements, rows and errors, without a database."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncpg
import pytest

from tradsy.platform import db
from tradsy.platform.db import DatabaseError, DatabaseUnavailable, IntegrityError, Result, UnexpectedRows, sql

CANARY = "canary-7f3a"


def test_named_parameters_become_numbered_ones_and_casts_stay() -> None:
    statement = sql("select :a, cast(:b as uuid[]), x::text from t where y = :a")
    assert statement.text == "select $1, cast($2 as uuid[]), x::text from t where y = $1"
    assert statement.names == ("a", "b")


def test_statement_is_read_once() -> None:
    assert sql("select 1") is sql("select 1")
    assert sql("select 1").names == ()


def test_no_row_where_one_is_needed_is_an_error() -> None:
    nothing = Result(())
    with pytest.raises(UnexpectedRows, match="0 came"):
        nothing.one()
    with pytest.raises(UnexpectedRows):
        nothing.scalar_one()
    assert (nothing.first(), nothing.one_or_none(), nothing.scalar(), nothing.scalar_one_or_none()) == (None,) * 4
    assert (list(nothing), nothing.all(), nothing.scalars()) == ([], (), [])


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (asyncpg.UniqueViolationError, IntegrityError),
        (asyncpg.InsufficientPrivilegeError, DatabaseError),
        (asyncpg.ConnectionDoesNotExistError, DatabaseUnavailable),
    ],
)
def test_error_of_the_server_keeps_its_code_and_loses_its_detail(
    raised: type[asyncpg.PostgresError], kind: type[DatabaseError]
) -> None:
    error = raised.new({"M": "told", "C": raised.sqlstate or "", "D": f"Key (email)=({CANARY}) exists."})
    found = db._translate(error)
    assert type(found) is kind
    assert (str(found), found.sqlstate) == ("told", raised.sqlstate)
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    ("cause", "sqlstate"), [(OverflowError(), "22000"), (ValueError(), "22000"), (TypeError(), "")]
)
def test_value_that_cannot_be_sent_is_not_told(cause: Exception, sqlstate: str) -> None:
    error = asyncpg.DataError(f"invalid input for query argument $1: {CANARY}")
    error.__cause__ = cause
    found = db._translate(error)
    assert found.sqlstate == sqlstate
    assert CANARY not in str(found)


@pytest.mark.parametrize("error", [ConnectionResetError(CANARY), TimeoutError(CANARY), asyncpg.InterfaceError(CANARY)])
def test_lost_connection_is_told_by_kind_alone(error: Exception) -> None:
    found = db._translate(error)
    assert isinstance(found, DatabaseUnavailable)
    assert str(found) == type(error).__name__
