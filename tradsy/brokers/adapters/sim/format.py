"""Domain -> wire."""

from __future__ import annotations

from decimal import Decimal

from tradsy.brokers.adapters.sim.constants import VENUE
from tradsy.brokers.capabilities import Capabilities, IdempotencyClass
from tradsy.brokers.errors import UnsupportedByBroker
from tradsy.brokers.port import OrderRequest
from tradsy.domain.errors import UnknownInstrument
from tradsy.domain.instruments import parse_asset_class
from tradsy.domain.money import format_decimal


def format_order(request: OrderRequest, capabilities: Capabilities) -> dict[str, object]:
    """Return the body that enters an order; class D accounts are sent no id.

    Raises:
        UnsupportedByBroker: the capabilities do not declare it.
    """
    terms = request.terms
    _check(request, capabilities)
    body: dict[str, object] = {
        "account": request.venue_account_id,
        "symbol": terms.symbol,
        "side": terms.side.value,
        "type": terms.order_type.value,
        "quantity": format_decimal(terms.quantity),
        "time_in_force": terms.time_in_force.value,
    }
    for name, value in (
        ("limit_price", terms.limit_price),
        ("stop_price", terms.stop_price),
        ("trail_amount", terms.trail_amount),
        ("trail_percent", terms.trail_percent),
    ):
        if value is not None:
            body[name] = _price(value)
    if terms.reduce_only:
        body["reduce_only"] = True
    if terms.extended_hours:
        body["extended_hours"] = True
    if request.oco_group is not None:
        body["oco_group"] = request.oco_group
    if capabilities.idempotency is not IdempotencyClass.NONE:
        body["client_order_id"] = request.client_order_id
    return body


def _price(value: Decimal) -> str:
    return format_decimal(value)


def _check(request: OrderRequest, capabilities: Capabilities) -> None:
    terms = request.terms
    try:
        asset_class = parse_asset_class(terms.symbol)
    except UnknownInstrument as error:
        raise UnsupportedByBroker("the symbol has no known form", venue=VENUE) from error
    if asset_class not in capabilities.asset_classes:
        raise UnsupportedByBroker(f"{asset_class} is not traded here", venue=VENUE)
    if len(request.client_order_id) > capabilities.max_client_order_id:
        raise UnsupportedByBroker("the client order id is too long", venue=VENUE)
    if terms.quantity != int(terms.quantity) and asset_class not in capabilities.fractional:
        raise UnsupportedByBroker(f"fractions of a {asset_class} are not traded here", venue=VENUE)
