"""Two owners over one database: the one that takes over trusts nothing that was under way; the other writes no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.execution.scenes import bought, buy, fault, pin_all, resting, state_of
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.connections import service as connections
from tradsy.connections.model import NewPaperConnection
from tradsy.entrypoints.container import open_container
from tradsy.execution import owner as owner_module
from tradsy.execution.loader import load_accounts
from tradsy.execution.owner import Owner
from tradsy.platform.db import DatabaseUnavailable, sql
from tradsy.platform.outbox import emitted
from tradsy.platform.partitions import PartitionLeases
from tradsy.testing.product import Product, Trader


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _lose_leases(product: Product) -> None:
    """Let the leases run out at once, as those of a process that stalled."""
    async with product.container.database.as_engine() as session:
        await session.execute(sql("update partition_leases set lease_until = '-infinity'"))


@asynccontextmanager
async def _second_owner(product: Product) -> AsyncGenerator[Owner]:
    """Run a second worker that takes every partition from the first one."""
    async with open_container(product.container.settings, product.container.addresses) as container:
        second = container.build_owner()
        # A presence of a newer build makes the first owner hand over and claim nothing.
        async with container.database.as_engine() as session:
            await session.execute(sql("delete from leases where name like 'worker:%'"))
        await _lose_leases(product)
        await second.start()
        try:
            yield second
        finally:
            await second.stop()


async def _owned_by(owner: Owner, trader: Trader) -> bool:
    state = owner.find_account(trader.account_id)
    return state is not None and state.is_open


async def test_order_under_way_is_looked_up_by_the_next_owner_and_written_by_it_alone(product: Product) -> None:
    traders = [await product.trader() for _ in range(6)]
    for trader in traders:
        # Neither the answer nor the stream tells the first owner in time.
        await fault(product, trader, "delay_after", "orders.submit", count=1, seconds=3)
        await product.control(
            "POST", "/fault", {"knob": "stream_stall", "account": trader.venue_account_id, "count": 1, "seconds": 600}
        )
    traces = [await buy(product, trader, "LINKUSD", "10", orderType="limit", limitPrice="14.900") for trader in traders]

    async def all_entered() -> bool:
        entered = {o.account for o in product.truth().orders.values()}
        return all(trader.venue_account_id in entered for trader in traders)

    await product.until(all_entered)
    async with _second_owner(product) as second:

        async def moved() -> list[Trader]:
            return [trader for trader in traders if await _owned_by(second, trader)]

        await product.until(moved)
        for trader, trace in zip(traders, traces, strict=True):
            await product.until_step(trader, trace, "accepted")
        gone = await moved()
        assert gone
        for trader in gone:
            (order,) = await product.orders(trader)
            assert order["state"] == "new"
            events = await product.rows(
                "select event from order_events where order_id = :o order by seq", o=order["id"]
            )
            # Nobody knew what had become of it, and its owner before could not write what it heard.
            assert [row["event"] for row in events][:2] == ["submit", "lose"]

        async def one_owner_each() -> bool:
            # Two workers share the partitions, so some may be on their way back already; none is at both.
            owners = (product.owner, second)
            counts = [sum(o.find_account(t.account_id) is not None for o in owners) for t in traders]
            return counts == [1] * len(traders)

        await product.until(one_owner_each)

    # The second hands over in order: the first takes what is left, and goes on.
    for trader in traders:

        async def back(trader: Trader = trader) -> bool:
            return await _owned_by(product.owner, trader)

        await product.until(back)
        (order,) = await product.orders(trader, state="open")
        answer = await product.call("POST", f"/api/v1/orders/{order['id']}/cancel", trader)
        assert answer.status == 202
    placed = [o for o in product.truth().orders.values() if o.account in {t.venue_account_id for t in traders}]
    assert len(placed) == len(traders)


async def test_owner_that_lost_its_lease_commits_no_intent(product: Product) -> None:
    trader = await product.trader()
    state = state_of(product, trader)
    state.epoch -= 1
    await buy(product, trader)
    # Not even judged: the memory of this epoch counts no more.
    plans = (await product.call("GET", "/api/v1/plans", trader)).body["items"]
    assert [plan["state"] for plan in plans] == ["approved"]
    state.epoch += 1
    product.owner.planner.nudge()

    async def traded() -> list[dict[str, Any]]:
        return await product.orders(trader)

    assert len(await product.until(traded)) == 1


async def test_takeover_waits_for_the_database_and_opens_nothing_before(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    await bought(product, trader, "SOLUSD", "1")
    await resting(product, trader)
    opened: list[bool] = []
    loads: list[int] = []
    lists: list[int] = []
    original = connections.list_owned

    async def list_owned(*arguments: Any) -> Any:
        lists.append(1)
        if len(lists) == 1:
            raise DatabaseUnavailable("the connection was lost")
        return await original(*arguments)

    async def load(session: Any, runtime: Any, accounts: Any) -> None:
        loads.append(len(accounts))
        opened.extend(account.is_open for account in accounts)
        if len(loads) <= 2:
            raise DatabaseUnavailable("the connection was lost")
        await load_accounts(session, runtime, accounts)

    monkeypatch.setattr(connections, "list_owned", list_owned)
    monkeypatch.setattr(owner_module, "load_accounts", load)
    before = state_of(product, trader)
    await _lose_leases(product)

    async def again() -> bool:
        state = product.owner.find_account(trader.account_id)
        return state is not None and state is not before and state.is_open

    await product.until(again, what="takeover")
    assert len(loads) >= 3
    assert not any(opened)
    state = state_of(product, trader)
    # What the counters of risk are made of came back from the rows.
    assert state.quantity("SOL/USD") == 1
    assert [order.symbol for order in state.orders.values()] == ["LINK/USD"]
    assert len(state.messages) == 2
    assert state.orders_on[1] == 2
    assert [len(times) for times in state.fills.values()] == [1]
    assert state.balance is not None


async def test_connection_that_nobody_told_of_is_opened_by_the_next_sweep(product: Product) -> None:
    c = product.container
    trader = await product.trader()
    (login,) = await c.paper.open_logins(1, cash=Decimal(1000))
    wanted = NewPaperConnection(trader.user_id, "Untold", login, IdempotencyClass.STRONG)
    async with c.database.as_engine() as session:
        record = await connections.open_paper_connection(
            session, c.vault, wanted, partitions=c.settings.partitions, actor="test", at=c.clock.now()
        )
        await session.execute(sql("delete from outbox where id = any(:ids)"), {"ids": [e.id for e in emitted(session)]})
    trader.connection = record
    await product.until_open(trader)


async def test_leases_are_renewed_again_after_an_error_that_nobody_foresaw(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = asyncio.Event()

    async def fail(*_: object) -> dict[int, int]:
        failed.set()
        raise KeyError("unforeseen")

    with monkeypatch.context() as patch:
        patch.setattr(PartitionLeases, "_renew", fail)
        await failed.wait()
    trader = await product.trader()
    query = "select lease_until from partition_leases where partition = :p"
    (before,) = await product.rows(query, p=trader.connection.partition)

    async def renewed() -> bool:
        (now,) = await product.rows(query, p=trader.connection.partition)
        return bool(now["lease_until"] > before["lease_until"])

    await product.until(renewed, what="a renewal")
