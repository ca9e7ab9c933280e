from __future__ import annotations

from decimal import Decimal

import pytest

from tradsy.domain.instruments import AssetClass
from tradsy.domain.orders import OrderType
from tradsy.follows.decisions import complete_intent
from tradsy.follows.errors import IncompleteIntent
from tradsy.follows.model import Action, LevelUnit, QuantityUnit, StopLevel, TradeIntent
from tradsy.follows.schemas import IntentCorrection

D = Decimal


def complete(intent: TradeIntent, **fields: object) -> TradeIntent:
    return complete_intent(intent, IntentCorrection.model_validate(fields).to_changes())


def test_missing_symbol_is_filled_in_with_its_class():
    held = TradeIntent(Action.OPEN_LONG, None, AssetClass.OPTION)
    assert complete(held, symbol="SPY 261218C00600000").asset_class is AssetClass.OPTION
    assert complete(held, symbol="btcusd").symbol == "BTC/USD"


@pytest.mark.parametrize(
    ("intent", "fields", "field"),
    [
        (TradeIntent(Action.OPEN_LONG, None), {}, "symbol"),
        (TradeIntent(Action.CLOSE, None), {}, "symbol"),
        (TradeIntent(Action.OPEN_LONG, "AAPL"), {"order_type": "limit"}, "limit_price"),
        (TradeIntent(Action.OPEN_LONG, "AAPL"), {"order_type": "stop"}, "stop_price"),
        (TradeIntent(Action.OPEN_LONG, "AAPL"), {"order_type": "stop_limit", "limit_price": "5"}, "stop_price"),
        (TradeIntent(Action.UPDATE, "AAPL"), {}, "stop_loss"),
    ],
)
def test_what_cannot_become_an_order_is_refused(intent: TradeIntent, fields: dict[str, object], field: str):
    with pytest.raises(IncompleteIntent) as caught:
        complete(intent, **fields)
    assert caught.value.context == {"field": field}


def test_cancel_needs_no_symbol():
    assert complete(TradeIntent(Action.CANCEL, None)).symbol is None


def test_quantity_and_fraction_replace_each_other():
    trim = TradeIntent(Action.REDUCE, "AAPL", fraction=D("0.5"))
    by_quantity = complete(trim, quantity="3")
    assert (by_quantity.quantity, by_quantity.quantity_unit, by_quantity.fraction) == (D(3), QuantityUnit.UNITS, None)
    by_fraction = complete(by_quantity, fraction="0.25")
    assert (by_fraction.quantity, by_fraction.quantity_unit, by_fraction.fraction) == (None, None, D("0.25"))


def test_levels_and_prices_are_taken_over():
    changed = complete(
        TradeIntent(Action.OPEN_LONG, "AAPL"),
        order_type="limit",
        limit_price="99.5",
        take_profits=[{"value": "10", "unit": "percent"}],
        stop_loss={"value": "95"},
        quantity_unit="cash",
    )
    assert (changed.order_type, changed.limit_price) == (OrderType.LIMIT, D("99.5"))
    assert changed.stop_loss == StopLevel(D(95))
    assert [target.unit for target in changed.take_profits] == [LevelUnit.PERCENT]
    assert changed.quantity_unit is None
