"""The venue's error table: code -> HTTP status. Every refusal has a body `{code, message, venue_time}`."""

from __future__ import annotations

STATUS: dict[str, int] = {
    "bad_request": 400,
    "auth_invalid": 401,
    "auth_expired": 401,
    "insufficient_funds": 403,
    "account_blocked": 403,
    "shorting_not_allowed": 403,
    "account_not_found": 404,
    "order_not_found": 404,
    "route_not_found": 404,
    "order_not_open": 409,
    "unknown_symbol": 422,
    "not_tradable": 422,
    "symbol_halted": 422,
    "invalid_quantity": 422,
    "invalid_price": 422,
    "invalid_order": 422,
    "reduce_only": 422,
    "market_closed": 422,
    "duplicate_open": 422,
    "duplicate_closed": 422,
    "rate_limited": 429,
    "internal": 500,
    "unavailable": 503,
}

MESSAGES: dict[str, str] = {
    "duplicate_open": "client_order_id is in use by an open order",
    "duplicate_closed": "client_order_id was used by a finished order",
}


class VenueError(Exception):
    """An answer with one of the venue's codes."""

    def __init__(self, code: str, message: str = "", order_id: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or MESSAGES.get(code, code.replace("_", " "))
        self.order_id = order_id

    @property
    def status(self) -> int:
        return STATUS[self.code]
