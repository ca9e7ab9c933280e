"""What the owner remembers of an account, and what risk is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.unit.execution.samples import ACCOUNT, BTC, CAPABILITIES, NOW, QUOTE, SOURCE, D, account, order, terms
from tradsy.domain.ids import OrderId, UserId, VenueOrderId
from tradsy.domain.market import Quote
from tradsy.domain.orders import OrderRole, OrderState, OrderType, Side
from tradsy.domain.positions import Position
from tradsy.execution.facts import FactsBuilder, Judgment, Subject, kills_that_apply, parse_confirmation
from tradsy.execution.state import AccountState, SourceCounters
from tradsy.risk.limits import EffectiveLimits
from tradsy.risk.model import AccountFacts, EngineFacts, KillScope, Origin, RiskInput, RiskMode

SECOND = timedelta(seconds=1)
BALANCE = AccountFacts(D(1000), D(1000), D(2000), NOW, D(1100), D(1200))
DAY = "2026-11-20"


def quotes(symbol: str) -> Quote | None:
    return QUOTE if symbol == "BTC/USD" else None


def held(state: AccountState, symbol: str, quantity: int, price: int) -> None:
    state.put_position(symbol, Position(quantity=D(quantity), average_price=D(price)), D(1))


def counted(state: AccountState, sources: SourceCounters, now: Any = NOW) -> Any:
    return state.counters(now, DAY, symbol="BTC/USD", side=Side.BUY, source=SOURCE, sources=sources)


def test_counters_forget_what_is_too_old() -> None:
    state, sources = account(), SourceCounters()
    for n, age in enumerate((5, 30, 59, 61)):
        at = NOW - age * SECOND
        made = order(id=OrderId(UUID(int=100 + n)), created_at=at)
        state.messages.appendleft(at)
        state.orders[made.id] = made
        sources.note_message(SOURCE, ACCOUNT, at)
    state.note_fill(order(), NOW - 2 * timedelta(hours=1))
    state.note_fill(order(), NOW - timedelta(minutes=1))
    state.note_fill(order(role=OrderRole.STOP), NOW)
    state.note_fill(order(source_id=None), NOW)
    state.rejects.extend([NOW - timedelta(minutes=6), NOW - timedelta(minutes=4)])
    sources.note_reject(SOURCE, ACCOUNT, NOW - 61 * SECOND)
    sources.note_reject(SOURCE, ACCOUNT, NOW - SECOND)
    counts = counted(state, sources)
    assert (counts.account_messages_10s, counts.account_messages_60s) == (1, 3)
    assert (counts.repeat_fills_5min, counts.repeat_fills_today) == (1, 2)
    assert (counts.account_rejects_5min, counts.source_rejects_60s) == (1, 1)
    assert counts.broker_messages_60s == 0


def test_orders_are_counted_by_trading_day_and_by_source() -> None:
    state, sources = account(), SourceCounters()
    state.note_order(order(), "2026-11-19")
    state.note_order(order(id=OrderId(UUID(int=9)), parent_order_id=order().id), DAY)
    assert counted(state, sources).orders_today == 1
    assert [recent.link for recent in state.recent] == [None, str(order().id)]
    bare = state.counters(NOW, "2026-11-21", symbol="X", side=Side.BUY, source=None, sources=sources)
    assert (bare.orders_today, bare.source_messages_60s, bare.source_rejects_60s) == (0, 0, 0)
    assert (bare.repeat_fills_5min, bare.repeat_fills_today) == (0, 0)


def test_equal_orders_are_remembered_as_long_as_a_limit_may_ask() -> None:
    state = account()
    for n, age in enumerate((100_000, 50, 8)):
        state.note_order(order(id=OrderId(UUID(int=n)), created_at=NOW - age * SECOND), DAY)
    assert [recent.at for recent in state.recent_orders(NOW, 10 * SECOND)] == [NOW - 8 * SECOND]
    assert len(state.recent_orders(NOW, 60 * SECOND)) == 2
    # After a day nobody asks any more.
    assert len(state.recent) == 2


def test_finished_order_is_forgotten_but_its_venue_id_is_not() -> None:
    state = account()
    state.put(order(venue_order_id=VenueOrderId("v1")))
    assert list(state.orders) == [order().id]
    done = order(state=OrderState.FILLED, venue_order_id=VenueOrderId("v1"))
    state.put(done)
    state.put(done)
    assert (state.orders, list(state.finished_venue_ids)) == ({}, ["v1"])


def test_only_orders_without_an_outcome_block_their_symbol() -> None:
    state = account()
    state.put(order())
    assert not state.has_unknown("BTC/USD")
    for name in (OrderState.UNKNOWN, OrderState.QUARANTINED):
        state.put(order(state=name))
        assert state.has_unknown("BTC/USD")
        assert not state.has_unknown("ETH/USD")


def test_positions_are_valued_at_market_or_at_cost() -> None:
    state = account()
    held(state, "BTC/USD", -2, 90)
    held(state, "NOQUOTE", 3, 10)
    held(state, "FLAT", 0, 0)
    facts = state.positions_facts(quotes)
    assert facts is not None
    assert (facts.count, facts.gross_notional, facts.by_symbol) == (2, 230, {"BTC/USD": 200, "NOQUOTE": 30})


def test_open_orders_are_valued_at_their_price_the_market_or_not_at_all() -> None:
    state = account()
    for n, changes in enumerate(
        (
            {"cumulative_quantity": D(4)},
            {"limit_price": None, "stop_price": D(95), "order_type": OrderType.STOP, "state": OrderState.NEW},
            {"limit_price": None, "order_type": OrderType.MARKET},
            {"limit_price": None, "order_type": OrderType.MARKET, "symbol": "NOQUOTE"},
        )
    ):
        state.put(order(id=OrderId(UUID(int=n)), **changes))
    facts = list(state.open_order_facts(quotes))
    assert [fact.notional for fact in facts] == [600, 950, 1001, None]
    assert [fact.unproved for fact in facts] == [True, False, True, True]


def test_fill_lowers_the_buying_power_until_the_broker_is_asked() -> None:
    state = account()
    state.spend(terms(), D(1), D(100), D(1))
    assert state.balance is None
    state.balance = BALANCE
    state.spend(terms(reduce_only=True), D(1), D(100), D(1))
    assert state.balance == BALANCE
    state.spend(terms(), D(2), D(100), D(1))
    assert (state.balance.cash, state.balance.buying_power) == (800, 1800)
    state.spend(terms(side=Side.SELL), D(1), D(100), D(2))
    assert (state.balance.cash, state.balance.buying_power) == (800, 1600)


JUDGMENT = Judgment(EffectiveLimits(), RiskMode.NORMAL, RiskMode.HALTED, RiskMode.DISABLED, frozenset())


def build(states: list[AccountState], **changes: Any) -> RiskInput:
    values: dict[str, Any] = {
        "terms": terms(),
        "role": OrderRole.ENTRY,
        "origin": Origin.AUTOMATIC,
        "instrument": BTC,
        "capabilities": CAPABILITIES,
        "parent_quantity": D(10),
        "source_id": SOURCE,
        **changes,
    }
    by_user: dict[UserId, list[AccountState]] = {states[0].user_id: states}
    return FactsBuilder(by_user, quotes, SourceCounters()).build(
        Subject(**values),
        states[0],
        JUDGMENT,
        now=NOW,
        day=DAY,
        started=1.0,
        engine=EngineFacts(holds_lease=True),
        database_offset=timedelta(0),
    )


def test_equity_of_the_user_is_the_sum_or_unknown() -> None:
    one, other = account(balance=BALANCE), account(balance=BALANCE)
    facts = build([one, other]).user_equity
    assert facts is not None
    assert (facts.equity, facts.day_start_equity, facts.peak_equity) == (2000, 2200, 2400)
    other.balance = None
    assert build([one, other]).user_equity is None


def test_orders_of_all_accounts_of_the_user_are_told() -> None:
    one, other = account(), account()
    other.put(order())
    assert [fact.symbol for fact in build([one, other]).open_orders or ()] == ["BTC/USD"]


def test_second_close_may_take_what_the_first_one_leaves() -> None:
    state = account()
    state.put(order(role=OrderRole.EXIT, side=Side.SELL, reduce_only=True, cumulative_quantity=D(3)))
    state.put(order(id=OrderId(UUID(int=99)), role=OrderRole.EXIT, side=Side.BUY))
    leave = build([state], role=OrderRole.EXIT, terms=terms(side=Side.SELL, reduce_only=True))
    assert leave.parent is not None
    assert leave.parent.children == 7
    entry = build([state])
    assert entry.parent is not None
    assert entry.parent.children == 0


def test_source_mode_concerns_only_orders_of_a_source() -> None:
    assert build([account()]).source_mode is RiskMode.DISABLED
    bare = build([account()], source_id=None)
    assert (bare.source_mode, bare.user_mode) == (None, RiskMode.HALTED)


def test_kills_that_apply() -> None:
    state = account()
    assert kills_that_apply(set(), state, SOURCE) == frozenset()
    every = {
        ("site", "site"),
        ("broker", "sim"),
        ("user", str(state.user_id)),
        ("account", str(ACCOUNT)),
        ("source", str(SOURCE)),
    }
    assert kills_that_apply(every, state, SOURCE) == {
        KillScope.SITE,
        KillScope.BROKER,
        KillScope.USER,
        KillScope.ACCOUNT,
        KillScope.SOURCE,
    }
    others = {("broker", "alpaca"), ("user", str(UUID(int=77))), ("source", str(UUID(int=77)))}
    assert kills_that_apply(others, state, None) == frozenset()


def test_confirmation_is_read_as_it_was_typed() -> None:
    assert parse_confirmation(None) is None
    typed = parse_confirmation({"symbol": "BTC/USD", "notional": "12.50", "reason": "why"})
    assert typed is not None
    assert (typed.symbol, typed.notional, typed.reason, typed.stepped_up) == ("BTC/USD", D("12.50"), "why", False)
