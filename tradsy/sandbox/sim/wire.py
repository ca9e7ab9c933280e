"""The venue's JSON: reading orders, writing orders, executions, positions and quotes. Numbers are strings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradsy.domain.errors import InvalidNumber
from tradsy.domain.instruments import Instrument
from tradsy.domain.market import Bar, Quote
from tradsy.domain.money import format_decimal, parse_positive
from tradsy.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from tradsy.domain.positions import Position
from tradsy.sandbox.clock import format_time, parse_time
from tradsy.sandbox.sim.errors import VenueError
from tradsy.simulation.model import Event, Execution, NewOrder, SimOrder, Status

Json = dict[str, Any]


def read_order(body: Json, account_id: str) -> NewOrder:
    """Read a new order.

    Raises:
        VenueError: a field is missing or not readable.
    """
    exits = body.get("take_profit"), body.get("stop_loss"), body.get("stop_loss_limit")
    take_profit, stop_loss, stop_loss_limit = (_number(e, "exit") for e in exits)
    return NewOrder(
        account_id=account_id,
        terms=read_terms(body),
        client_order_id=_text(body, "client_order_id", 64),
        oco_group=_text(body, "oco_group", 64),
        take_profit=take_profit,
        stop_loss=stop_loss,
        stop_loss_limit=stop_loss_limit,
    )


def read_terms(body: Json) -> OrderTerms:
    """Read what an order asks for.

    Raises:
        VenueError: a field is missing or not readable.
    """
    try:
        return OrderTerms(
            symbol=str(body["symbol"]),
            side=Side(body["side"]),
            order_type=OrderType(body["type"]),
            quantity=_required(body, "quantity"),
            time_in_force=TimeInForce(body.get("time_in_force", "day")),
            limit_price=_number(body.get("limit_price"), "limit_price"),
            stop_price=_number(body.get("stop_price"), "stop_price"),
            trail_amount=_number(body.get("trail_amount"), "trail_amount"),
            trail_percent=_number(body.get("trail_percent"), "trail_percent"),
            reduce_only=body.get("reduce_only") is True,
            extended_hours=body.get("extended_hours") is True,
        )
    except (KeyError, ValueError) as error:
        raise VenueError("bad_request", "a field is missing or not readable") from error


def _required(body: Json, name: str) -> Decimal:
    value = _number(body.get(name), name)
    if value is None:
        raise VenueError("invalid_quantity" if name == "quantity" else "invalid_price", f"{name} is missing")
    return value


def _number(value: object, name: str) -> Decimal | None:
    if value is None:
        return None
    try:
        return parse_positive(value)
    except InvalidNumber as error:
        code = "invalid_quantity" if name == "quantity" else "invalid_price"
        raise VenueError(code, f"{name} must be a positive decimal, as text") from error


def _text(body: Json, name: str, longest: int) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise VenueError("bad_request", f"{name} must be text of at most {longest} characters")
    return value


def _opt(value: Decimal | None) -> str | None:
    return None if value is None else format_decimal(value)


def write_order(order: SimOrder, *, status: Status | None = None, cumulative: Decimal | None = None) -> Json:
    """Write an order as it is, or as it was at an event."""
    terms = order.terms
    filled = order.cumulative if cumulative is None else cumulative
    leaves = terms.quantity - filled - order.reduced
    return {
        "order_id": order.order_id,
        "account": order.account_id,
        "client_order_id": order.client_order_id,
        "symbol": terms.symbol,
        "side": terms.side.value,
        "type": terms.order_type.value,
        "quantity": format_decimal(terms.quantity),
        "time_in_force": terms.time_in_force.value,
        "limit_price": _opt(terms.limit_price),
        "stop_price": _opt(terms.stop_price),
        "trail_amount": _opt(terms.trail_amount),
        "trail_percent": _opt(terms.trail_percent),
        "reduce_only": terms.reduce_only,
        "extended_hours": terms.extended_hours,
        "status": (status or order.status).value,
        "filled_quantity": format_decimal(filled),
        "average_price": _opt(order.average_price) if filled else None,
        "leaves_quantity": format_decimal(leaves),
        "oco_group": order.oco_group,
        "parent_id": order.parent_id,
        "replaces": order.replaces,
        "replaced_by": order.replaced_by,
        "entered_at": format_time(order.entered_at),
        "updated_at": format_time(order.updated_at),
        "reason": order.reason,
    }


def write_execution(made: Execution) -> Json:
    return {
        "execution_id": made.execution_id,
        "order_id": made.order_id,
        "account": made.account_id,
        "client_order_id": made.client_order_id,
        "symbol": made.symbol,
        "side": made.side,
        "quantity": format_decimal(made.quantity),
        "price": format_decimal(made.price),
        "fee": format_decimal(made.fee),
        "at": format_time(made.at),
    }


def write_event(event: Event) -> Json:
    """Write an event for the stream, without its sequence number."""
    return {
        "type": "order",
        "kind": event.kind.value,
        "at": format_time(event.at),
        "order": write_order(event.order, status=event.status, cumulative=event.cumulative),
        "execution": write_execution(event.execution) if event.execution else None,
        "corrects": event.corrects,
    }


def truth_of(message: Json, event: Event, position: Position, request: int | None) -> Json:
    """Return the event's message for the stream with all that a restart needs besides, for the truth file."""
    order = event.order
    record = message | {"request": request}
    record["order"] = message["order"] | {
        "filled_notional": format_decimal(order.filled_notional),
        "reduced": format_decimal(order.reduced),
        "triggered": order.triggered,
        "watermark": _opt(order.watermark),
        "rested": order.rested,
        "reserved": format_decimal(order.reserved),
        "max_fill": _opt(order.max_fill),
    }
    made = event.execution
    if made:
        record["execution"] = message["execution"] | {
            "amount": format_decimal(made.amount),
            "cash": format_decimal(made.cash),
            "position": format_decimal(made.position),
            "average_price": str(made.average_price),
            "realized_delta": str(made.realized_pnl),
            "realized_pnl": str(position.realized_pnl),
            "fees": str(position.fees),
        }
    return record


def order_of(json: Json) -> SimOrder:
    """Read an order back from the truth file."""
    return SimOrder(
        order_id=json["order_id"],
        account_id=json["account"],
        terms=read_terms(json),
        client_order_id=json["client_order_id"],
        entered_at=parse_time(json["entered_at"]),
        updated_at=parse_time(json["updated_at"]),
        status=Status(json["status"]),
        cumulative=Decimal(json["filled_quantity"]),
        filled_notional=Decimal(json["filled_notional"]),
        reduced=Decimal(json["reduced"]),
        oco_group=json["oco_group"],
        parent_id=json["parent_id"],
        replaces=json["replaces"],
        replaced_by=json["replaced_by"],
        reason=json["reason"],
        triggered=json["triggered"],
        watermark=None if json["watermark"] is None else Decimal(json["watermark"]),
        rested=json["rested"],
        reserved=Decimal(json["reserved"]),
        max_fill=None if json["max_fill"] is None else Decimal(json["max_fill"]),
    )


def execution_of(json: Json) -> Execution:
    """Read an execution back from the truth file."""
    return Execution(
        execution_id=json["execution_id"],
        order_id=json["order_id"],
        account_id=json["account"],
        client_order_id=json["client_order_id"],
        symbol=json["symbol"],
        side=json["side"],
        quantity=Decimal(json["quantity"]),
        price=Decimal(json["price"]),
        fee=Decimal(json["fee"]),
        amount=Decimal(json["amount"]),
        cash=Decimal(json["cash"]),
        position=Decimal(json["position"]),
        average_price=Decimal(json["average_price"]),
        realized_pnl=Decimal(json["realized_delta"]),
        at=parse_time(json["at"]),
    )


def write_quote(quote: Quote) -> Json:
    return {
        "symbol": quote.symbol,
        "bid": format_decimal(quote.bid),
        "ask": format_decimal(quote.ask),
        "last": format_decimal(quote.last),
        "at": format_time(quote.at),
        "halted": quote.halted,
        "adv": _opt(quote.adv),
        "session_open": quote.session_open,
    }


def write_bar(bar: Bar) -> Json:
    prices = {n: format_decimal(getattr(bar, n)) for n in ("open", "high", "low", "close", "volume")}
    return {"at": format_time(bar.at)} | prices


def write_instrument(instrument: Instrument) -> Json:
    return {
        "symbol": instrument.symbol,
        "asset_class": instrument.asset_class.value,
        "name": instrument.name,
        "currency": instrument.currency,
        "tick_size": format_decimal(instrument.tick_size),
        "lot_size": format_decimal(instrument.lot_size),
        "min_quantity": format_decimal(instrument.min_quantity),
        "min_notional": format_decimal(instrument.min_notional),
        "multiplier": format_decimal(instrument.multiplier),
        "calendar": instrument.calendar,
        "tradable": instrument.tradable,
    }
