"""The error tree; `entrypoints` turns a `TradsyError` into problem+json.

TradsyError(code, http_status)
|- DomainError   InvalidTransition, PrecisionLost, UnknownInstrument, InvalidNumber
|- CallerError   Unauthenticated 401, EntitlementMissing 402, Forbidden 403, NotFound 404, Conflict 409,
|                Invalid 422, Limited 429
|- BrokerError   see `tradsy.brokers.errors`
`- Operational   Unavailable 503, and what is counted rather than paged
"""

from __future__ import annotations

from typing import Any, ClassVar


class TradsyError(Exception):
    """Base of all errors of the product; `code` is stable and part of the API, `detail` never echoes input."""

    code: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str = "", **context: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.context = context
        """Machine-readable numbers for the answer, such as a limit and its use; no input, no secrets."""


class DomainError(TradsyError):
    """A value or a change that the rules of trading do not allow."""

    code = "domain_error"
    http_status = 422
    title = "The request breaks a rule of trading"


class InvalidTransition(DomainError):
    """An order was asked to change in a way that its state does not allow."""

    code = "invalid_transition"
    http_status = 409
    title = "The order's state does not allow this"


class InvalidNumber(DomainError):
    """A number is not a plain, finite decimal of at most 18 digits."""

    code = "invalid_number"
    title = "A number is not a plain finite decimal"


class PrecisionLost(DomainError):
    """A price or size does not fit the instrument's tick or lot."""

    code = "precision_lost"
    title = "A price or size does not fit the instrument's step"


class UnknownInstrument(DomainError):
    """No instrument is known under a symbol."""

    code = "unknown_instrument"
    title = "The symbol is not known"


class CallerError(TradsyError):
    """The caller may not do this, or asked for it wrongly."""

    code = "bad_request"
    http_status = 400
    title = "The request is not valid"


class Unauthenticated(CallerError):
    """No valid credential came with the request."""

    code = "unauthenticated"
    http_status = 401
    title = "Sign in first"


class EntitlementMissing(CallerError):
    """The caller's plan does not include this."""

    code = "entitlement_missing"
    http_status = 402
    title = "Your plan does not include this"


class Forbidden(CallerError):
    """The caller is known but may not do this."""

    code = "forbidden"
    http_status = 403
    title = "You may not do this"


class NotFound(CallerError):
    """The thing does not exist, or is another tenant's: the answer is the same."""

    code = "not_found"
    http_status = 404
    title = "Not found"


class Conflict(CallerError):
    """The thing's present state does not allow the request."""

    code = "conflict"
    http_status = 409
    title = "This conflicts with the present state"


class TooLarge(CallerError):
    """The body is larger than the route takes."""

    code = "too_large"
    http_status = 413
    title = "The body is too large"


class Invalid(CallerError):
    """A field of the request is not valid."""

    code = "invalid"
    http_status = 422
    title = "A field is not valid"


class Limited(CallerError):
    """A rate limit was reached; `context["retry_after"]` is in seconds."""

    code = "rate_limited"
    http_status = 429
    title = "Too many requests"


class Operational(TradsyError):
    """A fault of the installation that is expected now and then: counted, not paged."""

    code = "unavailable"
    http_status = 503
    title = "A service that Tradsy needs is not available"


class Unavailable(Operational):
    """A dependency (database, bus, pool) cannot serve this now; the caller may try again."""
