"""Protective stops and targets that follow each fill of an entry, and leave with the position.

Each increment of a fill gets its own pair of stop and target, so there is no moment in which part of the position is
unprotected, and no order is ever replaced to grow. The entry's `exits_covered` is committed with the intents: a crash
between the fill and its exits is found by the sweep.

Where a signal moves a stop or target, the old legs are canceled and new ones placed when the last of them is gone: two
sets that could both fill would turn the position round. For that moment, a fraction of a second, nothing protects it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

import structlog

from tradsy.domain.ids import AccountId, OrderId
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderRole, OrderState
from tradsy.execution import repository
from tradsy.execution.commands import Commands
from tradsy.execution.draft import ExitLeg, draft_exits
from tradsy.execution.facts import FactsBuilder, Judgment, Subject
from tradsy.execution.intents import Batch, Lineage, new_order
from tradsy.execution.model import Order
from tradsy.execution.runtime import Runtime
from tradsy.execution.state import AccountState
from tradsy.platform.db import DatabaseError, DbSession
from tradsy.platform.failpoints import failpoint
from tradsy.platform.ids import new_id
from tradsy.platform.partitions import LeaseLost
from tradsy.portfolio import service as portfolio
from tradsy.risk.limits import combine
from tradsy.risk.model import Origin
from tradsy.risk.service import LimitSubject
from tradsy.risk.states import load_standing

log = structlog.get_logger(__name__)

COALESCE_SECONDS = 0.1
"""Fills of one burst share one pair of exits; longer would leave a fill unprotected for longer."""
SWEEP_SECONDS = 5.0
IDLE_AGE = timedelta(seconds=5)
"""How long protection of nothing rests before it is canceled once more."""


class Exits:
    """Keeps the protective orders of this process's accounts in step with their entries."""

    def __init__(self, runtime: Runtime, commands: Commands, *, send: Callable[[AccountState, Order], None]) -> None:
        self._rt = runtime
        self._commands = commands
        self._send = send
        self._facts = FactsBuilder(runtime.by_user, runtime.quotes.get, runtime.sources)
        self._background: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._moving: set[AccountId] = set()
        """Accounts with entries whose protection is being placed anew, as far as this process began it."""
        self._stale: set[AccountId] = set()
        """Accounts whose memory holds legs of a transaction that failed."""

    def start(self) -> None:
        """Start working."""
        self._task = asyncio.create_task(self._run(), name="exits")

    async def stop(self) -> None:
        """Stop; the next owner's sweep goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def entries_filled(self, orders: Iterable[Order]) -> None:
        """Say that entries with exits were filled further."""
        for order in orders:
            if order.exits and order.exits_covered < order.cumulative_quantity:
                self._wake.set()

    def moved(self, accounts: Collection[AccountId]) -> None:
        """Say that entries of `accounts` have other exits now, and that cancels of the present ones are asked for."""
        self._moving.update(accounts)
        self._wake.set()

    def protection_ended(self, orders: Iterable[Order]) -> None:
        """Say that orders have changed: where exits are moved, the last old leg to end makes room for the new ones."""
        if any(order.account_id in self._moving and order.is_protective and not order.is_open for order in orders):
            self._wake.set()

    def position_closed(self, account: AccountState, symbol: str) -> None:
        """Say that nothing is held of a symbol any more, so what protects it must go."""
        if any(order.symbol == symbol and order.reduce_only for order in account.orders.values()):
            task = asyncio.create_task(self._cancel_protection(account, symbol))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _cancel_protection(self, account: AccountState, symbol: str) -> None:
        """Cancel protective orders, once the venue had its own moment to cancel the other half of a pair."""
        await asyncio.sleep(COALESCE_SECONDS)
        if account.quantity(symbol) != ZERO:
            return
        left = [order.id for order in account.orders.values() if order.symbol == symbol and order.is_protective]
        try:
            await self._commands.cancel(left, by="engine")
        except (DatabaseError, OSError, TimeoutError):
            log.warning("protective orders of a closed position not canceled yet", symbol=symbol, exc_info=True)

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._wake.wait()
                await asyncio.sleep(COALESCE_SECONDS)
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._cover()
                await self._drop_idle_protection()
            except LeaseLost:
                log.info("exits paused, a partition changed hands")
            except (DatabaseError, OSError, TimeoutError) as error:
                log.warning("exits not placed yet", error=type(error).__name__)
                self._wake.set()
                await asyncio.sleep(0.25)

    async def _cover(self) -> None:
        """Commit protective orders for every filled quantity that has none (their C1), then send them."""
        partitions = self._rt.open_partitions()
        epochs = {p: e for p in partitions if (e := self._rt.leases.epoch(p)) is not None}
        if not epochs:
            return
        await self._reload_stale()
        batch = Batch()
        touched: set[AccountId] = set()
        try:
            async with self._rt.database.as_engine() as session:
                await self._rt.leases.fence(session, epochs, kills=True)
                settled = await repository.settle_moves(session, sorted(epochs))
                entries = await repository.list_uncovered_entries(session, sorted(epochs))
                entries = [entry for entry in entries if entry.account_id in self._rt.accounts]
                if not entries:
                    return
                touched = {entry.account_id for entry in entries}
                await self._commit_exits(session, entries, batch)
                failpoint("before_exit_commit")
        except BaseException:
            # The legs of this batch are in memory but not in the database: the rows decide, once they can be read.
            self._stale |= touched
            raise
        finally:
            self._rt.settle_drafts(batch.orders)
        failpoint("after_exit_commit")
        self._moving -= set(settled)
        self._rt.outbox.hand_over(batch.events)
        for order in batch.orders:
            account = self._rt.accounts.get(order.account_id)
            if account is not None:
                self._send(account, order)

    async def _reload_stale(self) -> None:
        if self._stale and self._rt.reload is not None:
            await self._rt.reload(self._stale)
            self._stale.clear()

    async def _drop_idle_protection(self) -> None:
        """Cancel protection of what is no longer held: a cancel that failed, or died with its process, is asked again.

        Without the position a stop would open one.
        """
        before = self._rt.clock.now() - IDLE_AGE
        idle = [
            order.id
            for account in self._rt.accounts.values()
            if account.is_open
            for order in account.orders.values()
            if order.is_protective
            and order.state in {OrderState.NEW, OrderState.PARTIALLY_FILLED}
            and order.updated_at < before
            and account.quantity(order.symbol) == ZERO
        ]
        if idle:
            await self._commands.cancel(idle, by="engine")

    async def _commit_exits(self, session: DbSession, entries: Sequence[Order], batch: Batch) -> None:
        subjects = {e.id: LimitSubject(e.user_id, e.account_id, e.source_id) for e in entries}
        now = self._rt.clock.now()
        layers, modes, _ = await load_standing(session, list(subjects.values()), now=now)
        held = await self._load_held(session, entries)
        protected = await repository.protected_quantities(session, sorted({e.account_id for e in entries}))
        covered: dict[OrderId, Decimal] = {}
        for entry in entries:
            subject = subjects[entry.id]
            judgment = Judgment(
                limits=combine(layers[subject], entry.symbol),
                account_mode=modes[subject].account,
                user_mode=modes[subject].user,
                source_mode=modes[subject].source,
                kills=frozenset(),
            )
            role = OrderRole.STOP if (entry.exits or {}).get("stop") else OrderRole.TARGET
            key = (entry.account_id, entry.symbol, role)
            bare = held.get((entry.account_id, entry.symbol), ZERO) * entry.side.sign - protected.get(key, ZERO)
            # A position that was closed meanwhile needs no protection, and one that shrank needs less.
            quantity = min(entry.cumulative_quantity - entry.exits_covered, max(bare, ZERO))
            self._cover_entry(entry, quantity, judgment, batch)
            protected[key] = protected.get(key, ZERO) + quantity
            covered[entry.id] = entry.cumulative_quantity
        await repository.cover_entries(session, covered)
        await batch.write(session, now)

    async def _load_held(self, session: DbSession, entries: Sequence[Order]) -> dict[tuple[AccountId, str], Decimal]:
        """Read positions with the entries' own transaction: memory hears of a fill only after it has committed."""
        found = await portfolio.load_positions(session, sorted({entry.account_id for entry in entries}))
        return {(r.account_id, r.symbol): r.position.quantity for records in found.values() for r in records}

    def _cover_entry(self, entry: Order, quantity: Decimal, judgment: Judgment, batch: Batch) -> None:
        if quantity <= ZERO:
            return
        account = self._rt.accounts[entry.account_id]
        legs = draft_exits(
            symbol=entry.symbol,
            entry_side=entry.side,
            quantity=quantity,
            exits=dict(entry.exits or {}),
            instrument=self._rt.catalog.get(entry.symbol),
            pair=account.broker.capabilities.native_oco,
        )
        groups: dict[int, str] = {}
        for leg in legs:
            self._add_leg(entry, account, leg, judgment, batch, groups)

    def _add_leg(
        self,
        entry: Order,
        account: AccountState,
        leg: ExitLeg,
        judgment: Judgment,
        batch: Batch,
        groups: dict[int, str],
    ) -> None:
        now = self._rt.clock.now()
        instrument = self._rt.catalog.get(entry.symbol)
        lineage = Lineage(entry.trace_id, entry.signal_id, entry.plan_id, entry.source_id, entry.id)
        subject = Subject(
            terms=leg.terms,
            role=leg.role,
            origin=Origin.AUTOMATIC,
            instrument=instrument,
            capabilities=account.broker.capabilities,
            parent_quantity=entry.cumulative_quantity,
            source_id=entry.source_id,
            signal_at=now,
            link=f"{entry.id}:{leg.role}:{leg.group}",
        )
        verdict = self._rt.judge(self._facts, subject, account, judgment, started=self._rt.clock.monotonic())
        if not verdict.approved:
            log.error("a protective order was refused", order_id=str(entry.id), reasons=list(verdict.reasons))
            batch.add_refusal(account, lineage, verdict, outcome="refused", now=now)
            return
        group = groups.setdefault(leg.group, new_id().hex) if account.broker.capabilities.native_oco else None
        order = new_order(
            account,
            entry.connection_id,
            lineage,
            leg.terms,
            instrument,
            role=leg.role,
            origin="automatic",
            now=now,
            oco_group=group,
        )
        account.note_order(order, self._rt.trading_day(now))
        batch.add_order(order, verdict, now)
