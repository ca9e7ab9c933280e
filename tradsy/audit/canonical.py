"""The bytes that are hashed: RFC 8785 JSON of one entry, and the hash that links it into its chain.

The form is restricted so that it has exactly one reading: strings, booleans, null, integers of at most 53 bits, lists,
and objects with ASCII keys. Decimals and times are strings. For such values orjson's sorted output is RFC 8785.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast
from uuid import UUID

import orjson

from tradsy.audit.errors import NotCanonical

JSON: TypeAlias = "str | int | bool | Sequence[JSON] | Mapping[str, JSON] | None"

DOMAIN = b"tradsy/audit/event/v1\n"
ZERO_HASH = bytes(32)
"""`prev_hash` of the first event of a chain."""
MAX_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8785 section 3.2.2.3)."""
_MAX_DEPTH = 12
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_LEAF_TYPES = frozenset({str, bool, type(None)})


def format_time(at: datetime) -> str:
    """Return `at` as UTC with microseconds, `2026-11-20T09:30:00.000000Z`."""
    if at.tzinfo is None:
        raise NotCanonical("The time of an audit entry has no time zone.")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def encode(at: str, actor: str, action: str, subject: str, data: Mapping[str, JSON]) -> bytes:
    """Return the canonical bytes of one entry.

    Raises:
        NotCanonical: a value has no single canonical form, or a text holds what PostgreSQL cannot store.
    """
    plain = dict(data)
    _check(plain, 0)
    if "\0" in actor or "\0" in action or "\0" in subject:
        raise NotCanonical("An audit entry holds a NUL character.")
    entry = {"action": action, "actor": actor, "at": at, "data": plain, "subject": subject}
    try:
        return orjson.dumps(entry, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise NotCanonical(f"An audit entry cannot be encoded: {error}") from None


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if kind in _LEAF_TYPES:
        return
    if kind is dict:
        if depth > _MAX_DEPTH:
            raise NotCanonical("An audit entry is nested too deep.")
        for key, item in cast("dict[Any, Any]", value).items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical("A key of an audit entry is not an ASCII string.")
            _check(item, depth + 1)
    elif kind is list or kind is tuple:
        if depth > _MAX_DEPTH:
            raise NotCanonical("An audit entry is nested too deep.")
        for item in cast("list[Any]", value):
            _check(item, depth + 1)
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical("An integer of an audit entry needs more than 53 bits: record it as a string.")
    elif not isinstance(value, str):
        # Enumerations of strings are strings; everything else has to be made one by who records it.
        raise NotCanonical(f"An audit entry holds a {kind.__name__}: record it as a string.")


def event_hash(chain_id: UUID, seq: int, prev_hash: bytes, canonical: bytes) -> bytes:
    """Return SHA-256(0x00 || domain || chain id || seq, 8 bytes big-endian || previous hash || canonical bytes)."""
    return hashlib.sha256(
        b"\0" + DOMAIN + chain_id.bytes + seq.to_bytes(8, "big") + prev_hash + canonical, usedforsecurity=True
    ).digest()
