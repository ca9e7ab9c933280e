"""C2: what was learned about orders becomes rows, in batches, under the partition's fence.

Items wait in one queue; while a batch commits the next one gathers, so a burst shares its commits. A batch is computed
from the rows as they are in the database, never from memory: applying it twice changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from tradsy.audit import service as audit
from tradsy.audit.service import AuditEntry
from tradsy.brokers.port import OrderReport, ReportKind
from tradsy.domain.ids import AccountId, ExecutionId, OrderId
from tradsy.domain.orders import Fill, OrderState
from tradsy.execution import metrics, repository
from tradsy.execution.fold import Booking, Fold
from tradsy.execution.model import LedgerItem, Order, OrderSeen, OutcomeLearned, ReportReceived, to_json
from tradsy.execution.state import AccountState, SourceCounters
from tradsy.execution.views import order_payload
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DatabaseError, DbSession
from tradsy.platform.failpoints import failpoint
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import Event, OutboxPublisher, new_event
from tradsy.platform.partitions import LeaseLost, PartitionLeases
from tradsy.portfolio import service as portfolio
from tradsy.portfolio.model import ExecutionItem, PositionChange

log = structlog.get_logger(__name__)

BATCH = 400
GATHER_SECONDS = 0.004
"""An acknowledgement and its fill come within milliseconds: together they cost one transaction."""
PACE_SECONDS = 0.05
"""Between the starts of two batches under load: what one order waits here, the next ones gain on their way out."""
ORPHAN_GRACE = timedelta(seconds=5)
"""A report may overtake the acknowledgement that tells us the venue's id (class D): it is kept this long."""
_RETRY_PAUSE = 0.25


@dataclass(slots=True)
class _Queued:
    item: LedgerItem
    first_seen: datetime
    done: asyncio.Future[None] | None = None


@dataclass(slots=True)
class BatchResult:
    """What one committed batch changed."""

    orders: list[Order] = field(default_factory=list[Order])
    """Orders whose row changed, as they are now."""
    before: dict[OrderId, Order] = field(default_factory=dict[OrderId, Order])
    filled: list[tuple[Order, Booking]] = field(default_factory=list[tuple[Order, Booking]])
    positions: list[PositionChange] = field(default_factory=list[PositionChange])
    events: list[Event] = field(default_factory=list[Event])


class Ledger:
    """The single writer of order states for this process's accounts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        leases: PartitionLeases,
        outbox: OutboxPublisher,
        accounts: Mapping[AccountId, AccountState],
        sources: SourceCounters,
        *,
        committed: Callable[[BatchResult], None],
        adopt: Callable[[OrderSeen, AccountState], Order],
    ) -> None:
        self._database = database
        self._clock = clock
        self._leases = leases
        self._outbox = outbox
        self._accounts = accounts
        self._sources = sources
        self._committed = committed
        self._adopt = adopt
        self.writing = asyncio.Lock()
        """Held from a batch's first look at the rows until memory shows what it wrote."""
        self._queue: asyncio.Queue[_Queued] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def put(self, item: LedgerItem) -> None:
        """Queue what was learned; it is stored soon."""
        self._queue.put_nowait(_Queued(item, self._clock.now()))

    async def store(self, items: Sequence[LedgerItem]) -> None:
        """Queue items and wait until they are stored, or dropped because the account is no longer ours."""
        loop = asyncio.get_running_loop()
        waits: list[asyncio.Future[None]] = []
        for item in items:
            done = loop.create_future()
            queued = _Queued(item, self._clock.now(), done)
            waits.append(done)
            self._queue.put_nowait(queued)
        if waits:
            await asyncio.gather(*waits)

    async def flush(self) -> None:
        """Wait until everything that is queued now is stored or dropped."""
        await self._queue.join()

    def start(self) -> None:
        """Start storing."""
        self._task = asyncio.create_task(self._run(), name="ledger")

    async def stop(self) -> None:
        """Store what is queued, then stop."""
        try:
            await asyncio.wait_for(self._queue.join(), 5)
        except TimeoutError:
            log.warning("ledger stopped with items left", items=self._queue.qsize())
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        paced = 0.0
        while True:
            batch = [await self._queue.get()]
            now = self._clock.monotonic()
            await asyncio.sleep(max(GATHER_SECONDS, paced - now))
            paced = self._clock.monotonic() + PACE_SECONDS
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._process(list(batch))
            for _ in batch:
                self._queue.task_done()

    async def _process(self, batch: list[_Queued]) -> None:
        """Store one batch, however often the database has to be asked."""
        failures = 0
        while batch := [queued for queued in batch if self._is_ours(queued)]:
            try:
                await self._store_batch(batch)
            except LeaseLost:
                metrics.LEDGER_RETRIES.labels("lease").inc()
                await asyncio.sleep(_RETRY_PAUSE)
                continue
            except (DatabaseError, OSError, TimeoutError) as error:
                failures += 1
                metrics.LEDGER_RETRIES.labels("database").inc()
                log.warning("ledger batch not stored", items=len(batch), error=type(error).__name__, tries=failures)
                await asyncio.sleep(min(_RETRY_PAUSE * failures, 2.0))
                continue
            except Exception:
                # The edge of the loop: one item that no rule foresaw must not hold up every other account.
                log.exception("ledger batch failed", items=len(batch))
                batch = await self._isolate(batch)
                continue
            for queued in batch:
                _finish(queued)
            return

    async def _isolate(self, batch: list[_Queued]) -> list[_Queued]:
        """Store items one by one; what fails alone too is dropped, and its account reconciled instead."""
        for queued in batch:
            try:
                await self._store_batch([queued])
            except (LeaseLost, DatabaseError, OSError, TimeoutError):
                return batch[batch.index(queued) :]
            except Exception:
                log.exception("ledger item dropped, its account will be reconciled")
                account = self._accounts.get(queued.item.account_id)
                if account is not None:
                    account.reconcile_asked = True
            _finish(queued)
        return []

    def _is_ours(self, queued: _Queued) -> bool:
        if queued.item.account_id in self._accounts:
            return True
        _finish(queued)
        return False

    async def _store_batch(self, items: Sequence[_Queued]) -> None:
        async with self.writing:
            await self._store_and_remember(items)

    async def _store_and_remember(self, items: Sequence[_Queued]) -> None:
        owned = [self._accounts[queued.item.account_id] for queued in items]
        epochs = {account.partition: account.epoch for account in owned}
        result = BatchResult()
        reported = any(isinstance(queued.item, ReportReceived) for queued in items)
        started = self._clock.monotonic()
        async with self._database.as_engine() as session:
            await self._leases.fence(session, epochs)
            orders = await self._load(session, [queued.item for queued in items])
            booked = await self._load_booked(session, items)
            folds = self._fold(items, orders, booked)
            await self._write(session, folds, orders, result)
            failpoint("inside_c2")
            if reported:
                failpoint("before_report_commit")
        failpoint("after_c2")
        if reported:
            failpoint("after_report_commit")
        metrics.LEDGER_SECONDS.observe(self._clock.monotonic() - started)
        self._remember(result)
        self._outbox.hand_over(result.events)
        self._committed(result)

    async def _load(self, session: DbSession, items: Sequence[LedgerItem]) -> dict[OrderId, Order]:
        ids: list[OrderId] = []
        client_ids: list[tuple[AccountId, str]] = []
        venue_ids: list[tuple[AccountId, str]] = []
        for item in items:
            order_id, client_id, venue_id = keys_of(item)
            if order_id is not None:
                ids.append(order_id)
            if client_id is not None:
                client_ids.append((item.account_id, client_id))
            if venue_id is not None:
                venue_ids.append((item.account_id, venue_id))
        found_orders = await repository.find_orders(session, ids=ids, client_ids=client_ids, venue_ids=venue_ids)
        return {order.id: order for order in found_orders}

    async def _load_booked(
        self, session: DbSession, items: Sequence[_Queued]
    ) -> dict[AccountId, dict[str, dict[str, Mapping[str, Any]]]]:
        keys: set[tuple[AccountId, str]] = set()
        for queued in items:
            item = queued.item
            if isinstance(item, ReportReceived):
                report = item.report
                if report.fill is not None:
                    keys.add((item.account_id, report.fill.venue_execution_id))
                if report.corrects:
                    keys.add((item.account_id, report.corrects))
        found = await repository.booked_executions(session, sorted(keys))
        booked: dict[AccountId, dict[str, dict[str, Mapping[str, Any]]]] = {}
        for (account, execution), kinds in found.items():
            booked.setdefault(account, {})[execution] = kinds
        return booked

    def _fold(
        self,
        items: Sequence[_Queued],
        orders: dict[OrderId, Order],
        booked: Mapping[AccountId, Mapping[str, Mapping[str, Mapping[str, Any]]]],
    ) -> dict[OrderId, Fold]:
        folds: dict[OrderId, Fold] = {}
        keys = _Keys(orders.values())
        for queued in items:
            item = queued.item
            order = keys.find(item)
            if order is None:
                order = self._orphan(queued)
                if order is None:
                    continue
                keys.add(order)
            fold = folds.get(order.id)
            if fold is None:
                kinds = booked.get(order.account_id, {})
                fold = folds[order.id] = Fold(order, {e: frozenset(k) for e, k in kinds.items()})
            if isinstance(item, OutcomeLearned):
                fold.learn(item)
            elif isinstance(item, OrderSeen):
                fold.seen(item)
            else:
                fold.report(_complete(item.report, booked.get(order.account_id, {})))
        return folds

    def _orphan(self, queued: _Queued) -> Order | None:
        """Handle what names no order of ours: adopt an order seen whole, keep a report for a while, then reconcile."""
        item = queued.item
        account = self._accounts[item.account_id]
        if isinstance(item, OrderSeen):
            return self._adopt(item, account)
        if self._clock.now() - queued.first_seen < ORPHAN_GRACE:
            again = _Queued(item, queued.first_seen)
            asyncio.get_running_loop().call_later(0.2, self._queue.put_nowait, again)
        else:
            account.reconcile_asked = True
        return None

    async def _write(
        self, session: DbSession, folds: Mapping[OrderId, Fold], known: Mapping[OrderId, Order], result: BatchResult
    ) -> None:
        now = self._clock.now()
        changed = [fold for fold in folds.values() if fold.changed]
        adopted = [fold for order_id, fold in folds.items() if order_id not in known]
        if not changed and not adopted:
            return
        if adopted:
            await repository.insert_orders(session, [fold.order for fold in adopted])
        events = [event for fold in changed for event in fold.events]
        bookings = [(fold.order, booking) for fold in changed for booking in fold.bookings]
        executions = [_execution_row(o, b, now) for o, b in bookings]
        if bookings:
            items = [_execution_item(o, b) for o, b in bookings]
            result.positions = list(await portfolio.apply_executions(session, items))
        result.orders = [fold.order for fold in folds.values() if fold.changed or fold in adopted]
        result.before = dict(known)
        result.filled = bookings
        result.events = [
            *(new_event("orders.updated", order_payload(o), at=now, user_id=o.user_id) for o in result.orders),
            *(change.event() for change in result.positions),
            *(new_event("executions.booked", _fill_payload(o, b), at=now, user_id=o.user_id) for o, b in bookings),
        ]
        for event in events:
            metrics.ORDER_EVENTS.labels(event["event"]).inc()
        writes = repository.order_writes([fold.order for fold in changed], events, executions)
        entries = [_audit_entry(event) for event in events]
        await audit.append(session, entries, at=now, events=result.events, after=writes)

    def _remember(self, result: BatchResult) -> None:
        now = self._clock.now()
        for order in result.orders:
            account = self._accounts.get(order.account_id)
            if account is None:
                continue
            account.put(order)
            before = result.before.get(order.id)
            if before is not None and order.state is OrderState.REJECTED is not before.state:
                account.rejects.append(now)
                if order.source_id is not None:
                    self._sources.note_reject(order.source_id, order.account_id, now)
        counted: set[OrderId] = set()
        for order, booking in result.filled:
            account = self._accounts.get(order.account_id)
            if account is None:
                continue
            account.spend(order.terms, booking.fill.quantity, booking.fill.price, order.multiplier)
            if order.id not in counted:
                counted.add(order.id)
                account.note_fill(order, booking.fill.at)
        for change in result.positions:
            account = self._accounts.get(change.account_id)
            if account is not None:
                account.put_position(change.symbol, change.after, change.record.multiplier)


class _Keys:
    """Orders of a batch by each of their three keys."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._by_id: dict[OrderId, Order] = {}
        self._by_client: dict[tuple[AccountId, str], Order] = {}
        self._by_venue: dict[tuple[AccountId, str], Order] = {}
        for order in orders:
            self.add(order)

    def add(self, order: Order) -> None:
        self._by_id[order.id] = order
        self._by_client[order.account_id, order.client_order_id] = order
        if order.venue_order_id:
            self._by_venue[order.account_id, order.venue_order_id] = order

    def find(self, item: LedgerItem) -> Order | None:
        order_id, client_id, venue_id = keys_of(item)
        if order_id is not None:
            return self._by_id.get(order_id)
        order = self._by_client.get((item.account_id, client_id)) if client_id else None
        return order or (self._by_venue.get((item.account_id, venue_id)) if venue_id else None)


def keys_of(item: LedgerItem) -> tuple[OrderId | None, str | None, str | None]:
    """Return what an item says of its order: our row's id, or else our id and the venue's id at the venue."""
    if item.order_id is not None or isinstance(item, OutcomeLearned):
        return item.order_id, None, None
    found = item.report if isinstance(item, ReportReceived) else item.order
    return None, found.client_order_id, found.venue_order_id


def _finish(queued: _Queued) -> None:
    if queued.done is not None and not queued.done.done():
        queued.done.set_result(None)


def _complete(report: OrderReport, booked: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> OrderReport:
    """A bust names only the execution that it takes back; its figures are the booked ones."""
    if report.corrects is None or (report.fill is not None and report.kind is not ReportKind.BUST):
        return report
    row = booked.get(report.corrects, {}).get("fill")
    if row is None:
        return report
    return replace(report, fill=Fill(report.corrects, row["quantity"], row["price"], row["fee"], report.at))


def _execution_row(order: Order, booking: Booking, now: datetime) -> dict[str, Any]:
    fill = booking.fill
    return {
        "id": ExecutionId(new_id()),
        "user_id": order.user_id,
        "account_id": order.account_id,
        "order_id": order.id,
        "trace_id": order.trace_id,
        "source_id": order.source_id,
        "symbol": order.symbol,
        "side": str(booking.side),
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee if booking.kind == "fill" else -fill.fee,
        "multiplier": order.multiplier,
        "venue_execution_id": booking.corrects or fill.venue_execution_id,
        "kind": booking.kind,
        "corrects": None,
        "executed_at": fill.at,
        "booked_at": now,
    }


def _execution_item(order: Order, booking: Booking) -> ExecutionItem:
    fill = booking.fill
    return ExecutionItem(
        account_id=order.account_id,
        user_id=order.user_id,
        symbol=order.symbol,
        asset_class=order.asset_class,
        multiplier=order.multiplier,
        side=order.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.fee,
        at=fill.at,
        is_reversal=booking.kind == "bust",
    )


def _fill_payload(order: Order, booking: Booking) -> dict[str, Any]:
    fill = booking.fill
    return {
        "order_id": str(order.id),
        "account_id": str(order.account_id),
        "trace_id": str(order.trace_id),
        "symbol": order.symbol,
        "side": str(booking.side),
        "quantity": to_json(fill.quantity),
        "price": to_json(fill.price),
        "fee": to_json(fill.fee),
        "kind": booking.kind,
        "executed_at": to_json(fill.at),
    }


def _audit_entry(event: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        chain_id=event["user_id"],
        actor="engine",
        action=f"order.{event['event']}",
        subject=f"order:{event['order_id']}",
        data={"from": event["from_state"], "to": event["to_state"], "at": to_json(event["at"]), **event["data"]},
    )
