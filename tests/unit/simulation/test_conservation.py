"""A random life of the engine: cash, positions and quantities add up after every step, and it can be repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.simulation.sim_cases import FEES, START, build_engine, order, terms, tick
from tradsy.domain.orders import Side
from tradsy.simulation.ledger import MARGINED
from tradsy.simulation.matching import MatchingEngine
from tradsy.simulation.model import Event, Execution, Refused, SimOrder, Status

SYMBOLS = st.sampled_from(["ACME", "ESZ26", "BTC/USD"])
SIDES = st.sampled_from(["buy", "sell"])
SIZES = st.integers(1, 60).map(str)
PRICES = st.integers(320, 480).map(lambda quarters: str(Decimal(quarters) / 4))
KINDS = st.sampled_from(["market", "limit", "stop", "stop_limit", "trailing_stop"])
TIFS = st.sampled_from(["gtc", "day", "ioc", "fok", "cls"])


def _fields(kind: str, price: str) -> dict[str, Any]:
    if kind == "limit":
        return {"limit_price": price}
    if kind == "stop":
        return {"stop_price": price}
    if kind == "stop_limit":
        return {"stop_price": price, "limit_price": price}
    return {"trail_amount": "2"} if kind == "trailing_stop" else {}


class EngineLife(RuleBasedStateMachine):
    """Two engines live the same life; one is checked, the other must agree."""

    @initialize()
    def build(self) -> None:
        self.engines = [build_engine(fees=FEES), build_engine(fees=FEES)]
        self.engine = self.engines[0]
        self.now = START
        self.made: dict[str, Execution] = {}

    def _both(self, call: Callable[[MatchingEngine], list[Event]]) -> None:
        outcomes: list[Any] = []
        for engine in self.engines:
            try:
                events = call(engine)
            except Refused as refused:
                outcomes.append(refused.reason)
                continue
            outcomes.append([(e.kind, e.order.order_id, e.status, e.cumulative, e.execution) for e in events])
            if engine is self.engine:
                self._keep(events)
        assert outcomes[0] == outcomes[1]

    def _keep(self, events: list[Event]) -> None:
        for event in events:
            self.made.pop(event.corrects or "", None)
            if event.execution and event.kind != "bust":
                self.made[event.execution.execution_id] = event.execution

    @rule(
        side=SIDES,
        quantity=SIZES,
        kind=KINDS,
        symbol=SYMBOLS,
        price=PRICES,
        tif=TIFS,
        reduce=st.booleans(),
        group=st.sampled_from([None, "g", "h"]),
    )
    def submit(
        self, side: str, quantity: str, kind: str, symbol: str, price: str, tif: str, reduce: bool, group: str | None
    ) -> None:
        new = order(
            side, quantity, kind, symbol=symbol, tif=tif, reduce_only=reduce, oco_group=group, **_fields(kind, price)
        )
        self._both(lambda engine: engine.submit(new, self.now))

    @rule(
        quantity=SIZES,
        symbol=SYMBOLS,
        low=st.integers(80, 99),
        high=st.integers(101, 120),
        part=st.sampled_from(["1", "7", "100"]),
    )
    def bracket(self, quantity: str, symbol: str, low: int, high: int, part: str) -> None:
        new = order("buy", quantity, symbol=symbol, take_profit=str(high), stop_loss=str(low), max_fill=part)
        self._both(lambda engine: engine.submit(new, self.now))

    @rule(symbol=SYMBOLS, last=PRICES, liquidity=st.sampled_from([None, "1", "5", "50"]), halted=st.booleans())
    def market_moves(self, symbol: str, last: str, liquidity: str | None, halted: bool) -> None:
        self.now += timedelta(seconds=1)
        shown = tick(last, at=self.now, spread="0.5", liquidity=liquidity, halted=halted)
        self._both(lambda engine: engine.on_tick(symbol, shown))

    @rule(hours=st.integers(1, 20))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._both(lambda engine: engine.on_time(self.now))

    @rule(pick=st.integers(0, 10**6))
    def cancel(self, pick: int) -> None:
        if ids := list(self.engine.book.orders):
            self._both(lambda engine: engine.cancel(ids[pick % len(ids)], self.now))

    @rule(pick=st.integers(0, 10**6), price=PRICES, quantity=SIZES)
    def replace(self, pick: int, price: str, quantity: str) -> None:
        if ids := list(self.engine.book.orders):
            old = self.engine.book.orders[ids[pick % len(ids)]]
            new = terms(old.terms.side.value, quantity, "limit", symbol=old.terms.symbol, limit_price=price)
            self._both(lambda engine: engine.replace(old.order_id, new, None, self.now))

    @rule(pick=st.integers(0, 10**6), price=PRICES, bust=st.booleans())
    def regret(self, pick: int, price: str, bust: bool) -> None:
        if self.made:
            chosen = list(self.made)[pick % len(self.made)]
            if bust:
                self._both(lambda engine: engine.bust(chosen, self.now))
            else:
                self._both(lambda engine: engine.correct(chosen, Decimal(price), self.now))

    @invariant()
    def cash_is_conserved_to_the_cent(self) -> None:
        account = self.engine.accounts["A"]
        profit = Decimal(0)
        for symbol, held in account.positions.items():
            if self.engine.instrument(symbol).asset_class in MARGINED:
                profit += held.realized_pnl
        flows = sum(
            (
                -e.quantity * Side(e.side).sign * e.price
                for e in self.made.values()
                if self.engine.instrument(e.symbol).asset_class not in MARGINED
            ),
            Decimal(0),
        )
        fees = sum((e.fee for e in self.made.values()), Decimal(0))
        # Each booking of a future's profit is rounded to the cent on its own.
        slack = Decimal("0.01") * (len(self.engine.book.orders) + 2 * len(self.made) + 10)
        assert abs(account.cash - (account.opening_cash + flows + profit - fees)) <= slack
        assert account.cash == account.cash.quantize(Decimal("0.01"))

    @invariant()
    def positions_are_the_sum_of_executions(self) -> None:
        sums: dict[str, Decimal] = {}
        for e in self.made.values():
            sums[e.symbol] = sums.get(e.symbol, Decimal(0)) + e.quantity * Side(e.side).sign
        for symbol, held in self.engine.accounts["A"].positions.items():
            assert held.quantity == sums.get(symbol, Decimal(0))

    @invariant()
    def filled_is_at_most_ordered(self) -> None:
        for o in self.engine.book.orders.values():
            assert 0 <= o.cumulative <= o.terms.quantity
            assert o.cumulative == sum((e.quantity for e in self.made.values() if e.order_id == o.order_id), Decimal(0))
            assert o.leaves >= 0
            assert o.reduced >= 0

    @invariant()
    def both_exits_never_fill_in_full(self) -> None:
        exits: dict[str, list[SimOrder]] = {}
        for o in self.engine.book.orders.values():
            if o.parent_id:
                exits.setdefault(o.parent_id, []).append(o)
        for parent_id, legs in exits.items():
            entered = self.engine.book.orders[parent_id].terms.quantity
            assert sum((leg.cumulative for leg in legs if not leg.replaces), Decimal(0)) <= entered
            assert sum(leg.status is Status.FILLED for leg in legs if not leg.replaces) <= 1

    @invariant()
    def reserves_are_those_of_open_orders(self) -> None:
        account = self.engine.accounts["A"]
        assert account.reserved == sum((o.reserved for o in self.engine.book.orders.values()), Decimal(0))
        assert all(o.is_open or o.reserved == 0 for o in self.engine.book.orders.values())


EngineLife.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestEngineLife = EngineLife.TestCase
