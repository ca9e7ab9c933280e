"""Cancels: asked for by people, kills, signals and exits; each with an intent row of its own.

A cancel may be asked again without harm, so an unknown outcome is followed by a look at the order, and by another
cancel while it still rests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from tradsy.audit.service import AuditEntry
from tradsy.audit.service import append as append_audit
from tradsy.brokers.errors import BrokerError, BrokerNotSent, OrderNotOpen
from tradsy.domain.ids import AccountId, OrderId, UserId
from tradsy.domain.orders import OrderEvent, OrderState, can_apply
from tradsy.execution.lane import Priority
from tradsy.execution.ledger import Ledger
from tradsy.execution.lookups import look_up_order
from tradsy.execution.model import LedgerItem, Order, OutcomeLearned
from tradsy.execution.runtime import Runtime
from tradsy.execution.state import AccountState
from tradsy.platform.db import DatabaseError, DbSession, sql
from tradsy.platform.failpoints import failpoint
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import Event, emit, new_event
from tradsy.platform.partitions import LeaseLost

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0
MAX_ATTEMPTS = 8
"""After that many cancels without a final answer a person has to look."""
RETRY_AFTER = timedelta(seconds=1)
_BATCH = 200


@dataclass(slots=True)
class Requested:
    """What a request for cancels adds to the caller's transaction."""

    count: int = 0
    events: list[Event] = field(default_factory=list[Event])
    audit: list[AuditEntry] = field(default_factory=list[AuditEntry])


async def request_cancels(
    session: DbSession, orders: Sequence[OrderId], *, by: str, origin: str, now: datetime
) -> Requested:
    """Insert one cancel command for each open order of `orders` that has none; the caller emits and audits."""
    rows = (
        await session.execute(
            sql(
                "insert into order_commands (id, user_id, account_id, partition, order_id, trace_id, kind, origin, "
                "state, requested_by, created_at, updated_at) "
                "select k.id, o.user_id, o.account_id, o.partition, o.id, o.trace_id, 'cancel', :origin, 'requested', "
                ":by, :now, :now from unnest(cast(:ids as uuid[]), cast(:orders as uuid[])) k(id, order_id) "
                "join orders o on o.id = k.order_id where o.state not in "
                "('filled', 'canceled', 'replaced', 'rejected', 'expired', 'not_placed') "
                "on conflict do nothing returning id, user_id, account_id, partition, order_id"
            ),
            {"ids": [new_id() for _ in orders], "orders": list(orders), "origin": origin, "by": by, "now": now},
        )
    ).all()
    requested = Requested(count=len(rows))
    for row in rows:
        payload = {"order_id": str(row.order_id), "account_id": str(row.account_id), "partition": row.partition}
        requested.events.append(new_event("commands.requested", payload, at=now, user_id=UserId(row.user_id)))
        requested.audit.append(
            AuditEntry(row.user_id, by, "order.cancel_requested", f"order:{row.order_id}", {"origin": origin})
        )
    return requested


@dataclass(frozen=True, slots=True)
class _Command:
    id: Any
    account_id: AccountId
    order_id: OrderId
    attempt: int


class Commands:
    """Carries cancel commands of this process's accounts out."""

    def __init__(self, runtime: Runtime, ledger: Ledger) -> None:
        self._rt = runtime
        self._ledger = ledger
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._running: set[OrderId] = set()

    def start(self) -> None:
        """Start working."""
        self._task = asyncio.create_task(self._run(), name="commands")

    async def stop(self) -> None:
        """Stop; commands under way are found again by the next owner."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def nudge(self) -> None:
        """Say that commands may be waiting."""
        self._wake.set()

    async def cancel(self, orders: Sequence[OrderId], *, by: str) -> None:
        """Ask for cancels from inside the engine."""
        if not orders:
            return
        now = self._rt.clock.now()
        async with self._rt.database.as_engine() as session:
            requested = await request_cancels(session, orders, by=by, origin="automatic", now=now)
            await emit(session, requested.events)
            await append_audit(session, requested.audit, at=now)
        self._rt.outbox.hand_over(requested.events)
        self.nudge()

    async def _run(self) -> None:
        while True:
            # When nobody calls, the sweep takes what another process, or this one before a crash, left behind.
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._take()
            except LeaseLost:
                log.info("commands paused, a partition changed hands")
            except (DatabaseError, OSError, TimeoutError) as error:
                log.warning("commands not read", error=type(error).__name__)
                await asyncio.sleep(0.25)

    async def _take(self) -> None:
        """Claim commands whose order has a venue id, and mark the orders as being canceled (their C1)."""
        partitions = self._rt.open_partitions()
        epochs = {p: e for p in partitions if (e := self._rt.leases.epoch(p)) is not None}
        if not epochs:
            return
        async with self._rt.database.as_engine() as session:
            await self._rt.leases.fence(session, epochs)
            rows = await session.execute(
                sql(
                    "update order_commands c set state = 'submitting', attempt = c.attempt + 1, updated_at = :now "
                    "from (select c.id from order_commands c join orders o on o.id = c.order_id "
                    "where c.partition = any(:p) and c.state in ('requested', 'submitting', 'unknown') "
                    "and c.order_id <> all(:running) and (o.state not in ('submitting', 'unknown', 'quarantined')) "
                    "and (c.attempt = 0 or c.updated_at < :retry) "
                    "order by c.created_at limit :limit for update of c skip locked) due "
                    "where c.id = due.id returning c.id, c.account_id, c.order_id, c.attempt"
                ),
                {
                    "now": self._rt.clock.now(),
                    "p": sorted(epochs),
                    "running": list(self._running),
                    "retry": self._rt.clock.now() - RETRY_AFTER,
                    "limit": _BATCH,
                },
            )
            commands = [_Command(row.id, AccountId(row.account_id), OrderId(row.order_id), row.attempt) for row in rows]
        for command in commands:
            account = self._rt.accounts.get(command.account_id)
            if account is not None:
                self._running.add(command.order_id)
                account.connection.lane.put(Priority.CANCEL, self._work(account, command))

    def _work(self, account: AccountState, command: _Command) -> Any:
        async def work() -> None:
            try:
                await self._carry_out(account, command)
            except (DatabaseError, OSError, TimeoutError) as error:
                log.warning("cancel left for the next sweep", error=type(error).__name__)
            finally:
                self._running.discard(command.order_id)

        return work

    async def _carry_out(self, account: AccountState, command: _Command) -> None:
        order = account.orders.get(command.order_id)
        if order is None:
            await self._finish(command, "done", "the order is finished")
            return
        if order.venue_order_id is None:
            # Still unproved: the resolver finds out first, the sweep then takes the command again.
            await self._finish(command, "requested", "waiting for the venue's id")
            return
        if can_apply(order.state, OrderEvent.REQUEST_CANCEL):
            now = self._rt.clock.now()
            await self._ledger.store([OutcomeLearned(account.account_id, order.id, OrderEvent.REQUEST_CANCEL, now)])
        failpoint("before_cancel_send")
        state, reason, items = await self._send(account, order, command)
        failpoint("after_cancel_send")
        await self._ledger.store(items)
        await self._finish(command, state, reason)

    async def _send(self, account: AccountState, order: Order, command: _Command) -> tuple[str, str, list[LedgerItem]]:
        assert order.venue_order_id is not None  # noqa: S101 - checked by the caller
        try:
            ack = await account.broker.cancel(
                account.venue_account_id,
                order.venue_order_id,
                lambda: self._rt.leases.may_send(account.partition, account.epoch),
            )
        except BrokerNotSent as error:
            return "requested", error.code, []
        except OrderNotOpen as error:
            # It finished meanwhile: what it came to is read, never assumed.
            return "done", error.code, await look_up_order(account, order)
        except BrokerError as error:
            # An order that is not found is among these: a venue's look-ups may lag behind what it accepted.
            items = await look_up_order(account, order)
            if command.attempt < MAX_ATTEMPTS:
                return "unknown", error.code, items
            now = self._rt.clock.now()
            gone = OutcomeLearned(account.account_id, order.id, OrderEvent.CANCEL_REFUSED, now, reason_code=error.code)
            return "refused", error.code, [*items, gone]
        if not ack.final:
            # The venue took the request; its report ends the order, and the sweep asks again if none comes.
            return ("done" if self._is_finished(account, order) else "unknown"), "", []
        learned = OutcomeLearned(account.account_id, order.id, OrderEvent.CANCEL, ack.at)
        return "done", "", [learned]

    def _is_finished(self, account: AccountState, order: Order) -> bool:
        current = account.orders.get(order.id)
        return current is None or current.state is OrderState.CANCELED

    async def _finish(self, command: _Command, state: str, reason: str) -> None:
        async with self._rt.database.as_engine() as session:
            await session.execute(
                sql("update order_commands set state = :state, reason = :reason, updated_at = :now where id = :id"),
                {"state": state, "reason": reason, "now": self._rt.clock.now(), "id": command.id},
            )
