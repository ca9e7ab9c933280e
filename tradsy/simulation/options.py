"""Synthetic option prices: Bachelier's formula with a logistic normal, in decimals. Plausible, not tradable, values."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tradsy.domain.instruments import OptionTerms, Right
from tradsy.domain.money import CENT, ZERO, round_nearest

_YEAR_DAYS = Decimal(365)
_LOGISTIC = Decimal("1.702")
"""Scale at which the logistic curve is within 0.01 of the normal distribution (Bowling et al. 2009)."""
_INV_SQRT_2PI = Decimal("0.3989422804")
_WIDE = Decimal(8)


def option_value(terms: OptionTerms, spot: Decimal, volatility: Decimal, at: datetime) -> Decimal:
    """Return the mid value per unit at `at`; `volatility` is yearly; at least one cent."""
    sign = 1 if terms.right is Right.CALL else -1
    intrinsic = (spot - terms.strike) * sign
    seconds = datetime(terms.expires_on.year, terms.expires_on.month, terms.expires_on.day, 21, tzinfo=at.tzinfo) - at
    days = Decimal(max(int(seconds.total_seconds()), 0)) / 86400
    if days == ZERO:
        return max(round_nearest(intrinsic, CENT), CENT)
    scale = spot * volatility * (days / _YEAR_DAYS).sqrt()
    distance = min(max(intrinsic / scale, -_WIDE), _WIDE)
    density = _INV_SQRT_2PI * (-distance * distance / 2).exp()
    value = scale * (density + distance / (1 + (-_LOGISTIC * distance).exp()))
    return max(round_nearest(max(value, intrinsic), CENT), CENT)
