"""Cancels while the database, the lease or the venue fails: asked again until they are proved, and never given up."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.integration.execution.breakdowns import (
    ALWAYS,
    Breakdown,
    again,
    break_statement,
    lose_lease,
    outlive_lease,
)
from tests.integration.execution.scenes import blind, fault, pin_all, resting, state_of
from tradsy.brokers.errors import BrokerOutcomeUnknown
from tradsy.brokers.port import CancelAck
from tradsy.execution import commands as commands_module
from tradsy.platform.partitions import PartitionLeases
from tradsy.testing.product import Product, Trader

TAKE = "update order_commands c set state = 'submitting'"
FINISH = "update order_commands set state = "


@pytest_asyncio.fixture(scope="module", autouse=True)
async def quiet_market(product: Product) -> None:
    await pin_all(product)


async def _cancel(product: Product, trader: Trader) -> None:
    (order,) = await product.orders(trader, state="open")
    answer = await product.call("POST", f"/api/v1/orders/{order['id']}/cancel", trader)
    assert (answer.status, answer.body["requested"]) == (202, True)


async def _command(product: Product, trader: Trader) -> tuple[str, int, str]:
    (row,) = await product.rows(
        "select state, attempt, reason from order_commands where account_id = :a", a=trader.account_id
    )
    return row["state"], row["attempt"], row["reason"]


async def _until_command(product: Product, trader: Trader, state: str) -> tuple[str, int, str]:
    async def reached() -> tuple[str, int, str] | None:
        found = await _command(product, trader)
        return found if found[0] == state else None

    found = await product.until(reached, what=f"command {state}", on_timeout=lambda: _command(product, trader))
    assert found is not None
    return found


def _cancels(product: Product, trader: Trader) -> int:
    """Return how many cancels reached the venue."""
    requests = [r for r in product.truth().requests if r["account"] == trader.venue_account_id]
    return sum(r["endpoint"] == "orders.cancel" for r in requests)


async def test_cancel_whose_end_could_not_be_stored_ends_without_a_second_request(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    broken = break_statement(monkeypatch, FINISH)
    await _cancel(product, trader)
    await product.until_step(trader, trace, "canceled")
    await product.until(broken.is_over)
    assert await _until_command(product, trader, "done") == ("done", 2, "the order is finished")
    assert _cancels(product, trader) == 1


@pytest.mark.parametrize("broken", ["database", "lease", "clock"])
async def test_cancel_waits_while_its_commands_cannot_be_claimed(
    product: Product, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    breakdown: Breakdown = {
        "database": lambda: break_statement(monkeypatch, TAKE, room="commands", times=ALWAYS),
        "lease": lambda: lose_lease(monkeypatch, "commands", times=ALWAYS),
        "clock": lambda: outlive_lease(monkeypatch, "commands", times=ALWAYS),
    }[broken]()
    await _cancel(product, trader)
    await again(product, breakdown)
    assert await _command(product, trader) == ("requested", 0, "")
    assert (await product.orders(trader))[0]["state"] == "new"
    assert _cancels(product, trader) == 0
    breakdown.mend()
    await product.until_step(trader, trace, "canceled")
    assert (await _until_command(product, trader, "done"))[1] == 1


async def test_cancel_with_too_little_lease_left_does_not_leave_and_is_asked_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    ending, original = Breakdown(ALWAYS), PartitionLeases.may_send

    def may_send(leases: PartitionLeases, partition: int, epoch: int) -> bool:
        return not ending.strikes() and original(leases, partition, epoch)

    monkeypatch.setattr(PartitionLeases, "may_send", may_send)
    await _cancel(product, trader)
    await again(product, ending)
    state, _, reason = await _until_command(product, trader, "requested")
    assert (state, reason) == ("requested", "broker_not_sent")
    assert _cancels(product, trader) == 0
    ending.mend()
    await product.until_step(trader, trace, "canceled")
    assert (await _until_command(product, trader, "done"))[1] > 1
    assert _cancels(product, trader) == 1


async def test_cancel_without_an_answer_is_given_up_after_its_last_attempt_and_may_be_asked_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    monkeypatch.setattr(commands_module, "MAX_ATTEMPTS", 2)
    await fault(product, trader, "error_before_accept", "orders.cancel", count=2)
    await _cancel(product, trader)
    _, attempts, reason = await _until_command(product, trader, "refused")
    assert (attempts, reason) == (2, BrokerOutcomeUnknown.code)
    (order,) = await product.orders(trader)
    assert (order["state"], order["reason_code"]) == ("new", BrokerOutcomeUnknown.code)
    steps = await product.steps(trader, trace)
    assert "cancel_refused" in [step["step"] for step in steps]
    # It still rests, and counts as such; a person who asks again is heard.
    await _cancel(product, trader)
    await product.until_step(trader, trace, "canceled")
    assert _cancels(product, trader) == 3


async def test_cancel_that_the_venue_only_took_is_asked_again_until_its_report_comes(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    broker = state_of(product, trader).broker
    original, asked = broker.cancel, list[CancelAck]()

    async def cancel(*arguments: Any) -> CancelAck:
        if asked:
            # Again no proof: nothing but the report of the stream ends the order.
            ack = CancelAck(final=False, at=(await original(*arguments)).at)
        else:
            ack = CancelAck(final=False, at=product.container.clock.now())
        asked.append(ack)
        return ack

    monkeypatch.setattr(broker, "cancel", cancel)
    await _cancel(product, trader)
    assert await _until_command(product, trader, "unknown") == ("unknown", 1, "")
    assert (await product.orders(trader))[0]["state"] == "pending_cancel"
    await product.until_step(trader, trace, "canceled")
    await _until_command(product, trader, "done")
    assert (len(asked), _cancels(product, trader)) == (2, 1)


async def test_report_that_overtakes_the_answer_ends_the_cancel(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await product.trader()
    await resting(product, trader)
    state = state_of(product, trader)
    broker, original = state.broker, state.broker.cancel

    async def cancel(*arguments: Any) -> CancelAck:
        ack = await original(*arguments)

        async def told() -> bool:
            return not state.orders

        await product.until(told)
        return CancelAck(final=False, at=ack.at)

    monkeypatch.setattr(broker, "cancel", cancel)
    await _cancel(product, trader)
    assert await _until_command(product, trader, "done") == ("done", 1, "")
    assert (await product.orders(trader))[0]["state"] == "canceled"


async def test_cancel_waits_for_the_venues_id_of_its_order(product: Product) -> None:
    trader = await product.trader()
    trace = await resting(product, trader)
    await blind(product, trader)
    state = state_of(product, trader)
    (order,) = state.orders.values()
    state.orders[order.id] = order.changed(venue_order_id=None)
    await _cancel(product, trader)

    async def waiting() -> bool:
        return await _command(product, trader) == ("requested", 1, "waiting for the venue's id")

    await product.until(waiting)
    assert _cancels(product, trader) == 0
    state.orders[order.id] = order
    await product.until_step(trader, trace, "canceled")


async def test_cancel_of_what_nobody_asked_for_asks_for_nothing(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = break_statement(monkeypatch, "insert into order_commands")
    await product.owner.commands.cancel([], by="engine")
    assert refused.struck == 0
