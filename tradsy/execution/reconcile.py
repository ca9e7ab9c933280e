"""Ours against the venue's: at start, after each gap, and on a timer. A failed read is never "flat".

Differences in orders and executions are booked as what they are; a difference in a position that two rounds in a row
show, and no order under way explains, becomes a break: it stops new risk and is never traded away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog

from tradsy.brokers.errors import BrokerError, OrderNotFound
from tradsy.brokers.port import AccountSnapshot, Page, VenueExecution, VenueOrder, VenuePosition
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderState
from tradsy.execution import metrics, repository
from tradsy.execution.ledger import Ledger
from tradsy.execution.lookups import execution_report, found_items
from tradsy.execution.model import LedgerItem, Order, OrderSeen, ReportReceived, to_json
from tradsy.execution.runtime import Runtime
from tradsy.execution.state import AccountState
from tradsy.platform.db import DatabaseError, DbSession, sql
from tradsy.platform.failpoints import failpoint
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import Event, emit, new_event
from tradsy.portfolio import service as portfolio
from tradsy.portfolio.model import BalanceSnapshot
from tradsy.risk.model import AccountFacts

log = structlog.get_logger(__name__)

LOOK_BACK = timedelta(hours=24)
"""How far executions are read at start."""
OVERLAP = timedelta(minutes=5)
"""How far before the last good round they are read later."""
POSITION_TOLERANCE = Decimal("0.00000001")
ROUNDS_TO_BREAK = 2
SETTLING = timedelta(seconds=2)
"""An order sent less than this ago may not be in the venue's lists yet."""


@dataclass(frozen=True, slots=True)
class _View:
    """One round's answers of the venue."""

    snapshot: AccountSnapshot
    orders: Page[VenueOrder]
    executions: Page[VenueExecution]
    positions: Page[VenuePosition]
    asked_at: datetime


class Reconciler:
    """Compares one account with its venue."""

    def __init__(self, runtime: Runtime, ledger: Ledger) -> None:
        self._rt = runtime
        self._ledger = ledger

    async def run(self, account: AccountState) -> bool:
        """Do one round; return whether it was read completely and stored."""
        account.reconcile_asked = False
        asked = self._rt.clock.now()
        try:
            view = await self._read(account, asked)
            await self._ledger.store(await self._differences(account, view))
            failpoint("during_reconcile")
            await self._store(account, view)
        except BrokerError as error:
            metrics.RECONCILIATIONS.labels("unread").inc()
            log.warning("reconciliation not read", account_id=str(account.account_id), error=error.code)
            return False
        except (DatabaseError, OSError, TimeoutError) as error:
            metrics.RECONCILIATIONS.labels("unstored").inc()
            log.warning("reconciliation not stored", account_id=str(account.account_id), error=type(error).__name__)
            return False
        if view.orders.complete and view.executions.complete and view.positions.complete:
            account.reconciled_at = asked
            metrics.RECONCILIATIONS.labels("good").inc()
            return True
        return False

    async def _read(self, account: AccountState, asked: datetime) -> _View:
        broker, venue_account = account.broker, account.venue_account_id
        since = asked - LOOK_BACK if account.reconciled_at is None else account.reconciled_at - OVERLAP
        snapshot = await broker.get_account(venue_account)
        orders = await broker.list_open_orders(venue_account)
        executions = await broker.list_executions(venue_account, since)
        positions = await broker.list_positions(venue_account)
        # Half of the round trip is the best guess at when the venue looked at its clock.
        middle = asked + (self._rt.clock.now() - asked) / 2
        account.venue_offset = middle - positions.venue_time
        return _View(snapshot, orders, executions, positions, asked)

    async def _differences(self, account: AccountState, view: _View) -> list[LedgerItem]:
        """Return what the venue knows and we do not, and how orders ended that it no longer holds."""
        items: list[LedgerItem] = [
            *await self._strangers(account, view),
            *(ReportReceived(account.account_id, execution_report(execution)) for execution in view.executions.items),
        ]
        resting = {shown.venue_order_id: shown for shown in view.orders.items}
        ours = {order.venue_order_id: order for order in account.orders.values() if order.venue_order_id}
        unproved = {order.client_order_id for order in account.orders.values() if order.is_unproved}
        for venue_id, shown in resting.items():
            if venue_id in ours or shown.client_order_id in unproved:
                continue
            if shown.client_order_id is None and self._may_be_ours(account, shown):
                continue
            items.append(OrderSeen(account.account_id, shown))
        for venue_id, order in ours.items():
            if venue_id not in resting and self._is_settled(order, view.asked_at):
                items.extend(await self._ended(account, order, view))
        return items

    async def _strangers(self, account: AccountState, view: _View) -> list[LedgerItem]:
        """Return the orders behind executions that no row of ours explains: placed elsewhere, and filled at once."""
        ours = {order.venue_order_id for order in account.orders.values()}
        unexplained = {e.venue_order_id for e in view.executions.items} - ours
        if not unexplained:
            return []
        async with self._rt.database.as_engine() as session:
            unexplained -= await repository.known_venue_ids(session, account.account_id, unexplained)
        unproved = {order.client_order_id for order in account.orders.values() if order.is_unproved}
        items: list[LedgerItem] = []
        for venue_id in sorted(unexplained):
            try:
                shown = await account.broker.get_order(account.venue_account_id, venue_id)
            except OrderNotFound:
                continue
            if shown.client_order_id in unproved:
                continue
            if shown.client_order_id is None and self._may_be_ours(account, shown):
                continue
            items.append(OrderSeen(account.account_id, shown))
        return items

    def _may_be_ours(self, account: AccountState, shown: VenueOrder) -> bool:
        """Class D: an order that one of ours in doubt could be belongs to the resolver."""
        return any(o.is_unproved and o.symbol == shown.terms.symbol for o in account.orders.values())

    def _is_settled(self, order: Order, asked: datetime) -> bool:
        return order.state is not OrderState.SUBMITTING and order.updated_at < asked - SETTLING

    async def _ended(self, account: AccountState, order: Order, view: _View) -> Sequence[LedgerItem]:
        assert order.venue_order_id is not None  # noqa: S101 - listed by it
        try:
            shown = await account.broker.get_order(account.venue_account_id, order.venue_order_id)
        except OrderNotFound:
            return []
        return found_items(account.account_id, order, shown, view.executions.items)

    async def _store(self, account: AccountState, view: _View) -> None:
        now = self._rt.clock.now()
        snapshot = view.snapshot
        async with self._rt.database.as_engine() as session:
            balances = await portfolio.save_balances(
                session,
                [
                    BalanceSnapshot(
                        account_id=account.account_id,
                        user_id=account.user_id,
                        currency=snapshot.currency,
                        equity=snapshot.equity,
                        cash=snapshot.cash,
                        buying_power=snapshot.buying_power,
                        trading_blocked=snapshot.trading_blocked,
                        venue_at=snapshot.at,
                        read_at=view.asked_at,
                    )
                ],
            )
            events = await self._compare_positions(session, account, view, now)
            offset = account.venue_offset
            await repository.save_reconciliation(
                session,
                account_id=account.account_id,
                user_id=account.user_id,
                at=view.asked_at,
                good=True,
                error="",
                venue_offset_ms=None if offset is None else int(offset.total_seconds() * 1000),
            )
            await emit(session, events)
        self._rt.outbox.hand_over(events)
        record = balances[account.account_id]
        account.set_balance(
            AccountFacts(
                equity=record.equity,
                cash=record.cash,
                buying_power=record.buying_power,
                snapshot_at=view.asked_at,
                day_start_equity=record.day_start_equity,
                peak_equity=record.peak_equity,
                trading_blocked=record.trading_blocked,
                is_live=not account.is_paper,
                currency=record.currency,
            )
        )

    async def _compare_positions(
        self, session: DbSession, account: AccountState, view: _View, now: datetime
    ) -> list[Event]:
        theirs = {position.symbol: position.quantity for position in view.positions.items}
        ours = {symbol: held.position.quantity for symbol, held in account.positions.items()}
        moving = {order.symbol for order in account.orders.values() if order.updated_at > view.asked_at - SETTLING}
        differing = {
            symbol: (ours.get(symbol, ZERO), theirs.get(symbol, ZERO))
            for symbol in ours.keys() | theirs.keys()
            if abs(ours.get(symbol, ZERO) - theirs.get(symbol, ZERO)) > POSITION_TOLERANCE and symbol not in moving
        }
        rows = (
            await session.execute(
                sql(
                    "select id, subject, state, cycles from breaks "
                    "where account_id = :a and kind = 'position' and state in ('seen', 'open')"
                ),
                {"a": account.account_id},
            )
        ).all()
        known = {row.subject: row for row in rows}
        events: list[Event] = []
        for row in rows:
            if row.subject not in differing and row.subject not in moving:
                await session.execute(
                    sql("update breaks set state = 'closed', closed_at = :now where id = :id"),
                    {"now": now, "id": row.id},
                )
        for symbol, (mine, venue) in differing.items():
            row = known.get(symbol)
            if row is None:
                await self._insert_break(session, account, symbol, mine, venue, now)
                continue
            is_open = row.cycles + 1 >= ROUNDS_TO_BREAK
            await session.execute(
                sql("update breaks set cycles = cycles + 1, state = :state, ours = :o, theirs = :t where id = :id"),
                {"state": "open" if is_open else "seen", "o": str(mine), "t": str(venue), "id": row.id},
            )
            if is_open and row.state != "open":
                payload = _break_payload(account, symbol, mine, venue)
                events.append(new_event("breaks.opened", payload, at=now, user_id=account.user_id))
        account.open_breaks = sum(
            1 for symbol in differing if symbol in known and known[symbol].cycles + 1 >= ROUNDS_TO_BREAK
        )
        return events

    async def _insert_break(
        self, session: DbSession, account: AccountState, symbol: str, mine: Decimal, venue: Decimal, now: datetime
    ) -> None:
        await session.execute(
            sql(
                "insert into breaks (id, user_id, account_id, kind, subject, ours, theirs, state, first_seen_at) "
                "values (:id, :u, :a, 'position', :s, :o, :t, 'seen', :now) on conflict do nothing"
            ),
            {
                "id": new_id(),
                "u": account.user_id,
                "a": account.account_id,
                "s": symbol,
                "o": str(mine),
                "t": str(venue),
                "now": now,
            },
        )
        # The second look decides; it need not wait for the timer.
        account.reconcile_asked = True


def _break_payload(account: AccountState, symbol: str, mine: Decimal, venue: Decimal) -> Mapping[str, Any]:
    return {
        "account_id": str(account.account_id),
        "kind": "position",
        "symbol": symbol,
        "ours": to_json(mine),
        "theirs": to_json(venue),
    }
