"""How much: quantities, shares of a position, leverage, and advice that is neither."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.signals.text.wire import coin, contract, fields, intent, pair, stock
from tradsy.signals.text.parser import parse_alert

QUANTITIES: list[tuple[str, dict[str, Any]]] = [
    ("BTO 5x UBER 70C 2/20 @ 1.10", contract("BTO", 1.1, qty=5)),
    ("BTO 10 shares UBER @ 70", stock("BTO", 70, qty=10)),
    ("BTO UBER @ 70 100 shares", stock("BTO", 70, qty=100)),
    ("BTO UBER at 2 contracts @ 70", stock("BTO", 70, qty=2)),
    ("BTO 2 more UBER @ 70", stock("BTO", 70, qty=2)),
    ("BTO 5 70C UBER 2/20 @ 2", contract("BTO", 2, qty=5)),
    ("Buy 0.5lot EURUSD 1.0850 sl 1.0820", pair("BTO", "EURUSD", 1.085, qty=0.5, stop=1.082)),
    ("EURUSD buy @ 1.0850 0.3lot sl 1.0820", pair("BTO", "EURUSD", 1.085, qty=0.3, stop=1.082)),
]
SHARES: list[tuple[str, dict[str, Any]]] = [
    ("STC 50 % UBER @ 70", stock("STC", 70, fraction=0.5)),
    ("STC 50 percent UBER @ 70", stock("STC", 70, fraction=0.5)),
    ("STC UBER 70C 50% off @ 3.1", contract("STC", 3.1, None, fraction=0.5)),
    ("STC UBER 70C 50 % off @ 3.1", contract("STC", 3.1, None, fraction=0.5)),
    ("STC UBER 70C 2/20 1/2 @ 3.1", contract("STC", 3.1, fraction=0.5)),
    ("Closed UBER 70C @ 3.1 some 1/3", contract("STC", 3.1, None, fraction=0.33)),
    ("Took profits on UBER at 72, 1/3rd", stock("STC", 72, fraction=0.33)),
    ("Took 3 of 4 off UBER 70C @ 3", contract("STC", 3, None, qty=3, fraction=0.75)),
    ("Took 3 of 4 UBER 70C off @ 3", contract("STC", 3, None, qty=3, fraction=0.75)),
    ("Take 25% off UBER 70C @ 3", contract("STC", 3, None, fraction=0.25)),
]
ADVICE = [
    ("BTO starter size UBER @ 70", "starter size"),
    ("BTO 1/2 position UBER @ 70", "1/2"),
    ("BTO UBER 70C 2/20 @ 2, 1/4 position", "1/4"),
    ("BTO UBER @ 70, 5% size", "5%"),
    ("BTO UBER @ 70, 5 % size", "5%"),
    ("BTO UBER @ 70 size: 2-3%", "2-3%"),
    ("EURUSD buy 1.0850 lot size: 0.2", "0.2 lot"),
]
NO_SIZE = [
    "Buy 10% shares UBER at 70",
    "BTO UBER @ 70 size: small",
    "BTO UBER @ 70 lot size as usual",
    "BTO UBER @ 70, 20% position",
]


@pytest.mark.parametrize(("text", "expected"), QUANTITIES, ids=[text for text, _ in QUANTITIES])
def test_quantity_as_written_is_read(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


@pytest.mark.parametrize(("text", "expected"), SHARES, ids=[text for text, _ in SHARES])
def test_share_of_a_position_closes_that_part(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected
    assert intent(text).partial


@pytest.mark.parametrize(("text", "hint"), ADVICE, ids=[text for text, _ in ADVICE])
def test_advice_on_size_is_no_quantity(text: str, hint: str) -> None:
    found = intent(text)

    assert found.size_hint == hint
    assert found.qty is None


@pytest.mark.parametrize("text", NO_SIZE)
def test_size_without_a_usable_number_is_left_out(text: str) -> None:
    found = intent(text)

    assert found.price in {Decimal(70), None}
    assert found.qty is None
    assert found.size_hint is None
    assert found.fraction is None


def test_lot_size_per_balance_is_neither_price_nor_quantity() -> None:
    text = "EURUSD buy @ 1.0850 lot size 0.01 at 1000 sl 1.0820"

    assert fields(text) == pair("BTO", "EURUSD", 1.085, stop=1.082)
    assert intent(text).size_hint == "0.01 lot"


def test_number_before_calls_is_the_strike() -> None:
    assert fields("BTO 70 calls UBER 2/20 @ 2") == contract("BTO", 2)


def test_quantity_before_capitals_that_are_a_common_word_is_read() -> None:
    found = fields("BTO 3 ALL 190C 2/20 @ 2")

    assert (found["symbol"], found["qty"], found["price"]) == ("ALL", 3, 2)


def test_size_label_behind_a_percentage_keeps_its_quantity() -> None:
    assert fields("BTO UBER @ 70 sl 68 5% size: 10") == stock("BTO", 70, qty=10, stop=68)


def test_quantity_named_twice_counts_once() -> None:
    text = "Buy 100 UBER, added 50 UBER @ 70"

    assert fields(text) == stock("BTO", 70, qty=100)
    assert intent(text).average


def test_quantity_label_outranks_a_number_before_the_ticker() -> None:
    assert fields("Long 5 UBER @ 70 qty: 7") == stock("BTO", 70, qty=7)


def test_quantity_before_a_buy_to_close_closes_that_many() -> None:
    assert fields("BTC 2 UBER 70C 2/20 @ 0.40") == contract("BTC", 0.4, qty=2)


@pytest.mark.parametrize("text", ["STC UBER 70C @ 3.1, 1/4 left", "STC UBER 70C @ 3.1 for partial profit"])
def test_partial_close_without_its_share_is_doubted(text: str) -> None:
    alert = parse_alert(text)

    assert fields(text) == contract("STC", 3.1, None)
    assert intent(text).partial
    assert "size_unknown" in alert.reasons


@pytest.mark.parametrize(
    ("text", "times"),
    [("SUIUSDT long 3.10 sl 2.90 leverage: 5x - 10x", 5), ("SUIUSDT 10x long 3.10 sl 2.90 20x", 10)],
)
def test_leverage_written_twice_takes_the_first(text: str, times: int) -> None:
    assert fields(text) == coin("BTO", 3.1, stop=2.9)
    assert intent(text).leverage == times


def test_slashed_numbers_with_a_date_are_share_and_doubt() -> None:
    alert = parse_alert("STC UBER 1/2 2/20 @ 70")

    assert alert.intent is not None
    assert alert.intent.fraction == Decimal("0.5")
    assert "fraction_or_date" in alert.reasons
