"""The HTTP edge around a small application: errors, headers, limits, log lines, metrics, the OpenAPI document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from pydantic import SecretStr
from starlette.types import Message

from tradsy.domain.errors import Conflict, Limited, NotFound, TradsyError, Unauthenticated
from tradsy.platform import health, metrics
from tradsy.platform.bus import BusUnavailable
from tradsy.platform.db import DatabaseError, DatabaseUnavailable, IntegrityError, UnexpectedRows
from tradsy.platform.health import ReadinessProbes
from tradsy.platform.settings import Settings
from tradsy.platform.web import (
    IdempotentRoute,
    PagingDep,
    StrictModel,
    install_web,
    middleware,
    problem_responses,
    problems,
)
from tradsy.platform.web.middleware import BodyLimit
from tradsy.testing.asgi import AsgiAnswer, AsgiClient
from tradsy.testing.logs import captured_logs

CANARY = "canary0Kq7hX2pV9mWz4tRb8nYc3dLf6sGj1aQe5"
HEADERS = {
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "x-frame-options",
    "x-request-id",
}


class Login(StrictModel):
    email: str
    password: SecretStr
    age: int = 0


RAISED: dict[str, tuple[Callable[[], Exception], int, str]] = {
    "not_found": (lambda: NotFound(), 404, "not_found"),
    "conflict": (lambda: Conflict("busy", limit="5"), 409, "conflict"),
    "limited": (lambda: Limited(retry_after=2.2), 429, "rate_limited"),
    "unauthenticated": (lambda: Unauthenticated(), 401, "unauthenticated"),
    "bus": (lambda: BusUnavailable(), 503, "bus_unavailable"),
    "operational": (lambda: DatabaseUnavailable(CANARY), 503, "unavailable"),
    "pool": (lambda: DatabaseUnavailable(CANARY, "53300"), 503, "unavailable"),
    "disk_full": (lambda: DatabaseError(CANARY, "53100"), 503, "unavailable"),
    "shutdown": (lambda: DatabaseError(CANARY, "57P01"), 503, "unavailable"),
    "deadlock": (lambda: DatabaseError(CANARY, "40P01"), 503, "unavailable"),
    "raw_disk_full": (lambda: asyncpg.DiskFullError(CANARY), 503, "unavailable"),
    "raw_interface": (lambda: asyncpg.InterfaceError(CANARY), 503, "unavailable"),
    "refused": (lambda: ConnectionRefusedError(CANARY), 503, "unavailable"),
    "no_socket": (lambda: FileNotFoundError(CANARY), 503, "unavailable"),
    "timeout": (lambda: TimeoutError(CANARY), 503, "unavailable"),
    "overflow": (lambda: DatabaseError(CANARY, "22003"), 422, "invalid"),
    "nul": (lambda: DatabaseError(CANARY, "22021"), 422, "invalid"),
    "constraint": (lambda: IntegrityError(CANARY, "23505"), 500, "internal"),
    "no_rights": (lambda: DatabaseError(CANARY, "42501"), 500, "internal"),
    "rows": (lambda: UnexpectedRows(CANARY), 500, "internal"),
    "bare_tradsy": (lambda: TradsyError(CANARY), 500, "internal"),
    "bug": (lambda: RuntimeError(CANARY), 500, "internal"),
    "http": (lambda: HTTPException(418, CANARY), 418, "http_418"),
}


def build(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    app = FastAPI()
    install_web(app, settings)
    app.state.settings = settings
    app.state.readiness = ReadinessProbes()
    router = APIRouter()

    @router.post("/login", responses=problem_responses(NotFound, Conflict))
    async def login(body: Login) -> dict[str, str]:
        return {"length": str(len(body.password))}

    @router.get("/raise/{name}")
    async def fail(name: str) -> None:
        make = RAISED[name][0]
        raise make()

    @router.get("/rows")
    async def rows(paging: PagingDep) -> dict[str, Any]:
        return {"limit": paging.limit}

    guarded = APIRouter(route_class=IdempotentRoute)

    @guarded.post("/orders/{order_id}", status_code=201)
    async def create(order_id: str) -> dict[str, str]:
        return {"id": order_id}

    app.include_router(router, prefix="/api/v1")
    app.include_router(guarded, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(metrics.router)

    @app.post("/hooks/tradingview/{token}", status_code=202)
    async def hook(token: str) -> dict[str, str]:
        return {}

    @app.get("/")
    async def index() -> dict[str, str]:
        return {}

    return app


def check_problem(answer: AsgiAnswer, status: int, code: str) -> dict[str, Any]:
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.headers) >= HEADERS
    body = answer.json()
    assert {key: body[key] for key in ("type", "status", "code")} == {
        "type": f"urn:tradsy:error:{code}",
        "status": status,
        "code": code,
    }
    assert CANARY not in answer.text + str(answer.raw_headers)
    assert "Traceback" not in answer.text
    return body


@pytest.mark.parametrize("name", RAISED)
async def test_error_becomes_a_problem_without_a_word_of_its_cause(name: str) -> None:
    _, status, code = RAISED[name]
    client = AsgiClient(build())
    answer = await client.get(f"/api/v1/raise/{name}")
    body = check_problem(answer, status, code)
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    if status >= 500:
        assert body["trace_id"] == answer.headers["x-request-id"]
    assert (await client.get("/health")).status == 200, "the process survives"


async def test_error_carries_its_numbers_and_headers() -> None:
    client = AsgiClient(build())
    assert (await client.get("/api/v1/raise/conflict")).json()["limit"] == "5"
    assert (await client.get("/api/v1/raise/limited")).headers["retry-after"] == "3"
    assert (await client.get("/api/v1/raise/unauthenticated")).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"/nope/{CANARY}", 404, "not_found"),
        ("GET", f"/api/v1/{CANARY}", 404, "not_found"),
        ("DELETE", "/api/v1/login", 405, "method_not_allowed"),
        ("TRACE", "/api/v1/login", 405, "method_not_allowed"),
        ("GET", "/api/v1/rows?limit=0", 422, "invalid"),
        ("GET", "/api/v1/rows?limit=201", 422, "invalid"),
        ("GET", f"/api/v1/rows?limit={CANARY}", 422, "invalid"),
    ],
)
async def test_refusals_of_the_router_are_problems(method: str, path: str, status: int, code: str) -> None:
    check_problem(await AsgiClient(build()).request(method, path), status, code)


@pytest.mark.parametrize(
    "body",
    [
        {"email": CANARY},
        {"password": CANARY},
        {"email": "x", "password": [CANARY]},
        {"email": "x", "password": CANARY, "age": CANARY},
        {"email": "x", "password": "p", CANARY: 1},
        [CANARY],
        CANARY,
    ],
)
async def test_validation_never_echoes(body: Any) -> None:
    answer = await AsgiClient(build()).post("/api/v1/login", json=body)
    problem = check_problem(answer, 422, "invalid")
    assert problem["errors"]


@pytest.mark.parametrize(
    "content", [b'{"email": "' + CANARY.encode(), b"\xff\xfe", b"[" * 100_000, b'{"age": NaN}', b""]
)
async def test_unreadable_body_is_refused_without_echo(content: bytes) -> None:
    answer = await AsgiClient(build()).post(
        "/api/v1/login", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status in {400, 422}
    check_problem(answer, answer.status, answer.json()["code"])


@pytest.mark.parametrize(("path", "limit"), [("/hooks/tradingview/t", 65_536), ("/api/v1/login", 1_048_576)])
async def test_body_over_the_limit_is_refused_however_it_is_sent(path: str, limit: int) -> None:
    client = AsgiClient(build())
    assert (await client.post(path, content=b" " * limit)).status != 413
    check_problem(await client.post(path, content=b" " * (limit + 1)), 413, "too_large")
    chunks = [b" " * 10_000] * (limit // 10_000 + 1)
    answer = await client.post(path, content=chunks)
    check_problem(answer, 413, "too_large")
    assert answer.headers["connection"] == "close"
    check_problem(await client.post(path, content=b"x", headers={"content-length": "9" * 30}), 413, "too_large")


async def test_slow_body_times_out() -> None:
    sent: list[Message] = []

    async def app(*_: Any) -> None:
        raise AssertionError("the body is not complete")

    async def receive() -> Message:
        if not sent:
            sent.append({"type": "http.request", "body": b"x", "more_body": True})
            return sent[0]
        await asyncio.Event().wait()
        raise AssertionError

    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": "/hooks/x", "headers": [(b"transfer-encoding", b"chunked")]}
    await BodyLimit(app, timeout=0.05)(scope, receive, send)
    assert answers[0]["status"] == 408


async def test_every_answer_has_the_headers_and_hsts_only_on_https() -> None:
    plain, secure = AsgiClient(build()), AsgiClient(build(Settings(public_url="https://trade.example")))
    for path in ("/", "/health", "/nope", "/api/v1/rows", "/api/v1/raise/bug"):
        answer = await plain.get(path)
        assert set(answer.headers) >= HEADERS
        assert "strict-transport-security" not in answer.headers
        assert (answer.headers.get("cache-control") == "no-store") == path.startswith("/api/")
        assert (await secure.get(path)).headers["strict-transport-security"].startswith("max-age=31536000")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "ws://localhost:8321" in policy


@pytest.mark.parametrize(
    ("host", "path", "target"),
    [
        ("127.0.0.1:8321", "/a?b=c", "http://localhost:8321/a?b=c"),
        ("[::1]:9", "/", "http://localhost:9/"),
        ("127.0.0.1", "//evil.example/", "http://localhost//evil.example/"),
        ("localhost:8321", "/", None),
        ("127.0.0.1:8321", "/api/v1/rows", None),
        ("127.0.0.1:8321", "/hooks/tradingview/x", None),
        ("127.0.0.1.evil.example", "/", None),
        ("127.0.0.1:1@evil.example", "/", None),
    ],
)
async def test_loopback_address_leads_to_localhost(host: str, path: str, target: str | None) -> None:
    client = AsgiClient(build(), host=host)
    # The path is given raw, as a browser sends it: a URL parser would read `//evil.example` as a host.
    answer = await client.get("http://x" + path)
    assert answer.headers.get("location") == target
    assert (answer.status == 307) == (target is not None)
    fixed = AsgiClient(build(Settings(public_url="https://trade.example")), host=host)
    assert (await fixed.get("http://x" + path)).status != 307


async def test_log_line_and_metrics_name_the_route_never_the_path() -> None:
    client = AsgiClient(build())
    with captured_logs(middleware) as lines, captured_logs(problems) as errors:
        await client.post(f"/hooks/tradingview/{CANARY}", content=b"{}")
        await client.get(f"/{CANARY}?q={CANARY}")
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in requests] == [
        ("/hooks/tradingview/{token}", 202),
        ("unmatched", 404),
    ]
    text = (await client.get("/metrics")).text
    assert CANARY not in json.dumps([*lines, *errors], default=str) + text
    assert 'route="/hooks/tradingview/{token}",status="202"' in text


async def test_metrics_ask_for_the_token_or_a_loopback_caller() -> None:
    open_app = build()
    assert (await AsgiClient(open_app).get("/metrics")).status == 200
    assert (await AsgiClient(open_app, client=("192.0.2.7", 1)).get("/metrics")).status == 404
    proxied = AsgiClient(open_app, headers={"x-forwarded-for": "192.0.2.7"})
    assert (await proxied.get("/metrics")).status == 404
    guarded = AsgiClient(build(Settings(metrics_token=SecretStr("m" * 32))))
    assert (await guarded.get("/metrics")).status == 401
    assert (await guarded.get("/metrics", headers={"authorization": "Bearer " + "x" * 32})).status == 401
    assert (await guarded.get("/metrics", headers={"authorization": "Bearer " + "m" * 32})).status == 200


def test_metric_names_follow_the_rule() -> None:
    for make, name in ((metrics.counter, "tradsy_x_y"), (metrics.gauge, "x_y_z"), (metrics.histogram, "tradsy_X_s")):
        with pytest.raises(ValueError, match=name):
            make(name, "no")


async def test_readiness_follows_its_probes() -> None:
    app = build()
    broken: set[str] = set()

    def probe(name: str) -> Callable[[], Any]:
        async def ask() -> None:
            if name in broken:
                raise OSError(CANARY)

        return ask

    probes: ReadinessProbes = app.state.readiness
    probes.add("database", probe("database"))
    probes.add("sim", probe("sim"), trading_only=True)
    client = AsgiClient(app)
    for names, status, ready, trading in (
        (set[str](), 200, True, True),
        ({"sim"}, 200, True, False),
        ({"database"}, 503, False, False),
    ):
        broken.clear()
        broken.update(names)
        answer = await client.get("/readyz")
        assert answer.status == status
        assert (answer.json()["ready"], answer.json()["trading_ready"]) == (ready, trading)
        assert CANARY not in answer.text


def test_openapi_document_tells_the_whole_edge() -> None:
    schema = build().openapi()
    assert set(schema["components"]["securitySchemes"]) == {"session", "bearer"}
    login, create = schema["paths"]["/api/v1/login"]["post"], schema["paths"]["/api/v1/orders/{order_id}"]["post"]
    assert "HTTPValidationError" not in json.dumps(schema)
    edge = {"400", "401", "403", "408", "413", "415", "429", "503", "default"}
    assert set(login["responses"]) == {"200", "404", "409", "422"} | edge
    assert "application/problem+json" in login["responses"]["422"]["content"]
    assert login["security"] == [{"session": []}, {"bearer": []}]
    assert schema["paths"]["/health"]["get"]["security"] == []
    keys = [part for part in create["parameters"] if part["name"] == "Idempotency-Key"]
    assert [(key["in"], key["required"]) for key in keys] == [("header", True)]
    assert "idempotency_key_reused" in create["responses"]["422"]["description"]
    assert {"409", "400"} <= set(create["responses"])
    assert "parameters" not in login
    references = {part.split('"')[0] for part in json.dumps(schema).split("#/components/schemas/")[1:]}
    assert references <= set(schema["components"]["schemas"])
