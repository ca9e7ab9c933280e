"""Contracts: strike, right and expiry in every order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.signals.text.wire import contract, fields, option, refused_for, stock
from tradsy.signals.text.parser import parse_alert

CONTRACTS: list[tuple[str, dict[str, Any]]] = [
    ("BTO UBER 20 mar 70C @ 2", contract("BTO", 2, "03-20")),
    ("BTO UBER 70C 20 feb 26 @ 2", contract("BTO", 2, "2026-02-20")),
    ("BTO UBER 20 feb 70 call @ 2", contract("BTO", 2)),
    ("BTO UBER 70C 20/2 @ 2", contract("BTO", 2)),
    ("BTO UBER 70C/2/20 @ 2", contract("BTO", 2)),
    ("BTO UBER 70C Feb 20, 2026 @ 2", contract("BTO", 2, "2026-02-20")),
    ("BTO UBER 70C 2026-20-02 @ 2", contract("BTO", 2, "2026-02-20")),
    ("BTO UBER 70C Jan 2027 @ 2", contract("BTO", 2, "2027-01-15")),
    ("BTO UBER calls $70 2/20 @ 2", contract("BTO", 2)),
    ("BTO UBER strike 70 call 2/20 @ 2", contract("BTO", 2)),
    ("BTO UBER 70 strike calls 2/20 @ 2", contract("BTO", 2)),
    ("BTO UBER @ 2, 70 strike calls 2/20", contract("BTO", 2)),
    ("BTO UBER 2.10 strike 70 call 2/20", contract("BTO", 2.1)),
]
NO_SUCH_DAY = [
    "BTO UBER 70C 2/30/2026 @ 2",
    "BTO UBER 70C Feb 30, 2026 @ 2",
    "BTO UBER 70C 29FEB25 @ 2",
    "BTO UBER 70C Jan 45 @ 2",
    "BTO UBER 70C 2026-13-45 @ 2",
    "BTO UBER271345C00070000 @ 2",
]
SPREADS = [
    "BTO UBER 70C/75C 2/20 @ 2",
    "BTO UBER 70C/75 2/20 @ 2",
    "BTO UBER 70C 75C 2/20 @ 2",
    "STC UBER 70/75C 2/20 @ 2",
]
BUY_TO_CLOSE: list[tuple[str, dict[str, Any]]] = [
    ("buy to close UBER 70C 2/20 @ 0.40", contract("BTC", 0.4, fraction=1)),
    ("BTC 70C UBER 2/20 @ 0.40", contract("BTC", 0.4, fraction=1)),
    ("BTC 2/20 UBER 70C @ 0.40", contract("BTC", 0.4, fraction=1)),
    ("BTC $UBER 70C 2/20 @ 0.40", contract("BTC", 0.4, fraction=1)),
    ("BTC half $UBER 70C 2/20 @ 0.40", contract("BTC", 0.4, fraction=0.5)),
]


@pytest.mark.parametrize(("text", "expected"), CONTRACTS, ids=[text for text, _ in CONTRACTS])
def test_contract_in_any_order_is_read(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


@pytest.mark.parametrize("text", NO_SUCH_DAY)
def test_expiry_on_no_day_is_left_out_and_never_a_price(text: str) -> None:
    assert fields(text) == contract("BTO", 2, None)
    assert "no_expiry" in parse_alert(text).reasons


@pytest.mark.parametrize("text", SPREADS)
def test_two_strikes_are_refused(text: str) -> None:
    assert refused_for(text) == "multi_leg"


@pytest.mark.parametrize(("text", "expected"), BUY_TO_CLOSE, ids=[text for text, _ in BUY_TO_CLOSE])
def test_leading_btc_before_a_contract_buys_to_close(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


def test_btc_behind_an_order_is_the_coin() -> None:
    text = "STC UBER @ 70, BTC is weak"

    assert fields(text) == stock("STC", 70, fraction=1)
    assert "other_symbol" in parse_alert(text).reasons


def test_premium_behind_the_right_is_no_strike() -> None:
    assert fields("BTO UBER call .95 2/20")["option"] == option(None, "C", "02-20")
    assert fields("BTO UBER call .95 2/20")["price"] == 0.95


def test_strike_label_without_a_number_is_no_contract() -> None:
    assert fields("BTO UBER @ 70, strike soon") == stock("BTO", 70)


def test_word_that_is_also_a_ticker_is_one_beside_a_contract() -> None:
    assert fields("BTO RUN 12C 3/20 @ 1")["symbol"] == "RUN"
