"""The venue's read routes, and the faults that make reads stale."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tradsy.domain.money import format_decimal
from tradsy.sandbox.clock import format_time, parse_time
from tradsy.sandbox.sim import wire
from tradsy.sandbox.sim.errors import VenueError
from tradsy.simulation.ledger import SimAccount
from tradsy.simulation.model import OPEN, Execution, SimOrder

if TYPE_CHECKING:
    from tradsy.sandbox.sim.rest import Call
    from tradsy.sandbox.sim.venue import SimVenue

PAGE = 100
STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
_OPEN_WORDS = frozenset(s.value for s in OPEN)


class Reads:
    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue

    async def clock(self, call: Call) -> dict[str, Any]:
        return {"at": format_time(self._venue.clock.shown())}

    async def instruments(self, call: Call) -> dict[str, Any]:
        asked = call.request.query.get("symbols")
        symbols = asked.split(",") if asked else self._venue.market.symbols
        found = [i for s in symbols if (i := self._venue.find_instrument(s))]
        return {"instruments": [wire.write_instrument(i) for i in found]}

    async def quotes(self, call: Call) -> dict[str, Any]:
        quotes = [self._venue.market.quote(s) for s in call.query("symbols").split(",")]
        if any(q is None for q in quotes):
            raise VenueError("unknown_symbol")
        return {"quotes": [wire.write_quote(q) for q in quotes if q]}

    async def bars(self, call: Call) -> dict[str, Any]:
        symbol, step = call.query("symbol"), STEPS.get(call.query("step"))
        if self._venue.market.quote(symbol) is None:
            raise VenueError("unknown_symbol")
        if step is None:
            raise VenueError("bad_request", f"step is one of {', '.join(STEPS)}")
        start, end = parse_time(call.query("start")), parse_time(call.query("end"))
        bars = self._venue.market.bars(symbol, start, end, timedelta(seconds=step))
        return {"bars": [wire.write_bar(b) for b in bars]}

    async def accounts(self, call: Call) -> dict[str, Any]:
        return {"accounts": [self._account(self._venue.engine.accounts[a]) for a in call.login.accounts]}

    async def account(self, call: Call) -> dict[str, Any]:
        return {"account": self._account(self._own(call))}

    async def positions(self, call: Call) -> dict[str, Any]:
        account = self._own(call)
        rule = self._venue.faults.draw("stale_positions", call.endpoint, account.account_id)
        if rule:
            as_of = self._venue.clock.now() - timedelta(seconds=rule.seconds(10.0))
            return {"positions": self._positions_at(account.account_id, as_of)}
        held = [(s, p.quantity, p.average_price) for s, p in account.positions.items() if p.quantity]
        return {"positions": [_position(*row) for row in held]}

    async def get_order(self, call: Call) -> dict[str, Any]:
        order = self.own_order(call, call.request.path.rsplit("/", 1)[1])
        return {"order": self._seen(call, order)}

    async def find_order(self, call: Call) -> dict[str, Any]:
        account = self._own(call)
        known = self._venue.by_client_id.get((account.account_id, call.query("client_order_id")), [])
        for order in reversed(known):
            if seen := self._seen(call, order, missing=True):
                return {"order": seen}
        raise VenueError("order_not_found")

    async def orders(self, call: Call) -> dict[str, Any]:
        """List orders, oldest first: `status` open, closed or all; `since` is a time of entry; `cursor` an order id."""
        account = self._own(call)
        status, limit = call.query("status", "all"), min(int(call.query("limit", str(PAGE))), 500)
        since, cursor = call.request.query.get("since"), call.request.query.get("cursor")
        wanted = self._venue.orders_of.get(account.account_id, [])
        if status == "open":
            wanted = self._may_be_open(account.account_id, wanted)
        since_at = parse_time(since) if since else None
        matching = [
            o for o in wanted if (not cursor or o.order_id > cursor) and (not since_at or o.entered_at >= since_at)
        ]
        if cursor and self._venue.faults.draw("page_skip", call.endpoint, account.account_id):
            matching = matching[1:]
        return self._page(call, matching, status, limit)

    def _may_be_open(self, account_id: str, orders: list[SimOrder]) -> list[SimOrder]:
        stale = any(r.knob == "stale_list" for r in self._venue.faults.rules)
        return orders if stale else self._venue.engine.book.open_of(account_id)

    def _page(self, call: Call, orders: Iterable[SimOrder], status: str, limit: int) -> dict[str, Any]:
        page: list[wire.Json] = []
        more, cursor = False, None
        rule = self._venue.faults.draw("stale_list", call.endpoint, call.account)
        as_of = self._venue.clock.now() - timedelta(seconds=rule.seconds(5.0)) if rule else None
        for order in orders:
            seen = self._as_of(order, as_of)
            if seen is None or (status != "all" and (seen["status"] in _OPEN_WORDS) != (status == "open")):
                continue
            if len(page) == limit:
                more = True
                break
            page.append(seen)
            cursor = order.order_id
        return {"orders": page, "next_cursor": cursor if more else None}

    async def executions(self, call: Call) -> dict[str, Any]:
        account = self._own(call)
        limit, cursor = min(int(call.query("limit", str(PAGE))), 500), call.request.query.get("cursor")
        since = call.request.query.get("since")
        since_at = parse_time(since) if since else None
        made = [
            e
            for e in self._venue.executions_of.get(account.account_id, [])
            if (not cursor or e.execution_id > cursor)
            and (not since_at or e.at >= since_at)
            and not self._is_hidden(e.order_id)
        ]
        if cursor and self._venue.faults.draw("page_skip", call.endpoint, account.account_id):
            made = made[1:]
        page = made[:limit]
        return {
            "executions": [wire.write_execution(e) for e in page],
            "next_cursor": page[-1].execution_id if len(made) > limit else None,
        }

    def own_order(self, call: Call, order_id: str) -> SimOrder:
        """Return an order of one of the login's accounts.

        Raises:
            VenueError: there is none, or it is not shown yet.
        """
        order = self._venue.engine.book.orders.get(order_id)
        if order is None or order.account_id not in call.login.accounts or self._is_hidden(order_id):
            raise VenueError("order_not_found")
        return order

    # inside -----------------------------------------------------------------------------------------------------

    def _own(self, call: Call) -> SimAccount:
        account = call.query("account")
        if account not in call.login.accounts:
            raise VenueError("account_not_found")
        return self._venue.engine.accounts[account]

    def _account(self, account: SimAccount) -> dict[str, Any]:
        engine = self._venue.engine
        return {
            "account": account.account_id,
            "currency": account.currency,
            "cash": format_decimal(account.cash),
            "equity": format_decimal(engine.equity(account)),
            "buying_power": format_decimal(engine.buying_power(account)),
            "blocked": account.blocked,
            "idempotency": self._venue.classes[account.account_id].value,
        }

    def _is_hidden(self, order_id: str) -> bool:
        until = self._venue.hidden_until.get(order_id)
        return until is not None and until > self._venue.clock.now()

    def _seen(self, call: Call, order: SimOrder, *, missing: bool = False) -> wire.Json | None:
        """Return an order as look-ups show it: hidden or stale where a fault says so."""
        rule = self._venue.faults.draw("stale_list", call.endpoint, order.account_id)
        as_of = self._venue.clock.now() - timedelta(seconds=rule.seconds(5.0)) if rule else None
        seen = self._as_of(order, as_of)
        if seen is None and not missing:
            raise VenueError("order_not_found")
        return seen

    def _as_of(self, order: SimOrder, as_of: datetime | None) -> wire.Json | None:
        if self._is_hidden(order.order_id):
            return None
        if as_of is None or order.updated_at <= as_of:
            return wire.write_order(order)
        if order.entered_at > as_of:
            return None
        made = [
            e for e in self._venue.executions_of[order.account_id] if e.order_id == order.order_id and e.at <= as_of
        ]
        filled = sum((e.quantity for e in made), order.cumulative * 0)
        before = wire.write_order(order, cumulative=filled)
        return before | {"status": "partially_filled" if filled else "new", "reason": ""}

    def _positions_at(self, account_id: str, as_of: datetime) -> list[dict[str, str]]:
        latest: dict[str, Execution] = {}
        for made in self._venue.executions_of[account_id]:
            if made.at <= as_of:
                latest[made.symbol] = made
        return [_position(e.symbol, e.position, e.average_price) for e in latest.values() if e.position]


def _position(symbol: str, quantity: Any, average_price: Any) -> dict[str, str]:
    return {"symbol": symbol, "quantity": format_decimal(quantity), "average_price": format_decimal(average_price)}
