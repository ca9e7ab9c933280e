from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.orders import OrderType
from tradsy.follows.model import Action, TradeIntent
from tradsy.signals.errors import PROBLEMS
from tradsy.signals.model import Dialect, Reading, SignalState
from tradsy.signals.reading import expires_at, find_secret, read_hook, read_native, strip_secret

AT = datetime(2026, 11, 20, 17, tzinfo=UTC)
ORDER: dict[str, Any] = {"symbol": "AAPL", "side": "buy", "quantity": "1"}


def hook(message: Any) -> Reading:
    body = (
        message
        if isinstance(message, bytes)
        else (message if isinstance(message, str) else json.dumps(message)).encode()
    )
    return read_hook(body, AT)


@pytest.mark.parametrize(
    ("message", "dialect"),
    [
        (ORDER, Dialect.NATIVE),
        ({"order": ORDER, "id": "1"}, Dialect.NATIVE),
        ({"ticker": "AAPL", "action": "buy"}, Dialect.TRADERSPOST),
        ({"text": "BTO AAPL 190C 12/18 @ 3.20"}, Dialect.TEXT),
        ("BTO AAPL 190C 12/18 @ 3.20", Dialect.TEXT),
    ],
)
def test_dialects_are_told_by_their_shape(message: Any, dialect: Dialect):
    reading = hook(message)
    assert (reading.dialect, reading.state) == (dialect, SignalState.ACCEPTED)
    assert reading.intent is not None
    assert reading.intent.action is Action.OPEN_LONG


def test_a_text_keeps_its_bytes_spans_and_confidence():
    message = "BTO AAPL 190C 12/18 @ 3.20 SL 50%"
    reading = hook(message)
    assert reading.raw == message.encode()
    assert Decimal("0.8") <= reading.confidence <= 1
    assert {name for name, _, _ in reading.spans} >= {"action", "symbol", "price"}
    assert hook({"text": message}).raw == message.encode()


def test_chatter_is_kept_and_ignored():
    reading = hook("good morning everyone, what a week")
    assert (reading.state, reading.intent) == (SignalState.IGNORED, None)
    assert reading.reasons


def test_a_text_longer_than_any_alert_is_kept_unread():
    reading = hook("BTO AAPL @ 5 " * 400)
    assert (reading.state, reading.reasons, reading.intent) == (SignalState.IGNORED, ("too_long",), None)
    assert len(reading.raw) == 5200


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "empty_body"),
        (b" \n\t", "empty_body"),
        (b"\xff\xfe", "not_utf8"),
        (b"BTO AAPL\0", "not_utf8"),
        ({"text": "BTO AAPL \0"}, "not_utf8"),
        ("{not json", "malformed_json"),
        ("[1, 2]", "unknown_shape"),
        ({"symbol": "AAPL"}, "unknown_shape"),
        ({**ORDER, "stop_los": "5"}, "unknown_field"),
        ({"order": {**ORDER, "sl": "5"}}, "unknown_field"),
        ({"order": ORDER, "side": "buy"}, "unknown_field"),
        ({"text": "BTO AAPL", "side": "buy"}, "unknown_field"),
        ({"order": "buy"}, "wrong_type"),
        ({**ORDER, "symbol": "{{ticker}}"}, "unfilled_placeholder"),
        ("BTO {{ticker}} @ 5", "unfilled_placeholder"),
        ('{"symbol": "AAPL", "side": "buy", "quantity": NaN}', "invalid_number"),
        ({**ORDER, "quantity": -1}, "invalid_number"),
        ({**ORDER, "symbol": "no symbol"}, "unknown_symbol"),
        ({"ticker": "no symbol", "action": "buy"}, "unknown_symbol"),
        ({"ticker": "AAPL", "action": "buy", "time": "whenever"}, "invalid_time"),
        ({**ORDER, "timenow": "whenever"}, "invalid_time"),
        ({**ORDER, "time": (AT + timedelta(seconds=6)).isoformat()}, "future_signal"),
        ({"text": "good morning", "time": (AT + timedelta(seconds=6)).isoformat()}, "future_signal"),
        ("Buy US30 now, sl 39000, tp 40000", "unknown_symbol"),
    ],
)
def test_bad_messages_are_kept_with_their_reason(message: Any, reason: str):
    reading = hook(message)
    assert (reading.state, reading.reasons, reading.intent) == (SignalState.UNREADABLE, (reason,), None)
    assert reason in PROBLEMS


def test_five_seconds_ahead_is_a_clock_not_a_lie():
    assert hook({**ORDER, "time": (AT + timedelta(seconds=5)).isoformat()}).state is SignalState.ACCEPTED
    assert hook({**ORDER, "time": (AT - timedelta(days=1)).isoformat()}).state is SignalState.ACCEPTED


def test_a_test_is_kept_and_ignored():
    reading = hook({**ORDER, "test": True})
    assert (reading.state, reading.reasons) == (SignalState.IGNORED, ("test",))


@pytest.mark.parametrize(
    "message",
    [
        {**ORDER, "secret": "tsb_hush-hush"},
        {**ORDER, "secret": "tsb_hush-hush", "symbol": "no symbol"},
        {**ORDER, "secret": "tsb_hush-hush", "time": "whenever"},
        {"ticker": "AAPL", "action": "buy", "secret": "tsb_hush-hush"},
        {"ticker": "AAPL", "action": "jump", "secret": "tsb_hush-hush"},
        {"text": "BTO AAPL @ 5", "secret": "tsb_hush-hush"},
        "BTO AAPL @ 5 secret=tsb_hush-hush",
        "secret: tsb_hush-hush\nBTO AAPL @ 5",
        '{"secret": "tsb_hush-hush", broken',
        '{"secr\\u0065t": "tsb_hush-hush", "symbol": "AAPL", "side": "buy"}',
    ],
)
def test_a_secret_is_read_and_never_kept(message: Any):
    reading = hook(message)
    assert reading.envelope.secret == "tsb_hush-hush"
    assert b"tsb_hush-hush" not in reading.raw


def test_a_text_that_speaks_of_secrets_is_kept_whole():
    message = "BTO AAPL @ 5, my secret: patience"
    assert (hook(message).raw, hook(message).envelope.secret) == (message.encode(), None)


def test_stripping_keeps_every_other_byte():
    body = b'{ "secret" : "a\\"b",  "symbol":"AAPL" }'
    assert strip_secret(body) == b'{ "secret" : "[redacted]",  "symbol":"AAPL" }'
    assert strip_secret(b"nothing") == b"nothing"
    assert find_secret(b"nothing") is None
    assert hook({**ORDER, "secret": 5}).reasons == ("wrong_type",)


def test_native_reading_takes_the_key_as_its_id():
    data = {"source": "s", "order": ORDER, "id": "own"}
    reading = read_native(data, b"{}", AT, sender_id="key")
    assert (reading.state, reading.envelope.sender_id) == (SignalState.ACCEPTED, "key")
    assert read_native(data, b"{}", AT, sender_id=None).envelope.sender_id == "own"
    assert read_native({"source": "s", "odd": 1}, b"{}", AT, sender_id="key").reasons == ("unknown_field",)
    assert read_native({"source": "s"}, b"{}", AT, sender_id="key").reasons == ("field_missing",)


def test_age_limits():
    assert expires_at(TradeIntent(Action.OPEN_LONG, "AAPL"), AT) == AT + timedelta(seconds=30)
    limit = TradeIntent(Action.OPEN_LONG, "AAPL", order_type=OrderType.LIMIT)
    assert expires_at(limit, AT) == AT + timedelta(seconds=120)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["symbol", "side", "ticker", "action", "quantity", "type", "order", "text", "time", "stop_loss", "takeProfit"]


@given(st.binary(max_size=300) | st.text(max_size=120).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_read_without_a_fault(body: bytes):
    reading = read_hook(body, AT)
    assert reading.state is SignalState.ACCEPTED or reading.reasons


@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=6))
def test_any_object_is_read_without_a_fault(data: dict[str, Any]):
    reading = read_hook(json.dumps({"symbol": "AAPL", "side": "buy", **data}).encode(), AT)
    assert (reading.state is SignalState.ACCEPTED) == (reading.intent is not None)
    if reading.state is SignalState.UNREADABLE:
        assert reading.reasons[0] in PROBLEMS
