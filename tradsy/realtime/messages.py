"""What goes over the wire: one envelope, told apart by `type`.

`seq` counts the frames of one connection without a gap. `cursor` is the place in the event stream up to which the
client is informed once it has read the frame: it resumes from there.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from tradsy.platform.web import StrictModel

HEARTBEAT_SECONDS = 2.5
FRAME_SECONDS = 0.1
"""Prices and profits: at most ten frames a second, each with everything that changed."""


class CloseCode(IntEnum):
    """Why the server ends a websocket."""

    GOING_AWAY = 1001
    """The process stops: reconnect elsewhere, with the cursor."""
    VIOLATION = 1008
    """The client sent something wrong, or too much."""
    TOO_BIG = 1009
    TRY_AGAIN = 1013
    """The client did not read fast enough, or a dependency failed: reconnect with the cursor."""
    SESSION_ENDED = 4401
    """Signed out, revoked or expired: sign in again."""
    TOO_MANY = 4429
    """More streams than one user may have open."""


class _Envelope(StrictModel):
    seq: int = Field(description="Number of the frame on this connection, from 1, without a gap.")
    cursor: int = Field(description="Place in the event stream that this frame brings the client to.")
    at: datetime = Field(description="When it happened, UTC.")


class HelloData(StrictModel):
    """What a client needs to know first."""

    resumed: bool = Field(description="Whether the events after the given cursor follow; else a snapshot does.")
    heartbeat_seconds: float = Field(description="Without any frame for three times as long, the link is dead.")
    session_id: str = Field(description="The sign-in that the stream belongs to.")


class Hello(_Envelope):
    """First frame of a connection."""

    type: Literal["hello"]
    data: HelloData


class Snapshot(_Envelope):
    """Everything as it stands at `cursor` or later; events that follow may be part of it already."""

    type: Literal["snapshot"]
    data: dict[str, Any] = Field(description="By topic: accounts, positions, balances, orders, plans, kills, ...")


class EventData(StrictModel):
    """A committed fact."""

    id: str = Field(description="The same however often it is delivered.")
    name: str = Field(description="Past tense, module first: `orders.updated`.")
    payload: dict[str, Any] = Field(description="Of the form that belongs to `name`; decimals as text.")


class EventMessage(_Envelope):
    """Something happened."""

    type: Literal["event"]
    data: EventData


class GapData(StrictModel):
    """Which events cannot be delivered any more."""

    after: int = Field(description="Cursor after which events may be missing.")


class Gap(_Envelope):
    """Events were lost: forget what is known, a snapshot follows."""

    type: Literal["gap"]
    data: GapData


class LiveQuote(StrictModel):
    """A price that moved."""

    symbol: str = Field(description="Canonical symbol.")
    bid: str = Field(description="Best bid.")
    ask: str = Field(description="Best ask.")
    last: str = Field(description="Last price.")
    at: datetime = Field(description="When the market made it.")
    halted: bool = Field(description="Whether trading is halted.")


class LiveData(StrictModel):
    """What moved since the last such frame; only the newest of each."""

    quotes: list[LiveQuote] = Field(description="Watched symbols.")
    accounts: list[dict[str, Any]] = Field(description="Profit and loss per account.")


class Live(_Envelope):
    """Prices and profits, throttled."""

    type: Literal["live"]
    data: LiveData


class HeartbeatData(StrictModel):
    """Nothing but a sign of life."""


class Heartbeat(_Envelope):
    """The link lives."""

    type: Literal["heartbeat"]
    data: HeartbeatData


ServerMessage = Annotated[
    Hello | Snapshot | EventMessage | Gap | Live | Heartbeat,
    Field(discriminator="type", description="From the server."),
]


class Watch(StrictModel):
    """Send prices of these symbols from now on, and of no others."""

    type: Literal["watch"]
    symbols: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=200)]


class Renew(StrictModel):
    """Go on under another sign-in of the same user, without a drop."""

    type: Literal["renew"]
    ticket: Annotated[str, Field(max_length=200)]


class Ping(StrictModel):
    """Ask for a heartbeat now."""

    type: Literal["ping"]


ClientMessage = Annotated[Watch | Renew | Ping, Field(discriminator="type", description="From the client.")]

server_messages: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
client_messages: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
