"""Plain values of identity: roles, scopes, and who is calling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from tradsy.domain.ids import UserId

SessionId = NewType("SessionId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)


class Role(StrEnum):
    """What a person is to the installation."""

    USER = "user"
    SUPPORT = "support"
    OPERATOR = "operator"
    ADMIN = "admin"


class UserState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class Scope(StrEnum):
    """What a credential may be used for."""

    READ = "read"
    """See one's own rows."""
    TRADE = "trade"
    """Follow, approve plans, place and cancel orders, change limits."""
    SIGNALS_WRITE = "signals:write"
    """Send signals to one's own sources."""
    SUPPORT = "support"
    """See that users exist and in which state; nothing of their trading."""
    OPERATE = "operate"
    """Stop and release what the whole site does."""
    ADMIN = "admin"
    """Disable users and set their roles."""


_EVERYONE = frozenset({Scope.READ, Scope.TRADE, Scope.SIGNALS_WRITE})
ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.USER: _EVERYONE,
    Role.SUPPORT: _EVERYONE | {Scope.SUPPORT},
    Role.OPERATOR: _EVERYONE | {Scope.SUPPORT, Scope.OPERATE},
    Role.ADMIN: _EVERYONE | {Scope.SUPPORT, Scope.OPERATE, Scope.ADMIN},
}
"""Everything a role may do; a key of its owner gets at most this, whatever was written into it."""


def granted_scopes(role: Role, wanted: Iterable[str]) -> frozenset[Scope]:
    """Return which of a key's scopes its owner's present role still carries."""
    return frozenset(scope for scope in ROLE_SCOPES[role] if scope in set(wanted))


class CallerKind(StrEnum):
    """Which credential came with the request."""

    SESSION = "session"
    API_KEY = "api_key"
    ACCESS_TOKEN = "access_token"  # noqa: S105 - names a kind of credential


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request, proved."""

    user_id: UserId
    role: Role
    scopes: frozenset[Scope]
    kind: CallerKind
    session_id: SessionId | None = None
    """Of the browser session, or of the sign-in that an access token belongs to."""
    api_key_id: ApiKeyId | None = None
    stepped_up_until: datetime | None = None
    is_demo: bool = False

    def can(self, scope: str) -> bool:
        """Return whether the credential carries `scope`."""
        return scope in self.scopes

    def is_stepped_up(self, now: datetime) -> bool:
        """Return whether the person proved themselves again within the last minutes."""
        return self.stepped_up_until is not None and now < self.stepped_up_until

    @property
    def actor(self) -> str:
        """Name the caller for the audit log."""
        return f"api_key:{self.api_key_id}" if self.api_key_id else f"user:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as it may be believed."""

    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """One person with an account."""

    id: UserId
    email: str
    display_name: str
    role: Role
    state: UserState
    is_demo: bool
    created_at: datetime
    country: str | None = None
    risk_tolerance: str | None = None
    experience: str | None = None
