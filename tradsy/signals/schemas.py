"""What the API says about sources and signals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from tradsy.follows.schemas import IntentRead, PlanRead
from tradsy.platform.db import Row
from tradsy.platform.web import StrictModel
from tradsy.signals.model import Dialect, SignalState, SourceKind, SourceState, Visibility

MadeKind = Literal[SourceKind.TRADINGVIEW, SourceKind.API, SourceKind.TEXT, SourceKind.MANUAL]
"""Kinds that people make; the one of order tickets is made with the first ticket."""
_OWN_COLUMNS = ("hook_token_hint", "has_body_secret", "old_hook_token_until")


class SourceCreate(StrictModel):
    """A new source."""

    name: str = Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$", description="Unique among your sources.")
    kind: MadeKind = Field(description="All but `manual` get a hook address.")
    description: str = Field(default="", max_length=500, description="For the people who see it.")
    visibility: Visibility = Field(default=Visibility.PRIVATE, description="Others may follow a public source.")
    with_body_secret: bool = Field(default=False, description="Messages must carry a secret, which is shown once.")


class SourceUpdate(StrictModel):
    """What to change; absent fields stay."""

    name: str | None = Field(
        default=None, min_length=1, max_length=80, pattern=r"^\S(.*\S)?$", description="Unique among your sources."
    )
    description: str | None = Field(default=None, max_length=500, description="For the people who see it.")
    visibility: Visibility | None = Field(default=None, description="Who may follow it.")
    state: SourceState | None = Field(
        default=None, description="A paused source records and does nothing; closed is for ever."
    )

    def to_changes(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.model_dump(exclude_none=True).items()}


class HookRotate(StrictModel):
    """How to rotate a hook address."""

    revoke_old: bool = Field(default=False, description="The old address dies at once instead of after 24 hours.")


class BodySecretChange(StrictModel):
    """Whether messages must carry a secret."""

    wanted: bool = Field(description="Whether each message must carry a secret.")


class SourceRead(StrictModel):
    """A source; what concerns its address is shown to its owner alone."""

    id: UUID = Field(description="The source.")
    name: str = Field(description="Name, shown in lists.")
    kind: SourceKind = Field(description="Where its messages come from.")
    description: str = Field(description="For the people who see it.")
    visibility: Visibility = Field(description="Who may follow it.")
    state: SourceState = Field(description="Whether it takes messages.")
    is_own: bool = Field(description="Whether the caller owns it.")
    is_demo: bool = Field(description="Made for the demonstration.")
    created_at: datetime = Field(description="UTC.")
    hook_token_hint: str | None = Field(default=None, description="Last characters of the hook address.")
    has_body_secret: bool | None = Field(
        default=None, description="Whether each message must carry a secret; null for others than its owner."
    )
    old_hook_token_until: datetime | None = Field(default=None, description="Until when a rotated address still works.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        hidden = {"user_id"} if row["is_own"] else {"user_id", *_OWN_COLUMNS}
        return cls.model_validate({name: value for name, value in row.items() if name not in hidden})


class SourceSecrets(StrictModel):
    """A source with what is shown this once."""

    source: SourceRead = Field(description="The source.")
    hook_url: str | None = Field(default=None, description="Post messages here; whoever knows it can raise signals.")
    body_secret: str | None = Field(default=None, description="Put it into each message as `secret`.")


class SignalReceipt(StrictModel):
    """The message is stored."""

    signal_id: UUID = Field(description="The signal.")
    trace_id: UUID = Field(description="Finds the whole story under /traces.")
    duplicate: bool = Field(description="The message came before; the ids are the first one's.")


class SpanRead(StrictModel):
    """Where in the text a field was read."""

    field: str = Field(description="Field that was read.")
    start: int = Field(description="First character, counted from 0.")
    end: int = Field(description="One past the last character.")


class SignalRead(StrictModel):
    """A message as it was understood."""

    id: UUID = Field(description="The signal.")
    trace_id: UUID = Field(description="Timeline it belongs to.")
    source_id: UUID = Field(description="Source it comes from.")
    source_name: str | None = Field(description="Name of the source, where the caller may see it.")
    dialect: Dialect = Field(description="Form in which it was written.")
    state: SignalState = Field(description="What became of the signal.")
    received_at: datetime = Field(description="When Tradsy took it, UTC.")
    signal_at: datetime | None = Field(description="Time that the message bears.")
    expires_at: datetime | None = Field(description="When it is too old to act on without a person.")
    intent: IntentRead | None = Field(description="What was read from it; null when nothing was.")
    confidence: Decimal = Field(description="0 to 1.")
    reasons: list[str] = Field(description="Codes of what the reader doubted, or why it refused.")
    plans: int = Field(description="Accounts that it reached, of all followers.")
    is_own: bool = Field(description="Whether the caller owns it.")
    is_demo: bool = Field(description="Made for the demonstration.")

    @classmethod
    def from_row(cls, row: Row) -> Self:
        return cls.model_validate({name: value for name, value in row.items() if name not in _DETAIL_COLUMNS})


_DETAIL_COLUMNS = frozenset({"raw", "content_type", "spans"})


class SignalDetail(SignalRead):
    """A message with its text, where each field was read, and the caller's own plans."""

    text: str = Field(description="The message; a secret in it was left out.")
    content_type: str = Field(description="Media type as it was sent.")
    spans: list[SpanRead] = Field(description="Which words gave which field.")
    own_plans: list[PlanRead] = Field(description="The caller's plans from it.")

    @classmethod
    def from_parts(cls, row: Row, plans: list[PlanRead]) -> Self:
        base: dict[str, Any] = {name: value for name, value in row.items() if name not in {"raw", "spans"}}
        spans = [{"field": name, "start": start, "end": end} for name, start, end in row["spans"]]
        return cls.model_validate(
            {
                **base,
                "text": row["raw"].decode(errors="replace").replace("\0", "\ufffd"),
                "spans": spans,
                "own_plans": plans,
            }
        )


class SignalProblem(StrictModel):
    """Members of the problem that answers an unreadable message."""

    reason: str = Field(description="Stable reason why it cannot be read.")
    field: str = Field(description="Field that was refused.")
    signal_id: UUID = Field(description="The signal.")
    state: Literal["unreadable"] = Field(description="It was recorded all the same.")


_LEVEL_UNITS = ["price", "percent", "amount", "pips", "points"]
_NUMBER: dict[str, Any] = {"type": ["string", "number"], "description": "A plain decimal above zero."}
_LEVEL: dict[str, Any] = {
    "description": "A price, or a distance from the entry.",
    "oneOf": [
        _NUMBER,
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {"value": _NUMBER, "unit": {"enum": [*_LEVEL_UNITS, "risk"]}},
            "required": ["value"],
        },
    ],
}
_STOP: dict[str, Any] = {
    "description": "A price, or a distance from the entry.",
    "oneOf": [
        _NUMBER,
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "value": _NUMBER,
                "unit": {"enum": [*_LEVEL_UNITS, "breakeven"]},
                "trailing": {"type": "boolean"},
                "limit_price": _NUMBER,
            },
        },
    ],
}
_TIME: dict[str, Any] = {
    "type": ["string", "number"],
    "description": "ISO 8601 (UTC without an offset), or Unix seconds or milliseconds.",
}
ORDER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["symbol", "side"],
    "properties": {
        "symbol": {"type": "string", "description": "Canonical, or as TradingView writes it."},
        "side": {"enum": ["buy", "sell"]},
        "position_effect": {
            "enum": ["open", "close"],
            "default": "open",
            "description": "`close` only ever reduces what is held.",
        },
        "quantity": {**_NUMBER, "description": "Units: shares, coins, contracts."},
        "notional": {**_NUMBER, "description": "Cash value, account currency; not together with `quantity`."},
        "type": {
            "enum": ["market", "limit", "stop", "stop_limit", "trailing_stop"],
            "description": "Follows from the given prices when left out.",
        },
        "limit_price": {**_NUMBER, "description": "Quote currency per unit."},
        "stop_price": {**_NUMBER, "description": "Trigger, quote currency per unit."},
        "trail_amount": {**_NUMBER, "description": "Distance in quote currency."},
        "trail_percent": {**_NUMBER, "description": "Distance in percent."},
        "take_profit": {"oneOf": [_LEVEL, {"type": "array", "items": _LEVEL, "maxItems": 10}]},
        "stop_loss": _STOP,
        "time_in_force": {"enum": ["day", "gtc", "ioc", "fok", "opg", "cls"]},
        "extended_hours": {"type": "boolean", "default": False},
        "price": {**_NUMBER, "description": "Price that the sender saw."},
    },
}
SIGNAL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["source"],
    "oneOf": [{"required": ["text"]}, {"required": ["order"]}],
    "properties": {
        "source": {"type": "string", "description": "Id or name of one of your sources."},
        "text": {"type": "string", "description": "An alert as people write it."},
        "order": ORDER_SCHEMA,
        "time": _TIME,
        "timenow": _TIME,
        "timestamp": _TIME,
        "id": {"type": "string", "description": "Not used here: the Idempotency-Key is the signal's id."},
        "secret": {"type": "string", "description": "Not needed here; never stored."},
        "test": {"type": "boolean", "description": "Stored, and nothing is done with it."},
    },
}
