"""Wire -> domain, pure.

Raises, from every function: KeyError, ValueError or InvalidNumber for a payload of another shape, which the
client turns into what it means for the call.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tradsy.brokers.adapters.sim.wire import (
    WireAccount,
    WireBar,
    WireEvent,
    WireExecution,
    WireKind,
    WireOrder,
    WirePosition,
    WireQuote,
    WireStatus,
)
from tradsy.brokers.port import (
    AccountSnapshot,
    OrderReport,
    ReportKind,
    VenueExecution,
    VenueOrder,
    VenueOrderStatus,
    VenuePosition,
)
from tradsy.domain.ids import ClientOrderId, VenueAccountId, VenueOrderId
from tradsy.domain.market import Bar, Quote
from tradsy.domain.money import parse_decimal
from tradsy.domain.orders import Fill, OrderTerms, OrderType, Side, TimeInForce

_STATUS = {
    WireStatus.HELD: VenueOrderStatus.NEW,
    WireStatus.NEW: VenueOrderStatus.NEW,
    WireStatus.PARTIALLY_FILLED: VenueOrderStatus.PARTIALLY_FILLED,
    WireStatus.FILLED: VenueOrderStatus.FILLED,
    WireStatus.CANCELED: VenueOrderStatus.CANCELED,
    WireStatus.REPLACED: VenueOrderStatus.REPLACED,
    WireStatus.EXPIRED: VenueOrderStatus.EXPIRED,
}
_KIND = {
    WireKind.NEW: ReportKind.NEW,
    WireKind.FILL: ReportKind.FILL,
    WireKind.CANCELED: ReportKind.CANCELED,
    WireKind.EXPIRED: ReportKind.EXPIRED,
    WireKind.REPLACED: ReportKind.REPLACED,
    WireKind.BUST: ReportKind.BUST,
    WireKind.CORRECTION: ReportKind.CORRECTION,
}
"""`changed` is not here: it tells nothing that the port asks for."""


def parse_time(text: str) -> datetime:
    """Read a time; the venue writes UTC with a Z."""
    return datetime.fromisoformat(text)


def parse_status(text: str) -> VenueOrderStatus:
    """Read an order's status; one that nobody modelled is a ValueError."""
    return _STATUS[WireStatus(text)]


def parse_order(order: WireOrder) -> VenueOrder:
    """Read an order."""
    return VenueOrder(
        venue_account_id=VenueAccountId(order["account"]),
        venue_order_id=VenueOrderId(order["order_id"]),
        client_order_id=_client_id(order["client_order_id"]),
        terms=OrderTerms(
            symbol=order["symbol"],
            side=Side(order["side"]),
            order_type=OrderType(order["type"]),
            quantity=parse_decimal(order["quantity"]),
            time_in_force=TimeInForce(order["time_in_force"]),
            limit_price=_optional(order["limit_price"]),
            stop_price=_optional(order["stop_price"]),
            trail_amount=_optional(order["trail_amount"]),
            trail_percent=_optional(order["trail_percent"]),
            reduce_only=order["reduce_only"],
            extended_hours=order["extended_hours"],
        ),
        status=parse_status(order["status"]),
        cumulative_quantity=parse_decimal(order["filled_quantity"]),
        average_price=_average(order["average_price"]),
        entered_at=parse_time(order["entered_at"]),
        updated_at=parse_time(order["updated_at"]),
        reason=order["reason"],
    )


def parse_fill(made: WireExecution) -> Fill:
    """Read the fill of an execution."""
    return Fill(
        venue_execution_id=made["execution_id"],
        quantity=abs(parse_decimal(made["quantity"])),
        price=parse_decimal(made["price"]),
        fee=parse_decimal(made["fee"]),
        at=parse_time(made["at"]),
    )


def parse_execution(made: WireExecution) -> VenueExecution:
    """Read an execution of the history."""
    return VenueExecution(
        venue_account_id=VenueAccountId(made["account"]),
        venue_order_id=VenueOrderId(made["order_id"]),
        client_order_id=_client_id(made["client_order_id"]),
        symbol=made["symbol"],
        side=Side(made["side"]),
        fill=parse_fill(made),
    )


def parse_event(event: WireEvent) -> OrderReport | None:
    """Read an event of the stream; None for those that report nothing: changes of detail, marked repetitions."""
    kind = _KIND.get(WireKind(event["kind"]))
    made = event["execution"]
    if kind is None or (made is not None and "dup_of" in made):
        return None
    order = event["order"]
    return OrderReport(
        kind=kind,
        venue_account_id=VenueAccountId(order["account"]),
        at=parse_time(event["at"]),
        client_order_id=_client_id(order["client_order_id"]),
        venue_order_id=VenueOrderId(order["order_id"]),
        symbol=order["symbol"],
        side=Side(order["side"]),
        fill=parse_fill(made) if made is not None and kind is not ReportKind.BUST else None,
        cumulative_quantity=parse_decimal(order["filled_quantity"]),
        corrects=event["corrects"],
        reason=order["reason"],
    )


def parse_account(account: WireAccount, at: datetime) -> AccountSnapshot:
    """Read an account."""
    return AccountSnapshot(
        venue_account_id=VenueAccountId(account["account"]),
        currency=account["currency"],
        equity=parse_decimal(account["equity"]),
        cash=parse_decimal(account["cash"]),
        buying_power=parse_decimal(account["buying_power"]),
        at=at,
        trading_blocked=account["blocked"],
    )


def parse_position(position: WirePosition) -> VenuePosition:
    """Read a position."""
    return VenuePosition(position["symbol"], parse_decimal(position["quantity"]), _ratio(position["average_price"]))


def parse_quote(quote: WireQuote) -> Quote:
    """Read a quote."""
    return Quote(
        symbol=quote["symbol"],
        bid=Decimal(quote["bid"]),
        ask=Decimal(quote["ask"]),
        last=Decimal(quote["last"]),
        at=parse_time(quote["at"]),
        halted=quote["halted"],
        adv=_optional(quote["adv"]),
        session_open=quote["session_open"],
    )


def parse_bar(symbol: str, bar: WireBar) -> Bar:
    """Read a bar."""
    return Bar(
        symbol=symbol,
        at=parse_time(bar["at"]),
        open=parse_decimal(bar["open"]),
        high=parse_decimal(bar["high"]),
        low=parse_decimal(bar["low"]),
        close=parse_decimal(bar["close"]),
        volume=parse_decimal(bar["volume"]),
    )


def _client_id(text: str | None) -> ClientOrderId | None:
    return ClientOrderId(text) if text else None


def _optional(text: str | None) -> Decimal | None:
    return None if text is None else parse_decimal(text)


def _average(text: str | None) -> Decimal | None:
    return None if text is None else _ratio(text)


def _ratio(text: str) -> Decimal:
    """Read a quotient: it may have more digits than an amount may."""
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError("not a finite number")
    return value
