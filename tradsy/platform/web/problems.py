"""One shape for every error: problem+json (RFC 9457) with a stable `code`, and no word of what was sent.

| raised | status |
|---|---|
| `TradsyError` | its own |
| `RequestValidationError` | 422 with fields and reasons, never values |
| framework `HTTPException` | its own |
| database, bus or pool gone, disk full, deadlock | 503 with Retry-After |
| data that PostgreSQL cannot hold | 422 |
| anything else | 500 with a trace id; the stack trace goes to the log alone |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any, cast

import asyncpg
import nats.errors
import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from tradsy.domain.errors import Invalid, TradsyError, Unavailable
from tradsy.domain.money import format_decimal
from tradsy.platform.db import DatabaseError, DatabaseUnavailable
from tradsy.platform.web.validation import describe_errors

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
_RESERVED = frozenset({"type", "title", "status", "code", "detail", "trace_id"})
_RETRY_AFTER = 2
"""Seconds after which a lost dependency is worth another try: embedded engines are back within about two."""
_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}
# SQLSTATE classes: connection, resources (disk full is 53100), operator (shutdown, crash), rollback.
_PASSING_STATES = ("08", "53", "57", "40", "55P03", "25P03")


class FieldProblem(BaseModel):
    """One field that was refused."""

    field: str = Field(description="Dotted path of the field, such as `body.order.quantity`.")
    code: str = Field(description="Stable reason.")
    message: str = Field(description="Reason in words; never contains the value.")


class Problem(BaseModel):
    """An error. Some codes carry further members, such as a limit and its use."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="URN of the kind of error.")
    title: str = Field(description="Summary of the kind of error.")
    status: int = Field(description="HTTP status.", ge=400, le=599)
    code: str = Field(description="Stable, machine-readable kind of error.")
    detail: str = Field(description="What happened this time; never contains input.")
    trace_id: str | None = Field(default=None, description="What to quote to the operator (faults only).")
    errors: list[FieldProblem] | None = Field(default=None, description="Refused fields (422 only).")


def _to_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format_decimal(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, set | frozenset):
        return sorted(cast("set[Any]", value), key=str)
    return str(value)


def problem_response(
    status: int,
    code: str,
    title: str,
    detail: str = "",
    *,
    context: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    trace_id: str | None = None,
) -> Response:
    """Return a problem+json answer; `context` members must hold no input and no secrets."""
    body: dict[str, Any] = {
        "type": f"urn:tradsy:error:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
    }
    if trace_id:
        body["trace_id"] = trace_id
    body.update({key: value for key, value in (context or {}).items() if key not in _RESERVED})
    content = orjson.dumps(body, default=_to_json, option=orjson.OPT_NON_STR_KEYS)
    return Response(content, status, headers=dict(headers or {}), media_type=PROBLEM_TYPE)


def error_response(error: TradsyError, *, trace_id: str | None = None) -> Response:
    """Return the answer for one of our own errors."""
    headers: dict[str, str] = {}
    after = _seconds(error.context.get("retry_after"))
    if error.http_status == HTTPStatus.SERVICE_UNAVAILABLE:
        after = after or _RETRY_AFTER
    if after is not None:
        headers["Retry-After"] = str(after)
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(
        error.http_status,
        error.code,
        error.title,
        error.detail,
        context=error.context,
        headers=headers,
        trace_id=trace_id,
    )


def _seconds(value: object) -> int | None:
    if isinstance(value, timedelta):
        return max(1, math.ceil(value.total_seconds()))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return max(1, math.ceil(value))
    return None


def fault_response(trace_id: str | None) -> Response:
    """Return the last-resort answer, which says nothing but where to look."""
    return problem_response(500, "internal", "Something went wrong", trace_id=trace_id)


def trace_id_of(request: Request) -> str | None:
    """Return the id that stands on every log line of this request."""
    found = request.scope.get("state", {}).get("request_id")
    return str(found) if found else None


def is_dependency_failure(error: BaseException) -> bool:
    """Whether `error` says that the database, the bus, the pool or the disk cannot serve now."""
    if isinstance(error, DatabaseError):
        return isinstance(error, DatabaseUnavailable) or error.sqlstate.startswith(_PASSING_STATES)
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_PASSING_STATES)
    return isinstance(error, asyncpg.InterfaceError | nats.errors.Error | OSError | TimeoutError)


def _is_unstorable(error: BaseException) -> bool:
    """Whether PostgreSQL refused a value (class 22): text it cannot hold, a number out of range."""
    return isinstance(error, UnicodeEncodeError) or (isinstance(error, DatabaseError) and error.sqlstate[:2] == "22")


async def _answer_tradsy_error(request: Request, error: Exception) -> Response:
    """Answer one of our own errors."""
    error = cast("TradsyError", error)
    is_fault = error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if is_fault:
        expected = isinstance(error, Unavailable)
        log.log(30 if expected else 40, "request failed", code=error.code, exc_info=not expected)
    if error.http_status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return fault_response(trace_id_of(request))
    return error_response(error, trace_id=trace_id_of(request) if is_fault else None)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    """Answer a request that does not fit its schema: fields and reasons, never values."""
    error = cast("RequestValidationError", error)
    return error_response(Invalid("some fields are not valid", errors=describe_errors(error.errors())))


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer the framework's own refusals: no such route, wrong method, unreadable body."""
    error = cast("HTTPException", error)
    title = HTTPStatus(error.status_code).phrase if error.status_code in set(HTTPStatus) else "Error"
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    return problem_response(error.status_code, code, title, headers=error.headers)


async def _answer_dependency_error(request: Request, error: Exception) -> Response:
    """Answer an error of the database, the bus or the system: 503 when it may pass, 422 for data, else 500."""
    trace_id = trace_id_of(request)
    if is_dependency_failure(error):
        # The statement and its parameters are in the error's text: only its kind is logged.
        log.warning("dependency failed", error=type(error).__name__, origin=type(error.__cause__).__name__)
        return error_response(Unavailable(), trace_id=trace_id)
    if _is_unstorable(error):
        log.info("value refused by the database", error=type(error).__name__)
        return error_response(Invalid("a value is out of range or holds characters that cannot be stored"))
    log.error("request failed", exc_info=error)
    return fault_response(trace_id)


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Any]] = {
    TradsyError: _answer_tradsy_error,
    RequestValidationError: _answer_invalid,
    HTTPException: _answer_http_exception,
    DatabaseError: _answer_dependency_error,
    asyncpg.PostgresError: _answer_dependency_error,
    asyncpg.InterfaceError: _answer_dependency_error,
    nats.errors.Error: _answer_dependency_error,
    OSError: _answer_dependency_error,
    TimeoutError: _answer_dependency_error,
    UnicodeEncodeError: _answer_dependency_error,
}


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem+json answer."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


def problem_responses(*errors: type[TradsyError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that may raise `errors`, grouped by status."""
    grouped: dict[int, list[type[TradsyError]]] = {}
    for error in errors:
        grouped.setdefault(error.http_status, []).append(error)
    return {
        status: {
            "description": "; ".join(f"{kind.title} (`{kind.code}`)" for kind in kinds),
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, kinds in sorted(grouped.items())
    }
