"""The venue's error table (docs/reference/sim.md, "Errors") -> our errors, by consequence.

Only a status together with its own code proves a refusal: a bare 400 or 404 may come from something in between,
or after the venue acted. Everything not listed is, for a command, `BrokerOutcomeUnknown`.
"""

from __future__ import annotations

from tradsy.brokers.adapters.sim.constants import VENUE
from tradsy.brokers.errors import (
    BrokerAuthExpired,
    BrokerError,
    BrokerOutcomeUnknown,
    BrokerReadFailed,
    BrokerRefused,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    InvalidSymbol,
    MarketClosed,
    NotTradable,
    OrderNotFound,
    OrderNotOpen,
    RateLimited,
)

REFUSALS: dict[tuple[int, str], type[BrokerError]] = {
    (400, "bad_request"): InvalidOrder,
    (401, "auth_invalid"): BrokerAuthExpired,
    (401, "auth_expired"): BrokerAuthExpired,
    (403, "insufficient_funds"): InsufficientFunds,
    (403, "account_blocked"): NotTradable,
    (403, "shorting_not_allowed"): NotTradable,
    (404, "account_not_found"): NotTradable,
    (404, "order_not_found"): OrderNotFound,
    (409, "order_not_open"): OrderNotOpen,
    (422, "unknown_symbol"): InvalidSymbol,
    (422, "not_tradable"): NotTradable,
    (422, "symbol_halted"): NotTradable,
    (422, "invalid_quantity"): InvalidOrder,
    (422, "invalid_price"): InvalidOrder,
    (422, "invalid_order"): InvalidOrder,
    (422, "reduce_only"): InvalidOrder,
    (422, "market_closed"): MarketClosed,
    (422, "duplicate_open"): DuplicateOrder,
    (422, "duplicate_closed"): DuplicateOrder,
    # The venue counts before it reads the order, so nothing was placed.
    (429, "rate_limited"): BrokerRefused,
}
"""(status, code) -> proof of refusal."""

NO_SUCH_ORDER = (404, "order_not_found")

_READS: dict[tuple[int, str], type[BrokerError]] = {
    (401, "auth_invalid"): BrokerAuthExpired,
    (401, "auth_expired"): BrokerAuthExpired,
    (404, "order_not_found"): OrderNotFound,
    (422, "unknown_symbol"): InvalidSymbol,
}


def command_error(status: int, code: str, message: str) -> BrokerError:
    """Return what an answer other than success means for a command."""
    error = REFUSALS.get((status, code), BrokerOutcomeUnknown)
    return error(message, venue=VENUE, venue_code=code or str(status))


def read_error(status: int, code: str, message: str, retry_after: str | None) -> BrokerError:
    """Return what an answer other than success means for a read."""
    if status == 429:
        seconds = int(retry_after) if retry_after and retry_after.isdigit() else 1
        return RateLimited(message, retry_after=seconds, venue=VENUE)
    error = _READS.get((status, code), BrokerReadFailed)
    return error(message, venue=VENUE, venue_code=code or str(status))
