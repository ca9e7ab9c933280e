"""All SQL of the portfolio."""

from __future__ import annotations

from collections.abc import Sequence

from tradsy.domain.ids import AccountId
from tradsy.platform.db import DbSession, sql
from tradsy.portfolio.model import BalanceRecord, BalanceSnapshot, PositionRecord

Key = tuple[AccountId, str]

_POSITION = (
    "account_id, symbol, user_id, asset_class, multiplier, quantity, average_price, realized_pnl, fees, "
    "opened_at, updated_at"
)
_BALANCE = (
    "account_id, user_id, currency, equity, cash, buying_power, trading_blocked, venue_at, read_at, trading_day, "
    "day_start_equity, peak_equity"
)


async def lock_positions(session: DbSession, keys: Sequence[Key]) -> dict[Key, PositionRecord]:
    """Lock the positions of `keys` in (account, symbol) order, so that two batches cannot deadlock."""
    rows = await session.execute(
        sql(
            f"select {_POSITION} from positions where (account_id, symbol) in "
            "(select * from unnest(cast(:accounts as uuid[]), cast(:symbols as text[]))) "
            "order by account_id, symbol for update"
        ),
        {"accounts": [account for account, _ in keys], "symbols": [symbol for _, symbol in keys]},
    )
    records = (PositionRecord.from_row(dict(row)) for row in rows)
    return {(record.account_id, record.symbol): record for record in records}


_SAVE_POSITIONS = sql(
    f"insert into positions as p ({_POSITION}) "
    "select n.account_id, n.symbol, n.user_id, n.asset_class, n.multiplier, n.quantity, n.average_price, "
    "n.realized_pnl, n.fees, n.opened_at, n.updated_at from unnest(cast(:account_id as uuid[]), "
    "cast(:symbol as text[]), cast(:user_id as uuid[]), cast(:asset_class as text[]), cast(:multiplier as numeric[]), "
    "cast(:quantity as numeric[]), cast(:average_price as numeric[]), cast(:realized_pnl as numeric[]), "
    "cast(:fees as numeric[]), cast(:opened_at as timestamptz[]), cast(:updated_at as timestamptz[])) "
    "as n (account_id, symbol, user_id, asset_class, multiplier, quantity, average_price, realized_pnl, fees, "
    "opened_at, updated_at) order by n.account_id, n.symbol "
    "on conflict (account_id, symbol) do update set quantity = excluded.quantity, "
    "average_price = excluded.average_price, realized_pnl = excluded.realized_pnl, fees = excluded.fees, "
    "opened_at = excluded.opened_at, updated_at = excluded.updated_at "
    # A row that appeared after the lock was taken is another writer's: it is not overwritten, and the count tells.
    "where (p.account_id, p.symbol) in "
    "(select * from unnest(cast(:locked_accounts as uuid[]), cast(:locked_symbols as text[]))) "
    "returning p.account_id"
)


async def save_positions(session: DbSession, records: Sequence[PositionRecord], locked: Sequence[Key]) -> int:
    """Write `records`, of which those in `locked` exist and are locked; return how many rows were written."""
    rows = await session.execute(
        _SAVE_POSITIONS,
        {
            "account_id": [r.account_id for r in records],
            "symbol": [r.symbol for r in records],
            "user_id": [r.user_id for r in records],
            "asset_class": [str(r.asset_class) for r in records],
            "multiplier": [r.multiplier for r in records],
            "quantity": [r.position.quantity for r in records],
            "average_price": [r.position.average_price for r in records],
            "realized_pnl": [r.position.realized_pnl for r in records],
            "fees": [r.position.fees for r in records],
            "opened_at": [r.opened_at for r in records],
            "updated_at": [r.updated_at for r in records],
            "locked_accounts": [account for account, _ in locked],
            "locked_symbols": [symbol for _, symbol in locked],
        },
    )
    return len(rows.all())


async def list_positions(
    session: DbSession, accounts: Sequence[AccountId] | None, *, include_flat: bool
) -> list[PositionRecord]:
    """Return the positions of `accounts`, or of all that the session's role may see."""
    rows = await session.execute(
        sql(
            f"select {_POSITION} from positions where (:all or account_id = any(cast(:accounts as uuid[]))) "
            "and (:flat or quantity <> 0) order by account_id, symbol"
        ),
        {"all": accounts is None, "accounts": list(accounts or ()), "flat": include_flat},
    )
    return [PositionRecord.from_row(dict(row)) for row in rows]


_SAVE_BALANCES = sql(
    f"insert into balances as b ({_BALANCE}) select n.*, n.equity, n.equity from unnest(cast(:account_id as uuid[]), "
    "cast(:user_id as uuid[]), cast(:currency as text[]), cast(:equity as numeric[]), cast(:cash as numeric[]), "
    "cast(:buying_power as numeric[]), cast(:trading_blocked as boolean[]), cast(:venue_at as timestamptz[]), "
    "cast(:read_at as timestamptz[]), cast(:trading_day as date[])) as n (account_id, user_id, currency, equity, cash, "
    "buying_power, trading_blocked, venue_at, read_at, trading_day) order by n.account_id "
    "on conflict (account_id) do update set currency = excluded.currency, equity = excluded.equity, "
    "cash = excluded.cash, buying_power = excluded.buying_power, trading_blocked = excluded.trading_blocked, "
    "venue_at = excluded.venue_at, read_at = excluded.read_at, trading_day = excluded.trading_day, "
    "day_start_equity = case when excluded.trading_day > b.trading_day then b.equity else b.day_start_equity end, "
    "peak_equity = greatest(b.peak_equity, excluded.equity) "
    "where excluded.read_at >= b.read_at"
)


async def save_balances(session: DbSession, snapshots: Sequence[BalanceSnapshot], days: Sequence[object]) -> None:
    """Store the snapshots that are newer than what is there; `days` are their trading days."""
    await session.execute(
        _SAVE_BALANCES,
        {
            "account_id": [s.account_id for s in snapshots],
            "user_id": [s.user_id for s in snapshots],
            "currency": [s.currency for s in snapshots],
            "equity": [s.equity for s in snapshots],
            "cash": [s.cash for s in snapshots],
            "buying_power": [s.buying_power for s in snapshots],
            "trading_blocked": [s.trading_blocked for s in snapshots],
            "venue_at": [s.venue_at for s in snapshots],
            "read_at": [s.read_at for s in snapshots],
            "trading_day": list(days),
        },
    )


async def list_balances(session: DbSession, accounts: Sequence[AccountId] | None) -> list[BalanceRecord]:
    """Return the balances of `accounts`, or of all that the session's role may see."""
    rows = await session.execute(
        sql(
            f"select {_BALANCE} from balances where (:all or account_id = any(cast(:accounts as uuid[]))) "
            "order by account_id"
        ),
        {"all": accounts is None, "accounts": list(accounts or ())},
    )
    return [BalanceRecord.from_row(dict(row)) for row in rows]
