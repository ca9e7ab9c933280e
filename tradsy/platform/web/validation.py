"""What a 422 may say: which declared field, and why, in words that cannot contain what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tradsy.platform.web.models import OWN_MESSAGE

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")
_MOST = 20
"""Errors listed in one answer: a long list of wrong items must not become a longer answer."""


# The types of pydantic error whose words come from the schema alone. All others (`uuid_parsing`, `union_tag_invalid`,
# `value_error`, ...) may repeat what was sent. A test holds this list against the templates of pydantic.
QUOTABLE_TYPES = frozenset(
    """
    missing none_required greater_than greater_than_equal less_than less_than_equal multiple_of finite_number
    too_short too_long string_type string_unicode string_too_short string_too_long string_pattern_mismatch
    string_not_ascii enum literal_error dict_type list_type tuple_type set_type bool_type bool_parsing int_type
    int_parsing int_parsing_size int_from_float float_type float_parsing bytes_type bytes_too_short bytes_too_long
    date_type date_from_datetime_inexact date_past date_future time_type datetime_type datetime_past datetime_future
    timezone_naive timezone_aware time_delta_type model_type model_attributes_type union_tag_not_found url_type
    url_too_long url_scheme uuid_type uuid_version decimal_type decimal_parsing decimal_max_digits decimal_max_places
    decimal_whole_digits
    """.split()  # noqa: SIM905 - sixty quoted words would hide the list
)


def describe_errors(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return `{field, code, message}` of each pydantic error, without any part of the refused value."""
    found: list[dict[str, str]] = []
    for error in errors:
        if len(found) == _MOST:
            break
        kind = str(error.get("type", "invalid"))
        found.append({"field": _describe_place(kind, error.get("loc", ())), **_describe_reason(kind, error)})
    return found


def _describe_reason(kind: str, error: Mapping[str, Any]) -> dict[str, str]:
    if kind == "extra_forbidden":
        return {"code": "unknown_field", "message": "unknown field"}
    if kind == OWN_MESSAGE:
        return {"code": "invalid", "message": str(error.get("msg", ""))}
    if kind == "json_invalid":
        return {"code": "json_invalid", "message": "the body is not valid JSON"}
    if kind in QUOTABLE_TYPES:
        return {"code": kind, "message": str(error.get("msg", ""))}
    return {"code": kind if _NAME.fullmatch(kind) else "invalid", "message": "the value is not valid"}


def _describe_place(kind: str, place: Sequence[Any]) -> str:
    """Return a dotted path. The last part of an unknown field, and keys of a mapping, were chosen by the caller."""
    parts = [str(part) if isinstance(part, int) else part if _NAME.fullmatch(str(part)) else "*" for part in place]
    if kind == "json_invalid":
        return "body"
    if kind == "extra_forbidden":
        parts[-1:] = ["*"]
    return ".".join(parts) or "body"
