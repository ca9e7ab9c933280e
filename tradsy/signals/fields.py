"""Strict reading of untrusted JSON: exact numbers, no silent guesses, no value in any error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

from tradsy.domain.errors import InvalidNumber, UnknownInstrument
from tradsy.domain.instruments import normalize_symbol
from tradsy.domain.money import parse_positive
from tradsy.signals.errors import Unreadable

T = TypeVar("T")

_TOLD = frozenset({
    "symbol", "ticker", "action", "side", "quantity", "notional", "price", "type", "orderType",
    "limit_price", "limitPrice", "stop_price", "stopPrice", "take_profit", "takeProfit", "stop_loss", "stopLoss",
    "sentiment", "time", "timenow", "timestamp", "id", "text",
})  # fmt: skip
"""Field names that an error about a placeholder may repeat: ours, not the sender's."""
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_EXPONENT_LIMIT = 18
_NUMBER_LENGTH = 60
_LATEST = 253_402_300_799
"""The last second of the year 9999."""
_MILLISECONDS_FROM = 100_000_000_000


def looks_like_json(text: str) -> bool:
    """Whether a message was meant as JSON, valid or not."""
    return text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def has_placeholder(text: str) -> bool:
    """Whether a TradingView placeholder arrived unfilled."""
    return "{{" in text and _PLACEHOLDER.search(text) is not None


def load_json(text: str) -> Any:
    """Return the JSON value of `text`; numbers are decimals, never binary fractions.

    A number that is not finite or far out of range stays text, so that the field that holds it can be named.

    Raises:
        Unreadable: it is not JSON, or a field comes twice.
    """
    try:
        return json.loads(
            text.lstrip("\ufeff"),
            parse_float=_number,
            parse_int=_number,
            parse_constant=str,
            object_pairs_hook=_unique,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        # An unquoted placeholder or an empty number is what usually breaks a template.
        raise Unreadable("unfilled_placeholder" if has_placeholder(text) else "malformed_json") from None


def _number(text: str) -> Decimal | str:
    if len(text) > _NUMBER_LENGTH:
        return text
    number = Decimal(text)
    exponent = cast("int", number.as_tuple().exponent)
    # Writing out 1e999999 would take all memory there is.
    return text if abs(exponent) > _EXPONENT_LIMIT or abs(number.adjusted()) > _EXPONENT_LIMIT else number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("duplicate_field")
    return found


def check_texts(value: Any, name: str = "") -> None:
    """Look into every text of a JSON value.

    Raises:
        Unreadable: a placeholder is unfilled, or a text holds what can be neither stored nor shown.
    """
    if isinstance(value, str):
        if has_placeholder(value):
            raise Unreadable("unfilled_placeholder", name)
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            # Half of a surrogate pair.
            raise Unreadable("not_utf8", name)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            check_texts(key)
            check_texts(item, name or (key if key in _TOLD else ""))
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            check_texts(item, name)


class Fields:
    """One JSON object, read field by field; null counts as absent."""

    def __init__(self, data: Mapping[str, Any], *, prefix: str = "") -> None:
        self._data = data
        self._prefix = prefix

    @property
    def data(self) -> Mapping[str, Any]:
        return self._data

    def path(self, name: str) -> str:
        """Name a declared field in an error."""
        return f"{self._prefix}{name}"

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def allow_only(self, names: Iterable[str]) -> None:
        """Refuse fields that the format does not know: a misspelt stop must not vanish."""
        if not self._data.keys() <= set(names):
            raise Unreadable("unknown_field", self._prefix.rstrip("."))

    def text(self, name: str) -> str | None:
        value = self._data.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise Unreadable("wrong_type", self.path(name))
        return value.strip()

    def required_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise Unreadable("field_missing", self.path(name))
        return value

    def number(self, name: str) -> Decimal | None:
        """Return a number above zero, given as JSON number or as text."""
        value = self._data.get(name)
        return None if value is None else read_number(value, self.path(name))

    def flag(self, name: str) -> bool:
        """Return a boolean, given as such or as the text that templates produce."""
        value = self._data.get(name)
        if isinstance(value, str):
            value = {"true": True, "false": False, "": False}.get(value.strip().lower(), value)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise Unreadable("wrong_type", self.path(name))

    def choice(self, name: str, choices: Mapping[str, T], default: T) -> T:
        value = self.text(name)
        if not value:
            return default
        found = choices.get(value.lower())
        if found is None:
            raise Unreadable("unknown_value", self.path(name))
        return found

    def time(self, name: str) -> datetime | None:
        value = self._data.get(name)
        return None if value is None else read_time(value, self.path(name))

    def object(self, name: str) -> Fields | None:
        value = self._data.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Unreadable("wrong_type", self.path(name))
        return Fields(cast("dict[str, Any]", value), prefix=f"{self.path(name)}.")

    def value(self, name: str) -> Any:
        return self._data.get(name)

    def symbol(self, name: str) -> str:
        return read_symbol(self.required_text(name), self.path(name))

    def one_of(self, readers: Sequence[tuple[str, Callable[[Decimal], T]]], *, where: str) -> T | None:
        """Read at most one of several fields that say the same thing in different units."""
        found = [(name, make) for name, make in readers if self.has(name)]
        if len(found) > 1:
            raise Unreadable("level_conflict", where)
        if not found:
            return None
        name, make = found[0]
        number = self.number(name)
        return None if number is None else make(number)


def read_number(value: object, name: str) -> Decimal:
    """Return a plain decimal above zero.

    Raises:
        Unreadable: it is none.
    """
    if isinstance(value, str):
        value = value.strip()
        if value.startswith("="):
            raise Unreadable("formula_unsupported", name)
    try:
        return parse_positive(value)
    except InvalidNumber:
        raise Unreadable("invalid_number", name) from None


def read_symbol(text: str, name: str) -> str:
    """Return the canonical symbol.

    Raises:
        Unreadable: it has the form of no instrument.
    """
    try:
        return normalize_symbol(text)
    except UnknownInstrument:
        raise Unreadable("unknown_symbol", name) from None


def read_time(value: object, name: str) -> datetime:
    """Return an aware UTC time: ISO 8601 (UTC where no zone is written), or Unix seconds or milliseconds.

    Raises:
        Unreadable: it is none.
    """
    if isinstance(value, str):
        text = value.strip()
        if not re.fullmatch(r"\d{9,13}(\.\d{1,6})?", text):
            return _read_iso(text, name)
        value = Decimal(text)
    if not isinstance(value, Decimal):
        raise Unreadable("invalid_time", name)
    seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
    if not 0 < seconds <= _LATEST:
        raise Unreadable("invalid_time", name)
    whole = int(seconds)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=int((seconds - whole) * 1_000_000))


def _read_iso(text: str, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("invalid_time", name) from None
