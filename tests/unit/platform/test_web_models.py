"""Models of the API: exact decimals, no unknown fields, and refusals that never repeat what was sent."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr, ValidationError, field_validator

from tradsy.platform.web import CursorPage, Paging, StrictModel, cut_page, decode_cursor, encode_cursor, refuse_field
from tradsy.platform.web.paging import InvalidCursor
from tradsy.platform.web.validation import QUOTABLE_TYPES, describe_errors

CANARY = "canary0Kq7hX2pV9mWz4tRb8nYc3dLf6sGj1aQe5"


class Leg(StrictModel):
    ratio: Decimal = Field(gt=0, max_digits=6)


class Ticket(StrictModel):
    quantity: Decimal = Field(gt=0)
    limit_price: Decimal | None = None
    legs: list[Leg] = Field(default_factory=list[Leg])
    by_symbol: dict[str, Decimal] = Field(default_factory=dict[str, Decimal])
    child: Ticket | None = None
    side: Literal["buy", "sell"] = "buy"
    id: UUID | None = None
    at: datetime | None = None
    secret: SecretStr | None = None
    note: str = ""
    count: int = 0

    @field_validator("note")
    @classmethod
    def _no_shouting(cls, value: str) -> str:
        if value.isupper():
            raise refuse_field("do not shout")
        if value.startswith("bad"):
            raise ValueError(f"{value} is bad")
        return value


@pytest.mark.parametrize("value", ["1.5", "100", 3, "-0.000000000000000001", ".5", "999999999999999999"])
def test_decimal_reads_plain_text_and_whole_numbers(value: Any) -> None:
    assert Ticket(quantity=Decimal(1), limit_price=value).limit_price == Decimal(str(value))


@pytest.mark.parametrize(
    "value",
    [1.5, float("inf"), True, "1e5", "NaN", "Infinity", "1,5", "", " ", "1" * 19, "0x1", None, [], {}, "١٢" * 9],
)
def test_decimal_refuses_everything_else(value: Any) -> None:
    with pytest.raises(ValidationError):
        Ticket.model_validate({"quantity": value})


def test_bounds_of_a_decimal_field_hold() -> None:
    for quantity in ("0", "-1"):
        with pytest.raises(ValidationError, match="greater than 0"):
            Ticket.model_validate({"quantity": quantity})
    with pytest.raises(ValidationError, match="no more than 6 digits"):
        Leg.model_validate({"ratio": "1234567"})


def test_decimals_anywhere_in_a_model_are_exact_both_ways() -> None:
    ticket = Ticket.model_validate(
        {
            "quantity": "1.10",
            "legs": [{"ratio": "2"}],
            "by_symbol": {"AAPL": 7},
            "child": {"quantity": "0.00000001"},
        }
    )
    assert ticket.by_symbol == {"AAPL": Decimal(7)}
    written = json.loads(ticket.model_dump_json(exclude_defaults=True))
    assert written["quantity"] == "1.1"
    assert written["child"] == {"quantity": "0.00000001"}
    for path in ({"legs": [{"ratio": 1.5}]}, {"by_symbol": {"a": 1.5}}, {"child": {"quantity": 1.5}}):
        with pytest.raises(ValidationError):
            Ticket.model_validate({"quantity": "1", **path})


def test_decimals_of_our_own_are_written_without_exponent_at_any_length() -> None:
    assert json.loads(Ticket(quantity=Decimal("1E+3")).model_dump_json())["quantity"] == "1000"
    wide = Ticket(quantity=Decimal("123456789012345678.000000000000000001"))
    assert json.loads(wide.model_dump_json())["quantity"] == "123456789012345678.000000000000000001"
    for mode in ("validation", "serialization"):
        assert Leg.model_json_schema(mode=mode)["properties"]["ratio"]["type"] == "string"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("0.000001"), max_value=10**9, places=6))
def test_decimal_round_trip(number: Decimal) -> None:
    assert Ticket.model_validate_json(Ticket(quantity=number).model_dump_json()).quantity == number


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfffy"])
def test_text_that_the_database_cannot_hold_is_refused(text: str) -> None:
    for body in ({"note": text}, {"by_symbol": {text: "1"}}):
        with pytest.raises(ValidationError):
            Ticket.model_validate({"quantity": "1", **body})


def test_text_is_kept_as_it_came() -> None:
    assert Ticket(quantity=Decimal(1), note="  \t spaced 😀 ").note == "  \t spaced 😀 "


def describe(data: Any) -> list[dict[str, str]]:
    with pytest.raises(ValidationError) as caught:
        Ticket.model_validate(data)
    return describe_errors(caught.value.errors())


@pytest.mark.parametrize(
    "field", ["quantity", "side", "id", "at", "secret", "note", "count", "legs", "by_symbol", "child", CANARY]
)
@pytest.mark.parametrize("value", [CANARY, [CANARY], {CANARY: CANARY}, "bad" + CANARY])
def test_refusal_never_repeats_what_was_sent(field: str, value: Any) -> None:
    data = {"quantity": "1", field: value}
    if field in {"secret", "note"} and isinstance(value, str) and not (field == "note" and value.startswith("bad")):
        Ticket.model_validate(data)
        return
    shown = json.dumps(describe(data))
    assert len(shown) > 20
    assert not any(CANARY[at : at + 6] in shown for at in range(len(CANARY) - 5))


def test_refusal_names_the_declared_field_and_the_reason() -> None:
    assert describe({"quantity": "0"}) == [
        {"field": "quantity", "code": "greater_than", "message": "Input should be greater than 0"}
    ]
    assert describe({"quantity": "1", "nope": 1}) == [
        {"field": "*", "code": "unknown_field", "message": "unknown field"}
    ]
    assert describe({"quantity": "1", "note": "LOUD"})[0]["message"] == "do not shout"
    assert describe({"quantity": "1", "legs": [{"ratio": "x"}]})[0]["field"] == "legs.0.ratio"
    assert describe({"quantity": "1", "id": "zz"}) == [
        {"field": "id", "code": "uuid_parsing", "message": "the value is not valid"}
    ]


def test_long_list_of_errors_is_cut() -> None:
    assert len(describe({"quantity": "1", "legs": [{"ratio": "x"}] * 500})) == 20


def test_every_quotable_message_is_made_of_the_schema_alone() -> None:
    core = importlib.import_module("pydantic_core._pydantic_core")
    allowed = set(
        re.findall(
            r"\w+",
            "gt ge lt le multiple_of min_length max_length expected expected_plural pattern max_digits decimal_places "
            "whole_digits field_type actual_length class_name discriminator expected_schemes expected_version",
        )
    )
    templates = {error["type"]: error for error in core.list_all_errors()}
    assert set(templates) >= QUOTABLE_TYPES
    for kind in QUOTABLE_TYPES:
        text = templates[kind]["message_template_python"] + templates[kind].get("message_template_json", "")
        assert set(re.findall(r"\{(\w+)\}", text)) <= allowed, kind


positions = st.tuples(
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])), st.uuids()
)


@given(positions)
def test_cursor_round_trip(position: tuple[datetime, UUID]) -> None:
    assert decode_cursor(encode_cursor(*position), datetime, UUID) == position


@given(
    st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.integers(-(2**63), 2**63)
)
def test_cursor_round_trip_of_text_and_numbers(name: str, number: int) -> None:
    cursor = encode_cursor(name, number)
    if len(cursor) <= 512:
        assert decode_cursor(cursor, str, int) == (name, number)
    assert re.fullmatch(r"[A-Za-z0-9_-]*", cursor)


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.hex()))
def test_foreign_cursor_is_refused_and_never_crashes(cursor: str) -> None:
    assert InvalidCursor.http_status == 422
    with contextlib.suppress(InvalidCursor):
        assert encode_cursor(*decode_cursor(cursor, datetime, UUID)) == cursor


@pytest.mark.parametrize(
    "parts", [(1,), ("x",), ("x", 1), (1, "x", 2), ("2026-01-01T00:00:00", str(uuid4())), (str(uuid4()), "2026-01-01")]
)
def test_cursor_of_another_list_is_refused(parts: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(encode_cursor(*parts), datetime, UUID)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=60).map(sorted), st.integers(1, 7))
def test_pages_show_each_row_once_in_order(rows: list[int], limit: int) -> None:
    shown: list[int] = []
    cursor: str | None = None
    while True:
        after = decode_cursor(cursor, int)[0] if cursor else None
        rest = [row for row in rows if after is None or row > after][: limit + 1]
        page: CursorPage[int] = cut_page(rest, Paging(limit, cursor), lambda row: (row,))
        assert len(page.items) <= limit
        shown += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert shown == rows
