"""What a message says, in the shape the tests compare."""

from __future__ import annotations

from typing import Any

from tradsy.signals.text.model import AlertIntent
from tradsy.signals.text.parser import parse_alert, to_expected


def fields(text: str) -> dict[str, Any]:
    """The wire answer without its empty fields; empty where nothing is to be done."""
    answer = to_expected(parse_alert(text)) or {}
    return {name: value for name, value in answer.items() if value not in (None, [])}


def option(strike: float | None, right: str | None, expiry: str | None) -> dict[str, Any]:
    return {"strike": strike, "right": right, "expiry": expiry}


def stock(action: str, price: float | None = None, **more: Any) -> dict[str, Any]:
    """The answer of an alert on UBER shares."""
    known = {} if price is None else {"price": price}
    return {"action": action, "asset": "stock", "symbol": "UBER", **known, **more}


def contract(action: str, price: float, expiry: str | None = "02-20", **more: Any) -> dict[str, Any]:
    """The answer of an alert on UBER 70 calls."""
    terms = option(70, "C", expiry)
    return {"action": action, "asset": "option", "symbol": "UBER", "price": price, "option": terms, **more}


def coin(action: str, price: float | None = None, symbol: str = "SUI/USDT", **more: Any) -> dict[str, Any]:
    known = {} if price is None else {"price": price}
    return {"action": action, "asset": "crypto", "symbol": symbol, **known, **more}


def pair(action: str, symbol: str, price: float, **more: Any) -> dict[str, Any]:
    return {"action": action, "asset": "forex", "symbol": symbol, "price": price, **more}


def intent(text: str) -> AlertIntent:
    found = parse_alert(text).intent
    assert found is not None
    return found


def refused_for(text: str) -> str | None:
    """The code that refuses a message; None where it passes."""
    alert = parse_alert(text)
    return None if alert.intent is not None else alert.reasons[0]
