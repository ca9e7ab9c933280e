from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradsy.domain.instruments import AssetClass
from tradsy.domain.orders import OrderType, TimeInForce
from tradsy.follows.model import Action, LevelUnit, PriceLevel, QuantityUnit, StopLevel, TradeIntent
from tradsy.signals.alerts import resolve_expiry, to_trade_intent
from tradsy.signals.errors import Unreadable
from tradsy.signals.text import model as text

D = Decimal
FRIDAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 17, tzinfo=UTC)
LATE = datetime(2026, 11, 21, 3, tzinfo=UTC)
"""Still Friday evening in New York."""


def convert(action: text.Action = text.Action.BTO, at: datetime = AT, **fields: Any) -> tuple[TradeIntent, str]:
    named: dict[str, Any] = {"symbol": "AAPL", **fields}
    return to_trade_intent(text.AlertIntent(action, **named), at)


def terms(expiry: str | None = "12-18", strike: str | None = "190", right: str | None = "C") -> text.OptionTerms:
    return text.OptionTerms(None if strike is None else D(strike), right, expiry)


@pytest.mark.parametrize(
    ("action", "fields", "wanted"),
    [
        (text.Action.BTO, {}, Action.OPEN_LONG),
        (text.Action.STO, {}, Action.OPEN_SHORT),
        (text.Action.STC, {}, Action.CLOSE_LONG),
        (text.Action.BTC, {}, Action.CLOSE_SHORT),
        (text.Action.CLOSE, {}, Action.CLOSE),
        (text.Action.CLOSE, {"fraction": D(1)}, Action.CLOSE),
        (text.Action.CLOSE, {"fraction": D("0.5")}, Action.REDUCE),
        (text.Action.CLOSE, {"qty": D(2)}, Action.REDUCE),
        (text.Action.CANCEL, {}, Action.CANCEL),
        (text.Action.UPDATE, {}, Action.UPDATE),
    ],
)
def test_actions(action: text.Action, fields: dict[str, Any], wanted: Action):
    assert convert(action, **fields)[0].action is wanted


@pytest.mark.parametrize(
    ("symbol", "asset", "wanted"),
    [
        ("AAPL", text.AssetClass.STOCK, "AAPL"),
        ("BRK.B", None, "BRK.B"),
        ("BTC", text.AssetClass.CRYPTO, "BTC/USD"),
        ("BTC/USDT", text.AssetClass.CRYPTO, "BTC/USDT"),
        ("BTCUSDT", text.AssetClass.CRYPTO, "BTC/USDT"),
        ("EURUSD", text.AssetClass.FOREX, "EURUSD"),
        ("XAUUSD", text.AssetClass.FOREX, "XAUUSD"),
        ("ES", text.AssetClass.FUTURE, "ES1!"),
        ("ESZ26", text.AssetClass.FUTURE, "ESZ26"),
        ("6E", text.AssetClass.FUTURE, "6E1!"),
    ],
)
def test_symbols(symbol: str, asset: text.AssetClass | None, wanted: str):
    assert convert(symbol=symbol, asset=asset)[0].symbol == wanted


@pytest.mark.parametrize(
    ("root", "option", "wanted"),
    [
        ("AAPL", terms(), "AAPL261218C00190000"),
        ("AAPL", terms("2027-01-15", "187.5", "P"), "AAPL270115P00187500"),
        ("SPX", terms("0DTE", "6000"), "SPXW261120C06000000"),
        ("TSLA", terms("weekly"), "TSLA261120C00190000"),
        ("TSLA", terms("next_week"), "TSLA261127C00190000"),
        ("TSLA", terms("11-19"), "TSLA271119C00190000"),
        ("BRK.B", terms(), "BRKB261218C00190000"),
    ],
)
def test_option_symbols(root: str, option: text.OptionTerms, wanted: str):
    intent, hold = convert(symbol=root, asset=text.AssetClass.OPTION, option=option)
    assert (intent.symbol, hold, intent.asset_class) == (wanted, "", AssetClass.OPTION)


@pytest.mark.parametrize(
    ("fields", "hold"),
    [
        ({"symbol": None}, "symbol_missing"),
        ({"symbol": "ALL"}, "all_positions"),
        ({"option": terms(None)}, "option_expiry_missing"),
        ({"option": terms("13-45")}, "option_expiry_missing"),
        ({"option": terms(strike=None)}, "option_terms_missing"),
        ({"option": terms(right=None)}, "option_terms_missing"),
        ({"asset": text.AssetClass.OPTION}, "option_terms_missing"),
        ({"option": terms("2025-01-17")}, "option_expired"),
        ({"stop": text.Level(D(1), text.LevelUnit.RISK)}, "stop_unclear"),
        ({"underlying_stop": D(180)}, "levels_on_underlying"),
        ({"underlying_target": D(180)}, "levels_on_underlying"),
    ],
)
def test_what_is_missing_waits_for_a_person(fields: dict[str, Any], hold: str):
    assert convert(**fields)[1] == hold


def test_a_trim_without_size_waits():
    assert convert(text.Action.STC, partial=True)[1] == "partial_size_missing"
    assert convert(text.Action.STC, partial=True, fraction=D("0.5"))[1] == ""
    assert convert(text.Action.STC, partial=True, qty=D(1))[1] == ""


def test_an_asset_stays_known_without_its_symbol():
    assert convert(asset=text.AssetClass.OPTION)[0].asset_class is AssetClass.OPTION
    assert convert(symbol=None)[0].asset_class is None


@pytest.mark.parametrize("symbol", ["US30", "SPX500", "!!!"])
def test_unknown_instrument_is_unreadable(symbol: str):
    with pytest.raises(Unreadable) as caught:
        convert(symbol=symbol, asset=text.AssetClass.INDEX)
    assert caught.value.code == "unknown_symbol"


def test_a_strike_that_fits_no_contract_is_unreadable():
    with pytest.raises(Unreadable):
        convert(option=terms(strike="190.12345"))


@pytest.mark.parametrize(
    ("action", "fields", "wanted"),
    [
        (text.Action.BTO, {}, (OrderType.MARKET, None, None)),
        (text.Action.BTO, {"price": D(5)}, (OrderType.LIMIT, D(5), None)),
        (text.Action.BTO, {"price": D(5), "order": text.OrderHint.MARKET}, (OrderType.MARKET, None, None)),
        (text.Action.BTO, {"price": D(5), "order": text.OrderHint.STOP}, (OrderType.STOP, None, D(5))),
        (text.Action.BTO, {"price": D(5), "entry_zone": (D(4), D(6))}, (OrderType.LIMIT, D(6), None)),
        (text.Action.STO, {"price": D(5), "entry_zone": (D(4), D(6))}, (OrderType.LIMIT, D(4), None)),
        (text.Action.STC, {"price": D(5)}, (OrderType.MARKET, None, None)),
        (text.Action.STC, {"price": D(5), "order": text.OrderHint.LIMIT}, (OrderType.LIMIT, D(5), None)),
    ],
)
def test_entry_prices(action: text.Action, fields: dict[str, Any], wanted: tuple[Any, ...]):
    intent, _ = convert(action, **fields)
    assert (intent.order_type, intent.limit_price, intent.stop_price) == wanted
    assert intent.signal_price == fields.get("price")


def test_levels_and_sizes():
    intent, hold = convert(
        qty=D(3),
        stop=text.Level(D(50), text.LevelUnit.PERCENT),
        targets=(text.Level(D(200)), text.Level(D(2), text.LevelUnit.RISK), text.BREAKEVEN),
    )
    assert hold == ""
    assert (intent.quantity, intent.quantity_unit, intent.fraction) == (D(3), QuantityUnit.UNITS, None)
    assert intent.stop_loss == StopLevel(D(50), LevelUnit.PERCENT)
    assert intent.take_profits == (PriceLevel(D(200)), PriceLevel(D(2), LevelUnit.RISK))
    assert intent.time_in_force is TimeInForce.DAY
    breakeven, _ = convert(text.Action.UPDATE, stop=text.BREAKEVEN)
    assert breakeven.stop_loss == StopLevel(D(0), LevelUnit.BREAKEVEN)
    assert convert(symbol="BTC", asset=text.AssetClass.CRYPTO)[0].time_in_force is TimeInForce.GTC
    assert convert(text.Action.STC, fraction=D("0.5"))[0].fraction == D("0.5")


@pytest.mark.parametrize(
    ("expiry", "today", "wanted"),
    [
        ("0DTE", FRIDAY, FRIDAY),
        ("weekly", FRIDAY, FRIDAY),
        ("weekly", date(2026, 11, 21), date(2026, 11, 27)),
        ("weekly", date(2026, 11, 23), date(2026, 11, 27)),
        ("next_week", date(2026, 11, 23), date(2026, 12, 4)),
        ("11-20", FRIDAY, FRIDAY),
        ("01-15", FRIDAY, date(2027, 1, 15)),
        ("02-29", FRIDAY, date(2028, 2, 29)),
        ("02-29", date(2096, 3, 1), date(2104, 2, 29)),
        ("2026-12-18", FRIDAY, date(2026, 12, 18)),
        ("2026-02-30", FRIDAY, None),
        ("02-30", FRIDAY, None),
        ("soon", FRIDAY, None),
        (None, FRIDAY, None),
    ],
)
def test_expiries(expiry: str | None, today: date, wanted: date | None):
    assert resolve_expiry(expiry, today) == wanted


@given(
    st.sampled_from(["0DTE", "weekly", "next_week", "03-01", "02-29", "12-31"]),
    st.dates(date(2020, 1, 1), date(2090, 1, 1)),
)
def test_an_expiry_is_never_in_the_past(expiry: str, today: date):
    found = resolve_expiry(expiry, today)
    assert found is not None
    assert found >= today


def test_the_day_is_that_of_new_york():
    assert convert(at=LATE, option=terms("0DTE"))[0].symbol == "AAPL261120C00190000"
