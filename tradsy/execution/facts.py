"""What risk is told: facts gathered from the owner's memory and from the rows of the committing transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tradsy.brokers.capabilities import Capabilities
from tradsy.domain.ids import SourceId, UserId
from tradsy.domain.instruments import Instrument
from tradsy.domain.money import ZERO
from tradsy.domain.orders import OrderRole, OrderTerms
from tradsy.execution.state import AccountState, QuoteLookup, SourceCounters
from tradsy.risk.limits import EffectiveLimits
from tradsy.risk.model import (
    Confirmation,
    EngineFacts,
    EquityFacts,
    KillScope,
    Origin,
    ParentFacts,
    RiskInput,
    RiskMode,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The order at hand and where it came from."""

    terms: OrderTerms
    role: OrderRole
    origin: Origin
    instrument: Instrument | None
    capabilities: Capabilities
    parent_quantity: Decimal
    source_id: SourceId | None = None
    signal_at: datetime | None = None
    link: str | None = None
    confirmation: Confirmation | None = None


@dataclass(frozen=True, slots=True)
class Judgment:
    """Limits and states that the committing transaction read."""

    limits: EffectiveLimits
    account_mode: RiskMode
    user_mode: RiskMode
    source_mode: RiskMode
    kills: frozenset[KillScope]


class FactsBuilder:
    """Builds a `RiskInput` for one order on one account."""

    def __init__(
        self, accounts_of: Mapping[UserId, Iterable[AccountState]], quotes: QuoteLookup, sources: SourceCounters
    ) -> None:
        self._accounts_of = accounts_of
        self._quotes = quotes
        self._sources = sources

    def build(
        self,
        subject: Subject,
        account: AccountState,
        judgment: Judgment,
        *,
        now: datetime,
        day: str,
        started: float,
        engine: EngineFacts,
        database_offset: timedelta,
    ) -> RiskInput:
        """Return everything known about the order; None stands for what is not."""
        terms = subject.terms
        mine = list(self._accounts_of.get(account.user_id, (account,)))
        return RiskInput(
            now=now,
            account_id=account.account_id,
            order=terms,
            role=subject.role,
            origin=subject.origin,
            limits=judgment.limits,
            capabilities=subject.capabilities,
            instrument=subject.instrument,
            quote=self._quotes(terms.symbol),
            account=account.balance,
            user_equity=_equity(mine),
            position=account.quantity(terms.symbol),
            positions=account.positions_facts(self._quotes),
            open_orders=tuple(facts for other in mine for facts in other.open_order_facts(self._quotes)),
            recent_orders=account.recent_orders(now, judgment.limits.duplicate_window),
            counters=account.counters(
                now, day, symbol=terms.symbol, side=terms.side, source=subject.source_id, sources=self._sources
            ),
            parent=ParentFacts(subject.parent_quantity, self._children(subject, account)),
            kills=judgment.kills,
            account_mode=judgment.account_mode,
            user_mode=judgment.user_mode,
            source_mode=judgment.source_mode if subject.source_id else None,
            source_id=subject.source_id,
            signal_at=subject.signal_at,
            # Intake keys every signal before it is stored, so a plan exists only for the first of its kind.
            deduplicated=True,
            reconciled_at=account.reconciled_at,
            open_breaks=account.open_breaks,
            unknown_in_symbol=account.has_unknown(terms.symbol),
            database_clock_offset=database_offset,
            venue_clock_offset=account.venue_offset,
            engine=engine,
            link=subject.link,
            confirmation=subject.confirmation,
            paper=account.is_paper,
            started=started,
        )

    def _children(self, subject: Subject, account: AccountState) -> Decimal:
        """Sum what already closes the position: a second close may take only what the first one leaves."""
        if subject.role is not OrderRole.EXIT:
            return ZERO
        return sum(
            (
                order.leaves
                for order in account.orders.values()
                if order.role is OrderRole.EXIT
                and order.symbol == subject.terms.symbol
                and order.side is subject.terms.side
            ),
            ZERO,
        )


def _equity(accounts: Iterable[AccountState]) -> EquityFacts | None:
    """Sum all accounts of the user; None while one of them has not been read."""
    equity = start = peak = ZERO
    for account in accounts:
        if account.balance is None:
            return None
        equity += account.balance.equity
        start += account.balance.day_start_equity
        peak += account.balance.peak_equity
    return EquityFacts(equity, start, peak)


def kills_that_apply(
    active: AbstractSet[tuple[str, str]], account: AccountState, source: SourceId | None
) -> frozenset[KillScope]:
    """Return the scopes of the active kill switches that stop an order of this account and source."""
    if not active:
        return frozenset()
    subjects = {
        KillScope.SITE: "site",
        KillScope.BROKER: account.venue,
        KillScope.USER: str(account.user_id),
        KillScope.ACCOUNT: str(account.account_id),
        KillScope.SOURCE: str(source) if source else "",
    }
    return frozenset(scope for scope, subject in subjects.items() if (str(scope), subject) in active)


def parse_confirmation(data: Mapping[str, Any] | None) -> Confirmation | None:
    """Return the typed confirmation of a plan."""
    if not data:
        return None
    return Confirmation(
        symbol=str(data.get("symbol", "")),
        notional=Decimal(str(data.get("notional", "0"))),
        reason=str(data.get("reason", "")),
        stepped_up=bool(data.get("stepped_up", False)),
    )
