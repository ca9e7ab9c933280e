"""What a broker call can end in, named by consequence.

BrokerError(venue, venue_code, client_order_id)
|- UnsupportedByBroker     not declared in the capabilities; raised before any I/O
|- BrokerNotSent           no byte reached the venue: sending again with the same id is safe
|- BrokerRefused           proof of refusal: InsufficientFunds, InvalidSymbol, MarketClosed, InvalidOrder,
|                          NotTradable, DuplicateOrder, OrderNotFound, OrderNotOpen
|- BrokerOutcomeUnknown    time-out, 5xx, lost socket, unreadable reply: look it up, never send again
|- BrokerReadFailed        quotes, balances, lists: read again later; RateLimited carries retry_after
|- BrokerAuthExpired       the user must connect again; pauses that connection only
`- BrokerProtocolChanged   an order state nobody modelled: stops that connection
"""

from __future__ import annotations

from tradsy.domain.errors import TradsyError


class BrokerError(TradsyError):
    """Base of all errors of the broker port."""

    code = "broker_error"
    http_status = 502
    title = "The broker could not do this"

    def __init__(self, detail: str = "", *, venue: str = "", venue_code: str = "", client_order_id: str = "") -> None:
        super().__init__(detail)
        self.venue = venue
        self.venue_code = venue_code
        """The venue's own code or status, for support; never its raw body."""
        self.client_order_id = client_order_id


class UnsupportedByBroker(BrokerError):
    """The venue cannot do this; known before any I/O."""

    code = "unsupported_by_broker"
    http_status = 422
    title = "This broker does not support this order"


class BrokerNotSent(BrokerError):
    """Proof that no byte of the request reached the venue."""

    code = "broker_not_sent"
    http_status = 503
    title = "The broker could not be reached; nothing was sent"


class BrokerRefused(BrokerError):
    """Proof that the venue refused the request."""

    code = "broker_refused"
    http_status = 422
    title = "The broker refused the order"


class InsufficientFunds(BrokerRefused):
    """Buying power or balance does not cover the order."""

    code = "insufficient_funds"
    title = "The account has not enough funds"


class InvalidSymbol(BrokerRefused):
    """The venue does not know the symbol."""

    code = "invalid_symbol"
    title = "The broker does not know this symbol"


class MarketClosed(BrokerRefused):
    """The venue takes no such order at this hour."""

    code = "market_closed"
    title = "The market is closed"


class InvalidOrder(BrokerRefused):
    """The venue found a field of the order wrong."""

    code = "invalid_order"
    title = "The broker found the order invalid"


class NotTradable(BrokerRefused):
    """Halted, restricted, or the account may not trade it."""

    code = "not_tradable"
    title = "This cannot be traded now"


class DuplicateOrder(BrokerRefused):
    """The venue already knows an order under this client order id: proof that the earlier one exists."""

    code = "duplicate_order"
    http_status = 409
    title = "The broker already has this order"


class OrderNotFound(BrokerRefused):
    """The venue knows no such order; for a look-up this is evidence, never proof, that it was not placed."""

    code = "order_not_found"
    http_status = 404
    title = "The broker does not know this order"


class OrderNotOpen(BrokerRefused):
    """The order is finished, so it can be neither canceled nor replaced."""

    code = "order_not_open"
    http_status = 409
    title = "The order is no longer open"


class BrokerOutcomeUnknown(BrokerError):
    """The venue may or may not have acted: look it up, never send again."""

    code = "broker_outcome_unknown"
    http_status = 202
    title = "The broker's answer is not known yet; Tradsy is looking it up"


class BrokerReadFailed(BrokerError):
    """A read failed; it says nothing about the thing read."""

    code = "broker_read_failed"
    http_status = 503
    title = "The broker could not be read"


class RateLimited(BrokerReadFailed):
    """The venue asked to slow down; `retry_after` in seconds."""

    code = "broker_rate_limited"
    title = "The broker asks to slow down"

    def __init__(self, detail: str = "", *, retry_after: float = 1.0, venue: str = "") -> None:
        super().__init__(detail, venue=venue)
        self.retry_after = retry_after


class BrokerAuthExpired(BrokerError):
    """The credential is no longer accepted."""

    code = "broker_auth_expired"
    http_status = 409
    title = "The broker connection needs to be linked again"


class BrokerProtocolChanged(BrokerError):
    """The venue said something that no model covers."""

    code = "broker_protocol_changed"
    title = "The broker changed its interface; the connection is stopped"
