"""Plain values of the portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from tradsy.domain.ids import AccountId, UserId
from tradsy.domain.instruments import AssetClass
from tradsy.domain.money import format_decimal
from tradsy.domain.orders import Side
from tradsy.domain.positions import Position
from tradsy.platform.outbox import Event, new_event

_STORED = Decimal(1).scaleb(-18)
_WIDE = Context(prec=60)


@dataclass(frozen=True, slots=True)
class ExecutionItem:
    """One execution as positions see it."""

    account_id: AccountId
    user_id: UserId
    symbol: str
    asset_class: AssetClass
    multiplier: Decimal
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: datetime
    is_reversal: bool = False
    """The execution never happened (a bust, or what a correction supersedes): its effect is taken out."""

    def reversed(self) -> ExecutionItem:
        """Return what takes this execution out again."""
        return replace(self, is_reversal=not self.is_reversal)

    def apply_to(self, position: Position) -> Position:
        """Return the position after this execution.

        A reversal restores quantity, fees and total profit (to the decimals kept); how the total splits into realised
        and unrealised can differ from a history that never had it: `service.rebuild_position` restores that, too.
        """
        if self.is_reversal:
            return position.apply_execution(self.side.opposite, self.quantity, self.price, -self.fee, self.multiplier)
        return position.apply_execution(self.side, self.quantity, self.price, self.fee, self.multiplier)


@dataclass(frozen=True, slots=True)
class PositionRecord:
    """One position row."""

    account_id: AccountId
    user_id: UserId
    symbol: str
    asset_class: AssetClass
    multiplier: Decimal
    position: Position
    opened_at: datetime | None
    """When it was last flat before; None while flat."""
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> PositionRecord:
        """Return the record of a database row."""
        return cls(
            account_id=row["account_id"],
            user_id=row["user_id"],
            symbol=row["symbol"],
            asset_class=AssetClass(row["asset_class"]),
            multiplier=plain(row["multiplier"]),
            position=Position(
                plain(row["quantity"]), plain(row["average_price"]), plain(row["realized_pnl"]), plain(row["fees"])
            ),
            opened_at=row["opened_at"],
            updated_at=row["updated_at"],
        )


@dataclass(frozen=True, slots=True)
class PositionChange:
    """A position before and after a batch of executions."""

    before: Position
    record: PositionRecord

    @property
    def account_id(self) -> AccountId:
        """The account."""
        return self.record.account_id

    @property
    def symbol(self) -> str:
        """The canonical symbol."""
        return self.record.symbol

    @property
    def after(self) -> Position:
        """The position now."""
        return self.record.position

    def event(self) -> Event:
        """Return `positions.updated`, to be emitted in the same transaction."""
        r, p = self.record, self.record.position
        payload = {
            "account_id": str(r.account_id),
            "symbol": r.symbol,
            "asset_class": str(r.asset_class),
            "multiplier": format_decimal(r.multiplier),
            "quantity": format_decimal(p.quantity),
            "average_price": format_decimal(p.average_price),
            "realized_pnl": format_decimal(p.realized_pnl),
            "fees": format_decimal(p.fees),
            "opened_at": r.opened_at.isoformat() if r.opened_at else None,
            "updated_at": r.updated_at.isoformat(),
        }
        return new_event("positions.updated", payload, at=r.updated_at, user_id=r.user_id)


@dataclass(frozen=True, slots=True)
class BalanceSnapshot:
    """What a venue said about one account, to be stored."""

    account_id: AccountId
    user_id: UserId
    currency: str
    equity: Decimal
    cash: Decimal
    buying_power: Decimal
    trading_blocked: bool
    venue_at: datetime
    read_at: datetime
    """By our clock: decides the trading day and which of two snapshots is newer."""


@dataclass(frozen=True, slots=True)
class BalanceRecord:
    """One balance row: the last snapshot, and the equity that losses are measured from."""

    account_id: AccountId
    user_id: UserId
    currency: str
    equity: Decimal
    cash: Decimal
    buying_power: Decimal
    trading_blocked: bool
    venue_at: datetime
    read_at: datetime
    trading_day: date
    day_start_equity: Decimal
    peak_equity: Decimal

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> BalanceRecord:
        """Return the record of a database row."""
        numbers: dict[str, Any] = {n: plain(v) for n, v in row.items() if isinstance(v, Decimal)}
        return cls(**{**row, **numbers})


def plain(value: Decimal) -> Decimal:
    """Return the number without the zeros that a numeric column adds."""
    return Decimal(format_decimal(value))


def as_stored(position: Position) -> Position:
    """Return the position with the 18 decimals that the table keeps, so that memory and row are the same."""
    return Position(
        _quantize(position.quantity),
        _quantize(position.average_price),
        _quantize(position.realized_pnl),
        _quantize(position.fees),
    )


def _quantize(value: Decimal) -> Decimal:
    return plain(value.quantize(_STORED, ROUND_HALF_EVEN, _WIDE))
