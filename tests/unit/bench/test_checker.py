"""The checker finds what it is there to find, and finds nothing in books that agree."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tradsy.bench.checker import Books, Violation, check
from tradsy.sandbox.truth import Truth, TruthExecution, TruthOrder

MADE = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
SENT = "2026-05-04T12:00:00.010000+00:00"
ONE, TWO = Decimal(1), Decimal(2)


def venue_order(order_id: str = "V1", client_order_id: str | None = "c1", **changes: Any) -> TruthOrder:
    values: dict[str, Any] = {
        "order_id": order_id,
        "account": "SA1",
        "client_order_id": client_order_id,
        "symbol": "AAPL",
        "side": "buy",
        "order_type": "market",
        "quantity": TWO,
        "limit_price": None,
        "stop_price": None,
        "status": "filled",
        "filled_quantity": TWO,
        "entered_at": SENT,
        "parent_id": None,
        "replaces": None,
        "replaced_by": None,
        "request": 1,
        "first_byte_ns": 1,
        **changes,
    }
    return TruthOrder(**values)


def truth(*orders: TruthOrder) -> Truth:
    made = Truth()
    made.orders = {order.order_id: order for order in orders or (venue_order(),)}
    made.requests = [{"id": 1, "first_byte_at": SENT}]
    execution = TruthExecution("X1", "V1", "SA1", "c1", "AAPL", "buy", TWO, Decimal(200), ONE, Decimal(-401), SENT)
    made.executions = {"X1": execution}
    made.positions = {("SA1", "AAPL"): TWO}
    return made


def row(**changes: Any) -> dict[str, Any]:
    """Return an order row that agrees with the truth."""
    return {
        "id": "o1",
        "account_id": "a1",
        "client_order_id": "c1",
        "venue_order_id": "V1",
        "plan_id": "p1",
        "parent_order_id": None,
        "origin": "automatic",
        "state": "filled",
        "quantity": TWO,
        "cumulative_quantity": TWO,
        "role": "entry",
        "symbol": "AAPL",
        "partition": 3,
        "epoch": 5,
        "reason_code": "",
        "created_at": MADE,
        **changes,
    }


def books(*orders: dict[str, Any], idempotency: str = "A", **parts: Any) -> Books:
    fill = {
        "account_id": "a1",
        "order_id": "o1",
        "venue_execution_id": "X1",
        "kind": "fill",
        "symbol": "AAPL",
        "side": "buy",
        "quantity": TWO,
        "price": Decimal(200),
        "fee": ONE,
    }
    values: dict[str, Any] = {
        "accounts": [{"id": "a1", "venue_account_id": "SA1", "idempotency": idempotency}],
        "orders": list(orders) or [row()],
        "executions": [fill],
        "positions": [{"account_id": "a1", "symbol": "AAPL", "quantity": TWO}],
        "entries": [],
        "transitions": [
            {"order_id": "o1", "seq": 1, "event": "submit", "from_state": "", "to_state": "submitting"},
            {"order_id": "o1", "seq": 2, "event": "fill", "from_state": "submitting", "to_state": "filled"},
        ],
        "signals": [{"id": "s1", "state": "accepted", "plans": 1}],
        "plans": [{"id": "p1", "signal_id": "s1", "state": "executed", "order_id": "o1"}],
        **parts,
    }
    return Books(**values)


def violated(found: list[Violation]) -> set[str]:
    return {violation.invariant for violation in found}


def test_books_that_agree_are_clean() -> None:
    assert check(books(), truth(), {"s1"}) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "invariant"),
    [
        (books(), truth(venue_order(), venue_order("V2")), "R-I1"),
        (books(row(), row(id="o2", client_order_id="c2")), truth(), "R-I1"),
        (books(row(), row(id="o2", venue_order_id=None, epoch=4, state="rejected")), truth(), "R-I1"),
        (books(), truth(venue_order(), venue_order("V2", "c9")), "R-I2"),
        (books(row(origin="external")), truth(), "R-I2"),
        (books(row(created_at=MADE.replace(second=1))), truth(), "R-I2"),
        (books(idempotency="D"), truth(venue_order(), venue_order("V2", None)), "R-I2"),
        (books(row(state="unknown")), truth(), "R-I3"),
        (books(row(state="new")), truth(), "R-I3"),
        (books(row(state="not_placed")), truth(), "R-I3"),
        (books(row(state="pending_cancel")), truth(), "R-I3"),
        (books(row(quantity=ONE)), truth(), "R-I4"),
        (books(row(cumulative_quantity=ONE)), truth(), "R-I4"),
        (books(positions=[]), truth(), "R-I5"),
        (books(executions=[]), truth(), "R-I6"),
        (books(row(state="canceled")), truth(), "R-I8"),
        (books(signals=[]), truth(), "R-I10"),
        (books(plans=[]), truth(), "R-I10"),
        (books(plans=[{"id": "p1", "signal_id": "s1", "state": "approved", "order_id": None}]), truth(), "R-I10"),
        (books(plans=[{"id": "p1", "signal_id": "s1", "state": "executed", "order_id": "o7"}]), truth(), "R-I10"),
    ],
)
def test_each_contradiction_is_found(ours: Books, theirs: Truth, invariant: str) -> None:
    assert invariant in violated(check(ours, theirs, {"s1"}))


def test_an_execution_booked_at_another_price_is_found() -> None:
    fill = {**books().executions[0], "price": Decimal(201)}

    assert violated(check(books(executions=[fill]), truth(), {"s1"})) == {"R-I6"}


def test_more_exits_than_the_entry_filled_are_found() -> None:
    stop = row(
        id="o2", client_order_id="c2", venue_order_id=None, parent_order_id="o1", role="stop", state="new",
        quantity=Decimal(3), cumulative_quantity=Decimal(0),
    )  # fmt: skip

    assert violated(check(books(row(), stop), truth(), {"s1"})) == {"R-I4"}


def test_a_gap_between_two_states_is_found() -> None:
    transitions = [
        {"order_id": "o1", "seq": 1, "event": "submit", "from_state": "", "to_state": "submitting"},
        {"order_id": "o1", "seq": 2, "event": "fill", "from_state": "new", "to_state": "filled"},
    ]

    assert violated(check(books(transitions=transitions), truth(), {"s1"})) == {"R-I8"}
