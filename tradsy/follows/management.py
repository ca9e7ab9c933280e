"""Follows for people: make, change, pause, close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tradsy.audit.canonical import JSON
from tradsy.audit.service import AuditEntry, append
from tradsy.domain.ids import AccountId, FollowId, SourceId, UserId
from tradsy.domain.money import format_decimal
from tradsy.follows import repository
from tradsy.follows.errors import (
    AlreadyFollowed,
    BadFollow,
    FollowClosed,
    FollowNotFound,
    NoSuchAccount,
    NoSuchSource,
)
from tradsy.follows.schemas import FollowSettings
from tradsy.platform.db import DbSession, Row
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import emit, new_event


async def create_follow(
    session: DbSession,
    *,
    user_id: UserId,
    source_id: SourceId,
    account_id: AccountId,
    settings: FollowSettings,
    at: datetime,
    actor: str,
    is_demo: bool = False,
) -> FollowId:
    """Let an account follow a source.

    Raises:
        NoSuchSource: there is none that the user may follow.
        NoSuchAccount: the user has no such open account.
        AlreadyFollowed: it does already.
        BadFollow: a window's time zone is not known.
    """
    if not await repository.has_visible_source(session, user_id, source_id):
        raise NoSuchSource
    if not await repository.has_open_account(session, user_id, account_id):
        raise NoSuchAccount
    columns = settings.to_columns()
    await _check_timezones(session, settings)
    follow_id = FollowId(new_id())
    stored = await repository.insert_follow(
        session,
        columns,
        id=follow_id,
        user_id=user_id,
        source_id=source_id,
        account_id=account_id,
        is_demo=is_demo,
        at=at,
    )
    if not stored:
        raise AlreadyFollowed
    data = {"source_id": str(source_id), "account_id": str(account_id), "settings": _auditable(columns)}
    await _record(session, user_id, follow_id, "created", data, at=at, actor=actor)
    return follow_id


async def change_follow(
    session: DbSession, user_id: UserId, follow_id: FollowId, settings: FollowSettings, *, at: datetime, actor: str
) -> Row:
    """Replace all settings of a follow; plans that were made keep theirs.

    Raises:
        FollowNotFound: there is none.
        FollowClosed: a closed follow stays as it was.
        BadFollow: a window's time zone is not known.
    """
    row = await _get_open(session, user_id, follow_id)
    columns = settings.to_columns()
    await _check_timezones(session, settings)
    await repository.update_follow(session, follow_id, columns, at)
    before = {name: row[name] for name in columns}
    data: dict[str, JSON] = {"from": _auditable(before), "to": _auditable(columns)}
    await _record(session, user_id, follow_id, "changed", data, at=at, actor=actor)
    return await get_follow(session, user_id, follow_id)


async def set_follow_state(
    session: DbSession, user_id: UserId, follow_id: FollowId, state: str, *, at: datetime, actor: str
) -> Row:
    """Pause, resume or close a follow.

    Raises:
        FollowNotFound: there is none.
        FollowClosed: a closed follow stays closed.
    """
    row = await _get_open(session, user_id, follow_id)
    if row["state"] != state:
        await repository.set_follow_state(session, follow_id, state, at)
        data: dict[str, JSON] = {"from": row["state"], "to": state}
        await _record(session, user_id, follow_id, "state_changed", data, at=at, actor=actor)
    return await get_follow(session, user_id, follow_id)


async def get_follow(session: DbSession, user_id: UserId, follow_id: FollowId) -> Row:
    """Return one follow of the user.

    Raises:
        FollowNotFound: there is none.
    """
    row = await repository.find_follow(session, user_id, follow_id, lock=False)
    if row is None:
        raise FollowNotFound
    return row


async def list_follows(
    session: DbSession,
    user_id: UserId,
    *,
    source_id: UUID | None = None,
    account_id: UUID | None = None,
    state: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Row]:
    """Return the user's follows, newest first."""
    return await repository.list_follows(
        session, user_id, source_id=source_id, account_id=account_id, state=state, before=before, limit=limit
    )


async def _get_open(session: DbSession, user_id: UserId, follow_id: FollowId) -> Row:
    row = await repository.find_follow(session, user_id, follow_id, lock=True)
    if row is None:
        raise FollowNotFound
    if row["state"] == "closed":
        raise FollowClosed
    return row


async def _check_timezones(session: DbSession, settings: FollowSettings) -> None:
    """A zone that the database does not know would break the fan-out for every other follower of the source."""
    names = sorted({window.timezone for window in settings.windows})
    if names and await repository.list_unknown_timezones(session, names):
        raise BadFollow("a window's time zone is not known", field="windows")


def _auditable(columns: Mapping[str, Any]) -> dict[str, JSON]:
    return {
        name: format_decimal(value) if name in {"sizing_value", "confidence_bar"} else value
        for name, value in columns.items()
    }


async def _record(
    session: DbSession,
    user_id: UserId,
    follow_id: FollowId,
    what: str,
    data: Mapping[str, JSON],
    *,
    at: datetime,
    actor: str,
) -> None:
    payload = {"follow_id": str(follow_id), "change": what}
    await emit(session, [new_event("follows.changed", payload, at=at, user_id=user_id)])
    await append(session, [AuditEntry(user_id, actor, f"follow.{what}", f"follow:{follow_id}", data)], at=at)
