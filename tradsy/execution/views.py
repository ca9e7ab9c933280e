"""What events and the API say of an order: our row in the field's words, decimals as strings."""

from __future__ import annotations

from typing import Any

from tradsy.execution.model import Order, to_json


def order_payload(order: Order) -> dict[str, Any]:
    """Return an order as the event `orders.updated` carries it."""
    return {
        "order_id": str(order.id),
        "account_id": str(order.account_id),
        "trace_id": str(order.trace_id),
        "plan_id": to_json(order.plan_id),
        "parent_order_id": to_json(order.parent_order_id),
        "role": str(order.role),
        "symbol": order.symbol,
        "side": str(order.side),
        "order_type": str(order.order_type),
        "quantity": to_json(order.quantity),
        "limit_price": to_json(order.limit_price),
        "stop_price": to_json(order.stop_price),
        "time_in_force": str(order.time_in_force),
        "state": str(order.state),
        "cumulative_quantity": to_json(order.cumulative_quantity),
        "average_price": to_json(order.average_price),
        "fees": to_json(order.fees),
        "reason_code": order.reason_code,
        "reason": order.reason,
        "created_at": to_json(order.created_at),
        "updated_at": to_json(order.updated_at),
    }
