"""Plain values of connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from tradsy.brokers.capabilities import IdempotencyClass
from tradsy.domain.ids import AccountId, ConnectionId, UserId, VenueAccountId


class ConnectionState(StrEnum):
    """State of a connection."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By its owner: nothing new is sent, reports are still read."""
    EXPIRED = "expired"
    """The broker refuses the credential: the owner must link again."""
    CLOSED = "closed"


class AccountState(StrEnum):
    """State of an account; follows its connection."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PaperLogin:
    """One login at the paper venue with the accounts that it opens."""

    api_key: SecretStr
    api_secret: SecretStr
    accounts: tuple[VenueAccountId, ...]


@dataclass(frozen=True, slots=True)
class NewPaperConnection:
    """A paper connection to be opened."""

    user_id: UserId
    label: str
    login: PaperLogin
    idempotency: IdempotencyClass = IdempotencyClass.STRONG
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account row."""

    id: AccountId
    user_id: UserId
    connection_id: ConnectionId
    venue: str
    venue_account_id: VenueAccountId
    label: str
    currency: str
    partition: int
    is_paper: bool
    is_primary: bool
    is_demo: bool
    state: AccountState
    created_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> AccountRecord:
        """Return the record of a database row."""
        values = dict(row)
        values["state"] = AccountState(row["state"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """One connection row with its accounts."""

    id: ConnectionId
    user_id: UserId
    venue: str
    label: str
    environment: str
    partition: int
    idempotency: IdempotencyClass
    config: Mapping[str, str]
    """Fields that are no secret and no address: where the paper venue listens changes at each start."""
    credential: bytes | None = field(repr=False)
    """Sealed; opened by `service.open_credential`."""
    credential_hint: str
    state: ConnectionState
    state_reason: str
    is_demo: bool
    created_at: datetime
    updated_at: datetime
    accounts: Sequence[AccountRecord] = ()

    @property
    def is_paper(self) -> bool:
        """Whether no real money is behind it."""
        return self.environment == "paper"

    @classmethod
    def from_row(cls, row: Mapping[str, Any], accounts: Sequence[AccountRecord]) -> ConnectionRecord:
        """Return the record of a database row."""
        values = dict(row)
        values["state"] = ConnectionState(row["state"])
        values["idempotency"] = IdempotencyClass(row["idempotency"])
        return cls(**values, accounts=tuple(accounts))
