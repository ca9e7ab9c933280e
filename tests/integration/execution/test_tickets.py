"""Orders that a person places by hand: previewed without a trace, judged like any other, placed once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.execution.scenes import bought, person_token, pin_all, state_of, tighten
from tradsy.testing.product import Product, Trader

API = "/api/v1"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


def ticket(trader: Trader, **fields: Any) -> dict[str, Any]:
    body = {"account_id": str(trader.account_id), "symbol": "ETH/USD", "side": "buy", "type": "market", **fields}
    return {name: value for name, value in body.items() if value is not None}


async def place(product: Product, trader: Trader, **fields: Any) -> str:
    answer = await product.call("POST", f"{API}/orders", trader, json=ticket(trader, **fields))
    assert answer.status == 202, answer.body
    assert answer.body["duplicate"] is False
    return str(answer.body["trace_id"])


async def counts(product: Product, trader: Trader) -> tuple[int, ...]:
    tables = ("signals", "plans", "orders", "verdicts", "audit_events")
    found: list[int] = []
    for table in tables:
        column = "chain_id" if table == "audit_events" else "user_id"
        (row,) = await product.rows(f"select count(*) as n from {table} where {column} = :u", u=trader.user_id)
        found.append(row["n"])
    return tuple(found)


async def test_placed_order_is_filled_and_its_whole_story_told(product: Product) -> None:
    trader = await product.trader()
    trace = await place(product, trader, quantity="0.5")
    steps = await product.until_step(trader, trace, "filled")
    told = [step["step"] for step in steps]
    assert [t for t in told if t in {"received", "planned", "decided", "risk", "intent", "sent", "filled"}] == [
        "received", "planned", "decided", "risk", "intent", "sent", "filled",
    ]  # fmt: skip
    (order,) = await product.orders(trader)
    assert (order["origin"], order["role"], order["quantity"]) == ("person", "entry", "0.5")
    acts = await product.rows(
        "select action, actor from audit_events where chain_id = :u and action in ('signal.received', 'plan.placed')",
        u=trader.user_id,
    )
    assert {row["action"] for row in acts} == {"signal.received", "plan.placed"}
    assert all(row["actor"].startswith("api_key:") for row in acts), acts


async def test_the_same_key_places_one_order_and_answers_the_same(product: Product) -> None:
    trader = await product.trader()
    key, body = uuid4().hex, ticket(trader, quantity="0.5")
    first = await product.call("POST", f"{API}/orders", trader, json=body, Idempotency_Key=key)
    again = await product.call("POST", f"{API}/orders", trader, json=body, Idempotency_Key=key)
    other = await product.call("POST", f"{API}/orders", trader, json={**body, "quantity": "1"}, Idempotency_Key=key)
    assert (first.status, again.status, other.status) == (202, 200, 422)
    assert {**first.body, "duplicate": True} == again.body
    assert other.body["code"] == "idempotency_key_reused"
    await product.until_step(trader, first.body["trace_id"], "filled")
    assert len(await product.orders(trader)) == 1
    without = await product.http.post(
        f"{product.url}{API}/orders", json=body, headers={"Authorization": f"Bearer {trader.api_key}"}
    )
    assert without.status == 400


async def test_bracket_of_a_ticket_is_placed_with_its_fill(product: Product) -> None:
    trader = await product.trader()
    trace = await place(product, trader, quantity="0.5", stop_loss="1900", take_profit="2200")
    await product.until_step(trader, trace, "filled")

    async def legs() -> list[dict[str, Any]]:
        found = [o for o in await product.orders(trader, state="open") if o["role"] in {"stop", "target"}]
        return found if len(found) == 2 else []

    placed = {leg["role"]: leg for leg in await product.until(legs, what="both legs")}
    assert (placed["stop"]["stop_price"], placed["target"]["limit_price"]) == ("1900", "2200")


async def test_closing_ticket_takes_the_whole_position_and_no_more(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "SOLUSD", "2")
    trace = await place(product, trader, symbol="SOL/USD", side="sell", position_effect="close")
    await product.until_step(trader, trace, "filled")
    assert state_of(product, trader).quantity("SOL/USD") == 0
    (order,) = [o for o in await product.orders(trader) if o["role"] == "exit"]
    assert (order["quantity"], order["reduce_only"]) == ("2", True)


async def test_ticket_on_anothers_account_is_404_and_leaves_nothing(product: Product) -> None:
    owner, other = await product.trader(), await product.trader()
    before = await counts(product, other), await counts(product, owner)
    for path in ("orders", "orders/preview"):
        body = ticket(owner, quantity="0.5")
        answer = await product.call("POST", f"{API}/{path}", other, json=body)
        assert (answer.status, answer.body["code"]) == (404, "account_not_found")
    assert (await counts(product, other), await counts(product, owner)) == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"quantity": "1e400"}, "quantity"),
        ({"quantity": "1", "notional": "100"}, "quantity"),
        ({}, "quantity"),
        ({"quantity": "1", "type": "limit"}, "type"),
        ({"quantity": "1", "limit_price": "5"}, "type"),
        ({"quantity": "1", "symbol": "??"}, "symbol"),
        # The name of an unknown field is the caller's word, and is not repeated.
        ({"quantity": "1", "surprise": True}, "errors"),
    ],
)
async def test_ticket_that_makes_no_sense_names_the_field_and_leaves_nothing(
    product: Product, fields: dict[str, Any], field: str
) -> None:
    trader = await product.trader()
    before = await counts(product, trader)
    for path in ("orders", "orders/preview"):
        answer = await product.call("POST", f"{API}/{path}", trader, json=ticket(trader, **fields))
        assert answer.status == 422, answer.body
        assert field in str(answer.body), answer.body
        assert "400" not in str(answer.body.get("detail")), "input is never echoed"
    assert await counts(product, trader) == before


async def test_unknown_symbol_is_refused_before_anything_is_stored(product: Product) -> None:
    trader = await product.trader()
    before = await counts(product, trader)
    answer = await product.call("POST", f"{API}/orders", trader, json=ticket(trader, symbol="ZZZZQ", quantity="1"))
    assert (answer.status, answer.body["code"]) == (422, "unknown_instrument")
    assert await counts(product, trader) == before


async def test_preview_says_what_placing_does_and_leaves_nothing(product: Product) -> None:
    trader = await product.trader()
    before = await counts(product, trader)
    memory = len(state_of(product, trader).recent), len(state_of(product, trader).messages)
    answer = await product.call("POST", f"{API}/orders/preview", trader, json=ticket(trader, notional="1000"))
    assert answer.status == 200, answer.body
    seen = answer.body
    assert (seen["outcome"], seen["reasons"]) == ("approved", [])
    assert seen["quantity"] == "0.49975012"
    assert seen["estimated_price"] == "2001"
    assert seen["estimated_notional"] == "999.99999012"
    assert seen["buying_power"] is not None
    assert {"R-P1", "R-P7", "R-P11", "R-P28"} <= {check["rule"] for check in seen["checks"]}
    assert await counts(product, trader) == before
    assert (len(state_of(product, trader).recent), len(state_of(product, trader).messages)) == memory
    trace = await place(product, trader, notional="1000")
    await product.until_step(trader, trace, "filled")
    (order,) = await product.orders(trader)
    assert order["quantity"] == seen["quantity"]


async def test_breach_of_a_hard_limit_is_refused_with_its_numbers_both_times(product: Product) -> None:
    trader = await product.trader()
    # Beyond twice the limit no confirmation helps.
    await tighten(product, trader, max_order_notional="400")
    body = ticket(trader, quantity="0.5")
    seen = (await product.call("POST", f"{API}/orders/preview", trader, json=body)).body
    assert seen["outcome"] == "refused"
    assert "MAX_ORDER_NOTIONAL" in seen["reasons"]
    (check,) = [c for c in seen["checks"] if c["code"] == "MAX_ORDER_NOTIONAL"]
    assert (check["numbers"]["limit"], check["numbers"]["value"]) == ("800", "1000.5")
    trace = await place(product, trader, quantity="0.5")
    steps = await product.until_step(trader, trace, "risk")
    (risk,) = [s for s in steps if s["step"] == "risk"]
    assert risk["data"]["outcome"] == "refused"
    assert await product.orders(trader) == []


async def test_soft_breach_asks_for_a_confirmation_and_passes_with_it(product: Product) -> None:
    trader = await product.trader()
    await tighten(product, trader, max_order_notional="800")
    body = ticket(trader, quantity="0.5")
    seen = (await product.call("POST", f"{API}/orders/preview", trader, json=body)).body
    assert (seen["outcome"], seen["reasons"]) == ("confirm", ["MAX_ORDER_NOTIONAL"])
    refused = await place(product, trader, quantity="0.5")
    steps = await product.until_step(trader, refused, "risk")
    assert [s["data"]["outcome"] for s in steps if s["step"] == "risk"] == ["refused"]
    confirmation = {"symbol": "ETH/USD", "notional": seen["estimated_notional"], "reason": "I mean it"}
    confirmed = {**body, "confirmation": confirmation}
    assert (await product.call("POST", f"{API}/orders/preview", trader, json=confirmed)).body["outcome"] == "approved"
    trace = await place(product, trader, quantity="0.5", confirmation=confirmation)
    await product.until_step(trader, trace, "filled")


@pytest.mark.parametrize("proved", [False, True])
async def test_confirmation_says_whether_the_person_proved_who_they_are(product: Product, *, proved: bool) -> None:
    """Above half of the hard cap a confirmation counts only with it (R-P7); the caller cannot claim it."""
    trader = await product.trader()
    token = await person_token(product, trader) if proved else trader.api_key
    confirmation = {"symbol": "ETH/USD", "notional": "200.1", "reason": "I mean it"}
    body = ticket(trader, quantity="0.1", confirmation=confirmation)
    answer = await product.call("POST", f"{API}/orders", json=body, Authorization=f"Bearer {token}")
    assert answer.status == 202, answer.body
    (plan,) = await product.rows("select confirmation from plans where user_id = :u", u=trader.user_id)
    assert plan["confirmation"]["stepped_up"] is proved
    claimed = {**body, "confirmation": {**confirmation, "stepped_up": True}}
    assert (await product.call("POST", f"{API}/orders", trader, json=claimed)).status == 422


async def test_stopped_trading_stops_tickets_but_not_the_way_out(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader, "SOLUSD", "2")
    answer = await product.call("POST", f"{API}/kills", trader, json={"scope": "user", "reason": "test"})
    assert answer.status == 201
    seen = (await product.call("POST", f"{API}/orders/preview", trader, json=ticket(trader, quantity="0.5"))).body
    assert (seen["outcome"], "KILLED" in seen["reasons"]) == ("refused", True)
    trace = await place(product, trader, quantity="0.5")
    steps = await product.until_step(trader, trace, "risk")
    assert [s["data"]["outcome"] for s in steps if s["step"] == "risk"] == ["refused"]
    out = await place(product, trader, symbol="SOL/USD", side="sell", position_effect="close")
    await product.until_step(trader, out, "filled")


async def test_preview_of_an_account_that_nobody_owns_says_so(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    state = state_of(product, trader)
    monkeypatch.setattr(state, "is_open", False)
    answer = await product.call("POST", f"{API}/orders/preview", trader, json=ticket(trader, quantity="0.5"))
    assert answer.status == 503, answer.body
    assert answer.headers.get("Retry-After")


async def test_nobody_places_without_the_terms_and_none_without_the_scope(product: Product) -> None:
    stranger = await product.trader(consent=False)
    answer = await product.call("POST", f"{API}/orders", stranger, json=ticket(stranger, quantity="0.5"))
    assert (answer.status, answer.body["code"]) == (403, "consent_required")
    assert (await product.call("POST", f"{API}/orders", json=ticket(stranger, quantity="1"))).status == 401
