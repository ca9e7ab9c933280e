"""Plans that wait for a person, that lost their ground meanwhile, or whose transaction failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.execution.scenes import bought, buy, pin_all, state_of, verdict
from tradsy.domain.ids import AccountId
from tradsy.execution import loader, owner, planner, repository
from tradsy.execution.loader import load_accounts
from tradsy.follows import service as follows
from tradsy.platform import failpoints
from tradsy.platform.db import DatabaseUnavailable, DbSession, Write, sql
from tradsy.platform.partitions import LeaseLost, PartitionLeases
from tradsy.risk.service import LimitSubject
from tradsy.testing.product import Product, Trader


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _pending(product: Product, trader: Trader) -> str:
    async def waiting() -> list[Any]:
        return (await product.call("GET", "/api/v1/plans?state=pending", trader)).body["items"]

    (plan,) = await product.until(waiting)
    return plan["id"]


async def _decide(product: Product, trader: Trader, **body: Any) -> None:
    plan = await _pending(product, trader)
    answer = await product.call("POST", f"/api/v1/plans/{plan}/approve", trader, json=body)
    assert answer.status == 200, answer.body


async def _execute(product: Product, statement: str, **parameters: Any) -> None:
    async with product.container.database.as_engine() as session:
        await session.execute(sql(statement), parameters)


async def _last_verdict(product: Product, trader: Trader, count: int) -> dict[str, Any]:
    async def judged() -> list[dict[str, Any]]:
        items = (await product.call("GET", "/api/v1/verdicts", trader)).body["items"]
        return items if len(items) == count else []

    return (await product.until(judged))[0]


async def test_typed_confirmation_lets_a_soft_breach_pass(product: Product) -> None:
    trader = await product.trader()
    trace = await buy(product, trader, quantity="6")
    held = await verdict(product, trader, trace)
    assert (held["outcome"], held["reasons"]) == ("held", ["MAX_ORDER_NOTIONAL"])
    await _decide(product, trader, confirmation={"symbol": "ETH/USD", "notional": "12006", "reason": "earnings"})
    steps = await product.until_step(trader, trace, "filled")
    assert [s["data"]["origin"] for s in steps if s["step"] == "decided"] == ["person"]
    (order,) = await product.orders(trader)
    assert (order["origin"], order["cumulative_quantity"]) == ("person", "6")


@pytest.mark.parametrize(
    "confirmation",
    [
        None,
        {"symbol": "BTC/USD", "notional": "12006", "reason": "earnings"},
        {"symbol": "ETH/USD", "notional": "11000", "reason": "earnings"},
    ],
)
async def test_approval_without_the_right_confirmation_is_refused(product: Product, confirmation: Any) -> None:
    trader = await product.trader()
    await buy(product, trader, quantity="6")
    await _decide(product, trader, confirmation=confirmation)
    shown = await _last_verdict(product, trader, 2)
    assert (shown["outcome"], shown["reasons"]) == ("refused", ["MAX_ORDER_NOTIONAL"])
    assert await product.orders(trader) == []


async def test_approved_plan_is_traded_and_an_ignored_one_is_not(product: Product) -> None:
    trader = await product.trader(follow={"mode": "approve"})
    trace = await buy(product, trader)
    plan = await _pending(product, trader)
    assert (await product.call("POST", f"/api/v1/plans/{plan}/ignore", trader)).status == 200
    again = await product.call("POST", f"/api/v1/plans/{plan}/approve", trader, json={})
    assert (again.status, again.body["code"]) == (409, "plan_decided")
    trace = await buy(product, trader, quantity="0.2")
    await _decide(product, trader)
    await product.until_step(trader, trace, "filled")
    assert [o["quantity"] for o in await product.orders(trader)] == ["0.2"]


_STATES = {
    "ACCOUNT_PAUSED": "update accounts set state = 'paused' where id = :account",
    "CONNECTION_PAUSED": "update connections set state = 'paused' where id = :connection",
    "SOURCE_PAUSED": "update sources set state = 'paused' where id = :source",
    "FOLLOW_PAUSED": "update follows set state = 'paused' where id = :follow",
}


@pytest.mark.parametrize("code", list(_STATES))
async def test_what_was_paused_after_the_plan_was_made_opens_nothing_and_may_leave(product: Product, code: str) -> None:
    trader = await product.trader(follow={"mode": "approve"})
    await buy(product, trader, quantity="0.1")
    await _decide(product, trader)
    await _last_verdict(product, trader, 1)
    await buy(product, trader)
    plan = await _pending(product, trader)
    keys = {
        "account": trader.account_id,
        "connection": trader.connection.id,
        "source": trader.source_id,
        "follow": trader.follow_id,
    }
    name = code.split("_")[0].lower()
    await _execute(product, _STATES[code], **{name: keys[name]})
    answer = await product.call("POST", f"/api/v1/plans/{plan}/approve", trader, json={})
    assert answer.status == 200, answer.body
    shown = await _last_verdict(product, trader, 2)
    assert (shown["outcome"], shown["reasons"]) == ("refused", [code])
    assert "the state is paused" in shown["checks"][0]["text"]
    assert len(await product.orders(trader)) == 1


async def test_consent_withdrawn_after_the_plan_was_made_opens_nothing(product: Product) -> None:
    trader = await product.trader(follow={"mode": "approve"})
    await buy(product, trader)
    await _pending(product, trader)
    # The plan is approved and not yet claimed when newer terms come into force.
    await _execute(product, "update users set terms_version = null where id = :u", u=trader.user_id)
    await _execute(
        product,
        "update plans set state = 'approved', decided_at = now(), decided_by = user_id where user_id = :u",
        u=trader.user_id,
    )
    product.owner.planner.nudge()

    async def judged() -> list[Any]:
        return list(await product.rows("select outcome, reasons from verdicts where user_id = :u", u=trader.user_id))

    (row,) = await product.until(judged)
    assert (row["outcome"], row["reasons"]) == ("refused", ["CONSENT_REQUIRED"])


async def test_signal_without_symbol_waits_for_a_person(product: Product) -> None:
    trader = await product.trader()
    await bought(product, trader)
    body = {"source": str(trader.source_id), "text": "move stop to breakeven"}
    answer = await product.call("POST", "/api/v1/signals", trader, json=body)
    assert answer.status == 202, answer.body

    async def waiting() -> list[Any]:
        return (await product.call("GET", "/api/v1/plans?state=pending", trader)).body["items"]

    (plan,) = await product.until(waiting)
    assert plan["intent"]["action"] == "update"


FAILURES: dict[str, Exception] = {
    "database": DatabaseUnavailable("the connection was lost"),
    "network": ConnectionError("gone"),
    "unforeseen": ValueError("no rule foresaw this"),
    "lease": LeaseLost(),
}


@pytest.mark.parametrize("kind", list(FAILURES))
async def test_failed_transaction_leaves_the_plan_approved_and_the_memory_as_it_was(
    product: Product, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    trader = await product.trader()
    state = state_of(product, trader)
    failed = asyncio.Event()
    original = follows.finishing
    seen: list[int] = []

    def fail_once(outcomes: Any) -> list[Write]:
        if not failed.is_set():
            # By now the draft is counted in memory.
            seen.append(len(state.orders))
            failed.set()
            raise FAILURES[kind]
        seen.append(len(state.orders))
        return original(outcomes)

    loads: list[int] = []

    async def fail_to_load(session: Any, runtime: Any, accounts: Any) -> None:
        # What fails a transaction fails the look at the rows, too.
        loads.append(len(accounts))
        if len(loads) == 1:
            raise FAILURES["database"]
        await load_accounts(session, runtime, accounts)

    monkeypatch.setattr(owner, "load_accounts", fail_to_load)
    monkeypatch.setattr(follows, "finishing", fail_once)
    trace = await buy(product, trader)
    await product.until_step(trader, trace, "filled")
    # The second attempt saw its own draft alone: the first one's was forgotten.
    assert seen == [1, 1]
    assert loads == [1, 1]
    assert len(state.messages) == 1
    assert len(await product.orders(trader)) == 1
    assert len([o for o in product.truth().orders.values() if o.account == trader.venue_account_id]) == 1


async def test_lease_lost_before_the_transaction_leaves_the_plan(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    original = PartitionLeases.fence
    lost: list[int] = []

    async def fence(self: PartitionLeases, session: Any, epochs: Any, *, kills: bool = False) -> None:
        if kills and not lost:
            lost.append(1)
            raise LeaseLost
        await original(self, session, epochs, kills=kills)

    monkeypatch.setattr(PartitionLeases, "fence", fence)
    trace = await buy(product, trader)
    await product.until_step(trader, trace, "filled")
    assert lost == [1]


@pytest.mark.parametrize("point", ["inside_c2", "after_parse_before_c2"])
async def test_outcome_that_could_not_be_stored_is_stored_later(product: Product, point: str) -> None:
    trader = await product.trader()
    failpoints.arm(f"{point}=raise:once")
    try:
        trace = await buy(product, trader, "SOLUSD", "1")
        await product.until_step(trader, trace, "filled")
    finally:
        failpoints.arm("")
    held = await product.rows("select quantity from positions where account_id = :a", a=trader.account_id)
    assert [row["quantity"] for row in held] == [1]
    assert len(await product.orders(trader)) == 1


async def test_ledger_waits_for_the_database(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    trader = await product.trader()
    original, tries = repository.order_writes, list[int]()

    def fail_twice(*arguments: Any) -> list[Write]:
        tries.append(1)
        if len(tries) <= 2:
            raise DatabaseUnavailable("the connection was lost")
        return original(*arguments)

    monkeypatch.setattr(repository, "order_writes", fail_twice)
    trace = await buy(product, trader, "SOLUSD", "1")
    await product.until_step(trader, trace, "filled")
    assert len(tries) >= 3
    booked = await product.rows("select quantity from executions where account_id = :a", a=trader.account_id)
    assert [row["quantity"] for row in booked] == [1]


@pytest.mark.parametrize(("slow", "outcome"), [(1, "approved"), (planner.READ_TRIES, "refused")])
async def test_limits_that_came_too_slowly_are_read_again_before_the_order_is_refused(
    product: Product, monkeypatch: pytest.MonkeyPatch, slow: int, outcome: str
) -> None:
    trader = await product.trader()
    original, read = planner.load_standing, 0

    async def late(session: DbSession, subjects: Sequence[LimitSubject], *, now: datetime) -> Any:
        nonlocal read
        if any(subject.user_id == trader.user_id for subject in subjects):
            read += 1
            if read <= slow:
                await asyncio.sleep(0.3)
        return await original(session, subjects, now=now)

    monkeypatch.setattr(planner, "load_standing", late)
    shown = await verdict(product, trader, await buy(product, trader))
    assert (shown["outcome"], read > 1) == (outcome, True)
    too_slow = [check["outcome"] for check in shown["checks"] if check["rule"] == "R-P28"]
    assert too_slow == ["pass" if outcome == "approved" else "unavailable"]


async def test_order_that_is_committed_while_its_account_is_read_again_is_not_forgotten(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    state = state_of(product, trader)
    original, read, go_on = loader.load_breaks, asyncio.Event(), asyncio.Event()

    async def wait(session: DbSession, ids: Sequence[AccountId]) -> dict[AccountId, int]:
        if list(ids) == [trader.account_id]:
            read.set()
            await go_on.wait()
        return await original(session, ids)

    monkeypatch.setattr(loader, "load_breaks", wait)
    reading = asyncio.create_task(product.owner.reload([trader.account_id]))
    await read.wait()
    # The rows were read without it; the venue has it before they reach memory.
    await buy(product, trader, "LINKUSD", "10", orderType="limit", limitPrice="14.900")

    async def at_the_venue() -> bool:
        return any(order.account == trader.venue_account_id for order in product.truth().orders.values())

    await product.until(at_the_venue)
    (order_id,) = state.orders
    go_on.set()
    await reading
    assert list(state.orders) == [order_id]
    assert (len(state.messages), state.drafts) == (1, set())

    async def accepted() -> bool:
        return state.orders[order_id].state == "new"

    await product.until(accepted)
    assert [order["id"] for order in await product.orders(trader)] == [str(order_id)]
