"""What identity reads and writes over HTTP. Passwords and codes are secrets: they show in no representation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints

from tradsy.identity.legal import DocumentName
from tradsy.identity.model import Role, Scope, User, UserState
from tradsy.platform.web import StrictModel

Email = Annotated[str, Field(min_length=3, max_length=254, description="E-mail address.")]
# Longer than a password may be: what does not fit is refused with a reason, never cut.
Password = Annotated[SecretStr, Field(min_length=1, max_length=512, description="Password, taken whole.")]
Code = Annotated[SecretStr | None, Field(max_length=10, description="Six digits of the authenticator app.")]
RecoveryCode = Annotated[SecretStr | None, Field(max_length=64, description="One of the recovery codes.")]
Token = Annotated[SecretStr, Field(min_length=1, max_length=200, description="Token of the link.")]
Name = Annotated[
    str,
    StringConstraints(max_length=80, pattern=r"^[^\x00-\x1f\x7f<>]*$"),
    Field(description="What others see; no control characters or angle brackets."),
]


def reveal(secret: SecretStr | None) -> str | None:
    """Return the plain text of an optional secret."""
    return secret.get_secret_value() if secret is not None else None


class SignUpCreate(StrictModel):
    email: Email
    password: Password
    display_name: Name = ""


class VerifyCreate(StrictModel):
    token: Token
    password: Password


class SignInCreate(StrictModel):
    email: Email
    password: Password
    totp: Code = None
    recovery_code: RecoveryCode = None


class StepUpCreate(StrictModel):
    password: Annotated[SecretStr | None, Field(max_length=512, description="Password, or else a code.")] = None
    totp: Code = None
    recovery_code: RecoveryCode = None


class StepUpRead(StrictModel):
    stepped_up_until: datetime = Field(description="Until when sensitive acts are allowed, UTC.")


class RefreshCreate(StrictModel):
    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=200, description="The unspent refresh token.")]


class TokenRead(StrictModel):
    access_token: str = Field(description="Bearer token for the API; shown once.")
    refresh_token: str = Field(description="Swaps for the next pair, once; shown once.")
    token_type: Literal["Bearer"] = Field(description="How to send the access token.")
    expires_in: int = Field(description="Seconds until the access token ends.")


class ResetRequestCreate(StrictModel):
    email: Email


class ResetCreate(StrictModel):
    token: Token
    password: Password


class PasswordUpdate(StrictModel):
    password: Password


class Accepted(StrictModel):
    detail: str = Field(description="What happens next; the same whether or not the address is known.")


class TotpRead(StrictModel):
    secret: str = Field(description="Seed in base32, for typing; shown once.")
    uri: str = Field(description="`otpauth:` address, for a QR code; shown once.")


class TotpConfirm(StrictModel):
    code: Annotated[SecretStr, Field(min_length=6, max_length=10, description="The first code of the app.")]


class RecoveryCodesRead(StrictModel):
    recovery_codes: list[str] = Field(description="Each works once; shown once.")


class UserRead(StrictModel):
    id: UUID = Field(description="User id.")
    email: str = Field(description="E-mail address.")
    display_name: str = Field(description="What others see.")
    role: Role = Field(description="Role.")
    state: UserState = Field(description="Disabled users can do nothing.")
    is_demo: bool = Field(description="Made by the demo data.")
    created_at: datetime = Field(description="When the account was made, UTC.")


class MeRead(UserRead):
    country: str | None = Field(description="ISO 3166 code of two letters.")
    has_totp: bool = Field(description="Sign-ins ask for a code.")
    may_trade: bool = Field(description="Active, and the current disclaimer and terms are accepted.")
    scopes: list[Scope] = Field(description="What this credential may do.")
    stepped_up_until: datetime | None = Field(description="Until when sensitive acts are allowed, UTC.")


class MeUpdate(StrictModel):
    display_name: Annotated[Name, Field(min_length=1)] | None = Field(default=None, description="New name.")
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$", description="ISO 3166 code of two letters.")


class SessionRead(StrictModel):
    id: UUID = Field(description="Session id.")
    kind: Literal["browser", "program"] = Field(description="Cookie of a browser, or tokens of a program.")
    is_current: bool = Field(description="The one this request came with.")
    created_at: datetime = Field(description="Signed in at, UTC.")
    last_seen_at: datetime = Field(description="Last used at (within a minute), UTC.")
    expires_at: datetime = Field(description="Ends at the latest, UTC.")
    address: str = Field(description="Network address of the sign-in.")
    agent: str = Field(description="Browser or program, as it named itself.")


class SessionList(StrictModel):
    items: list[SessionRead] = Field(description="Live sessions, the latest used first.")


class ApiKeyCreate(StrictModel):
    name: Annotated[Name, Field(min_length=1)]
    scopes: list[Scope] = Field(min_length=1, max_length=10, description="At most what your role may do.")
    expires_in_days: int = Field(default=90, ge=1, le=365, description="Days until it ends.")


class ApiKeyRead(StrictModel):
    id: UUID = Field(description="Key id.")
    name: str = Field(description="Your name for it.")
    hint: str = Field(description="Last four characters of the key.")
    scopes: list[Scope] = Field(description="What it may do, as far as your role does.")
    created_at: datetime = Field(description="Made at, UTC.")
    expires_at: datetime = Field(description="Ends at, UTC.")
    last_used_at: datetime | None = Field(description="Last used at (within a minute), UTC.")


class ApiKeyCreated(ApiKeyRead):
    key: str = Field(description="The key itself; shown once.")


class ApiKeyList(StrictModel):
    items: list[ApiKeyRead] = Field(description="Live keys, the newest first.")


class DocumentRead(StrictModel):
    document: DocumentName = Field(description="Which text.")
    version: str = Field(description="Date and start of the SHA-256; accept this very version.")
    sha256: str = Field(description="SHA-256 of the bundled file, hexadecimal.")
    text: str = Field(description="The text.")


class ConsentRead(StrictModel):
    document: DocumentName = Field(description="Which text.")
    version: str = Field(description="Which version.")
    accepted_at: datetime = Field(description="When, UTC.")


class OnboardingRead(StrictModel):
    risk_tolerance: Literal["cautious", "balanced", "bold"] | None = Field(description="How much risk is wanted.")
    experience: Literal["none", "some", "years", "professional"] | None = Field(description="Experience in trading.")
    current: dict[DocumentName, str] = Field(description="Versions that count now.")
    consents: list[ConsentRead] = Field(description="Everything accepted, the oldest first.")
    may_trade: bool = Field(description="Active, and both current versions are accepted.")


class ProfileUpdate(StrictModel):
    risk_tolerance: Literal["cautious", "balanced", "bold"] = Field(description="How much risk is wanted.")
    experience: Literal["none", "some", "years", "professional"] = Field(description="Experience in trading.")


class ConsentCreate(StrictModel):
    disclaimer: str | None = Field(default=None, max_length=64, description="Version of the disclaimer you read.")
    terms: str | None = Field(default=None, max_length=64, description="Version of the terms you read.")


class RoleUpdate(StrictModel):
    role: Role = Field(description="New role.")


class SetupCreate(StrictModel):
    email: Email
    password: Password
    display_name: Name = ""


def to_user_read(user: User) -> UserRead:
    """Return a user as the API shows them."""
    return UserRead(
        id=user.id,
        email=user.email,
        display_name=user.display_name,
        role=user.role,
        state=user.state,
        is_demo=user.is_demo,
        created_at=user.created_at,
    )
