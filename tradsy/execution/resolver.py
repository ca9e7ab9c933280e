"""Unknown orders: found and adopted, proved absent, or quarantined. Never sent again from here.

Proof of absence (RELIABILITY 2.4): the class's settle time has passed on the venue's own clock, and at least three
complete negative answers from two different look-ups agree, and no execution in the symbol is unexplained.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import BrokerError
from tradsy.brokers.port import Page, VenueExecution, VenueOrder
from tradsy.domain.ids import OrderId
from tradsy.domain.orders import OrderEvent, OrderState
from tradsy.execution.ledger import Ledger
from tradsy.execution.lookups import found_items, search_from
from tradsy.execution.model import LedgerItem, Order, OutcomeLearned, to_json
from tradsy.execution.runtime import Runtime
from tradsy.execution.state import AccountState
from tradsy.platform.failpoints import failpoint

log = structlog.get_logger(__name__)

SCHEDULE = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 35.0, 60.0, 90.0, 120.0, 125.0, 150.0, 180.0, 185.0, 240.0)
"""Seconds after the last possible send at which the venue is asked."""
JITTER = 0.1
QUARANTINE_AFTER = timedelta(seconds=300)
NEGATIVES_NEEDED = 3
ENDPOINTS_NEEDED = 2
_FINGERPRINT_SLACK = timedelta(seconds=5)


@dataclass(slots=True)
class _Case:
    """One unknown order while it is being resolved."""

    order: Order
    sent_by: datetime
    negatives: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def is_proved_absent(self) -> bool:
        endpoints = {negative["endpoint"] for negative in self.negatives}
        return len(self.negatives) >= NEGATIVES_NEEDED and len(endpoints) >= ENDPOINTS_NEEDED


class Resolver:
    """Resolves the unknown orders of this process's accounts, each in a task of its own."""

    def __init__(self, runtime: Runtime, ledger: Ledger) -> None:
        self._rt = runtime
        self._ledger = ledger
        self._tasks: dict[OrderId, asyncio.Task[None]] = {}
        self._random = random.Random(0)  # noqa: S311 - spreads look-ups, nothing secret

    def take(self, order: Order) -> None:
        """Start resolving an order that is unknown, unless that is under way."""
        task = self._tasks.get(order.id)
        if task is not None and not task.done():
            return
        task = asyncio.create_task(self._resolve(order), name=f"resolve {order.id}")
        self._tasks[order.id] = task
        task.add_done_callback(lambda done: self._finished(order.id, done))

    def _finished(self, order_id: OrderId, task: asyncio.Task[None]) -> None:
        if self._tasks.get(order_id) is task:
            del self._tasks[order_id]
        if not task.cancelled() and task.exception() is not None:
            log.error("resolver failed", order_id=str(order_id), exc_info=task.exception())

    async def stop(self) -> None:
        """Stop; the next owner resolves what is left."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _current(self, order: Order) -> tuple[AccountState, Order] | None:
        """Return the order as it is now while it is still ours and still unknown."""
        account = self._rt.accounts.get(order.account_id)
        current = account.orders.get(order.id) if account else None
        if account is None or current is None or current.state is not OrderState.UNKNOWN:
            return None
        return account, current

    async def _resolve(self, order: Order) -> None:
        case = _Case(order, sent_by=order.unknown_at or order.sent_at or order.created_at)
        failpoint("resolver_start")
        step = 0
        while (found := self._current(order)) is not None:
            account, case.order = found
            elapsed = (self._rt.clock.now() - case.sent_by).total_seconds()
            while step < len(SCHEDULE) and SCHEDULE[step] < elapsed:
                step += 1
            items = await self._ask(account, case)
            failpoint("resolver_after_lookup")
            items = items or self._conclude(case)
            if items:
                failpoint("resolver_before_commit")
                await self._ledger.store(items)
                failpoint("resolver_after_commit")
                continue
            wait = SCHEDULE[step] - elapsed if step < len(SCHEDULE) else 15.0
            await asyncio.sleep(max(wait, 0.05) * (1 + JITTER * self._random.random()))

    def _conclude(self, case: _Case) -> list[LedgerItem]:
        order, now = case.order, self._rt.clock.now()
        if case.is_proved_absent:
            event, reason = OrderEvent.PROVE_ABSENT, "not found after the settle time"
        elif now - case.sent_by > QUARANTINE_AFTER:
            event, reason = OrderEvent.QUARANTINE, "neither found nor proved absent"
        else:
            return []
        return [
            OutcomeLearned(
                order.account_id,
                order.id,
                event,
                now,
                reason_code=str(event),
                reason=reason,
                evidence=tuple(case.negatives[-6:]),
            )
        ]

    async def _ask(self, account: AccountState, case: _Case) -> list[LedgerItem]:
        """Ask every look-up that the venue has; the first that shows the order ends it."""
        broker, since = account.broker, search_from(case.order)
        try:
            executions = await broker.list_executions(account.venue_account_id, since)
            orders = await broker.list_orders(account.venue_account_id, since)
            if broker.capabilities.idempotency is IdempotencyClass.NONE:
                return await self._by_fingerprint(account, case, orders, executions)
            ticket = await broker.find_order(account.venue_account_id, case.order.client_order_id)
            resting = await broker.list_open_orders(account.venue_account_id)
            for shown in (ticket.order, *orders.items, *resting.items):
                if shown is not None and shown.client_order_id == case.order.client_order_id:
                    return self._adopt(case, shown, executions.items, "found by our id")
            for execution in executions.items:
                if execution.client_order_id == case.order.client_order_id:
                    shown = await broker.get_order(account.venue_account_id, execution.venue_order_id)
                    return self._adopt(case, shown, executions.items, "found by an execution")
        except BrokerError:
            # A failed read proves nothing either way; the schedule asks again.
            return []
        if self._unexplained(account, case.order, executions):
            return []
        self._count(case, account, "order_by_client_id", ticket.venue_time, complete=True)
        self._count(case, account, "orders", orders.venue_time, complete=orders.complete)
        self._count(case, account, "open_orders", resting.venue_time, complete=resting.complete)
        return []

    def _adopt(
        self, case: _Case, shown: VenueOrder, executions: Sequence[VenueExecution], how: str
    ) -> list[LedgerItem]:
        evidence = ({"answer": how, "venue_order_id": shown.venue_order_id, "at": to_json(self._rt.clock.now())},)
        return found_items(case.order.account_id, case.order, shown, executions, evidence)

    def _count(
        self, case: _Case, account: AccountState, endpoint: str, venue_time: datetime, *, complete: bool
    ) -> None:
        """Count a negative answer, if it is complete and the venue's clock is past the settle time."""
        if complete and venue_time >= case.sent_by + account.broker.capabilities.settles_after:
            case.negatives.append({"endpoint": endpoint, "venue_time": to_json(venue_time)})

    def _unexplained(self, account: AccountState, order: Order, executions: Page[VenueExecution]) -> bool:
        """Whether the venue shows an execution in the symbol that belongs to no order of ours."""
        known = {o.venue_order_id for o in account.orders.values() if o.venue_order_id}
        known |= set(account.finished_venue_ids)
        return any(
            execution.symbol == order.symbol and execution.venue_order_id not in known
            for execution in executions.items
            if execution.client_order_id is None or execution.client_order_id == order.client_order_id
        )

    async def _by_fingerprint(
        self, account: AccountState, case: _Case, orders: Page[VenueOrder], executions: Page[VenueExecution]
    ) -> list[LedgerItem]:
        """Class D: the one order of the same terms that entered since the send and belongs to nobody else."""
        order = case.order
        taken = {o.venue_order_id for o in account.orders.values() if o.venue_order_id}
        taken |= set(account.finished_venue_ids) | set(order.baseline or ())
        earliest = (order.sent_at or order.created_at) - _FINGERPRINT_SLACK
        candidates = [
            shown
            for shown in orders.items
            if shown.venue_order_id not in taken
            and shown.entered_at >= earliest
            and fingerprint_of(shown) == fingerprint_of(order)
        ]
        if len(candidates) == 1:
            return self._adopt(case, candidates[0], executions.items, "the only order of these terms")
        if len(candidates) > 1:
            evidence = tuple({"candidate": shown.venue_order_id} for shown in candidates)
            learned = OutcomeLearned(
                order.account_id,
                order.id,
                OrderEvent.QUARANTINE,
                self._rt.clock.now(),
                reason_code="ambiguous",
                reason="several orders of these terms: a person must say which is ours",
                evidence=evidence,
            )
            return [learned]
        resting = await account.broker.list_open_orders(account.venue_account_id)
        if not self._unexplained(account, order, executions):
            self._count(case, account, "orders", orders.venue_time, complete=orders.complete)
            self._count(case, account, "open_orders", resting.venue_time, complete=resting.complete)
        return []


def fingerprint_of(order: Order | VenueOrder) -> tuple[Any, ...]:
    """Return what tells two orders apart where the venue keeps no id of ours."""
    terms = order.terms
    return (
        terms.symbol,
        terms.side,
        terms.order_type,
        terms.quantity,
        terms.limit_price,
        terms.stop_price,
        terms.time_in_force,
    )
