"""Positions and balances in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tradsy.domain.ids import AccountId, UserId
from tradsy.domain.instruments import AssetClass
from tradsy.domain.orders import Side
from tradsy.domain.positions import Position
from tradsy.platform.db import Database, sql
from tradsy.portfolio import service
from tradsy.portfolio.errors import PositionRaced
from tradsy.portfolio.model import BalanceSnapshot, ExecutionItem

NewAccount = Callable[..., Awaitable[tuple[UserId, AccountId]]]
AT = datetime(2026, 11, 20, 15, tzinfo=UTC)


def execution(
    owner: tuple[UserId, AccountId],
    side: Side,
    quantity: str,
    price: str,
    *,
    symbol: str = "BTC/USD",
    fee: str = "1",
    minute: int = 0,
) -> ExecutionItem:
    return ExecutionItem(
        account_id=owner[1],
        user_id=owner[0],
        symbol=symbol,
        asset_class=AssetClass.CRYPTO,
        multiplier=Decimal(1),
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(fee),
        at=AT + timedelta(minutes=minute),
    )


def snapshot(owner: tuple[UserId, AccountId], equity: str, at: datetime) -> BalanceSnapshot:
    money = Decimal(equity)
    return BalanceSnapshot(owner[1], owner[0], "USD", money, money, money * 2, False, at, at)


async def test_executions_of_many_accounts_become_positions(database: Database, new_account: NewAccount) -> None:
    a, b = await new_account(), await new_account()
    async with database.as_engine() as session:
        changes = await service.apply_executions(
            session,
            [
                execution(a, Side.BUY, "2", "100"),
                execution(b, Side.SELL, "1", "50", symbol="ETH/USD"),
                execution(a, Side.BUY, "2", "110", minute=1),
                execution(a, Side.SELL, "1", "120", minute=2),
            ],
        )
    assert {(c.account_id, c.symbol) for c in changes} == {(a[1], "BTC/USD"), (b[1], "ETH/USD")}
    async with database.as_engine() as session:
        held = await service.load_positions(session, [a[1], b[1]])
    (long,), (short,) = held[a[1]], held[b[1]]
    assert long.position == Position(Decimal(3), Decimal(105), Decimal(15), Decimal(3))
    assert long.opened_at == AT
    assert long.updated_at == AT + timedelta(minutes=2)
    assert short.position == Position(Decimal(-1), Decimal(50), Decimal(0), Decimal(1))
    assert next(c for c in changes if c.account_id == a[1]).record == long


async def test_closing_and_flipping_moves_the_opening_time(database: Database, new_account: NewAccount) -> None:
    owner = await new_account()

    async def book(*items: ExecutionItem) -> datetime | None:
        async with database.as_engine() as session:
            (change,) = await service.apply_executions(session, items)
        return change.record.opened_at

    assert await book(execution(owner, Side.BUY, "1", "10")) == AT
    assert await book(execution(owner, Side.SELL, "1", "12", minute=1)) is None
    async with database.as_engine() as session:
        assert await service.load_positions(session, [owner[1]]) == {owner[1]: []}
        (flat,) = (await service.load_positions(session, [owner[1]], include_flat=True))[owner[1]]
    assert flat.position == Position(realized_pnl=Decimal(2), fees=Decimal(2))
    assert await book(execution(owner, Side.BUY, "1", "10", minute=2)) == AT + timedelta(minutes=2)
    assert await book(execution(owner, Side.SELL, "3", "10", minute=3)) == AT + timedelta(minutes=3)


async def test_memory_and_row_agree_to_the_last_digit(database: Database, new_account: NewAccount) -> None:
    owner = await new_account()
    items = [
        execution(owner, Side.BUY, "0.123456789012345678", "95000.123456789012"),
        execution(owner, Side.BUY, "0.000000000000000007", "94000.3", fee="0.000000000000000001"),
        execution(owner, Side.SELL, "0.1", "96000.987654321"),
    ]
    async with database.as_engine() as session:
        (change,) = await service.apply_executions(session, items)
    async with database.as_engine() as session:
        assert (await service.load_positions(session, [owner[1]]))[owner[1]] == [change.record]
    assert change.after.quantity == Decimal("0.023456789012345685")


async def test_bust_and_correction_restore_quantity_and_total(database: Database, new_account: NewAccount) -> None:
    owner = await new_account()
    first, second = execution(owner, Side.BUY, "10", "100"), execution(owner, Side.BUY, "10", "110", minute=1)
    async with database.as_engine() as session:
        await service.apply_executions(session, [first, second])
        (change,) = await service.apply_executions(
            session, [first.reversed(), replace(first, quantity=Decimal(8), price=Decimal(101))]
        )
    corrected = change.after
    mark = Decimal(130)
    assert corrected.quantity == 18
    assert corrected.fees == 2
    total = corrected.realized_pnl + corrected.unrealized_pnl(mark)
    assert abs(total - (mark - 101) * 8 - (mark - 110) * 10) < Decimal("1e-15")  # the average keeps 18 decimals

    async with database.as_engine() as session:
        rebuilt = await service.rebuild_position(
            session, [replace(first, quantity=Decimal(8), price=Decimal(101)), second]
        )
    assert rebuilt.before == corrected
    assert rebuilt.after == Position(Decimal(18), Decimal(106), Decimal(0), Decimal(2))


async def test_batches_on_the_same_positions_wait_for_each_other(database: Database, new_account: NewAccount) -> None:
    owners = [await new_account() for _ in range(3)]
    async with database.as_engine() as session:
        await service.apply_executions(session, [execution(o, Side.BUY, "1", "10") for o in owners])

    async def book(order: int) -> None:
        batch = [execution(o, Side.BUY, "1", "10") for o in (owners if order % 2 else reversed(owners))]
        async with database.as_engine() as session:
            await service.apply_executions(session, batch)

    await asyncio.gather(*(book(n) for n in range(12)))
    async with database.as_engine() as session:
        held = await service.load_positions(session, [o[1] for o in owners])
    assert [held[o[1]][0].position.quantity for o in owners] == [13, 13, 13]


async def test_two_that_open_the_same_position_cannot_both_win(database: Database, new_account: NewAccount) -> None:
    owner = await new_account()
    async with database.as_engine() as first:
        await service.apply_executions(first, [execution(owner, Side.BUY, "1", "10")])

        async def late() -> None:
            async with database.as_engine() as second:
                await service.apply_executions(second, [execution(owner, Side.BUY, "5", "10")])

        racing = asyncio.create_task(late())
        while not await _is_waiting(database):  # until the second one waits for the first one's new row
            await asyncio.sleep(0.01)
    with pytest.raises(PositionRaced):
        await racing
    async with database.as_engine() as session:
        (record,) = (await service.load_positions(session, [owner[1]]))[owner[1]]
    assert record.position.quantity == 1


async def _is_waiting(database: Database) -> bool:
    async with database.as_engine() as session:
        return bool((await session.execute(sql("select count(*) from pg_locks where not granted"))).scalar_one())


async def test_balance_day_starts_at_the_last_equity_before_it(database: Database, new_account: NewAccount) -> None:
    owner = await new_account()

    async def save(equity: str, at: datetime) -> tuple[Decimal, Decimal, Decimal, date]:
        async with database.as_engine() as session:
            record = (await service.save_balances(session, [snapshot(owner, equity, at)]))[owner[1]]
        return record.equity, record.day_start_equity, record.peak_equity, record.trading_day

    friday = date(2026, 11, 20)
    assert await save("1000", AT) == (1000, 1000, 1000, friday)
    assert await save("1200", AT + timedelta(hours=1)) == (1200, 1000, 1200, friday)
    assert await save("900", AT + timedelta(hours=13)) == (900, 1000, 1200, friday)
    # An answer that was overtaken by a newer one changes nothing.
    assert await save("5000", AT) == (900, 1000, 1200, friday)
    assert await save("950", AT + timedelta(hours=14)) == (950, 900, 1200, date(2026, 11, 21))
    assert await save("940", AT + timedelta(hours=20)) == (940, 900, 1200, date(2026, 11, 21))


async def test_balances_of_one_batch_keep_the_newest(database: Database, new_account: NewAccount) -> None:
    owner = await new_account()
    async with database.as_engine() as session:
        batch = [snapshot(owner, "2", AT + timedelta(seconds=1)), snapshot(owner, "1", AT)]
        assert (await service.save_balances(session, batch))[owner[1]].equity == 2
        assert await service.save_balances(session, []) == {}


async def test_other_tenants_see_nothing(database: Database, new_account: NewAccount) -> None:
    mine, other = await new_account(), await new_account()
    async with database.as_engine() as session:
        await service.apply_executions(session, [execution(o, Side.BUY, "1", "10") for o in (mine, other)])
        await service.save_balances(session, [snapshot(o, "10", AT) for o in (mine, other)])
    async with database.as_user(mine[0]) as session:
        assert set(await service.load_positions(session)) == {mine[1]}
        assert (await service.load_positions(session, [other[1]])) == {other[1]: []}
        assert set(await service.load_balances(session)) == {mine[1]}
