"""What outcomes, reports and look-ups do to one order, in whatever order they come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.execution.samples import ACCOUNT, NOW, D, fill, order, report, shown
from tradsy.brokers.port import ReportKind, VenueOrderStatus
from tradsy.domain.ids import VenueOrderId
from tradsy.domain.orders import OrderEvent, OrderState
from tradsy.execution.fold import Fold
from tradsy.execution.model import LedgerItem, Order, OrderSeen, OutcomeLearned, ReportReceived

ACCEPT = OutcomeLearned(ACCOUNT, order().id, OrderEvent.ACCEPT, NOW, venue_order_id=VenueOrderId("v1"), sent_at=NOW)
LOSE = OutcomeLearned(ACCOUNT, order().id, OrderEvent.LOSE, NOW, sent_at=NOW, reason_code="broker_outcome_unknown")
WANT_CANCEL = OutcomeLearned(ACCOUNT, order().id, OrderEvent.REQUEST_CANCEL, NOW)
NEW = ReportReceived(ACCOUNT, report(ReportKind.NEW))
CANCELED = ReportReceived(ACCOUNT, report(ReportKind.CANCELED))
CANCEL_REFUSED = ReportReceived(ACCOUNT, report(ReportKind.CANCEL_REJECTED))


def filled(name: str, quantity: str = "1", price: str = "100") -> ReportReceived:
    return ReportReceived(ACCOUNT, report(ReportKind.FILL, fill=fill(name, quantity, price)))


def seen(status: VenueOrderStatus, cumulative: str = "0") -> OrderSeen:
    return OrderSeen(ACCOUNT, shown(status, cumulative_quantity=D(cumulative)), evidence=({"answer": "found"},))


def apply(items: Sequence[LedgerItem], start: Order | None = None, booked: Sequence[str] = ()) -> Fold:
    fold = Fold(start or order(), {name: frozenset({"fill"}) for name in booked})
    for item in items:
        if isinstance(item, OutcomeLearned):
            fold.learn(item)
        elif isinstance(item, OrderSeen):
            fold.seen(item)
        else:
            fold.report(item.report)
    return fold


FILLS = [filled("e1", "3", "100"), filled("e2", "2", "101"), filled("e3", "5", "99")]
OTHERS: list[LedgerItem] = [
    ACCEPT,
    LOSE,
    WANT_CANCEL,
    NEW,
    CANCELED,
    CANCEL_REFUSED,
    seen(VenueOrderStatus.NEW),
    seen(VenueOrderStatus.PARTIALLY_FILLED, "3"),
    seen(VenueOrderStatus.CANCELED, "10"),
]


@given(
    fills=st.sets(st.sampled_from(range(3)), min_size=1),
    others=st.lists(st.sampled_from(range(len(OTHERS))), max_size=8),
    data=st.data(),
)
def test_any_order_of_news_gives_the_same_quantities(fills: set[int], others: list[int], data: st.DataObject) -> None:
    news: list[LedgerItem] = [*(FILLS[i] for i in fills), *(OTHERS[i] for i in others)]
    # The stream may repeat itself.
    news += data.draw(st.lists(st.sampled_from(news), max_size=4))
    one, other = apply(news), apply(data.draw(st.permutations(news)))
    expected = sum((D(n) for i, n in ((0, 3), (1, 2), (2, 5)) if i in fills), D(0))
    for fold in (one, other):
        assert fold.order.cumulative_quantity == expected
        assert fold.order.fees == D("0.1") * len(fills)
        names = [booking.fill.venue_execution_id for booking in fold.bookings]
        assert sorted(names) == sorted(f"e{i + 1}" for i in fills)
        # Fills always win: what is filled whole is filled, whatever else was said of it.
        assert (fold.order.state is OrderState.FILLED) == (expected == 10)
    average = sum((booking.fill.quantity * booking.fill.price for booking in one.bookings), D(0)) / expected
    for fold in (one, other):
        assert fold.order.average_price is not None
        assert abs(fold.order.average_price - average) < Decimal("1e-20")


@given(news=st.lists(st.sampled_from([*FILLS, *OTHERS]), max_size=10))
def test_replay_books_nothing_again(news: list[LedgerItem]) -> None:
    first = apply(news)
    names = [booking.fill.venue_execution_id for booking in first.bookings]
    again = apply([item for item in news if isinstance(item, ReportReceived)], first.order, names)
    assert again.bookings == []
    assert again.order.cumulative_quantity == first.order.cumulative_quantity
    assert again.order.fees == first.order.fees
    # Steps of its life are numbered without holes.
    assert [event["seq"] for event in first.events] == list(range(1, len(first.events) + 1))


def test_nothing_learned_changes_nothing() -> None:
    fold = apply([NEW], order(state=OrderState.NEW, accepted_at=NOW, venue_order_id=VenueOrderId("v1")))
    assert (fold.changed, fold.events) == (False, [])


def test_late_acknowledgement_keeps_the_state_and_tells_when_it_was_sent() -> None:
    fold = apply([CANCELED, ACCEPT])
    assert fold.order.state is OrderState.CANCELED
    assert (fold.order.sent_at, fold.order.accepted_at) == (NOW, NOW)
    assert [event["event"] for event in fold.events] == ["cancel", "accept"]


def test_baseline_and_evidence_are_kept() -> None:
    lost = OutcomeLearned(ACCOUNT, order().id, OrderEvent.LOSE, NOW, sent_at=NOW, baseline=("a", "b"))
    fold = apply([lost, seen(VenueOrderStatus.NEW)])
    assert (fold.order.state, fold.order.baseline) == (OrderState.NEW, ["a", "b"])
    assert fold.order.evidence == [{"answer": "found"}]
    assert (fold.order.unknown_at, fold.order.venue_order_id) == (NOW, "v1")


def test_final_state_of_a_look_up_waits_for_its_executions() -> None:
    fold = apply([ACCEPT, seen(VenueOrderStatus.CANCELED, "3")])
    assert fold.order.state is OrderState.NEW
    fold.report(FILLS[0].report)
    fold.seen(seen(VenueOrderStatus.CANCELED, "3"))
    assert (fold.order.state, fold.order.finished_at) == (OrderState.CANCELED, NOW + timedelta(seconds=1))


def test_reason_of_a_look_up_is_kept() -> None:
    rejected = OrderSeen(ACCOUNT, shown(VenueOrderStatus.REJECTED, reason="margin"))
    fold = apply([ACCEPT, rejected])
    assert (fold.order.state, fold.order.reason) == (OrderState.REJECTED, "margin")


def test_order_found_after_it_was_proved_absent_lives() -> None:
    fold = apply([seen(VenueOrderStatus.NEW)], order(state=OrderState.NOT_PLACED, finished_at=NOW))
    assert (fold.order.state, fold.order.finished_at) == (OrderState.NEW, None)


def test_refused_cancel_brings_back_what_was_filled() -> None:
    fold = apply([ACCEPT, FILLS[0], WANT_CANCEL])
    assert fold.order.state is OrderState.PENDING_CANCEL
    fold.report(CANCEL_REFUSED.report)
    assert fold.order.state is OrderState.PARTIALLY_FILLED


def bust(corrects: str, quantity: str = "5", price: str = "99") -> ReportReceived:
    return ReportReceived(ACCOUNT, report(ReportKind.BUST, fill=fill(corrects, quantity, price), corrects=corrects))


def test_bust_takes_a_fill_back_once() -> None:
    fold = apply([ACCEPT, *FILLS, bust("e3"), bust("e3")])
    assert (fold.order.state, fold.order.cumulative_quantity) == (OrderState.PARTIALLY_FILLED, 5)
    assert fold.order.fees == D("0.2")
    kinds = [(booking.kind, booking.side, booking.corrects) for booking in fold.bookings]
    assert kinds[-1] == ("bust", order().side.opposite, "e3")
    assert len(kinds) == 4
    assert fold.order.finished_at is None


def test_booked_bust_is_not_booked_again() -> None:
    fold = Fold(order(state=OrderState.NEW, cumulative_quantity=D(5)), {"e3": frozenset({"fill", "bust"})})
    fold.report(bust("e3").report)
    assert (fold.bookings, fold.order.cumulative_quantity) == ([], 5)


def test_bust_of_a_canceled_order_leaves_it_canceled() -> None:
    fold = apply([ACCEPT, FILLS[2], CANCELED, bust("e3")])
    assert (fold.order.state, fold.order.cumulative_quantity) == (OrderState.CANCELED, 0)


def test_correction_supersedes_the_fill() -> None:
    corrected = ReportReceived(ACCOUNT, report(ReportKind.CORRECTION, fill=fill("e3b", "5", "98"), corrects="e3"))
    fold = apply([ACCEPT, *FILLS, corrected, corrected])
    assert (fold.order.state, fold.order.cumulative_quantity) == (OrderState.FILLED, 10)
    assert [booking.kind for booking in fold.bookings] == ["fill", "fill", "fill", "bust", "fill"]


@pytest.mark.parametrize("kind", [ReportKind.FILL, ReportKind.BUST, ReportKind.CORRECTION, ReportKind.GAP])
def test_report_without_its_figures_changes_nothing(kind: ReportKind) -> None:
    fold = apply([ReportReceived(ACCOUNT, report(kind))], order(venue_order_id=VenueOrderId("v1")))
    assert not fold.changed


def test_own_wish_is_a_step_of_its_life() -> None:
    fold = apply([ACCEPT, WANT_CANCEL])
    assert fold.order.state is OrderState.PENDING_CANCEL
    fold.report(report(ReportKind.EXPIRED, reason="day is over"))
    assert (fold.order.state, fold.order.reason) == (OrderState.EXPIRED, "day is over")


def test_impossible_step_is_passed_over() -> None:
    fold = apply([ACCEPT, *FILLS, LOSE, CANCELED])
    assert fold.order.state is OrderState.FILLED
