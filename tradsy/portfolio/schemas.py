"""What the API shows of a portfolio."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from tradsy.domain.instruments import AssetClass
from tradsy.platform.web import StrictModel
from tradsy.portfolio.valuation import AccountValue, PositionValue


class PositionRead(StrictModel):
    """One position at market."""

    account_id: UUID = Field(description="Account that holds it.")
    symbol: str = Field(description="Canonical symbol.")
    asset_class: AssetClass = Field(description="Kind of instrument.")
    quantity: Decimal = Field(description="Units; negative is short.")
    average_price: Decimal = Field(description="Average entry price, quote currency per unit.")
    multiplier: Decimal = Field(description="Cash per point and unit.")
    price: Decimal | None = Field(description="Middle of the last bid and ask; null without a quote.")
    price_age_ms: int | None = Field(description="Age of that quote now, milliseconds.")
    market_value: Decimal | None = Field(description="Signed value at that price.")
    unrealized_pnl: Decimal | None = Field(description="Profit of what is held, before fees.")
    realized_pnl: Decimal = Field(description="Profit of what was closed, before fees.")
    fees: Decimal = Field(description="Fees paid so far.")
    opened_at: datetime | None = Field(description="When it was last flat before, UTC.")
    updated_at: datetime = Field(description="Last execution, UTC.")


class PositionList(StrictModel):
    """Open positions and their sums."""

    items: list[PositionRead] = Field(description="By account and symbol.")
    unrealized_pnl: Decimal = Field(description="Sum over the priced ones.")
    market_value: Decimal = Field(description="Signed sum over the priced ones.")
    is_complete: bool = Field(description="Whether every position has a price.")


class AccountPortfolio(StrictModel):
    """One account."""

    account_id: UUID = Field(description="Account.")
    label: str = Field(description="Its name.")
    is_paper: bool = Field(description="Whether no real money is behind it.")
    currency: str = Field(description="Currency of the figures.")
    equity: Decimal | None = Field(description="As the broker last said; null before the first answer.")
    cash: Decimal | None = Field(description="As the broker last said.")
    buying_power: Decimal | None = Field(description="As the broker last said.")
    balance_at: datetime | None = Field(description="Broker's time of these, UTC.")
    trading_day: date | None = Field(description="Day that `day_pnl` counts from, New York.")
    day_start_equity: Decimal | None = Field(description="Equity at the start of that day.")
    day_pnl: Decimal | None = Field(description="Equity less `day_start_equity`.")
    peak_equity: Decimal | None = Field(description="Highest equity seen.")
    unrealized_pnl: Decimal = Field(description="Of open positions with a price, before fees.")
    realized_pnl: Decimal = Field(description="Of everything closed, before fees.")
    fees: Decimal = Field(description="Fees paid so far.")
    market_value: Decimal = Field(description="Signed value of open positions with a price.")
    is_complete: bool = Field(description="Whether every open position has a price.")
    trading_blocked: bool = Field(description="Whether the broker blocks trading.")


class PortfolioTotal(StrictModel):
    """Sum of the accounts of one currency, paper and live apart."""

    currency: str = Field(description="Currency of the figures.")
    is_paper: bool = Field(description="Whether no real money is behind it.")
    equity: Decimal = Field(description="Of accounts whose balance is known.")
    cash: Decimal = Field(description="Of accounts whose balance is known.")
    day_pnl: Decimal = Field(description="Of accounts whose balance is known.")
    unrealized_pnl: Decimal = Field(description="Of open positions with a price, before fees.")
    realized_pnl: Decimal = Field(description="Of everything closed, before fees.")
    is_complete: bool = Field(description="Whether every balance and price is known.")


class PortfolioRead(StrictModel):
    """All accounts of the caller."""

    accounts: list[AccountPortfolio] = Field(description="Oldest first; closed ones left out.")
    totals: list[PortfolioTotal] = Field(description="Per currency, paper and live apart.")


def read_position(value: PositionValue, now: datetime) -> PositionRead:
    """Return what the API shows of a position."""
    r, p = value.record, value.record.position
    return PositionRead(
        account_id=r.account_id,
        symbol=r.symbol,
        asset_class=r.asset_class,
        quantity=p.quantity,
        average_price=p.average_price,
        multiplier=r.multiplier,
        price=value.price,
        price_age_ms=None if value.priced_at is None else max(0, int((now - value.priced_at).total_seconds() * 1000)),
        market_value=value.market_value,
        unrealized_pnl=value.unrealized_pnl,
        realized_pnl=p.realized_pnl,
        fees=p.fees,
        opened_at=r.opened_at,
        updated_at=r.updated_at,
    )


def read_account_portfolio(
    value: AccountValue, *, label: str, is_paper: bool, currency: str, realized_pnl: Decimal, fees: Decimal
) -> AccountPortfolio:
    """Return what the API shows of an account; `realized_pnl` and `fees` also count what is flat now."""
    b = value.balance
    return AccountPortfolio(
        account_id=value.account_id,
        label=label,
        is_paper=is_paper,
        currency=b.currency if b else currency,
        equity=b.equity if b else None,
        cash=b.cash if b else None,
        buying_power=b.buying_power if b else None,
        balance_at=b.venue_at if b else None,
        trading_day=b.trading_day if b else None,
        day_start_equity=b.day_start_equity if b else None,
        day_pnl=value.day_pnl,
        peak_equity=b.peak_equity if b else None,
        unrealized_pnl=value.unrealized_pnl,
        realized_pnl=realized_pnl,
        fees=fees,
        market_value=value.market_value,
        is_complete=value.is_complete,
        trading_blocked=b.trading_blocked if b else False,
    )
