from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tradsy.follows.schemas import FollowSettings

BASE: dict[str, Any] = {"sizing_mode": "fixed_cash", "sizing_value": "100"}
WINDOW: dict[str, Any] = {"days": [1, 5, 1], "from": "09:30", "to": "16:00", "timezone": "America/New_York"}


def test_settings_become_columns():
    settings = FollowSettings.model_validate(
        {**BASE, "symbols_allowed": ["nasdaq:aapl", "AAPL", "BTCUSD"], "asset_classes": ["stock"], "windows": [WINDOW]}
    )
    columns = settings.to_columns()
    assert columns["symbols_allowed"] == ["AAPL", "BTC/USD"]
    assert columns["windows"] == [
        {"days": [1, 5], "from": "09:30:00", "to": "16:00:00", "timezone": "America/New_York"}
    ]
    assert columns["mode"] == "approve"
    assert columns["exit_policy"] == {"stop": None, "targets": [], "use_signal_exits": True}


WRONG: list[dict[str, Any]] = [
    {"sizing_value": "0"},
    {"sizing_value": "-1"},
    {"sizing_value": "NaN"},
    {"sizing_value": 1.5},
    {"sizing_mode": "percent_equity", "sizing_value": "101"},
    {"sizing_mode": "risk_to_stop", "sizing_value": "101"},
    {"confidence_bar": "1.01"},
    {"symbols_blocked": ["no such symbol"]},
    {"windows": [{**WINDOW, "timezone": "Mars/Olympus"}]},
    {"windows": [{**WINDOW, "timezone": "../etc/passwd"}]},
    {"windows": [{**WINDOW, "to": "09:30"}]},
    {"windows": [{**WINDOW, "days": []}]},
    {"windows": [{**WINDOW, "days": [8]}]},
    {"windows": [{**WINDOW, "from": "09:30+02:00"}]},
    {"exit_policy": {"stop": {"value": "95"}}},
    {"exit_policy": {"targets": [{"value": "95"}]}},
    {"exit_policy": {"stop": {"value": "0", "unit": "percent"}}},
    {"exit_policy": {"stop": {"value": "5", "unit": "breakeven"}}},
    {"exit_policy": {"stop": {"unit": "breakeven", "trailing": True}}},
    {"approval_minutes": 0},
    {"surprise": 1},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_settings_that_do_not_fit_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        FollowSettings.model_validate({**BASE, **wrong})


def test_exit_policy_in_distances_is_taken():
    policy = {"stop": {"value": "5", "unit": "percent", "trailing": True}, "targets": [{"value": "2", "unit": "risk"}]}
    columns = FollowSettings.model_validate({**BASE, "exit_policy": policy}).to_columns()
    assert columns["exit_policy"]["stop"] == {"value": "5", "unit": "percent", "trailing": True}
    assert columns["exit_policy"]["targets"] == [{"value": "2", "unit": "risk"}]
