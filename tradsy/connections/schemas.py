"""What the API takes and shows of connections; nothing here can hold a credential."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from tradsy.brokers.capabilities import Capabilities
from tradsy.connections.model import AccountRecord, AccountState, ConnectionRecord, ConnectionState
from tradsy.domain.instruments import AssetClass
from tradsy.domain.market import BarStep
from tradsy.domain.orders import OrderType, TimeInForce
from tradsy.platform.web import StrictModel

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class ConnectionCreate(StrictModel):
    """A connection to be opened."""

    kind: Literal["paper"] = Field(description="`paper`: the built-in venue, without any broker account.")
    label: Label = Field(description="Name that its owner sees.")
    cash: Annotated[Decimal, Field(ge=100, le=10_000_000, decimal_places=2)] = Field(
        default=Decimal(100_000), description="Opening cash of each account, US dollars."
    )
    accounts: Annotated[int, Field(ge=1, le=5)] = Field(default=1, description="Accounts under the one login.")


class AccountUpdate(StrictModel):
    """A change of an account."""

    label: Label | None = Field(default=None, description="New name; left out keeps it.")
    is_primary: Literal[True] | None = Field(
        default=None, description="`true` makes it the primary account, and no other one."
    )


class AccountRead(StrictModel):
    """One trading account."""

    id: UUID = Field(description="Key of the account.")
    connection_id: UUID = Field(description="Login that it belongs to.")
    venue: str = Field(description="Broker.")
    label: str = Field(description="Name that its owner sees.")
    currency: str = Field(description="Currency of its balances.")
    is_paper: bool = Field(description="Whether no real money is behind it.")
    is_primary: bool = Field(description="Whether it is the owner's primary account.")
    is_demo: bool = Field(description="Whether it belongs to the demo.")
    state: AccountState = Field(description="Follows the connection's state.")
    created_at: datetime = Field(description="UTC.")


class ConnectionRead(StrictModel):
    """One login at a broker."""

    id: UUID = Field(description="Key of the connection.")
    venue: str = Field(description="Broker.")
    label: str = Field(description="Name that its owner sees.")
    environment: Literal["paper", "live"] = Field(description="Whether real money is behind it.")
    credential_hint: str = Field(description="Last four characters of the key; empty when it is too short.")
    state: ConnectionState = Field(description="`expired` asks for a new link.")
    state_reason: str = Field(description="Why, for people.")
    is_demo: bool = Field(description="Whether it belongs to the demo.")
    created_at: datetime = Field(description="UTC.")
    updated_at: datetime = Field(description="UTC.")
    accounts: list[AccountRead] = Field(description="Accounts under it.")


class CapabilitiesRead(StrictModel):
    """What can be done on an account."""

    venue: str = Field(description="Where it trades.")
    asset_classes: list[AssetClass] = Field(description="What can be traded.")
    order_types: list[OrderType] = Field(description="How orders can be priced.")
    time_in_force: list[TimeInForce] = Field(description="How long orders can stand.")
    fractional: list[AssetClass] = Field(description="What can be traded in parts of a unit.")
    short_selling: bool = Field(description="Whether what is not held can be sold.")
    extended_hours: bool = Field(description="Whether orders can trade outside of regular hours.")
    native_replace: bool = Field(description="Whether the venue changes a resting order in place.")
    bar_steps: list[BarStep] = Field(description="Lengths of the bars that the venue keeps, shortest first.")

    @classmethod
    def of(cls, known: Capabilities) -> CapabilitiesRead:
        """Return a venue's declaration as the API shows it, each list in a fixed order."""
        return cls(
            venue=known.venue,
            asset_classes=sorted(known.asset_classes),
            order_types=[kind for kind in OrderType if kind in known.order_types],
            time_in_force=[kind for kind in TimeInForce if kind in known.time_in_force],
            fractional=sorted(known.fractional),
            short_selling=known.short_selling,
            extended_hours=known.extended_hours,
            native_replace=known.native_replace,
            bar_steps=[step for step in BarStep if step in known.bar_steps],
        )


def read_account(account: AccountRecord) -> AccountRead:
    """Return what the API shows of an account."""
    return AccountRead(
        id=account.id,
        connection_id=account.connection_id,
        venue=account.venue,
        label=account.label,
        currency=account.currency,
        is_paper=account.is_paper,
        is_primary=account.is_primary,
        is_demo=account.is_demo,
        state=account.state,
        created_at=account.created_at,
    )


def read_connection(connection: ConnectionRecord) -> ConnectionRead:
    """Return what the API shows of a connection."""
    return ConnectionRead(
        id=connection.id,
        venue=connection.venue,
        label=connection.label,
        environment="paper" if connection.is_paper else "live",
        credential_hint=connection.credential_hint,
        state=connection.state,
        state_reason=connection.state_reason,
        is_demo=connection.is_demo,
        created_at=connection.created_at,
        updated_at=connection.updated_at,
        accounts=[read_account(account) for account in connection.accounts],
    )
