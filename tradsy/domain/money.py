"""Decimal arithmetic for prices, sizes and cash: strict parsing, steps, rounding.

Every price, size and amount in Tradsy is a `Decimal`; in JSON it is a string.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from tradsy.domain.errors import InvalidNumber, PrecisionLost

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
CENT = Decimal("0.01")
MAX_DIGITS = 18
BPS = Decimal("0.0001")

_PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?|-?\.[0-9]{1,18}")


def parse_decimal(value: object) -> Decimal:
    """Return `value` (str, int or Decimal) as a finite plain decimal of at most 18 digits.

    Raises:
        InvalidNumber: it is a float, a bool, NaN, infinite, written with an exponent, or too long.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InvalidNumber("numbers are plain decimals")
    text = format(value, "f") if isinstance(value, Decimal) and value.is_finite() else str(value).strip()
    if not _PLAIN.fullmatch(text) or sum(c.isdigit() for c in text.replace(".", "").lstrip("-0")) > MAX_DIGITS:
        raise InvalidNumber("numbers are plain decimals of at most 18 digits")
    return Decimal(text)


def parse_positive(value: object) -> Decimal:
    """Return `value` as a plain decimal above zero.

    Raises:
        InvalidNumber: it is not one.
    """
    number = parse_decimal(value)
    if number <= ZERO:
        raise InvalidNumber("the number must be above zero")
    return number


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of `step`s; every value fits a step of zero."""
    return step == ZERO or value % step == ZERO


def require_multiple(value: Decimal, step: Decimal, what: str) -> Decimal:
    """Return `value` unchanged when it fits `step`.

    Raises:
        PrecisionLost: it does not.
    """
    if not is_multiple(value, step):
        raise PrecisionLost(f"{what} is not a multiple of {step}")
    return value


def round_down(value: Decimal, step: Decimal) -> Decimal:
    """Round towards zero to a multiple of `step`: sizes are never rounded up."""
    return (value / step).to_integral_value(ROUND_DOWN) * step if step else value


def round_nearest(value: Decimal, step: Decimal) -> Decimal:
    """Round half to even to a multiple of `step`."""
    return (value / step).to_integral_value(ROUND_HALF_EVEN) * step if step else value


def round_price_up(value: Decimal, tick: Decimal) -> Decimal:
    """Round a price up to the next tick."""
    return (value / tick).to_integral_value(ROUND_CEILING) * tick if tick else value


def round_price_down(value: Decimal, tick: Decimal) -> Decimal:
    """Round a price down to the next tick."""
    return (value / tick).to_integral_value(ROUND_FLOOR) * tick if tick else value


def round_cents(value: Decimal) -> Decimal:
    """Round an amount of cash half to even to the cent."""
    return value.quantize(CENT, ROUND_HALF_EVEN)


def format_decimal(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros, the form used in JSON and hashes."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
