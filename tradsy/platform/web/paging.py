"""Cursor paging: a page is what follows a position, so rows that arrive meanwhile neither repeat nor hide others."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar, cast, overload
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import Field

from tradsy.domain.errors import Invalid
from tradsy.domain.money import format_decimal
from tradsy.platform.web.models import StrictModel

T = TypeVar("T")
A = TypeVar("A", bound="str | int | datetime | UUID | Decimal")
B = TypeVar("B", bound="str | int | datetime | UUID | Decimal")

CursorPart = str | int | datetime | UUID | Decimal
MAX_LIMIT = 200
DEFAULT_LIMIT = 50
_MAX_CURSOR = 512


class InvalidCursor(Invalid):
    """The cursor was not given out by this list."""

    code = "invalid_cursor"
    title = "The cursor is not valid"


class CursorPage(StrictModel, Generic[T]):
    """One page of a list."""

    items: list[T] = Field(description="Rows of this page, in the list's order.")
    next_cursor: str | None = Field(
        default=None, description="Give it as `cursor` for the following page; null on the last one."
    )


def encode_cursor(*parts: CursorPart) -> str:
    """Return an opaque cursor for the sort key of the last row of a page.

    It is not signed: a list starts from what its caller may read, so a forged position shows nothing more.
    """
    return base64.urlsafe_b64encode(orjson.dumps([_write_part(part) for part in parts])).decode().rstrip("=")


def _write_part(part: CursorPart) -> str | int:
    if isinstance(part, datetime):
        return part.isoformat()
    if isinstance(part, Decimal):
        return format_decimal(part)
    return str(part) if isinstance(part, UUID) else part


@overload
def decode_cursor(cursor: str, first: type[A], /) -> tuple[A]: ...
@overload
def decode_cursor(cursor: str, first: type[A], second: type[B], /) -> tuple[A, B]: ...
@overload
def decode_cursor(cursor: str, /, *kinds: type[CursorPart]) -> tuple[CursorPart, ...]: ...
def decode_cursor(cursor: str, /, *kinds: type[Any]) -> tuple[Any, ...]:
    """Return the parts of a cursor, which must be of `kinds`.

    Raises:
        InvalidCursor: it was not made by `encode_cursor` with parts of these kinds.
    """
    if not cursor or len(cursor) > _MAX_CURSOR or not cursor.isascii():
        raise InvalidCursor
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts: object = orjson.loads(raw)
        if not isinstance(parts, list) or len(cast("list[object]", parts)) != len(kinds):
            raise InvalidCursor
        found = tuple(_read_part(part, kind) for part, kind in zip(cast("list[object]", parts), kinds, strict=True))
    except (binascii.Error, ValueError, ArithmeticError) as error:
        raise InvalidCursor from error
    # One position has one spelling, so that a cursor can be compared and cached as text.
    if encode_cursor(*found) != cursor:
        raise InvalidCursor
    return found


def _read_part(part: object, kind: type[Any]) -> CursorPart:
    if kind is int:
        if isinstance(part, bool) or not isinstance(part, int):
            raise InvalidCursor
        return part
    if not isinstance(part, str) or "\0" in part:
        raise InvalidCursor
    if kind is datetime:
        at = datetime.fromisoformat(part)
        if at.tzinfo is None:
            raise InvalidCursor
        return at
    if kind is Decimal and not Decimal(part).is_finite():
        raise InvalidCursor
    return cast("CursorPart", kind(part))


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page the caller wants."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


async def get_paging(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows per page.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(min_length=1, max_length=_MAX_CURSOR, description="`next_cursor` of the page before.")
    ] = None,
) -> Paging:
    """Return the wanted page, as the query names it."""
    return Paging(limit, cursor)


PagingDep = Annotated[Paging, Depends(get_paging)]


def cut_page(rows: Sequence[T], paging: Paging, position: Callable[[T], tuple[CursorPart, ...]]) -> CursorPage[T]:
    """Return the page of `rows`, which were asked for with `limit + 1`, so that the next page's existence shows.

    `position` gives a row's sort key, the parts that `decode_cursor` will return.
    """
    items = list(rows[: paging.limit])
    more = len(rows) > paging.limit
    return CursorPage(items=items, next_cursor=encode_cursor(*position(items[-1])) if more else None)
