"""The transition table: what is finished stays finished but for fills and late evidence, and fills always win."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.errors import InvalidTransition
from tradsy.domain.orders import (
    TERMINAL,
    TRANSITIONS,
    UNPROVED,
    WORKING,
    OrderEvent,
    OrderState,
    Side,
    after_fill,
    can_apply,
    leaves_quantity,
    next_state,
)

STATES = st.sampled_from(OrderState)
QUANTITIES = st.decimals("0.001", "1000", places=3)


def test_every_state_is_of_exactly_one_kind() -> None:
    kinds = [TERMINAL, WORKING, UNPROVED]
    assert all(sum(state in kind for kind in kinds) == 1 for state in OrderState)


def test_terminal_states_have_no_way_out_but_late_evidence() -> None:
    ways = {(state, event): to for (state, event), to in TRANSITIONS.items() if state in TERMINAL}
    assert set(ways) == {
        (OrderState.NOT_PLACED, OrderEvent.ACCEPT),
        (OrderState.NOT_PLACED, OrderEvent.CANCEL),
        (OrderState.NOT_PLACED, OrderEvent.EXPIRE),
    }


def test_no_state_is_entered_without_a_way_to_end() -> None:
    for state in OrderState:
        if state in TERMINAL:
            continue
        reached, todo = {state}, [state]
        while todo:
            here = todo.pop()
            for (origin, _), to in TRANSITIONS.items():
                if origin is here and to not in reached:
                    reached.add(to)
                    todo.append(to)
        assert reached & TERMINAL, state


def test_unknown_leaves_only_by_proof_or_quarantine() -> None:
    ways = {event for (state, event) in TRANSITIONS if state is OrderState.UNKNOWN}
    proofs = {OrderEvent.ACCEPT, OrderEvent.REJECT, OrderEvent.PROVE_ABSENT, OrderEvent.CANCEL, OrderEvent.EXPIRE}
    assert ways == proofs | {OrderEvent.LOSE, OrderEvent.QUARANTINE}
    assert TRANSITIONS[OrderState.UNKNOWN, OrderEvent.LOSE] is OrderState.UNKNOWN


def test_proof_of_absence_needs_an_unproved_order() -> None:
    assert {s for s, e in TRANSITIONS if e is OrderEvent.PROVE_ABSENT} == set(UNPROVED)


def test_fill_is_no_row_of_the_table() -> None:
    assert not any(event is OrderEvent.FILL for _, event in TRANSITIONS)


@given(STATES, st.sampled_from(OrderEvent))
def test_next_state_follows_the_table_or_refuses(state: OrderState, event: OrderEvent) -> None:
    if can_apply(state, event):
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_state(state, event)


@given(STATES, QUANTITIES, QUANTITIES)
def test_a_whole_fill_wins_in_every_state(state: OrderState, quantity: Decimal, more: Decimal) -> None:
    assert after_fill(state, quantity=quantity, cumulative=quantity) is OrderState.FILLED
    assert after_fill(state, quantity=quantity, cumulative=quantity + more) is OrderState.FILLED


@given(STATES, QUANTITIES)
def test_a_partial_fill_revives_no_order_that_ended(state: OrderState, quantity: Decimal) -> None:
    after = after_fill(state, quantity=quantity * 2, cumulative=quantity)
    ended = {OrderState.CANCELED, OrderState.EXPIRED, OrderState.REPLACED}
    pending = {OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE}
    assert after is (state if state in ended | pending else OrderState.PARTIALLY_FILLED)


@given(QUANTITIES, QUANTITIES)
def test_leaves_quantity_is_never_negative(quantity: Decimal, cumulative: Decimal) -> None:
    leaves = leaves_quantity(quantity, cumulative)
    assert leaves >= 0
    assert leaves == max(quantity - cumulative, Decimal(0))


@given(st.sampled_from(Side))
def test_sides_are_opposite(side: Side) -> None:
    assert side.opposite.opposite is side
    assert side.sign == -side.opposite.sign
