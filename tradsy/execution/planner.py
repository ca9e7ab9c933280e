"""From approved plans to committed intents: claims, drafts, asks risk, commits, and hands the orders to the sender."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from tradsy.audit.canonical import JSON
from tradsy.audit.service import AuditEntry
from tradsy.domain.ids import AccountId, OrderId
from tradsy.domain.instruments import Instrument
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderRole, OrderTerms, OrderType
from tradsy.execution import metrics, repository
from tradsy.execution.commands import request_cancels
from tradsy.execution.draft import CancelOrders, Draft, DraftRefused, MoveExits, draft_order
from tradsy.execution.facts import FactsBuilder, Judgment, Subject, kills_that_apply, parse_confirmation
from tradsy.execution.intents import Batch, Lineage, new_order
from tradsy.execution.model import Order
from tradsy.execution.runtime import Runtime
from tradsy.execution.state import AccountState
from tradsy.follows import service as follows
from tradsy.follows.model import Action
from tradsy.follows.plans import ApprovedPlan, PlanOutcome, PlanState
from tradsy.platform.db import DatabaseError, DbSession
from tradsy.platform.failpoints import failpoint
from tradsy.platform.partitions import LeaseLost
from tradsy.risk.limits import combine
from tradsy.risk.model import AccountFacts, Origin, Verdict
from tradsy.risk.rules.price import protect_market_order
from tradsy.risk.service import LimitSubject
from tradsy.risk.states import Standing, load_standing, record_changes

log = structlog.get_logger(__name__)

BATCH = 250
"""Plans of one C1 transaction."""
LANES = 4
"""Batches that may be under way at once. A user's accounts share a partition and a partition belongs to one lane, so
that orders of one user are still judged one after the other; others need not wait for their commit."""
SWEEP_SECONDS = 1.0
"""How long a plan waits at most when nobody tells this process of it."""
SLOWEST_READ = 0.2
"""Seconds that reading limits and states may take before they are read again; R-P28 refuses from 0.25 s on."""
READ_TRIES = 3


@dataclass(slots=True)
class _Work:
    """One batch while its transaction is open."""

    batch: Batch
    outcomes: list[PlanOutcome]
    cancels: list[OrderId]
    touched: set[AccountId]
    moves: list[tuple[ApprovedPlan, MoveExits, str]] = field(default_factory=list[tuple[ApprovedPlan, MoveExits, str]])
    """Plans for other protective prices, each with the hash of the limits that it was read under."""
    moved: set[AccountId] = field(default_factory=set[AccountId])


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a plan would come to."""

    verdict: Verdict
    draft: Draft | None
    """The order that would be sent; None where it comes to none."""
    balance: AccountFacts | None
    instrument: Instrument | None


@dataclass(slots=True, eq=False)
class _Lane:
    """One of the planner's loops and the partitions that are its own: those that leave its number over."""

    number: int
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stale: set[AccountId] = field(default_factory=set[AccountId])
    """Accounts whose memory holds drafts of a transaction that failed."""

    def owns(self, partition: int) -> bool:
        return partition % LANES == self.number


class Planner:
    """Turns this process's approved plans into orders."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        send: Callable[[AccountState, Order], None],
        moved: Callable[[Collection[AccountId]], None],
    ) -> None:
        """Take what is called with each committed order, and with accounts whose protection is to be placed anew."""
        self._rt = runtime
        self._send = send
        self._moved = moved
        self._facts = FactsBuilder(runtime.by_user, runtime.quotes.get, runtime.sources)
        self._lanes = [_Lane(number) for number in range(LANES)]
        self._judging = asyncio.Lock()
        """One lane reads and judges at a time: while a large batch is judged, other readings would look slow."""
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start working."""
        self._tasks = [asyncio.create_task(self._run(lane), name=f"planner {lane.number}") for lane in self._lanes]

    async def stop(self) -> None:
        """Stop; what has not committed stays approved."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def nudge(self, partitions: Sequence[int] | None = None) -> None:
        """Say that approved plans may be waiting, in `partitions` or anywhere."""
        for lane in self._lanes:
            if partitions is None or any(lane.owns(partition) for partition in partitions):
                lane.wake.set()

    async def _run(self, lane: _Lane) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await lane.wake.wait()
            lane.wake.clear()
            try:
                while await self._plan_once(lane) == BATCH:
                    await asyncio.sleep(0)
            except LeaseLost:
                log.info("planning paused, a partition changed hands")
            except (DatabaseError, OSError, TimeoutError) as error:
                log.warning("planning failed, plans stay approved", error=type(error).__name__)
                await asyncio.sleep(0.25)
            except Exception:
                # The edge of the loop: the plans stay approved, and the next sweep takes them again.
                log.exception("planning failed")
                await asyncio.sleep(1)

    async def _plan_once(self, lane: _Lane) -> int:
        """Plan one batch; return how many plans it took."""
        open_partitions = [partition for partition in self._rt.open_partitions() if lane.owns(partition)]
        if not open_partitions:
            return 0
        await self._reload_stale(lane)
        work = _Work(Batch(), [], [], set())
        started = self._rt.clock.monotonic()
        try:
            async with self._rt.database.as_engine() as session:
                taken = await self._plan(session, open_partitions, work)
        except BaseException:
            # The drafts of this batch are in memory but not in the database: the rows decide, once they can be read.
            lane.stale |= work.touched
            raise
        finally:
            self._rt.settle_drafts(work.batch.orders)
        failpoint("after_c1")
        if taken:
            metrics.INTENT_SECONDS.observe(self._rt.clock.monotonic() - started)
            metrics.INTENT_ORDERS.observe(taken)
        self._after_commit(work)
        return taken

    async def _reload_stale(self, lane: _Lane) -> None:
        if lane.stale and self._rt.reload is not None:
            await self._rt.reload(lane.stale)
            lane.stale.clear()

    async def _plan(self, session: DbSession, partitions: Sequence[int], work: _Work) -> int:
        epochs = {p: e for p in partitions if (e := self._rt.leases.epoch(p)) is not None}
        if not epochs:
            return 0
        await self._rt.leases.fence(session, epochs, kills=True)
        plans = await follows.claim_approved_plans(session, partitions=sorted(epochs), limit=BATCH)
        mine = [plan for plan in plans if self._is_ready(plan, epochs)]
        if not mine:
            return len(plans)
        async with AsyncExitStack() as locks:
            for account_id in sorted({plan.account_id for plan in mine}):
                await locks.enter_async_context(self._rt.accounts[account_id].lock)
            await self._judge_all(session, mine, work)
            await work.batch.write(session, self._rt.clock.now())
            failpoint("before_c1")
        return len(plans)

    def _is_ready(self, plan: ApprovedPlan, epochs: Mapping[int, int]) -> bool:
        account = self._rt.accounts.get(plan.account_id)
        return account is not None and account.is_open and account.epoch == epochs.get(plan.partition)

    async def _judge_all(self, session: DbSession, plans: Sequence[ApprovedPlan], work: _Work) -> None:
        subjects = [LimitSubject(plan.user_id, plan.account_id, plan.source_id) for plan in plans]
        now = self._rt.clock.now()
        async with self._judging:
            standing, reading = await self._read_standing(session, subjects, now)
            failpoint("before_risk")
            changes: list[tuple[LimitSubject, Verdict]] = []
            for plan, subject in zip(plans, subjects, strict=True):
                account = self._rt.accounts[plan.account_id]
                work.touched.add(account.account_id)
                judgment = self._judgment(plan, account, subject, standing)
                # The budget of R-P28 is per account: reading for the whole batch counts once, judging for each alone.
                verdict = self._judge(plan, account, judgment, work, started=self._rt.clock.monotonic() - reading)
                if verdict is not None and verdict.changes:
                    changes.append((subject, verdict))
        failpoint("after_risk")
        for plan, move, config_hash in work.moves:
            await self._move(session, plan, move, config_hash, work)
        for subject, verdict in changes:
            work.batch.audit.extend(await record_changes(session, subject, verdict.changes, now=now))
        work.batch.writes.extend(follows.finishing(work.outcomes))
        if work.cancels:
            requested = await request_cancels(session, work.cancels, by="engine", origin="automatic", now=now)
            work.batch.events.extend(requested.events)
            work.batch.audit.extend(requested.audit)

    async def preview(self, session: DbSession, plan: ApprovedPlan) -> Previewed | None:
        """Return what `plan` would come to now, None where its account is not this process's or not open.

        Nothing is stored, counted or sent.
        """
        account = self._rt.accounts.get(plan.account_id)
        if account is None or not account.is_open or account.user_id != plan.user_id:
            return None
        subject = LimitSubject(plan.user_id, plan.account_id, plan.source_id)
        async with self._judging:
            standing, reading = await self._read_standing(session, [subject], self._rt.clock.now())
            judgment = self._judgment(plan, account, subject, standing)
            symbol = plan.intent.symbol
            instrument = self._rt.catalog.find(symbol) if symbol else None
            drafted = self._draft(plan, account, instrument)
            if isinstance(drafted, Draft) and instrument is not None:
                started = self._rt.clock.monotonic() - reading
                verdict = self._evaluate(plan, account, judgment, drafted, instrument, started=started)
                terms = self._final_terms(drafted.terms, account, judgment, instrument)
                return Previewed(verdict, replace(drafted, terms=terms), account.balance, instrument)
            if isinstance(drafted, DraftRefused):
                return Previewed(drafted.verdict(judgment.limits.config_hash), None, account.balance, instrument)
            # A cancel or a move of protection: not what a ticket asks for.
            refused = DraftRefused("NO_POSITION", "there is no position to close")
            return Previewed(refused.verdict(judgment.limits.config_hash), None, account.balance, instrument)

    def _judgment(
        self, plan: ApprovedPlan, account: AccountState, subject: LimitSubject, standing: Standing
    ) -> Judgment:
        """Return the limits and states that hold for one plan."""
        modes = standing.modes[subject]
        account.count_peak_from(modes.account_peak_since)
        for other in self._rt.by_user[account.user_id]:
            other.count_peak_from(modes.user_peak_since)
        return Judgment(
            limits=combine(standing.layers[subject], plan.intent.symbol),
            account_mode=modes.account,
            user_mode=modes.user,
            source_mode=modes.source,
            kills=kills_that_apply(standing.kills, account, plan.source_id),
        )

    async def _read_standing(
        self, session: DbSession, subjects: Sequence[LimitSubject], now: datetime
    ) -> tuple[Standing, float]:
        """Return what risk needs of the database, and the seconds that reading it took.

        What came too slowly to be judged is read again: R-P28 would refuse all of the batch on it, and a pause of the
        machine is over by then.
        """
        tries = 1
        while True:
            started = self._rt.clock.monotonic()
            standing = await load_standing(session, subjects, now=now)
            seconds = self._rt.clock.monotonic() - started
            if tries == READ_TRIES or seconds < SLOWEST_READ:
                return standing, seconds
            tries += 1

    def _judge(
        self, plan: ApprovedPlan, account: AccountState, judgment: Judgment, work: _Work, *, started: float
    ) -> Verdict | None:
        """Add what one plan comes to; return the verdict where risk gave one."""
        symbol = plan.intent.symbol
        instrument = self._rt.catalog.find(symbol) if symbol else None
        drafted = self._draft(plan, account, instrument)
        if isinstance(drafted, CancelOrders):
            work.cancels.extend(_open_entries(account, drafted.symbol, plan))
            work.outcomes.append(PlanOutcome(plan.plan_id, PlanState.DONE, "cancel_requested"))
            return None
        if isinstance(drafted, MoveExits):
            work.moves.append((plan, drafted, judgment.limits.config_hash))
            return None
        if isinstance(drafted, DraftRefused) or instrument is None:
            refused = drafted if isinstance(drafted, DraftRefused) else DraftRefused("SYMBOL_UNKNOWN", "unknown symbol")
            self._refuse(plan, account, refused.verdict(judgment.limits.config_hash), work)
            return None
        verdict = self._evaluate(plan, account, judgment, drafted, instrument, started=started)
        if verdict.approved:
            self._approve(plan, account, judgment, drafted, instrument, verdict, work)
        else:
            self._refuse(plan, account, verdict, work)
        return verdict

    def _draft(
        self, plan: ApprovedPlan, account: AccountState, instrument: Instrument | None
    ) -> Draft | CancelOrders | MoveExits | DraftRefused:
        symbol = plan.intent.symbol
        return _cannot_trade(plan) or draft_order(
            plan,
            instrument=instrument,
            quote=self._rt.quotes.get(symbol) if symbol else None,
            equity=account.balance.equity if account.balance else None,
            held=account.quantity(symbol) if symbol else ZERO,
            has_open_entries=bool(symbol and _open_entries(account, symbol, plan)),
            average_price=account.average_price(symbol) if symbol else None,
        )

    async def _move(
        self, session: DbSession, plan: ApprovedPlan, move: MoveExits, config_hash: str, work: _Work
    ) -> None:
        """Give the entries behind a position other exits, and have their present protection canceled.

        The new legs follow as those of a fill do, judged and committed on their own, once the old ones are gone.
        """
        account = self._rt.accounts[plan.account_id]
        changed, dropped = move.apply()
        entries = await repository.move_exits(
            session, plan.account_id, plan.source_id, move.symbol, move.side, changed=changed, dropped=dropped
        )
        if not entries:
            refused = DraftRefused("NO_POSITION", "no entry of this source stands behind the position")
            self._refuse(plan, account, refused.verdict(config_hash), work)
            return
        behind = set(entries)
        work.cancels.extend(o.id for o in account.orders.values() if o.is_protective and o.parent_order_id in behind)
        work.moved.add(account.account_id)
        work.outcomes.append(PlanOutcome(plan.plan_id, PlanState.DONE, "exits_moved"))
        data: dict[str, JSON] = {
            "entries": [str(entry) for entry in entries],
            "changed": changed,
            "dropped": [*dropped],
        }
        work.batch.audit.append(AuditEntry(plan.user_id, "engine", "plan.exits_moved", f"plan:{plan.plan_id}", data))

    def _evaluate(
        self,
        plan: ApprovedPlan,
        account: AccountState,
        judgment: Judgment,
        draft: Draft,
        instrument: Instrument,
        *,
        started: float,
    ) -> Verdict:
        subject = Subject(
            terms=draft.terms,
            role=draft.role,
            origin=Origin(plan.origin),
            instrument=instrument,
            capabilities=account.broker.capabilities,
            parent_quantity=draft.parent_quantity,
            source_id=plan.source_id,
            # A person who approves a plan makes the signal's age his or her own affair; R-P3 then counts from there.
            signal_at=plan.decided_at or plan.signal_at or plan.received_at,
            confirmation=parse_confirmation(plan.confirmation),
        )
        return self._rt.judge(self._facts, subject, account, judgment, started=started)

    def _approve(
        self,
        plan: ApprovedPlan,
        account: AccountState,
        judgment: Judgment,
        draft: Draft,
        instrument: Instrument,
        verdict: Verdict,
        work: _Work,
    ) -> None:
        now = self._rt.clock.now()
        order = new_order(
            account,
            plan.connection_id,
            _lineage(plan),
            self._final_terms(draft.terms, account, judgment, instrument),
            instrument,
            role=draft.role,
            origin=plan.origin,
            now=now,
            exits=draft.exits,
        )
        account.note_order(order, self._rt.trading_day(now), draft.terms)
        self._rt.sources.note_message(plan.source_id, account.account_id, now)
        work.batch.add_order(order, verdict, now)
        metrics.VERDICTS.labels("approved").inc()
        metrics.QUEUED_SECONDS.observe(max((now - plan.received_at).total_seconds(), 0))
        work.outcomes.append(PlanOutcome(plan.plan_id, PlanState.EXECUTED, order_id=order.id))
        if draft.cancel_symbol is not None:
            work.cancels.extend(o for o in _open_entries(account, draft.cancel_symbol, plan) if o != order.id)

    def _final_terms(
        self, terms: OrderTerms, account: AccountState, judgment: Judgment, instrument: Instrument
    ) -> OrderTerms:
        """Send a market order as a marketable limit where the venue takes limits (R-P10)."""
        quote = self._rt.quotes.get(terms.symbol)
        if quote is None or OrderType.LIMIT not in account.broker.capabilities.order_types:
            return terms
        return protect_market_order(terms, quote, judgment.limits, tick_size=instrument.tick_size)

    def _refuse(self, plan: ApprovedPlan, account: AccountState, verdict: Verdict, work: _Work) -> None:
        """Add a refusal, or hold the plan for its owner where only a confirmation is missing."""
        held = verdict.held and plan.origin == Origin.AUTOMATIC
        now = self._rt.clock.now()
        outcome = "held" if held else "refused"
        metrics.VERDICTS.labels(outcome).inc()
        work.batch.add_refusal(account, _lineage(plan), verdict, outcome=outcome, now=now)
        state = PlanState.PENDING if held else PlanState.REFUSED
        work.outcomes.append(PlanOutcome(plan.plan_id, state, ",".join([*verdict.reasons, *verdict.soft])))

    def _after_commit(self, work: _Work) -> None:
        self._rt.outbox.hand_over(work.batch.events)
        if work.moved:
            self._moved(work.moved)
        for order in work.batch.orders:
            account = self._rt.accounts.get(order.account_id)
            if account is not None:
                self._send(account, order)


def _lineage(plan: ApprovedPlan) -> Lineage:
    return Lineage(plan.trace_id, plan.signal_id, plan.plan_id, plan.source_id)


def _open_entries(account: AccountState, symbol: str | None, plan: ApprovedPlan) -> list[OrderId]:
    """Return open entries of the symbol, or of the plan's source where it names none."""
    return [
        order.id
        for order in account.orders.values()
        if order.role is OrderRole.ENTRY
        and (order.symbol == symbol if symbol is not None else order.source_id == plan.source_id)
    ]


def _cannot_trade(plan: ApprovedPlan) -> DraftRefused | None:
    """Refuse what changed since the plan was made: consent, follow, source, account or connection."""
    if not plan.may_trade:
        return DraftRefused("CONSENT_REQUIRED", "the current disclaimer and terms are not accepted")
    if plan.intent.action.is_closing or plan.intent.action is Action.CANCEL:
        return None
    states = {
        "FOLLOW_PAUSED": plan.follow_state,
        "SOURCE_PAUSED": plan.source_state,
        "ACCOUNT_PAUSED": plan.account_state,
        "CONNECTION_PAUSED": plan.connection_state,
    }
    for code, state in states.items():
        if state not in {None, "active"}:
            return DraftRefused(code, f"the state is {state}")
    return None
