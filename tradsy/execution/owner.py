"""One process's accounts: takes partitions over, keeps them, lets go.

Takeover: load the rows; what was being submitted becomes unknown; open the broker sessions; one reconciliation and a
first look for every unknown order; only then is the account open for planning.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import BrokerError
from tradsy.brokers.port import Broker, OrderReport, ReportKind
from tradsy.connections import service as connections
from tradsy.connections.model import ConnectionRecord
from tradsy.domain.errors import TradsyError
from tradsy.domain.ids import (
    AccountId,
    ClientOrderId,
    ConnectionId,
    OrderId,
    TraceId,
    UserId,
    VenueAccountId,
    VenueOrderId,
)
from tradsy.domain.instruments import AssetClass
from tradsy.domain.money import ONE, ZERO
from tradsy.domain.orders import OrderEvent, OrderRole, OrderState
from tradsy.execution import metrics
from tradsy.execution.commands import Commands
from tradsy.execution.exits import Exits
from tradsy.execution.lane import SLOTS, Lane
from tradsy.execution.ledger import BatchResult, Ledger
from tradsy.execution.loader import load_accounts
from tradsy.execution.model import Order, OrderSeen, OutcomeLearned, ReportReceived
from tradsy.execution.planner import Planner
from tradsy.execution.ports import BrokerOpener
from tradsy.execution.reconcile import Reconciler
from tradsy.execution.resolver import Resolver
from tradsy.execution.runtime import Runtime
from tradsy.execution.sender import Sender
from tradsy.execution.state import AccountState, ConnectionState
from tradsy.platform.db import DatabaseError
from tradsy.platform.failpoints import failpoint
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import Event
from tradsy.platform.partitions import PartitionLeases

log = structlog.get_logger(__name__)

OPENING_AT_ONCE = 32
"""Accounts that are opened side by side after a takeover."""
RECONCILING_AT_ONCE = 4
"""On the timer: few side by side, so that orders never wait behind a burst of look-ups."""
HAND_OVER_SECONDS = 2.0
"""How long a hand-over in order waits for outcomes to be stored; what is late the next owner looks up."""
FIRST_QUOTE_SECONDS = 2.0
"""How long an account that could open waits for its venue's first quote."""
BUSY_EVERY = timedelta(seconds=5)
"""Between two reconciliations while orders are open."""
IDLE_EVERY = timedelta(seconds=30)
RETRY_EVERY = timedelta(seconds=5)
SWEEP_EVERY = timedelta(seconds=5)
"""Between two looks for connections that this process should run and nobody told it of."""
LOAD_AGAIN = 0.5
"""Seconds until rows that could not be read are asked for again."""
_PHASES = 997


class Owner:
    """Everything that one worker process does with the accounts that it owns."""

    def __init__(self, runtime: Runtime, opener: BrokerOpener) -> None:
        self._rt = runtime
        self._opener = opener
        self.ledger = Ledger(
            runtime.database,
            runtime.clock,
            runtime.leases,
            runtime.outbox,
            runtime.accounts,
            runtime.sources,
            committed=self._on_committed,
            adopt=self._adopt,
        )
        self._sender = Sender(
            runtime.clock,
            may_send=runtime.leases.may_send,
            learn=self.ledger.put,
            auth_expired=self._on_auth_expired,
        )
        self.commands = Commands(runtime, self.ledger)
        self.exits = Exits(runtime, self.commands, send=self._sender.send)
        self.planner = Planner(runtime, send=self._sender.send, moved=self.exits.moved)
        self.resolver = Resolver(runtime, self.ledger)
        self.reconciler = Reconciler(runtime, self.ledger)
        self._streams: dict[ConnectionState, asyncio.Task[None]] = {}
        self._listening: defaultdict[ConnectionState, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._feeds: dict[str, asyncio.Task[None]] = {}
        self._quoted: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        """By venue: whether a quote of its has come."""
        self._loop: asyncio.Task[None] | None = None
        self._reconciling: set[AccountId] = set()
        self._attempted: dict[AccountId, datetime] = {}
        self._swept_at = runtime.clock.now()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start all rooms, then claim partitions."""
        self._rt.reload = self.reload
        self._rt.outbox.listen(self.on_event)
        self.ledger.start()
        self.planner.start()
        self.commands.start()
        self.exits.start()
        self._loop = asyncio.create_task(self._reconcile_loop(), name="reconcile")
        await self._rt.leases.start(gained=self._take_over, lost=self._let_go)

    async def stop(self) -> None:
        """Send nothing new, store what is under way, hand the partitions over."""
        failpoint("during_shutdown")
        await self.planner.stop()
        await self.exits.stop()
        await self.commands.stop()
        if self._loop is not None:
            self._loop.cancel()
        lanes = [connection.lane.drain() for connection in self._rt.connections.values()]
        await asyncio.wait_for(asyncio.gather(*lanes), 20)
        await self.resolver.stop()
        await self.ledger.stop()
        self._close(self._rt.remove(range(1 << 16)))
        await self._rt.leases.stop()
        await asyncio.gather(*self._closing)

    @property
    def leases(self) -> PartitionLeases:
        """The partitions that this process holds."""
        return self._rt.leases

    @property
    def is_trading_ready(self) -> bool:
        """Whether every account that this process owns is open."""
        return bool(self._rt.leases.held) and all(account.is_open for account in self._rt.accounts.values())

    def find_account(self, account_id: AccountId) -> AccountState | None:
        """Return what this process remembers of an account, None when it does not own it."""
        return self._rt.accounts.get(account_id)

    def owns_user(self, user_id: UserId) -> bool:
        """Whether the user's accounts are this process's."""
        return bool(self._rt.by_user.get(user_id))

    def on_event(self, event: Event) -> None:
        """Hear of an event that this process committed."""
        self.hear(event.name, event.payload)

    def hear(self, name: str, payload: Mapping[str, Any]) -> None:
        """Look at once for what an event announces, whichever process committed it."""
        if name == "signals.accepted":
            self.planner.nudge(payload["partitions"])
        elif name == "plans.approved":
            self.planner.nudge([payload["partition"]])
        elif name == "commands.requested":
            self.commands.nudge()
        elif name == "connections.opened":
            self._spawn(self._take_linked(ConnectionId(UUID(payload["connection_id"]))))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_linked(self, connection_id: ConnectionId) -> None:
        """Open a connection that was linked just now; where this fails, the next sweep finds it."""
        try:
            async with self._rt.database.as_engine() as session:
                record = await connections.get_connection(session, connection_id)
            await self.take_connection(record)
        except (TradsyError, DatabaseError, OSError):
            log.warning("a linked connection was not opened", connection_id=str(connection_id), exc_info=True)

    # Takeover and hand-over

    async def _take_over(self, partitions: Sequence[int]) -> None:
        """Load and open every connection of `partitions`."""
        failpoint("during_takeover")
        accounts = [
            account
            for record in await self._list_owned(partitions)
            if record.id not in self._rt.connections
            for account in self._adopt_connection(record)
        ]
        await self._load(accounts)
        limit = asyncio.Semaphore(OPENING_AT_ONCE)

        async def open_one(account: AccountState) -> None:
            async with limit:
                await self._open(account)

        await asyncio.gather(*(open_one(account) for account in accounts))
        self.planner.nudge()
        self.commands.nudge()
        log.info("accounts open", count=sum(account.is_open for account in accounts), of=len(accounts))

    async def _list_owned(self, partitions: Sequence[int]) -> Sequence[ConnectionRecord]:
        """Read the connections of `partitions`, however often the database has to be asked while they are ours."""
        while any(self._rt.leases.epoch(partition) is not None for partition in partitions):
            try:
                async with self._rt.database.as_engine() as session:
                    return await connections.list_owned(session, list(partitions))
            except (DatabaseError, OSError, TimeoutError) as error:
                log.warning("connections not read yet", error=type(error).__name__)
                await asyncio.sleep(LOAD_AGAIN)
        return ()

    async def _load(self, accounts: Sequence[AccountState]) -> None:
        """Load accounts and mark what a dead owner was submitting; until then nobody may open them."""
        while ours := [account for account in accounts if self._rt.accounts.get(account.account_id) is account]:
            try:
                async with self._rt.database.as_engine() as session:
                    await load_accounts(session, self._rt, ours)
            except (DatabaseError, OSError, TimeoutError) as error:
                log.warning("accounts not loaded yet", count=len(ours), error=type(error).__name__)
                await asyncio.sleep(LOAD_AGAIN)
                continue
            await self._mark_uncertain(ours)
            for account in ours:
                account.is_loaded = True
            return

    async def _take_missing(self) -> None:
        """Open the connections of our partitions that no event and no takeover has opened."""
        held = [p for p in self._rt.leases.held if self._rt.leases.epoch(p) is not None]
        try:
            async with self._rt.database.as_engine() as session:
                missing = await connections.list_missing(session, held, self._rt.connections.keys())
        except (DatabaseError, OSError, TimeoutError) as error:
            log.warning("connections not looked for", error=type(error).__name__)
            return
        for connection_id in missing:
            await self._take_linked(connection_id)

    async def take_connection(self, record: ConnectionRecord) -> None:
        """Open a connection that was linked just now, if its partition is ours."""
        if record.id in self._rt.connections or self._rt.leases.epoch(record.partition) is None:
            return
        accounts = self._adopt_connection(record)
        await self._load(accounts)
        for account in accounts:
            await self._open(account)

    def _adopt_connection(self, record: ConnectionRecord) -> list[AccountState]:
        epoch = self._rt.leases.epoch(record.partition)
        if epoch is None:
            return []
        broker = self._opener(record)
        one_at_a_time = broker.capabilities.idempotency is IdempotencyClass.NONE
        connection = ConnectionState(
            connection_id=record.id,
            venue=record.venue,
            partition=record.partition,
            broker=broker,
            # Without an id of ours at the venue, two orders under way at once could not be told apart.
            lane=Lane(
                self._rt.clock,
                requests_per_minute=broker.capabilities.requests_per_minute,
                slots=1 if one_at_a_time else SLOTS,
            ),
        )
        self._rt.connections[record.id] = connection
        accounts = [
            AccountState(
                account_id=account.id,
                user_id=record.user_id,
                connection=connection,
                venue_account_id=VenueAccountId(account.venue_account_id),
                partition=record.partition,
                epoch=epoch,
                is_paper=account.is_paper,
            )
            for account in record.accounts
        ]
        for account in accounts:
            self._rt.add(account)
        return accounts

    async def _mark_uncertain(self, accounts: Sequence[AccountState]) -> None:
        """Orders of a dead owner: a byte may have left, so nobody may send them again."""
        now = self._rt.clock.now()
        await self.ledger.store(
            [
                OutcomeLearned(account.account_id, order.id, OrderEvent.LOSE, now, reason_code="crash")
                for account in accounts
                for order in list(account.orders.values())
                if order.state is OrderState.SUBMITTING
            ]
        )

    async def _open(self, account: AccountState) -> None:
        """Connect, listen, reconcile; an account whose venue cannot be read stays closed and is tried again."""
        if self._rt.accounts.get(account.account_id) is not account:
            # Let go while it was loaded.
            return
        try:
            await self._listen(account.connection)
        except BrokerError as error:
            log.warning("account not opened", account_id=str(account.account_id), error=error.code)
            account.reconcile_asked = True
            return
        if await self.reconciler.run(account):
            # Without a price every order would be refused, the first one just because it came a moment early.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quoted[account.venue].wait(), FIRST_QUOTE_SECONDS)
            account.is_open = self._rt.accounts.get(account.account_id) is account
            # Accounts that were opened together are looked at again one after the other, not all at once.
            phase = account.account_id.int % _PHASES / _PHASES
            self._attempted[account.account_id] = self._rt.clock.now() - IDLE_EVERY * phase
        else:
            account.reconcile_asked = True
        for order in list(account.orders.values()):
            if order.state is OrderState.UNKNOWN:
                self.resolver.take(order)

    async def _listen(self, connection: ConnectionState) -> None:
        async with self._listening[connection]:
            if connection in self._streams or self._rt.connections.get(connection.connection_id) is not connection:
                return
            await connection.broker.connect()
            if self._rt.connections.get(connection.connection_id) is not connection:
                # Let go while it connected.
                await connection.broker.close()
                return
            self._streams[connection] = asyncio.create_task(self._stream(connection), name="order stream")
        feed = self._feeds.get(connection.venue)
        if feed is None or feed.done():
            self._feeds[connection.venue] = asyncio.create_task(
                self._feed(connection.venue, connection.broker), name="quotes"
            )

    async def _stream(self, connection: ConnectionState) -> None:
        by_venue_id: dict[VenueAccountId, AccountState] = {}
        while True:
            try:
                async for report in connection.broker.stream_reports():
                    self._on_report(connection, report, by_venue_id)
            except BrokerError as error:
                log.warning("order stream ended", venue=connection.venue, error=error.code)
            await asyncio.sleep(1)

    def _on_report(
        self, connection: ConnectionState, report: OrderReport, known: dict[VenueAccountId, AccountState]
    ) -> None:
        if report.venue_account_id not in known:
            known.clear()
            known.update({a.venue_account_id: a for a in self._rt.accounts.values() if a.connection is connection})
        if report.kind is ReportKind.GAP:
            for account in known.values():
                account.reconcile_asked = True
            return
        account = known.get(report.venue_account_id)
        if account is not None:
            self.ledger.put(ReportReceived(account.account_id, report))

    async def _feed(self, venue: str, broker: Broker) -> None:
        """Keep the process's quotes fresh through one connection of each venue."""
        while True:
            try:
                async for quote in broker.stream_quotes():
                    self._rt.quotes.put(quote)
                    self._quoted[venue].set()
            except BrokerError as error:
                log.warning("quotes ended", error=error.code)
            await asyncio.sleep(1)

    async def _let_go(self, partitions: Sequence[int]) -> None:
        """Send nothing more for `partitions`, finish what is under way, close their sessions."""
        gone = set(partitions)
        for account in self._rt.accounts.values():
            if account.partition in gone:
                account.is_open = False
        leaving = [c for c in self._rt.connections.values() if c.partition in gone]
        if any(partition in self._rt.leases.held for partition in partitions):
            # A hand-over in order: outcomes of what was sent are stored while the lease still stands.
            await asyncio.gather(*(connection.lane.drain() for connection in leaving))
            with suppress(TimeoutError):
                async with asyncio.timeout(HAND_OVER_SECONDS):
                    await self.ledger.flush()
        self._close(self._rt.remove(partitions))

    def _close(self, gone: Sequence[ConnectionState]) -> None:
        for connection in gone:
            self._listening.pop(connection, None)
            stream = self._streams.pop(connection, None)
            if stream is not None:
                stream.cancel()
        for venue, feed in list(self._feeds.items()):
            heir = next((c for c in self._rt.connections.values() if c.venue == venue), None)
            if any(c.venue == venue for c in gone) or heir is None:
                feed.cancel()
                del self._feeds[venue]
                if heir is not None:
                    self._feeds[venue] = asyncio.create_task(self._feed(venue, heir.broker), name="quotes")
        for connection in gone:
            # A venue that does not answer the end of its session must not hold up the renewal of leases.
            task = asyncio.create_task(self._close_session(connection))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _close_session(self, connection: ConnectionState) -> None:
        with suppress(BrokerError, OSError, TimeoutError):
            await connection.broker.close()

    async def reload(self, accounts: Collection[AccountId]) -> None:
        """Load accounts again after a transaction of theirs failed."""
        # Between the read and memory nothing may be written, or memory would forget it.
        async with self.ledger.writing:
            states = [self._rt.accounts[a] for a in accounts if a in self._rt.accounts]
            async with self._rt.database.as_engine() as session:
                await load_accounts(session, self._rt, states)

    # What the ledger tells

    def _on_committed(self, result: BatchResult) -> None:
        for order in result.orders:
            if order.state is OrderState.UNKNOWN:
                self.resolver.take(order)
        self.exits.entries_filled(order for order, _ in result.filled)
        self.exits.protection_ended(result.orders)
        for change in result.positions:
            account = self._rt.accounts.get(change.account_id)
            if account is not None and change.after.is_flat:
                self.exits.position_closed(account, change.symbol)

    def _on_auth_expired(self, account: AccountState) -> None:
        for other in self._rt.accounts.values():
            if other.connection is account.connection:
                other.is_open = False
                other.reconcile_asked = True

    def _adopt(self, item: OrderSeen, account: AccountState) -> Order:
        """Return a row for an order that somebody placed at the venue without us: it counts toward every limit."""
        shown, now = item.order, self._rt.clock.now()
        instrument = self._rt.catalog.find(shown.terms.symbol)
        terms = shown.terms
        log.warning("external order adopted", account_id=str(account.account_id), symbol=terms.symbol)
        return Order(
            id=OrderId(new_id()),
            user_id=account.user_id,
            account_id=account.account_id,
            connection_id=account.connection.connection_id,
            partition=account.partition,
            venue=account.venue,
            trace_id=TraceId(new_id()),
            signal_id=None,
            plan_id=None,
            source_id=None,
            parent_order_id=None,
            role=OrderRole.EXIT if terms.reduce_only else OrderRole.ENTRY,
            origin="external",
            client_order_id=shown.client_order_id or _external_id(shown.venue_order_id),
            generation=1,
            venue_order_id=shown.venue_order_id,
            symbol=terms.symbol,
            asset_class=instrument.asset_class if instrument else AssetClass.STOCK,
            side=terms.side,
            order_type=terms.order_type,
            quantity=terms.quantity,
            limit_price=terms.limit_price,
            stop_price=terms.stop_price,
            trail_amount=terms.trail_amount,
            trail_percent=terms.trail_percent,
            time_in_force=terms.time_in_force,
            reduce_only=terms.reduce_only,
            multiplier=instrument.multiplier if instrument else ONE,
            oco_group=None,
            exits=None,
            exits_covered=ZERO,
            state=OrderState.NEW,
            cumulative_quantity=ZERO,
            average_price=None,
            fees=ZERO,
            reason_code="",
            reason="",
            epoch=account.epoch,
            attempt=0,
            baseline=None,
            evidence=[],
            created_at=now,
            sent_at=None,
            accepted_at=shown.entered_at,
            unknown_at=None,
            finished_at=None,
            updated_at=now,
        )

    # Reconciliation on a timer

    async def _reconcile_loop(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            now = self._rt.clock.now()
            accounts = list(self._rt.accounts.values())
            metrics.OPEN_ACCOUNTS.set(sum(account.is_open for account in accounts))
            metrics.UNKNOWN_ORDERS.set(
                sum(order.state is OrderState.UNKNOWN for account in accounts for order in account.orders.values())
            )
            if now - self._swept_at >= SWEEP_EVERY:
                self._swept_at = now
                self._spawn(self._take_missing())
            for account in accounts:
                if len(self._reconciling) >= RECONCILING_AT_ONCE:
                    break
                if account.account_id not in self._reconciling and self._is_due(account, now):
                    self._reconciling.add(account.account_id)
                    self._spawn(self._reconcile(account))

    def _is_due(self, account: AccountState, now: datetime) -> bool:
        if not account.is_loaded:
            return False
        last = self._attempted.get(account.account_id)
        age = None if last is None else now - last
        if not account.is_open or account.reconcile_asked:
            return age is None or age >= (timedelta(seconds=1) if account.is_open else RETRY_EVERY)
        every = BUSY_EVERY if account.orders else IDLE_EVERY
        return age is None or age >= every

    async def _reconcile(self, account: AccountState) -> None:
        try:
            self._attempted[account.account_id] = self._rt.clock.now()
            if account.is_open:
                await self.reconciler.run(account)
            elif account.account_id in self._rt.accounts:
                await self._open(account)
                self.planner.nudge()
        finally:
            self._reconciling.discard(account.account_id)


def _external_id(venue_order_id: VenueOrderId) -> ClientOrderId:
    """Return a stand-in for an id that the venue does not keep; it can never be one of ours."""
    return ClientOrderId(f"external-{venue_order_id}")
