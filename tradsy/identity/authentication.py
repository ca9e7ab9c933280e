"""Proving who somebody is: password, second factor, and what slows guessing down.

These use cases open their own transactions, because no transaction stays open while a password is hashed: one looks
the account up and counts the attempt, then the password is checked, then one more writes the outcome.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import structlog

from tradsy.audit.service import AuditEntry
from tradsy.domain.ids import UserId
from tradsy.identity import mfa, repository, throttle
from tradsy.identity.emails import fold_email
from tradsy.identity.errors import InvalidCredentials, InvalidSecondFactor, SecondFactorRequired
from tradsy.identity.limits import network_of
from tradsy.identity.model import Origin
from tradsy.identity.passwords import normalize
from tradsy.identity.records import entry, record, system_entry
from tradsy.identity.repository import Login
from tradsy.identity.runtime import Identity
from tradsy.platform.clock import Clock
from tradsy.platform.db import Database, DbSession
from tradsy.platform.outbox import OutboxPublisher, emitted
from tradsy.platform.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")
Finish = Callable[[DbSession, Login], Awaitable[tuple[T, list[AuditEntry]]]]
"""Writes what a proved sign-in leads to; returns it with what the audit log shall say."""


@dataclass(frozen=True, slots=True)
class AuthContext:
    """What the use cases of authentication work with."""

    database: Database
    identity: Identity
    clock: Clock
    outbox: OutboxPublisher
    settings: Settings
    origin: Origin

    @property
    def network(self) -> str:
        """The network that shares the login limit."""
        return network_of(self.origin.address)


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A code of the authenticator app, or a recovery code; at most one counts."""

    totp: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)

    @property
    def is_given(self) -> bool:
        return bool(self.totp or self.recovery_code)


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody sent to prove who they are."""

    email: str = field(repr=False)
    password: str = field(repr=False)
    second: SecondFactor = field(default_factory=SecondFactor, repr=False)
    device: str | None = field(default=None, repr=False)
    """The device cookie, when a browser sent one."""


async def sign_in(context: AuthContext, proof: Proof, finish: Finish[T]) -> T:
    """Prove the account of `proof` and run `finish` in a transaction of its user.

    Raises:
        InvalidCredentials: unknown address, wrong password, disabled account: one text, the same work.
        SecondFactorRequired: the password was right, and the account asks for a code.
        InvalidSecondFactor: the code is wrong or used.
        Limited: too many failures of the account or its network.
    """
    context.identity.limiter.check("login", context.network)
    email, now = fold_email(proof.email), context.clock.now()
    key = throttle.throttle_key(context.identity.hash_key, email, proof.device)
    async with context.database.as_anonymous() as session:
        failures = await throttle.reserve(session, key, at=now)
        login = await repository.find_login(session, email)
    matches = await context.identity.passwords.verify(login.password_hash if login else None, proof.password)
    if login is None or not matches:
        await _record_failure(context, login.user_id if login else None, failures, "password", at=now)
        raise InvalidCredentials
    rehashed = await _rehash(context, login, proof.password)
    try:
        async with context.database.as_user(login.user_id) as session:
            result = await _finish(context, session, login, proof, finish, key=key, rehashed=rehashed)
    except InvalidSecondFactor:
        await _record_failure(context, login.user_id, failures, "second_factor", at=now)
        raise
    context.identity.limiter.refund("login", context.network)
    context.outbox.hand_over(emitted(session))
    return result


async def _finish(
    context: AuthContext,
    session: DbSession,
    login: Login,
    proof: Proof,
    finish: Finish[T],
    *,
    key: bytes,
    rehashed: str | None,
) -> T:
    now = context.clock.now()
    if login.has_totp:
        if not proof.second.is_given:
            raise SecondFactorRequired
        await mfa.use_second_factor(
            session, context.identity.vault, login.user_id, proof.second.totp, proof.second.recovery_code, at=now
        )
    await throttle.clear(session, key)
    if rehashed is not None:
        await repository.save_password(session, login.user_id, rehashed, now)
    result, entries = await finish(session, login)
    await record(session, entries, at=now)
    return result


async def _rehash(context: AuthContext, login: Login, password: str) -> str | None:
    """Return a new hash when the stored one was made with weaker parameters than today's."""
    pool = context.identity.passwords
    if login.password_hash is None or not pool.is_outdated(login.password_hash):
        return None
    return await pool.hash(normalize(password))


async def _record_failure(
    context: AuthContext, user_id: UserId | None, failures: int, factor: str, *, at: datetime
) -> None:
    """Write a failed attempt into the account's chain, or into the installation's when there is no account."""
    if failures >= 10:
        log.warning("repeated sign-in failures of one account", failures=failures, network=context.network)
    data: dict[str, Any] = {"factor": factor, "network": context.network, "failures": failures}
    if user_id is None:
        async with context.database.as_anonymous() as session:
            entries = [system_entry("auth.sign_in_failed", actor="anonymous", subject="user:unknown", **data)]
            await record(session, entries, at=at)
        return
    async with context.database.as_user(user_id) as session:
        await record(session, [entry(user_id, "auth.sign_in_failed", actor="anonymous", **data)], at=at)


async def prove_again(context: AuthContext, user_id: UserId, password: str | None, second: SecondFactor) -> None:
    """Check the password or a code of somebody who is signed in already.

    Raises:
        InvalidCredentials: neither was right.
        Limited: too many failures.
    """
    now = context.clock.now()
    key = throttle.throttle_key(context.identity.hash_key, f"step-up/{user_id}", None)
    async with context.database.as_user(user_id) as session:
        failures = await throttle.reserve(session, key, at=now)
        password_hash = await repository.find_password(session, user_id)
    try:
        if password:
            if not await context.identity.passwords.verify(password_hash, password):
                raise InvalidCredentials
            async with context.database.as_user(user_id) as session:
                await throttle.clear(session, key)
            return
        async with context.database.as_user(user_id) as session:
            await mfa.use_second_factor(
                session, context.identity.vault, user_id, second.totp, second.recovery_code, at=now
            )
            await throttle.clear(session, key)
    except (InvalidCredentials, InvalidSecondFactor):
        await _record_failure(context, user_id, failures, "step_up", at=now)
        raise InvalidCredentials("The password or code is wrong.") from None
