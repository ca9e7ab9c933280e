"""Unknown orders: found by any look-up, proved absent by many, or given to a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from tests.unit.execution.samples import (
    CAPABILITIES,
    NOW,
    VENUE_ACCOUNT,
    D,
    account,
    fill,
    order,
    shown,
    terms,
)
from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.brokers.errors import BrokerReadFailed
from tradsy.brokers.port import Page, Ticket, VenueExecution, VenueOrder
from tradsy.domain.ids import ClientOrderId, OrderId, VenueOrderId
from tradsy.domain.orders import OrderState, Side
from tradsy.execution import resolver as resolver_module
from tradsy.execution.fold import Fold
from tradsy.execution.ledger import Ledger
from tradsy.execution.model import LedgerItem, OrderSeen, OutcomeLearned
from tradsy.execution.resolver import QUARANTINE_AFTER, Resolver, fingerprint_of
from tradsy.execution.runtime import Runtime
from tradsy.platform.clock import FrozenClock

SENT = NOW - timedelta(seconds=1)
UNKNOWN = order(state=OrderState.UNKNOWN, sent_at=SENT, unknown_at=NOW)
CLASS_D = replace(CAPABILITIES, idempotency=IdempotencyClass.NONE)


def execution(**changes: Any) -> VenueExecution:
    values: dict[str, Any] = {
        "venue_account_id": VENUE_ACCOUNT,
        "venue_order_id": VenueOrderId("v1"),
        "client_order_id": ClientOrderId("c1"),
        "symbol": "BTC/USD",
        "side": Side.BUY,
        "fill": fill("e1"),
        **changes,
    }
    return VenueExecution(**values)


class Venue:
    """A venue that shows what it is told to show; its clock is ours."""

    def __init__(self, clock: FrozenClock, capabilities: Capabilities = CAPABILITIES) -> None:
        self.clock, self.capabilities = clock, capabilities
        self.ticket: VenueOrder | None = None
        self.orders: list[VenueOrder] = []
        self.open: list[VenueOrder] = []
        self.executions: list[VenueExecution] = []
        self.complete = True
        self.fails: list[Exception] = []
        self.asked = 0

    def _page(self, items: Sequence[Any]) -> Page[Any]:
        return Page(items, complete=self.complete, venue_time=self.clock.now())

    async def list_executions(self, *_: object) -> Page[VenueExecution]:
        self.asked += 1
        if self.asked > 200:
            raise AssertionError("asked for ever")
        return self._page(self.executions)

    async def list_orders(self, *_: object) -> Page[VenueOrder]:
        return self._page(self.orders)

    async def list_open_orders(self, *_: object) -> Page[VenueOrder]:
        return self._page(self.open)

    async def find_order(self, *_: object) -> Ticket:
        return Ticket(self.ticket, self.clock.now())

    async def get_order(self, *_: object) -> VenueOrder:
        if self.fails:
            raise self.fails.pop()
        return shown(cumulative_quantity=D(1))


class Desk:
    """A resolver over one account; what it learns is applied to the order in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capabilities: Capabilities = CAPABILITIES) -> None:
        self.clock = FrozenClock(NOW)
        self.venue = Venue(self.clock, capabilities)
        self.account = account(self.venue)
        self.stored: list[LedgerItem] = []
        runtime = cast(
            "Runtime", type("Rt", (), {"clock": self.clock, "accounts": {self.account.account_id: self.account}})
        )
        self.resolver = Resolver(runtime, cast("Ledger", self))
        original = asyncio.sleep

        async def sleep(seconds: float) -> None:
            self.clock.advance(timedelta(seconds=seconds))
            await original(0)

        monkeypatch.setattr(resolver_module.asyncio, "sleep", sleep)

    async def store(self, items: Sequence[LedgerItem]) -> None:
        self.stored.extend(items)
        fold = Fold(self.account.orders[UNKNOWN.id], {})
        for item in items:
            if isinstance(item, OutcomeLearned):
                fold.learn(item)
            elif isinstance(item, OrderSeen):
                fold.seen(item)
            else:
                fold.report(item.report)
        self.account.orders[UNKNOWN.id] = fold.order

    async def resolve(self, unknown: Any = UNKNOWN) -> Any:
        self.account.orders[unknown.id] = unknown
        self.resolver.take(unknown)
        self.resolver.take(unknown)  # one task is enough

        async def ended() -> None:
            while self.account.orders[unknown.id].state is OrderState.UNKNOWN:
                await asyncio.tasks.sleep(0)

        await asyncio.wait_for(ended(), 5)
        await self.resolver.stop()
        return self.account.orders[unknown.id]


@pytest.mark.parametrize("where", ["ticket", "orders", "open", "executions"])
async def test_any_look_up_that_shows_it_ends_the_doubt(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    desk = Desk(monkeypatch)
    if where == "ticket":
        desk.venue.ticket = shown()
    elif where == "executions":
        # The first read of what the execution names fails: it is asked again.
        desk.venue.fails.append(BrokerReadFailed())
        desk.venue.executions = [execution()]
    else:
        setattr(desk.venue, where, [shown(client_order_id=ClientOrderId("other")), shown()])
    found = await desk.resolve()
    assert found.venue_order_id == "v1"
    assert found.state is (OrderState.PARTIALLY_FILLED if where == "executions" else OrderState.NEW)
    assert found.evidence[0]["answer"].startswith("found by")
    assert found.cumulative_quantity == (1 if where == "executions" else 0)


async def test_absence_is_proved_by_many_answers_after_the_settle_time(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch)
    absent = await desk.resolve()
    assert absent.state is OrderState.NOT_PLACED
    assert len({negative["endpoint"] for negative in absent.evidence}) >= 2
    settled = NOW + CAPABILITIES.settles_after
    assert all(datetime.fromisoformat(negative["venue_time"]) >= settled for negative in absent.evidence)
    assert desk.clock.now() < NOW + QUARANTINE_AFTER


@pytest.mark.parametrize("hindrance", ["incomplete", "unexplained"])
async def test_what_cannot_be_proved_is_given_to_a_person(monkeypatch: pytest.MonkeyPatch, hindrance: str) -> None:
    desk = Desk(monkeypatch, CLASS_D if hindrance == "incomplete" else CAPABILITIES)
    if hindrance == "incomplete":
        desk.venue.complete = False
    else:
        desk.venue.executions = [execution(client_order_id=None, venue_order_id=VenueOrderId("strange"))]
    quarantined = await desk.resolve()
    assert (quarantined.state, quarantined.reason_code) == (OrderState.QUARANTINED, "quarantine")
    assert desk.clock.now() > NOW + QUARANTINE_AFTER


async def test_explained_executions_do_not_hinder_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch)
    desk.account.finished_venue_ids.append("v7")
    resting = order(id=OrderId(UNKNOWN.trace_id), venue_order_id=VenueOrderId("v8"))
    desk.account.orders[resting.id] = resting
    desk.venue.executions = [
        execution(client_order_id=None, venue_order_id=VenueOrderId("v7")),
        execution(client_order_id=None, venue_order_id=VenueOrderId("v8")),
        execution(client_order_id=None, venue_order_id=VenueOrderId("v9"), symbol="ETH/USD"),
        execution(client_order_id=ClientOrderId("theirs"), venue_order_id=VenueOrderId("v10")),
    ]
    assert (await desk.resolve()).state is OrderState.NOT_PLACED


async def test_class_d_adopts_the_only_order_of_its_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, CLASS_D)
    mine = shown(client_order_id=None, entered_at=NOW)
    desk.venue.orders = [
        shown(client_order_id=None, venue_order_id=VenueOrderId("before")),
        shown(client_order_id=None, venue_order_id=VenueOrderId("early"), entered_at=SENT - timedelta(seconds=9)),
        shown(client_order_id=None, venue_order_id=VenueOrderId("else"), terms=terms(quantity=D(11))),
        mine,
    ]
    found = await desk.resolve(replace(UNKNOWN, baseline=["before"]))
    assert (found.state, found.venue_order_id) == (OrderState.NEW, "v1")


async def test_class_d_gives_two_alike_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, CLASS_D)
    desk.venue.orders = [
        shown(client_order_id=None, venue_order_id=VenueOrderId(name), entered_at=NOW) for name in ("a", "b")
    ]
    quarantined = await desk.resolve()
    assert (quarantined.state, quarantined.reason_code) == (OrderState.QUARANTINED, "ambiguous")
    assert [evidence["candidate"] for evidence in quarantined.evidence] == ["a", "b"]


async def test_class_d_proves_absence_by_its_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, CLASS_D)
    absent = await desk.resolve()
    assert absent.state is OrderState.NOT_PLACED
    assert {negative["endpoint"] for negative in absent.evidence} == {"orders", "open_orders"}


async def test_order_of_an_account_that_was_let_go_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch)
    desk.resolver.take(UNKNOWN)
    await asyncio.tasks.sleep(0)
    await desk.resolver.stop()
    assert (desk.stored, desk.venue.asked) == ([], 0)


def test_fingerprint_tells_terms_apart_and_nothing_else() -> None:
    assert fingerprint_of(order()) == fingerprint_of(shown(client_order_id=None, venue_order_id=VenueOrderId("x")))
    for change in ({"quantity": D(11)}, {"side": Side.SELL}, {"limit_price": D(101)}, {"symbol": "ETH/USD"}):
        assert fingerprint_of(order(**change)) != fingerprint_of(order())
