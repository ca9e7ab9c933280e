"""Users with accounts, sources and follows under default limits, made through the services."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tradsy.bench.site import BenchFailed, SideDoor
from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.connections import service as connections
from tradsy.connections.model import ConnectionRecord, NewPaperConnection, PaperLogin
from tradsy.domain.ids import AccountId, SourceId, UserId
from tradsy.follows import management as follows
from tradsy.follows.schemas import FollowSettings
from tradsy.identity import onboarding
from tradsy.identity import service as identity
from tradsy.platform.db import sql
from tradsy.platform.ids import new_id
from tradsy.risk import service as risk
from tradsy.risk.limits import Tolerance
from tradsy.signals import service as signals
from tradsy.signals.model import SourceKind, Visibility

ACTOR = "bench"
CASH = Decimal(100_000)
_OPENING_SECONDS = 60
_RAISE = sql(
    """
    update risk_limits set "values" = "values" || jsonb_build_object('max_orders_per_day', cast(:n as int))
    """
)


@dataclass(frozen=True, slots=True)
class Trader:
    """A user with one paper account and the hooks of the sources that it follows."""

    user_id: UserId
    account_id: AccountId
    venue_account_id: str
    idempotency: IdempotencyClass
    hooks: tuple[str, ...]


async def provision(
    door: SideDoor,
    count: int,
    *,
    sources_each: int,
    classes: Sequence[IdempotencyClass] = (IdempotencyClass.STRONG,),
    settle_seconds: int | None = None,
    orders_per_day: int | None = None,
) -> list[Trader]:
    """Make `count` users of one account and `sources_each` followed sources each; classes take turns.

    With `orders_per_day` they may send more than their starting limits say.
    """
    made: list[Trader] = []
    for place, idempotency in enumerate(classes):
        mine = len(range(place, count, len(classes)))
        logins = await door.paper.open_logins(mine, cash=CASH, idempotency=idempotency)
        users = [await make_user(door) for _ in logins]
        records = await _open(door, users, logins, idempotency, settle_seconds)
        for record in records:
            hooks = [await _source(door, record, number) for number in range(sources_each)]
            account = record.accounts[0]
            made.append(Trader(record.user_id, account.id, str(account.venue_account_id), idempotency, tuple(hooks)))
    if orders_per_day is not None:
        async with door.database.as_engine() as session:
            # A person's raise would wait for a day (R-P25).
            await session.execute(_RAISE, {"n": orders_per_day})
    return made


async def make_user(door: SideDoor) -> UserId:
    """Make a user who has accepted what must be accepted, with the moderate starting limits."""
    user_id, now = UserId(new_id()), door.clock.now()
    async with door.database.as_engine() as session:
        await identity.create_user(session, user_id=user_id, email=f"bench-{user_id.hex}@example.com", at=now)
        await onboarding.accept_current_documents(session, user_id, at=now, actor=ACTOR)
    async with door.database.as_user(user_id) as session:
        await risk.choose_starting_limits(session, user_id, Tolerance.MODERATE, actor=ACTOR, now=now)
    return user_id


async def _open(
    door: SideDoor,
    users: Sequence[UserId],
    logins: Sequence[PaperLogin],
    idempotency: IdempotencyClass,
    settle_seconds: int | None,
) -> list[ConnectionRecord]:
    wanted = [NewPaperConnection(user, "Bench", login, idempotency) for user, login in zip(users, logins, strict=True)]
    async with door.database.as_engine() as session:
        records = await connections.open_paper_connections(
            session,
            door.vault,
            wanted,
            partitions=door.settings.partitions,
            actor=ACTOR,
            at=door.clock.now(),
        )
        if settle_seconds is not None:
            await session.execute(
                sql("update connections set config = jsonb_build_object('settle_seconds', cast(:s as text))"),
                {"s": str(settle_seconds)},
            )
    return records


async def _source(door: SideDoor, record: ConnectionRecord, number: int) -> str:
    """Make a source that the account follows; return the path of its hook."""
    async with door.database.as_engine() as session:
        source = await signals.create_source(
            session,
            user_id=record.user_id,
            name=f"source {number}",
            kind=SourceKind.TRADINGVIEW,
            at=door.clock.now(),
            actor=ACTOR,
        )
    await follow(door, record.user_id, source.id, record.accounts[0].id)
    return hook_path(source.hook_token)


async def follow(door: SideDoor, user_id: UserId, source_id: SourceId, account_id: AccountId) -> None:
    """Let an account act on every signal of a source, in the signal's own size."""
    settings = FollowSettings.model_validate({"sizing_mode": "multiplier", "sizing_value": "1", "mode": "auto"})
    async with door.database.as_user(user_id) as session:
        await follows.create_follow(
            session,
            user_id=user_id,
            source_id=source_id,
            account_id=account_id,
            settings=settings,
            at=door.clock.now(),
            actor=ACTOR,
        )


async def public_source(door: SideDoor) -> tuple[UserId, SourceId, str]:
    """Make a user with a source that anybody may follow; return both and the path of its hook."""
    user_id = await make_user(door)
    async with door.database.as_engine() as session:
        source = await signals.create_source(
            session,
            user_id=user_id,
            name="public",
            kind=SourceKind.TRADINGVIEW,
            at=door.clock.now(),
            actor=ACTOR,
            visibility=Visibility.PUBLIC,
        )
    return user_id, source.id, hook_path(source.hook_token)


def hook_path(token: str | None) -> str:
    """Return the path that takes a source's webhooks."""
    if token is None:
        raise BenchFailed("a source without a hook")
    return f"/hooks/tradingview/{token}"


async def await_open(door: SideDoor, accounts: Sequence[UUID], since: datetime) -> None:
    """Wait until each account was reconciled by a process that started after `since`, and so is open.

    Raises:
        BenchFailed: some are still closed after a minute.
    """
    statement = sql("select count(*) from reconciliations where good_at >= :since and account_id = any(:accounts)")
    opened = 0
    for _ in range(_OPENING_SECONDS * 2):
        async with door.database.as_engine() as session:
            opened = await session.scalar(statement, {"accounts": list(accounts), "since": since})
        if opened == len(accounts):
            return
        await asyncio.sleep(0.5)
    raise BenchFailed(f"{len(accounts) - opened} accounts did not open")
