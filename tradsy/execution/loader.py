"""Rebuilds what the owner remembers of accounts from the rows: at takeover, and after a transaction that failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tradsy.domain.ids import AccountId, OrderId, SourceId
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderRole, OrderTerms, OrderType, Side, TimeInForce
from tradsy.execution import repository
from tradsy.execution.model import Order
from tradsy.execution.runtime import Runtime
from tradsy.execution.state import AccountState, HeldPosition
from tradsy.platform.db import DbSession, sql
from tradsy.portfolio import service as portfolio
from tradsy.portfolio.model import BalanceRecord, plain
from tradsy.risk.model import AccountFacts, RecentOrder

COUNTED = timedelta(days=1)
"""The longest window of any counter."""


async def load_accounts(session: DbSession, runtime: Runtime, accounts: Sequence[AccountState]) -> None:
    """Fill `accounts` from the database: orders, positions, balances, breaks, counters.

    Orders that another room commits meanwhile stay, whether the rows that were read show them or not.
    """
    if not accounts:
        return
    settled = {account.account_id: account.orders.keys() - account.drafts for account in accounts}
    ids = [account.account_id for account in accounts]
    by_id = {account.account_id: account for account in accounts}
    positions = await portfolio.load_positions(session, ids)
    balances = await portfolio.load_balances(session, ids)
    open_orders = await _open_orders(session, ids)
    now = runtime.clock.now()
    activity = await repository.recent_activity(session, ids, since=now - COUNTED)
    finished = await repository.finished_venue_ids(session, ids, since=now - COUNTED)
    breaks = await load_breaks(session, ids)
    fresh = [
        order
        for account in accounts
        for order_id, order in account.orders.items()
        if order_id not in settled[account.account_id]
    ]
    for account in accounts:
        _reset(account)
        account.open_breaks = breaks.get(account.account_id, 0)
        account.balance = _facts(balances.get(account.account_id), account)
        for record in positions.get(account.account_id, ()):
            account.positions[record.symbol] = HeldPosition(record.position, record.multiplier)
    for order in open_orders:
        by_id[order.account_id].orders[order.id] = order
    for account_id, venue_order_id in finished:
        by_id[account_id].finished_venue_ids.append(venue_order_id)
    for row in activity:
        _count(runtime, by_id[AccountId(row["account_id"])], row)
    _keep(runtime, by_id, fresh, {row["id"] for row in activity})


def _keep(
    runtime: Runtime, accounts: Mapping[AccountId, AccountState], orders: Sequence[Order], counted: Collection[OrderId]
) -> None:
    """Put back orders that were being committed while the rows were read; those among `counted` were read in part."""
    for order in orders:
        account = accounts[order.account_id]
        if order.id in counted:
            account.orders.setdefault(order.id, order)
            continue
        is_draft = order.id in account.drafts
        account.note_order(order, runtime.trading_day(order.created_at))
        if not is_draft:
            account.drafts.discard(order.id)


def _reset(account: AccountState) -> None:
    account.positions.clear()
    account.orders.clear()
    account.messages.clear()
    account.recent.clear()
    account.rejects.clear()
    account.fills.clear()
    account.finished_venue_ids.clear()
    account.orders_on = ("", 0)


async def _open_orders(session: DbSession, ids: Sequence[AccountId]) -> list[Order]:
    rows = await session.execute(
        sql(f"select * from orders where account_id = any(:ids) and state in ({repository.OPEN})"), {"ids": list(ids)}
    )
    return [Order.from_row(dict(row)) for row in rows]


async def load_breaks(session: DbSession, ids: Sequence[AccountId]) -> dict[AccountId, int]:
    """Return how many breaks of each account are open; an account without any is not among them."""
    rows = await session.execute(
        sql(
            "select account_id, count(*) as n from breaks where account_id = any(:ids) and state = 'open' "
            "group by account_id"
        ),
        {"ids": list(ids)},
    )
    return {AccountId(row.account_id): row.n for row in rows}


def _facts(record: BalanceRecord | None, account: AccountState) -> AccountFacts | None:
    if record is None:
        return None
    return AccountFacts(
        equity=record.equity,
        cash=record.cash,
        buying_power=record.buying_power,
        snapshot_at=record.read_at,
        day_start_equity=record.day_start_equity,
        peak_equity=record.peak_equity,
        trading_blocked=record.trading_blocked,
        is_live=not account.is_paper,
        currency=record.currency,
    )


def _count(runtime: Runtime, account: AccountState, row: Mapping[str, Any]) -> None:
    """Put one order of the last day into the counters."""
    at = row["created_at"]
    account.messages.append(at)
    day = runtime.trading_day(at)
    account.orders_on = (day, account.orders_on[1] + 1 if account.orders_on[0] == day else 1)
    link = str(row["parent_order_id"]) if row["parent_order_id"] else None
    account.recent.append(RecentOrder(_terms(row), at, link))
    source = SourceId(row["source_id"]) if row["source_id"] else None
    if source is not None:
        runtime.sources.note_message(source, account.account_id, at)
    if row["state"] == "rejected":
        account.rejects.append(row["finished_at"] or at)
        if source is not None:
            runtime.sources.note_reject(source, account.account_id, row["finished_at"] or at)
    if source is not None and row["role"] == OrderRole.ENTRY and row["cumulative_quantity"] > ZERO:
        key = (source, row["symbol"], Side(row["side"]))
        account.fills.setdefault(key, deque()).append(at)


def _terms(row: Mapping[str, Any]) -> OrderTerms:
    def number(name: str) -> Any:
        return None if row[name] is None else plain(row[name])

    return OrderTerms(
        symbol=row["symbol"],
        side=Side(row["side"]),
        order_type=OrderType(row["order_type"]),
        quantity=plain(row["quantity"]),
        time_in_force=TimeInForce(row["time_in_force"]),
        limit_price=number("limit_price"),
        stop_price=number("stop_price"),
        reduce_only=row["reduce_only"],
    )
