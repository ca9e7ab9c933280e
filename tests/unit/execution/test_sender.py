"""From a committed intent to one request: what each end of it proves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.execution.samples import CAPABILITIES, NOW, account, order, shown
from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.brokers.errors import (
    BrokerAuthExpired,
    BrokerNotSent,
    BrokerOutcomeUnknown,
    BrokerReadFailed,
    DuplicateOrder,
    InsufficientFunds,
    UnsupportedByBroker,
)
from tradsy.brokers.port import OrderRequest, Page, SubmitAck, VenueOrderStatus
from tradsy.domain.ids import VenueOrderId
from tradsy.domain.orders import OrderEvent
from tradsy.execution import sender as sender_module
from tradsy.execution.model import LedgerItem, OutcomeLearned
from tradsy.execution.sender import NOT_SENT_TRIES, Sender
from tradsy.execution.state import AccountState
from tradsy.platform.clock import FrozenClock

ACK = SubmitAck(VenueOrderId("v1"), VenueOrderStatus.NEW, NOW)


class Venue:
    """A broker that ends each submit as it is told."""

    def __init__(self, *ends: Any, capabilities: Capabilities = CAPABILITIES) -> None:
        self.capabilities = capabilities
        self.ends = list(ends)
        self.requests: list[OrderRequest] = []
        self.listed: list[Any] = []
        self.reads = 0

    async def submit(self, request: OrderRequest, permit: Callable[[], bool]) -> SubmitAck:
        self.requests.append(request)
        end = self.ends.pop(0)
        if isinstance(end, BaseException):
            raise end
        if not permit():
            raise BrokerNotSent("no permit")
        return end

    async def list_orders(self, *_: object) -> Page[Any]:
        self.reads += 1
        for item in self.listed:
            if isinstance(item, BaseException):
                raise item
        return Page(self.listed, complete=True, venue_time=NOW)


class Desk:
    """A sender with what it learned."""

    def __init__(self, venue: Venue, may_send: Callable[[], bool] = lambda: True) -> None:
        self.learned: list[OutcomeLearned] = []
        self.expired: list[AccountState] = []
        self.account = account(venue)

        def learn(item: LedgerItem) -> None:
            assert isinstance(item, OutcomeLearned)
            self.learned.append(item)

        self.sender = Sender(
            FrozenClock(NOW),
            may_send=lambda _partition, _epoch: may_send(),
            learn=learn,
            auth_expired=self.expired.append,
        )

    async def send(self) -> OutcomeLearned:
        self.sender.send(self.account, order())
        await self.account.connection.lane.drain()
        (learned,) = self.learned
        return learned


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    original = asyncio.sleep

    async def at_once(_: float) -> None:
        await original(0)

    monkeypatch.setattr(sender_module.asyncio, "sleep", at_once)


async def test_acknowledgement_is_acceptance() -> None:
    venue = Venue(ACK)
    learned = await Desk(venue).send()
    assert (learned.event, learned.venue_order_id, learned.sent_at) == (OrderEvent.ACCEPT, "v1", NOW)
    assert [request.client_order_id for request in venue.requests] == ["c1"]


async def test_acknowledged_as_rejected_is_rejected() -> None:
    learned = await Desk(Venue(replace(ACK, status=VenueOrderStatus.REJECTED))).send()
    assert learned.event is OrderEvent.REJECT


@pytest.mark.parametrize("error", [InsufficientFunds("no money"), UnsupportedByBroker("no such type")])
async def test_refusal_is_proof(error: Exception) -> None:
    learned = await Desk(Venue(error)).send()
    assert (learned.event, learned.reason) == (OrderEvent.REJECT, str(error))


async def test_refused_credential_refuses_the_order_and_closes_the_connection() -> None:
    desk = Desk(Venue(BrokerAuthExpired()))
    assert (await desk.send()).event is OrderEvent.REJECT
    assert desk.expired == [desk.account]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BrokerOutcomeUnknown(), "broker_outcome_unknown"),
        # The venue has an order under this id: it is found, and never called refused.
        (DuplicateOrder(), "duplicate_order"),
        (ValueError("unmodelled"), "ValueError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
async def test_everything_else_is_unknown_and_sent_once(error: Exception, code: str) -> None:
    venue = Venue(error)
    learned = await Desk(venue).send()
    assert (learned.event, learned.reason_code, learned.sent_at) == (OrderEvent.LOSE, code, NOW)
    assert len(venue.requests) == 1


async def test_what_never_left_may_be_sent_again_under_the_same_id() -> None:
    venue = Venue(BrokerNotSent("refused"), BrokerNotSent("refused"), ACK)
    learned = await Desk(venue).send()
    assert learned.event is OrderEvent.ACCEPT
    assert {request.client_order_id for request in venue.requests} == {"c1"}


async def test_what_never_leaves_is_proved_absent() -> None:
    venue = Venue(*[BrokerNotSent("connection refused")] * NOT_SENT_TRIES)
    learned = await Desk(venue).send()
    assert (learned.event, learned.reason_code) == (OrderEvent.PROVE_ABSENT, "broker_not_sent")
    assert len(venue.requests) == NOT_SENT_TRIES


async def test_without_a_lease_nothing_leaves_and_the_next_owner_finds_out() -> None:
    venue = Venue(ACK)
    learned = await Desk(venue, may_send=lambda: False).send()
    assert (learned.event, learned.reason_code) == (OrderEvent.LOSE, "lease_ending")
    assert len(venue.requests) == 1


async def test_what_a_stall_held_back_leaves_once_the_lease_is_renewed() -> None:
    looks = iter([False, False, False, True, True])
    venue = Venue(ACK, ACK)
    learned = await Desk(venue, may_send=lambda: next(looks)).send()
    assert (learned.event, learned.venue_order_id) == (OrderEvent.ACCEPT, "v1")
    assert {request.client_order_id for request in venue.requests} == {"c1"}
    assert next(looks, None) is None


async def test_canceled_task_leaves_the_order_unknown() -> None:
    desk = Desk(Venue(asyncio.CancelledError()))
    learned = await desk.send()
    assert (learned.event, learned.reason_code) == (OrderEvent.LOSE, "cancelled")


CLASS_D = replace(CAPABILITIES, idempotency=IdempotencyClass.NONE)


async def test_class_d_keeps_a_baseline_of_what_was_there_before() -> None:
    venue = Venue(BrokerNotSent(), BrokerOutcomeUnknown(), capabilities=CLASS_D)
    venue.listed = [shown(venue_order_id=VenueOrderId("v8")), shown(venue_order_id=VenueOrderId("v9"))]
    learned = await Desk(venue).send()
    assert (learned.event, learned.baseline) == (OrderEvent.LOSE, ("v8", "v9"))
    assert venue.reads == 1


async def test_class_d_sends_nothing_without_a_baseline() -> None:
    venue = Venue(capabilities=CLASS_D)
    venue.listed = [BrokerReadFailed("down")]
    learned = await Desk(venue).send()
    assert learned.event is OrderEvent.PROVE_ABSENT
    assert "no baseline" in learned.reason
    assert venue.requests == []
