"""What single messages mean; every text is our own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.signals.text.wire import fields, option
from tradsy.signals.text.model import OrderHint
from tradsy.signals.text.parser import parse_alert
from tradsy.signals.text.reasons import REASONS

ALERTS: list[tuple[str, dict[str, Any]]] = [
    (
        "BTO 3 RIVN 12.5C 9/20 @ 1.15 PT 1.80 SL .70",
        {"action": "BTO", "asset": "option", "symbol": "RIVN", "qty": 3, "price": 1.15, "stop": 0.7, "targets": [1.8]}
        | {"option": option(12.5, "C", "09-20")},
    ),
    (
        "BTO HOOD 21JUN25 20p @ .95",
        {"action": "BTO", "asset": "option", "symbol": "HOOD", "price": 0.95, "option": option(20, "P", "2025-06-21")},
    ),
    (
        "bto snap 11c weekly @ 0.35",
        {"action": "BTO", "asset": "option", "symbol": "SNAP", "price": 0.35, "option": option(11, "C", "weekly")},
    ),
    (
        "BTO ROKU 60C next week @ 2.2",
        {"action": "BTO", "asset": "option", "symbol": "ROKU", "price": 2.2, "option": option(60, "C", "next_week")},
    ),
    (
        "BTO DKNG270115P00030000 x4 @ 2.45",
        {"action": "BTO", "asset": "option", "symbol": "DKNG", "qty": 4, "price": 2.45}
        | {"option": option(30, "P", "2027-01-15")},
    ),
    (
        "STC half ROKU 60C @ 3.1, leaving runners",
        {"action": "STC", "asset": "option", "symbol": "ROKU", "price": 3.1, "fraction": 0.5}
        | {"option": option(60, "C", None)},
    ),
    (
        "Sold 3 of 4 ROKU 60C @ 3.3 and SL to BE",
        {"action": "STC", "asset": "option", "symbol": "ROKU", "price": 3.3, "fraction": 0.75, "qty": 3}
        | {"stop": "breakeven", "option": option(60, "C", None)},
    ),
    (
        "BTC UBER @ 70.10",
        {"action": "BTC", "asset": "stock", "symbol": "UBER", "price": 70.1, "fraction": 1},
    ),
    ("STC WFC trim @ 61", {"action": "STC", "asset": "stock", "symbol": "WFC", "price": 61}),
    ("BTO NET-S @ market", {"action": "BTO", "asset": "stock", "symbol": "NET"}),
    ("BTO ALL @ 171.2", {"action": "BTO", "asset": "stock", "symbol": "ALL", "price": 171.2}),
    ("BF.B short @ 48.2 stop 50", {"action": "STO", "asset": "stock", "symbol": "BF.B", "price": 48.2, "stop": 50}),
    (
        "AUDCAD verkaufen 0,9120 Stopp 0,9160 Ziel 0,9050",
        {"action": "STO", "asset": "forex", "symbol": "AUDCAD", "price": 0.912, "stop": 0.916, "targets": [0.905]},
    ),
    (
        "CHF JPY buy limit 171.20/10\nS.L 170.60\nT.P 1\n171.90\nT.P 2\n172.40",
        {"action": "BTO", "asset": "forex", "symbol": "CHFJPY", "price": 171.2, "stop": 170.6}
        | {"targets": [171.9, 172.4]},
    ),
    (
        "Silver sell 31.40 sl 31.95 tp 30.80, 30.20",
        {"action": "STO", "asset": "forex", "symbol": "XAGUSD", "price": 31.4, "stop": 31.95, "targets": [30.8, 30.2]},
    ),
    (
        "NZDCAD sell now 0.8310 sl 30 pips tp 20-40-60 pips",
        {"action": "STO", "asset": "forex", "symbol": "NZDCAD", "price": 0.831, "stop": "30pips"}
        | {"targets": ["20pips", "40pips", "60pips"]},
    ),
    (
        "Nas100 long 19250\n🔻 19180\n🔹 19320\n🔹 19400",
        {
            "action": "BTO",
            "asset": "index",
            "symbol": "NAS100",
            "price": 19250,
            "stop": 19180,
            "targets": [19320, 19400],
        },
    ),
    (
        "#INJ/USDT шорт\nВход: 24.10 - 24.40\nТейк 1: 23.5\nТейк 2: 22.9\nСтоп: 25.2",
        {
            "action": "STO",
            "asset": "crypto",
            "symbol": "INJ/USDT",
            "price": 24.1,
            "stop": 25.2,
            "targets": [23.5, 22.9],
        },
    ),
    (
        "SHORT ATOMUSDT.P 9.10/9.35/8.60",
        {"action": "STO", "asset": "crypto", "symbol": "ATOM/USDT", "price": 9.1, "stop": 9.35, "targets": [8.6]},
    ),
    (
        "BTC long 61500 sl 60k tp 64k",
        {"action": "BTO", "asset": "crypto", "symbol": "BTC/USDT", "price": 61500, "stop": 60000, "targets": [64000]},
    ),
    (
        "Buy RLC at 1480 - 1500 sats, target 1900, stop 1350",
        {"action": "BTO", "asset": "crypto", "symbol": "RLC/BTC", "price": 1480, "stop": 1350, "targets": [1900]},
    ),
    (
        "BTO 2 NQ 06-26 @ 21010.5 SL 20980 PT 21080",
        {
            "action": "BTO",
            "asset": "future",
            "symbol": "NQ",
            "qty": 2,
            "price": 21010.5,
            "stop": 20980,
            "targets": [21080],
        },
    ),
    ("MYM! flat @ 41020", {"action": "CLOSE", "asset": "future", "symbol": "MYM", "price": 41020, "fraction": 1}),
    (
        "RTY short 2210, 12pt stop, target 2R",
        {"action": "STO", "asset": "future", "symbol": "RTY", "price": 2210, "stop": "12pts", "targets": ["2R"]},
    ),
    ("stops to breakeven", {"action": "UPDATE", "stop": "breakeven"}),
    ("New stop 44.10", {"action": "UPDATE", "stop": 44.1}),
    ("Позицию закрываем", {"action": "CLOSE", "fraction": 1}),
    ("Closed all longs", {"action": "STC", "symbol": "ALL", "fraction": 1}),
    ("Disregard the last signal", {"action": "CANCEL"}),
    (
        '{"action": "STO", "ticker": "MARA", "strike": 15, "type": "P", "exp": "2026-02-20", "price": 0.9}',
        {"action": "STO", "asset": "option", "symbol": "MARA", "price": 0.9, "option": option(15, "P", "2026-02-20")},
    ),
    (
        "BTO MU 95C 3/20 @ 4.1\nBTO INTC 30C 3/20 @ 1.2",
        {"action": "BTO", "asset": "option", "symbol": "MU", "price": 4.1, "option": option(95, "C", "03-20")},
    ),
]


@pytest.mark.parametrize(("text", "expected"), ALERTS, ids=[text[:40] for text, _ in ALERTS])
def test_alert_is_read(text: str, expected: dict[str, Any]) -> None:
    assert fields(text) == expected


REFUSALS = [
    ("hello there", "no_action"),
    ("BTO", "no_instrument"),
    ("BTO UBER", "no_price"),
    ("LONG Entry: 100 SL: 90 TP: 120", "no_instrument"),
    ("Never BTO UBER 70C @ 2", "negated"),
    ("Did you BTO UBER 70C @ 2?", "question"),
    ("I may go long UBER at 70", "intention"),
    ("Long UBER at 70 if it holds", "conditional"),
    ("Watchlist\nUBER long 70 stop 68 target 75", "watchlist"),
    ("still long UBER at 70", "holding"),
    ("Bought UBER at 70 last week", "past_report"),
    ("Recap: long UBER 70, stop 68, target 75", "recap"),
    ("BTO UBER 70C @ 2.00 now +90%", "brag"),
    ("told you to BTO, UBER 70C ran up to 3.10 from 1.20", "brag"),
    ("She bought UBER at 70", "third_party"),
    ('his words: "BTO UBER 70C 2/20 @ 2"', "quoted"),
    ("paper trading: BTO UBER 70C @ 2", "paper_trade"),
    ("example: BTO UBER 70C @ 2", "example"),
    ("STC means you sell", "explanation"),
    ("Unusual flow: UBER 70C 2/20 bought 900 @ 2", "news"),
    ("BTO UBER 70/75C 2/20 @ 2", "multi_leg"),
    ("STO HOOD condor 35/38/45/48 for 1.10", "multi_leg"),
    ("LONG ADAUSDT entry 0.50 SL 0.55 TP 0.60", "stop_on_wrong_side"),
    ("SHORT ADAUSDT entry 0.50 SL 0.55 TP 0.52", "target_on_wrong_side"),
    ("EURCHF sell 0.9500 sl 0.9540 tp 0.0940", "misplaced_decimal"),
    ("LONG ADAUSDT Entry: -0.50 SL: 0.45", "negative_price"),
    ("SOLUSDT short 142.5, qty 0, sl 145", "zero_size"),
    ("My BTO on UBER at 70", "unclear_subject"),
    ("BTO UBER 70C 2/20 @ 110", "misplaced_decimal"),
    ("$RUT IN 2210 OUT 2235, next one soon", "no_verb"),
    ("x" * 9000, "too_long"),
]

DOUBTS = [
    ("ADA-USDT entry 0.50 SL 0.45 TP 0.60", "side_inferred"),
    ("Audcad sell 0.9120\n🔻 0.9160\n🔹 0.9060", "levels_inferred"),
    ("Sell ADAUSDT @ 0.50", "side_ambiguous"),
    ("$UBER 70C 2/20 $2.1", "implied_open"),
    ("Long UBER @ 70", "natural_verb"),
    ("In UBER @ 70", "weak_verb"),
    ("BTO UBER 70C 2/20 @ 2\nBTO HOOD 40C 2/20 @ 1", "multiple_alerts"),
    ("BTO $UBER @ 70, $LYFT is next", "other_symbol"),
    ("AUDCAD buy 0.9120 tp 0.9160", "no_stop"),
    ("Move SL to BE", "no_symbol"),
    ("BTO UBER 70C @ 2", "no_expiry"),
    ("BTO UBER calls 2/20 @ 2", "no_strike"),
    ("STC UBER", "bare_symbol"),
    ("Long ADA 0.50 sl 0.45", "quote_inferred"),
    ("BTO UBER @ market", "market_order"),
    ("AUDCAD buy 0.9120 - 0.9100 sl 0.9105 tp 0.9160", "stop_inside_zone"),
    ("Trim UBER @ 70", "size_unknown"),
    ("BTO UBER @ 70 because chart looks clean, volume grows nicely, nothing hinders", "unknown_words"),
    ("BTO UBER @ 70 " + "because chart looks clean nothing hinders " * 4, "long_talk"),
    ("AUDCAD sell 0.9120 sl 0.9160 tp1 0.9100\ntp1 hit", "result_named"),
    ("BTO UBER 70C 2/20 @ 2 (edited: was 75C)", "edited"),
    ("GOLD BUY .2391/2388 SL 2381 TP 2399", "repaired_number"),
    ("STC UBER 1/2 @ 70", "fraction_or_date"),
    ("SOLUSDT shrot 142.5 sl 144 tp 139", "misspelt"),
    ("SOLUSDT long 62,047 sl 61,500 tp 63,100", "thousands_or_decimal"),
    ("Added UBER @ 70", "averaging"),
]


@pytest.mark.parametrize(("text", "code"), DOUBTS, ids=[code for _, code in DOUBTS])
def test_doubt_is_named(text: str, code: str) -> None:
    alert = parse_alert(text)

    assert alert.intent is not None
    assert code in alert.reasons


def test_every_reason_is_shown_by_a_message() -> None:
    assert {code for _, code in [*REFUSALS, *DOUBTS]} == set(REASONS)


@pytest.mark.parametrize(("text", "code"), REFUSALS, ids=[f"{code}: {text[:30]}" for text, code in REFUSALS])
def test_refused_with_its_reason(text: str, code: str) -> None:
    alert = parse_alert(text)

    assert alert.intent is None
    assert alert.confidence == 0
    assert alert.reasons == (code,)


def test_quoted_line_and_struck_text_are_not_read() -> None:
    assert parse_alert("> BTO UBER 70C 2/20 @ 2\nnice").intent is None
    assert fields("~~BTO UBER 70C 2/20 @ 2~~\nBTO UBER 75C 2/20 @ 1.1")["option"] == option(75, "C", "02-20")
    assert fields("~~BTO UBER 70C 2/20 @ 2~~ cancelled")["action"] == "CANCEL"


def test_spans_point_into_the_original_text() -> None:
    text = "🚀 **BTO** 3 RIVN １2.5C 9/20 @ 1.15 SL: 0.70"
    spans = {span.field: text[span.start : span.end] for span in parse_alert(text).spans}

    assert spans["action"] == "BTO"
    assert spans["symbol"] == "RIVN"
    assert spans["option"] == "１2.5C"
    assert spans["expiry"] == "9/20"
    assert spans["price"] == "@ 1.15"
    assert spans["stop"] == "SL: 0.70"


def test_side_information_is_kept() -> None:
    intent = parse_alert("#SUIUSDT LONG 10x\nEntry: 3.10 - 3.00\nTP: 3.3, 3.5, open\nSL 2.8\nhigh risk").intent

    assert intent is not None
    assert intent.entry_zone == (Decimal("3.00"), Decimal("3.10"))
    assert intent.leverage == 10
    assert intent.runner
    assert intent.risk == ("high risk",)


def test_added_position_and_new_average() -> None:
    intent = parse_alert("BTO SOFI @ 8.10 added, new avg 8.35").intent

    assert intent is not None
    assert intent.price == Decimal("8.10")
    assert intent.new_average == Decimal("8.35")


def test_level_of_the_underlying_is_no_target_of_the_contract() -> None:
    intent = parse_alert("BTO SPY 520C 0DTE @ 1.20 target 522").intent

    assert intent is not None
    assert intent.targets == ()
    assert intent.underlying_target == 522


def test_order_types() -> None:
    orders = {
        "EURUSD buy limit 1.0810 sl 1.0780 tp 1.0860": OrderHint.LIMIT,
        "EURUSD buy stop 1.0860 sl 1.0830 tp 1.0910": OrderHint.STOP,
        "BTO NET @ cmp": OrderHint.MARKET,
    }
    for text, order in orders.items():
        intent = parse_alert(text).intent
        assert intent is not None
        assert intent.order is order


def test_doubt_lowers_confidence() -> None:
    sure = parse_alert("BTO NET 80C 3/20 @ 2.1").confidence
    no_expiry = parse_alert("BTO NET 80C @ 2.1").confidence
    implied = parse_alert("$NET 80C 3/20 $2.1").confidence

    assert sure > no_expiry > 0.8 > implied > 0
