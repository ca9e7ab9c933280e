"""Bases of request and answer models: nothing unknown, nothing rounded, nothing that the database cannot hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, LiteralString, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from tradsy.domain.errors import InvalidNumber
from tradsy.domain.money import format_decimal, parse_decimal

OWN_MESSAGE = "tradsy_refused"
"""Error type whose message is a literal of ours, so an answer may repeat it."""


def refuse_field(message: LiteralString) -> PydanticCustomError:
    """Return the error for a validator to raise; `message` is shown to the caller, so it is a literal, never input.

    A plain `ValueError` works too, but the caller then only reads that the value is not valid: its text may hold input.
    """
    return PydanticCustomError(OWN_MESSAGE, message)


def _check_decimal(value: object) -> object:
    """Turn text and whole numbers into a decimal; values that are decimals already come from our own code."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise refuse_field("numbers are plain decimals")
        return value
    try:
        return parse_decimal(value)
    except InvalidNumber:
        raise refuse_field("write the number as a plain decimal in quotes, at most 18 digits") from None


DecimalText = Annotated[
    Decimal,
    BeforeValidator(_check_decimal),
    PlainSerializer(format_decimal, return_type=str, when_used="json-unless-none"),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["12.5"]}),
]
"""A decimal that reads text and whole numbers, never a binary float, and is written as text without an exponent.

Every `Decimal` field of a `StrictModel` is one; other models name it.
"""


_NO_SCHEMAS = frozenset({"metadata", "default", "config", "function", "expected"})
"""Parts of a core schema that hold values, not schemas."""


def _harden_decimals(node: Any, strict: CoreSchema) -> Any:
    """Return a schema in which every decimal stands inside the checks of `DecimalText`, its bounds kept."""
    if isinstance(node, list):
        return [_harden_decimals(item, strict) for item in cast("list[Any]", node)]
    if isinstance(node, tuple):
        return tuple(_harden_decimals(item, strict) for item in cast("tuple[Any, ...]", node))
    if not isinstance(node, dict):
        return node
    schema = cast("dict[str, Any]", node)
    if schema.get("type") == "decimal":
        return {**strict, "schema": schema}
    function = schema.get("function")
    if isinstance(function, dict) and cast("dict[str, Any]", function).get("function") is _check_decimal:
        return schema
    return {key: value if key in _NO_SCHEMAS else _harden_decimals(value, strict) for key, value in schema.items()}


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL and UTF-8 can hold `text`: no U+0000, no half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def _all_storable(value: object) -> bool:
    if isinstance(value, str):
        return _is_storable(value)
    if isinstance(value, dict):
        return all(_all_storable(k) and _all_storable(v) for k, v in cast("dict[object, object]", value).items())
    if isinstance(value, list):
        return all(_all_storable(item) for item in cast("list[object]", value))
    return True


class StrictModel(BaseModel):
    """Base of all models of the API: unknown fields are refused, text is kept as it came, decimals are exact."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False, frozen=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        """Build the model's schema with every `Decimal` in it read and written as `DecimalText`."""
        return cast("CoreSchema", _harden_decimals(handler(source), handler.generate_schema(DecimalText)))

    @model_validator(mode="before")
    @classmethod
    def _refuse_unstorable(cls, data: object) -> object:
        if not _all_storable(data):
            raise refuse_field("text must not hold U+0000 or lone surrogates")
        return data
