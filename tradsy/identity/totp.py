"""Codes of authenticator apps (RFC 6238: SHA-1, six digits, thirty seconds) and recovery codes. Pure."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

STEP = timedelta(seconds=30)
DRIFT = timedelta(seconds=5)
"""How long into a step the code of the step before is still taken: typing takes time, clocks differ."""
RECOVERY_CODES = 10
_GROUP = 6


def new_secret() -> str:
    """Return a fresh 160-bit seed in base32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def step_of(at: datetime) -> int:
    """Return the number of the thirty-second step that `at` lies in."""
    return int(at.timestamp()) // int(STEP.total_seconds())


def code_of(secret: str, step: int) -> str:
    """Return the six digits of a step (RFC 4226 section 5.3)."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


def match_step(secret: str, code: str, at: datetime) -> int | None:
    """Return the step whose code this is: the present one, or the one before within five seconds of its end."""
    digits = code.replace(" ", "")
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit() or len(code) > 10:
        return None
    now, before = step_of(at), step_of(at - DRIFT)
    found = None
    for step in (now, before):
        if hmac.compare_digest(code_of(secret, step), digits):
            found = step
    return found


def setup_uri(secret: str, account: str) -> str:
    """Return the `otpauth:` address that an app reads from a QR code."""
    return f"otpauth://totp/Tradsy:{quote(account, safe='@')}?secret={secret}&issuer=Tradsy"


def new_recovery_codes() -> list[str]:
    """Return ten one-time codes of 120 bits each, in groups of six."""
    codes: list[str] = []
    for _ in range(RECOVERY_CODES):
        text = base64.b32encode(secrets.token_bytes(15)).decode()
        codes.append("-".join(text[i : i + _GROUP] for i in range(0, len(text), _GROUP)))
    return codes


def normalize_recovery_code(code: str) -> str:
    """Return a recovery code as it is hashed, however it was typed."""
    return code.replace("-", "").replace(" ", "").upper()
