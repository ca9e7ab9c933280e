"""Entries, stops and targets as people write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.signals.text.wire import coin, contract, fields, intent, pair, refused_for, stock
from tradsy.signals.text.model import Level, LevelUnit, OrderHint
from tradsy.signals.text.parser import parse_alert

TARGETS: list[tuple[str, dict[str, Any]]] = [
    ("BTO UBER @ 70 TP 1st: 75 TP 2nd: 80", stock("BTO", 70, targets=[75, 80])),
    ("BTO UBER 70C 2/20 @ 2 T1 3.50 T2 4.20", contract("BTO", 2, targets=[3.5, 4.2])),
    ("BTO UBER 70C 2/20 @ 2 PT 20/40/60%", contract("BTO", 2, targets=["20%", "40%", "60%"])),
    ("BTO UBER @ 70 tp $75, $80", stock("BTO", 70, targets=[75, 80])),
    ("BTO UBER @ 70 tp 75 and 80", stock("BTO", 70, targets=[75, 80])),
    ("BTO UBER @ 70 tp 75 +5% 80 +9%", stock("BTO", 70, targets=[75, 80])),
    ("BTO UBER @ 70 tp 75 ((see chart)) 80", stock("BTO", 70, targets=[75, 80])),
    ("BTO UBER @ 70 stop 68 limit 75", stock("BTO", 70, stop=68, targets=[75])),
    ("BTO $UBER 📍 $70 🛑 68 🎯 75 📈", stock("BTO", 70, stop=68, targets=[75])),
    ("BTO UBER @ 70 for trim at 75", stock("BTO", 70, targets=[75])),
    ("BTO UBER @ 70 scale 1/2 at 75", stock("BTO", 70, targets=[75])),
    ("SUIUSDT long 3.10 sl 2.90\nexit: 3.30, 3.50", coin("BTO", 3.1, stop=2.9, targets=[3.3, 3.5])),
    ("Buy SUIUSDT 3.10 sl 2.90\nsell: 3.30 3.50", coin("BTO", 3.1, stop=2.9, targets=[3.3, 3.5])),
]
NO_TARGETS: list[tuple[str, list[float]]] = [
    ("BTO UBER @ 70 tp 75\n5 more reasons", [75]),
    ("BTO UBER @ 70 tp 75, 9", [75]),
    ("BTO UBER @ 70 tp 75 (a level that we spoke of at some length today, so 80", [75]),
    ("BTO UBER @ 70 sl 68 tp 75 (sl 66)", [75]),
    ("BTO UBER @ 70 -2 from the high", []),
]
HITS: list[tuple[str, list[float]]] = [
    ("EURUSD sell 1.0850 sl 1.0890 tp 1.0800\njust hit TP1", [1.08]),
    ("EURUSD sell 1.0850 sl 1.0890\nTP1 ✅\nTP2 1.0750", [1.075]),
    ("EURUSD sell 1.0850 sl 1.0890 tp 1.0800 hit", []),
    ("EURUSD sell 1.0850 sl 1.0890 tp hit", []),
    ("EURUSD sell 1.0850 sl 1.0890 TP 1 hit", []),
    ("EURUSD sell 1.0850 sl 1.0890 tp 1.0800\nstop loss was taken", [1.08]),
]
PRICES: list[tuple[str, dict[str, Any]]] = [
    ("BTO UBER @ 48 .50", stock("BTO", 48.5)),
    ("BTO UBER 45 may run", stock("BTO", 45)),
    ("BTO UBER now\n70.20", stock("BTO", 70.2)),
    ("BTO UBER 💰 $ 70", stock("BTO", 70)),
    ("BTO UBER @ 70, average later", stock("BTO", 70)),
    ("BTO UBER @ 70 add at 68", stock("BTO", 70)),
    ("BTC long 60 000 sl 58000", coin("BTO", 60000, "BTC/USDT", stop=58000)),
    ("SUIUSDT long entry 3.10 @ 3.05 sl 2.90", coin("BTO", 3.1, stop=2.9)),
    ("SUIUSDT long 3.10 sl -2.90", coin("BTO", 3.1, stop=2.9)),
    ("Buy 0.9120 AUDCAD sl 0.9080", pair("BTO", "AUDCAD", 0.912, stop=0.908)),
]
ZONES = [
    ("EURUSD buy 1.0850 -1.0840 sl 1.08", "1.0840", "1.0850"),
    ("CHF JPY buy 171.5/172 sl 170", "171.5", "172"),
    ("BTO UBER 70 / $71", "70", "71"),
]
NO_PRICE = ["BTO UBER at 50%", "BTO UBER at 3/20", "BTO UBER @\n70", "SUIUSDT long\nEntry: asap\nSL 2.80\nTP 3.5"]


@pytest.mark.parametrize(("text", "expected"), TARGETS, ids=[text for text, _ in TARGETS])
def test_targets_are_read_as_listed(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


@pytest.mark.parametrize(("text", "targets"), NO_TARGETS, ids=[text for text, _ in NO_TARGETS])
def test_number_behind_the_levels_is_no_further_target(text: str, targets: list[float]) -> None:
    found = fields(text)

    assert found["price"] == 70
    assert found.get("targets", []) == targets


@pytest.mark.parametrize(("text", "targets"), HITS, ids=[text for text, _ in HITS])
def test_level_reported_as_reached_is_doubted(text: str, targets: list[float]) -> None:
    found = fields(text)

    assert (found["action"], found["price"], found["stop"]) == ("STO", 1.085, 1.089)
    assert found.get("targets", []) == targets
    assert "result_named" in parse_alert(text).reasons


@pytest.mark.parametrize(("text", "expected"), PRICES, ids=[text for text, _ in PRICES])
def test_entry_price_is_read(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


@pytest.mark.parametrize(("text", "low", "high"), ZONES, ids=[text for text, _, _ in ZONES])
def test_two_joined_prices_are_the_entry_zone(text: str, low: str, high: str) -> None:
    assert intent(text).entry_zone == (Decimal(low), Decimal(high))


@pytest.mark.parametrize("text", NO_PRICE)
def test_entry_without_a_readable_price_is_refused(text: str) -> None:
    assert refused_for(text) == "no_price"


def test_contract_with_a_stop_but_no_price_is_refused() -> None:
    assert refused_for("BTO UBER 70C 2/20 SL 1") == "no_price"


@pytest.mark.parametrize("text", ["BTO UBER @ 0", "Close UBER price: -70"])
def test_price_of_zero_or_less_is_refused(text: str) -> None:
    assert refused_for(text) == "negative_price"


def test_trail_behind_a_target_is_kept() -> None:
    trailing = intent("BTO UBER 70C 2/20 @ 2 PT 90% TS 15%")
    open_ended = intent("BTO UBER 70C 2/20 @ 2 PT 3 TS later")

    assert trailing.trail_after_target == Level(Decimal(15), LevelUnit.PERCENT)
    assert open_ended.trail_after_target is None
    assert open_ended.targets == (Level(Decimal(3)),)


def test_stop_of_the_underlying_is_no_stop_of_the_contract() -> None:
    found = intent("BTO UBER 70C 2/20 @ 2 stop 68")

    assert found.stop is None
    assert found.underlying_stop == 68


def test_distance_before_a_stop_with_its_own_price_is_not_the_stop() -> None:
    assert fields("RTY short 2210, 12pt stop 2222")["stop"] == 2222


def test_misspelt_stop_label_keeps_the_stop() -> None:
    assert fields("BTO UBER @ 70 si: 68") == stock("BTO", 70, stop=68)


def test_zone_that_names_the_side_opens() -> None:
    text = "SUIUSDT buy zone: 3.10 - 3.00 sl 2.80"

    assert fields(text) == coin("BTO", 3.1, stop=2.8)
    assert intent(text).entry_zone == (Decimal("3.00"), Decimal("3.10"))


def test_verb_behind_the_entry_label_names_the_side() -> None:
    text = "SUIUSDT entry: buy limit 3.10 sl 2.90 tp 3.40"

    assert fields(text) == coin("BTO", 3.1, stop=2.9, targets=[3.4])
    assert intent(text).order is OrderHint.LIMIT


@pytest.mark.parametrize("text", ["BTO UBER at m", "BTO UBER @market"])
def test_market_word_where_the_price_stands_is_a_market_order(text: str) -> None:
    assert fields(text) == stock("BTO")
    assert intent(text).order is OrderHint.MARKET


def test_price_beyond_which_to_enter_is_a_stop_order() -> None:
    text = "Long SUIUSDT above 3.10 sl 2.90 tp 3.50"

    assert fields(text) == coin("BTO", 3.1, stop=2.9, targets=[3.5])
    assert intent(text).order is OrderHint.STOP


def test_premium_before_the_right_is_still_the_price() -> None:
    found = fields("BTO UBER @ 2 calls 2/20")

    assert found["price"] == 2
    assert found["option"] == {"strike": None, "right": "C", "expiry": "02-20"}


@pytest.mark.parametrize("text", ["Long SUIUSDT 3.10 3.00 2.90", "Long SUIUSDT 3.10 3.30 3.50"])
def test_bare_numbers_that_leave_the_stop_open_are_no_levels(text: str) -> None:
    alert = parse_alert(text)

    assert fields(text) == coin("BTO", 3.1)
    assert "no_stop" in alert.reasons


def test_market_entry_with_target_below_its_stop_is_refused() -> None:
    assert refused_for("UBER long stop 68 target 66") == "stop_on_wrong_side"
    assert fields("UBER short stop 68 target 66") == stock("STO", stop=68, targets=[66])
