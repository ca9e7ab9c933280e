"""What the rooms of one owner process share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from tradsy.domain.ids import AccountId, ConnectionId, UserId
from tradsy.execution.facts import FactsBuilder, Judgment, Subject
from tradsy.execution.model import Order
from tradsy.execution.state import AccountState, ConnectionState, SourceCounters
from tradsy.market_data.instruments import InstrumentCatalog
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database
from tradsy.platform.outbox import OutboxPublisher
from tradsy.platform.partitions import PartitionLeases
from tradsy.risk.engine import evaluate
from tradsy.risk.model import EngineFacts, Verdict


@dataclass(slots=True)
class Runtime:
    """Engines, market data and the owned accounts of this process."""

    database: Database
    clock: Clock
    outbox: OutboxPublisher
    leases: PartitionLeases
    catalog: InstrumentCatalog
    quotes: QuoteCache
    day_of: Callable[[datetime], date]
    """Trading day of a time."""
    accounts: dict[AccountId, AccountState] = field(default_factory=dict[AccountId, AccountState])
    connections: dict[ConnectionId, ConnectionState] = field(default_factory=dict[ConnectionId, ConnectionState])
    by_user: dict[UserId, list[AccountState]] = field(
        default_factory=lambda: defaultdict[UserId, list[AccountState]](list)
    )
    sources: SourceCounters = field(default_factory=SourceCounters)

    reload: Callable[[Collection[AccountId]], Awaitable[None]] | None = None
    """Loads accounts again whose transaction failed; set by the owner."""

    def add(self, account: AccountState) -> None:
        """Take an account in."""
        self.accounts[account.account_id] = account
        self.by_user[account.user_id].append(account)

    def remove(self, partitions: Iterable[int]) -> list[ConnectionState]:
        """Let go of all accounts of `partitions`; return their connections."""
        gone = set(partitions)
        for account in [a for a in self.accounts.values() if a.partition in gone]:
            del self.accounts[account.account_id]
            self.by_user[account.user_id].remove(account)
        connections = [c for c in self.connections.values() if c.partition in gone]
        for connection in connections:
            del self.connections[connection.connection_id]
        return connections

    def settle_drafts(self, orders: Iterable[Order]) -> None:
        """Say that the transaction that was to commit `orders` has ended, either way."""
        for order in orders:
            account = self.accounts.get(order.account_id)
            if account is not None:
                account.drafts.discard(order.id)

    def open_partitions(self) -> list[int]:
        """Return the held partitions in which at least one account is open for planning."""
        return sorted({account.partition for account in self.accounts.values() if account.is_open})

    def trading_day(self, at: datetime) -> str:
        """Return the trading day of a time as text."""
        return self.day_of(at).isoformat()

    def judge(
        self, facts: FactsBuilder, subject: Subject, account: AccountState, judgment: Judgment, *, started: float
    ) -> Verdict:
        """Ask risk about one order, with this process's own standing among the facts."""
        now = self.clock.now()
        held = self.leases.epoch(account.partition)
        engine = EngineFacts(
            holds_lease=held is not None,
            epoch_current=held == account.epoch,
            build_current=self.leases.build_current,
        )
        built = facts.build(
            subject,
            account,
            judgment,
            now=now,
            day=self.trading_day(now),
            started=started,
            engine=engine,
            database_offset=self.leases.database_offset,
        )
        return evaluate(built, monotonic=self.clock.monotonic)
