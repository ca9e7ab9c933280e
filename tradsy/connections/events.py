"""What others learn of connections, through the outbox."""

from __future__ import annotations

from datetime import datetime

from tradsy.connections.model import AccountRecord, ConnectionRecord
from tradsy.platform.outbox import Event, new_event


def connection_event(name: str, connection: ConnectionRecord, at: datetime) -> Event:
    """Return `connections.<name>`: ids, state and partition; no field of the credential."""
    payload = {
        "connection_id": str(connection.id),
        "venue": connection.venue,
        "label": connection.label,
        "environment": connection.environment,
        "partition": connection.partition,
        "state": connection.state.value,
        "reason": connection.state_reason,
        "account_ids": [str(account.id) for account in connection.accounts],
    }
    return new_event(f"connections.{name}", payload, at=at, user_id=connection.user_id)


def account_event(account: AccountRecord, at: datetime) -> Event:
    """Return `accounts.updated`."""
    payload = {
        "account_id": str(account.id),
        "connection_id": str(account.connection_id),
        "label": account.label,
        "state": account.state.value,
        "is_primary": account.is_primary,
    }
    return new_event("accounts.updated", payload, at=at, user_id=account.user_id)
