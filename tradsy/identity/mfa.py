"""The second factor: codes of an authenticator app, and recovery codes for the day it is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr

from tradsy.domain.errors import NotFound
from tradsy.domain.ids import UserId
from tradsy.identity import totp
from tradsy.identity.errors import InvalidSecondFactor, SecondFactorExists
from tradsy.identity.records import entry, record
from tradsy.identity.tokens import hash_secret
from tradsy.platform.db import DbSession, sql
from tradsy.platform.logging import register_secret
from tradsy.platform.vault import SealContext, SealedColumn, Vault

SEALED_COLUMN = SealedColumn("totp_credentials", "secret", id_column="user_id")


@dataclass(frozen=True, slots=True)
class _Totp:
    sealed: bytes = field(repr=False)
    created_at: datetime
    is_confirmed: bool


async def has_totp(session: DbSession, user_id: UserId) -> bool:
    """Return whether sign-ins of this user ask for a code."""
    query = sql("select 1 from totp_credentials where user_id = :user and confirmed_at is not null")
    return (await session.execute(query, {"user": user_id})).first() is not None


async def start_totp(session: DbSession, vault: Vault, user_id: UserId, *, at: datetime) -> str:
    """Write a fresh unconfirmed seed, replacing an older unconfirmed one, and return it; nothing asks for it yet.

    Raises:
        SecondFactorExists: a confirmed one is in use: remove it first.
    """
    secret = totp.new_secret()
    register_secret(secret)
    done = await session.execute(
        sql(
            "insert into totp_credentials as t (user_id, secret, created_at) values (:user, :secret, :at) "
            "on conflict (user_id) do update set secret = excluded.secret, created_at = excluded.created_at, "
            "last_step = 0 where t.confirmed_at is null returning 1"
        ),
        {"user": user_id, "secret": vault.seal(SecretStr(secret), _context(user_id, at)), "at": at},
    )
    if done.first() is None:
        raise SecondFactorExists
    await record(session, [entry(user_id, "totp.started")], at=at)
    return secret


async def confirm_totp(session: DbSession, vault: Vault, user_id: UserId, code: str, *, at: datetime) -> list[str]:
    """Turn the factor on by a first right code; return the recovery codes, which are shown once.

    Raises:
        NotFound: nothing waits for a confirmation.
        InvalidSecondFactor: the code is wrong.
    """
    row = await _find(session, user_id)
    if row is None or row.is_confirmed:
        raise NotFound
    step = totp.match_step(_open(vault, user_id, row), code, at)
    if step is None:
        raise InvalidSecondFactor
    await session.execute(
        sql("update totp_credentials set confirmed_at = :at, last_step = :step where user_id = :user"),
        {"user": user_id, "at": at, "step": step},
    )
    codes = await _write_recovery_codes(session, user_id)
    await record(session, [entry(user_id, "totp.enabled")], at=at)
    return codes


async def renew_recovery_codes(session: DbSession, user_id: UserId, *, at: datetime) -> list[str]:
    """Replace all recovery codes by fresh ones and return them.

    Raises:
        NotFound: the factor is off.
    """
    if not await has_totp(session, user_id):
        raise NotFound
    codes = await _write_recovery_codes(session, user_id)
    await record(session, [entry(user_id, "recovery_codes.renewed")], at=at)
    return codes


async def remove_totp(session: DbSession, user_id: UserId, *, at: datetime) -> None:
    """Turn the factor off.

    Raises:
        NotFound: it is off.
    """
    done = await session.execute(
        sql("delete from totp_credentials where user_id = :user returning confirmed_at"), {"user": user_id}
    )
    if done.first() is None:
        raise NotFound
    await session.execute(sql("delete from recovery_codes where user_id = :user"), {"user": user_id})
    await record(session, [entry(user_id, "totp.disabled")], at=at)


async def use_second_factor(
    session: DbSession,
    vault: Vault,
    user_id: UserId,
    code: str | None,
    recovery_code: str | None,
    *,
    at: datetime,
) -> None:
    """Take a code; each works once, also when two requests bring it at the same moment.

    Raises:
        InvalidSecondFactor: it is wrong, or used already.
    """
    taken = (
        await _use_totp(session, vault, user_id, code, at)
        if code
        else await _use_recovery_code(session, user_id, recovery_code or "", at)
    )
    if not taken:
        raise InvalidSecondFactor


async def _use_totp(session: DbSession, vault: Vault, user_id: UserId, code: str, at: datetime) -> bool:
    row = await _find(session, user_id)
    if row is None or not row.is_confirmed:
        return False
    step = totp.match_step(_open(vault, user_id, row), code, at)
    if step is None:
        return False
    done = await session.execute(
        sql("update totp_credentials set last_step = :step where user_id = :user and last_step < :step returning 1"),
        {"user": user_id, "step": step},
    )
    return done.first() is not None


async def _use_recovery_code(session: DbSession, user_id: UserId, code: str, at: datetime) -> bool:
    done = await session.execute(
        sql(
            "update recovery_codes set used_at = :at "
            "where user_id = :user and code_hash = :hash and used_at is null returning 1"
        ),
        {"user": user_id, "hash": hash_secret(totp.normalize_recovery_code(code)), "at": at},
    )
    return done.first() is not None


async def _find(session: DbSession, user_id: UserId) -> _Totp | None:
    row = (
        await session.execute(
            sql("select secret, created_at, confirmed_at from totp_credentials where user_id = :user for update"),
            {"user": user_id},
        )
    ).one_or_none()
    return _Totp(row.secret, row.created_at, row.confirmed_at is not None) if row else None


def _context(user_id: UserId, created_at: datetime) -> SealContext:
    return SealContext(SEALED_COLUMN.table, SEALED_COLUMN.column, user_id, user_id, created_at)


def _open(vault: Vault, user_id: UserId, row: _Totp) -> str:
    return vault.open(row.sealed, _context(user_id, row.created_at)).get_secret_value()


async def _write_recovery_codes(session: DbSession, user_id: UserId) -> list[str]:
    codes = totp.new_recovery_codes()
    await session.execute(sql("delete from recovery_codes where user_id = :user"), {"user": user_id})
    hashes = [hash_secret(totp.normalize_recovery_code(code)) for code in codes]
    await session.execute(
        sql("insert into recovery_codes (user_id, code_hash) select :user, unnest(cast(:hashes as bytea[]))"),
        {"user": user_id, "hashes": hashes},
    )
    for code in codes:
        register_secret(code)
    return codes
