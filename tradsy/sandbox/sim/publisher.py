"""From the engine's events to the stream, and where the stream's faults strike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradsy.domain.money import format_decimal
from tradsy.sandbox.sim.stream import Channel
from tradsy.simulation.model import Event, EventKind

if TYPE_CHECKING:
    from tradsy.sandbox.sim.venue import SimVenue


class Publisher:
    """Sends events on once they are durable; each fault knob of the stream is decided per event."""

    def __init__(self, venue: SimVenue) -> None:
        self._venue = venue
        self._held: dict[str, list[Callable[[], None]]] = {}
        """Events of an order that wait for one that the fault wants first."""

    def when_durable(self, event: Event, message: dict[str, Any]) -> Callable[[], None]:
        """Return what to do once the event is on disk."""
        account = event.order.account_id
        channel = self._venue.logins[self._venue.engine.accounts[account].login].channel

        def publish() -> None:
            self._publish(channel, event, account, message)

        return publish

    def _publish(self, channel: Channel, event: Event, account: str, message: dict[str, Any]) -> None:
        hidden = self._venue.hidden_until.get(event.order.order_id)
        wait = (hidden - self._venue.clock.now()).total_seconds() if hidden else 0.0
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self._send, channel, event, account, message)
        else:
            self._send(channel, event, account, message)

    def _send(self, channel: Channel, event: Event, account: str, message: dict[str, Any]) -> None:
        if self._venue.faults.rules and self._disturb(channel, event, account, message):
            return
        channel.publish(message)
        self._release(event)

    def _disturb(self, channel: Channel, event: Event, account: str, message: dict[str, Any]) -> bool:
        """Apply the stream's faults; True when the message must not go out now."""
        draw = self._venue.faults.draw
        if draw("sequence_gap", "stream", account):
            channel.skip()
            return True
        if draw("stream_disconnect", "stream", account):
            channel.skip()
            channel.disconnect()
            return True
        if rule := draw("stream_stall", "stream", account):
            channel.stall(asyncio.get_running_loop().time() + rule.seconds(10.0))
        if rule := draw("stream_replay", "stream", account):
            channel.replay(rule.number("n", 5))
        if self._holds(channel, event, account, message):
            return True
        if event.kind is EventKind.FILL:
            self._disturb_fill(channel, account, message)
        return False

    def _holds(self, channel: Channel, event: Event, account: str, message: dict[str, Any]) -> bool:
        """Hold a NEW until its fill, or a fill until its cancel."""
        swaps = {EventKind.NEW: "fill_before_ack", EventKind.FILL: "cancel_before_fill"}
        knob = swaps.get(event.kind)
        if knob is None or not self._venue.faults.draw(knob, "stream", account):
            return False
        held = self._held.setdefault(event.order.order_id, [])
        held.append(lambda: channel.publish(message))
        asyncio.get_running_loop().call_later(2.0, self._release_all, event.order.order_id)
        return True

    def _disturb_fill(self, channel: Channel, account: str, message: dict[str, Any]) -> None:
        draw = self._venue.faults.draw
        if rule := draw("over_report", "stream", account):
            filled = message["order"]["filled_quantity"]
            extra = rule.number("quantity", 1)
            message["order"] |= {"filled_quantity": _add(filled, extra)}
        if draw("duplicate_fill", "stream", account):
            channel.publish(message)
        if draw("duplicate_fill_new_id", "stream", account):
            made = message["execution"]
            copy = made | {"execution_id": f"{made['execution_id']}D", "dup_of": made["execution_id"]}
            asyncio.get_running_loop().call_soon(channel.publish, message | {"execution": copy})

    def forget(self) -> None:
        """Drop what is held back."""
        self._held.clear()

    def _release(self, event: Event) -> None:
        """Send what waited for this event: a NEW after a fill, fills after the cancel."""
        if event.kind in {EventKind.FILL, EventKind.CANCELED, EventKind.EXPIRED}:
            self._release_all(event.order.order_id)

    def _release_all(self, order_id: str) -> None:
        for publish in self._held.pop(order_id, []):
            publish()


def _add(quantity: str, extra: int) -> str:
    return format_decimal(Decimal(quantity) + extra)
