"""Where a verb is talk and where it is an order after all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.signals.text.wire import fields, refused_for, stock
from tradsy.signals.text.parser import parse_alert

TALK = [
    ("Long UBER @ 70?", "question"),
    ("Long UBER @ 70 and still there", "holding"),
    ("UBER long 70 stop 68 still running", "holding"),
    ("Long UBER @ 70 tomorrow maybe", "intention"),
    ("Long = you buy first", "explanation"),
    ("Long UBER above 70", "conditional"),
    ("Long UBER @ 70 over 71", "conditional"),
    ("Long UBER at 70 once volume shows", "conditional"),
    ("the chart in UBER @ 70", "unclear_subject"),
    ("trust the buy UBER at 70", "unclear_subject"),
    ("Carl sold UBER at 70", "unclear_subject"),
    ("Move the stop for those who hold apples pears grapes melons kiwis plums dates figs to 68", "unclear_subject"),
    ("Citi moves UBER stop to 68", "news"),
    ("Back in 2021 we bought UBER at 45", "past_report"),
    ("Bought UBER from friends", "no_price"),
]
BRAGS = [
    "UBER from 60 to 72, bought",
    "Bought UBER from 60 - 72, ran well",
    "Bought UBER up from 60",
    "Long UBER at 70 up 10%",
    "Long UBER +5",
    "Long UBER 70 > 75",
    "Long EURUSD 1.0850 to 1.0900",
    "Long EURUSD 1.0850 down 20 pips",
    "Long EURUSD 1.0850 hit",
    "EURUSD sell 1.0850 closed manually",
    "BTO UBER @ 70, a bagger",
]
ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("After the open BTO UBER @ 70", stock("BTO", 70)),
    ("Tip: BTO UBER @ 70", stock("BTO", 70)),
    ("Long UBER @ 70 after the open", stock("BTO", 70)),
    ("Long UBER at 70, might add at 65", stock("BTO", 70)),
    ("BTO UBER from 60 now", stock("BTO", 60)),
    ("BTO UBER @ 70, away from home", stock("BTO", 70)),
]


@pytest.mark.parametrize(("text", "code"), TALK, ids=[text for text, _ in TALK])
def test_talk_around_the_verb_is_refused(text: str, code: str) -> None:
    assert refused_for(text) == code


@pytest.mark.parametrize("text", BRAGS)
def test_result_shown_off_is_refused(text: str) -> None:
    assert refused_for(text) == "brag"


@pytest.mark.parametrize(("text", "expected"), ORDERS, ids=[text for text, _ in ORDERS])
def test_order_beside_a_word_of_talk_is_taken(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


def test_edit_noted_twice_is_doubted_once() -> None:
    assert parse_alert("(edit: price) BTO UBER @ 70 edited").reasons.count("edited") == 1
