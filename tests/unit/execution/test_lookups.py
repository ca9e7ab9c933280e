"""Reading one order at the venue: executions count before its end, and a failed read proves nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.execution.samples import NOW, VENUE_ACCOUNT, D, account, fill, order, shown
from tradsy.brokers.errors import BrokerReadFailed, OrderNotFound
from tradsy.brokers.port import Page, VenueExecution, VenueOrder, VenueOrderStatus
from tradsy.domain.ids import VenueOrderId
from tradsy.domain.orders import OrderState, Side
from tradsy.execution.lookups import MARGIN, look_up_order, search_from
from tradsy.execution.model import OrderSeen, ReportReceived

PLACED = order(state=OrderState.NEW, venue_order_id=VenueOrderId("v1"))


class Venue:
    """A venue with one order."""

    def __init__(self, answer: VenueOrder | Exception) -> None:
        self.answer = answer
        self.since: Any = None

    async def get_order(self, *_: object) -> VenueOrder:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def list_executions(self, _: object, since: Any) -> Page[VenueExecution]:
        self.since = since
        names = (("v1", "e1"), ("v2", "e2"))
        items = [VenueExecution(VENUE_ACCOUNT, VenueOrderId(v), None, "BTC/USD", Side.BUY, fill(e)) for v, e in names]
        return Page(items, complete=True, venue_time=NOW)


async def test_its_own_executions_come_between_its_two_views() -> None:
    venue = Venue(shown(VenueOrderStatus.CANCELED, cumulative_quantity=D(1)))
    items = await look_up_order(account(venue), PLACED)
    assert [type(item) for item in items] == [OrderSeen, ReportReceived, OrderSeen]
    assert all(item.order_id == PLACED.id for item in items)
    assert isinstance(items[1], ReportReceived)
    assert items[1].report.fill == fill("e1")
    assert venue.since == NOW - MARGIN


async def test_unfilled_order_needs_no_executions() -> None:
    venue = Venue(shown())
    assert len(await look_up_order(account(venue), PLACED)) == 2
    assert venue.since is None


@pytest.mark.parametrize(("error", "asked"), [(OrderNotFound(), True), (BrokerReadFailed(), False)])
async def test_failed_read_brings_nothing(error: Exception, asked: bool) -> None:
    state = account(Venue(error))
    assert await look_up_order(state, PLACED) == []
    assert state.reconcile_asked is asked


async def test_order_that_the_venue_never_named_is_not_looked_up() -> None:
    assert await look_up_order(account(Venue(BrokerReadFailed())), order()) == []


def test_search_begins_before_the_first_byte() -> None:
    sent = NOW + timedelta(seconds=3)
    assert search_from(order(sent_at=sent)) == sent - MARGIN
