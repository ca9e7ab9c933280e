"""What goes wrong after the venue has acted: broken answers, orders hidden for a while, late fills, busts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from tradsy.domain.money import ONE
from tradsy.simulation.model import Event, NewOrder, SimOrder

if TYPE_CHECKING:
    from tradsy.sandbox.sim.venue import SimVenue


class Fallout:
    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue

    # orders -----------------------------------------------------------------------------------------------------

    def around_submit(self, new: NewOrder, request: int) -> SimOrder:
        """Take an order with the faults that belong to its life."""
        faults = self._venue.faults
        if not faults.rules:
            return self._venue.submit(new, request)
        if rule := faults.draw("partial_fills", "orders.submit", new.account_id):
            new = replace(new, max_fill=self._part(new, rule.number("n", 2)))
        rule = faults.draw("hide_accepted", "orders.submit", new.account_id)
        if rule:
            # The hiding must be known before the first event is streamed, which is after the next await.
            order = self._venue.submit(new, request)
            self._venue.hidden_until[order.order_id] = self._venue.clock.now() + timedelta(seconds=faults.jitter(rule))
        else:
            order = self._venue.submit(new, request)
        self._plan_regrets(order)
        return order

    def around_cancel(self, order: SimOrder, request: int) -> None:
        """Cancel an order; `fill_after_cancel` fills it all the same, later and for real."""
        left = order.leaves
        self._venue.cancel(order.order_id, request)
        rule = self._venue.faults.draw("fill_after_cancel", "orders.cancel", order.account_id)
        if rule:
            quantity = min(Decimal(str(rule.args["quantity"])), left) if "quantity" in rule.args else left
            price = self._venue.engine.price_of(order.terms.symbol)
            self._later(
                rule.seconds(0.5), lambda: self._venue.engine.late_fill(order.order_id, quantity, price, self._now())
            )

    def _part(self, new: NewOrder, parts: int) -> Decimal:
        instrument = self._venue.find_instrument(new.terms.symbol)
        lot = instrument.lot_size if instrument else ONE
        return max((new.terms.quantity / parts // lot) * lot, lot)

    def _plan_regrets(self, order: SimOrder) -> None:
        """Plan the bust or correction of the order's first fill."""
        if not order.cumulative:
            return
        made = self._venue.executions_of[order.account_id][-1]
        if rule := self._venue.faults.draw("bust", "orders.submit", order.account_id):
            self._later(rule.seconds(0.5), lambda: self._venue.engine.bust(made.execution_id, self._now()))
        elif rule := self._venue.faults.draw("correction", "orders.submit", order.account_id):
            tick = self._venue.engine.instrument(made.symbol).tick_size
            price = made.price + tick * rule.number("ticks", 1)
            self._later(rule.seconds(0.5), lambda: self._venue.engine.correct(made.execution_id, price, self._now()))

    def _later(self, seconds: float, call: Callable[[], list[Event]]) -> None:
        engine = self._venue.engine
        self._venue.pending_faults += 1

        def strike() -> None:
            self._venue.pending_faults -= 1
            if self._venue.engine is engine:  # the venue was not reset meanwhile
                self._venue.record(call())

        asyncio.get_running_loop().call_later(seconds, strike)

    def _now(self) -> datetime:
        return self._venue.clock.now()

    # answers ----------------------------------------------------------------------------------------------------

    async def after(
        self, request: web.BaseRequest, response: web.Response, endpoint: str, account: str | None
    ) -> web.StreamResponse:
        """Return the answer, or what a fault makes of it."""
        draw, jitter = self._venue.faults.draw, self._venue.faults.jitter
        if rule := draw("delay_after", endpoint, account):
            await asyncio.sleep(jitter(rule))
        if draw("drop_response", endpoint, account):
            return self.vanish(request)
        if draw("half_response", endpoint, account):
            return await self._half(request, response, reset=False)
        if draw("reset_mid_body", endpoint, account):
            return await self._half(request, response, reset=True)
        if draw("invalid_json", endpoint, account):
            return web.Response(body=b'{"order": {"order_id": ', content_type="application/json")
        if rule := draw("error_after_accept", endpoint, account):
            return self.error(rule.number("status", 400))
        return response

    def vanish(self, request: web.BaseRequest) -> web.Response:
        """Close the connection without an answer."""
        if request.transport:
            request.transport.abort()
        return web.Response(status=500)

    def error(self, status: int) -> web.Response:
        """Return a bare error of a gateway: it names none of the venue's codes."""
        body = orjson.dumps({"message": "upstream error"})
        return web.Response(body=body, status=status, content_type="application/json")

    async def _half(self, request: web.BaseRequest, response: web.Response, *, reset: bool) -> web.StreamResponse:
        body = response.body if isinstance(response.body, bytes) else b"{}"
        half = web.StreamResponse(status=response.status, headers={"Content-Length": str(len(body))})
        half.content_type = "application/json"
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
        transport = request.transport
        if transport:
            transport.abort() if reset else transport.close()
        return half
