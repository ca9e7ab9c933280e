"""Routes that need an `Idempotency-Key`: sent twice, they act once and answer the same.

| the key | answer |
|---|---|
| is missing or not 1 to 128 visible ASCII characters | 400 `idempotency_key_required` |
| is new | the route's, stored before it is sent |
| answered this very request within 24 h | the stored one, with `Idempotent-Replayed: true` |
| answered another body or query | 422 `idempotency_key_reused` |
| is being answered | 409 `idempotency_key_in_use`, Retry-After |
| acted, but a crash lost the answer | 409 `idempotency_answer_lost` |

Not stored, because the same request may succeed later: 401, 402, 403, 408, 429 and 5xx. The wrapper stands around the
whole route, outside its transaction: an answer is stored only after the commit it speaks of.

Who calls is told by `app.state.idempotency_caller`, an `async (Request) -> str` that raises what the route would raise
for a caller without a valid credential and else returns who calls. It must not change when tokens rotate, and it is
asked again before a replay, so that a revoked credential sees nothing.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tradsy.domain.errors import CallerError, Conflict, Invalid
from tradsy.platform.db import DatabaseError, DbSession
from tradsy.platform.idempotency import Answer, Claim, ClaimState, IdempotencyStore, mark_committed
from tradsy.platform.metrics import counter
from tradsy.platform.web.problems import problem_responses

log = structlog.get_logger(__name__)

_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_NOT_STORED = frozenset({401, 402, 403, 408, 429})
_STORED_HEADERS = frozenset({"content-type", "location", "etag", "link"})
_MAX_STORED = 1 << 20
OUTCOMES = counter("tradsy_http_idempotent_requests_total", "Requests with an Idempotency-Key.", ("outcome",))

CallerOf = Callable[[Request], Awaitable[str]]


class IdempotencyKeyRequired(CallerError):
    """The route needs a key."""

    code = "idempotency_key_required"
    title = "Send an Idempotency-Key of 1 to 128 visible ASCII characters"


class IdempotencyKeyReused(Invalid):
    """The key belongs to another request."""

    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another request"


class IdempotencyKeyInUse(Conflict):
    """A request with the key is being answered."""

    code = "idempotency_key_in_use"
    title = "A request with this Idempotency-Key is being answered"


class IdempotencyAnswerLost(Conflict):
    """The request was carried out, and a crash kept its answer from being stored."""

    code = "idempotency_answer_lost"
    title = "The request was carried out, but its answer was lost: look the result up"


_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Chosen by the caller for one intended act; sent again, the stored answer comes back for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[\\x21-\\x7e]{1,128}$"},
}


async def bind_claim(connection: HTTPConnection, session: DbSession) -> None:
    """Bind the request's key, if it has one, to the session's transaction; the last act before its commit.

    Raises:
        IdempotencyKeyInUse: another request took the key over; the transaction must roll back.
    """
    state = connection.scope.get("state", {})
    claim = state.get("idempotency_claim")
    if isinstance(claim, Claim):
        if not await mark_committed(session, claim):
            raise IdempotencyKeyInUse(retry_after=1)
        state["idempotency_bound"] = True


class IdempotentRoute(APIRoute):
    """A route whose unsafe methods need an `Idempotency-Key`; give it to `APIRouter(route_class=...)`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if _UNSAFE.intersection(method.upper() for method in options.get("methods") or ()):
            extra: dict[str, Any] = dict(options.get("openapi_extra") or {})
            extra["parameters"] = [*extra.get("parameters", ()), _PARAMETER]
            options["openapi_extra"] = extra
            options["responses"] = _merge_responses(
                problem_responses(
                    IdempotencyKeyRequired, Invalid, IdempotencyKeyReused, IdempotencyKeyInUse, IdempotencyAnswerLost
                ),
                options.get("responses") or {},
            )
        super().__init__(path, endpoint, **options)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the store, or run the route and store its answer."""
        if scope["method"] not in _UNSAFE:
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive)
        caller = await _identify(request)
        if caller is None:
            # Nobody in particular: the route itself refuses, or serves everyone alike.
            await super().handle(scope, receive, send)
            return
        key = request.headers.get("idempotency-key", "")
        if not _KEY.fullmatch(key):
            raise IdempotencyKeyRequired
        body = await request.body()
        store = _store_of(request)
        scope_hash = store.scope_of(caller, scope["method"], scope["path"])
        claim = await store.claim(scope_hash, key, scope.get("query_string", b"") + b"\n" + body)
        OUTCOMES.labels(claim.state.value).inc()
        if claim.state is ClaimState.CLAIMED:
            scope.setdefault("state", {})["idempotency_claim"] = claim
            recorder = _Recorder(store, claim, send, scope["state"])
            try:
                await super().handle(scope, _replaying(body, receive), recorder)
            finally:
                await recorder.close()
            return
        await _answer_known(claim)(scope, receive, send)


def _merge_responses(ours: dict[int | str, Any], theirs: dict[int | str, Any]) -> dict[int | str, Any]:
    merged = {**ours, **theirs}
    for status in ours.keys() & theirs.keys():
        first, second = theirs[status].get("description"), ours[status]["description"]
        merged[status] = {**theirs[status], "description": f"{first}; {second}" if first else second}
    return merged


async def _identify(request: Request) -> str | None:
    caller_of = cast("CallerOf | None", getattr(request.app.state, "idempotency_caller", None))
    if caller_of is not None:
        return await caller_of(request)
    # Without a resolver the credential itself tells callers apart.
    cookies = sorted(f"{name}={value}" for name, value in request.cookies.items() if name.startswith("__Host-"))
    return request.headers.get("authorization") or "; ".join(cookies) or None


def _store_of(request: Request) -> IdempotencyStore:
    state = request.app.state
    store = getattr(state, "idempotency", None)
    if store is None:
        store = state.idempotency = IdempotencyStore(state.database, state.installation.derive_key("idempotency"))
    return cast("IdempotencyStore", store)


def _answer_known(claim: Claim) -> Response:
    """Return the stored answer.

    Raises:
        IdempotencyKeyReused: the key belongs to another request.
        IdempotencyAnswerLost: the request was carried out, its answer is gone.
        IdempotencyKeyInUse: the first request is being answered.
    """
    if claim.state is ClaimState.MISMATCH:
        raise IdempotencyKeyReused
    if claim.state is ClaimState.ANSWER_LOST:
        raise IdempotencyAnswerLost
    if claim.answer is None:
        raise IdempotencyKeyInUse(retry_after=1)
    headers = {**dict(claim.answer.headers), "Idempotent-Replayed": "true"}
    return Response(claim.answer.body, claim.answer.status, headers=headers)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that was read, then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


class _Recorder:
    """Holds the answer back until it is stored."""

    def __init__(self, store: IdempotencyStore, claim: Claim, send: Send, state: dict[str, object]) -> None:
        self._state = state
        self._store = store
        self._claim = claim
        self._send = send
        self._held: list[Message] = []
        self._size = 0
        self._settled = False

    async def __call__(self, message: Message) -> None:
        """Take one ASGI message of the route's answer."""
        if self._settled:
            await self._send(message)
            return
        self._held.append(message)
        self._size += len(message.get("body", b""))
        # An answer too long to keep is sent on; its key stays bound if the route bound it, else it is free again.
        if self._size > _MAX_STORED:
            await self._let_go()
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            await self._keep()

    async def _keep(self) -> None:
        status = self._held[0]["status"]
        if status >= 500 or status in _NOT_STORED:
            await self._let_go()
            return
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._held[0]["headers"]
            if name.decode("latin-1").lower() in _STORED_HEADERS
        ]
        body = b"".join(message.get("body", b"") for message in self._held[1:])
        bound = bool(self._state.get("idempotency_bound"))
        await self._settle(self._store.store_answer(self._claim, Answer(status, headers, body), bound=bound))
        await self._flush()

    async def _let_go(self) -> None:
        await self._settle(self._store.release(self._claim))
        await self._flush()

    async def _settle(self, action: Awaitable[None]) -> None:
        """Do the last thing to the row. The act itself is over: when the database is gone the caller still hears."""
        self._settled = True
        try:
            await action
        except (DatabaseError, OSError):
            log.warning("idempotency row left as it is", exc_info=True)

    async def _flush(self) -> None:
        for message in self._held:
            await self._send(message)
        self._held.clear()

    async def close(self) -> None:
        """Free the key when the route ended without an answer."""
        if not self._settled:
            await self._settle(self._store.release(self._claim))
