"""Hostile requests to every route: no 5xx, no undocumented status, no echo, one shape of errors, all headers."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
import pytest_asyncio
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from tests.integration.api.ground import Ground, Person, is_problem
from tests.integration.api.hostile import CANARY, MEDIA, bodies, path_values, queries
from tests.integration.api.matrix import MATRIX
from tests.integration.api.surface import API, Operation
from tradsy.testing.asgi import AsgiAnswer

EXAMPLES = 12
SEED = 20261120
HEADERS = {
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "x-frame-options",
    "permissions-policy",
    "x-request-id",
}
ROUTING = {404, 405}
"""What is answered when a hostile path parameter makes the path that of no route."""
NAMES = [name for name in MATRIX if name != "GET /realtime/events"]
OTHERS = ["POST /hooks/tradingview/{token}", "GET /setup/{token}", "POST /setup/{token}", "GET /health", "GET /readyz"]


@pytest_asyncio.fixture(scope="module")
async def person(ground: Ground) -> Person:
    """Whose things are fuzzed; they are theirs to lose."""
    return await ground.person()


def find(ground: Ground, name: str) -> Operation:
    (found,) = [o for o in ground.operations if o.name == name]
    return found


def check(answer: AsgiAnswer, found: Operation, *, routed: bool, sent: str) -> None:
    """Check what holds for every answer."""
    shown = f"{found.name} answered {answer.status} {answer.text[:300]} to {sent[:300]}"
    assert answer.status < 500 or found.path == "/readyz", shown
    allowed = found.statuses if routed else found.statuses | ROUTING
    assert answer.status in allowed, shown
    assert set(answer.headers) >= HEADERS, shown
    if found.path.startswith(("/api/", "/hooks/", "/setup/")):
        assert answer.headers.get("cache-control") == "no-store", shown
    if answer.status >= 400:
        assert is_problem(answer), shown
        assert CANARY.encode() not in answer.body.lower(), shown
    names = b" ".join(name + b" " + value for name, value in answer.raw_headers)
    assert CANARY.encode() not in names.lower(), shown
    assert b"forged" not in names, shown
    assert b"Traceback" not in answer.body, shown


def real_values(person: Person) -> dict[str, str]:
    return {
        **person.ids,
        "scope": "account",
        "subject": person.ids["account_id"],
        "symbol": "ETH/USD",
        "document": "terms",
        "token": "x" * 40,
    }


async def test_fields_that_are_not_the_callers_change_nothing(ground: Ground, person: Person):
    """Mass assignment (8.2.3, 15.3.3): a field of the row that is none of the model is refused."""
    client = ground.browser(person.session)
    planted: dict[str, Any] = {"user_id": str(uuid4()), "role": "admin", "is_admin": True, "state": "x", "equity": "1"}
    for name in ("PATCH /me", "PATCH /accounts/{account_id}", "PUT /me/onboarding"):
        found = find(ground, name)
        for field, value in planted.items():
            answer = await client.request(
                found.method, found.url(person.ids), json={field: value}, headers={"idempotency-key": uuid4().hex}
            )
            assert answer.status == 422, f"{name} {field}"
            assert "unknown_field" in {error["code"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("name", [*NAMES, *OTHERS])
async def test_hostile_requests_are_refused_in_form(ground: Ground, person: Person, name: str):
    found = find(ground, name)
    loop = asyncio.get_running_loop()
    real = real_values(person)
    values = {p["name"]: path_values(real[p["name"]]) for p in found.parameters("path")}

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=False,
        deadline=None,
        phases=[Phase.generate],
    )
    @given(
        path=st.fixed_dictionaries(values),
        query=queries(found),
        body=bodies(ground.document, found) if found.is_unsafe else st.just(b""),
        media=st.sampled_from(MEDIA[:1] * 12 + MEDIA),
        as_browser=st.booleans(),
    )
    def attack(path: dict[str, str], query: str, body: bytes, media: str, as_browser: bool) -> None:
        asyncio.run_coroutine_threadsafe(send(path, query, body, media, as_browser), loop).result(30)

    async def send(path: dict[str, str], query: str, body: bytes, media: str, as_browser: bool) -> None:
        client = ground.browser(person.session) if as_browser else ground.program(person.trader.api_key)
        url = found.url(path) + (f"?{query}" if query else "")
        headers: dict[str, str] = {"idempotency-key": uuid4().hex} if found.is_unsafe else {}
        if body:
            headers["content-type"] = media
        answer = await client.request(found.method, url, content=body or None, headers=headers)
        routed = not any("/" in unquote(value) or "\0" in unquote(value) for value in path.values())
        check(answer, found, routed=routed, sent=f"{url} {body[:200]!r}")

    await asyncio.to_thread(attack)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {CANARY}"},
        {"authorization": f"Basic {CANARY}"},
        {"authorization": "Bearer " + "x" * 20_000},
        {"authorization": f"{CANARY} \xff\xfe"},
        {"cookie": f"__Host-tradsy={CANARY}"},
        {"cookie": "=; ;;=\x7f" + CANARY},
        {"idempotency-key": CANARY + " \t"},
        {"idempotency-key": "x" * 5000},
        {"x-forwarded-for": f"{CANARY}, 1.2.3.4"},
        {"host": f"{CANARY}.example"},
        {"origin": f"https://{CANARY}.example"},
        {"accept": CANARY, "accept-language": CANARY, "user-agent": CANARY},
        {"transfer-encoding": "chunked", "content-length": "5"},
        {"content-length": CANARY},
        {"content-length": "999999999999"},
        {"last-event-id": "9" * 400},
    ],
)
@pytest.mark.parametrize("name", ["GET /me", "POST /sources", "POST /auth/sign-in", "DELETE /me/sessions"])
async def test_hostile_headers_are_refused_in_form(ground: Ground, name: str, headers: dict[str, str]):
    found = find(ground, name)
    client = ground.program()
    answer = await client.request(found.method, found.path, content=b"{}" if found.is_unsafe else None, headers=headers)
    assert 400 <= answer.status < 500
    check(answer, found, routed=True, sent=str(headers))


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", CANARY.upper(), "OPTIONS"])
async def test_unknown_methods_are_refused_in_form(ground: Ground, method: str):
    answer = await ground.program().request(method, f"{API}/me")
    assert answer.status in {401, 405}
    assert is_problem(answer)
    assert CANARY.encode() not in answer.body.lower()


async def test_an_oversize_body_is_refused(ground: Ground, person: Person):
    for path, size in ((f"{API}/sources", 1 << 20), (person.trader.hook_path, 1 << 16)):
        client = ground.program(person.trader.api_key)
        whole = await client.post(path, content=b" " * (size + 1), headers={"idempotency-key": "k"})
        pieces = await client.post(path, content=[b" " * 65_536] * 18, headers={"idempotency-key": "k"})
        assert (whole.status, pieces.status) == (413, 413)
        assert is_problem(whole)


def test_the_checks_would_see_an_echo(ground: Ground):
    found = find(ground, "GET /me")
    heads = [(name.encode(), b"x") for name in HEADERS] + [(b"cache-control", b"no-store")]
    problem = b'{"type":"t","title":"t","status":422,"code":"c","detail":"' + CANARY.encode() + b'"}'
    media = (b"content-type", b"application/problem+json")
    for answer in (
        AsgiAnswer(422, [*heads, media], problem),
        AsgiAnswer(500, heads, b""),
        AsgiAnswer(418, heads, b""),
        AsgiAnswer(200, heads[1:], b""),
        AsgiAnswer(200, [*heads, (b"x-note", CANARY.encode())], b""),
    ):
        with pytest.raises(AssertionError):
            check(answer, found, routed=True, sent="")
