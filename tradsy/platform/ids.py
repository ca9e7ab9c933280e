"""New identifiers: UUIDv7 (RFC 9562), ordered by time, and secrets of at least 128 random bits."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """Return a UUIDv7: 48 bits of Unix milliseconds, then 12 bits of sub-millisecond order, then random bits.

    Ids of one process strictly increase, so that rows sort as they were made.
    """
    global _last  # noqa: PLW0603 - the one counter that orders the ids of this process
    with _lock:
        # Milliseconds in the high bits, 1/4096 ms below: the layout of RFC 9562 section 6.2 method 3.
        stamp = max((time.time_ns() << 12) // 1_000_000, _last + 1)
        _last = stamp
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)


def new_secret(prefix: str) -> str:
    """Return a fresh 192-bit secret, url-safe, marked by `prefix` so that scanners and the redactor know it."""
    return f"{prefix}_{secrets.token_urlsafe(24)}"


def hash_secret(secret: str) -> bytes:
    """Return the SHA-256 of a random secret of at least 128 bits: all that is stored of it."""
    return hashlib.sha256(secret.encode()).digest()
