"""Whose accounts these are: what is opened at a takeover, what ends with a hand-over, and what outlives an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any, cast
from uuid import UUID

import pytest
import pytest_asyncio

from tests.unit.execution.samples import BTC, CAPABILITIES, NOW, QUOTE, USER, report
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.brokers.errors import BrokerError, BrokerReadFailed
from tradsy.brokers.port import Broker, OrderReport, ReportKind
from tradsy.connections import service as connections
from tradsy.connections.model import AccountRecord, AccountState, ConnectionRecord, ConnectionState
from tradsy.domain.ids import AccountId, ConnectionId, VenueAccountId
from tradsy.domain.market import Quote
from tradsy.execution import owner as owner_module
from tradsy.execution.model import LedgerItem, ReportReceived
from tradsy.execution.owner import Owner
from tradsy.execution.runtime import Runtime
from tradsy.market_data.instruments import InstrumentCatalog
from tradsy.market_data.quotes import QuoteCache
from tradsy.platform.clock import SystemClock
from tradsy.platform.db import Database, DatabaseUnavailable, Result
from tradsy.platform.outbox import OutboxPublisher
from tradsy.platform.partitions import PartitionLeases

Handler = Callable[[Sequence[int]], Awaitable[None]]


class Leases:
    """Partitions that a test gives and takes."""

    build_current = True
    database_offset = NOW - NOW
    gained: Handler
    lost: Handler

    def __init__(self) -> None:
        self.held: dict[int, int] = {}

    async def start(self, *, gained: Handler, lost: Handler) -> None:
        self.gained, self.lost = gained, lost

    async def stop(self) -> None:
        self.held.clear()

    def epoch(self, partition: int) -> int | None:
        return self.held.get(partition)

    def may_send(self, partition: int, epoch: int) -> bool:
        return self.held.get(partition) == epoch

    async def fence(self, *_: object, **__: object) -> None:
        pass


class EmptyDatabase:
    """A database in which nothing is found."""

    @asynccontextmanager
    async def as_engine(self) -> AsyncGenerator[EmptyDatabase]:
        yield self

    async def execute(self, *_: object) -> Result:
        return Result(())


class Outbox:
    """Nobody listens."""

    def listen(self, _: object) -> None:
        pass

    def hand_over(self, _: object) -> None:
        pass


class Venue:
    """A venue that says what it is told to say, to as many connections as are opened to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.capabilities = replace(CAPABILITIES, venue=name)
        self.connects: list[BrokerError] = []
        self.reports: asyncio.Queue[OrderReport | BrokerError] = asyncio.Queue()
        self.quotes: asyncio.Queue[Quote | BrokerError] = asyncio.Queue()
        self.feeding = self.streaming = 0
        self.is_closed = False

    async def connect(self) -> None:
        if self.connects:
            raise self.connects.pop()

    async def close(self) -> None:
        self.is_closed = True

    async def stream_reports(self) -> AsyncIterator[OrderReport]:
        self.streaming += 1
        try:
            while not isinstance(said := await self.reports.get(), BrokerError):
                yield said
            raise said
        finally:
            self.streaming -= 1

    async def stream_quotes(self) -> AsyncIterator[Quote]:
        self.feeding += 1
        try:
            while not isinstance(said := await self.quotes.get(), BrokerError):
                yield said
            raise said
        finally:
            self.feeding -= 1


def _record(number: int, *, partition: int, venue: str = "sim") -> ConnectionRecord:
    connection_id = ConnectionId(UUID(int=1000 + number))
    account = AccountRecord(
        id=AccountId(UUID(int=number)),
        user_id=USER,
        connection_id=connection_id,
        venue=venue,
        venue_account_id=VenueAccountId(f"SA{number}"),
        label="",
        currency="USD",
        partition=partition,
        is_paper=True,
        is_primary=True,
        is_demo=False,
        state=AccountState.ACTIVE,
        created_at=NOW,
    )
    return ConnectionRecord(
        id=connection_id,
        user_id=USER,
        venue=venue,
        label="",
        environment="paper",
        partition=partition,
        idempotency=IdempotencyClass.STRONG,
        config={},
        credential=None,
        credential_hint="",
        state=ConnectionState.ACTIVE,
        state_reason="",
        is_demo=False,
        created_at=NOW,
        updated_at=NOW,
        accounts=(account,),
    )


class House:
    """An owner, what it was given, and what it did with it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.leases, self.quotes = Leases(), QuoteCache()
        self.records: list[ConnectionRecord] = []
        self.venues: dict[ConnectionId, Venue] = {}
        self.learned: list[LedgerItem] = []
        self.loads = 0
        runtime = Runtime(
            cast("Database", EmptyDatabase()),
            SystemClock(),
            cast("OutboxPublisher", Outbox()),
            cast("PartitionLeases", self.leases),
            InstrumentCatalog([BTC]),
            self.quotes,
            day_of=lambda _: date(2026, 11, 20),
        )
        self.owner = Owner(runtime, self._open)

        async def reconcile(_: object) -> bool:
            return True

        # Both stand in for this owner alone: another one may work in the same process, on a real database.
        load_really, list_really = owner_module.load_accounts, connections.list_owned

        async def load(session: Any, *details: Any) -> None:
            if isinstance(session, EmptyDatabase):
                self.loads += 1
                await self.loading()
            else:
                await load_really(session, *details)

        async def list_owned(session: Any, partitions: Sequence[int]) -> list[ConnectionRecord]:
            if not isinstance(session, EmptyDatabase):
                return await list_really(session, partitions)
            await self.listing()
            return [record for record in self.records if record.partition in partitions]

        monkeypatch.setattr(self.owner.reconciler, "run", reconcile)
        monkeypatch.setattr(self.owner.ledger, "put", self.learned.append)
        monkeypatch.setattr(owner_module, "load_accounts", load)
        monkeypatch.setattr(connections, "list_owned", list_owned)
        original = asyncio.sleep

        async def sleep(seconds: float) -> None:
            await original(min(seconds, 0.01))

        monkeypatch.setattr(owner_module.asyncio, "sleep", sleep)
        monkeypatch.setattr(owner_module, "FIRST_QUOTE_SECONDS", 0.01)

    def _open(self, record: ConnectionRecord) -> Broker:
        return cast("Broker", self.venues.setdefault(record.id, Venue(record.venue)))

    async def listing(self) -> None:
        """Happens while connections are listed."""

    async def loading(self) -> None:
        """Happens while accounts are loaded."""

    async def take(self, record: ConnectionRecord) -> Venue:
        """Gain the partition of a connection; return its venue."""
        self.records.append(record)
        self.leases.held[record.partition] = 1
        await self.leases.gained([record.partition])
        return self.venues[record.id]

    async def lose(self, partition: int) -> None:
        self.leases.held.pop(partition, None)
        await self.leases.lost([partition])

    def is_open(self, record: ConnectionRecord) -> bool:
        state = self.owner.find_account(record.accounts[0].id)
        return state is not None and state.is_open


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.tasks.sleep(0)


@pytest_asyncio.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House]:
    made = House(monkeypatch)
    await made.owner.start()
    yield made
    # What a test did last reaches the rooms before they are told to stop.
    for _ in range(20):
        await asyncio.tasks.sleep(0)
    await made.owner.stop()


def _quote(symbol: str) -> Quote:
    return replace(QUOTE, symbol=symbol)


async def test_takeover_ends_once_its_partitions_are_gone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def fail() -> None:
        asked.append(1)
        if len(asked) == 3:
            house.leases.held.clear()
        raise DatabaseUnavailable("the connection was lost")

    monkeypatch.setattr(house, "listing", fail)
    house.records.append(_record(1, partition=0))
    house.leases.held[0] = 1
    await house.leases.gained([0])
    assert len(asked) == 3
    assert (house.venues, house.loads) == ({}, 0)


async def test_connection_of_a_partition_that_went_while_it_was_listed_is_not_opened(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        house.leases.held.clear()

    monkeypatch.setattr(house, "listing", go)
    record = _record(1, partition=0)
    house.records.append(record)
    house.leases.held[0] = 1
    await house.leases.gained([0])
    assert house.venues == {}
    assert house.owner.find_account(record.accounts[0].id) is None


async def test_account_that_was_let_go_while_it_was_loaded_is_not_loaded_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        await house.lose(0)
        raise DatabaseUnavailable("the connection was lost")

    monkeypatch.setattr(house, "loading", fail)
    record = _record(1, partition=0)
    venue = await house.take(record)
    assert house.loads == 1
    assert venue.is_closed
    assert house.owner.find_account(record.accounts[0].id) is None


async def test_accounts_are_not_read_while_the_ledger_writes(house: House) -> None:
    record = _record(1, partition=0)
    await house.take(record)
    async with house.owner.ledger.writing:
        loading = asyncio.create_task(house.owner.reload([record.accounts[0].id]))
        for _ in range(20):
            await asyncio.tasks.sleep(0)
        assert house.loads == 1
    await loading
    assert house.loads == 2


async def test_connection_is_opened_once_and_only_where_its_partition_is_held(house: House) -> None:
    record = _record(1, partition=0)
    await house.owner.take_connection(record)
    assert house.venues == {}
    house.leases.held[0] = 7
    await house.owner.take_connection(record)
    state = house.owner.find_account(record.accounts[0].id)
    assert state is not None
    assert (state.epoch, state.is_open) == (7, True)
    await house.owner.take_connection(record)
    assert house.owner.find_account(record.accounts[0].id) is state
    assert house.loads == 1


async def test_account_whose_venue_could_not_be_reached_is_opened_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = _record(1, partition=0)
    house.venues[record.id] = Venue("sim")
    house.venues[record.id].connects.append(BrokerReadFailed("down"))
    await house.take(record)
    state = house.owner.find_account(record.accounts[0].id)
    assert state is not None
    assert (state.is_loaded, state.is_open, state.reconcile_asked) == (True, False, True)
    await until(lambda: house.is_open(record))


async def test_reports_reach_the_ledger_by_account_and_a_gap_asks_for_a_reconciliation(house: House) -> None:
    record = _record(1, partition=0)
    venue = await house.take(record)
    mine = replace(report(ReportKind.NEW), venue_account_id=VenueAccountId("SA1"))
    for said in (
        BrokerReadFailed("the socket broke"),
        replace(mine, venue_account_id=VenueAccountId("SA2")),
        mine,
        replace(mine, kind=ReportKind.GAP),
    ):
        venue.reports.put_nowait(said)
    state = house.owner.find_account(AccountId(UUID(int=1)))
    assert state is not None
    await until(lambda: state.reconcile_asked)
    # What names no account of the connection is nobody's here, and a broken stream is opened again.
    assert house.learned == [ReportReceived(AccountId(UUID(int=1)), mine)]


async def test_quotes_go_on_after_an_error(house: House) -> None:
    venue = await house.take(_record(1, partition=0))
    venue.quotes.put_nowait(BrokerReadFailed("the socket broke"))
    venue.quotes.put_nowait(_quote("BTC/USD"))
    await until(lambda: house.quotes.get("BTC/USD") is not None)


async def test_quotes_of_a_venue_go_on_through_another_connection_when_theirs_is_let_go(house: House) -> None:
    first, second = await house.take(_record(1, partition=0)), await house.take(_record(2, partition=1))
    await until(lambda: first.feeding == 1)
    assert second.feeding == 0
    await house.lose(0)
    await until(lambda: second.feeding == 1)
    assert (first.is_closed, first.feeding, second.is_closed) == (True, 0, False)
    second.quotes.put_nowait(_quote("ETH/USD"))
    await until(lambda: house.quotes.get("ETH/USD") is not None)
    await house.lose(1)
    await until(lambda: second.feeding == 0)


async def test_quotes_of_other_venues_are_not_disturbed_by_a_hand_over(house: House) -> None:
    kept, gone = await house.take(_record(1, partition=0)), await house.take(_record(2, partition=1, venue="other"))
    await until(lambda: (kept.feeding, gone.feeding) == (1, 1))
    await house.lose(1)
    await until(lambda: gone.feeding == 0)
    assert (kept.feeding, kept.streaming, gone.is_closed) == (1, 1, True)
    assert house.is_open(house.records[0])


async def test_owner_that_was_never_started_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(monkeypatch)
    house.leases.held[0] = 1
    async with asyncio.timeout(20):
        await house.owner.stop()
    assert house.leases.held == {}


@pytest.mark.parametrize("steps", range(4))
async def test_owner_that_was_just_told_of_something_still_stops(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    made = House(monkeypatch)
    await made.owner.start()
    await asyncio.tasks.sleep(0)
    made.owner.hear("plans.approved", {"partition": 0})
    made.owner.hear("commands.requested", {})
    for _ in range(steps):
        await asyncio.tasks.sleep(0)
    async with asyncio.timeout(30):
        await made.owner.stop()


async def test_connection_that_failed_at_first_is_connected_again_and_then_heard(house: House) -> None:
    record = _record(1, partition=0)
    venue = house.venues[record.id] = Venue(record.venue)
    venue.connects.append(BrokerReadFailed("not now"))
    await house.take(record)
    assert (venue.streaming, venue.feeding) == (0, 0)
    assert not house.is_open(record)
    await until(lambda: house.is_open(record))
    assert (venue.streaming, venue.feeding) == (1, 1)


async def test_connection_let_go_while_it_connects_is_closed_and_not_heard(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = _record(1, partition=0)
    venue = house.venues[record.id] = Venue(record.venue)

    async def connect() -> None:
        await house.lose(0)

    monkeypatch.setattr(venue, "connect", connect)
    await house.take(record)
    assert venue.is_closed
    assert (venue.streaming, venue.feeding) == (0, 0)
    assert not house.is_open(record)
