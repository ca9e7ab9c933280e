"""Codes of authenticator apps: RFC 6238, one use, one step."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp.hotp import HOTP

from tradsy.identity import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "digits"),
    # RFC 6238 appendix B, SHA-1: the last six of the eight digits given there.
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_code_matches_the_vectors_of_the_rfc(seconds: int, digits: str):
    assert totp.code_of(SECRET, seconds // 30) == digits


@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**40))
def test_code_agrees_with_another_implementation(key: bytes, step: int):
    secret = base64.b32encode(key).decode()
    assert totp.code_of(secret, step) == HOTP(secret).at(step)


def at_second(second: int) -> datetime:
    return datetime(2026, 3, 2, 15, 0, 0, tzinfo=UTC) + timedelta(seconds=second)


def test_current_step_is_taken_all_its_thirty_seconds():
    step = totp.step_of(at_second(0))
    code = totp.code_of(SECRET, step)
    assert totp.match_step(SECRET, code, at_second(0)) == step
    assert totp.match_step(SECRET, code, at_second(29)) == step


def test_previous_step_is_taken_for_five_seconds_only():
    step = totp.step_of(at_second(0))
    code = totp.code_of(SECRET, step)
    assert totp.match_step(SECRET, code, at_second(34)) == step
    assert totp.match_step(SECRET, code, at_second(35)) is None


def test_next_step_is_refused():
    code = totp.code_of(SECRET, totp.step_of(at_second(30)))
    assert totp.match_step(SECRET, code, at_second(29)) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 45 6"])
def test_what_is_no_code_never_matches(code: str):
    assert totp.match_step(SECRET, code, at_second(0)) is None


def test_code_may_be_typed_with_a_space():
    step = totp.step_of(at_second(0))
    code = totp.code_of(SECRET, step)
    assert totp.match_step(SECRET, f" {code[:3]} {code[3:]} ", at_second(0)) == step


def test_secret_and_recovery_codes_hold_enough_randomness():
    assert len(base64.b32decode(totp.new_secret())) == 20
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == totp.RECOVERY_CODES
    for code in codes:
        # 24 base32 digits: 120 bits.
        assert len(code.replace("-", "")) == 24
        assert totp.normalize_recovery_code(code.lower().replace("-", " ")) == code.replace("-", "")


def test_setup_address_names_product_and_account():
    uri = totp.setup_uri(SECRET, "mia@example.com")
    parsed = pyotp.parse_uri(uri)
    assert (parsed.issuer, parsed.name) == ("Tradsy", "mia@example.com")
    assert parsed.secret == SECRET
