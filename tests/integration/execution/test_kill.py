"""Kill switches: what they refuse, what they cancel, what stays, and what it takes to release them."""

from __future__ import annotations

from typing import Any

from tradsy.risk.model import KillScope
from tradsy.testing.product import Product, Trader


async def _resting_entry(product: Product, trader: Trader) -> str:
    await product.pin("LINK/USD", "15.00", "15.02")
    trace = await product.send(
        trader, ticker="LINKUSD", action="buy", quantity="20", orderType="limit", limitPrice="14.50"
    )
    await product.until_step(trader, trace, "accepted")
    return trace


async def _kill(product: Product, trader: Trader, **body: Any) -> Any:
    return await product.call("POST", "/api/v1/kills", trader, json={"reason": "test", **body})


async def test_kill_cancels_entries_keeps_stops_and_refuses_new_risk(product: Product) -> None:
    trader = await product.trader()
    trace = await product.send(
        trader, ticker="ETHUSD", action="buy", quantity="0.5", stopLoss={"type": "stop", "percent": "10"}
    )
    await product.until_step(trader, trace, "accepted", count=2)
    resting = await _resting_entry(product, trader)
    answer = await _kill(product, trader, scope="user")
    assert (answer.status, answer.body["active"], answer.body["resting"]) == (201, True, 1)
    await product.until_step(trader, resting, "canceled")

    async def nothing_rests() -> bool:
        (view,) = (await product.call("GET", "/api/v1/kills", trader)).body
        return view["resting"] == 0

    await product.until(nothing_rests)
    (stop,) = await product.orders(trader, state="open")
    assert stop["role"] == "stop"
    refused = await product.send(trader, ticker="BTCUSD", action="buy", quantity="0.01")
    steps = await product.until_step(trader, refused, "risk")
    assert "KILLED" in steps[-1]["data"]["reasons"]


async def test_release_needs_a_fresh_proof_of_the_person(product: Product) -> None:
    trader = await product.trader()
    await _kill(product, trader, scope="account", subject=str(trader.account_id))
    path = f"/api/v1/kills/account/{trader.account_id}/release"
    answer = await product.call("POST", path, trader, json={"reason": "again"})
    # An API key is no person, whatever it may do otherwise.
    assert answer.status == 403


async def test_site_and_broker_are_for_operators(product: Product) -> None:
    trader = await product.trader()
    for scope, subject in ((KillScope.SITE, None), (KillScope.BROKER, "sim")):
        assert (await _kill(product, trader, scope=scope, subject=subject)).status == 403


async def test_other_tenants_account_cannot_be_killed(product: Product) -> None:
    trader, other = await product.trader(), await product.trader()
    for scope, subject in (("account", other.account_id), ("source", other.source_id), ("user", other.user_id)):
        assert (await _kill(product, trader, scope=scope, subject=str(subject))).status == 404
    assert (await _kill(product, trader, scope="account", subject="no id")).status == 404


async def test_canceling_stops_is_a_separate_typed_act(product: Product) -> None:
    trader = await product.trader()
    bare = await _kill(product, trader, scope="user", cancel_stops=True)
    assert bare.status == 422
    trace = await product.send(
        trader, ticker="ETHUSD", action="buy", quantity="0.5", stopLoss={"type": "stop", "percent": "10"}
    )
    await product.until_step(trader, trace, "accepted", count=2)
    answer = await _kill(product, trader, scope="user", cancel_stops=True, confirm="CANCEL STOPS")
    assert answer.status == 201

    async def none_open() -> bool:
        return not await product.orders(trader, state="open")

    await product.until(none_open)


async def test_reducing_order_passes_a_kill_when_a_person_asks(product: Product) -> None:
    trader = await product.trader(follow={"mode": "approve"})
    entry = await product.send(trader, ticker="ETHUSD", action="buy", quantity="0.5")
    await _approve(product, trader)
    await product.until_step(trader, entry, "filled")
    await _kill(product, trader, scope="user")
    leave = await product.send(trader, ticker="ETHUSD", action="exit")
    await _approve(product, trader)
    await product.until_step(trader, leave, "filled")
    held = await product.rows("select quantity from positions where account_id = :a", a=trader.account_id)
    assert [row["quantity"] for row in held] == [0]


async def _approve(product: Product, trader: Trader) -> None:
    async def pending() -> list[Any]:
        answer = await product.call("GET", "/api/v1/plans?state=pending", trader)
        assert answer.status == 200, answer.body
        return answer.body["items"]

    (plan, *_) = await product.until(pending)
    answer = await product.call("POST", f"/api/v1/plans/{plan['id']}/approve", trader, json={})
    assert answer.status in {200, 202}, answer.body
