"""What the API shows of a portfolio, put together from rows and quotes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from tradsy.connections import service as connections
from tradsy.connections.model import AccountRecord, AccountState
from tradsy.domain.ids import AccountId
from tradsy.domain.money import ZERO
from tradsy.platform.db import DbSession
from tradsy.portfolio import service
from tradsy.portfolio.schemas import (
    AccountPortfolio,
    PortfolioRead,
    PortfolioTotal,
    PositionList,
    read_account_portfolio,
    read_position,
)
from tradsy.portfolio.valuation import QuoteLookup, value_account, value_position


async def read_positions(
    session: DbSession, quotes: QuoteLookup, now: datetime, *, account_id: AccountId | None = None
) -> PositionList:
    """Return the open positions of the caller, or of one account.

    Raises:
        AccountNotFound: the caller has no such account.
    """
    if account_id is not None:
        await connections.get_account(session, account_id)
    found = await service.load_positions(session, None if account_id is None else [account_id])
    values = [value_position(record, quotes) for records in found.values() for record in records]
    return PositionList(
        items=[read_position(value, now) for value in values],
        unrealized_pnl=sum((value.unrealized_pnl or ZERO for value in values), ZERO),
        market_value=sum((value.market_value or ZERO for value in values), ZERO),
        is_complete=all(value.price is not None for value in values),
    )


async def read_portfolio(session: DbSession, quotes: QuoteLookup) -> PortfolioRead:
    """Return all accounts of the caller at market, with totals."""
    accounts = [a for a in await connections.list_accounts(session) if a.state is not AccountState.CLOSED]
    positions = await service.load_positions(session, [a.id for a in accounts], include_flat=True)
    balances = await service.load_balances(session, [a.id for a in accounts])

    def read(account: AccountRecord) -> AccountPortfolio:
        records = positions[account.id]
        return read_account_portfolio(
            value_account(account.id, records, balances.get(account.id), quotes),
            label=account.label,
            is_paper=account.is_paper,
            currency=account.currency,
            realized_pnl=sum((r.position.realized_pnl for r in records), ZERO),
            fees=sum((r.position.fees for r in records), ZERO),
        )

    shown = [read(account) for account in accounts]
    return PortfolioRead(accounts=shown, totals=_totals(shown))


def _totals(accounts: Sequence[AccountPortfolio]) -> list[PortfolioTotal]:
    groups: dict[tuple[bool, str], list[AccountPortfolio]] = {}
    for account in accounts:
        groups.setdefault((account.is_paper, account.currency), []).append(account)
    return [
        PortfolioTotal(
            currency=currency,
            is_paper=is_paper,
            equity=_sum(a.equity for a in group),
            cash=_sum(a.cash for a in group),
            day_pnl=_sum(a.day_pnl for a in group),
            unrealized_pnl=_sum(a.unrealized_pnl for a in group),
            realized_pnl=_sum(a.realized_pnl for a in group),
            is_complete=all(a.is_complete and a.equity is not None for a in group),
        )
        for (is_paper, currency), group in sorted(groups.items())
    ]


def _sum(values: Any) -> Decimal:
    return sum((value for value in values if value is not None), ZERO)
