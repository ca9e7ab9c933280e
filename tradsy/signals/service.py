"""Sources: who may post signals, under which address and secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tradsy.audit.canonical import JSON
from tradsy.audit.service import AuditEntry, append
from tradsy.domain.ids import SignalId, SourceId, UserId
from tradsy.platform.db import DbSession, Row
from tradsy.platform.ids import hash_secret, new_id, new_secret
from tradsy.platform.outbox import emit, new_event
from tradsy.signals import repository
from tradsy.signals.errors import SignalNotFound, SourceClosed, SourceNameTaken, SourceNotFound
from tradsy.signals.model import SourceKind, SourceState, Visibility

TOKEN_OVERLAP = timedelta(hours=24)
"""How long a rotated hook address still works, so that alerts can be changed one by one."""
_HINT = 4


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source just made, or with a fresh address: the secrets are shown this once."""

    id: SourceId
    hook_token: str | None = field(repr=False)
    body_secret: str | None = field(repr=False)


async def create_source(
    session: DbSession,
    *,
    user_id: UserId,
    name: str,
    kind: SourceKind,
    at: datetime,
    actor: str,
    description: str = "",
    visibility: Visibility = Visibility.PRIVATE,
    with_body_secret: bool = False,
    is_demo: bool = False,
) -> NewSource:
    """Make a source; all but those fed by hand get a hook address.

    Raises:
        SourceNameTaken: the user has one of that name.
    """
    token = None if kind is SourceKind.MANUAL else new_secret("tsh")
    secret = new_secret("tsb") if with_body_secret else None
    source_id = SourceId(new_id())
    stored = await repository.insert_source(
        session,
        id=source_id,
        user_id=user_id,
        name=name,
        kind=kind.value,
        description=description,
        visibility=visibility.value,
        token_hash=token and hash_secret(token),
        token_hint=token[-_HINT:] if token else "",
        body_secret=secret and hash_secret(secret),
        is_demo=is_demo,
        created_at=at,
    )
    if not stored:
        raise SourceNameTaken
    data: dict[str, JSON] = {"name": name, "kind": kind.value, "visibility": visibility.value}
    await _record(session, user_id, source_id, "created", data, at=at, actor=actor)
    return NewSource(source_id, token, secret)


async def rotate_hook(
    session: DbSession, user_id: UserId, source_id: SourceId, *, at: datetime, actor: str, revoke_old: bool
) -> NewSource:
    """Give a source a new hook address; the old one works for another 24 hours unless it is revoked.

    Raises:
        SourceNotFound: it does not exist or is another's.
        SourceClosed: it takes no signals any more.
    """
    await _get_open(session, user_id, source_id)
    token = new_secret("tsh")
    values: dict[str, Any] = {"hook_token_hash": hash_secret(token), "hook_token_hint": token[-_HINT:]}
    if revoke_old:
        values |= {"old_hook_token_hash": None, "old_hook_token_until": None}
        await repository.update_source(session, source_id, values)
    else:
        await repository.rotate_token(session, source_id, values, until=at + TOKEN_OVERLAP)
    await _record(session, user_id, source_id, "hook_rotated", {"revoked_old": revoke_old}, at=at, actor=actor)
    return NewSource(source_id, token, None)


async def set_body_secret(
    session: DbSession, user_id: UserId, source_id: SourceId, *, wanted: bool, at: datetime, actor: str
) -> NewSource:
    """Give a source a new secret that its messages must carry, or ask for none any more.

    Raises:
        SourceNotFound: it does not exist or is another's.
        SourceClosed: it takes no signals any more.
    """
    await _get_open(session, user_id, source_id)
    secret = new_secret("tsb") if wanted else None
    await repository.update_source(session, source_id, {"body_secret": secret and hash_secret(secret)})
    await _record(session, user_id, source_id, "body_secret_changed", {"asked_for": wanted}, at=at, actor=actor)
    return NewSource(source_id, None, secret)


async def change_source(
    session: DbSession, user_id: UserId, source_id: SourceId, changes: dict[str, str], *, at: datetime, actor: str
) -> Row:
    """Change name, description, visibility or state; closing a source kills its addresses.

    Raises:
        SourceNotFound: it does not exist or is another's.
        SourceClosed: a closed source stays closed.
        SourceNameTaken: the user has another of that name.
    """
    row = await _get_open(session, user_id, source_id)
    values: dict[str, Any] = {name: value for name, value in changes.items() if row[name] != value}
    if "name" in values and await repository.has_source_named(session, user_id, values["name"]):
        raise SourceNameTaken
    recorded: dict[str, JSON] = {name: {"from": row[name], "to": value} for name, value in values.items()}
    if values.get("state") == SourceState.CLOSED.value:
        values |= {"hook_token_hash": None, "old_hook_token_hash": None, "old_hook_token_until": None}
    if values:
        await repository.update_source(session, source_id, values)
        await _record(session, user_id, source_id, "changed", recorded, at=at, actor=actor)
    return await get_source(session, user_id, source_id)


async def get_source(session: DbSession, user_id: UserId, source_id: SourceId) -> Row:
    """Return a source that the user owns or may follow.

    Raises:
        SourceNotFound: there is none.
    """
    row = await repository.find_source(session, user_id, source_id, own=False)
    if row is None:
        raise SourceNotFound
    return row


async def ensure_ticket_source(session: DbSession, *, user_id: UserId, name: str, at: datetime, actor: str) -> None:
    """Make the source of orders that a user places by hand, unless it is there."""
    source_id = SourceId(new_id())
    if await repository.has_source_named(session, user_id, name):
        name = f"{name} {source_id.hex[-6:]}"
    if await repository.insert_ticket_source(session, id=source_id, user=user_id, name=name, at=at):
        payload = {"source_id": str(source_id), "change": "made"}
        await emit(session, [new_event("sources.changed", payload, at=at, user_id=user_id)])


async def list_sources(
    session: DbSession,
    user_id: UserId,
    *,
    public: bool,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return own sources, or everybody's public ones, newest first."""
    return await repository.list_sources(session, user_id, public=public, before=before, limit=limit)


async def list_signals(
    session: DbSession,
    user_id: UserId,
    *,
    source_id: UUID | None,
    state: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return the signals that the user may see, newest first."""
    return await repository.list_signals(session, user_id, source_id=source_id, state=state, before=before, limit=limit)


async def get_signal(session: DbSession, user_id: UserId, signal_id: SignalId) -> Row:
    """Return one signal with its bytes.

    Raises:
        SignalNotFound: there is none that the user may see.
    """
    row = await repository.find_signal(session, user_id, signal_id)
    if row is None:
        raise SignalNotFound
    return row


async def _get_open(session: DbSession, user_id: UserId, source_id: SourceId) -> Row:
    row = await repository.find_source(session, user_id, source_id, own=True, lock=True)
    if row is None or row["kind"] == SourceKind.TICKET.value:
        raise SourceNotFound
    if row["state"] == SourceState.CLOSED.value:
        raise SourceClosed
    return row


async def _record(
    session: DbSession,
    user_id: UserId,
    source_id: SourceId,
    what: str,
    data: dict[str, JSON],
    *,
    at: datetime,
    actor: str,
) -> None:
    payload = {"source_id": str(source_id), "change": what}
    await emit(session, [new_event("sources.changed", payload, at=at, user_id=user_id)])
    await append(session, [AuditEntry(user_id, actor, f"source.{what}", f"source:{source_id}", data)], at=at)
