from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.signals.errors import PROBLEMS, Unreadable
from tradsy.signals.fields import Fields, check_texts, load_json, looks_like_json, read_number, read_time

D = Decimal


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("{", "malformed_json", ""),
        ('{"a": 1,}', "malformed_json", ""),
        ("[" * 60_000, "malformed_json", ""),
        ('{"price": {{close}}}', "unfilled_placeholder", ""),
        ('{"price": "{{close}}"}', "unfilled_placeholder", "price"),
        ('{"order": {"symbol": "{{ticker}}"}}', "unfilled_placeholder", "symbol"),
        ('{"my own name": ["{{plot_0}}"]}', "unfilled_placeholder", ""),
        ('{"{{x}}": 1}', "unfilled_placeholder", ""),
        ('{"a": 1, "a": 2}', "duplicate_field", ""),
        ('{"text": "\\ud800"}', "not_utf8", "text"),
    ],
)
def test_bad_json_is_told_apart(text: str, code: str, field: str):
    with pytest.raises(Unreadable) as caught:
        check_texts(load_json(text))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert code in PROBLEMS


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", "1e999999999999", "1e-400", "9" * 61])
def test_numbers_out_of_all_range_are_refused_by_their_field(number: str):
    loaded = Fields(load_json(f'{{"price": {number}}}'))
    with pytest.raises(Unreadable) as caught:
        loaded.number("price")
    assert (caught.value.code, caught.value.field) == ("invalid_number", "price")


def test_numbers_stay_exact():
    assert load_json('{"a": 0.1, "b": 10, "c": 1.5e-5}') == {"a": D("0.1"), "b": D(10), "c": D("0.000015")}
    assert load_json("\ufeff[1]") == [1]
    assert looks_like_json("\ufeff \n{")
    assert looks_like_json("[")
    assert not looks_like_json("BTO AAPL")


@given(st.text(max_size=200))
def test_any_text_is_json_or_a_known_problem(text: str):
    try:
        load_json(text)
    except Unreadable as unreadable:
        assert unreadable.code in PROBLEMS  # noqa: PT017 - either way of reading it is right


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2026-01-05T14:30:00Z", datetime(2026, 1, 5, 14, 30, tzinfo=UTC)),
        ("2026-01-05T09:30:00-05:00", datetime(2026, 1, 5, 14, 30, tzinfo=UTC)),
        ("2026-01-05T14:30:00", datetime(2026, 1, 5, 14, 30, tzinfo=UTC)),
        ("1767623400", datetime(2026, 1, 5, 14, 30, tzinfo=UTC)),
        (D(1767623400), datetime(2026, 1, 5, 14, 30, tzinfo=UTC)),
        (D("1767623400.25"), datetime(2026, 1, 5, 14, 30, 0, 250_000, tzinfo=UTC)),
        (D(1767623400250), datetime(2026, 1, 5, 14, 30, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times_of_every_form(value: object, wanted: datetime):
    assert read_time(value, "time") == wanted


@pytest.mark.parametrize(
    "value", ["soon", "", "2026-13-01", True, ["x"], D(0), D(-5), D(10) ** 17, "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_time_is_refused(value: object):
    with pytest.raises(Unreadable) as caught:
        read_time(value, "time")
    assert (caught.value.code, caught.value.field) == ("invalid_time", "time")


@pytest.mark.parametrize("value", ["NaN", "nan", "-1", "0", D(0), D(-1), "1e3", "", "1,5", "ten", True, [], "9" * 19])
def test_what_is_no_positive_number_is_refused(value: object):
    with pytest.raises(Unreadable) as caught:
        read_number(value, "quantity")
    assert (caught.value.code, caught.value.field) == ("invalid_number", "quantity")


def test_formula_is_named_as_such():
    with pytest.raises(Unreadable) as caught:
        read_number(" =close*2", "quantity")
    assert caught.value.code == "formula_unsupported"


FIELDS = Fields(
    {"null": None, "text": " x ", "number": D(5), "yes": "True", "no": False, "blank": "", "odd": 3, "object": {"a": 1}}
)


def test_fields_read_their_types():
    assert FIELDS.text("null") is None
    assert FIELDS.text("text") == "x"
    assert FIELDS.number("number") == 5
    assert FIELDS.number("absent") is None
    assert [FIELDS.flag(name) for name in ("yes", "no", "blank", "null")] == [True, False, False, False]
    assert FIELDS.choice("blank", {"x": 1}, 2) == 2
    assert FIELDS.choice("text", {"x": 1}, 2) == 1
    assert FIELDS.time("absent") is None
    assert FIELDS.object("absent") is None
    nested = FIELDS.object("object")
    assert nested is not None
    assert nested.path("a") == "object.a"


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (lambda: FIELDS.text("odd"), "wrong_type"),
        (lambda: FIELDS.flag("odd"), "wrong_type"),
        (lambda: FIELDS.object("odd"), "wrong_type"),
        (lambda: FIELDS.required_text("blank"), "field_missing"),
        (lambda: FIELDS.required_text("absent"), "field_missing"),
        (lambda: FIELDS.choice("text", {"y": 1}, 2), "unknown_value"),
        (lambda: FIELDS.allow_only(["text"]), "unknown_field"),
        (lambda: Fields({"s": "no symbol!"}).symbol("s"), "unknown_symbol"),
        (lambda: Fields({"a": D(1), "b": D(1)}).one_of([("a", str), ("b", str)], where="x"), "level_conflict"),
    ],
)
def test_fields_of_the_wrong_kind_are_refused(read: Any, code: str):
    with pytest.raises(Unreadable) as caught:
        read()
    assert caught.value.code == code
