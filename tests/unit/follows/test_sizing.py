from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from tradsy.domain.instruments import AssetClass, Instrument
from tradsy.domain.money import is_multiple
from tradsy.domain.orders import Side
from tradsy.follows.errors import SizingRefused
from tradsy.follows.model import (
    Action,
    ExitPolicy,
    LevelUnit,
    PriceLevel,
    QuantityUnit,
    SizingMode,
    StopLevel,
    TradeIntent,
)
from tradsy.follows.sizing import (
    effective_exits,
    pip_size,
    point_size,
    resolve_levels,
    resolve_stop,
    size_entry,
    size_exit,
)

D = Decimal
AAPL = Instrument("AAPL", AssetClass.STOCK)
BTC = Instrument(
    "BTC/USD",
    AssetClass.CRYPTO,
    lot_size=D("0.0001"),
    min_quantity=D("0.0001"),
    min_notional=D(10),
    calendar="24/7",
)
OPTION = Instrument("AAPL270115C00190000", AssetClass.OPTION, multiplier=D(100))
ES = Instrument("ESZ26", AssetClass.FUTURE, tick_size=D("0.25"), multiplier=D(50))
EURUSD = Instrument("EURUSD", AssetClass.FOREX, tick_size=D("0.00001"), lot_size=D(1000), min_quantity=D(1000))
LONG = TradeIntent(Action.OPEN_LONG, "AAPL")


def size(
    mode: SizingMode,
    value: str,
    *,
    intent: TradeIntent = LONG,
    equity: str = "10000",
    price: str = "100",
    stop: str | None = None,
    instrument: Instrument = AAPL,
) -> Decimal:
    return size_entry(
        intent,
        mode,
        D(value),
        equity=D(equity),
        price=D(price),
        stop_price=None if stop is None else D(stop),
        instrument=instrument,
    )


def own(quantity: str, unit: QuantityUnit | None) -> TradeIntent:
    return replace(LONG, quantity=D(quantity), quantity_unit=unit)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (size(SizingMode.FIXED_QUANTITY, "7.9"), "7"),
        (size(SizingMode.FIXED_QUANTITY, "0.12345", instrument=BTC), "0.1234"),
        (size(SizingMode.FIXED_CASH, "1050"), "10"),
        (size(SizingMode.FIXED_CASH, "1050", price="3", instrument=OPTION), "3"),
        (size(SizingMode.PERCENT_EQUITY, "5"), "5"),
        (size(SizingMode.PERCENT_EQUITY, "50", equity="500000", price="5000", instrument=ES), "1"),
        (size(SizingMode.RISK_TO_STOP, "1", stop="98"), "50"),
        (size(SizingMode.RISK_TO_STOP, "1", stop="102"), "50"),
        (size(SizingMode.RISK_TO_STOP, "1", price="5000", stop="4999", instrument=ES), "2"),
        (size(SizingMode.MULTIPLIER, "0.5", intent=own("20", QuantityUnit.UNITS)), "10"),
        (size(SizingMode.MULTIPLIER, "2", intent=own("20", None)), "40"),
        (size(SizingMode.MULTIPLIER, "2", intent=own("1000", QuantityUnit.CASH)), "20"),
        (size(SizingMode.MULTIPLIER, "1", intent=own("10", QuantityUnit.PERCENT_EQUITY)), "10"),
        (size(SizingMode.MULTIPLIER, "1", intent=own("100", QuantityUnit.RISK_CASH), stop="95"), "20"),
        (size(SizingMode.MULTIPLIER, "1", intent=own("1", QuantityUnit.RISK_PERCENT), stop="95"), "20"),
    ],
)
def test_size_of_each_mode(got: Decimal, wanted: str):
    assert got == D(wanted)


@pytest.mark.parametrize(
    ("reason", "arguments"),
    [
        ("SIZE_PRICE_UNKNOWN", {"mode": SizingMode.FIXED_QUANTITY, "value": "1", "price": "0"}),
        ("SIZE_NO_SIGNAL_QUANTITY", {"mode": SizingMode.MULTIPLIER, "value": "1"}),
        (
            "SIZE_NO_POSITION",
            {"mode": SizingMode.MULTIPLIER, "value": "1", "intent": own("50", QuantityUnit.PERCENT_POSITION)},
        ),
        ("SIZE_NO_EQUITY", {"mode": SizingMode.PERCENT_EQUITY, "value": "5", "equity": "0"}),
        ("SIZE_NO_STOP", {"mode": SizingMode.RISK_TO_STOP, "value": "1"}),
        ("SIZE_STOP_TOO_NEAR", {"mode": SizingMode.RISK_TO_STOP, "value": "1", "stop": "100.005"}),
        ("SIZE_BELOW_MIN_QUANTITY", {"mode": SizingMode.FIXED_CASH, "value": "99"}),
        (
            "SIZE_BELOW_MIN_NOTIONAL",
            {"mode": SizingMode.FIXED_QUANTITY, "value": "0.0001", "instrument": BTC, "price": "50000"},
        ),
    ],
)
def test_size_is_refused_with_its_numbers(reason: str, arguments: dict[str, object]):
    with pytest.raises(SizingRefused) as caught:
        size(**arguments)  # pyright: ignore[reportArgumentType] - a table of mixed arguments
    assert caught.value.reason == reason
    assert caught.value.context["reason"] == reason


def test_refusal_carries_what_was_found_and_what_was_needed():
    with pytest.raises(SizingRefused) as caught:
        size(SizingMode.FIXED_QUANTITY, "0.4")
    assert caught.value.context == {"reason": "SIZE_BELOW_MIN_QUANTITY", "quantity": "0", "min_quantity": "1"}


cash = st.decimals(min_value="1", max_value="1000000", places=2)
prices = st.decimals(min_value="0.05", max_value="5000", places=2)


@given(cash, prices, st.sampled_from([AAPL, BTC, OPTION]))
def test_cash_size_never_costs_more_than_asked(value: Decimal, price: Decimal, instrument: Instrument):
    try:
        quantity = size_entry(
            LONG,
            SizingMode.FIXED_CASH,
            value,
            equity=D(1),
            price=price,
            stop_price=None,
            instrument=instrument,
        )
    except SizingRefused:
        step = max(instrument.min_quantity, instrument.lot_size)
        assert value < max(instrument.notional(step, price), instrument.min_notional + instrument.notional(step, price))
        return
    assert is_multiple(quantity, instrument.lot_size)
    assert instrument.notional(quantity, price) <= value
    assert instrument.notional(quantity + instrument.lot_size, price) > value


@given(st.decimals(min_value="0.1", max_value="5", places=1), cash, prices, prices)
def test_risk_size_never_loses_more_than_asked(percent: Decimal, equity: Decimal, price: Decimal, stop: Decimal):
    assume(price != stop)
    try:
        quantity = size_entry(
            LONG, SizingMode.RISK_TO_STOP, percent, equity=equity, price=price, stop_price=stop, instrument=AAPL
        )
    except SizingRefused as refused:
        refusal = refused.reason
        quantity = D(0)
    else:
        refusal = ""
    assert refusal in {"", "SIZE_BELOW_MIN_QUANTITY"}
    assert quantity * abs(price - stop) <= equity * percent / 100


def leave(*, held: str = "100", share: str = "1", price: str = "100", instrument: Instrument = AAPL, **changes: object):
    intent = replace(TradeIntent(Action.REDUCE, "AAPL"), **changes)
    return size_exit(intent, held=D(held), own_share=D(share), price=D(price), instrument=instrument)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (leave(), "100"),
        (leave(fraction=D("0.25")), "25"),
        (leave(fraction=D(1), held="100.5"), "100.5"),
        (leave(fraction=D("0.5"), held="1"), "1"),
        (leave(fraction=D("0.33"), held="10"), "3"),
        (leave(quantity=D(30), quantity_unit=QuantityUnit.UNITS), "30"),
        (leave(quantity=D(30)), "30"),
        (leave(quantity=D(30), share="0.5"), "15"),
        (leave(quantity=D(300)), "100"),
        (leave(quantity=D(40), quantity_unit=QuantityUnit.PERCENT_POSITION), "40"),
        (leave(quantity=D(1000), quantity_unit=QuantityUnit.CASH), "10"),
    ],
)
def test_exit_size(got: Decimal, wanted: str):
    assert got == D(wanted)


@pytest.mark.parametrize("unit", [QuantityUnit.PERCENT_EQUITY, QuantityUnit.RISK_CASH, QuantityUnit.RISK_PERCENT])
def test_exit_cannot_be_measured_by_equity_or_risk(unit: QuantityUnit):
    with pytest.raises(SizingRefused) as caught:
        leave(quantity=D(1), quantity_unit=unit)
    assert caught.value.reason == "SIZE_EXIT_UNIT"


@given(
    st.integers(1, 10_000).map(lambda n: n * BTC.lot_size),
    st.decimals(min_value="0.01", max_value="1", places=2),
)
def test_exit_never_exceeds_what_is_held(held: Decimal, fraction: Decimal):
    got = leave(held=str(held), fraction=fraction, instrument=BTC)
    assert D(0) < got <= held


def level(value: str, unit: LevelUnit = LevelUnit.PRICE) -> PriceLevel:
    return PriceLevel(D(value), unit)


def stop_at(value: str, unit: LevelUnit = LevelUnit.PRICE, *, trailing: bool = False) -> StopLevel:
    return StopLevel(D(value), unit, trailing=trailing)


@pytest.mark.parametrize(
    ("stop", "side", "instrument", "entry", "wanted"),
    [
        (stop_at("95"), Side.BUY, AAPL, "100", "95"),
        (stop_at("105"), Side.SELL, AAPL, "100", "105"),
        (stop_at("5", LevelUnit.PERCENT), Side.BUY, AAPL, "100", "95"),
        (stop_at("50", LevelUnit.PERCENT), Side.BUY, OPTION, "3.05", "1.52"),
        (stop_at("2.5", LevelUnit.AMOUNT), Side.SELL, AAPL, "100", "102.5"),
        (stop_at("30", LevelUnit.PIPS), Side.BUY, EURUSD, "1.10000", "1.09700"),
        (stop_at("30", LevelUnit.POINTS), Side.BUY, EURUSD, "1.10000", "1.09970"),
        (stop_at("15", LevelUnit.POINTS), Side.SELL, ES, "5000", "5015"),
        (stop_at("0", LevelUnit.BREAKEVEN), Side.BUY, AAPL, "100.004", "100"),
        (stop_at("2", LevelUnit.AMOUNT, trailing=True), Side.BUY, AAPL, "100", "98"),
        (stop_at("2", LevelUnit.PRICE, trailing=True), Side.SELL, AAPL, "100", "102"),
        (None, Side.BUY, AAPL, "100", None),
    ],
)
def test_stop_price(stop: StopLevel | None, side: Side, instrument: Instrument, entry: str, wanted: str | None):
    got = resolve_stop(stop, entry_price=D(entry), side=side, instrument=instrument)
    assert got == (None if wanted is None else D(wanted))


@pytest.mark.parametrize(
    ("stop", "side"),
    [
        (stop_at("105"), Side.BUY),
        (stop_at("100"), Side.BUY),
        (stop_at("95"), Side.SELL),
        (stop_at("100", LevelUnit.PERCENT), Side.BUY),
        (stop_at("120", LevelUnit.AMOUNT), Side.BUY),
    ],
)
def test_stop_on_the_wrong_side_is_refused(stop: StopLevel, side: Side):
    with pytest.raises(SizingRefused) as caught:
        resolve_stop(stop, entry_price=D(100), side=side, instrument=AAPL)
    assert caught.value.reason == "STOP_WRONG_SIDE"


def test_targets_are_nearest_first_and_once_each():
    targets = (level("10", LevelUnit.PERCENT), level("105"), level("2", LevelUnit.RISK), level("110"))
    got = resolve_levels(stop_at("95"), targets, entry_price=D(100), side=Side.BUY, instrument=AAPL)
    assert got == (D(95), (D(105), D(110)))
    down = (level("90"), level("5", LevelUnit.AMOUNT))
    assert resolve_levels(None, down, entry_price=D(100), side=Side.SELL, instrument=AAPL) == (None, (D(95), D(90)))


@pytest.mark.parametrize(
    ("target", "side", "reason"),
    [
        (level("95"), Side.BUY, "TARGET_WRONG_SIDE"),
        (level("105"), Side.SELL, "TARGET_WRONG_SIDE"),
        (level("100", LevelUnit.PERCENT), Side.SELL, "TARGET_WRONG_SIDE"),
        (level("2", LevelUnit.RISK), Side.BUY, "TARGET_NEEDS_STOP"),
        (level("0", LevelUnit.BREAKEVEN), Side.BUY, "TARGET_WRONG_SIDE"),
    ],
)
def test_impossible_target_is_refused(target: PriceLevel, side: Side, reason: str):
    with pytest.raises(SizingRefused) as caught:
        resolve_levels(None, (target,), entry_price=D(100), side=side, instrument=AAPL)
    assert caught.value.reason == reason


distances = st.builds(
    PriceLevel,
    st.decimals(min_value="0.01", max_value="90", places=2),
    st.sampled_from([LevelUnit.PERCENT, LevelUnit.AMOUNT, LevelUnit.PIPS, LevelUnit.POINTS, LevelUnit.RISK]),
)


@given(
    st.sampled_from(Side),
    st.decimals(min_value="1", max_value="5000", places=2),
    st.decimals(min_value="0.1", max_value="90", places=1),
    st.lists(distances, max_size=4).map(tuple),
    st.sampled_from([AAPL, ES, EURUSD]),
)
def test_levels_stand_on_the_grid_and_on_their_sides(
    side: Side, entry: Decimal, percent: Decimal, targets: tuple[PriceLevel, ...], instrument: Instrument
):
    stop = StopLevel(percent, LevelUnit.PERCENT)
    try:
        stop_price, prices = resolve_levels(stop, targets, entry_price=entry, side=side, instrument=instrument)
    except SizingRefused as refused:
        event(refused.reason)
        stop_price, prices, refusal = None, (), refused.reason
    else:
        refusal = ""
    # Only rounding a tiny distance away, or a target of a short below zero, can be impossible here.
    assert refusal in {"", "STOP_WRONG_SIDE", "TARGET_WRONG_SIDE"}
    if stop_price is None:
        return
    assert (entry - stop_price) * side.sign > 0
    for price in (stop_price, *prices):
        assert price > 0
        assert is_multiple(price, instrument.tick_size)
    assert all((price - entry) * side.sign > 0 for price in prices)
    assert list(prices) == sorted(set(prices), key=lambda price: abs(price - entry))


def test_own_exits_come_before_those_of_the_signal():
    intent = replace(LONG, stop_loss=stop_at("95"), take_profits=(level("110"),))
    policy = ExitPolicy(stop=stop_at("3", LevelUnit.PERCENT), targets=(level("9", LevelUnit.PERCENT),))
    assert effective_exits(intent, ExitPolicy()) == (intent.stop_loss, intent.take_profits)
    assert effective_exits(intent, policy) == (policy.stop, policy.targets)
    assert effective_exits(intent, ExitPolicy(use_signal_exits=False)) == (None, ())
    assert effective_exits(intent, replace(policy, use_signal_exits=False)) == (policy.stop, policy.targets)


@pytest.mark.parametrize(
    ("symbol", "pip"),
    [("EURUSD", "0.0001"), ("USDJPY", "0.01"), ("XAUUSD", "0.1"), ("XAGUSD", "0.01")],
)
def test_pip_of_currency_pairs(symbol: str, pip: str):
    assert pip_size(Instrument(symbol, AssetClass.FOREX, tick_size=D("0.001"))) == D(pip)


def test_pip_and_point_elsewhere():
    assert pip_size(AAPL) == D("0.01")
    assert point_size(AAPL) == D(1)
    assert point_size(EURUSD) == D("0.00001")
