"""Tell the dialect of a message by its shape and read it; pure, and never raises for what a sender wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import orjson

from tradsy.domain.orders import OrderType
from tradsy.follows.model import TradeIntent
from tradsy.signals import alerts
from tradsy.signals.dialects import native, traderspost
from tradsy.signals.errors import Unreadable
from tradsy.signals.fields import Fields, check_texts, has_placeholder, load_json, looks_like_json
from tradsy.signals.model import CERTAIN, Dialect, Envelope, Reading, SignalState
from tradsy.signals.text.parser import parse_alert

MAX_FUTURE = timedelta(seconds=5)
"""R-P3: how far ahead of our clock a message's time may lie."""
AGE_UNPRICED = timedelta(seconds=30)
AGE_PRICED = timedelta(seconds=120)
MAX_ALERT = 4096
"""Characters of an alert text: Discord's longest message is 4,000. Reading longer ones would hold up other senders."""
_UNPRICED = frozenset({OrderType.MARKET, OrderType.TRAILING_STOP})
_SECRET_FIELD = re.compile(rb'("secret"\s*:\s*)"((?:[^"\\]|\\.)*)"')
_SECRET_LINE = re.compile(r"(?:^|(?<=\s))secret[=:]\s*(tsb_[A-Za-z0-9_-]+)", re.IGNORECASE)
_REDACTED = b'"[redacted]"'


def read_hook(body: bytes, received_at: datetime) -> Reading:
    """Read a webhook body: native JSON, TradersPost, or an alert text."""
    try:
        message = decode(body)
        if not looks_like_json(message):
            return _read_plain(message, received_at)
        data = load_json(message)
        check_texts(data)
        return _read_object(data, body, received_at)
    except Unreadable as problem:
        return replace(unreadable(strip_secret(body), problem), envelope=Envelope(secret=find_secret(body)))


def read_native(data: Mapping[str, Any], body: bytes, received_at: datetime, *, sender_id: str | None) -> Reading:
    """Read the body of `POST /api/v1/signals`: `{source, text | order}`."""
    fields = Fields(data)
    try:
        check_texts(data)
        fields.allow_only((*native.ENVELOPE_FIELDS, "text", "order"))
        reading = _read_native(fields, body, received_at)
    except Unreadable as problem:
        reading = unreadable(strip_secret(body), problem, Dialect.NATIVE)
    return replace(reading, envelope=replace(reading.envelope, sender_id=sender_id or reading.envelope.sender_id))


def decode(body: bytes) -> str:
    """Return a body as text.

    Raises:
        Unreadable: it is empty, or not UTF-8 text.
    """
    try:
        message = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("not_utf8") from None
    if "\0" in message:
        raise Unreadable("not_utf8")
    if not message.strip("\ufeff \t\r\n"):
        raise Unreadable("empty_body")
    return message


def unreadable(raw: bytes, problem: Unreadable, dialect: Dialect = Dialect.UNKNOWN) -> Reading:
    """Return the reading of a message that is kept and answered with 422."""
    return Reading(dialect, SignalState.UNREADABLE, raw, reasons=(problem.code,), field=problem.field)


def expires_at(intent: TradeIntent, base: datetime) -> datetime:
    """Return when a signal of time `base` is too old to act on without a person (R-P3)."""
    return base + (AGE_UNPRICED if intent.order_type in _UNPRICED else AGE_PRICED)


def _read_object(data: Any, body: bytes, received_at: datetime) -> Reading:
    if not isinstance(data, dict):
        raise Unreadable("unknown_shape")
    fields = Fields(cast("dict[str, Any]", data))
    if traderspost.matches(fields):
        return _read_traderspost(fields, body, received_at)
    if fields.has("order") or fields.has("text") or (fields.has("symbol") and fields.has("side")):
        try:
            return _read_native(fields, body, received_at)
        except Unreadable as problem:
            return _with_envelope(unreadable(strip_secret(body, fields), problem, Dialect.NATIVE), fields)
    raise Unreadable("unknown_shape")


def _with_envelope(reading: Reading, fields: Fields) -> Reading:
    """Keep secret and id of a message whose order is unreadable: it must still be authentic, and unique."""
    try:
        return replace(reading, envelope=native.read_envelope(fields))
    except Unreadable:
        secret = fields.value("secret")
        return replace(reading, envelope=Envelope(secret=secret if isinstance(secret, str) else None))


def _read_native(fields: Fields, body: bytes, received_at: datetime) -> Reading:
    envelope = native.read_envelope(fields)
    if fields.has("text"):
        fields.allow_only((*native.ENVELOPE_FIELDS, "text"))
        return _read_alert(fields.required_text("text"), received_at, envelope)
    order = fields.object("order")
    if order is None:
        fields.allow_only((*native.ENVELOPE_FIELDS, *native.ORDER_FIELDS))
        order = fields
    else:
        fields.allow_only((*native.ENVELOPE_FIELDS, "order"))
        order.allow_only(native.ORDER_FIELDS)
    intent = native.read_order(order, envelope)
    return _judge_time(
        Reading(
            Dialect.NATIVE,
            SignalState.ACCEPTED,
            strip_secret(body, fields),
            envelope,
            intent,
            CERTAIN,
        ),
        received_at,
    )


def _read_traderspost(fields: Fields, body: bytes, received_at: datetime) -> Reading:
    raw = strip_secret(body, fields)
    try:
        envelope = traderspost.read_envelope(fields)
        intent, hold_reason = traderspost.read_order(fields, envelope)
    except Unreadable as problem:
        return _with_envelope(unreadable(raw, problem, Dialect.TRADERSPOST), fields)
    reading = Reading(
        Dialect.TRADERSPOST, SignalState.ACCEPTED, raw, envelope, intent, CERTAIN, hold_reason=hold_reason
    )
    return _judge_time(reading, received_at)


def _read_plain(message: str, received_at: datetime) -> Reading:
    """Read a plain text; `secret=...` or `secret: ...` in it is the source's secret."""
    found = _SECRET_LINE.search(message)
    if found is None:
        return _read_alert(message, received_at, Envelope())
    stripped = message[: found.start()] + message[found.end() :]
    return _read_alert(stripped, received_at, Envelope(secret=found.group(1)))


def _read_alert(message: str, received_at: datetime, envelope: Envelope) -> Reading:
    base = Reading(Dialect.TEXT, SignalState.IGNORED, message.encode(), envelope)
    if "\0" in message:
        return replace(base, dialect=Dialect.UNKNOWN, state=SignalState.UNREADABLE, reasons=("not_utf8",))
    if has_placeholder(message):
        return replace(base, state=SignalState.UNREADABLE, reasons=("unfilled_placeholder",))
    if len(message) > MAX_ALERT:
        return _judge_time(replace(base, reasons=("too_long",)), received_at)
    parsed = parse_alert(message, received_at)
    base = replace(
        base,
        confidence=Decimal(str(round(parsed.confidence, 4))),
        reasons=parsed.reasons,
        spans=tuple((span.field, span.start, span.end) for span in parsed.spans),
    )
    if parsed.intent is None:
        return _judge_time(base, received_at)
    try:
        intent, hold_reason = alerts.to_trade_intent(parsed.intent, received_at)
    except Unreadable as problem:
        return replace(base, state=SignalState.UNREADABLE, reasons=(problem.code,), field=problem.field)
    intent = replace(intent, signal_at=envelope.signal_at)
    return _judge_time(replace(base, state=SignalState.ACCEPTED, intent=intent, hold_reason=hold_reason), received_at)


def _judge_time(reading: Reading, received_at: datetime) -> Reading:
    """Refuse what bears a time ahead of ours, and set a test aside; an old time is judged by R-P3 with its numbers."""
    signal_at = reading.envelope.signal_at
    if signal_at is not None and signal_at - received_at > MAX_FUTURE:
        return replace(reading, state=SignalState.UNREADABLE, reasons=("future_signal",), intent=None)
    if reading.envelope.test:
        return replace(reading, state=SignalState.IGNORED, reasons=("test", *reading.reasons))
    return reading


def find_secret(body: bytes) -> str | None:
    """Return what looks like the value of `secret` in a body that cannot be parsed."""
    found = _SECRET_FIELD.search(body)
    return None if found is None else found.group(2).decode(errors="replace")


def strip_secret(body: bytes, fields: Fields | None = None) -> bytes:
    """Return the bytes to keep: those that came, but for the value of a top-level `secret`."""
    if b"secret" not in body and (fields is None or not fields.has("secret")):
        return body
    stripped, count = _SECRET_FIELD.subn(rb"\1" + _REDACTED, body)
    if fields is not None and fields.has("secret") and count == 0:
        # The name was written with escapes, or the value is no string: keep the content, not the bytes.
        return orjson.dumps({**fields.data, "secret": "[redacted]"}, default=str)
    return stripped
