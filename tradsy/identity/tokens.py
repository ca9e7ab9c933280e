"""Secrets that Tradsy hands out: 256 random bits each, marked by a prefix that scanners and the log redactor know."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from tradsy.platform.ids import hash_secret

__all__ = ["hash_secret", "is_token", "keyed_hash", "new_token"]

SESSION = "tss"
ACCESS = "tsa"
REFRESH = "tsr"
API_KEY = "tsk"
SETUP = "tsu"
SIGNUP = "tsv"
RESET = "tsp"

_MAX_LENGTH = 200


def new_token(prefix: str) -> str:
    """Return a fresh 256-bit secret, url-safe."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def is_token(text: str, prefix: str) -> bool:
    """Return whether `text` can be a token of this kind at all; spares the database a look-up of rubbish."""
    return text.startswith(f"{prefix}_") and len(text) <= _MAX_LENGTH and text.isascii()


def keyed_hash(key: bytes, *parts: str) -> bytes:
    """Return a hash that only this installation can compute; parts cannot run into each other."""
    return hmac.new(key, b"\0".join(part.encode() for part in parts), hashlib.sha256).digest()
