"""Money: strict parsing, steps that never grow a size, and a text form that reads back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.errors import InvalidNumber, PrecisionLost
from tradsy.domain.money import (
    format_decimal,
    is_multiple,
    parse_decimal,
    parse_positive,
    require_multiple,
    round_cents,
    round_down,
    round_nearest,
    round_price_down,
    round_price_up,
)

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False, allow_infinity=False)
STEPS = st.sampled_from([Decimal(s) for s in ("0.00000001", "0.0001", "0.01", "0.05", "0.25", "1", "100")])


@given(AMOUNTS)
def test_format_decimal_reads_back(value: Decimal) -> None:
    assert parse_decimal(format_decimal(value)) == value


@given(AMOUNTS)
def test_format_decimal_has_no_exponent_or_trailing_zero(value: Decimal) -> None:
    text = format_decimal(value)
    assert "E" not in text.upper()
    assert "." not in text or not text.endswith(("0", "."))
    assert text != "-0"


@given(AMOUNTS, STEPS)
def test_round_down_never_grows_and_is_within_one_step(value: Decimal, step: Decimal) -> None:
    rounded = round_down(value, step)
    assert is_multiple(rounded, step)
    assert abs(rounded) <= abs(value) < abs(rounded) + step


@given(AMOUNTS, STEPS)
def test_price_rounding_brackets_the_value(value: Decimal, step: Decimal) -> None:
    low, high, near = round_price_down(value, step), round_price_up(value, step), round_nearest(value, step)
    assert low <= value <= high
    assert high - low in {Decimal(0), step}
    assert near in {low, high}


@pytest.mark.parametrize(
    ("value", "cents"), [("0.005", "0.00"), ("0.015", "0.02"), ("0.025", "0.02"), ("-0.005", "0.00")]
)
def test_round_cents_is_half_even(value: str, cents: str) -> None:
    assert round_cents(Decimal(value)) == Decimal(cents)


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        True,
        None,
        "",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e5",
        "1E-3",
        "1,5",
        "0x10",
        "1.",
        "--1",
        "9" * 19,
        Decimal("NaN"),
    ],
)
def test_parse_decimal_refuses_what_is_not_plain(value: object) -> None:
    with pytest.raises(InvalidNumber):
        parse_decimal(value)


@pytest.mark.parametrize(
    ("value", "number"), [("1", "1"), (" 2.50 ", "2.5"), (".5", "0.5"), (7, "7"), (Decimal("1E+2"), "100")]
)
def test_parse_decimal_reads_plain_numbers(value: object, number: str) -> None:
    assert parse_decimal(value) == Decimal(number)


@pytest.mark.parametrize("value", ["0", "-1", "-0.0000001"])
def test_parse_positive_refuses_zero_and_below(value: str) -> None:
    with pytest.raises(InvalidNumber):
        parse_positive(value)


def test_require_multiple_refuses_off_step() -> None:
    assert require_multiple(Decimal("1.25"), Decimal("0.25"), "price") == Decimal("1.25")
    with pytest.raises(PrecisionLost):
        require_multiple(Decimal("1.26"), Decimal("0.25"), "price")
