"""Positions at market: profit and loss from a position and a quote; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tradsy.domain.ids import AccountId
from tradsy.domain.market import Quote
from tradsy.domain.money import ZERO, format_decimal
from tradsy.portfolio.model import BalanceRecord, PositionRecord

QuoteLookup = Callable[[str], Quote | None]


@dataclass(frozen=True, slots=True)
class PositionValue:
    """One position at the middle of bid and ask; without a quote its value is unknown, not zero."""

    record: PositionRecord
    price: Decimal | None
    priced_at: datetime | None

    @property
    def market_value(self) -> Decimal | None:
        """Signed value: negative when short, in the instrument's currency."""
        return None if self.price is None else self.record.position.quantity * self.price * self.record.multiplier

    @property
    def unrealized_pnl(self) -> Decimal | None:
        """Profit of what is held, before fees."""
        return None if self.price is None else self.record.position.unrealized_pnl(self.price, self.record.multiplier)


@dataclass(frozen=True, slots=True)
class AccountValue:
    """One account at market."""

    account_id: AccountId
    positions: Sequence[PositionValue]
    balance: BalanceRecord | None

    @property
    def is_complete(self) -> bool:
        """Whether every position has a price; else the sums are those of the priced ones."""
        return all(value.price is not None for value in self.positions)

    @property
    def unrealized_pnl(self) -> Decimal:
        """Profit of all priced positions."""
        return sum((value.unrealized_pnl or ZERO for value in self.positions), ZERO)

    @property
    def market_value(self) -> Decimal:
        """Signed value of all priced positions."""
        return sum((value.market_value or ZERO for value in self.positions), ZERO)

    @property
    def day_pnl(self) -> Decimal | None:
        """Equity, as the broker last said it, less the equity at the start of the trading day."""
        return None if self.balance is None else self.balance.equity - self.balance.day_start_equity


def value_position(record: PositionRecord, quotes: QuoteLookup) -> PositionValue:
    """Return a position at market."""
    quote = None if record.position.is_flat else quotes(record.symbol)
    return PositionValue(record, quote.mid if quote else None, quote.at if quote else None)


def value_account(
    account_id: AccountId, records: Sequence[PositionRecord], balance: BalanceRecord | None, quotes: QuoteLookup
) -> AccountValue:
    """Return an account at market; flat positions are left out."""
    held = [value_position(record, quotes) for record in records if not record.position.is_flat]
    return AccountValue(account_id, held, balance)


def live_figures(value: AccountValue) -> dict[str, Any]:
    """Return the figures of an account as they are pushed: decimals as text, unknown ones null."""
    balance = value.balance
    return {
        "account_id": str(value.account_id),
        "unrealized_pnl": format_decimal(value.unrealized_pnl),
        "market_value": format_decimal(value.market_value),
        "is_complete": value.is_complete,
        "equity": _text(balance.equity if balance else None),
        "day_pnl": _text(value.day_pnl),
        "equity_at": balance.venue_at.isoformat() if balance else None,
        "positions": [
            {
                "symbol": held.record.symbol,
                "price": _text(held.price),
                "unrealized_pnl": _text(held.unrealized_pnl),
                "market_value": _text(held.market_value),
                "priced_at": held.priced_at.isoformat() if held.priced_at else None,
            }
            for held in value.positions
        ],
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format_decimal(value)
