"""Broker credentials: sealed for their row when stored, opened only for the adapter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson
from pydantic import SecretStr

from tradsy.connections.errors import CredentialMissing
from tradsy.connections.model import ConnectionRecord
from tradsy.domain.ids import ConnectionId, UserId
from tradsy.platform.logging import register_secret
from tradsy.platform.vault import SealContext, SealedColumn, Vault

SEALED_COLUMN = SealedColumn("connections", "credential")
"""For key rotation."""


def seal_credential(
    vault: Vault, fields: Mapping[str, SecretStr], connection_id: ConnectionId, user_id: UserId, created_at: datetime
) -> bytes:
    """Return the fields sealed for the connection's row: in another row they open for nobody."""
    plain = orjson.dumps({name: value.get_secret_value() for name, value in fields.items()}).decode()
    return vault.seal(SecretStr(plain), _context(connection_id, user_id, created_at))


def open_credential(vault: Vault, connection: ConnectionRecord) -> dict[str, SecretStr]:
    """Return a connection's secret fields, known to the log redactor from now on.

    Raises:
        CredentialMissing: it was erased.
    """
    if connection.credential is None:
        raise CredentialMissing
    plain = vault.open(connection.credential, _context(connection.id, connection.user_id, connection.created_at))
    fields: dict[str, str] = orjson.loads(plain.get_secret_value())
    for value in fields.values():
        register_secret(value)
    return {name: SecretStr(value) for name, value in fields.items()}


def hint_of(secret: SecretStr) -> str:
    """Return the last four characters, by which a person recognises a key; nothing of a short one."""
    value = secret.get_secret_value()
    return value[-4:] if len(value) >= 12 else ""


def _context(connection_id: ConnectionId, user_id: UserId, created_at: datetime) -> SealContext:
    return SealContext(
        table="connections", column="credential", row_id=connection_id, user_id=user_id, created_at=created_at
    )
