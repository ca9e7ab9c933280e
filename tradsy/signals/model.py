"""What reading one message gives: the same value for every interface and dialect."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from tradsy.domain.ids import SignalId, SourceId, TraceId, UserId
from tradsy.follows.model import TradeIntent

CERTAIN = Decimal(1)
"""Confidence of a structured order."""
NONE = Decimal(0)


class SourceKind(StrEnum):
    """What posts to a source."""

    TRADINGVIEW = "tradingview"
    API = "api"
    TEXT = "text"
    MANUAL = "manual"
    TICKET = "ticket"
    """Orders that the owner places by hand; made with the first of them, and never followed."""


class Visibility(StrEnum):
    """Who may follow a source: its owner alone, or everybody."""

    PRIVATE = "private"
    PUBLIC = "public"


class SourceState(StrEnum):
    """A paused source records its messages and acts on none."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


class SignalState(StrEnum):
    """What intake made of a message."""

    ACCEPTED = "accepted"
    UNREADABLE = "unreadable"
    """Kept, and answered with 422 and the reason."""
    IGNORED = "ignored"
    """Kept; asks for nothing: chatter, a test, a paused source."""


class Dialect(StrEnum):
    """Shape of a message."""

    NATIVE = "native"
    TRADERSPOST = "traderspost"
    TEXT = "text"
    """The raw bytes are the message's text, valid UTF-8 without NUL."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What surrounds an order: identity, time and secret of the message."""

    sender_id: str | None = None
    """The sender's own id: never taken twice."""
    signal_at: datetime | None = None
    """Time that the message bears, aware UTC."""
    secret: str | None = field(default=None, repr=False)
    test: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One message as it was understood."""

    dialect: Dialect
    state: SignalState
    raw: bytes
    """What is kept of the body: everything but a secret."""
    envelope: Envelope = Envelope()
    intent: TradeIntent | None = None
    confidence: Decimal = NONE
    reasons: tuple[str, ...] = ()
    hold_reason: str = ""
    """Why a person has to look at it whatever the confidence."""
    spans: tuple[tuple[str, int, int], ...] = ()
    """(field, start, end) in the text, for marking."""
    field: str = ""
    """Declared name of the field that made the message unreadable."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source as intake needs it."""

    id: SourceId
    user_id: UserId
    name: str
    kind: SourceKind
    state: SourceState
    body_secret_hash: bytes | None = field(repr=False)
    is_demo: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one message."""

    signal_id: SignalId
    trace_id: TraceId
    duplicate: bool
    state: SignalState
    reasons: tuple[str, ...]
    field: str = ""
    plans: int = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as it arrived."""

    body: bytes
    content_type: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class KnownSignal:
    """The first signal under a key that came again."""

    signal_id: UUID
    trace_id: UUID
    state: SignalState
    reasons: tuple[str, ...]
    raw_hash: bytes
