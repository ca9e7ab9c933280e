"""Limits as JSON, as they are stored and served: decimals and seconds as strings, sets as sorted lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from tradsy.domain.errors import DomainError
from tradsy.domain.instruments import AssetClass, parse_asset_class
from tradsy.domain.money import ZERO, parse_decimal
from tradsy.risk.errors import LimitAboveCap, LimitInvalid
from tradsy.risk.limits import FIELDS, EffectiveLimits, LimitSet, Value, format_value, tightest

MAX_SYMBOLS = 500
MAX_OWN_SYMBOLS = 200
"""Symbols that one layer may set own limits for."""
_MAX_COUNT = 1_000_000


def limits_to_json(limits: LimitSet) -> dict[str, Any]:
    """Return what the layer sets; `by_symbol` only when it holds something."""
    plain: dict[str, Any] = {name: format_value(value) for name, value in limits.given().items()}
    if limits.by_symbol:
        plain["by_symbol"] = {symbol: limits_to_json(own) for symbol, own in limits.by_symbol}
    return plain


def effective_to_json(limits: EffectiveLimits) -> dict[str, Any]:
    """Return every limit with its value; None where no layer sets one."""
    return {name: format_value(getattr(limits, name)) for name in FIELDS}


def limits_from_json(plain: Mapping[str, Any], *, nested: bool = False) -> LimitSet:
    """Return the limits that `plain` names.

    Raises:
        LimitInvalid: a name is unknown or a value malformed; `context["limit"]` names it.
    """
    values: dict[str, Any] = {}
    for name, raw in plain.items():
        if raw is None:
            continue
        if name == "by_symbol" and not nested:
            values[name] = _parse_symbols_own(raw)
        elif name in FIELDS:
            values[name] = _parse(name, raw)
        else:
            raise LimitInvalid("There is no such limit.")
    return LimitSet(**values)


def require_within(limits: LimitSet, caps: Mapping[str, Value]) -> None:
    """Check that no value is looser than the cap above it.

    Raises:
        LimitAboveCap: one is; `context` names the limit and its cap.
    """
    layers = [limits, *(own for _, own in limits.by_symbol)]
    for name, value in ((name, value) for layer in layers for name, value in layer.given().items()):
        cap = caps.get(name)
        if cap is not None and name != "any_symbol" and tightest(name, cap, value) != value:
            raise LimitAboveCap(limit=name, cap=format_value(cap))


def _parse_symbols_own(raw: Any) -> tuple[tuple[str, LimitSet], ...]:
    """The limits of single symbols, sorted."""
    if not isinstance(raw, Mapping):
        raise LimitInvalid("by_symbol maps symbols to limits.", limit="by_symbol")
    items = cast("Mapping[str, Any]", raw)
    if len(items) > MAX_OWN_SYMBOLS or not all(isinstance(value, Mapping) for value in items.values()):
        raise LimitInvalid(f"by_symbol maps at most {MAX_OWN_SYMBOLS} symbols to limits.", limit="by_symbol")
    return tuple(sorted((_parse_symbol(s), limits_from_json(value, nested=True)) for s, value in items.items()))


def _parse(name: str, raw: Any) -> Value:
    try:
        return _PARSERS[name](raw)
    except (DomainError, TypeError, ValueError):
        raise LimitInvalid("The value of a limit is not valid.", limit=name) from None


def _parse_amount(raw: Any) -> Decimal:
    value = parse_decimal(raw)
    if value < ZERO:
        raise ValueError
    return value


def _parse_seconds(raw: Any) -> timedelta:
    value = _parse_amount(raw)
    if value > _MAX_COUNT:
        raise ValueError
    return timedelta(microseconds=int(value * 1_000_000))


def _parse_count(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= _MAX_COUNT:
        raise ValueError
    return raw


def _parse_flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError
    return raw


def _parse_symbol(raw: Any) -> str:
    if not isinstance(raw, str):
        raise LimitInvalid("A symbol is not valid.", limit="by_symbol")
    try:
        parse_asset_class(raw)
    except DomainError:
        raise LimitInvalid("A symbol is not valid.", limit="by_symbol") from None
    return raw


def _parse_symbols(raw: Any) -> frozenset[str]:
    if not isinstance(raw, list | tuple) or len(cast("list[Any]", raw)) > MAX_SYMBOLS:
        raise TypeError
    items = cast("list[Any]", raw)
    for item in items:
        parse_asset_class(item)
    return frozenset(cast("list[str]", items))


def _parse_classes(raw: Any) -> frozenset[AssetClass]:
    if not isinstance(raw, list | tuple):
        raise TypeError
    return frozenset(AssetClass(item) for item in cast("list[str]", raw))


_BY_TYPE: dict[str, Callable[[Any], Value]] = {
    "Decimal | None": _parse_amount,
    "timedelta | None": _parse_seconds,
    "int | None": _parse_count,
    "bool | None": _parse_flag,
    "frozenset[str] | None": _parse_symbols,
    "frozenset[AssetClass] | None": _parse_classes,
}
_PARSERS = {field.name: _BY_TYPE[str(field.type)] for field in fields(LimitSet) if field.name in FIELDS}
