"""Which action the verbs and levels ask for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.signals.text.wire import coin, contract, fields, refused_for, stock
from tradsy.signals.text.parser import parse_alert

ACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("Opened UBER at 70", stock("BTO", 70)),
    ("Entered long SUIUSDT 3.10 sl 2.90", coin("BTO", 3.1, stop=2.9)),
    ("Entered short SUIUSDT 3.10 sl 3.30", coin("STO", 3.1, stop=3.3)),
    ("Opened sell SUIUSDT 3.10", coin("STO", 3.1)),
    ("Re-entry UBER @ 70", stock("BTO", 70)),
    ("Re-entry short UBER @ 70", stock("STO", 70)),
    ("Re-entry long UBER @ 70, short LYFT later", stock("BTO", 70)),
    ("Closed long UBER @ 70, going short LYFT", stock("STC", 70, fraction=1)),
    ("Closed short UBER @ 70, going long LYFT", stock("BTC", 70, fraction=1)),
    ("Close UBER, buy at 70", stock("BTC", 70, fraction=1)),
    ("Trim SUIUSDT 3.5", coin("CLOSE", 3.5)),
    ("UBER out: 71", stock("STC", 71, fraction=1)),
    ("Sell UBER @ 70", stock("STC", 70, fraction=1)),
    ("Sell UBER @ 70 stop 72", stock("STO", 70, stop=72)),
    ("Sell UBER @ 70 target 66", stock("STO", 70, targets=[66])),
    ("BTO UBER @ 70, cancel LYFT", stock("BTO", 70)),
]
MOVES: list[tuple[str, dict[str, Any]]] = [
    ("Modify UBER SL 68", stock("UPDATE", stop=68)),
    ("Long UBER, move stop to 68", stock("UPDATE", stop=68)),
    ("SUIUSDT sl 2.80 tp 3.50 for taking profits", coin("UPDATE", stop=2.8, targets=[3.5])),
    ("Moved stop on $UBER to be", stock("UPDATE", stop="breakeven")),
]
INFERRED: list[tuple[str, dict[str, Any]]] = [
    ("ADAUSDT entry 0.50 SL 0.55 TP 0.45", coin("STO", 0.5, "ADA/USDT", stop=0.55, targets=[0.45])),
    ("$UBER bullish, entry 70 stop 68", stock("BTO", 70, stop=68)),
    ("$UBER bearish entry 70 target 66", stock("STO", 70, targets=[66])),
]


@pytest.mark.parametrize(("text", "expected"), ACTIONS, ids=[text for text, _ in ACTIONS])
def test_verb_decides_the_action(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


@pytest.mark.parametrize(("text", "expected"), MOVES, ids=[text for text, _ in MOVES])
def test_moved_level_updates_the_position(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


@pytest.mark.parametrize(("text", "expected"), INFERRED, ids=[text for text, _ in INFERRED])
def test_side_without_a_verb_follows_and_is_doubted(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected
    assert "side_inferred" in parse_alert(text).reasons


def test_levels_that_tell_no_side_ask_for_nothing() -> None:
    assert refused_for("UBER entry 70 sl 68 tp 50%") == "no_action"


@pytest.mark.parametrize("text", ["Raise stop UBER 70C 2.90", "Raise stop on UBER 70C @ 2.90"])
def test_moved_stop_apart_from_its_label_is_read(text: str) -> None:
    found = fields(text)

    assert (found["action"], found["symbol"], found["stop"]) == ("UPDATE", "UBER", 2.9)
    assert "price" not in found


def test_moved_stop_beside_an_entry_is_the_stop_of_the_entry() -> None:
    assert fields("Long UBER @ 70, move stop to 68") == stock("BTO", 70, stop=68)


def test_stop_moved_nowhere_asks_for_nothing() -> None:
    assert refused_for("Moving stop up") == "no_action"


def test_cancelling_all_orders_names_everything() -> None:
    assert fields("cancel all orders") == {"action": "CANCEL", "symbol": "ALL"}


def test_all_beside_other_words_does_not_close_everything() -> None:
    assert fields("all good, closed") == {"action": "CLOSE", "fraction": 1}


def test_price_of_a_bare_contract_is_an_entry() -> None:
    assert fields("$UBER 70C 2/20 $2.1") == contract("BTO", 2.1)
