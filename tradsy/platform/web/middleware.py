"""What stands around every request, as plain ASGI: id, log line, metrics, headers, canonical host, bounded body.

From the outside in: `SecurityHeaders`, `RequestContext`, `CanonicalHost`, `BodyLimit`, then the routes.
`RequestContext` answers what nothing else caught, inside the headers, so that a 500 has them too.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tradsy.domain.errors import CallerError, TooLarge, TradsyError
from tradsy.platform.ids import new_id
from tradsy.platform.metrics import HTTP_FAULTS, HTTP_IN_FLIGHT, HTTP_SECONDS
from tradsy.platform.settings import Settings
from tradsy.platform.web.problems import error_response, fault_response

log = structlog.get_logger(__name__)

HOOK_BODY = 64 * 1024
BODY = 1024 * 1024
BODY_TIMEOUT = 10.0
"""Seconds a caller has to send a whole body."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/health", "/readyz", "/metrics"})
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|\[::1\])(?::\d{1,5})?")
_NOT_REDIRECTED = ("/api/", "/hooks/", "/health", "/readyz", "/metrics")
_NOT_CACHED = ("/api/", "/hooks/", "/setup/")


class RequestTimeout(CallerError):
    """The body did not arrive in time."""

    code = "request_timeout"
    http_status = 408
    title = "The body did not arrive in time"


def route_template(scope: Scope) -> str:
    """Return the path as the router declares it (`/hooks/tradingview/{token}`): raw paths may hold tokens."""
    effective = scope.get("fastapi", {}).get("effective_route_context")
    for found in (effective, scope.get("route")):
        path = getattr(found, "path", None)
        if isinstance(path, str):
            return path
    return "unmatched"


class RequestContext:
    """Gives each request an id, counts and logs it, and answers what nothing else caught."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_id().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id), HTTP_IN_FLIGHT.track_inprogress():
            try:
                await self._app(scope, receive, observe)
            except Exception:
                HTTP_FAULTS.labels(route_template(scope)).inc()
                log.exception("request failed")
                if not status:
                    await fault_response(request_id)(scope, receive, observe)
            finally:
                _record(scope, status, time.perf_counter() - started)


def _record(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    route = route_template(scope)
    # Status 0: the caller left before an answer began.
    HTTP_SECONDS.labels(method, route, str(status)).observe(seconds)
    level = 10 if route in _QUIET else 20
    log.log(level, "request", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 2))


def security_headers(settings: Settings) -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer."""
    url = urlsplit(settings.url)
    socket = f"{'wss' if url.scheme == 'https' else 'ws'}://{url.netloc}"
    policy = (
        "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'; img-src 'self' data:; connect-src 'self' {socket}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    # A browser would carry a policy for localhost over to every other product on the machine.
    if url.scheme == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class SecurityHeaders:
    """Adds the headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        extra = self._headers
        if scope["path"].startswith(_NOT_CACHED):
            extra = [*extra, (b"cache-control", b"no-store")]

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                present: Sequence[tuple[bytes, bytes]] = list(message.get("headers", ()))
                names = {name.lower() for name, _ in present}
                message["headers"] = [*present, *(pair for pair in extra if pair[0] not in names)]
            await send(message)

        await self._app(scope, receive, add)


class CanonicalHost:
    """Sends browsers on 127.0.0.1 to localhost, where the session cookie is, unless a public address is set."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._active = not settings.public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if self._active and scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            host = _host(scope)
            if _LOOPBACK.fullmatch(host) and not scope["path"].startswith(_NOT_REDIRECTED):
                await _redirect(scope, host, send)
                return
        await self._app(scope, receive, send)


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


async def _redirect(scope: Scope, host: str, send: Send) -> None:
    port = host.rpartition(":")[2] if not host.endswith("]") and ":" in host else ""
    path = scope.get("raw_path") or scope["path"].encode()
    query = b"?" + scope["query_string"] if scope.get("query_string") else b""
    # The authority is fixed text and digits, so the path cannot lead elsewhere.
    target = f"http://localhost{':' + port if port else ''}".encode() + path + query
    await send(
        {"type": "http.response.start", "status": 307, "headers": [(b"location", target), (b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})


class BodyLimit:
    """Reads the whole body before the routes run: at most so many bytes, within so many seconds."""

    def __init__(self, app: ASGIApp, *, timeout: float = BODY_TIMEOUT) -> None:
        self._app = app
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        limit = HOOK_BODY if scope["path"].startswith("/hooks/") else BODY
        try:
            body = await self._read(scope, receive, limit)
        except TradsyError as error:
            response = error_response(error)
            # What is left of the body is not read: the connection cannot be used again.
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive, limit: int) -> bytes | None:
        """Return the body, or None when the caller left.

        Raises:
            TooLarge: it is longer than `limit`.
            RequestTimeout: it did not arrive in time.
        """
        if _declared_length(scope) > limit:
            raise TooLarge(limit_bytes=limit)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    if size > limit:
                        raise TooLarge(limit_bytes=limit)
                    if not message.get("more_body"):
                        return b"".join(chunks)
        except TimeoutError:
            raise RequestTimeout from None


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else HTTPStatus.REQUEST_ENTITY_TOO_LARGE << 32
    return 0


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
