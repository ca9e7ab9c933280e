"""`POST /api/v1/signals`: the caller's own sources, the Idempotency-Key as the signal's id."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from tests.integration.signals.world import ORDER, World
from tradsy.identity.model import Scope


async def test_order_and_text_by_name_or_id(world: World):
    caller = await world.person()
    source = await world.source(caller)
    await world.follow(caller, source)
    for body in (
        {"source": source.name, "order": ORDER},
        {"source": str(source.id), "text": "BTO AAPL 190C 12/18 @ 3.20"},
    ):
        answer = await world.send(caller, body)
        assert answer.status == 202, answer.text
        assert answer.json()["duplicate"] is False
        (plan,) = await world.plans(answer)
        assert plan["state"] == "approved"


async def test_the_key_is_the_id(world: World):
    caller = await world.person()
    source = await world.source(caller)
    body = {"source": source.name, "order": ORDER}
    first = await world.send(caller, body, key="k-1")
    again = await world.send(caller, body, key="k-1")
    assert (first.status, again.status) == (202, 200)
    assert again.json() == {**first.json(), "duplicate": True}
    assert (await world.send(caller, body, key="k-2")).status == 202
    other = await world.send(caller, {"source": source.name, "text": "BTO AAPL @ 5"}, key="k-1")
    assert (other.status, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_copies_at_once_are_one_signal(world: World):
    caller = await world.person()
    source = await world.source(caller)
    client = world.client(caller)
    body = {"source": source.name, "order": ORDER}
    answers = await asyncio.gather(
        *(client.post("/api/v1/signals", json=body, headers={"idempotency-key": "k"}) for _ in range(20))
    )
    assert sorted(answer.status for answer in answers) == [200] * 19 + [202]
    assert len({answer.json()["signal_id"] for answer in answers}) == 1


@pytest.mark.parametrize("key", [None, "", "with space", "ü", "x" * 129])
async def test_a_key_is_required(world: World, key: str | None):
    caller = await world.person()
    source = await world.source(caller)
    headers = {} if key is None else {"idempotency-key": key.encode().decode("latin-1")}
    answer = await world.client(caller).post(
        "/api/v1/signals", json={"source": source.name, "order": ORDER}, headers=headers
    )
    assert (answer.status, answer.json()["code"]) == (400, "idempotency_key_required")
    assert await world.rows("select id from signals where source_id = :s", s=source.id) == []


async def test_callers(world: World):
    owner, other = await world.person(), await world.person()
    source = await world.source(owner)
    body = {"source": source.name, "order": ORDER}
    headers = {"idempotency-key": "k"}
    assert (await world.client().post("/api/v1/signals", json=body, headers=headers)).status == 401
    other.key = await world.key(other.user_id, [Scope.READ, Scope.TRADE])
    assert (await world.send(other, body)).status == 403
    other.key = await world.key(other.user_id, [Scope.SIGNALS_WRITE])
    for name in (source.name, str(source.id)):
        stranger = await world.send(other, {**body, "source": name})
        missing = await world.send(other, {**body, "source": "nothing"})
        assert (stranger.status, stranger.json()) == (404, missing.json())
    assert await world.rows("select id from signals where source_id = :s", s=source.id) == []


@pytest.mark.parametrize(
    ("body", "reason", "kept"),
    [
        (b"{", "malformed_json", False),
        (b"[]", "unknown_shape", False),
        (b"", "empty_body", False),
        ({"order": ORDER}, "field_missing", False),
        ({"source": 5, "order": ORDER}, "field_missing", False),
        ({"source": None}, "field_missing", False),
        ({"source": "S", "order": {**ORDER, "quantity": "-1"}}, "invalid_number", True),
        ({"source": "S", "order": {**ORDER, "symbol": "??"}}, "unknown_symbol", True),
        ({"source": "S", "order": ORDER, "text": "BTO AAPL"}, "unknown_field", True),
        ({"source": "S"}, "field_missing", True),
        (b'{"source": "S", "order": {"symbol": "AAPL", "side": "buy", "quantity": NaN}}', "invalid_number", True),
        ({"source": "S", "text": "BTO {{ticker}}"}, "unfilled_placeholder", True),
        ({"source": "S", "order": ORDER, "time": "2030-01-01T00:00:00Z"}, "future_signal", True),
    ],
)
async def test_bad_input(world: World, body: Any, reason: str, *, kept: bool):
    caller = await world.person()
    source = await world.source(caller)
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    content = content.replace(b'"S"', orjson.dumps(source.name))
    headers = {"idempotency-key": "k"}
    answer = await world.client(caller).post("/api/v1/signals", headers=headers, content=content)
    assert (answer.status, answer.json()["reason"]) == (422, reason)
    rows = await world.rows("select state from signals where source_id = :s", s=source.id)
    assert rows == ([{"state": "unreadable"}] if kept else [])
    again = await world.client(caller).post("/api/v1/signals", headers=headers, content=content)
    assert (again.status, again.json()["reason"]) == (422, reason)


async def test_an_oversize_body_is_refused(world: World):
    caller = await world.person()
    source = await world.source(caller)
    answer = await world.send(caller, {"source": source.name, "text": "x" * 70_000})
    assert answer.status == 413


async def test_a_closed_source_is_gone(world: World):
    caller = await world.person()
    source = await world.source(caller)
    await world.execute("update sources set state = 'closed' where id = :id", id=source.id)
    assert (await world.send(caller, {"source": source.name, "order": ORDER})).status == 404


async def test_the_document_describes_the_request(world: World):
    document = world.app.openapi()
    operation = document["paths"]["/api/v1/signals"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]["order"]["properties"]) >= {"symbol", "side", "quantity", "notional", "type"}
    (key,) = operation["parameters"]
    assert (key["name"], key["required"]) == ("Idempotency-Key", True)
    assert {"200", "202", "400", "404", "413", "422", "429"} <= set(operation["responses"])
    assert document["paths"]["/hooks/tradingview/{token}"]["post"]["security"] == []
