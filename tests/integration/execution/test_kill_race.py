"""A kill in the middle of a storm of signals: what is committed after it adds no risk; and what releases it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.execution.scenes import bought, buy, person_token, pin_all, resting, verdict
from tradsy.connections.model import ConnectionRecord
from tradsy.execution.kill import SITE, KillTarget
from tradsy.risk.model import KillScope
from tradsy.testing.product import Product, Trader

ACCOUNTS = 12
SIGNALS = 9
"""Together about a hundred orders, within the ten of each account in ten seconds."""


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _many_accounts(product: Product) -> Trader:
    trader = await product.trader()
    records: list[ConnectionRecord] = []
    for _ in range(ACCOUNTS - 1):
        record = await product.open_account(trader.user_id)
        body = {
            "source_id": str(trader.source_id),
            "account_id": str(record.accounts[0].id),
            "sizing_mode": "multiplier",
            "sizing_value": "1",
            "mode": "auto",
        }
        assert (await product.call("POST", "/api/v1/follows", trader, json=body)).status == 201
        records.append(record)

    async def all_open() -> bool:
        states = [product.owner.find_account(record.accounts[0].id) for record in records]
        return all(state is not None and state.is_open for state in states)

    await product.until(all_open)
    return trader


async def test_no_order_is_committed_after_a_kill(product: Product) -> None:
    trader = await _many_accounts(product)
    storm = [
        asyncio.create_task(buy(product, trader, "SOLUSD", str(Decimal("0.1") + Decimal(n) / 100)))
        for n in range(SIGNALS)
    ]

    async def under_way() -> bool:
        rows = await product.rows("select count(*) as n from orders where user_id = :u", u=trader.user_id)
        return rows[0]["n"] > 0

    await product.until(under_way)
    killed = await product.call("POST", "/api/v1/kills", trader, json={"scope": "user", "reason": "storm"})
    assert killed.status == 201
    await asyncio.gather(*storm)
    late = await buy(product, trader, "SOLUSD", "0.5")
    await product.until_step(trader, late, "risk", count=ACCOUNTS)

    async def all_judged() -> bool:
        rows = await product.rows("select count(*) as n from verdicts where user_id = :u", u=trader.user_id)
        return rows[0]["n"] == ACCOUNTS * (SIGNALS + 1)

    await product.until(all_judged)
    # The head of the user's audit chain is locked until the commit, so its sequence is the order of commits.
    chain = await product.rows(
        "select action, convert_from(canonical, 'UTF8')::json -> 'data' -> 'reasons' as reasons from audit_events "
        "where chain_id = :u and action in ('order.submitting', 'plan.refused', 'kill.set') order by seq",
        u=trader.user_id,
    )
    killed_at = [row["action"] for row in chain].index("kill.set")
    after = chain[killed_at + 1 :]
    assert len(after) >= ACCOUNTS
    assert {row["action"] for row in after} == {"plan.refused"}
    assert all("KILLED" in row["reasons"] for row in after)
    before = [row["action"] for row in chain[:killed_at]]
    assert not any("KILLED" in (row["reasons"] or []) for row in chain[:killed_at])
    assert before.count("order.submitting") > 0
    orders = await product.rows("select count(*) as n from orders where user_id = :u", u=trader.user_id)
    assert orders[0]["n"] == before.count("order.submitting")


async def test_person_releases_a_kill_and_signals_pass_again(product: Product) -> None:
    trader = await product.trader()
    body = {"scope": "account", "subject": str(trader.account_id), "reason": "test"}
    assert (await product.call("POST", "/api/v1/kills", trader, json=body)).status == 201
    person = f"Bearer {await person_token(product, trader)}"
    path = f"/api/v1/kills/account/{trader.account_id}/release"
    released = await product.call("POST", path, json={"reason": "calm"}, Authorization=person)
    assert (released.status, released.body["active"], released.body["resting"]) == (200, False, 0)
    again = await product.call("POST", path, json={"reason": "calm"}, Authorization=person)
    assert (again.status, again.body["code"]) == (409, "not_killed")
    await bought(product, trader)
    log = await product.rows("select action from audit_events where chain_id = :u order by seq", u=trader.user_id)
    assert [row["action"] for row in log if row["action"].startswith("kill")] == ["kill.set", "kill.released"]


async def test_stopped_source_stops_its_signals(product: Product) -> None:
    trader = await product.trader()
    body = {"scope": "source", "subject": str(trader.source_id), "reason": "test"}
    assert (await product.call("POST", "/api/v1/kills", trader, json=body)).status == 201
    shown = await verdict(product, trader, await buy(product, trader))
    assert shown["reasons"] == ["KILLED"]


@pytest.mark.parametrize("target", [KillTarget(KillScope.SITE, SITE, None), KillTarget(KillScope.BROKER, "sim", None)])
async def test_operator_stops_and_releases_everybody(product: Product, target: KillTarget) -> None:
    kills, trader = product.container.kills, await product.trader()
    trace = await resting(product, trader)
    options: dict[str, Any] = {"reason": "test", "by": "operator:test"}
    view = await kills.kill(target, **options, cancel_stops=False)
    try:
        assert (view.active, view.resting) == (True, 1)
        await product.until_step(trader, trace, "canceled")
        shown = await verdict(product, trader, await buy(product, trader))
        assert shown["reasons"] == ["KILLED"]
        # Everybody sees the switch that stops them.
        listed = (await product.call("GET", "/api/v1/kills", trader)).body
        assert [(row["scope"], row["active"]) for row in listed if row["active"]] == [(str(target.scope), True)]
    finally:
        await kills.release(target, **options)
    await bought(product, trader, quantity="0.2")
