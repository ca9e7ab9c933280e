"""The canonical bytes: RFC 8785 for what may be recorded, refusal for what may not."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.audit.canonical import MAX_INTEGER, encode, event_hash, format_time
from tradsy.audit.errors import NotCanonical

AT = "2026-11-20T09:30:00.000000Z"

leaves = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(st.characters(codec="utf-8"))
keys = st.text(st.characters(max_codepoint=126), max_size=8)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(keys, values, max_size=5), st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_is_sorted_compact_json_with_minimal_escapes(data: dict[str, Any], subject: str) -> None:
    entry = {"action": "a.b", "actor": "engine", "at": AT, "data": data, "subject": subject}
    # For ASCII keys, sorting by code unit (RFC 8785) is sorting by character.
    expected = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert encode(AT, "engine", "a.b", subject, data) == expected
    assert json.loads(expected) == entry


def test_escapes_control_characters_as_rfc_8785_does() -> None:
    data = {"x": '\u20ac$\u000f\nA\'B"\\\\"/\x7f'}
    # The string of RFC 8785 section 3.2.2.2, without its surrogates.
    assert b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"' in encode(AT, "a", "b", "c", data)


class Side(StrEnum):
    BUY = "buy"


def test_string_enumerations_are_strings() -> None:
    assert b'"data":{"side":"buy"}' in encode(AT, "a", "b", "c", {"side": Side.BUY})


def nested(depth: int, *, lists: bool) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value] if lists else {"k": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        Decimal("1.5"),
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        b"raw",
        {1, 2},
        datetime(2026, 1, 1, tzinfo=UTC),
        UUID(int=1),
        {1: "x"},
        {"k\u00fc": "x"},
        "\ud800",
        nested(20, lists=True),
        nested(20, lists=False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refuses_what_has_no_single_form(value: Any) -> None:
    with pytest.raises(NotCanonical):
        encode(AT, "a", "b", "c", {"value": value})
    with pytest.raises(NotCanonical):
        encode(AT, "a", "b", "c", {"list": [value, (value,)]})


@pytest.mark.parametrize("place", range(3))
def test_refuses_nul_in_a_column(place: int) -> None:
    texts = ["a", "b", "c"]
    texts[place] = "x\0"
    with pytest.raises(NotCanonical):
        encode(AT, texts[0], texts[1], texts[2], {})


def test_time_is_utc_with_microseconds() -> None:
    at = datetime(2026, 11, 20, 10, 30, tzinfo=timezone(timedelta(hours=1)))
    assert format_time(at) == AT
    with pytest.raises(NotCanonical):
        format_time(at.replace(tzinfo=None))


def test_hash_covers_chain_place_and_past() -> None:
    chain, previous, canonical = UUID(int=7), b"p" * 32, b"{}"
    digest = event_hash(chain, 258, previous, canonical)
    written_out = b"\x00tradsy/audit/event/v1\n" + chain.bytes + b"\0\0\0\0\0\0\x01\x02" + previous + canonical
    assert digest == hashlib.sha256(written_out).digest()
    others = {
        event_hash(UUID(int=8), 258, previous, canonical),
        event_hash(chain, 259, previous, canonical),
        event_hash(chain, 258, b"q" * 32, canonical),
        event_hash(chain, 258, previous, b"[]"),
    }
    assert len(others | {digest}) == 5
