"""What can go wrong with sources and signals, and the reasons for which a message is unreadable."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tradsy.domain.errors import Conflict, Forbidden, Invalid, NotFound

PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "empty_body": "The message is empty.",
        "not_utf8": "The message is not UTF-8 text.",
        "malformed_json": "The message looks like JSON but is not valid JSON.",
        "duplicate_field": "A field is given twice.",
        "unknown_shape": "The JSON has the shape of no known dialect.",
        "unknown_field": "The order has a field that the format does not know.",
        "unfilled_placeholder": "A TradingView placeholder was sent unfilled; check its spelling in the alert message.",
        "field_missing": "A required field is missing.",
        "wrong_type": "A field has the wrong type.",
        "unknown_value": "A field has a value that the format does not know.",
        "invalid_number": "A number is not a plain finite decimal above zero.",
        "invalid_time": "A time is neither ISO 8601 nor a Unix time.",
        "unknown_symbol": "The symbol has the form of no known instrument.",
        "quantity_conflict": "Give a quantity or a notional, not both.",
        "price_conflict": "The prices do not fit the order type.",
        "level_conflict": "A stop or target must be given in exactly one way.",
        "sentiment_conflict": "Action and sentiment contradict each other, or need a quantity.",
        "formula_unsupported": "Formulas (values that begin with '=') are not supported.",
        "delay_unsupported": "A delay is not supported; send the signal when it is due.",
        "option_selection_unsupported": "Name the option contract; choosing one by strike rules is not supported.",
        "future_signal": "The message bears a time more than 5 seconds in the future.",
    }
)
"""Reason code -> what the sender is told; the value that was sent is never repeated."""


class SourceNotFound(NotFound):
    code = "source_not_found"
    title = "There is no such source"


class SignalNotFound(NotFound):
    code = "signal_not_found"
    title = "There is no such signal"


class HookNotFound(NotFound):
    code = "not_found"
    title = "Not found"


class BodySecretWrong(Forbidden):
    code = "body_secret_wrong"
    title = "The message lacks the source's secret"


class SourceNameTaken(Conflict):
    code = "source_name_taken"
    title = "You have a source of that name"


class SourceClosed(Conflict):
    code = "source_closed"
    title = "The source is closed"


class SenderNotAllowed(Forbidden):
    code = "sender_not_allowed"
    title = "Hooks are not taken from this address"


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another message"


class UnreadableSignal(Invalid):
    """The message was kept, and nothing will be done with it."""

    code = "unreadable_signal"
    title = "The signal cannot be acted on"


class Unreadable(Exception):
    """Raised while reading; `code` is one of `PROBLEMS`, `field` a declared field name."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field
