"""Executions into positions, snapshots into balances: always in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import localcontext

from tradsy.domain.ids import AccountId
from tradsy.domain.positions import Position
from tradsy.market_data.calendars import trading_day
from tradsy.platform.db import DbSession
from tradsy.portfolio import repository
from tradsy.portfolio.errors import PositionRaced
from tradsy.portfolio.model import (
    BalanceRecord,
    BalanceSnapshot,
    ExecutionItem,
    PositionChange,
    PositionRecord,
    as_stored,
)

_DIGITS = 60
"""Working precision: 18 digits before and after the point, twice, so that no product is rounded."""


async def apply_executions(session: DbSession, items: Sequence[ExecutionItem]) -> list[PositionChange]:
    """Book `items`, in their order, into their positions: two statements for any number of them.

    The caller has made sure that no execution is booked twice. Emit `change.event()` for each change.

    Raises:
        PositionRaced: another transaction opened one of the positions meanwhile.
    """
    by_key: dict[repository.Key, list[ExecutionItem]] = {}
    for item in items:
        by_key.setdefault((item.account_id, item.symbol), []).append(item)
    if not by_key:
        return []
    known = await repository.lock_positions(session, list(by_key))
    changes = [_fold(known.get(key), group) for key, group in sorted(by_key.items())]
    await _save(session, [change.record for change in changes], list(known))
    return changes


async def rebuild_position(session: DbSession, history: Sequence[ExecutionItem]) -> PositionChange:
    """Replace one position by the sum of `history`: all executions of the account in the symbol that stand, in order.

    After a bust or a correction this also restores the average price and the realised profit.
    """
    key = (history[0].account_id, history[0].symbol)
    known = await repository.lock_positions(session, [key])
    change = _fold(None, history)
    if key in known:
        change = replace(change, before=known[key].position)
    await _save(session, [change.record], list(known))
    return change


def _fold(known: PositionRecord | None, items: Sequence[ExecutionItem]) -> PositionChange:
    before = position = known.position if known else Position()
    opened_at = known.opened_at if known else None
    with localcontext(prec=_DIGITS):
        for item in items:
            after = item.apply_to(position)
            opened_at = _opened_at(position, after, opened_at, item.at)
            position = after
        position = as_stored(position)
    last = items[-1]
    updated_at = max([item.at for item in items] + ([known.updated_at] if known else []))
    return PositionChange(
        before,
        PositionRecord(
            account_id=last.account_id,
            user_id=last.user_id,
            symbol=last.symbol,
            asset_class=last.asset_class,
            multiplier=known.multiplier if known else last.multiplier,
            position=position,
            opened_at=opened_at,
            updated_at=updated_at,
        ),
    )


def _opened_at(before: Position, after: Position, opened_at: datetime | None, at: datetime) -> datetime | None:
    if after.is_flat:
        return None
    flipped = before.quantity * after.quantity < 0
    return at if flipped or before.is_flat or opened_at is None else opened_at


async def _save(session: DbSession, records: Sequence[PositionRecord], locked: Sequence[repository.Key]) -> None:
    if await repository.save_positions(session, records, locked) != len(records):
        raise PositionRaced


async def load_positions(
    session: DbSession, account_ids: Sequence[AccountId] | None = None, *, include_flat: bool = False
) -> dict[AccountId, list[PositionRecord]]:
    """Return the positions of `account_ids` by account; None takes every account that the session's role sees."""
    found: dict[AccountId, list[PositionRecord]] = {account: [] for account in account_ids or ()}
    for record in await repository.list_positions(session, account_ids, include_flat=include_flat):
        found.setdefault(record.account_id, []).append(record)
    return found


async def save_balances(session: DbSession, snapshots: Iterable[BalanceSnapshot]) -> dict[AccountId, BalanceRecord]:
    """Store what venues said about accounts; return the rows as they stand now.

    The first snapshot of a trading day fixes its start: the last equity known before. An older snapshot than the
    stored one changes nothing.
    """
    newest: dict[AccountId, BalanceSnapshot] = {}
    for snapshot in snapshots:
        held = newest.get(snapshot.account_id)
        if held is None or snapshot.read_at >= held.read_at:
            newest[snapshot.account_id] = snapshot
    if not newest:
        return {}
    batch = list(newest.values())
    await repository.save_balances(session, batch, [trading_day(s.read_at) for s in batch])
    return dict(await load_balances(session, list(newest)))


async def load_balances(
    session: DbSession, account_ids: Sequence[AccountId] | None = None
) -> Mapping[AccountId, BalanceRecord]:
    """Return the balances of `account_ids`, or of every account that the session's role sees."""
    return {record.account_id: record for record in await repository.list_balances(session, account_ids)}
