"""Every kind of bad input gets a clear answer, echoes nothing, and harms nothing."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.product import Child
from tradsy.entrypoints.api_client import ApiClient

ORDER = {"ticker": "XRPUSD", "action": "buy", "quantity": "10"}
CANARY = "zqx-canary-zqx"


@pytest.fixture(scope="module")
def hook(product: Child) -> str:
    return product.hook()


def send(product: Child, hook: str, body: Any, *, kind: str = "application/json") -> Any:
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return product.post(hook, raw, Content_Type=kind)


def orders_of(product: Child, trace_id: str) -> list[str]:
    return [step["step"] for step in product.steps(trace_id)]


@pytest.mark.parametrize(
    "body",
    [
        '{"ticker": "XRPUSD", "action": ' + CANARY,
        {**ORDER, "quantity": "-5"},
        {**ORDER, "quantity": "NaN"},
        json.dumps({**ORDER, "quantity": math.nan}),
        {**ORDER, "quantity": "1e400"},
        {**ORDER, "action": CANARY},
        {"hello": CANARY},
        "[]",
    ],
    ids=["malformed", "negative", "nan text", "nan number", "too large", "no action", "no order", "a list"],
)
def test_what_cannot_be_read_is_refused_with_the_field_and_without_an_echo(
    product: Child, hook: str, body: Any
) -> None:
    answer = send(product, hook, body)
    assert answer.status == 422, answer.body
    assert {"code", "reason", "signal_id"} <= set(answer.body)
    assert CANARY not in answer.raw.decode()
    stored = product.api.ask("GET", f"/api/v1/signals/{answer.body['signal_id']}")
    assert stored["state"] == "unreadable", "the raw message is kept for its owner"
    assert stored["own_plans"] == []


def test_an_unknown_symbol_is_refused_by_name(product: Child, hook: str) -> None:
    answer = send(product, hook, {**ORDER, "ticker": "QQZZXX", "id": uuid.uuid4().hex})
    if answer.status == 422:
        assert "symbol" in answer.raw.decode()
        return
    assert answer.status == 202, answer.body
    verdict = product.until_step(answer.body["trace_id"], "risk")
    assert verdict["data"]["outcome"] == "refused"
    assert verdict["data"]["reasons"] == ["SYMBOL_UNKNOWN"]


@pytest.mark.parametrize(("age", "word"), [(timedelta(hours=1), "stale"), (timedelta(minutes=-10), "future")])
def test_a_stale_or_future_time_opens_nothing(product: Child, hook: str, age: timedelta, word: str) -> None:
    at = (datetime.now(UTC) - age).isoformat()
    answer = send(product, hook, {**ORDER, "time": at, "id": uuid.uuid4().hex})
    assert answer.status in {202, 422}, answer.body
    if answer.status == 422:
        assert word in answer.raw.decode() or "time" in answer.raw.decode()
        return
    planned = product.until_step(answer.body["trace_id"], "planned")
    assert planned["data"]["state"] != "executed"
    assert "sent" not in orders_of(product, answer.body["trace_id"])


def test_a_repeated_webhook_is_one_signal(product: Child, hook: str) -> None:
    body = {**ORDER, "id": uuid.uuid4().hex}
    first, again = send(product, hook, body), send(product, hook, body)
    assert (first.status, again.status) == (202, 200)
    assert again.body == {**first.body, "duplicate": True}
    product.until_step(first.body["trace_id"], "filled")
    assert orders_of(product, first.body["trace_id"]).count("sent") == 1


def test_an_oversize_body_is_413(product: Child, hook: str) -> None:
    answer = send(product, hook, json.dumps({**ORDER, "note": "x" * 70_000}))
    assert (answer.status, answer.body["code"]) == (413, "too_large")


def test_a_wrong_token_is_404_whatever_it_says(product: Child) -> None:
    answer = send(product, "/hooks/tradingview/tsh_" + CANARY, ORDER)
    assert answer.status == 404
    assert CANARY not in answer.raw.decode()


def test_another_tenants_rows_are_404(product: Child) -> None:
    for path in ("orders", "signals", "plans", "follows", "sources", "traces", "accounts"):
        answer = product.api.call("GET", f"/api/v1/{path}/{uuid.uuid4()}")
        assert answer.status == 404, path


def test_a_wrong_key_is_401(product: Child) -> None:
    answer = ApiClient(product.url, "tsk_" + CANARY).call("GET", "/api/v1/orders")
    assert answer.status == 401
    assert CANARY not in answer.raw.decode()


def test_an_exceeded_limit_is_told_with_its_numbers(product: Child, hook: str) -> None:
    answer = send(product, hook, {"ticker": "BTCUSD", "action": "buy", "quantity": "2", "id": uuid.uuid4().hex})
    verdict = product.until_step(answer.body["trace_id"], "risk")
    assert verdict["data"]["outcome"] == "refused"
    stopped = [check for check in verdict["data"]["checks"] if check["outcome"] == "refuse"]
    assert all({"limit", "value"} <= set(check["numbers"]) for check in stopped), stopped
    assert "sent" not in orders_of(product, answer.body["trace_id"])
    shown = product.run("trace", answer.body["trace_id"])
    assert "against a limit of" in shown


def test_an_unsafe_route_wants_a_key_and_lists_refuse_bad_cursors(product: Child) -> None:
    api = product.api
    raw = {"Idempotency-Key": ""}
    assert api.call("POST", "/api/v1/sources", {"name": "x", "kind": "text"}, headers=raw).status == 400
    assert api.call("GET", "/api/v1/orders?cursor=nonsense").status == 422
    assert api.call("DELETE", "/api/v1/orders").status == 405
    assert api.call("GET", "/nowhere").body["code"] == "not_found"
