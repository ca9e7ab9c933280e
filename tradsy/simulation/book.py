"""The engine's store of orders and its indices."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from tradsy.simulation.model import Event, EventKind, Execution, SimOrder


class OrderBook:
    """All orders of a venue, the open ones by symbol and account, in order of entry."""

    def __init__(self) -> None:
        self.orders: dict[str, SimOrder] = {}
        self.executions: dict[str, Execution] = {}
        self._by_symbol: dict[str, dict[str, SimOrder]] = defaultdict(dict)
        self._open_by_account: dict[str, dict[str, SimOrder]] = defaultdict(dict)
        self._groups: dict[tuple[str, str], list[SimOrder]] = defaultdict(list)
        self._children: dict[str, list[SimOrder]] = defaultdict(list)
        self._ends: list[tuple[datetime, str]] = []

    def add(self, order: SimOrder, ends_at: datetime | None) -> None:
        """Store an order and index it while it is open."""
        self.orders[order.order_id] = order
        if order.parent_id:
            self._children[order.parent_id].append(order)
        if not order.is_open:
            return
        self._by_symbol[order.terms.symbol][order.order_id] = order
        self._open_by_account[order.account_id][order.order_id] = order
        if order.oco_group:
            self._groups[order.account_id, order.oco_group].append(order)
        if ends_at:
            heapq.heappush(self._ends, (ends_at, order.order_id))

    def close(self, order: SimOrder) -> None:
        """Take a finished order out of the indices of open ones."""
        self._by_symbol[order.terms.symbol].pop(order.order_id, None)
        self._open_by_account[order.account_id].pop(order.order_id, None)
        if order.oco_group:
            group = self._groups[order.account_id, order.oco_group]
            if order in group:
                group.remove(order)

    def resting(self, symbol: str) -> list[SimOrder]:
        """Return the open orders in `symbol`, oldest first."""
        return list(self._by_symbol.get(symbol, {}).values())

    def has_resting(self, symbol: str) -> bool:
        """Whether any order in `symbol` is open."""
        return bool(self._by_symbol.get(symbol))

    def open_of(self, account_id: str) -> list[SimOrder]:
        """Return the open orders of an account, oldest first."""
        return list(self._open_by_account.get(account_id, {}).values())

    def linked(self, order: SimOrder) -> list[SimOrder]:
        """Return the other open orders of the order's group."""
        if not order.oco_group:
            return []
        return [o for o in self._groups[order.account_id, order.oco_group] if o is not order]

    def children(self, order_id: str) -> list[SimOrder]:
        """Return the exits of a bracket's entry."""
        return self._children.get(order_id, [])

    def due(self, at: datetime) -> Iterator[SimOrder]:
        """Take out and yield the open orders whose time ended at or before `at`."""
        while self._ends and self._ends[0][0] <= at:
            order = self.orders[heapq.heappop(self._ends)[1]]
            if order.is_open:
                yield order


def event(kind: EventKind, order: SimOrder, at: datetime, execution: Execution | None = None) -> Event:
    """Return an event that holds the order's present status and filled quantity."""
    return Event(kind, at, order, order.status, order.cumulative, execution)
