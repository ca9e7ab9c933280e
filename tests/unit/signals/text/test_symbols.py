"""Which instrument a written name means."""

from __future__ import annotations

import pytest

from tests.unit.signals.text.wire import coin, fields, option, refused_for, stock
from tradsy.signals.text.parser import parse_alert

NAMES = [
    ("Short DJ30 39100 sl 39300", "index", "US30"),
    ("Short Dow Jones 39100 sl 39300", "index", "US30"),
    ("Long us oil 71.20 sl 70.40", "forex", "USOIL"),
    ("BTO /ESH6 @ 5000", "future", "ES"),
    ("BTO NET-F @ 80", "future", "NET"),
    ("BTO NVIDIA @ 120", "stock", "NVIDIA"),
    ("BTO GOLD @ 18.20", "stock", "GOLD"),
    ("Long XBT 60000 sl 59000", "crypto", "XBT/USD"),
    ("Long SUI.X 3.10 sl 2.90", "crypto", "SUI/USDT"),
    ("Long SUI-PERP 3.10 sl 2.90", "crypto", "SUI/USDT"),
    ("Long SUIUSDTPERP 3.10 sl 2.90", "crypto", "SUI/USDT"),
    ("Long WRAPPEDCOIN/USDT 3.10 sl 2.90", "crypto", "WRAPPEDCOIN/USDT"),
    ("#HOLD/USDT long 3.10 sl 2.90", "crypto", "HOLD/USDT"),
    ("#ZZZ long 3.10 sl 2.90 bybit", "crypto", "ZZZ/USDT"),
    ("#ZZZ long 3.10 - 3.00 targets 3.30 3.50 sl 2.80", "crypto", "ZZZ/USDT"),
    ("#ZZZ long 3.10 sl 2.90", "stock", "ZZZ"),
    ("BTO #ZZZ @ 3.10 sl 2.90", "stock", "ZZZ"),
]
NO_NAMES = ["Long $FOO_BAR at 3", "long usd/usd at 3", "Long FooUSD 3", "Long BERKSH.B at 3", "Long SUI-A 3 sl 2"]


@pytest.mark.parametrize(("text", "asset", "symbol"), NAMES, ids=[text for text, _, _ in NAMES])
def test_name_is_the_instrument(text: str, asset: str, symbol: str) -> None:
    found = fields(text)

    assert (found["asset"], found["symbol"]) == (asset, symbol)


@pytest.mark.parametrize("text", NO_NAMES)
def test_name_that_is_no_instrument_is_refused(text: str) -> None:
    assert refused_for(text) == "no_instrument"


def test_gold_beside_a_contract_is_the_share() -> None:
    found = fields("BTO GOLD 20C 2/20 @ 1.10")

    assert (found["asset"], found["symbol"], found["option"]) == ("option", "GOLD", option(20, "C", "02-20"))


@pytest.mark.parametrize(
    "text", ["Coin pair: SUI/USDT\nDirection: long\nEntry: 3.10\nSL: 2.90", "Coin SUIUSDT long 3.10 sl 2.90"]
)
def test_label_before_the_name_is_passed(text: str) -> None:
    assert fields(text) == coin("BTO", 3.1, stop=2.9)


def test_second_named_instrument_is_doubted() -> None:
    text = "Long EURUSD 1.0850 sl 1.08\nEURUSD looks strong\nGBPUSD quiet"

    assert fields(text)["symbol"] == "EURUSD"
    assert "other_symbol" in parse_alert(text).reasons


@pytest.mark.parametrize("second", ["GBPUSD short 1.25", "TSLA short 240"])
def test_second_alert_on_a_line_of_its_own_is_cut_off(second: str) -> None:
    text = f"Long EURUSD 1.0850\nsl 1.08\n{second}"
    found = fields(text)

    assert (found["action"], found["symbol"], found["price"], found["stop"]) == ("BTO", "EURUSD", 1.085, 1.08)
    assert "multiple_alerts" in parse_alert(text).reasons


@pytest.mark.parametrize(("text", "stop"), [("Move stop on UBER to 68", 68), ("Stop on UBER to BE", "breakeven")])
def test_moved_stop_names_its_position(text: str, stop: float | str) -> None:
    assert fields(text) == stock("UPDATE", stop=stop)
