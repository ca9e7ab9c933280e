"""What identity writes into the audit log, and the events it emits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tradsy.audit.service import SYSTEM_CHAIN, AuditEntry, append
from tradsy.domain.ids import UserId
from tradsy.platform.db import DbSession
from tradsy.platform.outbox import emit, new_event


def entry(
    user_id: UserId, action: str, *, actor: str | None = None, subject: str | None = None, **data: Any
) -> AuditEntry:
    """Return an entry of a user's own chain; the user is the actor and subject unless told otherwise."""
    return AuditEntry(user_id, actor or f"user:{user_id}", action, subject or f"user:{user_id}", data)


def system_entry(action: str, *, actor: str, subject: str, **data: Any) -> AuditEntry:
    """Return an entry of the installation's chain."""
    return AuditEntry(SYSTEM_CHAIN, actor, action, subject, data)


async def record(session: DbSession, entries: Sequence[AuditEntry], *, at: datetime) -> None:
    """Write audit entries; the last thing of a transaction, since it locks chain heads."""
    await append(session, entries, at=at)


async def announce(
    session: DbSession, name: str, payload: Mapping[str, Any], *, at: datetime, user_id: UserId | None = None
) -> None:
    """Write one event to the outbox."""
    await emit(session, [new_event(name, payload, at=at, user_id=user_id)])


async def announce_revoked(session: DbSession, user_id: UserId, session_ids: Sequence[UUID], *, at: datetime) -> None:
    """Tell the stream gateways which sessions ended, so that their sockets close at once."""
    payload = {"user_id": str(user_id), "session_ids": [str(each) for each in session_ids]}
    await announce(session, "sessions.revoked", payload, at=at, user_id=user_id)
