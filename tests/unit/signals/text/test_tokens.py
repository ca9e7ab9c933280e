"""Numbers, tags and letters as they are typed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.signals.text.wire import coin, fields, stock

TYPED: list[tuple[str, dict[str, Any]]] = [
    ("BTO UBER@entry 70", stock("BTO", 70)),
    ("BTO UBER @ 70 #sl 68 #tp1 75", stock("BTO", 70, stop=68, targets=[75])),
    ("SUIUSDT H4 long 3.10 sl 2.90", coin("BTO", 3.1, stop=2.9)),
    ("SUIUSDT long 3.10 sl 2.90 2rr", coin("BTO", 3.1, stop=2.9)),
    ("SUIUSDT long 3.10\u2028sl 2.90", coin("BTO", 3.1, stop=2.9)),
    ("SUIUSDT long 3.10 pe\u0301rdida 2.90", coin("BTO", 3.1, stop=2.9)),
    ("SUIUSDT long 3.10 st\u0323\u0335op 2.90", coin("BTO", 3.1, stop=2.9)),
]


@pytest.mark.parametrize(("text", "expected"), TYPED, ids=[ascii(text) for text, _ in TYPED])
def test_typed_form_is_read(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


def test_point_for_thousands_and_comma_for_decimals_is_one_number() -> None:
    found = fields("Long GER40 at 19.234,5 sl 19.100,5")

    assert (found["price"], found["stop"]) == (19234.5, 19100.5)
