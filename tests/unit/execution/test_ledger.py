"""A ledger that is told to stop: it waits for what is queued, and says what it had to leave."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import pytest

from tests.unit.execution.samples import ACCOUNT, NOW, account, order
from tradsy.domain.orders import OrderEvent
from tradsy.execution import ledger as ledger_module
from tradsy.execution.ledger import BatchResult, Ledger
from tradsy.execution.model import Order, OrderSeen, OutcomeLearned
from tradsy.execution.state import AccountState, SourceCounters
from tradsy.platform.clock import FrozenClock
from tradsy.testing.logs import captured_logs


def _nothing(_: BatchResult) -> None:
    pass


def _adopt(_: OrderSeen, __: AccountState) -> Order:
    raise AssertionError("nothing was seen")


def _ledger() -> Ledger:
    nobody = cast("Any", None)
    accounts = {ACCOUNT: account()}
    return Ledger(
        nobody, FrozenClock(NOW), nobody, nobody, accounts, SourceCounters(), committed=_nothing, adopt=_adopt
    )


async def test_items_that_nobody_stores_are_told_when_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    original = asyncio.wait_for

    async def at_once(work: Coroutine[Any, Any, Any], _: float) -> Any:
        return await original(work, 0)

    monkeypatch.setattr(ledger_module.asyncio, "wait_for", at_once)
    ledger = _ledger()
    for _ in range(2):
        ledger.put(OutcomeLearned(ACCOUNT, order().id, OrderEvent.CANCEL, NOW))
    with captured_logs(ledger_module) as logs:
        await ledger.stop()
    assert [(entry["event"], entry["items"]) for entry in logs] == [("ledger stopped with items left", 2)]


async def test_ledger_without_items_stops_without_a_word() -> None:
    with captured_logs(ledger_module) as logs:
        await _ledger().stop()
    assert logs == []
