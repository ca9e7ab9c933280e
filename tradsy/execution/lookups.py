"""Reading one order at the venue, as items for the ledger: its executions first, then the order itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tradsy.brokers.errors import BrokerError, OrderNotFound
from tradsy.brokers.port import OrderReport, ReportKind, VenueExecution, VenueOrder
from tradsy.domain.ids import AccountId
from tradsy.domain.money import ZERO
from tradsy.execution.model import LedgerItem, Order, OrderSeen, ReportReceived
from tradsy.execution.state import AccountState

MARGIN = timedelta(seconds=30)
"""How far before the first possible send a look-up reaches, against clocks that differ."""


def execution_report(execution: VenueExecution) -> OrderReport:
    """Return an execution of the venue's history as a report of its stream."""
    return OrderReport(
        kind=ReportKind.FILL,
        venue_account_id=execution.venue_account_id,
        at=execution.fill.at,
        client_order_id=execution.client_order_id,
        venue_order_id=execution.venue_order_id,
        symbol=execution.symbol,
        side=execution.side,
        fill=execution.fill,
    )


def found_items(
    account_id: AccountId,
    order: Order,
    venue_order: VenueOrder,
    executions: Iterable[VenueExecution],
    evidence: tuple[Mapping[str, Any], ...] = (),
) -> list[LedgerItem]:
    """Return what a found order means: each of its executions, then its state."""
    items: list[LedgerItem] = [
        ReportReceived(account_id, execution_report(execution), order.id)
        for execution in executions
        if execution.venue_order_id == venue_order.venue_order_id
    ]
    # The order's own row comes first, so that a fill finds an accepted order, and last, so that its end is seen
    # once its fills are booked.
    seen = OrderSeen(account_id, venue_order, order.id, evidence)
    return [seen, *items, OrderSeen(account_id, venue_order, order.id)]


def search_from(order: Order) -> datetime:
    """Return the time from which the venue's lists must be read to be sure of seeing `order`."""
    return (order.sent_at or order.created_at) - MARGIN


async def look_up_order(account: AccountState, order: Order) -> list[LedgerItem]:
    """Read a placed order and its executions; a failed read brings nothing, and proves nothing."""
    if order.venue_order_id is None:
        return []
    try:
        venue_order = await account.broker.get_order(account.venue_account_id, order.venue_order_id)
        executions: Sequence[VenueExecution] = ()
        if venue_order.cumulative_quantity > ZERO:
            page = await account.broker.list_executions(account.venue_account_id, search_from(order))
            executions = page.items
    except OrderNotFound:
        account.reconcile_asked = True
        return []
    except BrokerError:
        return []
    return found_items(account.account_id, order, venue_order, executions)
