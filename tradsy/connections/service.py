"""Open, list, pause and close connections, always in the caller's transaction.

Functions that change something write the event, and the audit entry as their last act: call one per transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import SecretStr

from tradsy.audit import service as audit
from tradsy.audit.service import AuditEntry
from tradsy.connections import repository
from tradsy.connections.credentials import hint_of, open_credential, seal_credential
from tradsy.connections.errors import (
    AccountNotFound,
    ConnectionNotFound,
    ConnectionStateConflict,
    TooManyConnections,
)
from tradsy.connections.events import account_event, connection_event
from tradsy.connections.model import (
    AccountRecord,
    AccountState,
    ConnectionRecord,
    ConnectionState,
    NewPaperConnection,
)
from tradsy.domain.ids import AccountId, ConnectionId, UserId
from tradsy.platform.db import DbSession
from tradsy.platform.ids import new_id
from tradsy.platform.outbox import emit
from tradsy.platform.partitions import partition_of
from tradsy.platform.vault import Vault

__all__ = ["open_credential"]

PAPER_VENUE = "sim"
MAX_CONNECTIONS = 20

_ALLOWED: Mapping[ConnectionState, frozenset[ConnectionState]] = {
    ConnectionState.ACTIVE: frozenset({ConnectionState.PAUSED, ConnectionState.EXPIRED, ConnectionState.CLOSED}),
    ConnectionState.PAUSED: frozenset({ConnectionState.ACTIVE, ConnectionState.EXPIRED, ConnectionState.CLOSED}),
    ConnectionState.EXPIRED: frozenset({ConnectionState.CLOSED}),
    ConnectionState.CLOSED: frozenset(),
}
_EVENT_NAMES = {
    ConnectionState.ACTIVE: "resumed",
    ConnectionState.PAUSED: "paused",
    ConnectionState.EXPIRED: "expired",
    ConnectionState.CLOSED: "closed",
}


async def open_paper_connections(
    session: DbSession,
    vault: Vault,
    wanted: Sequence[NewPaperConnection],
    *,
    partitions: int,
    actor: str,
    at: datetime,
) -> list[ConnectionRecord]:
    """Create connections to the paper venue, whose accounts exist there already: six statements for any number.

    The first account of a user who has none becomes the primary one.
    """
    with_primary = await repository.users_with_primary(session, {w.user_id for w in wanted})
    records: list[ConnectionRecord] = []
    for new in wanted:
        records.append(_paper_record(vault, new, partitions, at, makes_primary=new.user_id not in with_primary))
        with_primary.add(new.user_id)
    if not records:
        return []
    await repository.insert_connections(session, records)
    await emit(session, [connection_event("opened", record, at) for record in records])
    await audit.append(session, [_audit("connection.opened", record, actor) for record in records], at=at)
    return records


async def open_paper_connection(
    session: DbSession, vault: Vault, wanted: NewPaperConnection, *, partitions: int, actor: str, at: datetime
) -> ConnectionRecord:
    """Create one connection to the paper venue.

    Raises:
        TooManyConnections: the user has `MAX_CONNECTIONS` open ones.
    """
    await require_room(session, wanted.user_id)
    (record,) = await open_paper_connections(session, vault, [wanted], partitions=partitions, actor=actor, at=at)
    return record


async def require_room(session: DbSession, user_id: UserId) -> None:
    """Refuse one more connection where there are enough.

    Raises:
        TooManyConnections: the user has `MAX_CONNECTIONS` open ones.
    """
    if await repository.count_open(session, user_id) >= MAX_CONNECTIONS:
        raise TooManyConnections(limit=MAX_CONNECTIONS)


def _paper_record(
    vault: Vault, new: NewPaperConnection, partitions: int, at: datetime, *, makes_primary: bool
) -> ConnectionRecord:
    connection_id, partition = ConnectionId(new_id()), partition_of(new.user_id, partitions)
    fields = {"api_key": new.login.api_key, "api_secret": new.login.api_secret}
    accounts = [
        AccountRecord(
            id=AccountId(new_id()),
            user_id=new.user_id,
            connection_id=connection_id,
            venue=PAPER_VENUE,
            venue_account_id=venue_account_id,
            label=new.label if len(new.login.accounts) == 1 else f"{new.label} {number}",
            currency="USD",
            partition=partition,
            is_paper=True,
            is_primary=makes_primary and number == 1,
            is_demo=new.is_demo,
            state=AccountState.ACTIVE,
            created_at=at,
        )
        for number, venue_account_id in enumerate(new.login.accounts, start=1)
    ]
    return ConnectionRecord(
        id=connection_id,
        user_id=new.user_id,
        venue=PAPER_VENUE,
        label=new.label,
        environment="paper",
        partition=partition,
        idempotency=new.idempotency,
        config={},
        credential=seal_credential(vault, fields, connection_id, new.user_id, at),
        credential_hint=hint_of(new.login.api_key),
        state=ConnectionState.ACTIVE,
        state_reason="",
        is_demo=new.is_demo,
        created_at=at,
        updated_at=at,
        accounts=tuple(accounts),
    )


async def list_owned(session: DbSession, partitions: Sequence[int]) -> list[ConnectionRecord]:
    """Return the connections of `partitions` that are not closed, with their accounts: what an owner runs."""
    return await repository.list_owned(session, partitions)


async def list_missing(
    session: DbSession, partitions: Sequence[int], known: Collection[ConnectionId]
) -> list[ConnectionId]:
    """Return the connections of `partitions` that an owner of all `known` ones should run too."""
    return await repository.list_missing(session, partitions, known)


async def list_connections(
    session: DbSession, *, after: ConnectionId | None = None, limit: int | None = None
) -> list[ConnectionRecord]:
    """Return the caller's connections, oldest first, closed ones included."""
    return await repository.list_connections(session, after=after, limit=limit)


async def get_connection(session: DbSession, connection_id: ConnectionId) -> ConnectionRecord:
    """Return one connection.

    Raises:
        ConnectionNotFound: the session's role sees none with this id.
    """
    record = await repository.find_connection(session, connection_id)
    if record is None:
        raise ConnectionNotFound
    return record


def broker_config(
    connection: ConnectionRecord, secrets: Mapping[str, SecretStr], addresses: Mapping[str, str]
) -> dict[str, SecretStr | str]:
    """Return what the broker registry opens a connection with; `addresses` are those of the venue today."""
    return {**connection.config, **addresses, **secrets, "idempotency": connection.idempotency.value}


async def change_state(
    session: DbSession,
    connection_id: ConnectionId,
    state: ConnectionState,
    *,
    actor: str,
    at: datetime,
    reason: str = "",
) -> ConnectionRecord:
    """Pause, resume, expire or close a connection; asking for the present state changes nothing.

    Closing erases the credential for ever; what rests at the broker stays there.

    Raises:
        ConnectionNotFound: the session's role sees none with this id.
        ConnectionStateConflict: it is closed, or expired and not to be closed.
    """
    record = await repository.find_connection(session, connection_id, lock=True)
    if record is None:
        raise ConnectionNotFound
    if record.state is state:
        return record
    if state not in _ALLOWED[record.state]:
        raise ConnectionStateConflict(f"A connection that is {record.state} cannot become {state}.")
    await repository.set_state(session, connection_id, state, reason, at)
    changed = await get_connection(session, connection_id)
    name = _EVENT_NAMES[state]
    await emit(session, [connection_event(name, changed, at)])
    await audit.append(session, [_audit(f"connection.{name}", changed, actor)], at=at)
    return changed


async def list_accounts(
    session: DbSession, *, after: AccountId | None = None, limit: int | None = None
) -> list[AccountRecord]:
    """Return the caller's accounts, oldest first, closed ones included."""
    return await repository.list_accounts(session, after=after, limit=limit)


async def get_account(session: DbSession, account_id: AccountId) -> AccountRecord:
    """Return one account.

    Raises:
        AccountNotFound: the session's role sees none with this id.
    """
    account = await repository.find_account(session, account_id)
    if account is None:
        raise AccountNotFound
    return account


async def update_account(
    session: DbSession,
    account_id: AccountId,
    *,
    actor: str,
    at: datetime,
    label: str | None = None,
    make_primary: bool = False,
) -> AccountRecord:
    """Rename an account, or make it the user's primary one.

    Raises:
        AccountNotFound: the session's role sees none with this id.
        ConnectionStateConflict: a closed account is to become the primary one.
    """
    account = await repository.find_account(session, account_id, lock=not make_primary)
    if account is None:
        raise AccountNotFound
    if make_primary and account.state is AccountState.CLOSED:
        raise ConnectionStateConflict("A closed account cannot be the primary one.")
    if label is not None and label != account.label:
        await repository.rename_account(session, account_id, label)
    if make_primary and not account.is_primary:
        await repository.set_primary(session, account.user_id, account_id)
    changed = replace(account, label=label or account.label, is_primary=make_primary or account.is_primary)
    if changed != account:
        await emit(session, [account_event(changed, at)])
        await audit.append(session, [_account_audit(changed, actor)], at=at)
    return changed


def _audit(action: str, record: ConnectionRecord, actor: str) -> AuditEntry:
    data = {
        "venue": record.venue,
        "environment": record.environment,
        "credential_hint": record.credential_hint,
        "accounts": [str(account.id) for account in record.accounts],
        "reason": record.state_reason,
    }
    return AuditEntry(record.user_id, actor, action, f"connection:{record.id}", data)


def _account_audit(account: AccountRecord, actor: str) -> AuditEntry:
    data = {"is_primary": account.is_primary}
    return AuditEntry(account.user_id, actor, "account.updated", f"account:{account.id}", data)
